//! Signed handshakes and calls over real sockets. Other people's signers are `.ci/signed.py`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway::{Control, Options};

use support::{ask, open, request, start};

const MINUTE: Duration = Duration::from_secs(60);

/// The kit's stack for clients that sign.
fn signed(credentials: Option<PathBuf>) -> Options {
    let gateway = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options::new(gateway.join("../conformance/fixtures/signed.yaml"));
    options.credentials = credentials;
    options
}

async fn serve(credentials: Option<PathBuf>, require_signatures: bool) -> Control {
    let mut options = signed(credentials);
    options.require_signatures = require_signatures;
    start(options).await
}

/// What the caller of a signed address is told of itself.
async fn whoami(url: &str) -> serde_json::Value {
    let mut client = open(url).await.unwrap();
    let answer = ask(&mut client, r#"{"action":"whoami"}"#).await;
    serde_json::from_str(&answer).unwrap()
}

async fn refusal(url: &str) -> (u16, String) {
    let refusal = open(url).await.expect_err("nobody gets in");
    let kind = refusal.headers()["x-amzn-errortype"].to_str().unwrap();
    (refusal.status().as_u16(), kind.to_owned())
}

#[tokio::test]
async fn a_signed_address_opens_and_no_other() {
    let running = serve(None, false).await;
    let signed = running.signed_ws_url(MINUTE).unwrap();
    let me = whoami(&signed).await;
    let account = &running.assembly().api().account_id.clone();
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
    let path = "/test/@connections/R1kmxc2VNjMCFIA=";
    let answer = request(&running, "GET", path, "").await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.body, r#"{"message":"Missing Authentication Token"}"#);
    running.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let options = signed(Some(PathBuf::from("no/such/file")));
    let Err(error) = gateway::start(options).await else {
        panic!()
    };
    let error = error.to_string();
    assert!(error.starts_with("credentials `no/such/file`: "), "{error}");
}
