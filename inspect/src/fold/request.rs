//! Exchanges at their beginning.

use spec::Input;
use spec::io::{ManagementRequest, PeerId, RequestKind};
use spec::percent::{self, Plus};

use super::limits::{cut, cut_bytes};
use super::shown::fields;
use crate::exchange::{Closer, Exchange, Kind, Request, Route, Verdict};

/// What the code is of a connection that ended without a close frame.
const LOST: u16 = 1006;

/// An exchange whose number it gets when it is kept.
pub(super) fn began(
    at: u64,
    peer: PeerId,
    connection_id: &str,
    request_id: &str,
    kind: RequestKind,
    input: Option<&Input>,
) -> Exchange {
    let mut is_cut = false;
    let (kind, request, route) = match kind {
        RequestKind::Connect => (Kind::Connect, handshake(input), Some(("$connect", CONNECT))),
        RequestKind::Message => (Kind::Message, frame(input, &mut is_cut), None),
        RequestKind::Disconnect => {
            let request = Request::Close {
                code: LOST,
                reason: String::new(),
                by: closer(input, peer),
            };
            (Kind::Disconnect, request, Some(("$disconnect", DISCONNECT)))
        }
    };
    Exchange {
        kind,
        connection_id: connection_id.to_owned(),
        request_id: request_id.to_owned(),
        route: route.map(|(key, why)| Route {
            key: Some(key.to_owned()),
            why: why.to_owned(),
        }),
        is_cut,
        ..empty(at, request)
    }
}

const CONNECT: &str = "a client asks for an upgrade";
const DISCONNECT: &str = "the connection has ended";

/// A call of `@connections`.
pub(super) fn management(at: u64, request: &ManagementRequest) -> Exchange {
    let mut is_cut = false;
    let body = cut_bytes(&request.body, &mut is_cut);
    let connection_id = connection_id(&request.path);
    let request = Request::Management {
        method: request.method.clone(),
        path: request.path.clone(),
        headers: fields(&request.headers),
        body,
    };
    Exchange {
        kind: Kind::Management,
        connection_id,
        is_cut,
        ..empty(at, request)
    }
}

fn empty(at: u64, request: Request) -> Exchange {
    Exchange {
        number: 0,
        kind: Kind::Message,
        connection_id: String::new(),
        request_id: String::new(),
        began: at,
        ended: None,
        request,
        decisions: Vec::new(),
        route: None,
        model: None,
        calls: Vec::new(),
        sent: Vec::new(),
        access_log: None,
        verdict: Verdict::Open,
        is_cut: false,
    }
}

fn handshake(input: Option<&Input>) -> Request {
    let Some(Input::Handshake { request, .. }) = input else {
        return Request::Handshake {
            path: String::new(),
            query: None,
            headers: Vec::new(),
            source_ip: String::new(),
        };
    };
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (&*request.target, None),
    };
    Request::Handshake {
        path: path.to_owned(),
        query,
        headers: fields(&request.headers),
        source_ip: request.source_ip.clone(),
    }
}

fn frame(input: Option<&Input>, is_cut: &mut bool) -> Request {
    let text = match input {
        Some(Input::Message { text, .. }) => cut(text, is_cut),
        _ => String::new(),
    };
    Request::Frame { text }
}

fn closer(input: Option<&Input>, ended: PeerId) -> Closer {
    match input {
        Some(Input::PeerClosed { peer, .. }) if *peer == ended => Closer::Client,
        Some(Input::Management { .. }) => Closer::Backend,
        _ => Closer::Gateway,
    }
}

/// The connection that the path of a call names.
fn connection_id(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let path = percent::decode(path, Plus::Literal);
    let id = path.split_once("/@connections/");
    id.map_or_else(String::new, |(_, id)| id.to_owned())
}
