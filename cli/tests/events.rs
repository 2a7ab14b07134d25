//! `gatespec events`: the events are those that a running gateway hands to functions, field by field
//! and in their order.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use rstest::rstest;
use serde_json::{Value, json};
use support::function::Function;
use support::{Served, code, file, gatespec, root, stderr, stdout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// An authorizer, proxy integrations, a request template, and a message that passes through.
const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true, StageVariables: {table: rooms}}
  Function:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: CODE, Handler: bootstrap, Runtime: provided.al2023, Timeout: 60}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: lambda:InvokeFunction, Principal: apigateway.amazonaws.com}
  Authorizer:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: token
      AuthorizerType: REQUEST
      AuthorizerUri: URI
      IdentitySource: [route.request.header.token]
  Proxy:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: URI}
  Mapped:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS
      IntegrationUri: URI
      RequestTemplates:
        $default: |
          {"id": "$context.connectionId", "request": "$context.requestId",
            "message": "$context.messageId", "at": [$context.requestTimeEpoch, $context.connectedAt],
            "who": "$context.authorizer.principalId $context.authorizer.level", "data": $input.json('$.data')}
  Through:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS, IntegrationUri: URI}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Authorizer
      Target: !Sub integrations/${Proxy}
  Disconnect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $disconnect, Target: !Sub "integrations/${Proxy}"}
  Proxied:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: proxied, Target: !Sub "integrations/${Proxy}"}
  MappedRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: mapped, Target: !Sub "integrations/${Mapped}"}
  ThroughRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: through, Target: !Sub "integrations/${Through}"}
  Without:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: without}
"#;

const URI: &str = "!Sub \"arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations\"";

fn template(name: &str, function: &Function) -> String {
    let text = TEMPLATE.replace("CODE", &function.code());
    file(
        name,
        "template.yaml",
        &text.replace(" URI", &format!(" {URI}")),
    )
}

/// What the command prints.
fn printed(arguments: &[&str]) -> String {
    let output = gatespec(&[&["events"], arguments].concat());
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    stdout(&output)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// An event's text without what a clock and a stopwatch say. Texts, so that the order counts.
fn comparable(text: &str) -> String {
    let mut event = parsed(text);
    if let Some(authorizer) = event["requestContext"].get_mut("authorizer") {
        authorizer
            .as_object_mut()
            .unwrap()
            .remove("integrationLatency");
    }
    event.to_string()
}

/// The client's own headers in an event, as options.
fn headers(authorizer_event: &Value) -> Vec<String> {
    let own = |name: &str| !name.starts_with("X-Forwarded") && name != "X-Amzn-Trace-Id";
    let fields = authorizer_event["multiValueHeaders"].as_object().unwrap();
    let fields = fields
        .iter()
        .filter(|(name, _)| own(name) && *name != "content-length");
    fields
        .flat_map(|(name, values)| values.as_array().unwrap().iter().map(move |v| (name, v)))
        .flat_map(|(name, value)| {
            [
                "--header".to_owned(),
                format!("{name}: {}", value.as_str().unwrap()),
            ]
        })
        .collect()
}

/// Ids and times of an event, as options.
fn ids(context: &Value) -> Vec<String> {
    let text = |name: &str| match &context[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut options = vec![
        format!("--connection-id={}", text("connectionId")),
        format!("--request-id={}", text("requestId")),
        format!("--time={}", text("requestTimeEpoch")),
    ];
    if context["connectedAt"] != context["requestTimeEpoch"] {
        options.push(format!("--connected-at={}", text("connectedAt")));
    }
    if !context["messageId"].is_null() {
        options.push(format!("--message-id={}", text("messageId")));
    }
    options
}

const MESSAGES: [(&str, &str); 3] = [
    (
        "proxied",
        "{\"action\":\"proxied\",\r\n\"data\": \"é\\u00e9\"}",
    ),
    (
        "mapped",
        r#"{"action": "mapped", "data": {"b": 1, "a": [2.0]}}"#,
    ),
    ("through", r#"{"action":"through",  "data":1e5}"#),
];
const AUTHORIZED: &str = r#"{"token": "hello", "level": 7}"#;

/// What a running gateway hands to the function: authorizer, `$connect`, the messages, `$disconnect`.
fn events_of_a_gateway(function: &Function, template: &str) -> Vec<String> {
    let mut served = Served::start(&["--ready", "json", template], Stdio::inherit());
    let url = format!("{}?room=a&room=b%20c", served.ready());
    let client = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut request = url.into_client_request().unwrap();
            for (name, value) in [("token", "hello"), ("User-Agent", "test"), ("X-Twice", "1")] {
                request.headers_mut().append(name, value.parse().unwrap());
            }
            request
                .headers_mut()
                .append("X-Twice", "2".parse().unwrap());
            let (mut socket, _) = connect_async(request).await.unwrap();
            for (_, message) in MESSAGES {
                socket.send(Message::text(message)).await.unwrap();
            }
            let close = CloseFrame {
                code: 4001.into(),
                reason: "bye".into(),
            };
            socket.close(Some(close)).await.unwrap();
            while socket.next().await.is_some_and(|frame| frame.is_ok()) {}
        });
    });
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    ]});
    let authorized =
        json!({"principalId": "ada", "policyDocument": policy, "context": parsed(AUTHORIZED)});
    let mut events = Vec::new();
    for number in 0..3 + MESSAGES.len() {
        let call = function.next();
        call.returns(&match number {
            0 => authorized.to_string(),
            _ => r#"{"statusCode": 200}"#.to_owned(),
        });
        events.push(call.event);
    }
    client.join().unwrap();
    served.end();
    events
}

#[test]
fn they_are_what_a_running_gateway_hands_over() {
    let function = Function::new("events-same");
    let template = template("events-same", &function);
    let real = events_of_a_gateway(&function, &template);
    let [authorizer, connect, proxied, mapped, through, disconnect] = &real[..] else {
        panic!("six events: {real:?}");
    };
    let first = parsed(authorizer);
    let context = &first["requestContext"];
    let trace_id = first["headers"]["X-Amzn-Trace-Id"].as_str().unwrap();
    let address = context["identity"]["sourceIp"].as_str().unwrap();
    // This client asks for no extensions.
    let mut common = vec!["--header=Sec-WebSocket-Extensions:".to_owned()];
    common.extend(headers(&first));
    common.extend(["--query", "room=a&room=b%20c", "--source-ip", address].map(str::to_owned));
    common.extend(["--principal", "ada", "--authorizer-context", AUTHORIZED].map(str::to_owned));
    common.push(format!("--trace-id={trace_id}"));
    let event = |route: &str, context: &Value, more: &[&str]| {
        let own = ids(context);
        let options = common.iter().chain(&own).map(String::as_str);
        let options: Vec<&str> = options.chain(more.iter().copied()).collect();
        printed(&[&[route, &template], &options[..]].concat())
    };
    let same = |printed: &str, real: &str| assert_eq!(comparable(printed), comparable(real));

    same(&event("authorizer", context, &[]), authorizer);
    same(
        &event("connect", &parsed(connect)["requestContext"], &[]),
        connect,
    );
    let message = ["--message", MESSAGES[0].1];
    same(
        &event("proxied", &parsed(proxied)["requestContext"], &message),
        proxied,
    );
    same(
        &event("message", &parsed(proxied)["requestContext"], &message),
        proxied,
    );
    let closed = ["--close-code", "4001", "--close-reason", "bye"];
    same(
        &event("disconnect", &parsed(disconnect)["requestContext"], &closed),
        disconnect,
    );

    // What a template renders, and what passes through, is the same to the last blank.
    let values = parsed(mapped);
    let of_the_template = json!({
        "connectionId": values["id"], "requestId": values["request"], "messageId": values["message"],
        "requestTimeEpoch": values["at"][0], "connectedAt": values["at"][1],
    });
    let printed = event("mapped", &of_the_template, &["--message", MESSAGES[1].1]);
    assert_eq!(printed.trim_end(), mapped.trim_end());
    assert_eq!(values["who"], "ada 7");
    let printed = event("through", &of_the_template, &["--message", MESSAGES[2].1]);
    assert_eq!(printed.trim_end(), through);
}

#[test]
fn the_same_arguments_give_the_same_text_unless_it_is_to_be_random() {
    let arguments = [
        "join",
        "--no-template",
        "--message",
        r#"{"action": "join"}"#,
    ];
    assert_eq!(printed(&arguments), printed(&arguments));
    let random = [&arguments[..], &["--random"]].concat();
    let [one, other] = [printed(&random), printed(&random)].map(|text| parsed(&text));
    for id in ["connectionId", "requestId", "messageId"] {
        let [one, other] = [&one, &other].map(|event| &event["requestContext"][id]);
        assert!(one.is_string() && one != other, "{id}: {one} {other}");
    }
}

// After the events that were seen on AWS (snapshots/event).
#[test]
fn without_a_template_everything_can_be_set() {
    let event = parsed(&printed(&[
        "$disconnect",
        "--no-template",
        "--stage=prod",
        "--domain=dl7ptocha9.execute-api.us-east-1.amazonaws.com",
        "--source-ip=49.105.91.154",
        "--header=User-Agent: Mozilla/5.0",
        "--connection-id=R1kmxc2VNjMCFIA=",
        "--request-id=R1knPH17NjMFftw=",
        "--connected-at=2024-01-20T11:54:57.419Z",
        "--time=1705751708326",
    ]));
    let seen = std::fs::read_to_string(root().join("snapshots/event/disconnect.snap")).unwrap();
    let (_, seen) = seen.split_once("---\n{").unwrap();
    let mut seen = parsed(&format!("{{{seen}"));
    // The API's id is the template's.
    seen["requestContext"]["apiId"] = event["requestContext"]["apiId"].clone();
    assert_eq!(event, seen);
}

#[test]
fn what_connect_wants_to_see_is_added_and_told() {
    let function = Function::new("events-wants");
    let template = template("events-wants", &function);
    let output = gatespec(&["events", "connect", &template]);
    let event = parsed(&stdout(&output));
    assert_eq!(event["headers"]["token"], "VALUE");
    assert_eq!(event["requestContext"]["authorizer"]["principalId"], "user");
    assert!(stderr(&output).contains("added `--header 'token: VALUE'`"));
    let quiet = gatespec(&["events", "connect", &template, "--header", "Token: mine"]);
    assert_eq!(stderr(&quiet), "");
    // An hour is longer than a silent connection lives.
    let hour = ["--connected-at=1705751697419", "--time=1705755297419"];
    let late = printed(&[&["proxied", &*template], &hour[..]].concat());
    assert_eq!(
        parsed(&late)["requestContext"]["requestTimeEpoch"],
        1_705_755_297_419_u64
    );
}

#[test]
fn a_backend_s_request_is_shown() {
    let fixture = root().join("conformance/fixtures/http.yaml");
    let fixture = fixture.display().to_string();
    let backend = "--parameter=BackendUrl=http://127.0.0.1:9";
    let shown = parsed(&printed(&["proxy", &fixture, backend]));
    assert_eq!(shown["url"], "http://127.0.0.1:9/proxy");
    assert_eq!(shown["body"], r#"{"action": "proxy"}"#);
}

#[rstest]
#[case::a_template_and_none(&["proxied", "--no-template"], 2, "cannot be used with")]
#[case::unknown(&["proxyed"], 2, "did you mean `proxied`?")]
#[case::no_message(&["message"], 2, "`message` needs one")]
#[case::another_route(&["proxied", "--message", r#"{"action": "mapped"}"#], 2, "route `mapped`")]
#[case::nothing_is_called(&["without"], 1, "nothing is called")]
#[case::a_time_before_it(&["proxied", "--connected-at=2", "--time=1"], 2, "behind `--connected-at`")]
#[case::no_time(&["proxied", "--time=noon"], 2, "2024-01-20T11:55:00.453Z")]
#[case::no_header(&["connect", "--header=token"], 2, "`token: hello`")]
#[case::no_context(&["connect", "--authorizer-context=[]"], 2, "must be a JSON object")]
#[case::a_context_that_is_none(&["connect", "--authorizer-context={\"a\": {}}"], 1, "nothing is called")]
#[case::refused(&["proxied", "--authorizer-context={\"a\": {}}"], 1, "refused with 500")]
fn what_is_wrong_is_told(#[case] arguments: &[&str], #[case] status: i32, #[case] mention: &str) {
    let name = support::name("events-mistakes");
    let template = template(&name, &Function::new(&name));
    let (route, options) = arguments.split_first().unwrap();
    let output = gatespec(&[&["events", route, &template], options].concat());
    let told = stderr(&output);
    assert_eq!(
        (code(&output), &*stdout(&output)),
        (Some(status), ""),
        "{told}"
    );
    assert!(told.contains(mention), "{told}");
}
