//! What happens in a case, step by step.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::sign::Sign;

/// Before a pattern for the compact JSON of a value.
pub(crate) const JSON: &str = "json:";
/// Before the JSON text of a value, with holes to be filled.
pub(crate) const VALUE: &str = "value:";

/// One value of a header field, or several: a field for each.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Values {
    /// One.
    One(String),
    /// Several, in order.
    Many(Vec<String>),
}

/// One step of a case. Texts are patterns with holes (see [`crate::pattern`]), both those to send
/// and those to see. `host` is bound to the host that clients use, `base` to the path that
/// `/@connections/…` stands behind: `/` and the stage on AWS.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// A client asks for an upgrade.
    Connect(Connect),
    /// A client sends a text message.
    Send(Send),
    /// A client sends a binary message.
    SendBinary {
        /// Who.
        client: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A client sends a text frame with these bytes, which may be no UTF-8.
    SendRaw {
        /// Who.
        client: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The next message that a client gets.
    Receive {
        /// Who.
        client: String,
        /// What.
        text: String,
    },
    /// The next messages that a client gets, in whatever order they come.
    ReceiveAll {
        /// Who.
        client: String,
        /// What, each once.
        texts: Vec<String>,
    },
    /// A client closes.
    Close {
        /// Who.
        client: String,
        /// The close frame's code; without one the frame is empty.
        code: Option<u16>,
        /// The close frame's reason.
        #[serde(default)]
        reason: String,
        /// Whether messages that no step has received may be on their way to it.
        #[serde(default)]
        unread: bool,
    },
    /// The gateway has closed, and this is what it said.
    Closed {
        /// Whom.
        client: String,
        /// The code; unchecked if it is not given.
        code: Option<u16>,
        /// The reason; unchecked if it is not given.
        reason: Option<String>,
    },
    /// A backend calls the `@connections` API.
    Manage(Manage),
    /// A client reads all that was posted with `most`: nothing is missing, in order.
    Drain {
        /// Who.
        client: String,
    },
    /// The pattern's table holds the connection, or does not. It may take a moment: this is looked
    /// for again, and the report counts how often.
    Row {
        /// The connection's id.
        id: String,
        /// Whether it is there.
        present: bool,
    },
    /// The stage's access log has a line that holds this text, and it is this line. It may take a
    /// moment: this is looked for again, and the report counts how often.
    AccessLog {
        /// What tells the line from others, such as a request's id.
        of: String,
        /// The line.
        line: String,
    },
    /// Time passes.
    Wait {
        /// How much.
        seconds: u64,
    },
    /// A client sends a ping.
    Ping {
        /// Who.
        client: String,
        /// Its payload.
        text: String,
    },
    /// The pong that must come next.
    Pong {
        /// Whom it must reach.
        client: String,
        /// Its payload.
        text: String,
    },
    /// Connects the client `observer`, to which the fixture's probe reports what clients with
    /// `?observer=${observer}` set off, and binds `observer` to its connection's id.
    Observe(Observe),
    /// The next report of an event of this kind.
    Event(Event),
    /// No further event of this kind may be reported, until the case ends.
    Unseen {
        /// The kind, as for `event`.
        kind: String,
    },
}

/// A request for an upgrade, and the response that must come.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// Its name in this case.
    pub client: String,
    /// Header fields to send.
    #[serde(default)]
    pub headers: BTreeMap<String, Values>,
    /// Another host to name than the target's own, such as a custom domain's; then `target` is the
    /// whole path.
    pub host: Option<String>,
    /// Behind the stage's path, such as `?a=b` or `/more`.
    #[serde(default)]
    pub target: String,
    /// How many times over the last character of `target` stands there.
    #[serde(default = "once")]
    pub repeat: usize,
    /// The status that must come.
    #[serde(default = "switching_protocols")]
    pub status: u16,
    /// How the request is signed, if it is.
    pub sign: Option<Sign>,
    /// The refusal's body.
    pub body: Option<String>,
    /// Fields that the response must have.
    #[serde(default)]
    pub response_headers: BTreeMap<String, String>,
    /// Fields that the response must not have.
    #[serde(default)]
    pub absent_headers: Vec<String>,
}

/// A text message.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Who.
    pub client: String,
    /// What.
    pub text: String,
    /// How many times over the text is repeated to make the message.
    #[serde(default = "once")]
    pub repeat: usize,
    /// Put before the repeated text.
    #[serde(default)]
    pub before: String,
    /// Put behind the repeated text.
    #[serde(default)]
    pub after: String,
    /// In frames of at most this many bytes; one frame if it is not given.
    pub frame: Option<usize>,
}

/// A call of the `@connections` API, and the response that must come.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Manage {
    /// The method.
    pub method: String,
    /// What stands behind `/@connections/`.
    #[serde(default)]
    pub id: String,
    /// The whole path behind the host, instead of stage and id.
    pub path: Option<String>,
    /// Another host to name than the target's own, such as a custom domain's, with `path`.
    pub host: Option<String>,
    /// The body to send.
    #[serde(default)]
    pub body: String,
    /// How many times over the body is repeated.
    #[serde(default = "once")]
    pub repeat: usize,
    /// How the request is signed, if it is.
    pub sign: Option<Sign>,
    /// At most this many times, each with its number and a space before the body, until the status
    /// comes; any other answer before must be
    /// 200. `drain` reads what was taken.
    #[serde(default = "once")]
    pub most: usize,
    /// The status that must come.
    pub status: u16,
    /// A status that may come for a moment instead: then the call is made again, and the report
    /// counts how often.
    pub meanwhile: Option<u16>,
    /// The body that must come.
    pub response: Option<String>,
    /// Fields that the response must have.
    #[serde(default)]
    pub response_headers: BTreeMap<String, String>,
    /// Fields that the response must not have.
    #[serde(default)]
    pub absent_headers: Vec<String>,
}

/// How the observer connects.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Observe {
    /// What the observer sends to learn its id; it must reach the probe.
    #[serde(default = "who_am_i")]
    pub text: String,
    /// Header fields to send.
    #[serde(default)]
    pub headers: BTreeMap<String, Values>,
    /// Behind the stage's path.
    #[serde(default)]
    pub target: String,
    /// How the request is signed, if it is.
    pub sign: Option<Sign>,
}

/// An event that the probe must have got.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// `authorizer`, `CONNECT`, `MESSAGE`, `DISCONNECT`, `payload` (what a template rendered) or
    /// `HTTP`.
    pub kind: String,
    /// What the event must have, by JSON pointer. Texts are patterns for strings; a text that
    /// begins with `json:` is a pattern for the compact JSON of the value; one that begins with
    /// `value:` is the JSON text of an equal value, whatever the order of its members; anything
    /// else must be equal.
    #[serde(default)]
    pub has: BTreeMap<String, toml::Value>,
    /// What it must not have, by JSON pointer.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// The members that objects must have, in order and no others, by JSON pointer. One with a `?`
    /// before its name may stand anywhere, or not at all.
    #[serde(default)]
    pub members: BTreeMap<String, Vec<String>>,
    /// Numbers, none of which is less than the one before, by JSON pointer.
    #[serde(default)]
    pub ascending: Vec<String>,
    /// The statuses of the messages that the probe was told to post.
    #[serde(default)]
    pub posted: Vec<u16>,
}

impl Values {
    /// All of them, in order.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl Step {
    /// The texts that are sent, their holes to be filled.
    pub(super) fn sent(&self) -> Vec<&str> {
        match self {
            Self::Connect(Connect {
                target, headers, ..
            })
            | Self::Observe(Observe {
                target, headers, ..
            }) => {
                let values = headers.values().flat_map(Values::all);
                values.chain([target]).map(|text| &**text).collect()
            }
            Self::Send(send) => vec![&send.text, &send.before, &send.after],
            Self::Manage(Manage { id, path, body, .. }) => {
                vec![id, path.as_deref().unwrap_or_default(), body]
            }
            Self::Row { id, .. } => vec![id],
            Self::AccessLog { of, .. } => vec![of],
            Self::Event(Event { has, .. }) => texts(has)
                .filter_map(|text| text.strip_prefix(VALUE))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Whether somebody does something in it: it is no look at what the target has done.
    pub(crate) fn acts(&self) -> bool {
        matches!(
            self,
            Self::Connect(_)
                | Self::Send(_)
                | Self::SendBinary { .. }
                | Self::SendRaw { .. }
                | Self::Close { .. }
                | Self::Manage(_)
                | Self::Wait { .. }
        )
    }

    /// The patterns of what must be seen.
    pub(super) fn seen(&self) -> Vec<&str> {
        match self {
            Self::Connect(Connect {
                body,
                response_headers: headers,
                ..
            })
            | Self::Manage(Manage {
                response: body,
                response_headers: headers,
                ..
            }) => body
                .iter()
                .chain(headers.values())
                .map(|text| &**text)
                .collect(),
            Self::Receive { text, .. } => vec![text],
            Self::ReceiveAll { texts, .. } => texts.iter().map(|text| &**text).collect(),
            Self::AccessLog { line, .. } => vec![line],
            Self::Event(Event { has, .. }) => texts(has)
                .filter(|text| !text.starts_with(VALUE))
                .map(|text| text.strip_prefix(JSON).unwrap_or(text))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The texts among the values.
fn texts(values: &BTreeMap<String, toml::Value>) -> impl Iterator<Item = &str> {
    values.values().filter_map(toml::Value::as_str)
}

fn switching_protocols() -> u16 {
    101
}

fn who_am_i() -> String {
    r#"{"action":"probe","probe":{"post":[{"to":"{{connectionId}}","data":"{{connectionId}}"}]}}"#
        .to_owned()
}

fn once() -> usize {
    1
}
