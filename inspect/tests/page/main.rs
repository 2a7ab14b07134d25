//! The page over real sockets: who may see it, what it does with a gateway, and pages that do not
//! read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;
mod stream;

use inspect::{Masks, NoPage, Page, Store};
use serde_json::json;
use tokio::time::timeout;

use rig::{PATIENCE, Served, about, request, start};

#[tokio::test]
async fn the_page_keeps_to_itself() {
    let served = Served::start("headers").await;
    let here = "Host: localhost\r\n";
    let moved = request(&served.gateway, "GET /@inspect", here, "").await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (308, Some("/@inspect/"))
    );
    let page = request(&served.gateway, "GET /@inspect/", here, "").await;
    assert_eq!(page.status, 200);
    assert!(page.body.starts_with("<!DOCTYPE html>") && !page.body.contains(&served.key));
    let script = request(&served.gateway, "GET /@inspect/main.js", here, "").await;
    let kind = script.header("content-type");
    assert_eq!(kind, Some("text/javascript; charset=utf-8"));
    let missing = request(&served.gateway, "GET /@inspect/none.js", here, "").await;
    let refused = request(&served.gateway, "GET /@inspect/api/live", here, "").await;
    let data = served.get("exchanges/1").await;
    assert_eq!(
        (missing.status, refused.status, data.status),
        (404, 401, 404)
    );
    for answer in [moved, page, script, missing, refused, data] {
        let policy = answer.header("content-security-policy").unwrap();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn what_the_page_asks_for_needs_its_key() {
    let served = Served::start("key").await;
    let other = Served::start("other-key").await;
    let line = "POST /@inspect/api/advance";
    let wrong = format!("{}0", &served.key[1..]);
    for (what, line, fields, expected) in [
        ("its own", line, served.with_key(), 200),
        ("none", line, "Host: localhost\r\n".to_owned(), 401),
        ("another gateway's", line, other.with_key(), 401),
        (
            "wrong",
            line,
            format!("Host: localhost\r\nX-Gatespec-Inspect: {wrong}\r\n"),
            401,
        ),
        (
            "a part",
            line,
            format!(
                "Host: localhost\r\nX-Gatespec-Inspect: {}\r\n",
                &served.key[..9]
            ),
            401,
        ),
        (
            "in the address",
            &format!("{line}?key={}", served.key),
            "Host: localhost\r\n".to_owned(),
            401,
        ),
    ] {
        let answer = request(&served.gateway, line, &fields, r#"{"seconds": 1}"#).await;
        assert_eq!(answer.status, expected, "{what}: {}", answer.body);
    }
    served.gateway.shutdown().await;
    other.gateway.shutdown().await;
}

#[tokio::test]
async fn other_names_and_other_pages_are_refused_even_with_the_key() {
    let served = Served::start("names").await;
    let port = served.gateway.local_addr().port();
    let key = format!("X-Gatespec-Inspect: {}\r\n", served.key);
    for (fields, expected) in [
        (
            format!("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"),
            200,
        ),
        (format!("Host: evil.example:{port}\r\n"), 403),
        ("Host: 127.0.0.1.evil.example\r\n".to_owned(), 403),
        ("Host: host.docker.internal\r\n".to_owned(), 403),
        (
            format!("Host: localhost:{port}\r\nOrigin: https://evil.example\r\n"),
            403,
        ),
        (
            format!("Host: localhost:{port}\r\nOrigin: http://localhost:1\r\n"),
            403,
        ),
        (
            "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n".to_owned(),
            403,
        ),
        (String::new(), 403),
    ] {
        let fields = format!("{fields}{key}");
        let line = "POST /@inspect/api/advance";
        let answer = request(&served.gateway, line, &fields, r#"{"seconds": 1}"#).await;
        assert_eq!(answer.status, expected, "{fields}: {}", answer.body);
        // That is for the API, and does not open its page.
        assert!(!answer.body.contains("--allow-host"), "{}", answer.body);
    }
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn without_a_page_its_paths_are_like_any_others() {
    let gateway = start("none", |_| {}).await;
    let answer = request(&gateway, "GET /@inspect/", "Host: localhost\r\n", "").await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("Forbidden"), "{}", answer.body);
    gateway.shutdown().await;
    // The port listens where browsers on this machine would have to use another address.
    let Ok(other) = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    }) else {
        return;
    };
    let gateway = start("address", |options| options.host = other.ip()).await;
    let store = Store::new(Masks::new(gateway.assembly().api()));
    let refused = Page::open(gateway.clone(), store, about());
    assert!(matches!(refused, Err(NoPage::NoLoopback)));
    gateway.shutdown().await;
}

#[tokio::test]
async fn the_page_acts_on_the_gateway() {
    let served = Served::start("acts").await;
    let headers = json!([["X-Who", "me"], ["User-Agent", "page"]]);
    let (_, done) = served
        .post("connect", &json!({"headers": headers, "query": "a=1"}))
        .await;
    let id = done["connectionId"].as_str().unwrap();
    let open = || served.gateway.connections();
    assert_eq!(
        open()
            .iter()
            .map(|one| &*one.connection_id)
            .collect::<Vec<_>>(),
        [id]
    );
    let send = json!({"connectionId": id, "text": "{\"action\": \"echo\"}"});
    assert_eq!(
        served.post("send", &send).await,
        (200, json!({"connectionId": null}))
    );
    let (_, posted) = served
        .post("post", &json!({"connectionId": id, "text": "hi"}))
        .await;
    assert_eq!(posted["status"], 200);
    assert_eq!((open()[0].received, open()[0].sent), (1, 2));
    let (_, passed) = served.post("advance", &json!({"seconds": 1.5})).await;
    assert_eq!(passed, json!({"now": 1_705_751_698_919_u64}));
    let (_, gone) = served
        .post("disconnect", &json!({"connectionId": id}))
        .await;
    assert_eq!(gone["status"], 204);
    let is_gone = async {
        while !open().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, is_gone).await.unwrap();
    assert_eq!(served.post("send", &send).await.0, 410);
    let (status, answer) = served
        .post("console", &json!({"template": "$input.body", "body": "b"}))
        .await;
    assert_eq!((status, &answer["output"]), (200, &json!("b")));
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let served = Served::start("wrong").await;
    for (path, body, expected, word) in [
        ("connect", json!({"headers": [["a b", "c"]]}), 400, "`a b`"),
        (
            "connect",
            json!({"headers": [["a", "b\r\nc: d"]]}),
            400,
            "control",
        ),
        ("connect", json!({"query": "a b"}), 400, "%20"),
        ("send", json!({"text": "x"}), 400, "connectionId"),
        ("advance", json!({"seconds": -1}), 400, "year"),
        ("advance", json!({"seconds": 1e300}), 400, "year"),
        ("nothing", json!({}), 404, "nothing"),
    ] {
        let (status, said) = served.post(path, &body).await;
        assert_eq!(status, expected, "{path}: {said}");
        assert!(said.as_str().unwrap().contains(word), "{said}");
    }
    assert_eq!(served.get("exchanges/none").await.status, 404);
    assert_eq!(served.get("live?since=x").await.status, 400);
    served.gateway.shutdown().await;
}
