//! The kit's own handshake, to the byte: header names as the case spells them, and the whole
//! response of a refusal. WebSocket libraries lower-case the one and drop the other.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::net::{Address, Stream};
use crate::session::{Answer, SessionError};

/// The most bytes that the head of a response may have.
const MOST_HEAD: usize = 64 * 1024;

/// Asks for an upgrade: the answer, and the socket when it was 101.
pub(super) async fn upgrade(
    url: &str,
    headers: impl Iterator<Item = (&str, &str)> + Clone,
    patience: Duration,
) -> Result<(Answer, Option<WebSocketStream<Stream>>), SessionError> {
    let address = Address::parse(url).map_err(SessionError::other)?;
    let key = generate_key();
    let named = headers.clone().find(|(name, _)| *name == "Host");
    let host = named.map_or(&*address.authority, |(_, host)| host);
    let mut request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
        address.target, host
    );
    for (name, value) in headers.filter(|(name, _)| *name != "Host") {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let exchange = async {
        let mut stream = address.connect().await.map_err(SessionError::other)?;
        stream
            .write_all(request.as_bytes())
            .await
            .map_err(SessionError::other)?;
        let (mut answer, rest) = read_head(&mut stream).await?;
        if answer.status != 101 {
            let body = read_body(&mut stream, &answer, rest).await?;
            answer.body = String::from_utf8_lossy(&body).into_owned();
            return Ok((answer, None));
        }
        let expected = derive_accept_key(key.as_bytes());
        if answer.header("Sec-WebSocket-Accept") != Some(&expected) {
            return Err(SessionError::Violation(
                "the 101 has the wrong `Sec-WebSocket-Accept`".to_owned(),
            ));
        }
        let socket = WebSocketStream::from_partially_read(stream, rest, Role::Client, None).await;
        Ok((answer, Some(socket)))
    };
    timeout(patience, exchange)
        .await
        .map_err(|_| SessionError::Silence(patience))?
}

/// The host that a URL names, with its port where it has one; nothing when it is no URL.
pub(super) fn host(url: &str) -> String {
    Address::parse(url)
        .map(|address| address.authority)
        .unwrap_or_default()
}

/// The status line and the header fields, and what was read beyond them.
async fn read_head(stream: &mut Stream) -> Result<(Answer, Vec<u8>), SessionError> {
    let mut bytes = Vec::new();
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response.parse(&bytes).map_err(|error| {
            SessionError::Violation(format!("what came is not an HTTP response: {error}"))
        })?;
        if let httparse::Status::Complete(length) = parsed {
            let headers = response
                .headers
                .iter()
                .map(|field| {
                    (
                        field.name.to_owned(),
                        String::from_utf8_lossy(field.value).into_owned(),
                    )
                })
                .collect();
            let answer = Answer {
                status: response.code.unwrap_or_default(),
                headers,
                body: String::new(),
            };
            return Ok((answer, bytes.split_off(length)));
        }
        if bytes.len() > MOST_HEAD {
            return Err(SessionError::Violation(
                "the response has no end of its header".to_owned(),
            ));
        }
        if stream
            .read_buf(&mut bytes)
            .await
            .map_err(SessionError::other)?
            == 0
        {
            return Err(SessionError::Violation(
                "the connection was closed without a response".to_owned(),
            ));
        }
    }
}

/// The body: as long as `content-length` says, in chunks, or until the end.
async fn read_body(
    stream: &mut Stream,
    answer: &Answer,
    mut bytes: Vec<u8>,
) -> Result<Vec<u8>, SessionError> {
    let length = answer
        .header("content-length")
        .and_then(|text| text.trim().parse::<usize>().ok());
    let chunked = answer
        .header("transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    loop {
        match length {
            Some(length) if bytes.len() >= length => {
                bytes.truncate(length);
                return Ok(bytes);
            }
            None if chunked => {
                if let Some(body) = dechunk(&bytes) {
                    return Ok(body);
                }
            }
            _ => {}
        }
        if stream
            .read_buf(&mut bytes)
            .await
            .map_err(SessionError::other)?
            == 0
        {
            return Ok(bytes);
        }
    }
}

/// The data of complete chunks; `None` while the last one is missing.
fn dechunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(bytes).ok()?
        else {
            return None;
        };
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(start..end)?);
        bytes = bytes.get(end + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_when_all_are_there() {
        assert_eq!(
            dechunk(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").unwrap(),
            b"abcde"
        );
        assert_eq!(dechunk(b"3\r\nabc\r\n2\r\nd"), None);
        assert_eq!(dechunk(b""), None);
    }

    #[test]
    fn the_host_is_that_of_the_url() {
        assert_eq!(host("ws://127.0.0.1:3001/stage"), "127.0.0.1:3001");
        assert_eq!(host("nothing"), "");
    }
}
