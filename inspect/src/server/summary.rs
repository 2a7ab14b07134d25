//! A request in one line of the page.

use std::borrow::Cow;

use serde::Serialize;

use crate::exchange::{Exchange, Kind, Message, Request, Verdict};
use crate::store::Store;

/// What the timeline shows of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    number: u64,
    /// When it changed last.
    revision: u64,
    kind: Kind,
    connection_id: String,
    request_id: String,
    began: u64,
    ended: Option<u64>,
    verdict: Verdict,
    /// What was asked for, without secrets, and no more of it than fits on a line.
    text: String,
    route: Option<String>,
    /// What was called.
    targets: Vec<String>,
    /// The status of the answer to a handshake or a call of `@connections`.
    status: Option<u16>,
}

/// How many characters of a text fit on a line.
const LINE: usize = 200;
/// How many are looked at: a secret must not be cut before it is masked.
const SEEN: usize = 4096;

impl Summary {
    pub(super) fn new(revision: u64, exchange: &Exchange, store: &Store) -> Self {
        let is_frame = matches!(exchange.request, Request::Frame { .. });
        let targets = exchange.calls.iter().map(|call| call.target.name.clone());
        let targets = targets.filter(|name| !name.is_empty());
        let status = exchange.sent.iter().find_map(|sent| match sent.what {
            Message::Response { status, .. } => Some(status),
            _ => None,
        });
        // A secret in a query string may be too short to be known by itself.
        let text = match line(&exchange.request) {
            text if text.contains('?') && !is_frame => line(&store.masked(exchange).request),
            text => store.masked_text(&text),
        };
        let text = text.chars().take(LINE).collect::<String>();
        Self {
            number: exchange.number,
            revision,
            kind: exchange.kind,
            connection_id: exchange.connection_id.clone(),
            request_id: exchange.request_id.clone(),
            began: exchange.began,
            ended: exchange.ended,
            verdict: exchange.verdict,
            text: text.trim_end().to_owned(),
            route: exchange.route.as_ref().and_then(|route| route.key.clone()),
            targets: targets.collect(),
            status: status.filter(|_| !is_frame),
        }
    }
}

/// The beginning of what was asked for, in one line.
fn line(request: &Request) -> String {
    let text = match request {
        Request::Frame { text } => Cow::Borrowed(&**text),
        Request::Handshake { path, query, .. } => match query {
            Some(query) => format!("{path}?{query}").into(),
            None => Cow::Borrowed(&**path),
        },
        Request::Close { code, reason, .. } => format!("{code} {reason}").into(),
        Request::Management { method, path, .. } => format!("{method} {path}").into(),
    };
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(SEEN).map(clean).collect()
}
