use std::path::Path;

use rstest::rstest;
use serde_json::json;

use super::*;

mod api_keys;
mod creation;

const API: &str = "
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Quiet: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: quiet}}

";

fn settings(parameters: &[(&str, &str)]) -> Settings {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Settings {
        parameters: parameters.iter().map(owned).collect(),
        ..Settings::default()
    }
}

/// The assembly, or the only error.
fn parse(name: &str, text: &str, directory: &Path, settings: &Settings) -> Result<Assembly, Error> {
    Assembly::parse(name, text, directory, settings).map_err(|diagnostics| {
        let [error] = diagnostics.errors() else {
            panic!("not one error:\n{diagnostics}")
        };
        error.clone()
    })
}

/// A stack of the API, more resources, and whole sections before them.
fn read(sections: &str, resources: &str, parameters: &[(&str, &str)]) -> Result<Assembly, Error> {
    let text = format!("{sections}\nResources:\n{API}{resources}");
    parse("t.yaml", &text, Path::new("dir"), &settings(parameters))
}

const DECLARED: &str = "
Parameters:
  Plain: {Type: String, Default: given}
  List: {Type: CommaDelimitedList, Default: 'a, b'}
  Kind: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Conditions:
  IsProd: !Equals [!Ref Kind, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition IsDev]
  Either: {Fn::Or: [{Condition: IsProd}, {Condition: IsDev}]}
Mappings:
  Sizes: {dev: {size: small}, prod: {size: large}}
";

const TABLE: &str = "
  Table:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: rows}
";

/// The assembly with an output.
fn output_of(value: &str, parameters: &[(&str, &str)]) -> Result<Assembly, Error> {
    let sections = format!("{DECLARED}Outputs:\n  Out: {{Value: {value}}}\n");
    read(&sections, TABLE, parameters)
}

/// What an intrinsic function evaluates to, as an output.
fn output(value: &str, parameters: &[(&str, &str)]) -> Result<String, Error> {
    Ok(output_of(value, parameters)?.outputs()["Out"].clone())
}

#[rstest]
#[case::reference("!Ref Plain", "given")]
#[case::long_reference("{Ref: Plain}", "given")]
#[case::pseudo("!Ref AWS::AccountId", "000000000000")]
#[case::resource("!Ref Table", "rows")]
#[case::attribute(
    "!GetAtt Table.Arn",
    "arn:aws:dynamodb:us-east-1:000000000000:table/rows"
)]
#[case::attribute_list(
    "!GetAtt [Table, Arn]",
    "arn:aws:dynamodb:us-east-1:000000000000:table/rows"
)]
#[case::sub(
    "!Sub '${Plain}-${AWS::Region}-${!Plain}-$x'",
    "given-us-east-1-${Plain}-$x"
)]
#[case::sub_with_map("!Sub ['${A}/${Plain}', {A: !Ref Table}]", "rows/given")]
#[case::long_sub(
    "{'Fn::Sub': '${Table.Arn}!'}",
    "arn:aws:dynamodb:us-east-1:000000000000:table/rows!"
)]
#[case::join("!Join ['-', [a, !Ref Plain, {Ref: Table}]]", "a-given-rows")]
#[case::join_of_a_list("!Join ['+', !Ref List]", "a+b")]
#[case::no_value("!Join [',', [a, !Ref AWS::NoValue, b]]", "a,b")]
#[case::select("!Select [1, !Split ['/', a/b/c]]", "b")]
#[case::find_in_map("!FindInMap [Sizes, !Ref Kind, size]", "small")]
#[case::condition("!If [IsProd, p, !If [IsDev, d, x]]", "d")]
#[case::and("!If [Both, yes, no]", "no")]
#[case::or("!If [Either, yes, no]", "yes")]
fn intrinsic_functions_are_evaluated(#[case] value: &str, #[case] expected: &str) {
    match output(value, &[]) {
        Ok(text) => assert_eq!(text, expected),
        Err(error) => panic!("{error}"),
    }
}

#[rstest]
#[case("!Ref Tabel", "there is no parameter or resource `Tabel`")]
#[case(
    "!Sub '${Plain}${Nothing}'",
    "there is no parameter or resource `Nothing`"
)]
#[case("!GetAtt Table.Colour", "no attribute `Colour`")]
#[case("!ImportValue x", "`Fn::ImportValue` cannot be evaluated here")]
#[case("!Transform x", "`Fn::Transform` is not supported")]
#[case("!Select [2, !Ref List]", "an index from 0 to 1")]
#[case("!Join [a]", "`Fn::Join` takes a list of 2")]
#[case("!If [Nope, a, b]", "there is no condition `Nope`")]
#[case("!FindInMap [Sizes, test, size]", "has no `test`")]
#[case("!Ref List", "must be text")]
fn errors_say_what_is_wrong(#[case] value: &str, #[case] message: &str) {
    // As an output, which is left out if it is only not supported here, and as something that the
    // API depends on.
    match output_of(value, &[]) {
        Err(error) => {
            assert!(error.message().contains(message), "{error}");
            assert_eq!(error.line(), 14, "{error}");
        }
        Ok(assembly) => {
            assert!(assembly.outputs().is_empty());
            let [warning] = assembly.warnings() else {
                panic!("{:?}", assembly.warnings())
            };
            assert_eq!(warning.kind, WarningKind::LeftOut);
            assert!(warning.message.contains(message), "{warning}");
            assert_eq!(warning.line, 14, "{warning}");
        }
    }
    let variable = format!("StageVariables: {{v: {value}}}, StageName: test");
    let api = API.replace("StageName: test", &variable);
    let text = format!("{DECLARED}\nResources:\n{api}{TABLE}");
    let error = parse("t.yaml", &text, Path::new(""), &settings(&[])).unwrap_err();
    assert!(error.message().contains(message), "{error}");
    let line = text
        .lines()
        .position(|line| line.contains("StageVariables"));
    assert_eq!(Some(error.line() - 1), line, "{error}");
}

#[test]
fn parameters_are_given_and_checked() {
    assert_eq!(
        output("!If [IsProd, p, d]", &[("Kind", "prod")]).unwrap(),
        "p"
    );
    let error = output("x", &[("Kind", "test")]).unwrap_err();
    assert!(
        error.message().contains("must be one of `dev`, `prod`"),
        "{error}"
    );
    let error = output("x", &[("Kin", "prod")]).unwrap_err();
    assert!(
        error.to_string().contains("did you mean `Kind`?"),
        "{error}"
    );
}

#[test]
fn what_refers_to_itself_is_an_error() {
    let table = "
  A:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: !Ref B}
  B:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: !Sub 'x${A}'}
";
    let error = read("", table, &[]).unwrap_err();
    assert!(error.message().contains("circular"), "{error}");
    let error = read(
        "Conditions: {A: !Not [!Condition A]}",
        "  X: {Type: Y, Condition: A}",
        &[],
    );
    assert!(error.unwrap_err().message().contains("circular"));
}

#[test]
fn globals_are_merged_under_a_function_s_own() {
    let globals = "
Globals:
  Function:
    Runtime: provided.al2023
    Timeout: 7
    MemorySize: 256
    Environment: {Variables: {A: global, B: global}}
";
    let function = "
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: f}}
    Properties:
      CodeUri: code/
      MemorySize: 512
      Environment: {Variables: {B: own, N: 5}}
";
    let stack = read(globals, function, &[]).unwrap();
    let function = &stack.functions()[0];
    assert_eq!(function.timeout.as_secs(), 7);
    assert_eq!(function.memory_size, 512);
    assert_eq!(function.name, "gatespec-F");
    assert_eq!(function.code.directory, Path::new("dir/code/"));
    assert_eq!(function.code.binary.as_deref(), Some("f"));
    let variables: Vec<_> = function
        .environment
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(variables, [("A", "global"), ("B", "own"), ("N", "5")]);
}

#[test]
fn tables_become_create_table_requests() {
    let tables = "
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: t
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: k, AttributeType: S}]
      KeySchema: [{AttributeName: k, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: e, Enabled: true}
";
    let stack = read("", tables, &[]).unwrap();
    assert_eq!(stack.tables()[0].time_to_live.as_deref(), Some("e"));
    assert_eq!(
        stack.tables()[0].definition,
        json!({
            "TableName": "t",
            "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        })
    );
}

#[test]
fn which_api_is_served_must_be_clear() {
    let other = "
  Other:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.x}
";
    let error = read("", other, &[]).unwrap_err();
    assert!(
        error
            .message()
            .contains("several WebSocket APIs: `Api`, `Other`"),
        "{error}"
    );
    let chosen = Settings {
        api: Some("Api".to_owned()),
        ..Settings::default()
    };
    let text = format!("Resources:\n{API}{other}");
    let stack = parse("t.yaml", &text, Path::new(""), &chosen).unwrap();
    assert_eq!(
        stack.api().route_selection_expression,
        "$request.body.action"
    );
}

#[test]
fn nothing_is_left_out_silently() {
    let resources = "
  Model:
    Type: AWS::ApiGatewayV2::Model
    Properties: {ApiId: !Ref Api, Name: m, Schema: {}, Colour: red}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: r, Colour: red}
  Mapping:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Api, DomainName: d, Stage: s}
";
    let stack = read("", resources, &[]).unwrap();
    let warnings: Vec<&str> = stack
        .warnings()
        .iter()
        .map(|warning| &*warning.message)
        .collect();
    assert_eq!(
        warnings,
        [
            "`Colour` of `Model` (`AWS::ApiGatewayV2::Model`) has no effect here",
            "`Colour` of `Route` (`AWS::ApiGatewayV2::Route`) has no effect here",
            "`Mapping` (`AWS::ApiGatewayV2::ApiMapping`) has no effect here",
        ]
    );
    // What would let everybody in is no warning.
    let open = resources.replace("Colour: red", "ApiKeyRequired: true");
    assert_eq!(
        read("", &open, &[]).unwrap_err().message(),
        "route `r`: only `$connect` can require an API key"
    );
}

#[test]
fn models_are_read_from_maps_and_from_text() {
    let resources = "
  Order:
    Type: AWS::ApiGatewayV2::Model
    Properties:
      ApiId: !Ref Api
      Name: Order
      ContentType: application/json
      Schema:
        type: object
        properties:
          count: {type: integer, maximum: 5, exclusiveMaximum: true}
          price: {$ref: !Sub 'https://apigateway.amazonaws.com/restapis/${Api}/models/Price'}
  Price:
    Type: AWS::ApiGatewayV2::Model
    Properties: {ApiId: !Ref Api, Name: Price, Schema: '{\"type\": \"number\"}'}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: r
      ModelSelectionExpression: $request.body.kind
      RequestModels: {order: Order, $default: Price}
";
    let stack = read("", resources, &[]).unwrap();
    assert_eq!(stack.warnings(), []);
    let order: serde_json::Value =
        serde_json::from_str(&stack.api().models["Order"].schema).unwrap();
    assert_eq!(
        order["properties"]["count"],
        json!({"type": "integer", "maximum": 5, "exclusiveMaximum": true})
    );
    assert_eq!(stack.api().models["Price"].schema, r#"{"type": "number"}"#);
    let route = &stack.api().routes["r"];
    assert_eq!(
        route.model_selection_expression.as_deref(),
        Some("$request.body.kind")
    );
    let chosen: Vec<_> = route.request_models.iter().collect();
    assert_eq!(
        chosen,
        [
            (&"order".to_owned(), &"Order".to_owned()),
            (&"$default".to_owned(), &"Price".to_owned())
        ]
    );
}

#[test]
fn throttles_are_read_of_the_stage_and_its_routes() {
    let settings = |default: &str, own: &str| {
        let resources = format!(
            "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: r}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: s
      AutoDeploy: true
      DefaultRouteSettings: {default}
      RouteSettings: {own}
"
        );
        parse("t.yaml", &resources, Path::new(""), &Settings::default())
    };
    let stack = settings(
        "{ThrottlingRateLimit: 0.5, ThrottlingBurstLimit: '3', LoggingLevel: INFO, Colour: red}",
        "{r: {ThrottlingBurstLimit: 7}}",
    )
    .unwrap();
    let stage = &stack.api().stage;
    let limits = |settings: &spec::api::RouteSettings| {
        (
            settings.throttling_rate_limit,
            settings.throttling_burst_limit,
        )
    };
    assert_eq!(limits(&stage.default_route_settings), (Some(0.5), Some(3)));
    assert_eq!(limits(&stage.route_settings["r"]), (None, Some(7)));
    let warnings: Vec<&str> = stack
        .warnings()
        .iter()
        .map(|warning| &*warning.message)
        .collect();
    assert_eq!(
        warnings,
        ["`Colour` of `DefaultRouteSettings` has no effect here"]
    );
    for (default, own, message) in [
        (
            "{ThrottlingRateLimit: -1}",
            "{}",
            "`ThrottlingRateLimit` `-1` must be zero or more",
        ),
        (
            "{ThrottlingRateLimit: NaN}",
            "{}",
            "`ThrottlingRateLimit` `NaN` must be zero or more",
        ),
        (
            "{ThrottlingBurstLimit: 1.5}",
            "{}",
            "`ThrottlingBurstLimit` must be a whole number of requests",
        ),
        ("{}", "[]", "`RouteSettings` must be a map"),
    ] {
        let error = settings(default, own).unwrap_err();
        assert_eq!(error.message(), message);
    }
}

/// A stack with one integration, which `$default` goes to.
fn integrated(properties: &str) -> Result<Assembly, Error> {
    let resources = format!(
        "
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, {properties}}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${{Integration}}'}}
"
    );
    read("", &resources, &[])
}

#[test]
fn http_integrations_are_read() {
    let stack = integrated(
        "IntegrationType: HTTP, IntegrationMethod: PUT, IntegrationUri: http://localhost:1/a, ContentHandlingStrategy: CONVERT_TO_BINARY, RequestParameters: {integration.request.header.id: context.connectionId}",
    )
    .unwrap();
    assert_eq!(stack.warnings(), []);
    let (_, integration) = stack.api().integrations.first().unwrap();
    assert_eq!(integration.integration_method.as_deref(), Some("PUT"));
    assert_eq!(
        integration
            .request_parameters
            .first()
            .map(|(name, source)| (&**name, &**source)),
        Some(("integration.request.header.id", "context.connectionId"))
    );
    assert!(integration.content_handling_strategy.is_some());
    // A DynamoDB action needs no function, and a mapping that nothing is done with is told.
    let stack = integrated(
        "IntegrationType: AWS, IntegrationUri: arn:aws:apigateway:us-east-1:dynamodb:action/PutItem, CredentialsArn: role, RequestParameters: {integration.request.header.id: context.connectionId}",
    )
    .unwrap();
    assert_eq!(stack.warnings().len(), 1);
}

#[rstest]
#[case(
    "IntegrationType: HTTP, IntegrationUri: http://x",
    "has no `IntegrationMethod`"
)]
#[case(
    "IntegrationType: HTTP, IntegrationMethod: POST",
    "has no `IntegrationUri`"
)]
#[case(
    "IntegrationType: HTTP, IntegrationMethod: FETCH, IntegrationUri: http://x",
    "`IntegrationMethod` `FETCH` must be one of"
)]
#[case(
    "IntegrationType: HTTP, IntegrationMethod: GET, IntegrationUri: ws://x",
    "`IntegrationUri` `ws://x` must be"
)]
#[case(
    "IntegrationType: AWS, IntegrationMethod: GET, IntegrationUri: arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
    "`IntegrationMethod` `GET` must be `POST`"
)]
#[case(
    "IntegrationType: AWS, IntegrationUri: arn:aws:apigateway:us-east-1:sqs:action/SendMessage",
    "names no Lambda function"
)]
#[case(
    "IntegrationType: MOCK, ContentHandlingStrategy: CONVERT",
    "`ContentHandlingStrategy` `CONVERT` must be"
)]
#[case(
    "IntegrationType: MOCK, RequestParameters: {x: y}",
    "request parameter `x`: it must be"
)]
#[case(
    "IntegrationType: MOCK, ConnectionType: VPC_LINK",
    "`ConnectionType` `VPC_LINK` is not supported here"
)]
fn integrations_that_cannot_be_served(#[case] properties: &str, #[case] message: &str) {
    let error = integrated(properties).unwrap_err();
    assert!(error.message().contains(message), "{error}");
    let line = if message.starts_with("has no") {
        11
    } else {
        13
    };
    assert_eq!(error.line(), line, "{error}");
}

#[test]
fn routes_declare_parameters() {
    let route = |key: &str, parameters: &str| {
        let route = format!(
            "
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: {key}, RequestParameters: {parameters}}}
"
        );
        read("", &route, &[])
    };
    let stack = route(
        "$connect",
        "{route.request.header.a: {Required: true}, route.request.querystring.b: {}}",
    )
    .unwrap();
    assert_eq!(stack.warnings(), []);
    let declared: Vec<_> = stack.api().routes["$connect"]
        .request_parameters
        .values()
        .collect();
    assert_eq!(declared, [&true, &false]);
    for (key, parameters, message) in [
        (
            "chat",
            "{route.request.header.a: {}}",
            "only `$connect` can have request parameters",
        ),
        ("$connect", "{a: {}}", "request parameter `a` must be"),
        (
            "$connect",
            "{route.request.header.a: {Needed: true}}",
            "is written `{Required: true}`",
        ),
        (
            "$connect",
            "{route.request.header.a: {Required: maybe}}",
            "is written `{Required: true}`",
        ),
    ] {
        let error = route(key, parameters).unwrap_err();
        assert!(error.message().contains(message), "{error}");
        assert_eq!(error.line(), 13, "{error}");
    }
}

/// The stack of the API with this stage in place of its own.
fn with_stage(stage: &str) -> Result<Assembly, Error> {
    let api = API.replace("StageName: test, AutoDeploy: true", stage);
    assert_ne!(api, API);
    let text = format!("Resources:\n{api}");
    parse("t.yaml", &text, Path::new("dir"), &settings(&[]))
}

fn warnings(stack: &Assembly) -> Vec<(usize, usize, &str)> {
    let all = stack.warnings().iter();
    all.map(|warning| (warning.line, warning.column, &*warning.message))
        .collect()
}

#[test]
fn an_access_log_has_a_format_and_a_destination() {
    let stage = "StageName: test, AutoDeploy: true, AccessLogSettings: \
        {DestinationArn: !GetAtt Api.ApiId, Format: '$context.requestId $context.status $context.authorizer.who'}";
    let stack = with_stage(stage).unwrap();
    assert_eq!(warnings(&stack), []);
    let read = stack.api().stage.access_log_settings.clone().unwrap();
    assert_eq!(
        read.format,
        "$context.requestId $context.status $context.authorizer.who"
    );
    assert_eq!(read.destination_arn.unwrap(), stack.api().api_id);
}

#[test]
fn an_unknown_variable_of_the_access_log_is_warned_of_where_it_stands() {
    let stage = "StageName: test, AutoDeploy: true, AccessLogSettings: {Format: '$context.requestId $context.path'}";
    let stack = with_stage(stage).unwrap();
    let (line, column, message) = warnings(&stack)[0];
    let text = API.replace("StageName: test, AutoDeploy: true", stage);
    let (at, before) = text
        .split_once("$context.path")
        .map(|(before, _)| (before.len(), before))
        .unwrap();
    assert_eq!(line, before.lines().count() + 1);
    assert_eq!(column, at - before.rfind('\n').unwrap());
    assert!(message.contains("`$context.path`"), "{message}");
}

#[rstest]
#[case::no_format("{DestinationArn: x}", "nothing is logged")]
#[case::more("{Format: $context.requestId, Level: x}", "`Level`")]
fn what_an_access_log_lacks_is_warned_of(#[case] settings: &str, #[case] message: &str) {
    let stage = format!("StageName: test, AutoDeploy: true, AccessLogSettings: {settings}");
    let stack = with_stage(&stage).unwrap();
    assert!(
        warnings(&stack)[0].2.contains(message),
        "{:?}",
        stack.warnings()
    );
}

#[rstest]
#[case::too_long(&format!("AccessLogSettings: {{Format: '$context.requestId{}'}}", "x".repeat(3 * 1024)), "bytes")]
#[case::no_text("AccessLogSettings: {Format: [a]}", "`Format` must be text")]
#[case::no_map("AccessLogSettings: text", "must be a map")]
fn access_logs_that_cannot_be_served(#[case] settings: &str, #[case] message: &str) {
    let error = with_stage(&format!("StageName: test, AutoDeploy: true, {settings}")).unwrap_err();
    assert!(error.message().contains(message), "{error}");
    assert!(error.line() > 1);
}

#[test]
fn a_stage_without_a_deployment_is_served_and_warned_of() {
    let stack = with_stage("StageName: test").unwrap();
    assert!(stack.api().stage.undeployed);
    assert!(
        warnings(&stack)[0].2.contains("403"),
        "{:?}",
        stack.warnings()
    );
    assert!(
        !with_stage("StageName: test, DeploymentId: x")
            .unwrap()
            .api()
            .stage
            .undeployed
    );
}

#[rstest]
#[case::empty("''")]
#[case::long(&"x".repeat(129))]
#[case::space("'a b'")]
#[case::letters("Ünlü")]
fn stage_names_that_aws_refuses(#[case] name: &str) {
    let error = with_stage(&format!("StageName: {name}, AutoDeploy: true")).unwrap_err();
    assert!(error.message().contains("1 to 128 letters"), "{error}");
}

#[test]
fn an_api_without_routes_is_not_deployed() {
    let without = &API[..API.find("  Quiet:").unwrap()];
    let parse = |api: &str| {
        let text = format!("Resources:\n{api}");
        parse("t.yaml", &text, Path::new("dir"), &settings(&[]))
    };
    let error = parse(without).unwrap_err();
    assert!(error.message().contains("no route"), "{error}");
    assert!(parse(&without.replace(", AutoDeploy: true", "")).is_ok());
}

#[test]
fn a_mapping_template_has_300_kb_at_most() {
    let integration = |bytes: usize| {
        format!(
            "
  Large:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {{application/json: '{}'}}
",
            "x".repeat(bytes)
        )
    };
    assert!(read("", &integration(300 * 1024), &[]).is_ok());
    let error = read("", &integration(300 * 1024 + 1), &[]).unwrap_err();
    assert!(
        error.message().contains("307201 bytes"),
        "{}",
        error.message()
    );
    assert_eq!(error.line(), 16);
}
