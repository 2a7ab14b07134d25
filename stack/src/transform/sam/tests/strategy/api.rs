//! A WebSocket API.

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

use super::connectors::connectors;
use super::values::{Entries, arn, flag, settings, some_of, tags, text};

/// The properties that `Globals` may have too.
pub(super) fn common() -> Entries {
    let log = some_of(0.7, vec![("DestinationArn", text()), ("Format", text())]);
    let variables = some_of(0.5, vec![("color", text()), ("size", text())]);
    let routes = some_of(0.5, vec![("$connect", settings()), ("join", settings())]);
    vec![
        ("ApiKeySelectionExpression", text()),
        ("AccessLogSettings", log.prop_map(Json::Object).boxed()),
        ("DefaultRouteSettings", settings()),
        ("DisableExecuteApiEndpoint", flag().boxed()),
        ("DisableSchemaValidation", flag().boxed()),
        ("Domain", domain()),
        ("FailOnWarnings", flag().boxed()),
        (
            "IpAddressType",
            select(vec!["ipv4", "dualstack"])
                .prop_map(Json::from)
                .boxed(),
        ),
        ("PropagateTags", flag().boxed()),
        ("RouteSettings", routes.prop_map(Json::Object).boxed()),
        ("StageVariables", variables.prop_map(Json::Object).boxed()),
        ("Tags", tags()),
    ]
}

pub(super) fn domain() -> BoxedStrategy<Json> {
    let path = select(vec!["chat", "/a-b/", "a_b", "ab", "", "v1/x"]).prop_map(Json::from);
    let path = prop_oneof![4 => path, 1 => Just(json!({"Ref": "Path"})), 1 => text()];
    let paths = prop_oneof![
        path.clone(),
        proptest::collection::vec(path, 0..3).prop_map(Json::from),
    ];
    let route53 = some_of(
        0.5,
        vec![
            ("HostedZoneName", text()),
            ("EvaluateTargetHealth", flag().boxed()),
            ("IpV6", flag().boxed()),
            ("Region", text()),
            ("SetIdentifier", text()),
            ("HostedZoneId", text()),
        ],
    );
    let more = some_of(
        0.3,
        vec![
            ("BasePath", paths.boxed()),
            ("EndpointConfiguration", Just(json!("REGIONAL")).boxed()),
            ("OwnershipVerificationCertificateArn", text()),
            ("SecurityPolicy", text()),
            ("Route53", route53.prop_map(Json::Object).boxed()),
        ],
    );
    let domain = (text(), text(), more).prop_map(|(name, certificate, mut domain)| {
        domain.insert("DomainName".to_owned(), name);
        domain.insert("CertificateArn".to_owned(), certificate);
        Json::Object(domain)
    });
    domain.boxed()
}

pub(super) fn auth() -> BoxedStrategy<Json> {
    let sources = prop_oneof![
        Just(json!([
            "route.request.header.Auth",
            "route.request.querystring.t"
        ])),
        Just(json!({"Ref": "List"})),
    ];
    let more = some_of(
        0.4,
        vec![
            ("IdentitySource", sources.boxed()),
            ("InvokeRole", text()),
            ("Name", text()),
        ],
    );
    let kind = prop_oneof![3 => Just(json!("CUSTOM")), 1 => Just(json!({"Ref": "Kind"}))];
    let custom = (kind, arn(), more).prop_map(|(kind, arn, mut auth)| {
        auth.insert("AuthType".to_owned(), kind);
        auth.insert("AuthArn".to_owned(), arn);
        Json::Object(auth)
    });
    let others = select(vec!["AWS_IAM", "NONE"]).prop_map(|kind| json!({"AuthType": kind}));
    prop_oneof![3 => custom, 1 => others, 1 => Just(json!({}))].boxed()
}

pub(super) fn route() -> BoxedStrategy<Json> {
    let more = some_of(
        0.15,
        vec![
            ("ApiKeyRequired", flag().boxed()),
            (
                "IntegrationTimeout",
                (50..29_000).prop_map(Json::from).boxed(),
            ),
            ("ModelSelectionExpression", text()),
            ("OperationName", text()),
            ("RequestModels", Just(json!({"a": "B"})).boxed()),
            ("RouteResponseSelectionExpression", text()),
            ("Other", text()),
        ],
    );
    let route = (arn(), more).prop_map(|(arn, mut route)| {
        route.insert("FunctionArn".to_owned(), arn);
        Json::Object(route)
    });
    route.boxed()
}

pub(super) fn routes() -> impl Strategy<Value = Json> {
    let names = select(vec![
        "$default",
        "$disconnect",
        "join",
        "JOIN",
        "sendMessage",
        "2x",
        "connect",
        "1Chat",
        "ping",
        "send-message",
        "1",
        "12",
    ]);
    let others = proptest::collection::vec((names, route()), 0..4);
    let parameters = Just(json!({"route.request.header.A": {"Required": true}}));
    let connect = weighted(0.8, (route(), weighted(0.2, parameters)));
    (connect, others).prop_map(|(connect, others)| {
        let mut routes = Map::new();
        if let Some((mut route, parameters)) = connect {
            if let Some(parameters) = parameters {
                route["RequestParameters"] = parameters;
            }
            routes.insert("$connect".to_owned(), route);
        }
        routes.extend(
            others
                .into_iter()
                .map(|(name, route)| (name.to_owned(), route)),
        );
        Json::Object(routes)
    })
}

pub(super) fn api(id: &'static str) -> BoxedStrategy<Json> {
    let stage = prop_oneof![
        4 => select(vec!["prod", "default", "Default", "v1"]).prop_map(Json::from),
        2 => Just(json!({"Ref": "Stage"})),
        1 => Just(json!({"Fn::Sub": "${Stage}x"})),
        1 => Just(json!("my-stage")),
    ];
    let mut more = common();
    more.extend([
        ("Auth", auth()),
        ("Description", text()),
        ("Name", text()),
        ("StageName", stage.boxed()),
    ]);
    let attributes = some_of(
        0.1,
        vec![
            ("Condition", Just(json!("IsProd")).boxed()),
            (
                "DependsOn",
                select(vec![json!("Table"), json!(["Table"])]).boxed(),
            ),
            ("DeletionPolicy", Just(json!("Retain")).boxed()),
            ("Metadata", Just(json!({"a": "b"})).boxed()),
            (
                "IgnoreGlobals",
                select(vec![json!("*"), json!(["Tags"]), json!([])]).boxed(),
            ),
            ("Connectors", connectors()),
        ],
    );
    let api = (attributes, routes(), some_of(0.15, more), text());
    let api = api.prop_map(move |(mut api, routes, mut properties, selection)| {
        properties.insert("Routes".to_owned(), routes);
        properties.insert("RouteSelectionExpression".to_owned(), selection);
        api.insert("Type".to_owned(), json!("AWS::Serverless::WebSocketApi"));
        api.insert("Properties".to_owned(), Json::Object(properties));
        let text = Json::Object(api)
            .to_string()
            .replace("Chat.Stage", &format!("{id}.Stage"));
        serde_json::from_str(&text).expect("it was JSON")
    });
    api.boxed()
}
