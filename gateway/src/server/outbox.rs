//! The outbox, for tests and for people: `GET /@outbox` shows what integrations have sent to services
//! that are nowhere, `DELETE /@outbox` forgets it.
//!
//! No stage's name and no API mapping's key can have an `@`.

use crate::http1::{Connection, Head};
use crate::services::outbox::Outbox;

const PATH: &str = "/@outbox";

/// Whether a path is the outbox's.
pub(super) fn is_meant(path: &str) -> bool {
    path == PATH
}

/// Answers a request; whether another may follow.
pub(super) async fn answer(outbox: &Outbox, connection: &mut Connection, head: &Head) -> bool {
    let keep_alive = head.keep_alive && connection.whole(head, 0).await.is_ok();
    let allow = ("allow", "GET, DELETE");
    let (status, header, body) = match &*head.method {
        "GET" => (200, ("content-type", "application/json"), outbox.to_json()),
        "DELETE" => {
            outbox.clear();
            (204, allow, String::new())
        }
        _ => (405, allow, String::new()),
    };
    let written = connection
        .respond(status, [header], body.as_bytes(), keep_alive)
        .await;
    written.is_ok() && keep_alive
}
