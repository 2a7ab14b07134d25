//! HTTP/1.1 as far as the gateway serves it, on a plain TCP stream.
//!
//! hyper would do, but for two things: it lower-cases header names and keeps the client's spelling
//! to itself, while events must show it (EVENT page); and after an upgrade the WebSocket wants the
//! bare stream.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use spec::http::Headers;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// A connection on which requests come one after another.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Received, and not read yet.
    received: BytesMut,
    written: Vec<u8>,
    limits: Limits,
    is_first: bool,
}

/// How long a peer may take, in real time. Whoever sends slowly would otherwise be kept for ever,
/// and a few thousand of them would leave no room for others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For a request's head, from its first byte on; for the first one, from the connection on.
    pub(crate) head: Duration,
    /// For a request's body.
    pub(crate) body: Duration,
    /// Between one request and the next.
    pub(crate) idle: Duration,
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

impl Default for Limits {
    /// AWS's load balancers give a head and a body a minute at most; what is kept open for later is
    /// closed after some minutes.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(20),
            body: Duration::from_secs(60),
            idle: Duration::from_secs(350),
        }
    }
}

impl Limits {
    /// For a peer that this process has started itself: it ends with it.
    pub(crate) const NONE: Self = Self {
        head: Duration::MAX,
        body: Duration::MAX,
        idle: Duration::MAX,
    };
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, limits: Limits) -> Self {
        // Small messages must not wait for one another; without it, they only are slower.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            received: BytesMut::new(),
            written: Vec::new(),
            limits,
            is_first: true,
        }
    }

    /// The next request; `None` when the peer is done, or has said nothing for too long.
    pub(crate) async fn head(&mut self) -> Result<Option<Head>, ReadError> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        if !is_first && self.received.is_empty() {
            match within(self.limits.idle, self.fill()).await {
                None => return Ok(None),
                Some(read) => {
                    if read? == 0 {
                        return Ok(None);
                    }
                }
            }
        }
        let limit = self.limits.head;
        match within(limit, self.whole_head()).await {
            Some(head) => head,
            // A peer that has said nothing yet has asked nothing that could be answered.
            None if self.received.is_empty() => Ok(None),
            None => Err(ReadError::Malformed(408)),
        }
    }

    async fn whole_head(&mut self) -> Result<Option<Head>, ReadError> {
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
        let limit = self.limits.body;
        let body = within(limit, self.whole_body(head, keep)).await;
        body.unwrap_or(Err(ReadError::Malformed(408)))
    }

    async fn whole_body(&mut self, head: &Head, keep: usize) -> Result<Vec<u8>, ReadError> {
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
                let size = chunk_size(&line).ok_or(ReadError::Malformed(400))?;
                if size == 0 {
                    self.trailers().await?;
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

    /// Reads the fields behind a chunked body, which nobody asks for.
    async fn trailers(&mut self) -> Result<(), ReadError> {
        let mut bytes = 0;
        loop {
            let line = self.line().await?;
            bytes += line.len();
            match line.is_empty() {
                true => return Ok(()),
                false if bytes > HEAD_BYTES => return Err(ReadError::Malformed(431)),
                false => {}
            }
        }
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

/// A header field on its line. Line ends in a value would start a field of their own: they are left
/// out.
pub(crate) fn push_field(head: &mut String, name: &str, value: &str) {
    let clean = |c: &char| !matches!(c, '\r' | '\n' | '\0');
    head.extend(name.chars().filter(clean));
    head.push_str(": ");
    head.extend(value.chars().filter(clean));
    head.push_str("\r\n");
}

/// What a future gives, unless it takes longer than `limit`.
async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match Instant::now().checked_add(limit) {
        Some(end) => timeout_at(end, future).await.ok(),
        None => Some(future.await),
    }
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
    let is_1_1 = request.version == Some(1);
    if values(&headers, "Host").count() > 1 {
        return Err(ReadError::Malformed(400));
    }
    let body = body_length(&headers, is_1_1).ok_or(ReadError::Malformed(400))?;
    let keep_alive = match is_1_1 {
        true => !headers.has_token("Connection", "close"),
        false => headers.has_token("Connection", "keep-alive"),
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

/// How long a request's body is; `None` where two readers could understand it differently, so that
/// a second request could hide in it (RFC 9112, section 6.3).
fn body_length(headers: &Headers, is_1_1: bool) -> Option<BodyLength> {
    let mut lengths = values(headers, "Content-Length");
    let mut codings = values(headers, "Transfer-Encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Some(BodyLength::Known(0)),
        (None, Some(coding)) => {
            let is_chunked = coding.trim().eq_ignore_ascii_case("chunked");
            (is_chunked && codings.next().is_none() && is_1_1).then_some(BodyLength::Chunked)
        }
        (Some(first), None) => {
            let length = decimal(first)?;
            // The same twice says one thing.
            let same = lengths.all(|other| decimal(other) == Some(length));
            same.then_some(BodyLength::Known(length))
        }
        (Some(_), Some(_)) => None,
    }
}

fn values<'h>(headers: &'h Headers, name: &str) -> impl Iterator<Item = &'h str> {
    headers
        .iter()
        .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Digits only: no sign, which Rust's own reading takes.
fn decimal(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// The size that a chunk's first line says, without its extensions.
fn chunk_size(line: &str) -> Option<u64> {
    let size = line.split(';').next().unwrap_or_default().trim();
    let is_number = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u64::from_str_radix(size, 16).ok())?
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
        408 => "Request Timeout",
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
    use rstest::rstest;
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

    /// A connection with these limits, and its peer.
    async fn pair(limits: Limits) -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await;
        let accepted = listener.accept().await.unwrap().0;
        (Connection::new(accepted, limits), peer.unwrap())
    }

    #[tokio::test]
    async fn bodies_come_whole_or_cut_and_the_next_request_follows() {
        let (mut connection, mut peer) = pair(Limits::NONE).await;
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

    /// Far less than any test waits for.
    const SHORT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn a_head_that_never_ends_is_cut() {
        let (mut connection, mut peer) = pair(Limits {
            head: SHORT,
            ..Limits::NONE
        })
        .await;
        peer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n")
            .await
            .unwrap();
        connection.stream.readable().await.unwrap();
        let head = connection.head().await;
        assert!(matches!(head, Err(ReadError::Malformed(408))), "{head:?}");
        // One that never begins asks for nothing.
        let (mut connection, peer) = pair(Limits {
            head: SHORT,
            ..Limits::NONE
        })
        .await;
        assert!(connection.head().await.unwrap().is_none());
        drop(peer);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_cut_and_what_is_idle_is_closed() {
        let (mut connection, mut peer) = pair(Limits {
            body: SHORT,
            idle: SHORT,
            ..Limits::NONE
        })
        .await;
        let request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc";
        peer.write_all(request).await.unwrap();
        let head = connection.head().await.unwrap().unwrap();
        let body = connection.body(&head, 9).await;
        assert!(matches!(body, Err(ReadError::Malformed(408))), "{body:?}");
        connection.received.clear();
        assert!(connection.head().await.unwrap().is_none());
    }

    // Where two readers could see two bodies, a request could hide from one of them.
    #[rstest]
    #[case::both("Content-Length: 3\r\nTransfer-Encoding: chunked")]
    #[case::both_reversed("Transfer-Encoding: chunked\r\nContent-Length: 3")]
    #[case::different("Content-Length: 3\r\nContent-Length: 4")]
    #[case::list("Content-Length: 3, 4")]
    #[case::sign("Content-Length: +3")]
    #[case::empty("Content-Length:")]
    #[case::not_chunked("Transfer-Encoding: gzip, chunked")]
    #[case::not_chunked_last("Transfer-Encoding: chunked, identity")]
    #[case::chunked_twice("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")]
    #[case::fold("X: a\r\n b: c")]
    #[case::space_before_colon("Content-Length : 3")]
    #[case::hosts("Host: other")]
    fn ambiguous_requests_are_refused(#[case] fields: &str) {
        let text = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\nabc");
        let parsed = parse(text.as_bytes());
        assert!(
            matches!(parsed, Err(ReadError::Malformed(400))),
            "{parsed:?}"
        );
    }

    #[test]
    fn the_same_length_twice_says_one_thing() {
        let text = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n";
        let (head, _) = parse(text).unwrap().unwrap();
        assert_eq!(head.body, BodyLength::Known(3));
    }

    #[rstest]
    #[case("5", Some(5))]
    #[case("a;x=y", Some(10))]
    #[case("+5", None)]
    #[case("", None)]
    #[case("0x5", None)]
    #[case("ffffffffffffffffff", None)]
    fn chunk_sizes(#[case] line: &str, #[case] size: Option<u64>) {
        assert_eq!(chunk_size(line), size);
    }

    /// A request as it was meant.
    #[derive(Clone, Debug)]
    struct Meant {
        target: String,
        fields: Vec<(String, String)>,
        length: Option<u64>,
    }

    impl Meant {
        fn text(&self) -> Vec<u8> {
            let mut text = format!("POST {} HTTP/1.1\r\n", self.target);
            for (name, value) in &self.fields {
                push_field(&mut text, name, value);
            }
            if let Some(length) = self.length {
                push_field(&mut text, "Content-Length", &length.to_string());
            }
            text.push_str("\r\n");
            text.into_bytes()
        }
    }

    fn meant() -> impl Strategy<Value = Meant> {
        // Names that mean nothing to the parser.
        let field = (
            "X-[A-Za-z0-9!#$%&'*+.^_`|~-]{0,12}",
            "([!-~]([ -~\té日]{0,20}[!-~])?)?",
        );
        let fields = proptest::collection::vec(field, 0..8);
        let length = proptest::option::of(any::<u64>());
        ("/[!-~]{0,20}", fields, length).prop_map(|(target, fields, length)| Meant {
            target,
            fields,
            length,
        })
    }

    proptest! {
        #[test]
        fn what_was_meant_is_read(meant in meant(), rest: Vec<u8>) {
            let text = meant.text();
            let (head, length) = parse(&[&text[..], &rest].concat()).unwrap().unwrap();
            prop_assert_eq!(length, text.len());
            prop_assert_eq!(&head.target, &meant.target);
            prop_assert_eq!(head.body, BodyLength::Known(meant.length.unwrap_or(0)));
            let read: Vec<_> = head.headers.iter().take(meant.fields.len()).collect();
            let meant = meant.fields.iter().map(|(name, value)| (&**name, &**value));
            prop_assert_eq!(read, meant.collect::<Vec<_>>());
        }

        // Received in part, it is neither refused nor taken for whole.
        #[test]
        fn a_part_is_a_part(meant in meant(), at: prop::sample::Index) {
            let text = meant.text();
            let part = &text[..at.index(text.len())];
            prop_assert!(matches!(parse(part), Ok(None)));
        }

        // A changed byte makes the request a different or a wrong one, but a length that stands in
        // it is never passed over: what follows is not taken for a request of its own.
        #[test]
        fn a_changed_byte_hides_no_body(
            meant in meant(),
            at: prop::sample::Index,
            byte: u8,
        ) {
            let mut text = Meant { length: Some(7), ..meant }.text();
            let at = at.index(text.len());
            text[at] = byte;
            let Ok(Some((head, length))) = parse(&text) else { return Ok(()) };
            prop_assert!(length <= text.len());
            let lines = text[..length].split(|byte| *byte == b'\n').count();
            // The request line, the empty one, and what `split` finds behind the last line's end.
            prop_assert_eq!(head.headers.iter().count(), lines - 3);
            if values(&head.headers, "Content-Length").next().is_some() {
                prop_assert_ne!(head.body, BodyLength::Chunked);
                prop_assert_eq!(head.has_body(), head.body != BodyLength::Known(0));
                let said = values(&head.headers, "Content-Length").next().and_then(decimal);
                prop_assert_eq!(Some(head.body), said.map(BodyLength::Known));
            }
        }

        #[test]
        fn no_value_adds_a_field(name: String, value: String) {
            let mut head = String::new();
            push_field(&mut head, &name, &value);
            prop_assert_eq!(head.matches('\n').count(), 1);
        }
    }
}
