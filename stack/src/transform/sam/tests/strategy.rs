//! Random templates with WebSocket APIs: most are valid, and the rest have one value in the wrong
//! place.

use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value as Json, json};

/// A template, and values for its parameters.
pub(super) fn template() -> impl Strategy<Value = (Json, Json)> {
    let parts = (
        weighted(0.4, globals()),
        api("Chat"),
        weighted(0.2, api("Chat1")),
        function(),
        weighted(0.2, connector()),
        outputs(),
    );
    let mistake = weighted(0.35, (any::<Index>(), wrong_value()));
    (parts, mistake, parameters()).prop_map(|(parts, mistake, parameters)| {
        let (globals, chat, second, function, connector, outputs) = parts;
        let mut template = json!({
            "Transform": "AWS::Serverless-2016-10-31",
            "Parameters": {
                "Stage": {"Type": "String", "Default": "prod"},
                "Path": {"Type": "String", "Default": "chat-1"},
                "Kind": {"Type": "String", "Default": "CUSTOM"},
                "List": {"Type": "CommaDelimitedList", "Default": "a,b"},
                "Given": {"Type": "String"},
            },
            "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
            "Resources": {
                "Handler": function,
                "Table": {"Type": "AWS::DynamoDB::Table"},
                "Chat": chat,
            },
            "Outputs": outputs,
        });
        let resources = &mut template["Resources"];
        if let Some(second) = second {
            resources["Chat1"] = second;
        }
        if let Some(connector) = connector {
            resources["Link"] = connector;
        }
        if let Some(globals) = globals {
            template["Globals"] = globals;
        }
        if let Some((index, value)) = mistake {
            spoil(&mut template, index, value);
        }
        (template, parameters)
    })
}

fn parameters() -> impl Strategy<Value = Json> {
    let given = select(vec!["live", "", "a-b", "CUSTOM"]);
    (given, of(select(vec!["test", "prod", "a-b", "$default"]))).prop_map(|(given, stage)| {
        let mut values = json!({ "Given": given });
        if let Some(stage) = stage {
            values["Stage"] = json!(stage);
        }
        values
    })
}

/// Text, or a function of which there is some.
fn text() -> BoxedStrategy<Json> {
    prop_oneof![
        6 => select(vec!["some text", "x", "UPPER", "ü", "yes", "12", "a: b"]).prop_map(Json::from),
        1 => select(vec!["Stage", "Path", "List", "Given", "AWS::Region", "AWS::StackName"])
            .prop_map(|name| json!({"Ref": name})),
        1 => select(vec!["${Stage}-x", "${AWS::Region}${Path}", "${!Stage}", "a${Chat.Stage}b",
            "${Table}", "${ Stage }", "${List}${AWS::AccountId}", "${Chat.Stage.X}${"])
            .prop_map(|text| json!({"Fn::Sub": text})),
        1 => select(vec!["${Stage}${Own}", "${Own}"]).prop_map(|text| {
            json!({"Fn::Sub": [text, {"Own": {"Ref": "Stage"}, "Stage": "own"}]})
        }),
        1 => select(vec![
            json!({"Fn::If": ["IsProd", {"Ref": "Stage"}, {"Ref": "AWS::NoValue"}]}),
            json!({"Ref": "Chat.Stage"}),
            json!({"Fn::GetAtt": ["Table", "Arn"]}),
            json!({"Fn::GetAtt": ["Chat.Stage", "Arn"]}),
            json!({"Fn::GetAtt": ["Chat", "Stage.Arn"]}),
            json!({"Fn::Join": ["-", ["a", {"Ref": "Path"}]]}),
            json!({"Fn::ImportValue": {"Fn::Sub": "${Stage}-x"}}),
        ]),
    ]
    .boxed()
}

fn arn() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => Just(json!({"Fn::GetAtt": ["Handler", "Arn"]})),
        1 => Just(json!({"Ref": "Handler.Alias"})),
        1 => Just(json!("arn:aws:lambda:us-east-1:000000000000:function:f")),
        1 => Just(json!({"Fn::Sub": "${Handler.Arn}:${Stage}"})),
        1 => Just(json!({"Ref": "Given"})),
    ]
}

fn flag() -> impl Strategy<Value = Json> {
    prop_oneof![
        3 => any::<bool>().prop_map(Json::from),
        1 => Just(json!({"Fn::If": ["IsProd", true, false]})),
    ]
}

/// Optional entries by name, in the order given.
type Entries = Vec<(&'static str, BoxedStrategy<Json>)>;

/// A map of which each entry is there with a probability.
fn some_of(probability: f64, entries: Entries) -> BoxedStrategy<Map<String, Json>> {
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(name, value)| weighted(probability, value).prop_map(move |value| (name, value)))
        .collect();
    let entries = entries.prop_map(|entries| {
        let entries = entries.into_iter();
        entries
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    });
    entries.boxed()
}

fn settings() -> BoxedStrategy<Json> {
    let settings = some_of(
        0.4,
        vec![
            ("ThrottlingBurstLimit", (0..9).prop_map(Json::from).boxed()),
            ("DataTraceEnabled", flag().boxed()),
            ("LoggingLevel", text()),
        ],
    );
    settings.prop_map(Json::Object).boxed()
}

fn tags() -> BoxedStrategy<Json> {
    let tags = some_of(
        0.5,
        vec![("team", text()), ("websocketapi:createdBy", text())],
    );
    tags.prop_map(Json::Object).boxed()
}

/// The properties that `Globals` may have too.
fn common() -> Entries {
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

fn domain() -> BoxedStrategy<Json> {
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

fn auth() -> BoxedStrategy<Json> {
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

fn route() -> BoxedStrategy<Json> {
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

fn routes() -> impl Strategy<Value = Json> {
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

fn api(id: &'static str) -> BoxedStrategy<Json> {
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

fn destination() -> impl Strategy<Value = Json> {
    select(vec![
        json!({"Id": "Handler"}),
        json!([{"Id": "Handler"}]),
        json!([{"Id": "Handler"}, {"Id": "Handler"}]),
        json!({"Id": "Chat"}),
        json!({"Id": "Nothing"}),
        json!({"Id": "Handler", "Arn": "x"}),
        json!({"Type": "AWS::Lambda::Function", "Arn": "arn:f"}),
    ])
}

fn access() -> impl Strategy<Value = Json> {
    select(vec![
        json!(["Write"]),
        json!(["Write", "Write"]),
        json!(["Read"]),
        json!([]),
    ])
}

fn connector() -> BoxedStrategy<Json> {
    let source = select(vec![
        json!({"Id": "Chat"}),
        json!({"Id": "Chat", "Qualifier": "prod/*"}),
        json!({"Id": "Handler"}),
        json!({"Type": "AWS::ApiGatewayV2::Api", "ResourceId": "abc", "Qualifier": "*"}),
    ]);
    let connector = (
        source,
        destination(),
        access(),
        weighted(0.2, Just(json!("IsProd"))),
    );
    let connector = connector.prop_map(|(source, destination, permissions, condition)| {
        // What functions are allowed is not looked at: another destination is another subject.
        let permissions = match source["Id"] == "Handler" {
            true => json!(["Write"]),
            false => permissions,
        };
        let mut connector = json!({
            "Type": "AWS::Serverless::Connector",
            "Properties": {
                "Source": source,
                "Destination": destination,
                "Permissions": permissions,
            },
        });
        if let Some(condition) = condition {
            connector["Condition"] = condition;
        }
        connector
    });
    connector.boxed()
}

fn connectors() -> BoxedStrategy<Json> {
    let connectors = (destination(), access()).prop_map(|(destination, permissions)| {
        json!({"Calls": {"Properties": {
            "Destination": destination,
            "Permissions": permissions,
        }}})
    });
    connectors.boxed()
}

/// Properties of functions, merged in every way.
fn of_functions() -> Entries {
    let variables = some_of(0.6, vec![("A", text()), ("B", text())]);
    let environment = variables.prop_map(|variables| json!({"Variables": variables}));
    let asynchronous = some_of(
        0.6,
        vec![
            (
                "MaximumEventAgeInSeconds",
                (60..99).prop_map(Json::from).boxed(),
            ),
            ("MaximumRetryAttempts", (0..3).prop_map(Json::from).boxed()),
        ],
    );
    let layers = select(vec![json!(["arn:a"]), json!(["arn:b", "arn:c"])]);
    vec![
        ("Environment", environment.boxed()),
        (
            "EventInvokeConfig",
            asynchronous.prop_map(Json::Object).boxed(),
        ),
        ("Layers", layers.boxed()),
        ("Tags", tags()),
        ("Timeout", (1..900).prop_map(Json::from).boxed()),
        ("MemorySize", (128..999).prop_map(Json::from).boxed()),
        (
            "Architectures",
            select(vec![json!(["arm64"]), json!(["x86_64"])]).boxed(),
        ),
    ]
}

fn function() -> BoxedStrategy<Json> {
    let function = (
        some_of(0.3, of_functions()),
        weighted(0.2, Just(json!("*"))),
    );
    let function = function.prop_map(|(mut properties, ignored)| {
        properties.insert("CodeUri".to_owned(), json!("s3://bucket/key"));
        properties.insert("Handler".to_owned(), json!("index.handler"));
        properties.insert("Runtime".to_owned(), json!("nodejs24.x"));
        properties.insert("AutoPublishAlias".to_owned(), json!("live"));
        let mut function = json!({"Type": "AWS::Serverless::Function", "Properties": properties});
        if let Some(ignored) = ignored {
            function["IgnoreGlobals"] = ignored;
        }
        function
    });
    function.boxed()
}

fn globals() -> BoxedStrategy<Json> {
    let globals = (
        some_of(0.1, common()),
        some_of(0.3, of_functions()),
        any::<bool>(),
    );
    let globals = globals.prop_map(|(api, function, both)| match both {
        true => json!({"WebSocketApi": api, "Function": function}),
        false => json!({"WebSocketApi": api}),
    });
    globals.boxed()
}

fn outputs() -> impl Strategy<Value = Json> {
    select(vec![
        json!({}),
        json!({"Url": {"Value": {"Fn::Sub": "wss://${Chat}.x/${Chat.Stage}"}}}),
        json!({"Stage": {"Value": {"Ref": "Chat.Stage"}}, "Alias": {"Value": {"Ref": "Handler.Alias"}}}),
        json!({"Domain": {"Value": {"Fn::GetAtt": ["Chat.DomainName", "RegionalDomainName"]}}}),
        json!({"Other": {"Value": {"Ref": "Chat.Other"}}}),
    ])
}

fn wrong_value() -> impl Strategy<Value = Option<Json>> {
    of(select(vec![
        json!(""),
        json!("$default"),
        json!("a b"),
        json!(0),
        json!(7),
        json!(true),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({"x": "y"}),
        json!({"x": "y", "z": null}),
        json!({"Ref": "Stage"}),
        json!({"Ref": "Table"}),
        json!({"Fn::If": ["IsProd", "a", "b"]}),
    ]))
}

/// Puts a value in the place of one below the API's properties or the globals, or removes that one.
fn spoil(template: &mut Json, index: Index, value: Option<Json>) {
    let mut paths = Vec::new();
    let roots = ["/Resources/Chat/Properties", "/Globals"];
    for root in roots {
        if let Some(node) = template.pointer(root) {
            walk(node, root, &mut paths);
        }
    }
    if paths.is_empty() {
        return;
    }
    let (parent, name) = &paths[index.index(paths.len())];
    match (template.pointer_mut(parent), value) {
        (Some(Json::Object(entries)), Some(value)) => drop(entries.insert(name.clone(), value)),
        (Some(Json::Object(entries)), None) => drop(entries.remove(name)),
        _ => {}
    }
}

fn walk(node: &Json, path: &str, paths: &mut Vec<(String, String)>) {
    if let Json::Object(entries) = node {
        for (name, value) in entries {
            paths.push((path.to_owned(), name.clone()));
            let name = name.replace('~', "~0").replace('/', "~1");
            walk(value, &format!("{path}/{name}"), paths);
        }
    }
}
