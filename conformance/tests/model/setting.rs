//! What surrounds the gateway: the API, the clients' handshakes, the functions' words.

use std::sync::Arc;

use spec::CompiledApi;
use spec::api::{
    Api, AuthorizationType, Authorizer, CallPermission, Integration, IntegrationResponse,
    IntegrationType, Route,
};
use spec::handshake::HandshakeRequest;
use spec::http::Headers;
use spec::io::FunctionOutcome;
use spec::route::RouteKey;

use crate::reference::{Purpose, said};
use crate::traffic::{Outcome, Shape, Upgrade};

/// What a function says.
pub(crate) fn answer(call: usize, purpose: &Purpose, outcome: Outcome) -> FunctionOutcome {
    match said(call, purpose, outcome) {
        _ if matches!(outcome, Outcome::NotInvocable) => {
            FunctionOutcome::NotInvocable("there is no such function".to_owned())
        }
        Ok(result) => FunctionOutcome::Returned(result),
        Err(error) => FunctionOutcome::Failed(error),
    }
}

/// What a client asks.
pub(crate) fn handshake(upgrade: Upgrade) -> HandshakeRequest {
    let mut headers = Headers::from_iter([
        ("Host", "localhost"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]);
    if !matches!(upgrade, Upgrade::WithoutToken) {
        headers.push("token", "hello");
    }
    let path = if matches!(upgrade, Upgrade::WrongPath) {
        "/nowhere"
    } else {
        "/stage"
    };
    HandshakeRequest {
        method: "GET".to_owned(),
        target: path.to_owned(),
        headers,
        source_ip: "192.0.2.1".to_owned(),
    }
}

/// What is deployed.
pub(crate) fn compiled(shape: &Shape) -> Arc<CompiledApi> {
    Arc::new(api(shape).compile().unwrap())
}

/// What is declared.
fn api(shape: &Shape) -> Api {
    let one_way = |target: &str| Route {
        target: Some(target.to_owned()),
        ..Route::default()
    };
    let two_way = |target: &str| Route {
        route_response_selection_expression: Some("$default".to_owned()),
        route_responses: vec!["$default".to_owned()],
        ..one_way(target)
    };
    let mut api = Api::new("$request.body.action", "stage");
    let mut add = |key: &str, route: Route, integration: Integration| {
        api.integrations.insert(key.to_owned(), integration);
        api.routes.insert(
            key.parse().unwrap(),
            Route {
                target: Some(key.to_owned()),
                ..route
            },
        );
    };
    for (key, there, patience) in [
        ("$connect", shape.connect, 29_000),
        ("$disconnect", shape.disconnect, 2_000),
        ("quiet", true, 29_000),
    ] {
        if there {
            add(key, Route::default(), lambda(key, patience));
        }
    }
    let echo = if shape.echoes {
        two_way("echo")
    } else {
        one_way("echo")
    };
    add("echo", echo, lambda("echo", 10_000));
    if shape.default {
        add("$default", two_way("$default"), lambda("$default", 29_000));
    }
    add("mock", two_way("mock"), mock());
    if shape.authorizer {
        let authorizer = Authorizer {
            name: "token".to_owned(),
            authorizer_uri: uri("authorizer"),
            identity_source: vec!["route.request.header.token".to_owned()],
            call_permission: CallPermission::Granted,
        };
        api.authorizers.insert("token".to_owned(), authorizer);
        let connect = api.routes.entry(RouteKey::Connect).or_default();
        connect.authorization_type = AuthorizationType::Custom;
        connect.authorizer_id = Some("token".to_owned());
    }
    api
}

fn lambda(key: &str, patience: u64) -> Integration {
    let function = key.trim_start_matches('$');
    let mut integration = Integration::new(IntegrationType::AwsProxy, Some(uri(function)));
    integration.timeout_in_millis = patience;
    integration
}

fn mock() -> Integration {
    let mut mock = Integration::new(IntegrationType::Mock, None);
    mock.request_templates.insert(
        "application/json".to_owned(),
        r#"{"statusCode": 200}"#.to_owned(),
    );
    let mut response = IntegrationResponse::default();
    response.response_templates.insert(
        "application/json".to_owned(),
        "mocked for $context.connectionId".to_owned(),
    );
    mock.integration_responses
        .insert("$default".to_owned(), response);
    mock
}

fn uri(function: &str) -> String {
    format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations")
}
