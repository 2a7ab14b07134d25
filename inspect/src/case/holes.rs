//! Texts as patterns: ids and times, which are others in every run, become holes.
//!
//! Only what is known to be an id becomes one: of a connection, of a request or a message, of an
//! invocation; a UUID or a time of the session's by its form. What a client has said first stays as
//! it is, whatever its form: it is said again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use super::Session;
use super::tokens::{Form, Token, tokens};

/// What is known about the texts of a session, in the order in which they are played back.
pub(super) struct Holes<'a> {
    /// Names of clients, by their connections' ids.
    clients: HashMap<&'a str, &'a str>,
    ids: &'a BTreeSet<String>,
    /// When the session began and ended, in milliseconds.
    span: (u64, u64),
    /// What clients said before anybody else did.
    said: HashSet<String>,
    /// What came from functions: how often, and whether a client said it again.
    came: HashMap<String, (usize, bool)>,
    /// The names of what came, by what it was.
    names: HashMap<String, String>,
    /// The names that have something to stand for.
    bound: HashSet<String>,
    /// The names that the case gives values, for `${` in texts.
    pub(super) given: BTreeMap<&'static str, &'static str>,
}

/// A piece of a pattern.
enum Piece {
    Text(String),
    /// A hole for a text of this form.
    Hole(String, Form),
    /// A name that the case gives a value.
    Given(&'static str),
}

/// How far a clock may be off, in milliseconds.
const SLACK: u64 = 60_000;
/// How far apart a local time and UTC can be, in milliseconds.
const ZONES: u64 = 14 * 3_600_000;

impl<'a> Holes<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        let ends = session.items.first().zip(session.items.last());
        let span = ends.map_or((0, 0), |(first, last)| {
            (first.at.as_millis(), last.at.as_millis())
        });
        let clients = session.clients.iter();
        Self {
            clients: clients
                .map(|client| (&*client.connection_id, &*client.name))
                .collect(),
            ids: &session.ids,
            span,
            said: HashSet::new(),
            came: HashMap::new(),
            names: HashMap::new(),
            bound: HashSet::new(),
            given: BTreeMap::new(),
        }
    }

    /// First look at a text that a client sends.
    pub(super) fn look_at_sent(&mut self, text: &str) {
        for token in tokens(text) {
            let token = &text[token.range];
            match self.came.get_mut(token) {
                Some((_, again)) => *again = true,
                None => drop(self.said.insert(token.to_owned())),
            }
        }
    }

    /// First look at a text that a client gets.
    pub(super) fn look_at_received(&mut self, text: &str) {
        for token in tokens(text) {
            if self.is_new(text, &token) {
                let seen = self.came.entry(text[token.range].to_owned());
                seen.or_default().0 += 1;
            }
        }
    }

    /// Second look: the pattern of a text that a client sends.
    pub(super) fn sent(&mut self, text: &str) -> String {
        let pieces = self.pieces(text, |holes, token, form| {
            let name = holes.name(token, form)?;
            holes.bound.contains(&name).then_some(name)
        });
        written(&pieces)
    }

    /// Second look: the pattern of a text that a client gets.
    pub(super) fn received(&mut self, text: &str) -> String {
        let mut pieces = self.pieces(text, |holes, token, form| {
            let is_new = holes.came.contains_key(token);
            is_new.then(|| holes.name(token, form).unwrap_or_else(|| "*".to_owned()))
        });
        cut_where_holes_touch(&mut pieces);
        for piece in &mut pieces {
            if let Piece::Hole(name, form) = piece
                && name != "*"
                && self.bound.insert(name.clone())
            {
                name.push_str(form.kind());
            } else if let Piece::Hole(name, form) = piece
                && name == "*"
            {
                name.push_str(form.kind());
            }
        }
        written(&pieces)
    }

    /// The clients whose connections' ids a text has, though nothing told them before.
    pub(super) fn untold(&self, text: &str) -> Vec<&'a str> {
        let names = tokens(text).into_iter().filter_map(|token| {
            let name = *self.clients.get(&text[token.range])?;
            (!self.bound.contains(name)).then_some(name)
        });
        names.collect()
    }

    /// The name that a connection's id stands behind, once a text has told it.
    pub(super) fn told(&self, connection_id: &str) -> Option<&'a str> {
        let name = *self.clients.get(connection_id)?;
        self.bound.contains(name).then_some(name)
    }

    /// Whether a token is made anew in every run.
    fn is_new(&self, text: &str, token: &Token) -> bool {
        let value = &text[token.range.clone()];
        if self.said.contains(value) {
            return false;
        }
        let (began, ended) = self.span;
        let is_of_session = |millis: u64, slack: u64| {
            millis + slack >= began && millis <= ended.saturating_add(slack)
        };
        match token.form {
            Form::Id => self.clients.contains_key(value) || self.ids.contains(value),
            Form::Uuid => true,
            Form::Clf(at) | Form::Iso(at) | Form::Millis(at) | Form::Seconds(at) => {
                is_of_session(at, SLACK)
            }
            Form::Moment(at) => is_of_session(at, SLACK + ZONES),
        }
    }

    /// The name for what came: of a connection its client's, of an id that is there again or of a
    /// time that a client says again one with a number.
    fn name(&mut self, token: &str, form: Form) -> Option<String> {
        if let Some(name) = self.clients.get(token) {
            return Some((*name).to_owned());
        }
        if let Some(name) = self.names.get(token) {
            return Some(name.clone());
        }
        let (count, again) = *self.came.get(token)?;
        // Equal times may be so by chance.
        let stem = match form {
            Form::Id if count > 1 || again => "id",
            Form::Uuid if count > 1 || again => "uuid",
            Form::Id | Form::Uuid => return None,
            _ if again => "time",
            _ => return None,
        };
        let name = format!("{stem}{}", self.names.len() + 1);
        self.names.insert(token.to_owned(), name.clone());
        Some(name)
    }

    /// A text in pieces; `name` says which tokens are holes.
    fn pieces(
        &mut self,
        text: &str,
        name: impl Fn(&mut Self, &str, Form) -> Option<String>,
    ) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut done = 0;
        for Token { range, form } in tokens(text) {
            if let Some(name) = name(self, &text[range.clone()], form) {
                self.escape(&text[done..range.start], &mut pieces);
                pieces.push(Piece::Hole(name, form));
                done = range.end;
            }
        }
        self.escape(&text[done..], &mut pieces);
        pieces
    }

    /// Adds a text that stands for itself. A pattern has no other way to say `${` than a name that
    /// stands for a part of it.
    fn escape(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        let mut give = |name: &'static str, value: &'static str| {
            self.given.insert(name, value);
            Piece::Given(name)
        };
        let mut parts = text.split("${");
        let add = |text: &str, pieces: &mut Vec<Piece>| match pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            _ if text.is_empty() => {}
            _ => pieces.push(Piece::Text(text.to_owned())),
        };
        add(parts.next().unwrap_or_default(), pieces);
        for part in parts {
            // Two holes must have text between them.
            if let Some(Piece::Hole(..) | Piece::Given(_)) = pieces.last() {
                add("$", pieces);
                pieces.push(give("open", "{"));
            } else {
                pieces.push(give("dollar", "$"));
                add("{", pieces);
            }
            add(part, pieces);
        }
    }
}

/// A hole ends where the text behind it begins: where that cannot be told, the rest of the pattern
/// is one hole.
fn cut_where_holes_touch(pieces: &mut Vec<Piece>) {
    let touches = |pair: &[Piece]| match pair {
        [Piece::Hole(_, form), Piece::Text(text)] => text.starts_with(|c| form.may_have(c)),
        [
            Piece::Hole(..) | Piece::Given(_),
            Piece::Hole(..) | Piece::Given(_),
        ] => true,
        _ => false,
    };
    if let Some(index) = pieces.windows(2).position(touches) {
        pieces.truncate(index);
        pieces.push(Piece::Hole("*".to_owned(), Form::Moment(0)));
    }
}

fn written(pieces: &[Piece]) -> String {
    let mut pattern = String::new();
    for piece in pieces {
        // A `String` takes everything.
        let _ = match piece {
            Piece::Text(text) => write!(pattern, "{text}"),
            Piece::Hole(name, _) => write!(pattern, "${{{name}}}"),
            Piece::Given(name) => write!(pattern, "${{{name}}}"),
        };
    }
    pattern
}
