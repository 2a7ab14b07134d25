//! HTTP/1.1 as far as the gateway serves it, on a stream that is plain or has TLS.
//!
//! hyper would do, but for two things: it lower-cases header names and keeps the client's spelling
//! to itself, while events must show it (EVENT page); and after an upgrade the WebSocket wants the
//! bare stream.

mod head;
mod pieces;

use std::io::{self, Write as _};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use spec::http::Headers;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::tls::{HELLO, Stream};
use head::{BodyLength, HEAD_BYTES, chunk_size, parse};
pub(crate) use head::{Head, ReadError};

/// A connection on which requests come one after another.
pub(crate) struct Connection {
    stream: Stream,
    /// Received, and not read yet.
    received: BytesMut,
    written: Vec<u8>,
    limits: Limits,
    is_first: bool,
}

/// A request's body.
pub(crate) struct Body {
    /// What was to be kept of it.
    pub(crate) bytes: Vec<u8>,
    /// How many bytes it really had.
    pub(crate) length: u64,
    /// The fields behind a chunked body.
    pub(crate) trailers: Headers,
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
    /// The most bytes of a request line with its header fields.
    pub(crate) head_bytes: usize,
}

impl Default for Limits {
    /// AWS's load balancers give a head and a body a minute at most; what is kept open for later is
    /// closed after some minutes.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(20),
            body: Duration::from_secs(60),
            idle: Duration::from_secs(350),
            head_bytes: HEAD_BYTES,
        }
    }
}

impl Limits {
    /// For a peer that this process has started itself: it ends with it. Python's runtime posts the
    /// cause of an error in a header of up to a megabyte, and ends if that is refused.
    pub(crate) const NONE: Self = Self {
        head: Duration::MAX,
        body: Duration::MAX,
        idle: Duration::MAX,
        head_bytes: 2 * 1024 * 1024,
    };
}

impl Connection {
    pub(crate) fn new(stream: Stream, limits: Limits) -> Self {
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
        // Most heads come whole, and need no timer.
        if let Some(head) = self.buffered_head()? {
            return Ok(Some(head));
        }
        let limit = self.limits.head;
        match within(limit, self.whole_head()).await {
            Some(head) => head,
            // A peer that has said nothing yet has asked nothing that could be answered.
            None if self.received.is_empty() => Ok(None),
            None => Err(ReadError::Malformed(408)),
        }
    }

    /// The head that was received already, if it is whole.
    fn buffered_head(&mut self) -> Result<Option<Head>, ReadError> {
        if self.received.is_empty() {
            return Ok(None);
        }
        Ok(parse(&self.received)?.map(|(head, length)| {
            self.received.advance(length);
            head
        }))
    }

    async fn whole_head(&mut self) -> Result<Option<Head>, ReadError> {
        loop {
            if let Some(head) = self.buffered_head()? {
                return Ok(Some(head));
            }
            if self.received.len() >= self.limits.head_bytes {
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
        self.whole(head, keep).await.map(|body| body.bytes)
    }

    /// The body of `head`, of which the first `keep` bytes are kept, with its size and what is
    /// behind it.
    pub(crate) async fn whole(&mut self, head: &Head, keep: usize) -> Result<Body, ReadError> {
        if self.is_buffered(head) {
            return self.whole_body(head, keep).await;
        }
        let limit = self.limits.body;
        let body = within(limit, self.whole_body(head, keep)).await;
        body.unwrap_or(Err(ReadError::Malformed(408)))
    }

    /// Whether the body of `head` was received already, so that nothing is waited for.
    fn is_buffered(&self, head: &Head) -> bool {
        let is_here = match head.body {
            BodyLength::Known(length) => length <= self.received.len() as u64,
            BodyLength::Chunked => false,
        };
        is_here && !head.headers.has_token("Expect", "100-continue")
    }

    async fn whole_body(&mut self, head: &Head, keep: usize) -> Result<Body, ReadError> {
        if head.has_body() && head.headers.has_token("Expect", "100-continue") {
            let answer = b"HTTP/1.1 100 Continue\r\n\r\n";
            let written = async {
                self.stream.write_all(answer).await?;
                self.stream.flush().await
            };
            written.await.map_err(|_| ReadError::Gone)?;
        }
        let mut bytes = Vec::new();
        let (mut length, mut trailers) = (0_u64, Headers::default());
        match head.body {
            BodyLength::Known(known) => {
                length = known;
                self.take(known, keep, &mut bytes).await?;
            }
            BodyLength::Chunked => loop {
                let line = self.line().await?;
                let size = chunk_size(&line).ok_or(ReadError::Malformed(400))?;
                if size == 0 {
                    trailers = self.trailers().await?;
                    break;
                }
                length = length.saturating_add(size);
                self.take(size, keep, &mut bytes).await?;
                if !self.line().await?.is_empty() {
                    return Err(ReadError::Malformed(400));
                }
            },
        }
        Ok(Body {
            bytes,
            length,
            trailers,
        })
    }

    /// The fields behind a chunked body.
    async fn trailers(&mut self) -> Result<Headers, ReadError> {
        let (mut bytes, mut fields) = (0, Vec::new());
        loop {
            let line = self.line().await?;
            bytes += line.len();
            match line.is_empty() {
                true => return Ok(fields.into_iter().collect()),
                false if bytes > self.limits.head_bytes => return Err(ReadError::Malformed(431)),
                false => {
                    let (name, value) = line.split_once(':').ok_or(ReadError::Malformed(400))?;
                    fields.push((name.to_owned(), value.trim().to_owned()));
                }
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
        let head = &mut self.written;
        head.clear();
        let _ = write!(head, "HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in headers {
            push_field(head, name, value);
        }
        // 1xx and 204 have no length (RFC 9110, section 8.6).
        if status >= 200 && status != 204 {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        if status >= 200 && !keep_alive {
            head.extend_from_slice(b"connection: close\r\n");
        }
        head.extend_from_slice(b"\r\n");
        // One write, one packet.
        head.extend_from_slice(body);
        self.stream.write_all(&self.written).await?;
        // TLS may keep a part until then.
        self.stream.flush().await
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
    pub(crate) fn into_parts(self) -> (Stream, Vec<u8>) {
        (self.stream, self.received.to_vec())
    }

    /// Whether what came is no request, but a client that wants TLS.
    pub(crate) fn is_tls_hello(&self) -> bool {
        self.received.first() == Some(&HELLO)
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
            if self.received.len() > self.limits.head_bytes {
                return Err(ReadError::Malformed(400));
            }
            self.more().await?;
        }
    }
}

/// A header field on its line. Line ends in a value would start a field of their own: they are left
/// out.
pub(crate) fn push_field(head: &mut Vec<u8>, name: &str, value: &str) {
    push_clean(head, name);
    head.extend_from_slice(b": ");
    push_clean(head, value);
    head.extend_from_slice(b"\r\n");
}

fn push_clean(head: &mut Vec<u8>, text: &str) {
    let is_clean = |byte: &u8| !matches!(byte, b'\r' | b'\n' | b'\0');
    if text.bytes().all(|byte| is_clean(&byte)) {
        head.extend_from_slice(text.as_bytes());
    } else {
        head.extend(text.bytes().filter(is_clean));
    }
}

/// What a future gives, unless it takes longer than `limit`.
async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match Instant::now().checked_add(limit) {
        Some(end) => timeout_at(end, future).await.ok(),
        None => Some(future.await),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
