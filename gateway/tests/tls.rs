//! TLS on the gateway's port, over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use gateway::{Control, Options};
use rstest::rstest;
use support::{PATIENCE, connect, request, start, template};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::Message;

const STACK: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: quiet}
";

fn cache(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("authority-{name}"))
}

fn options(name: &str) -> Options {
    let mut options = Options::new(template(name, STACK));
    options.authority = Some(cache(name));
    options
}

/// A stream to the gateway that trusts what `authority` holds.
async fn tls(running: &Control, authority: &Path, name: &str) -> std::io::Result<Tls> {
    let pem = std::fs::read(authority).unwrap();
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let _ = roots.add(certificate.unwrap());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(running.local_addr()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

type Tls = TlsStream<TcpStream>;

#[tokio::test]
async fn plain_and_encrypted_clients_share_a_port() {
    let running = start(options("one-port")).await;
    let url = running.ws_url().replace("ws://", "wss://");
    let stream = tls(&running, running.authority(), "127.0.0.1").await;
    let opened = tokio_tungstenite::client_async(url, stream.unwrap());
    let (mut encrypted, _) = timeout(PATIENCE, opened).await.unwrap().unwrap();
    let mut plain = connect(&running).await.unwrap();
    assert_eq!(running.snapshot().connections, 2);
    // Larger than any buffer between the two.
    let long = format!("\"{}\"", "x".repeat(30_000));
    for _ in 0..20 {
        encrypted.send(Message::text(long.clone())).await.unwrap();
    }
    plain.send(Message::text("{}")).await.unwrap();
    for _ in 0..20 {
        let reply = timeout(PATIENCE, encrypted.next()).await.unwrap();
        assert!(matches!(reply, Some(Ok(Message::Text(_)))), "{reply:?}");
    }
    assert!(matches!(plain.next().await, Some(Ok(Message::Text(_)))));
    let ended = running.shutdown();
    let closed = async {
        let close = encrypted.next().await;
        assert!(
            matches!(&close, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1001),
            "{close:?}"
        );
        assert!(encrypted.next().await.is_none());
    };
    tokio::join!(ended, closed);
}

#[rstest]
#[case::address("127.0.0.1")]
#[case::v6("::1")]
#[case::localhost("localhost")]
#[case::api("API.execute-api.us-east-1.amazonaws.com")]
#[case::china("API.execute-api.us-east-1.amazonaws.com.cn")]
#[case::dual_stack("API.execute-api.us-east-1.api.aws")]
#[case::named("host.docker.internal")]
#[tokio::test]
async fn the_certificate_is_for_every_name_of_the_gateway(#[case] name: &str) {
    let mut options = options("names");
    options.settings.region = "us-east-1".to_owned();
    options.allowed_hosts = vec!["host.docker.internal".to_owned()];
    let running = start(options).await;
    let assembly = running.assembly();
    let name = name.replace("API", &assembly.api().api_id);
    let mut stream = tls(&running, running.authority(), &name).await.unwrap();
    let host = if name == "::1" { "[::1]" } else { &name };
    let request =
        format!("GET /test/@connections/x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(!answer.contains("allow-host"), "{answer}");
    running.shutdown().await;
}

#[tokio::test]
async fn the_certificate_is_for_no_other_name() {
    let running = start(options("other-names")).await;
    let error = tls(&running, running.authority(), "evil.example").await;
    assert!(error.is_err());
    // Whoever does not trust the authority gets no further either, and nobody else is hurt.
    let other = start(options("another-authority")).await;
    assert!(tls(&running, other.authority(), "localhost").await.is_err());
    assert_eq!(request(&running, "GET", "/test", "").await.status, 426);
    other.shutdown().await;
    running.shutdown().await;
}

#[tokio::test]
async fn an_authority_outlives_its_gateway_where_it_has_a_folder() {
    let kept = {
        let running = start(options("kept")).await;
        let kept = running.authority().to_owned();
        running.shutdown().await;
        kept
    };
    let pem = std::fs::read(&kept).unwrap();
    let again = start(options("kept")).await;
    assert_eq!(std::fs::read(again.authority()).unwrap(), pem);
    again.shutdown().await;
    // A file is no folder: the gateway serves all the same.
    let mut homeless = options("homeless");
    homeless.authority = Some(kept);
    let running = start(homeless).await;
    let own = running.authority().to_owned();
    assert!(tls(&running, &own, "localhost").await.is_ok());
    running.shutdown().await;
    drop(running);
    assert!(!own.exists());
}
