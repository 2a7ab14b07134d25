//! What is mounted below `/@inspect`: only who is on this machine may ask, under this machine's own
//! names, and no web page but the mount's.
//!
//! No stage's name and no API mapping's key can have an `@`.

use std::net::SocketAddr;

use super::origin::{Hosts, is_loopback};
use crate::http1::{Connection, Head, ReadError};
use crate::mount::{Answer, Body, Mounted};

const PATH: &str = "/@inspect";
/// The most bytes of a body: a template and a message, and more than either may have.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// Whether a path is the mount's.
pub(super) fn is_meant(path: &str) -> bool {
    let rest = path.strip_prefix(PATH);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request; whether another may follow.
pub(super) async fn answer(
    mounted: &Mounted,
    peer: SocketAddr,
    connection: &mut Connection,
    head: Head,
) -> bool {
    let refused = refusal(&head, peer);
    let body = match connection.whole(&head, BODY_BYTES).await {
        Ok(body) => body,
        Err(ReadError::Gone) => return false,
        Err(ReadError::Malformed(status)) => {
            let _ = connection.respond(status, [], b"", false).await;
            return false;
        }
    };
    if let Some(why) = refused {
        let why = crate::log::escape(&why).into_owned();
        tracing::warn!("{} {PATH} refused with 403: {why}", head.method);
        return say(connection, 403, &why, head.keep_alive).await;
    }
    if body.length > BODY_BYTES as u64 {
        let text = format!("the body may have {BODY_BYTES} bytes");
        return say(connection, 413, &text, head.keep_alive).await;
    }
    let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
    let path = path.strip_prefix(PATH).unwrap_or_default().to_owned();
    let line = (head.method, path, query.to_owned());
    let asked = mounted.ask(line, head.headers, body.bytes);
    let answer = tokio::select! {
        answer = asked => answer,
        () = connection.gone() => return false,
    };
    match answer {
        Some(answer) => give(connection, answer, head.keep_alive).await,
        None => say(connection, 503, "nothing answers here", false).await,
    }
}

async fn give(connection: &mut Connection, answer: Answer, keep_alive: bool) -> bool {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let mut pieces = match body {
        Body::Whole(bytes) => {
            let written = connection
                .respond(status, headers.iter(), &bytes, keep_alive)
                .await;
            return written.is_ok() && keep_alive;
        }
        Body::Stream(pieces) => pieces,
    };
    if connection.begin(status, headers.iter()).await.is_err() {
        return false;
    }
    loop {
        let piece = tokio::select! {
            piece = pieces.recv() => piece,
            () = connection.gone() => None,
        };
        let Some(piece) = piece else { return false };
        if connection.push(&piece).await.is_err() {
            return false;
        }
    }
}

/// Answers with a line of text; whether another request may follow.
async fn say(connection: &mut Connection, status: u16, text: &str, keep_alive: bool) -> bool {
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
    ];
    let body = format!("{text}\n");
    let written = connection
        .respond(status, headers, body.as_bytes(), keep_alive)
        .await;
    written.is_ok() && keep_alive
}

/// Why a request is not let through, if it is not.
fn refusal(head: &Head, peer: SocketAddr) -> Option<String> {
    if !is_loopback(peer.ip()) {
        let peer = peer.ip().to_canonical();
        return Some(format!(
            "the inspect page is for this machine only, at its loopback address, and not for {peer}"
        ));
    }
    let host = head.headers.get("Host").unwrap_or_default();
    if !Hosts::loopback().contains(host) {
        // Neither by the API's own name nor by those of `--allow-host`: pages of these names exist.
        return Some(foreign(host));
    }
    let origin = head.headers.get("Origin");
    let is_own = |origin: &str| {
        let name = ["http://", "https://"].map(|scheme| origin.strip_prefix(scheme));
        let mut names = name.into_iter().flatten();
        names.any(|name| name.eq_ignore_ascii_case(host))
    };
    if let Some(origin) = origin.filter(|origin| !is_own(origin)) {
        return Some(from_a_page("Origin", origin));
    }
    // Who follows a link to the page from elsewhere sees it, without the token, and not in a frame.
    let field = |name| head.headers.get(name).unwrap_or_default();
    let follows = head.method == "GET"
        && field("Sec-Fetch-Mode") == "navigate"
        && field("Sec-Fetch-Dest") == "document";
    match field("Sec-Fetch-Site") {
        "" | "none" | "same-origin" => None,
        _ if follows => None,
        site => Some(from_a_page("Sec-Fetch-Site", site)),
    }
}

/// Why a request under this name is refused.
pub(super) fn foreign(host: &str) -> String {
    format!(
        "the inspect page is at `localhost` or a loopback address, and the request's `Host` header \
         is `{host}`"
    )
}

fn from_a_page(header: &str, value: &str) -> String {
    format!("the request comes from another web page (`{header}: {value}`)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::Limits;
    use rstest::rstest;
    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};

    const HERE: &str = "127.0.0.1:1";

    #[rstest]
    #[case::page("/@inspect", true)]
    #[case::below("/@inspect/api/live", true)]
    #[case::other("/@inspector", false)]
    #[case::stage("/prod/@inspect", false)]
    #[case::encoded("/%40inspect", false)]
    fn the_mount_has_its_paths(#[case] path: &str, #[case] expected: bool) {
        assert_eq!(is_meant(path), expected);
    }

    #[rstest]
    #[case("127.0.0.1:1", true)]
    #[case("127.9.9.9:1", true)]
    #[case("[::1]:1", true)]
    #[case("[::ffff:127.0.0.1]:1", true)]
    #[case("192.0.2.2:1", false)]
    #[case("[::ffff:192.0.2.2]:1", false)]
    #[case("[fe80::1]:1", false)]
    #[tokio::test]
    async fn only_this_machines_programs_may_ask(#[case] peer: &str, #[case] is_let_in: bool) {
        let head = head("GET", "Host: localhost\r\n").await;
        assert_eq!(
            refusal(&head, peer.parse().expect("an address")).is_none(),
            is_let_in
        );
    }

    #[rstest]
    #[case::name("Host: localhost:3001", true)]
    #[case::v4("Host: 127.0.0.1:3001", true)]
    #[case::v6("Host: [::1]:3001", true)]
    #[case::below("Host: api.localhost", true)]
    #[case::none("X: y", false)]
    #[case::rebound("Host: evil.example:3001", false)]
    #[case::own_name_on_aws("Host: abc.execute-api.eu-west-1.amazonaws.com", false)]
    #[case::allowed_host("Host: host.docker.internal:3001", false)]
    #[case::address("Host: 192.168.1.7:3001", false)]
    #[case::any("Host: 0.0.0.0:3001", false)]
    #[case::own("Host: localhost:1\r\nOrigin: http://localhost:1", true)]
    #[case::own_tls("Host: localhost:1\r\nOrigin: https://localhost:1", true)]
    #[case::other_port("Host: localhost:1\r\nOrigin: http://localhost:2", false)]
    #[case::other_name("Host: localhost:1\r\nOrigin: http://127.0.0.1:1", false)]
    #[case::page("Host: localhost:1\r\nOrigin: https://evil.example", false)]
    #[case::file("Host: localhost:1\r\nOrigin: null", false)]
    #[case::typed("Host: localhost\r\nSec-Fetch-Site: none", true)]
    #[case::script("Host: localhost\r\nSec-Fetch-Site: same-origin", true)]
    #[case::image("Host: localhost\r\nSec-Fetch-Site: cross-site", false)]
    #[case::other_app("Host: localhost\r\nSec-Fetch-Site: same-site", false)]
    #[case::link(
        "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\
         Sec-Fetch-Dest: document",
        true
    )]
    #[case::frame(
        "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\
         Sec-Fetch-Dest: iframe",
        false
    )]
    #[tokio::test]
    async fn only_the_mounts_own_pages_may_ask(#[case] fields: &str, #[case] is_let_in: bool) {
        let head = head("GET", &format!("{fields}\r\n")).await;
        let refused = refusal(&head, HERE.parse().expect("an address"));
        assert_eq!(refused.is_none(), is_let_in, "{refused:?}");
    }

    #[tokio::test]
    async fn a_form_of_another_page_is_no_link() {
        let fields = "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\
                      Sec-Fetch-Dest: document\r\n";
        let head = head("POST", fields).await;
        assert!(refusal(&head, HERE.parse().expect("an address")).is_some());
    }

    /// The head of a request with these fields.
    async fn head(method: &str, fields: &str) -> Head {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let mut client = TcpStream::connect(address).await.expect("it accepts");
        let accepted = listener.accept().await.expect("the client").0;
        let mut connection = Connection::new(accepted.into(), Limits::default());
        let request = format!("{method} {PATH} HTTP/1.1\r\n{fields}\r\n");
        client
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        let head = connection.head().await;
        head.expect("it is whole").expect("there is one")
    }
}
