//! Request parameters of HTTP integrations, and integrations that are refused.

use proptest::prelude::*;
use rstest::rstest;

use super::backends::{backend, call, gateway_with, knock, map, sent, text};
use super::*;
use crate::io::HttpCall;

// INTEGRATION-54 to INTEGRATION-59
#[test]
fn parameters_are_mapped() {
    let mapped = |integration: &mut Integration| {
        integration.integration_uri = Some("http://h/{a}/{b}?fixed=1".to_owned());
        integration.request_parameters = map(&[
            (
                "integration.request.path.a",
                "route.request.body.deep['x y']",
            ),
            ("integration.request.path.b", "route.request.header.TOKEN"),
            ("integration.request.querystring.stage", "context.stage"),
            (
                "integration.request.querystring.room",
                "route.request.multivaluequerystring.room",
            ),
            (
                "integration.request.querystring.last",
                "route.request.querystring.room",
            ),
            ("integration.request.header.ip", "context.identity.sourceIp"),
            (
                "integration.request.header.host-name",
                "stageVariables.host",
            ),
            ("integration.request.header.user-agent", "'mine'"),
            ("integration.request.header.absent", "context.nothing"),
        ]);
    };
    // The path's value is escaped; on a message there are no headers and no query string.
    let body = r#"{"deep":{"x y":"a/b?&é"}}"#;
    let mut gateway = gateway_with(None, backend(IntegrationType::Http, mapped));
    let HttpCall { request, .. } = sent(&mut gateway, body);
    assert_eq!(
        request.url,
        "http://h/a%2Fb%3F%26%C3%A9/?fixed=1&stage=stage"
    );
    assert_eq!(request.headers.get("ip"), Some("192.0.2.1"));
    assert_eq!(request.headers.get("host-name"), Some("backend.example"));
    assert_eq!(request.headers.get("User-Agent"), Some("mine"));
    assert_eq!(request.headers.get("absent"), None);

    let both = backend(IntegrationType::Http, mapped);
    let mut gateway = gateway_with(Some(both.clone()), both);
    let HttpCall { request, .. } = call(&knock(&mut gateway));
    assert_eq!(
        request.url,
        "http://h//hello?fixed=1&stage=stage&room=1&room=2&last=2"
    );
}

// INTEGRATION-91
#[rstest]
#[case("integration.request.header.x", r#"{"v":"a\r\nHost: other"}"#)]
#[case("integration.request.path.x", r#"{"v":".."}"#)]
fn a_message_can_not_reshape_the_request(#[case] target: &str, #[case] text_sent: &str) {
    let mut gateway = gateway_with(
        None,
        backend(IntegrationType::Http, |integration| {
            integration.request_parameters = map(&[(target, "route.request.body.v")]);
        }),
    );
    knock(&mut gateway);
    gateway.handle_input(START, message(text_sent));
    assert!(text(&outputs(&mut gateway)).starts_with(r#"{"message": "Internal server error", "#));
}

#[rstest]
#[case::method(|i: &mut Integration| i.integration_method = None, "`IntegrationMethod` ``")]
#[case::address(
    |i: &mut Integration| i.integration_uri = Some("ftp://x".to_owned()),
    "`IntegrationUri` `ftp://x` must be"
)]
#[case::target(
    |i: &mut Integration| i.request_parameters = map(&[("integration.request.body.x", "'x'")]),
    "it must be `integration.request.header.NAME`"
)]
#[case::name(
    |i: &mut Integration| i.request_parameters = map(&[("integration.request.header.x y", "'x'")]),
    "it must be `integration.request.header.NAME`"
)]
#[case::framing(
    |i: &mut Integration| i.request_parameters = map(&[("integration.request.header.Host", "'x'")]),
    "the gateway sets this header itself"
)]
#[case::source(
    |i: &mut Integration| {
        i.request_parameters =
            map(&[("integration.request.header.x", "method.request.header.x")]);
    },
    "its source `method.request.header.x` must be"
)]
#[case::path(
    |i: &mut Integration| {
        i.request_parameters = map(&[("integration.request.header.x", "route.request.body.[")]);
    },
    "its source `route.request.body.[` must be"
)]
#[case::quote(
    |i: &mut Integration| i.request_parameters = map(&[("integration.request.header.x", "'x")]),
    "its source `'x` must be"
)]
fn what_can_not_be_served_is_refused(#[case] change: fn(&mut Integration), #[case] expected: &str) {
    let mut api = Api::new("$request.body.action", "stage");
    let variables = &mut api.stage.stage_variables;
    variables.insert("host".to_owned(), "backend.example".into());
    let broken = backend(IntegrationType::Http, change);
    api.integrations.insert("i".to_owned(), broken);
    let problems = problems(api);
    let [error] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert!(error.to_string().contains(expected), "{error}");
}

proptest! {
    // Wherever a message's text is mapped to, the request stays one request to the same host.
    #[test]
    fn no_message_reshapes_the_request(value in "\\PC{0,12}|[./?#@:{}%&\r\n\0 -]{0,8}") {
        let mut gateway = gateway_with(None, backend(IntegrationType::Http, |integration| {
            integration.integration_uri = Some("http://backend.example/a/{x}/b".to_owned());
            integration.request_parameters = map(&[
                ("integration.request.header.x", "route.request.body.v"),
                ("integration.request.path.x", "route.request.body.v"),
                ("integration.request.querystring.x", "route.request.body.v"),
            ]);
        }));
        knock(&mut gateway);
        gateway.handle_input(START, message(&json!({"v": value}).to_string()));
        match &outputs(&mut gateway)[..] {
            [Output::HttpRequest(call)] => {
                let url = &call.request.url;
                let path = url.strip_prefix("http://backend.example/a/").unwrap();
                let (path, query) = path.split_once("?x=").unwrap();
                let inner = path.strip_suffix("/b").unwrap();
                prop_assert!(!inner.contains('/') && ![".", ".."].contains(&inner));
                prop_assert_eq!(inner, query);
                let decoded = crate::percent::decode(query, crate::percent::Plus::Literal);
                prop_assert_eq!(decoded, value.clone());
                prop_assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(call.request.headers.get("x"), Some(&*value));
                prop_assert!(!value.contains(char::is_control));
            }
            outputs => assert!(text(outputs).starts_with(r#"{"message": "Internal"#)),
        }
    }
}

/// An API whose `$connect` declares `declared`, and maps from `source`.
fn declaring(declared: &[(&str, bool)], source: Option<&str>) -> Api {
    let mut api = Api::new("$request.body.action", "stage");
    let connect = backend(IntegrationType::HttpProxy, |integration| {
        integration.integration_uri = Some("http://h".to_owned());
        if let Some(source) = source {
            integration.request_parameters = map(&[("integration.request.header.x", source)]);
        }
    });
    api.integrations.insert("i".to_owned(), connect);
    let owned = |(name, required): &(&str, bool)| ((*name).to_owned(), *required);
    let route = Route {
        target: Some("i".to_owned()),
        request_parameters: declared.iter().map(owned).collect(),
        ..Route::default()
    };
    api.routes.insert(RouteKey::Connect, route);
    api
}

// INTEGRATION-61
#[rstest]
#[case(&[("route.request.header.token", false)], Some("route.request.header.token"), None)]
#[case(
    &[("route.request.header.token", false)],
    Some("route.request.multivalueheader.token"),
    None
)]
#[case(&[], Some("context.stage"), None)]
#[case(
    &[],
    Some("route.request.querystring.room"),
    Some("its integration uses `route.request.querystring.room`, which the route does not declare")
)]
#[case(
    &[("method.request.header.token", false)],
    None,
    Some("request parameter `method.request.header.token` must be")
)]
fn a_mapping_uses_what_is_declared(
    #[case] declared: &[(&str, bool)],
    #[case] source: Option<&str>,
    #[case] expected: Option<&str>,
) {
    let problems = problems(declaring(declared, source));
    match (problems.first().map(ToString::to_string), expected) {
        (None, None) => {}
        (Some(error), Some(expected)) => assert!(error.contains(expected), "{error}"),
        other => panic!("{other:?}"),
    }
}

// INTEGRATION-62
#[test]
fn only_connect_declares_parameters() {
    let mut api = Api::new("$request.body.action", "stage");
    let route = Route {
        request_parameters: [("route.request.header.x".to_owned(), false)].into(),
        ..Route::default()
    };
    api.routes.insert("chat".parse().unwrap(), route);
    let problems = problems(api);
    assert!(
        problems[0]
            .to_string()
            .contains("only `$connect` can have request parameters")
    );
}

// HANDSHAKE-44, HANDSHAKE-51
#[rstest]
#[case(&[("route.request.header.TOKEN", true), ("route.request.querystring.room", true)], None)]
#[case(
    &[("route.request.header.a.b", true), ("route.request.querystring.Room", true)],
    Some("a.b, Room")
)]
#[case(&[("route.request.header.other", false)], None)]
fn required_parameters_must_be_there(
    #[case] declared: &[(&str, bool)],
    #[case] missing: Option<&str>,
) {
    let mut gateway = serving(declaring(declared, None));
    match (&knock(&mut gateway)[..], missing) {
        ([Output::HttpRequest(_)], None) => {}
        ([Output::Reject { response, .. }], Some(names)) => {
            assert_eq!(response.status, 400);
            assert_eq!(
                response.body,
                format!(r#"{{"message":"Missing required request parameters: [{names}]"}}"#)
            );
        }
        other => panic!("{other:?}"),
    }
}
