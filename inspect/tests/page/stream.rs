//! The stream of what happens: to pages that read, and to those that do not.

use std::time::Duration;

use inspect::{Cursor, Request};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::rig::{MESSAGES, PATIENCE, Served, message, until};

#[tokio::test]
async fn the_stream_tells_what_happens_and_ends_with_the_gateway() {
    let served = Served::start("live").await;
    let mut stream = served.live().await;
    let mut text = String::new();
    until(&mut stream, &mut text, "event: changes").await;
    assert!(
        text.contains("event: hello") && text.contains("\"frozen\":true"),
        "{text}"
    );
    // The line to paste has what lets a client in only where it is asked for.
    assert!(
        text.contains("--header token:*** -c") && !text.contains("sesame"),
        "{text}"
    );
    let line = served.get("wscat").await;
    assert!(line.body.contains("token:sesame"), "{}", line.body);
    let (_, done) = served
        .post(
            "connect",
            &json!({"headers": [["Authorization", "hush"]], "query": "X-Amz-Signature=pst"}),
        )
        .await;
    let id = done["connectionId"].as_str().unwrap();
    until(&mut stream, &mut text, id).await;
    let send = json!({"connectionId": id, "text": "{\"action\": \"echo\"}"});
    served.post("send", &send).await;
    until(&mut stream, &mut text, "\"verdict\":\"answered\",\"text\":").await;
    assert!(
        text.contains("X-Amz-Signature=***") && !text.contains("hush") && !text.contains("pst"),
        "{text}"
    );
    // What is asked for without secrets has none.
    let masked = served.get("exchanges/1").await;
    assert!(
        masked.body.contains("Authorization") && !masked.body.contains("hush"),
        "{}",
        masked.body
    );
    let whole = served.get("exchanges/1?reveal=1").await;
    assert!(whole.body.contains("hush"), "{}", whole.body);
    served.gateway.shutdown().await;
    timeout(PATIENCE, stream.read_to_string(&mut text))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_page_that_does_not_read_is_told_what_it_missed_and_holds_nobody_up() {
    let served = Served::start("slow").await;
    let mut stream = served.live().await;
    let mut text = String::new();
    until(&mut stream, &mut text, "event: changes").await;
    // More than all buffers between here and there hold, while nobody reads.
    for number in 1..=MESSAGES {
        served.store.put(message(number));
        // The stream goes on as far as it can.
        tokio::task::yield_now().await;
    }
    until(
        &mut stream,
        &mut text,
        &format!("\"number\":{MESSAGES},\"missed\":"),
    )
    .await;
    let parts = text.split("\"missed\":").skip(1);
    let missed: u64 = parts
        .map(|part| part.split(',').next().unwrap().parse::<u64>().unwrap())
        .sum();
    let told = text.matches("\"kind\":\"message\"").count();
    assert!(
        missed > 0,
        "{told} of {MESSAGES} were told, and {missed} missed"
    );
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn a_load_that_nobody_can_read_is_followed_in_part() {
    let served = Served::start("load").await;
    let (_, done) = served.post("connect", &json!({})).await;
    let id = done["connectionId"].as_str().unwrap().to_owned();
    let mut sent = 0;
    let lost = || served.store.changes(Cursor::default()).lost;
    let is_lost = async {
        while lost() == 0 {
            assert!(
                served
                    .gateway
                    .send_as_client(&id, format!("{{\"number\": {sent}}}"))
            );
            sent += 1;
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, is_lost).await.unwrap();
    // Once there is less, all is followed again.
    let is_followed = async {
        loop {
            let revision = served.store.changes(Cursor::default()).cursor.revision;
            served.gateway.send_as_client(&id, "the last".to_owned());
            let _ = timeout(Duration::from_millis(200), served.store.changed(revision)).await;
            let last = served.store.exchanges().pop().unwrap();
            if matches!(&last.request, Request::Frame { text } if text == "the last") {
                return;
            }
        }
    };
    timeout(PATIENCE, is_followed).await.unwrap();
    assert!(served.gateway.arrived() > sent);
    served.gateway.shutdown().await;
}
