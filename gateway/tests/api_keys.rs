//! API keys over real sockets: who gets in, and what the connection knows of its key.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use gateway::{Control, Options};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use support::{Client, ask, decisions, open, start, template};

/// `$connect` wants a key, and `who` says which one it was. A plan of no handshake at all, and one of a single one: neither depends on the
/// clock. No function is called.
const STACK: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $connect, ApiKeyRequired: true}
  Who:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: who, Target: !Sub 'integrations/${Mock}', RouteResponseSelectionExpression: $default}
  WhoResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref Who, RouteResponseKey: $default}
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      TemplateSelectionExpression: \\$default
      RequestTemplates: {$default: '{\"statusCode\": 200}'}
  MockResponse:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Mock
      IntegrationResponseKey: $default
      TemplateSelectionExpression: \\$default
      ResponseTemplates: {$default: '$context.identity.apiKey $context.identity.apiKeyId'}
  Never:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Enabled: true, Value: never-in-a-whole-month}
  Once:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Enabled: true, Value: one-time-and-then-no-more}
  Off:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Enabled: false, Value: not-enabled-and-yet-here}
  Monthly:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}], Quota: {Limit: 0, Period: MONTH}}
  Single:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}], Throttle: {RateLimit: 0, BurstLimit: 1}}
  NeverMonthly:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Never, KeyType: API_KEY, UsagePlanId: !Ref Monthly}
  OnceSingle:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Once, KeyType: API_KEY, UsagePlanId: !Ref Single}
  OffMonthly:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Off, KeyType: API_KEY, UsagePlanId: !Ref Monthly}
Outputs:
  OnceId: {Value: !Ref Once}
";

async fn client(running: &Control, key: Option<&str>) -> Result<Client, (u16, String)> {
    let mut request = running.ws_url().into_client_request().unwrap();
    if let Some(key) = key {
        let value = HeaderValue::from_str(key).unwrap();
        request.headers_mut().insert("x-api-key", value);
    }
    open(request).await.map_err(|refusal| {
        let body = refusal.body().clone().unwrap_or_default();
        (refusal.status().as_u16(), String::from_utf8(body).unwrap())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_as_often_as_its_plan_lets_it() {
    let mut options = Options::new(template("api-keys", STACK));
    options.dynamodb_url = None;
    let running = start(options).await;
    let mut subscription = running.subscribe();
    let refused = |status, message: &str| Some((status, format!(r#"{{"message":"{message}"}}"#)));
    for key in [
        None,
        Some("nobody-has-a-key-like-this"),
        Some("not-enabled-and-yet-here"),
    ] {
        assert_eq!(
            client(&running, key).await.err(),
            refused(403, "Forbidden"),
            "{key:?}"
        );
    }
    let never = Some("never-in-a-whole-month");
    assert_eq!(
        client(&running, never).await.err(),
        refused(429, "Limit Exceeded")
    );
    let once = Some("one-time-and-then-no-more");
    let mut alice = client(&running, once).await.unwrap();
    let answer = ask(&mut alice, r#"{"action":"who"}"#).await;
    let id = running.assembly().outputs()["OnceId"].clone();
    assert_eq!(answer, format!("one-time-and-then-no-more {id}"));
    assert_eq!(
        client(&running, once).await.err(),
        refused(429, "Too Many Requests")
    );
    running.shutdown().await;
    let reasons = decisions(&mut subscription);
    assert!(
        reasons.contains("(the API key `gatespec-Off` is not enabled)"),
        "{reasons}"
    );
    assert!(!reasons.contains("one-time-and-then-no-more"), "{reasons}");
}
