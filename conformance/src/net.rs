//! Where URLs lead: TCP, with TLS or without.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, rustls};

/// A connection to a target, with or without TLS.
pub(crate) type Stream = Box<dyn Io>;

/// What a connection can do.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Where a URL leads.
pub(crate) struct Address {
    tls: bool,
    /// As in the `Host` field.
    pub(crate) authority: String,
    /// Path and query string.
    pub(crate) target: String,
}

impl Address {
    /// Takes a URL to pieces.
    ///
    /// # Errors
    /// Another scheme.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| format!("`{url}` must begin with ws://, wss://, http:// or https://"))?;
        let tls = match scheme {
            "ws" | "http" => false,
            "wss" | "https" => true,
            _ => {
                return Err(format!(
                    "`{url}` must begin with ws://, wss://, http:// or https://"
                ));
            }
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        Ok(Self {
            tls,
            authority: authority.to_owned(),
            target: if target.starts_with('/') {
                target.to_owned()
            } else {
                format!("/{target}")
            },
        })
    }

    /// Connects, with TLS where the scheme wants it.
    ///
    /// # Errors
    /// What kept the kit from it.
    pub(crate) async fn connect(&self) -> Result<Stream, String> {
        let authority = &self.authority;
        // A port stands behind the last colon, unless that is inside an IPv6 address.
        let has_port = authority.rfind(':') > authority.rfind(']');
        let default_port = if self.tls { ":443" } else { ":80" };
        let port = if has_port { "" } else { default_port };
        let stream = TcpStream::connect(format!("{authority}{port}"))
            .await
            .map_err(other)?;
        stream.set_nodelay(true).map_err(other)?;
        if self.tls {
            let host = if has_port {
                authority
                    .rsplit_once(':')
                    .map_or(&**authority, |(host, _)| host)
            } else {
                authority
            };
            tls(stream, host).await
        } else {
            Ok(Box::new(stream))
        }
    }
}

async fn tls(stream: TcpStream, host: &str) -> Result<Stream, String> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from(host.to_owned()).map_err(other)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(other)?;
    Ok(Box::new(stream))
}

fn other(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lead_somewhere() {
        let parse = |url: &str| {
            Address::parse(url).map(|address| (address.tls, address.authority, address.target))
        };
        let some =
            |tls, authority: &str, target: &str| Ok((tls, authority.to_owned(), target.to_owned()));
        assert_eq!(
            parse("ws://127.0.0.1:3001/stage"),
            some(false, "127.0.0.1:3001", "/stage")
        );
        assert_eq!(
            parse("wss://a.example/stage?x=/y"),
            some(true, "a.example", "/stage?x=/y")
        );
        assert_eq!(parse("ws://host?x"), some(false, "host", "/?x"));
        assert_eq!(parse("https://x/y"), some(true, "x", "/y"));
        assert!(parse("ftp://x").is_err());
    }
}
