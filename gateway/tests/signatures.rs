//! Signed handshakes and calls over real sockets. Other people's signers are `.ci/signed.py`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::{Gateway, Options, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message};

/// Long enough for a machine under load; nothing waits so long unless it fails.
const PATIENCE: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);

/// The kit's stack for clients that sign.
async fn serve(credentials: Option<PathBuf>, require_signatures: bool) -> Running {
    let gateway = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options::new(gateway.join("../conformance/fixtures/signed.yaml"));
    options.credentials = credentials;
    options.require_signatures = require_signatures;
    Gateway::start(options)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

/// What the caller of a signed address is told of itself.
async fn whoami(url: &str) -> serde_json::Value {
    let connected = tokio_tungstenite::connect_async(url);
    let (mut client, _) = timeout(PATIENCE, connected).await.unwrap().unwrap();
    client
        .send(Message::text(r#"{"action":"whoami"}"#))
        .await
        .unwrap();
    let answer = timeout(PATIENCE, client.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    serde_json::from_str(answer.to_text().unwrap()).unwrap()
}

async fn refusal(url: &str) -> (u16, String) {
    let connected = tokio_tungstenite::connect_async(url);
    match timeout(PATIENCE, connected).await.unwrap() {
        Err(tungstenite::Error::Http(response)) => {
            let kind = response.headers()["x-amzn-errortype"].to_str().unwrap();
            (response.status().as_u16(), kind.to_owned())
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn a_signed_address_opens_and_no_other() {
    let running = serve(None, false).await;
    let signed = running.signed_ws_url(MINUTE).unwrap();
    let me = whoami(&signed).await;
    let account = &running.stack().api.account_id;
    assert_eq!(
        me["arn"],
        format!("arn:aws:sts::{account}:assumed-role/local/local")
    );
    let missing = (403, "MissingAuthenticationTokenException".to_owned());
    assert_eq!(refusal(&running.ws_url()).await, missing);
    let invalid = (403, "InvalidSignatureException".to_owned());
    assert_eq!(refusal(&format!("{signed}&more=1")).await, invalid);
    running.shutdown().await;
}

#[tokio::test]
async fn the_first_profile_signs_the_address_and_calls_must_be_signed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("signatures");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("credentials");
    let text = "[alice]\naws_access_key_id = AKIAALICE\naws_secret_access_key = a/b+c\n";
    std::fs::write(&file, text).unwrap();
    let running = serve(Some(file), true).await;
    let me = whoami(&running.signed_ws_url(MINUTE).unwrap()).await;
    assert_eq!(me["caller"], "AIDAALICE");
    let mut stream = TcpStream::connect(running.local_addr()).await.unwrap();
    let request =
        "GET /test/@connections/R1kmxc2VNjMCFIA= HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let read = stream.read_to_string(&mut response);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    assert!(
        response.ends_with(r#"{"message":"Missing Authentication Token"}"#),
        "{response}"
    );
    running.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let gateway = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options::new(gateway.join("../conformance/fixtures/signed.yaml"));
    options.credentials = Some(PathBuf::from("no/such/file"));
    let Err(error) = Gateway::start(options).await else {
        panic!()
    };
    let error = error.to_string();
    assert!(error.starts_with("credentials `no/such/file`: "), "{error}");
}
