//! The outbox, for tests and for people: `GET /@outbox` shows what integrations have sent to services
//! that are nowhere, `DELETE /@outbox` forgets it.
//!
//! No stage's name and no API mapping's key can have an `@`.

use std::net::SocketAddr;
use std::sync::Arc;

use super::origin::is_loopback;
use crate::http1::{Connection, Head};
use crate::services::aws::Services;

const PATH: &str = "/@outbox";

/// Whether a path is the outbox's.
pub(super) fn is_meant(path: &str) -> bool {
    path == PATH
}

/// Answers a request; whether another may follow.
///
/// Nobody signs it, so only who is on this machine may ask.
pub(super) async fn answer(
    services: &Arc<Services>,
    peer: SocketAddr,
    connection: &mut Connection,
    head: &Head,
) -> bool {
    let keep_alive = head.keep_alive && connection.whole(head, 0).await.is_ok();
    let allow = ("allow", "GET, DELETE");
    let text = ("content-type", "text/plain; charset=utf-8");
    let (status, header, body) = match &*head.method {
        _ if !is_loopback(peer.ip()) => (403, text, refusal(head, peer)),
        "GET" => {
            let services = Arc::clone(services);
            // Megabytes, perhaps: for a thread that nobody else needs.
            let shown = tokio::task::spawn_blocking(move || services.outbox.to_json()).await;
            let json = ("content-type", "application/json");
            (200, json, shown.expect("it does not panic"))
        }
        "DELETE" => {
            services.outbox.clear();
            (204, allow, String::new())
        }
        _ => (405, allow, String::new()),
    };
    let written = connection
        .respond(status, [header], body.as_bytes(), keep_alive)
        .await;
    written.is_ok() && keep_alive
}

/// What the peer and the log are told.
fn refusal(head: &Head, peer: SocketAddr) -> String {
    let text = format!(
        "the outbox is for this machine's own programs, at its loopback address, and not for {}",
        peer.ip().to_canonical()
    );
    tracing::warn!("{} {PATH} refused with 403: {text}", head.method);
    format!("{text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::Limits;
    use crate::services::outbox::Outbox;
    use rstest::rstest;
    use spec::signature::Caller;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    #[rstest]
    #[case("127.0.0.1:1", 200, 204)]
    #[case("127.9.9.9:1", 200, 204)]
    #[case("[::1]:1", 200, 204)]
    #[case("[::ffff:127.0.0.1]:1", 200, 204)]
    #[case("192.0.2.2:1", 403, 403)]
    #[case("[::ffff:192.0.2.2]:1", 403, 403)]
    #[case("[fe80::1]:1", 403, 403)]
    #[tokio::test]
    async fn only_this_machines_programs_see_the_outbox(
        #[case] peer: &str,
        #[case] get: u16,
        #[case] delete: u16,
    ) {
        let services = Arc::new(Services {
            dynamodb_url: String::new(),
            endpoints: [].into(),
            caller: Caller::functions(&spec::Api::new("$request.body.action", "test")),
            outbox: Outbox::default(),
        });
        for (method, expected) in [("GET", get), ("DELETE", delete)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let mut client = TcpStream::connect(listener.local_addr().expect("its address"))
                .await
                .expect("it accepts");
            let accepted = listener.accept().await.expect("the client").0;
            let mut connection = Connection::new(accepted.into(), Limits::default());
            let request = format!("{method} {PATH} HTTP/1.1\r\nConnection: close\r\n\r\n");
            client
                .write_all(request.as_bytes())
                .await
                .expect("it reads");
            let head = connection
                .head()
                .await
                .expect("it is whole")
                .expect("there is one");
            let peer = peer.parse().expect("an address");
            assert!(!answer(&services, peer, &mut connection, &head).await);
            drop(connection);
            let mut answer = String::new();
            client
                .read_to_string(&mut answer)
                .await
                .expect("it is text");
            let status = format!("HTTP/1.1 {expected} ");
            assert!(answer.starts_with(&status), "{answer}");
            assert_eq!(answer.contains("\"requests\""), expected == 200, "{answer}");
        }
    }
}
