//! HTTP/1.1 as far as the gateway serves it, on a plain TCP stream.
//!
//! hyper would do, but for two things: it lower-cases header names and keeps the client's spelling to itself, while events must show it
//! (EVENT page); and after an upgrade the WebSocket wants the bare stream.

use std::fmt::Write as _;
use std::io;

use bytes::{Buf, BytesMut};
use spec::http::Headers;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection on which requests come one after another.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Received, and not read yet.
    received: BytesMut,
    written: Vec<u8>,
}

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Headers,
    pub(crate) keep_alive: bool,
    body: BodyLength,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyLength {
    Known(u64),
    Chunked,
}

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The peer has gone, in whatever way.
    Gone,
    /// What came is no request: the status to answer with.
    Malformed(u16),
}

/// The most bytes of a request line with its header fields.
const HEAD_BYTES: usize = 64 * 1024;
const HEADERS: usize = 256;

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Small messages must not wait for one another; without it, they only are slower.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            received: BytesMut::new(),
            written: Vec::new(),
        }
    }

    /// The next request; `None` when the peer is done.
    pub(crate) async fn head(&mut self) -> Result<Option<Head>, ReadError> {
        loop {
            if !self.received.is_empty()
                && let Some((head, length)) = parse(&self.received)?
            {
                self.received.advance(length);
                return Ok(Some(head));
            }
            if self.received.len() >= HEAD_BYTES {
                return Err(ReadError::Malformed(431));
            }
            if self.fill().await? == 0 {
                return match self.received.is_empty() {
                    true => Ok(None),
                    false => Err(ReadError::Gone),
                };
            }
        }
    }

    /// The body of `head`: its first `keep` bytes; what is beyond is read and dropped.
    pub(crate) async fn body(&mut self, head: &Head, keep: usize) -> Result<Vec<u8>, ReadError> {
        if head.has_body() && head.headers.has_token("Expect", "100-continue") {
            let answer = b"HTTP/1.1 100 Continue\r\n\r\n";
            self.stream
                .write_all(answer)
                .await
                .map_err(|_| ReadError::Gone)?;
        }
        let mut body = Vec::new();
        match head.body {
            BodyLength::Known(length) => self.take(length, keep, &mut body).await?,
            BodyLength::Chunked => loop {
                let line = self.line().await?;
                let size = line.split(';').next().unwrap_or_default().trim();
                let size = u64::from_str_radix(size, 16).map_err(|_| ReadError::Malformed(400))?;
                if size == 0 {
                    while !self.line().await?.is_empty() {}
                    break;
                }
                self.take(size, keep, &mut body).await?;
                if !self.line().await?.is_empty() {
                    return Err(ReadError::Malformed(400));
                }
            },
        }
        Ok(body)
    }

    /// Writes a response with its length.
    pub(crate) async fn respond<'h>(
        &mut self,
        status: u16,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: &[u8],
        keep_alive: bool,
    ) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in headers {
            push_field(&mut head, name, value);
        }
        // 1xx and 204 have no length (RFC 9110, section 8.6).
        if status >= 200 && status != 204 {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        if status >= 200 && !keep_alive {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        // One write, one packet.
        self.written.clear();
        self.written.extend_from_slice(head.as_bytes());
        self.written.extend_from_slice(body);
        self.stream.write_all(&self.written).await
    }

    /// Resolves when the peer has gone. What it sends until then is kept.
    pub(crate) async fn gone(&mut self) {
        loop {
            if self.received.len() >= HEAD_BYTES {
                // It talks without waiting for an answer. Reading on would only cost memory.
                std::future::pending::<()>().await;
            }
            match self.fill().await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// The stream, and what was received on it and not read.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.received.to_vec())
    }

    async fn fill(&mut self) -> Result<usize, ReadError> {
        self.received.reserve(1024);
        self.stream
            .read_buf(&mut self.received)
            .await
            .map_err(|_| ReadError::Gone)
    }

    async fn more(&mut self) -> Result<(), ReadError> {
        match self.fill().await? {
            0 => Err(ReadError::Gone),
            _ => Ok(()),
        }
    }

    async fn take(
        &mut self,
        length: u64,
        keep: usize,
        body: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        let mut left = length;
        while left > 0 {
            if self.received.is_empty() {
                self.more().await?;
            }
            let here = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(self.received.len());
            let kept = here.min(keep.saturating_sub(body.len()));
            body.extend_from_slice(&self.received[..kept]);
            self.received.advance(here);
            left -= here as u64;
        }
        Ok(())
    }

    /// A line of chunked coding, without its end.
    async fn line(&mut self) -> Result<String, ReadError> {
        loop {
            if let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
                let line = String::from_utf8_lossy(&self.received[..end])
                    .trim_end()
                    .to_owned();
                self.received.advance(end + 1);
                return Ok(line);
            }
            if self.received.len() > HEAD_BYTES {
                return Err(ReadError::Malformed(400));
            }
            self.more().await?;
        }
    }
}

impl Head {
    /// The path, without the query string.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn has_body(&self) -> bool {
        self.body != BodyLength::Known(0)
    }
}

/// A header field on its line. Line ends in a value would start a field of their own: they are left out.
pub(crate) fn push_field(head: &mut String, name: &str, value: &str) {
    let clean = |c: &char| !matches!(c, '\r' | '\n' | '\0');
    head.extend(name.chars().filter(clean));
    head.push_str(": ");
    head.extend(value.chars().filter(clean));
    head.push_str("\r\n");
}

/// The head of a request and its length; `None` while it is not whole.
fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, ReadError> {
    let mut fields = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(ReadError::Malformed(431)),
        Err(_) => return Err(ReadError::Malformed(400)),
    };
    let headers: Headers = request
        .headers
        .iter()
        .map(|field| (field.name, String::from_utf8_lossy(field.value)))
        .collect();
    let body = if headers.has_token("Transfer-Encoding", "chunked") {
        BodyLength::Chunked
    } else {
        match headers.get("Content-Length") {
            None => BodyLength::Known(0),
            Some(text) => {
                BodyLength::Known(text.trim().parse().map_err(|_| ReadError::Malformed(400))?)
            }
        }
    };
    let keep_alive = match request.version {
        Some(1) => !headers.has_token("Connection", "close"),
        _ => headers.has_token("Connection", "keep-alive"),
    };
    let head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers,
        keep_alive,
        body,
    };
    Ok(Some((head, length)))
}

fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        410 => "Gone",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::net::TcpListener;

    #[test]
    fn names_keep_case_and_order() {
        let text =
            b"GET /stage?x=1 HTTP/1.1\r\nHost: h\r\nX-Ab: 1\r\ntoken: hello\r\nx-aB: 2\r\n\r\nrest";
        let (head, length) = parse(text).unwrap().unwrap();
        assert_eq!(&text[length..], b"rest");
        let fields: Vec<_> = head.headers.iter().collect();
        assert_eq!(
            fields,
            [
                ("Host", "h"),
                ("X-Ab", "1"),
                ("token", "hello"),
                ("x-aB", "2")
            ]
        );
        assert_eq!(
            (head.path(), head.keep_alive, head.has_body()),
            ("/stage", true, false)
        );
    }

    #[tokio::test]
    async fn bodies_come_whole_or_cut_and_the_next_request_follows() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let mut connection = Connection::new(listener.accept().await.unwrap().0);
        peer.write_all(
            b"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello\
              POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n\
              GET /c HTTP/1.1\r\nConnection: close\r\n\r\n",
        )
        .await
        .unwrap();
        let head = connection.head().await.unwrap().unwrap();
        assert_eq!(connection.body(&head, 100).await.unwrap(), b"hello");
        let head = connection.head().await.unwrap().unwrap();
        assert_eq!(connection.body(&head, 5).await.unwrap(), b"abcde");
        let head = connection.head().await.unwrap().unwrap();
        assert_eq!((&*head.target, head.keep_alive), ("/c", false));
        drop(peer);
        assert!(connection.head().await.unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_value_adds_a_field(name: String, value: String) {
            let mut head = String::new();
            push_field(&mut head, &name, &value);
            prop_assert_eq!(head.matches('\n').count(), 1);
        }
    }
}
