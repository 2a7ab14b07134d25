//! Header names on the wire as they were written.
//!
//! hyper keeps names in lower case, and lets nobody say how those of a request are spelled. Case is
//! all that is lost: it is put back into the head while that goes out, and no byte moves.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use spec::http::Headers;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose first request has its names spelled.
pub(super) struct Spelled<S> {
    stream: S,
    /// As they are to be spelled, those that are written already taken out.
    names: Vec<String>,
    state: State,
}

enum State {
    /// The head that was given so far.
    Head(Vec<u8>),
    /// A head that goes out, and how much of it has.
    Flushing(Vec<u8>, usize),
    Body,
}

const END: &[u8] = b"\r\n\r\n";

impl<S> Spelled<S> {
    /// `headers` has the names as they are to be spelled.
    pub(super) fn new(stream: S, headers: &Headers) -> Self {
        Self {
            stream,
            names: headers.iter().map(|(name, _)| name.to_owned()).collect(),
            state: State::Head(Vec::new()),
        }
    }
}

impl<S: AsyncWrite + Unpin> Spelled<S> {
    /// Writes what is left of the head, if it is whole.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let State::Flushing(head, written) = &mut self.state {
            let stream = Pin::new(&mut self.stream);
            match ready!(stream.poll_write(cx, &head[*written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => *written += bytes,
            }
            if *written == head.len() {
                self.state = State::Body;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Spelled<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_head(cx))?;
        let State::Head(head) = &mut this.state else {
            return Pin::new(&mut this.stream).poll_write(cx, bytes);
        };
        let before = head.len();
        // The end may be cut in two.
        let from = before.saturating_sub(END.len() - 1);
        head.extend_from_slice(bytes);
        let end = head[from..].windows(END.len()).position(|here| here == END);
        let Some(end) = end.map(|start| from + start + END.len()) else {
            return Poll::Ready(Ok(bytes.len()));
        };
        head.truncate(end);
        let mut head = std::mem::take(head);
        spell(&mut head, &mut this.names);
        this.state = State::Flushing(head, 0);
        Poll::Ready(Ok(end - before))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_head(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_head(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Spelled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

/// Gives each line of a head the spelling of the first of `names` that is the same name. What is
/// none of them stays as it is.
fn spell(head: &mut [u8], names: &mut Vec<String>) {
    for line in head.split_mut(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = &mut line[..colon];
        let is_it = |known: &String| name.eq_ignore_ascii_case(known.as_bytes());
        if let Some(index) = names.iter().position(is_it) {
            let spelled = names.remove(index);
            name.copy_from_slice(spelled.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use tokio::io::AsyncWriteExt;

    const HEAD: &str = "POST /a:b HTTP/1.1\r\nHost: x\r\nconnectionid: connectionid\r\nx-one: \
        1\r\nX-One: 2\r\nAccept: y\r\n\r\n";
    const SPELLED: &str = "POST /a:b HTTP/1.1\r\nHost: x\r\nconnectionId: connectionid\r\nX-ONE: \
        1\r\nx-one: 2\r\nAccept: y\r\n\r\n";

    // However the head is cut, and however slowly the peer takes it.
    #[rstest]
    #[case(1)]
    #[case(3)]
    #[case(7)]
    #[case(1000)]
    #[tokio::test]
    async fn names_are_spelled_and_the_body_is_left_alone(#[case] piece: usize) {
        let headers = Headers::from_iter([("connectionId", ""), ("X-ONE", ""), ("x-one", "")]);
        let (near, mut far) = tokio::io::duplex(5);
        let mut stream = Spelled::new(near, &headers);
        let body = "connectionid: no\r\n\r\nx-one: no";
        let all = format!("{HEAD}{body}");
        let reading = async {
            let mut seen = String::new();
            tokio::io::AsyncReadExt::read_to_string(&mut far, &mut seen)
                .await
                .unwrap();
            seen
        };
        let writing = async {
            for part in all.as_bytes().chunks(piece) {
                stream.write_all(part).await.unwrap();
            }
            stream.shutdown().await.unwrap();
        };
        let (seen, ()) = tokio::join!(reading, writing);
        assert_eq!(seen, format!("{SPELLED}{body}"));
    }
}
