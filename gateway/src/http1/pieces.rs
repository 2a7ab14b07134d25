//! Responses whose bodies come in pieces.

use std::io::{self, Write as _};

use tokio::io::AsyncWriteExt;

use super::{Connection, push_field, reason};

impl Connection {
    /// Begins a response whose body comes in pieces, and which the connection's end ends.
    pub(crate) async fn begin<'h>(
        &mut self,
        status: u16,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> io::Result<()> {
        let head = &mut self.written;
        head.clear();
        let _ = write!(head, "HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in headers {
            push_field(head, name, value);
        }
        head.extend_from_slice(b"connection: close\r\n\r\n");
        self.stream.write_all(&self.written).await?;
        self.stream.flush().await
    }

    /// Writes a piece of a body that was begun.
    pub(crate) async fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.stream.write_all(piece).await?;
        self.stream.flush().await
    }
}
