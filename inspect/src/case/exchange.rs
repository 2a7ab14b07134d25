//! One exchange as a case: with the connections of all who got something of it.

use std::sync::Arc;

use spec::Timestamp;
use spec::connection::CloseInfo;
use spec::handshake::HandshakeRequest;
use spec::http::{Headers, HttpResponse};
use spec::io::{ClientClose, ManagementRequest};

use super::{Because, Item, Origin, Rules, Session, What};
use crate::exchange::{Closer, Exchange, Kind, Message, Request, Sent};

/// The case of an exchange among `all` that are known, in the order of their numbers. `None` if
/// nothing of it can be a step.
///
/// A connection without a handshake among them cannot be made: a comment says so.
pub fn from_exchange(
    exchange: &Exchange,
    all: &[Arc<Exchange>],
    rules: &Rules,
    origin: &Origin,
) -> Option<String> {
    let mut builder = Builder {
        session: Session::default(),
        actions: 0,
        ends: exchange.ended.unwrap_or(exchange.began),
    };
    let posts = match exchange.kind {
        Kind::Management => Vec::new(),
        _ => posts_of(exchange, all),
    };
    let sent = exchange.sent.iter();
    let mut sent: Vec<&Sent> = sent
        .chain(posts.iter().flat_map(|post| &post.sent))
        .collect();
    sent.sort_by_key(|sent| sent.at);
    let mut involved = vec![&*exchange.connection_id];
    involved.extend(sent.iter().map(|sent| &*sent.to).filter(|to| *to != CALLER));
    for known in all.iter().filter(|known| known.number < exchange.number) {
        if known.kind == Kind::Connect && involved.contains(&&*known.connection_id) {
            builder.connect(known);
        }
    }
    for other in [exchange]
        .into_iter()
        .chain(posts.iter().map(|post| &**post))
    {
        builder.learn(other);
    }
    builder.act(exchange);
    for sent in sent {
        builder.sent(sent, exchange);
    }
    builder.session.case(rules, origin)
}

/// Who gets the answer to a handshake or to a call of `@connections`.
const CALLER: &str = "caller";

/// The calls of `@connections` while the exchange's own calls were under way.
fn posts_of(exchange: &Exchange, all: &[Arc<Exchange>]) -> Vec<Arc<Exchange>> {
    let is_within = |at: u64| {
        let mut calls = exchange.calls.iter();
        calls.any(|call| call.began <= at && call.ended.is_none_or(|ended| at <= ended))
    };
    let posts = all
        .iter()
        .filter(|other| other.kind == Kind::Management && is_within(other.began));
    posts.cloned().collect()
}

struct Builder {
    session: Session,
    actions: usize,
    /// When the exchange ended, for what has no time of its own.
    ends: u64,
}

impl Builder {
    /// Connects a client, if it was let in.
    fn connect(&mut self, exchange: &Exchange) {
        let Request::Handshake { .. } = exchange.request else {
            return;
        };
        let response = exchange.sent.iter().find_map(|sent| match &sent.what {
            Message::Response {
                status, headers, ..
            } => Some((*status, headers)),
            _ => None,
        });
        let Some((status, headers)) = response else {
            return;
        };
        let request = handshake(&exchange.request);
        let what = match status {
            101 => {
                let client = self.session.client(&exchange.connection_id);
                What::Connected(client, request, fields(headers))
            }
            _ => What::Refused(request, HttpResponse::new(status)),
        };
        self.keep_action(exchange.began, what);
    }

    /// What the client, or a backend, did.
    fn act(&mut self, exchange: &Exchange) {
        let client = self.number(&exchange.connection_id);
        let what = match (&exchange.request, client) {
            (Request::Handshake { .. }, _) => return self.connect(exchange),
            (
                Request::Management {
                    method,
                    path,
                    headers,
                    body,
                },
                _,
            ) => {
                let status = exchange.sent.iter().find_map(|sent| match sent.what {
                    Message::Response { status, .. } => Some(status),
                    _ => None,
                });
                let request = ManagementRequest {
                    method: method.clone(),
                    path: path.clone(),
                    headers: fields(headers),
                    body: body.as_bytes().to_vec(),
                    ..ManagementRequest::default()
                };
                What::Called(request, status.unwrap_or_default())
            }
            (_, None) => {
                let note = "the handshake of this connection is not known any more";
                What::Note(note.to_owned())
            }
            (Request::Frame { text }, Some(client)) => What::Sent(client, text.clone()),
            (
                Request::Close {
                    code,
                    reason,
                    by: Closer::Client,
                },
                Some(client),
            ) => {
                // 1005 is a frame without a code, 1006 no frame at all.
                let close = (*code != 1006).then(|| ClientClose {
                    code: Some(*code).filter(|code| *code != 1005),
                    reason: reason.clone(),
                });
                What::Left(client, close)
            }
            (Request::Close { code, reason, .. }, Some(client)) => {
                let because = match code {
                    1001 => Because::Time,
                    _ => Because::Deed,
                };
                What::Closed(client, CloseInfo::new(*code, reason), because)
            }
        };
        self.keep_action(exchange.began, what);
    }

    /// What somebody got.
    fn sent(&mut self, sent: &Sent, exchange: &Exchange) {
        let Some(client) = self.number(&sent.to) else {
            return;
        };
        let what = match &sent.what {
            Message::Text { text } => What::Received(client, text.clone()),
            // The end of a connection is what the exchange is, not what came of it.
            Message::Close { .. } if exchange.kind == Kind::Disconnect => return,
            Message::Close { code, reason } => {
                What::Closed(client, CloseInfo::new(*code, reason), Because::Deed)
            }
            Message::Response { .. } => return,
        };
        self.keep(sent.at, what);
    }

    /// Takes the ids that an exchange tells, and how long its calls took.
    fn learn(&mut self, exchange: &Exchange) {
        self.session.learn(&exchange.request_id);
        for call in &exchange.calls {
            if let Some(function) = &call.function {
                self.session.learn(&function.request_id);
            }
            if let Some(payload) = &call.payload {
                self.session.learn_of_event(payload);
            }
            let ended = call.ended.unwrap_or(self.ends);
            let took = ended.saturating_sub(call.began);
            self.session.longest = self.session.longest.max(took);
        }
    }

    fn number(&self, connection_id: &str) -> Option<usize> {
        let mut clients = self.session.clients.iter();
        clients.position(|client| client.connection_id == connection_id)
    }

    fn keep_action(&mut self, at: u64, what: What) {
        self.actions += 1;
        self.keep(at, what);
    }

    fn keep(&mut self, at: u64, what: What) {
        self.session.push(Item {
            at: Timestamp::from_millis(at),
            causes: (self.actions, self.actions),
            amid: false,
            what,
        });
    }
}

fn handshake(request: &Request) -> HandshakeRequest {
    let Request::Handshake {
        path,
        query,
        headers,
        source_ip,
    } = request
    else {
        return HandshakeRequest::default();
    };
    let target = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.clone(),
    };
    HandshakeRequest {
        method: "GET".to_owned(),
        target,
        headers: fields(headers),
        source_ip: source_ip.clone(),
    }
}

fn fields(headers: &[(String, String)]) -> Headers {
    let fields = headers.iter().map(|(name, value)| (&**name, &**value));
    Headers::from_iter(fields)
}
