//! What watching costs: the processor time of a message with and without a fold that takes all that
//! the gateway does, by turns, for fifty clients that wait for their answers. Messages of a mock are
//! the cheapest that there are; `GATESPEC_RATE_TEMPLATE=FILE`, whose `$default` answers, measures
//! those of another stack, with the processes of its functions.

#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::{Control, FunctionOutput, Options};
use inspect::{Fold, Masks};
use spec::throttle::Limit;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

const STACK: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {$default: '{\"statusCode\": 200}'}
  Response:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Integration
      IntegrationResponseKey: $default
      ResponseTemplates: {$default: '{\"id\": \"$context.connectionId\"}'}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $default
      RouteResponseSelectionExpression: $default
      Target: !Sub integrations/${Integration}
  RouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}
";

const CLIENTS: usize = 50;
const MESSAGES: usize = 60;
const ROUNDS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_costs_less_than_the_message_itself() {
    let own = std::env::temp_dir().join(format!("gatespec-rate-{}.yaml", std::process::id()));
    std::fs::write(&own, STACK).expect("a file");
    let template = std::env::var_os("GATESPEC_RATE_TEMPLATE");
    let mut options = Options::new(template.map_or(own.clone(), PathBuf::from));
    // As `serve` writes it: with the figures of each call.
    options.function_output = FunctionOutput::File("/dev/null".into());
    options.account_limit = Limit {
        rate: 1e9,
        burst: u32::MAX,
    };
    let gateway = gateway::start(options).await.expect("a gateway");
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let connected = tokio_tungstenite::connect_async(gateway.ws_url()).await;
        clients.push(connected.expect("a client").0);
    }
    // Functions' processes start, whatever is allocated is.
    (clients, _) = talk(clients).await;
    let (mut plain, mut watched) = (0, 0);
    for round in 0..ROUNDS {
        let watcher = (round % 2 == 1).then(|| watch(&gateway));
        let used;
        (clients, used) = talk(clients).await;
        match watcher {
            Some(watcher) => {
                watched += used;
                watcher.abort();
            }
            None => plain += used,
        }
    }
    std::fs::remove_file(own).expect("the file is there");
    let messages = (CLIENTS * MESSAGES * ROUNDS / 2) as f64;
    let micros = |ticks: u64| ticks as f64 * 10_000.0 / messages;
    let figures = format!(
        "{:.0} µs a message, {:.0} µs watched: {:.2}",
        micros(plain),
        micros(watched),
        plain as f64 / watched as f64
    );
    println!("{figures}");
    assert!(watched < 2 * plain, "{figures}");
    gateway.shutdown().await;
}

/// Takes all that the gateway does, as the inspect page does.
fn watch(gateway: &Control) -> JoinHandle<()> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut trace = gateway.trace();
    let mut masks = Masks::default();
    let open = gateway.connections().into_iter();
    let mut fold = Fold::new(open.map(|one| (one.peer, one.connection_id)));
    tokio::spawn(async move {
        while let Some(first) = trace.next().await {
            fold.take(&first);
            tokio::time::sleep(PAUSE).await;
            while let Some(next) = trace.try_next() {
                fold.take(&next);
            }
            for exchange in fold.changes() {
                masks.learn(&exchange);
            }
        }
    })
}

/// All clients send their messages, each as fast as it is answered: what that took.
async fn talk(clients: Vec<Client>) -> (Vec<Client>, u64) {
    let before = used();
    let talking = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            for _ in 0..MESSAGES {
                let message = Message::text(r#"{"action":"x","data":{"room":"room1234"}}"#);
                client.send(message).await.expect("a connection");
                client.next().await.expect("an answer").expect("an answer");
            }
            client
        })
    });
    let talking: Vec<JoinHandle<Client>> = talking.collect();
    let mut clients = Vec::new();
    for talk in talking {
        clients.push(talk.await.expect("no panic"));
    }
    (clients, used() - before)
}

/// The processor time of this process and of its children, in hundredths of a second.
fn used() -> u64 {
    let own = u64::from(std::process::id());
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    let stats = processes.map(|process| std::fs::read_to_string(process.path().join("stat")));
    let ticks = stats.filter_map(|stat| {
        let stat = stat.ok()?;
        let (start, rest) = stat.rsplit_once(") ")?;
        let id: u64 = start.split(' ').next()?.parse().ok()?;
        // Behind the name: the state, the parent, and from the twelfth field on the times.
        let fields: Vec<&str> = rest.split(' ').collect();
        let field = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let is_own = id == own || field(1) == Some(own);
        is_own.then(|| field(11).unwrap_or(0) + field(12).unwrap_or(0))
    });
    ticks.sum()
}
