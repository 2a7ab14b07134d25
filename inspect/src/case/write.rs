//! The text of a case file.

use std::collections::BTreeMap;
use std::fmt::Write;

use spec::handshake::HandshakeRequest;
use spec::http::Headers;
use spec::io::{ClientClose, ManagementRequest};
use spec::limits::{FRAME_BYTES, MESSAGE_BYTES, Violation};

use super::fields::Rules;
use super::head::{Head, Origin};
use super::holes::Holes;
use super::order::{Act, acts, is_timed};
use super::quoted::{comment, quoted};
use super::{Item, Session, What, connection_of, path_of};

/// The steps of a case as text, and what its head must say of them.
struct Writer<'a> {
    session: &'a Session,
    rules: &'a Rules,
    holes: Holes<'a>,
    steps: String,
    head: Head,
    /// Whether the kit could not make the call that the next messages come of.
    is_unheard: bool,
    has_steps: bool,
}

/// The name of everybody who is not let in.
const STRANGER: &str = "stranger";
/// Bytes of a frame of a message that does not fit into one.
const IN_FRAMES: usize = 32_000;
const STEP: &str = "  ";

impl Session {
    /// The case of the session as it is so far, with comments for whoever edits it; `None` if
    /// nothing of it can be a step.
    pub fn case(&self, rules: &Rules, origin: &Origin) -> Option<String> {
        let mut writer = Writer {
            session: self,
            rules,
            holes: Holes::new(self),
            steps: String::new(),
            head: Head::default(),
            is_unheard: false,
            has_steps: false,
        };
        let acts = acts(self);
        acts.iter().for_each(|act| writer.look_at(act));
        acts.iter().for_each(|act| writer.act(act));
        if is_timed(self) {
            writer.head.features.insert("clock");
        }
        let has_steps = writer.has_steps;
        has_steps.then(|| {
            format!(
                "{}steps = [\n{}]\n",
                writer.head.text(self, origin, &writer.holes.given),
                writer.steps
            )
        })
    }
}

impl Writer<'_> {
    /// First look, for names that are there again.
    fn look_at(&mut self, act: &Act<'_>) {
        match act {
            Act::Messages(_, texts) => {
                texts
                    .iter()
                    .for_each(|text| self.holes.look_at_received(text));
            }
            Act::Item(item) => match &item.what {
                What::Received(_, text) => self.holes.look_at_received(text),
                What::Sent(_, text) => self.holes.look_at_sent(text),
                What::Connected(_, request, _) | What::Refused(request, _) => {
                    if let Ok(fields) = self.rules.fields(request) {
                        self.holes.look_at_sent(&fields.target);
                        let values = fields.headers.values().flatten();
                        values.for_each(|value| self.holes.look_at_sent(value));
                    }
                }
                What::Called(request, _) => {
                    self.holes
                        .look_at_sent(&String::from_utf8_lossy(&request.body));
                }
                _ => {}
            },
            Act::Wait(_) | Act::End(_) | Act::Comment(_) => {}
        }
    }

    fn act(&mut self, act: &Act<'_>) {
        match act {
            Act::Item(item) => self.item(item),
            Act::Messages(client, texts) => self.messages(*client, texts),
            Act::Wait(seconds) => self.step("wait", &format!("seconds = {seconds}")),
            Act::End(client) => {
                let client = self.name(*client);
                self.step("close", &format!("{client}, unread = true"));
            }
            Act::Comment(text) => self.comment(text),
        }
    }

    fn item(&mut self, item: &Item) {
        if item.what.is_action() {
            self.is_unheard = false;
        }
        match &item.what {
            What::Connected(client, request, headers) => {
                let name = self.session.clients[*client].name.clone();
                self.connect(&name, request, 101, headers);
            }
            What::Refused(request, response) => {
                self.connect(STRANGER, request, response.status, &Headers::new());
            }
            What::Sent(client, text) => self.send(*client, text),
            What::Violated(client, violation) => self.violate(*client, *violation),
            What::Left(client, close) => self.leave(*client, close.as_ref(), item.amid),
            What::Received(_, text) if self.is_unheard => {
                let comment = format!("nor can what it brought: {text}");
                self.comment(&comment);
            }
            What::Received(client, text) => {
                let client = self.name(*client);
                let text = quoted(&self.holes.received(text));
                self.step("receive", &format!("{client}, text = {text}"));
            }
            What::Closed(client, close, _) if self.is_unheard => {
                self.comment(&format!(
                    "it was closed with {}; here it leaves:",
                    close.code
                ));
                let client = self.name(*client);
                self.step("close", &format!("{client}, unread = true"));
            }
            What::Closed(client, close, _) => {
                let mut step = format!("{}, code = {}", self.name(*client), close.code);
                if !close.reason.is_empty() {
                    let _ = write!(step, ", reason = {}", quoted(&close.reason));
                }
                self.step("closed", &step);
            }
            What::Called(request, status) => self.call(request, *status),
            What::Note(text) => self.comment(text),
        }
    }

    fn connect(&mut self, name: &str, request: &HandshakeRequest, status: u16, added: &Headers) {
        let fields = match self.rules.fields(request) {
            Ok(fields) => fields,
            Err(problem) => {
                self.comment(&format!(
                    "a handshake that cannot be a step: {problem} ({status})"
                ));
                return;
            }
        };
        let mut step = format!("client = {}", quoted(name));
        if let Some(host) = &fields.host {
            self.head.features.insert("domains");
            let _ = write!(step, ", host = {}", quoted(host));
        }
        if !fields.target.is_empty() {
            let target = self.sent(&fields.target);
            let _ = write!(step, ", target = {target}");
        }
        if !fields.headers.is_empty() {
            let mut headers = Vec::new();
            for (name, values) in &fields.headers {
                let values: Vec<String> = values.iter().map(|value| self.sent(value)).collect();
                let value = match &*values {
                    [value] => value.clone(),
                    _ => format!("[{}]", values.join(", ")),
                };
                headers.push(format!("{} = {value}", key(name)));
            }
            let _ = write!(step, ", headers = {{ {} }}", headers.join(", "));
        }
        if let Some(place) = fields.sign {
            let _ = write!(step, ", sign = {{ in = \"{place}\" }}");
        }
        if status != 101 {
            let _ = write!(step, ", status = {status}");
        }
        let added: BTreeMap<String, &str> = added
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        if !added.is_empty() {
            let mut fields = Vec::new();
            for (name, value) in &added {
                let value = quoted(&self.holes.received(value));
                fields.push(format!("{} = {value}", key(name)));
            }
            let _ = write!(step, ", response_headers = {{ {} }}", fields.join(", "));
        }
        self.head.secrets.extend(fields.secrets);
        self.step("connect", &step);
    }

    fn send(&mut self, client: usize, text: &str) {
        let mut step = format!("{}, text = {}", self.name(client), self.sent(text));
        if text.len() > FRAME_BYTES {
            let _ = write!(step, ", frame = {IN_FRAMES}");
        }
        self.step("send", &step);
    }

    /// A text to send, quoted. That it names somebody whose id nothing has told is said before it.
    fn sent(&mut self, text: &str) -> String {
        for name in self.holes.untold(text) {
            self.comment(&format!(
                "the next step has the connection id of {name}, which no message has told: it will \
                 be another"
            ));
        }
        quoted(&self.holes.sent(text))
    }

    /// What ends a connection: the kit does the like, since the bytes are not known.
    fn violate(&mut self, client: usize, violation: Violation) {
        self.head.features.insert("limits");
        let name = &self.session.clients[client].name;
        let (what, step, rest) = match violation {
            Violation::Binary => ("a binary message", "send-binary", "bytes = [1]".to_owned()),
            Violation::InvalidUtf8 => (
                "a text that is not UTF-8",
                "send-raw",
                "bytes = [255]".to_owned(),
            ),
            Violation::FrameTooLarge => {
                let rest = format!("text = \"x\", repeat = {}", FRAME_BYTES + 1);
                ("a frame that was too large", "send", rest)
            }
            Violation::MessageTooLarge => {
                let repeat = MESSAGE_BYTES + 1;
                let rest = format!("text = \"x\", repeat = {repeat}, frame = {IN_FRAMES}");
                ("a message that was too large", "send", rest)
            }
            Violation::Protocol => {
                self.comment(&format!(
                    "{name} sent frames that RFC 6455 does not allow, which cannot be a step"
                ));
                self.is_unheard = true;
                return;
            }
        };
        let client = self.name(client);
        self.comment(&format!("{what}, whose bytes are not recorded:"));
        self.step(step, &format!("{client}, {rest}"));
    }

    fn leave(&mut self, client: usize, close: Option<&ClientClose>, amid: bool) {
        let mut step = self.name(client);
        match close {
            None => self.comment("this connection was lost, without a close frame:"),
            Some(close) => {
                if let Some(code) = close.code {
                    let _ = write!(step, ", code = {code}");
                }
                if !close.reason.is_empty() {
                    let _ = write!(step, ", reason = {}", quoted(&close.reason));
                }
            }
        }
        if amid {
            step.push_str(", unread = true");
        }
        self.step("close", &step);
    }

    fn call(&mut self, request: &ManagementRequest, status: u16) {
        let ManagementRequest {
            method, path, body, ..
        } = request;
        let id = connection_of(request);
        let name = id.as_deref().and_then(|id| self.holes.told(id));
        let body = std::str::from_utf8(body);
        let (Some(name), Ok(body)) = (name, body) else {
            let comment = format!(
                "a backend called {method} {} here ({status}), which cannot be a step: no \
                 message has told the connection's id",
                path_of(path)
            );
            self.comment(&comment);
            self.is_unheard = true;
            return;
        };
        self.head.features.insert("management");
        let mut step = format!("method = {}, id = \"${{{name}}}\"", quoted(method));
        if !body.is_empty() {
            let _ = write!(step, ", body = {}", self.sent(body));
        }
        let _ = write!(step, ", status = {status}");
        self.step("manage", &step);
    }

    fn messages(&mut self, client: usize, texts: &[&str]) {
        let client = self.name(client);
        let texts: Vec<String> = texts
            .iter()
            .map(|text| quoted(&self.holes.received(text)))
            .collect();
        match &*texts {
            [text] => self.step("receive", &format!("{client}, text = {text}")),
            _ => {
                let texts = texts.join(", ");
                self.step("receive-all", &format!("{client}, texts = [{texts}]"));
            }
        }
    }

    fn step(&mut self, what: &str, rest: &str) {
        self.has_steps = true;
        // A `String` takes everything.
        let _ = writeln!(self.steps, "{STEP}{{ do = \"{what}\", {rest} }},");
    }

    fn comment(&mut self, text: &str) {
        self.steps.push_str(&comment(STEP, text));
    }

    /// `client = "alice"`.
    fn name(&self, client: usize) -> String {
        format!("client = {}", quoted(&self.session.clients[client].name))
    }
}

/// The key of a TOML table.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}
