use std::path::Path;

use serde_json::json;

use super::*;

mod api_keys;
mod asynchronous;
mod code;
mod creation;
mod deployments;
mod domains;
mod elsewhere;
mod evaluation;
mod event_source_mappings;
mod inputs;
mod integrations;
mod intrinsics;
mod language_extensions;
mod layers;
mod others;
mod registry;
mod stacks;
mod stage;
mod tables;
mod values;
mod variables;

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
      TableName: table
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
            "TableName": "table",
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
  Portal:
    Type: AWS::ApiGatewayV2::Portal
    Properties: {Colour: red}
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
            "`Portal` (`AWS::ApiGatewayV2::Portal`) has no effect here",
        ]
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
