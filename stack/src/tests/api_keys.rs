//! API keys and usage plans.

use rstest::rstest;
use spec::api::{KEY_FROM_AUTHORIZER, KEY_FROM_HEADER, Period, Quota};

use super::*;

/// A stack whose `$connect` requires a key, with more resources.
fn keyed(api: &str, resources: &str) -> Result<Assembly, Error> {
    let text = format!(
        "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action{api}}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $connect, ApiKeyRequired: true}}
{resources}"
    );
    parse("t.yaml", &text, Path::new(""), &Settings::default())
}

const KEYS: &str = "
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Enabled: true, Name: mine, Value: '01234567890123456789'}
  Made:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Enabled: true}
  Off:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Enabled: false, Name: 'off'}
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: gold
      ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}]
      Throttle: {RateLimit: 0.5, BurstLimit: '2'}
      Quota: {Limit: 100, Offset: 1, Period: WEEK}
  Elsewhere:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: !Ref Api, Stage: other}, {ApiId: rest, Stage: test}]}
  A:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}
  B:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !GetAtt Off.APIKeyId, KeyType: API_KEY, UsagePlanId: !GetAtt Plan.Id}
  C:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Elsewhere}
";

#[test]
fn keys_are_read_with_their_plans() {
    let stack = keyed("", KEYS).unwrap();
    assert_eq!(stack.warnings(), []);
    assert!(stack.api().routes["$connect"].api_key_required);
    assert_eq!(stack.api().api_key_selection_expression, KEY_FROM_HEADER);
    let keys: Vec<_> = stack.api().api_keys.values().collect();
    let names: Vec<&str> = keys.iter().map(|key| &*key.name).collect();
    assert_eq!(names, ["mine", "gatespec-Made", "off"]);
    assert_eq!(keys[0].value, "01234567890123456789");
    assert!(keys[0].enabled && keys[1].enabled && !keys[2].enabled);
    let plans: Vec<_> = stack.api().usage_plans.values().collect();
    let [plan] = plans[..] else {
        panic!("one plan names the stage, not {plans:?}")
    };
    assert_eq!(plan.name, "gold");
    assert_eq!((plan.rate_limit, plan.burst_limit), (Some(0.5), Some(2)));
    let quota = Quota {
        limit: 100,
        offset: 1,
        period: Period::Week,
    };
    assert_eq!(plan.quota, Some(quota));
    let ids: Vec<_> = stack.api().api_keys.keys().collect();
    assert_eq!(plan.api_keys, [ids[0].clone(), ids[2].clone()]);
    let usable: Vec<_> = stack.usable_api_keys().map(|key| &*key.name).collect();
    assert_eq!(usable, ["mine"]);
}

#[test]
fn a_value_that_is_not_given_is_the_same_at_every_start() {
    let values = |stack: &Assembly| -> Vec<String> {
        stack
            .api()
            .api_keys
            .values()
            .map(|key| key.value.clone())
            .collect()
    };
    let (one, other) = (keyed("", KEYS).unwrap(), keyed("", KEYS).unwrap());
    assert_eq!(values(&one), values(&other));
    for made in [1, 2] {
        let value = &values(&one)[made];
        assert_eq!(value.len(), 40);
        assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
    assert_ne!(values(&one)[1], values(&one)[2]);
}

#[test]
fn the_key_selection_expression_is_read() {
    let api = format!(", ApiKeySelectionExpression: {KEY_FROM_AUTHORIZER}");
    let stack = keyed(&api, KEYS).unwrap();
    assert_eq!(
        stack.api().api_key_selection_expression,
        KEY_FROM_AUTHORIZER
    );
    let error = keyed(", ApiKeySelectionExpression: $request.header.key", KEYS).unwrap_err();
    assert_eq!(
        error.message(),
        "`ApiKeySelectionExpression`: `$request.header.key` must be `$request.header.x-api-key` or `$context.authorizer.usageIdentifierKey`"
    );
    assert_eq!(error.line(), 5);
}

#[test]
fn keys_that_open_nothing_are_warned_of() {
    let messages = |resources: &str| -> Vec<String> {
        let stack = keyed("", resources).unwrap();
        stack
            .warnings()
            .iter()
            .map(|warning| warning.message.clone())
            .collect()
    };
    let none = "`$connect` requires an API key, and no enabled key is in a usage plan of the stage: every client will be refused, as on AWS";
    assert_eq!(messages(""), [none]);
    assert_eq!(
        messages("  Key: {Type: AWS::ApiGateway::ApiKey}\n"),
        [
            none,
            "the API key `Key` opens nothing, as on AWS: it has no `Enabled: true`",
        ]
    );
    let other_stage = KEYS.replace("Stage: !Ref Stage", "Stage: other, Throttle: {}");
    assert_eq!(
        messages(&other_stage),
        [none, "`Throttle` of `ApiStages` has no effect here"]
    );
}

#[rstest]
#[case(
    "Value: '01234567890123456789'",
    "Value: short",
    "`Value` of an API key must have from 20 to 128 characters",
    15
)]
#[case(
    "Name: 'off'",
    "Value: '01234567890123456789'",
    "another API key has the same `Value`",
    21
)]
#[case(
    "Enabled: false",
    "Enabled: maybe",
    "`Enabled` of `Off` must be `true` or `false`",
    21
)]
#[case(
    "KeyId: !Ref Key",
    "KeyId: abc",
    "`KeyId` `abc` names no API key of the template",
    34
)]
#[case(
    "UsagePlanId: !Ref Plan",
    "UsagePlanId: abc",
    "`UsagePlanId` `abc` names no usage plan of the template",
    34
)]
#[case(
    "KeyType: API_KEY",
    "KeyType: KEY",
    "`KeyType` `KEY` must be `API_KEY`",
    34
)]
#[case(
    "!GetAtt Off.APIKeyId",
    "!Ref Key",
    "the API key is in the usage plan `gold` of the stage already",
    37
)]
#[case(
    "RateLimit: 0.5",
    "RateLimit: -1",
    "`RateLimit` `-1` must be zero or more",
    27
)]
#[case("RateLimit: 0.5", "Rate: 1", "`Throttle` has no member `Rate`", 27)]
#[case(
    "BurstLimit: '2'",
    "BurstLimit: 2.5",
    "`BurstLimit` must be a whole number of requests",
    27
)]
#[case(
    "Limit: 100, Offset",
    "Offset",
    "`Quota` must have a `Limit` and a `Period`",
    28
)]
#[case(
    "Period: WEEK",
    "Period: YEAR",
    "`Period` `YEAR` must be `DAY`, `WEEK` or `MONTH`",
    28
)]
#[case(
    "Offset: 1",
    "Offset: 7",
    "`Offset` `7` must be from 0 to 6 for a week",
    28
)]
#[case(
    "Period: WEEK",
    "Period: DAY",
    "`Offset` `1` must be from 0 to 0 for a day",
    28
)]
fn what_is_wrong_is_named_with_its_line(
    #[case] before: &str,
    #[case] after: &str,
    #[case] message: &str,
    #[case] line: usize,
) {
    let resources = KEYS.replacen(before, after, 1);
    assert_ne!(resources, KEYS);
    let error = keyed("", &resources).unwrap_err();
    assert_eq!((error.message(), error.line()), (message, line), "{error}");
}
