//! Where URLs lead: TCP, with TLS or without.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, rustls};

/// A connection to a target, with or without TLS.
pub(crate) type Stream = Box<dyn Io>;

/// What a connection can do.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Why nothing could be reached at a URL.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("`{0}` must begin with ws://, wss://, http:// or https://")]
    Scheme(String),
    #[error("cannot connect to `{authority}`")]
    Tcp {
        authority: String,
        source: io::Error,
    },
    #[error("cannot open a TLS connection to `{host}`")]
    Tls { host: String, source: io::Error },
    #[error("`{0}` is no host name for a certificate")]
    Name(String, #[source] rustls::pki_types::InvalidDnsNameError),
    #[error("cannot set up TLS")]
    Setup(#[source] rustls::Error),
}

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
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| ConnectError::Scheme(url.to_owned()))?;
        let tls = match scheme {
            "ws" | "http" => false,
            "wss" | "https" => true,
            _ => return Err(ConnectError::Scheme(url.to_owned())),
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
    /// [`ConnectError::Tcp`], or a TLS connection that could not be opened.
    pub(crate) async fn connect(&self) -> Result<Stream, ConnectError> {
        let authority = &self.authority;
        // A port stands behind the last colon, unless that is inside an IPv6 address.
        let has_port = authority.rfind(':') > authority.rfind(']');
        let default_port = if self.tls { ":443" } else { ":80" };
        let port = if has_port { "" } else { default_port };
        let tcp = |source| ConnectError::Tcp {
            authority: authority.clone(),
            source,
        };
        let stream = TcpStream::connect(format!("{authority}{port}"))
            .await
            .map_err(tcp)?;
        stream.set_nodelay(true).map_err(tcp)?;
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

async fn tls(stream: TcpStream, host: &str) -> Result<Stream, ConnectError> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ConnectError::Setup)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from(host.to_owned())
        .map_err(|error| ConnectError::Name(host.to_owned(), error))?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|source| ConnectError::Tls {
            host: host.to_owned(),
            source,
        })?;
    Ok(Box::new(stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lead_somewhere() {
        let parse = |url: &str| {
            let address = Address::parse(url).ok()?;
            Some((address.tls, address.authority, address.target))
        };
        let some = |tls, authority: &str, target: &str| {
            Some((tls, authority.to_owned(), target.to_owned()))
        };
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
        assert!(parse("ftp://x").is_none());
    }
}
