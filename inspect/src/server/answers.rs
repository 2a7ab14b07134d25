//! Answers to the page, all with the headers that keep it to itself.

use gateway::{Answer, Body};
use serde::Serialize;
use spec::http::Headers;
use tokio::sync::mpsc::Receiver;

/// - No script, style or address but the page's own, nothing evaluated, no HTML made of text.
/// - In no frame (`X-Frame-Options` says so to old browsers), and no window that another page holds.
/// - Nothing of it is guessed at, kept, passed on in `Referer`, or embedded elsewhere.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'",
    ),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "clipboard-write=(self)"),
];

/// Why something is not done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: u16,
    why: String,
}

impl Problem {
    pub(super) fn new(status: u16, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { status, why }
    }
}

/// A value, as JSON.
pub(super) fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(bytes) => whole(200, "application/json", bytes),
        Err(error) => problem(&Problem::new(500, error.to_string())),
    }
}

/// A file.
pub(super) fn text(kind: &str, text: &str) -> Answer {
    whole(200, kind, text.as_bytes().to_vec())
}

/// A line that says why something is not done.
pub(super) fn problem(problem: &Problem) -> Answer {
    let body = format!("{}\n", problem.why);
    whole(
        problem.status,
        "text/plain; charset=utf-8",
        body.into_bytes(),
    )
}

/// The address to ask instead.
pub(super) fn redirect(to: &str) -> Answer {
    let mut answer = whole(308, "text/plain; charset=utf-8", Vec::new());
    answer.headers.push("location", to);
    answer
}

/// Server-sent events.
pub(super) fn stream(events: Receiver<Vec<u8>>) -> Answer {
    Answer {
        status: 200,
        headers: headers("text/event-stream"),
        body: Body::Stream(events),
    }
}

fn whole(status: u16, kind: &str, bytes: Vec<u8>) -> Answer {
    Answer {
        status,
        headers: headers(kind),
        body: Body::Whole(bytes),
    }
}

fn headers(kind: &str) -> Headers {
    let mut headers = Headers::from_iter(HEADERS);
    headers.push("content-type", kind);
    headers
}
