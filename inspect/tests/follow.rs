//! What is followed of a load that is too much, and what is known of what is not.

use std::path::PathBuf;
use std::time::Duration;

use gateway::{Control, LocalClient, Options};
use inspect::{Changes, Cursor, Masks, Request, Store};
use spec::http::Headers;
use spec::throttle::Limit;
use stack::{Assembly, Settings};
use tokio::time::{sleep, timeout};

/// How long anything may take on a busy machine before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than is followed at once.
const FLOOD: u64 = 2500;
const SECRET: &str = "the-pass-of-the-day-0123456789";

/// A stack whose authorizer reads `header`.
fn stack(header: &str) -> String {
    format!(
        "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Authorizer:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: own
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/\
         arn:aws:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:nobody/invocations'
      IdentitySource: [route.request.header.{header}]
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {{$default: '{{\"statusCode\": 200}}'}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${{Integration}}'}}
"
    )
}

fn assembly(header: &str) -> Assembly {
    let folder = std::env::temp_dir();
    let read = Assembly::parse("follow.yaml", &stack(header), &folder, &Settings::default());
    read.expect("a stack")
}

async fn start(name: &str) -> (Control, Store, LocalClient) {
    let file = format!("inspect-{name}-{}.yaml", std::process::id());
    let path: PathBuf = std::env::temp_dir().join(file);
    std::fs::write(&path, stack("Old-Pass")).expect("a file");
    let mut options = Options::new(&path);
    options.dynamodb_url = None;
    options.account_limit = Limit {
        rate: 1e9,
        burst: u32::MAX,
    };
    let gateway = gateway::start(options).await.expect("a gateway");
    std::fs::remove_file(path).expect("the file is there");
    let store = Store::new(Masks::new(gateway.assembly().api()));
    tokio::spawn(inspect::follow(gateway.clone(), store.clone()));
    let client = gateway.connect(&Headers::default(), "").await;
    // It is followed, or came before that began.
    until(&store, |now| now.cursor.number + now.lost == 1).await;
    (gateway, store, client.expect("a client"))
}

/// Sends more than is followed.
fn flood(gateway: &Control, client: &LocalClient) {
    for number in 0..FLOOD {
        let text = format!(r#"{{"number":{number}}}"#);
        assert!(gateway.send_as_client(client.connection_id(), text));
    }
}

/// Waits until the store is as wanted.
async fn until(store: &Store, is_wanted: impl Fn(&Changes) -> bool) {
    let waits = async {
        while !is_wanted(&store.changes(Cursor::default())) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = timeout(PATIENCE, waits).await;
    let now = store.changes(Cursor::default());
    waited.unwrap_or_else(|_| panic!("{} followed, {} lost", now.cursor.number, now.lost));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_is_followed_or_counted() {
    let (gateway, store, client) = start("counted").await;
    for round in 1..=2 {
        flood(&gateway, &client);
        let arrived = gateway.arrived();
        assert_eq!(arrived, 1 + round * FLOOD);
        until(&store, |now| now.cursor.number + now.lost == arrived).await;
    }
    assert!(store.changes(Cursor::default()).lost > 0);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secrets_of_a_deployment_that_nobody_followed_are_masked() {
    let (gateway, store, client) = start("deployed").await;
    // Once all of the budget is gone, a second begins in which nothing is followed.
    flood(&gateway, &client);
    until(&store, |now| now.cursor.number >= 1000).await;
    let applied = gateway.apply(assembly("New-Pass")).await;
    applied.expect("the same but for a header");
    until(&store, |now| {
        now.cursor.number + now.lost == gateway.arrived()
    })
    .await;
    let headers = Headers::from_iter([("New-Pass", SECRET)]);
    let _client = gateway.connect(&headers, "").await;
    let is_it = |request: &Request| matches!(request, Request::Handshake { headers, .. } if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("new-pass")));
    until(&store, |now| {
        now.exchanges.iter().any(|one| is_it(&one.exchange.request))
    })
    .await;
    let exchanges = store.exchanges();
    let handshake = exchanges.iter().find(|one| is_it(&one.request));
    let shown = store.json(handshake.expect("it is there")).to_string();
    assert!(shown.contains("\"***\""), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    gateway.shutdown().await;
}
