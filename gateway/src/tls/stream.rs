//! A connection, plain or with TLS. A plain one is the socket itself: one comparison is all that it
//! pays for the other kind.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A connection to a server of this process.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The first byte of a TLS client hello; no HTTP request begins with it.
pub(crate) const HELLO: u8 = 0x16;

impl Stream {
    /// The connection that a client means, by its first byte; `None` if the client has gone.
    ///
    /// # Errors
    /// No TLS came about.
    pub(crate) async fn accept(
        stream: TcpStream,
        acceptor: &TlsAcceptor,
    ) -> io::Result<Option<Self>> {
        let mut first = [0];
        // Left where it is: it belongs to whoever reads next.
        match stream.peek(&mut first).await {
            Ok(1..) if first[0] != HELLO => return Ok(Some(stream.into())),
            Ok(1..) => {}
            Ok(0) | Err(_) => return Ok(None),
        }
        set_nodelay(&stream);
        let stream = acceptor.accept(stream).await?;
        Ok(Some(Self::Tls(Box::new(stream))))
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        set_nodelay(&stream);
        Self::Plain(stream)
    }
}

/// Small messages must not wait for one another; without it, they only are slower.
fn set_nodelay(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
