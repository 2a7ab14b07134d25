//! One port for clients and backends, plain or with TLS: WebSocket at `/{stage}`, the `@connections`
//! API below `/{stage}/@connections`, Lambda's Invoke API, the outbox, and
//! what is mounted below `/@inspect`.

mod client;
mod foreign;
mod invoke;
mod mount;
pub(crate) mod origin;
mod outbox;
pub(crate) mod serve;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use spec::io::ManagementRequest;
use spec::limits::MESSAGE_BYTES;
use spec::management::is_management;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::http1::{Connection, Head, ReadError};
use crate::hub::Hub;
use crate::mount::Mounted;
use crate::services::aws::Services;
use crate::supervisor::{Supervisor, panic_message};
pub(crate) use invoke::Lambda;
use origin::{Hosts, Pages};
use serve::{Name, Service};

/// The DynamoDB in this process, if it is there, all other services, and what is mounted.
pub(crate) type Others<D> = (Option<Arc<D>>, Arc<Services>, Arc<Mounted>);

/// Accepts connections until `stop`, then keeps those that are there until it is dropped.
/// Requests that are signed for DynamoDB are answered by `dynamodb`, if it is in this process.
pub(crate) async fn run<D: Service + 'static>(
    (hub, lambda, (dynamodb, services, mounted)): (Arc<Hub>, Arc<Lambda>, Others<D>),
    listener: TcpListener,
    (hosts, acceptor): (Hosts, TlsAcceptor),
    stop: Arc<Notify>,
    supervisor: Supervisor,
) {
    let mut connections = JoinSet::new();
    let closing = Arc::new(AtomicBool::new(false));
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let api = Api {
                        hub: Arc::clone(&hub),
                        lambda: Arc::clone(&lambda),
                        dynamodb: dynamodb.clone(),
                        services: Arc::clone(&services),
                        mounted: Arc::clone(&mounted),
                        address,
                        closing: Arc::clone(&closing),
                    };
                    let (hosts, acceptor) = (hosts.clone(), acceptor.clone());
                    connections.spawn(async move {
                        serve::accept(&api, &hosts, &acceptor, stream).await;
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: some may come back.
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(ended) = connections.join_next() => look(ended, &hub, &supervisor),
            () = stop.notified() => break,
        }
    }
    closing.store(true, Ordering::SeqCst);
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        look(ended, &hub, &supervisor);
    }
    std::future::pending::<()>().await;
}

/// A connection's task that panicked costs its client the connection, and nobody else anything:
/// unless the machine broke with it.
fn look(ended: Result<(), JoinError>, hub: &Hub, supervisor: &Supervisor) {
    let Err(error) = ended else { return };
    let cause = panic_message(error);
    if hub.is_broken() {
        supervisor.report("the machine", cause);
    } else {
        tracing::error!("the task of a connection panicked, which is closed: {cause}");
    }
}

/// The API on one connection.
struct Api<D> {
    hub: Arc<Hub>,
    lambda: Arc<Lambda>,
    dynamodb: Option<Arc<D>>,
    services: Arc<Services>,
    mounted: Arc<Mounted>,
    /// The peer's.
    address: SocketAddr,
    /// The gateway goes down: no connection is kept for another request.
    closing: Arc<AtomicBool>,
}

impl<D: Service> Service for Api<D> {
    const NAME: Name = Name::Gateway;

    fn pages(&self, head: &Head) -> Pages {
        if mount::is_meant(head.path()) && self.mounted.is_there() {
            // The mount refuses all but its own.
            return Pages::Allowed;
        }
        let is_for_programs = invoke::is_meant(head.path())
            || outbox::is_meant(head.path())
            || is_management(head.path(), &head.headers)
            || foreign::service(head).is_some();
        match is_for_programs {
            true => Pages::Refused,
            false => Pages::Allowed,
        }
    }

    async fn answer(
        &self,
        mut connection: Box<Connection>,
        mut head: Head,
    ) -> Option<Box<Connection>> {
        head.keep_alive &= !self.closing.load(Ordering::SeqCst);
        if mount::is_meant(head.path()) && self.mounted.is_there() {
            let again = mount::answer(&self.mounted, self.address, &mut connection, head).await;
            again.then_some(connection)
        } else if let Some(service) = foreign::service(&head) {
            if let Some(dynamodb) = self.dynamodb.as_ref().filter(|_| service == "dynamodb") {
                return dynamodb.answer(connection, head).await;
            }
            let answered = foreign::refuse(&mut connection, &head, &service).await;
            answered.then_some(connection)
        } else if invoke::is_meant(head.path()) {
            let again = invoke::answer(&self.lambda, self.address, &mut connection, &head).await;
            again.then_some(connection)
        } else if outbox::is_meant(head.path()) {
            let again = outbox::answer(&self.services, self.address, &mut connection, &head).await;
            again.then_some(connection)
        } else if is_management(head.path(), &head.headers) {
            let again = management(&self.hub, &mut connection, head, self.address).await;
            again.then_some(connection)
        } else {
            upgrade::handshake(&self.hub, connection, head, self.address).await
        }
    }
}

/// Answers a request to the `@connections` API; whether another may follow.
async fn management(
    hub: &Hub,
    connection: &mut Connection,
    head: Head,
    address: SocketAddr,
) -> bool {
    // One byte more than may be, so that the specification sees that it is too much.
    let body = match connection.body(&head, MESSAGE_BYTES + 1).await {
        Ok(body) => body,
        Err(ReadError::Gone) => return false,
        Err(ReadError::Malformed(status)) => {
            let _ = connection.respond(status, [], b"", false).await;
            return false;
        }
    };
    let request = ManagementRequest {
        method: head.method,
        path: head.target,
        headers: head.headers,
        source_ip: address.ip().to_canonical().to_string(),
        body,
    };
    let response = hub.management(request).await;
    let written = connection
        .respond(
            response.status,
            response.headers.iter(),
            response.body.as_bytes(),
            head.keep_alive,
        )
        .await;
    written.is_ok() && head.keep_alive
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Control, Notice, Options};
    use futures_util::{SinkExt, StreamExt};
    use spec::io::Reason;
    use tokio::time::timeout;
    use tokio_tungstenite::connect_async;
    use tokio_tungstenite::tungstenite::Message;

    const PANIC: &str = "panic, as a test asks";

    /// A task of a client panics at this message, in tests only.
    pub(super) fn perhaps_panic(message: &str) {
        assert_ne!(message, PANIC);
    }

    const STACK: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: quiet}
";

    /// How long anything may take on a busy machine before a test fails.
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn start(name: &str) -> Control {
        let name = format!("gatespec-{name}-{}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, STACK).unwrap();
        let gateway = crate::start(Options::new(&path)).await.unwrap();
        std::fs::remove_file(path).unwrap();
        gateway
    }

    // Race 6 of the review: the connection lived on in the machine, and posts to it said 200.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_client_whose_task_panics_is_disconnected() {
        let gateway = start("a-client-panics").await;
        let mut decisions = gateway.subscribe();
        let (mut other, _) = connect_async(gateway.ws_url()).await.unwrap();
        let (mut client, _) = connect_async(gateway.ws_url()).await.unwrap();
        assert_eq!(gateway.snapshot().connections, 2);
        client.send(Message::text(PANIC)).await.unwrap();
        // The client sees its connection end, without a close frame.
        assert!(matches!(client.next().await, Some(Err(_)) | None));
        let disconnected = async {
            let is_end = |notice| {
                matches!(notice, Notice::Decision(decision)
                    if matches!(decision.reason, Reason::Disconnected(_)))
            };
            while !is_end(decisions.next().await.unwrap()) {}
        };
        timeout(PATIENCE, disconnected).await.unwrap();
        assert_eq!(gateway.snapshot().connections, 1);
        // The others are served on.
        other.send(Message::text("{}")).await.unwrap();
        assert!(matches!(other.next().await, Some(Ok(Message::Text(_)))));
        gateway.shutdown().await;
    }

    // A machine that panicked used to be served on, in whatever state the panic had left it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_machine_that_panicked_is_a_fault() {
        let gateway = start("the-machine-panics").await;
        let broken = gateway.clone();
        let broken = tokio::spawn(async move { broken.break_the_machine() });
        assert!(broken.await.unwrap_err().is_panic());
        assert!(connect_async(gateway.ws_url()).await.is_err());
        let fault = timeout(PATIENCE, gateway.fault()).await.unwrap();
        assert_eq!(fault.part, "the machine");
        // It still goes down, without a word to the machine.
        timeout(PATIENCE, gateway.shutdown()).await.unwrap();
    }
}
