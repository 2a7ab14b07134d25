//! Inputs made for a template: at first one change at a time, in a fixed order, then by chance.

use serde_json::{Map, Value, json};
use spec::template::Output;

use super::Place;
use super::input::Input;
use super::reads::{ANY, Reads};
use super::shape::{Shape, Step};

/// What breaks one language or another, and what only looks as if it did.
const TEXTS: [&str; 35] = [
    "",
    "a",
    LONE,
    "\"",
    "'",
    "\\",
    "\n",
    "&",
    "<",
    "%",
    "+",
    "=",
    "/",
    "\t",
    "\r",
    "\0",
    "\u{8}",
    "\u{1f}",
    "\u{7f}",
    "é",
    "\u{2028}",
    "\u{feff}",
    "😀",
    "\u{10ffff}",
    "\\\"",
    "\\'",
    "]]>",
    "--",
    "$",
    "#end",
    "${",
    "null",
    "true",
    "1",
    " ",
];
const HEY: &str = "hey queen";

/// Stands for half a surrogate pair, which no text here can hold.
const LONE: &str = "\u{e000}";

/// Makes inputs.
pub(super) struct Generator<'r> {
    reads: &'r Reads,
    output: Output,
    /// The names of the output's members.
    keys: Vec<String>,
    state: u64,
}

/// A harmless input in which everything that the template reads is there.
pub(super) fn harmless(reads: &Reads) -> Input {
    let values = reads.places.iter().map(|(place, shape)| {
        let text = match &shape.parsed {
            Some(inner) => plain(inner).to_string(),
            None => place.fitting("harmless"),
        };
        (place.clone(), text)
    });
    let values = values.collect();
    let mut body = plain(&reads.body);
    if !body.is_object() && !body.is_array() {
        body = json!({"action": "sendmessage", "message": HEY});
    }
    Input {
        body: body.to_string(),
        values,
    }
}

/// The document that the template expects.
fn plain(shape: &Shape) -> Value {
    if !shape.members.is_empty() {
        let members = shape.members.iter();
        Value::Object(
            members
                .map(|(name, shape)| (name.clone(), plain(shape)))
                .collect(),
        )
    } else if let Some(each) = &shape.each {
        vec![plain(each); shape.items.max(1)].into()
    } else if let Some(inner) = &shape.parsed {
        plain(inner).to_string().into()
    } else {
        HEY.into()
    }
}

/// The text as it is sent: half a surrogate pair can only be written as an escape.
fn message(text: &str) -> String {
    text.replace(LONE, "\\ud83d")
}

/// The document with `value` at the end of the path; `None` there removes it.
fn with(document: &mut Value, path: &[Step], value: Option<&Value>) {
    let Some((step, rest)) = path.split_first() else {
        *document = value.cloned().unwrap_or_default();
        return;
    };
    match step {
        Step::Member(name) => {
            if !document.is_object() {
                *document = json!({});
            }
            if let Value::Object(members) = document {
                if rest.is_empty() && value.is_none() {
                    members.shift_remove(name);
                } else {
                    let member = members.entry(name.clone()).or_insert(Value::Null);
                    with(member, rest, value);
                }
            }
        }
        Step::Index(_) | Step::Each => match document {
            Value::Object(members) => {
                members
                    .values_mut()
                    .for_each(|member| with(member, rest, value));
            }
            Value::Array(items) if !items.is_empty() => {
                items.iter_mut().for_each(|item| with(item, rest, value));
            }
            other => {
                let mut item = Value::Null;
                with(&mut item, rest, value);
                *other = json!([item]);
            }
        },
        Step::Parsed => {
            let text = document.as_str().unwrap_or_default();
            let mut inner = serde_json::from_str(text).unwrap_or_else(|_| json!({}));
            with(&mut inner, rest, value);
            *document = inner.to_string().into();
        }
    }
}

impl<'r> Generator<'r> {
    pub(super) fn new(reads: &'r Reads, output: Output, mut keys: Vec<String>, seed: u64) -> Self {
        keys.push("key".to_owned());
        Self {
            reads,
            output,
            keys,
            state: seed,
        }
    }

    /// What is tried first, whatever the seed: the smallest input, messages that are no documents,
    /// and every value at each location in turn, with everything else there.
    pub(super) fn first(&self) -> Vec<Input> {
        let harmless = harmless(self.reads);
        let breakouts = self.keys.iter().flat_map(|key| self.breakouts(key));
        let texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
        let texts: Vec<String> = texts.into_iter().chain(breakouts).collect();
        let message = |body: &str| Input {
            body: message(body),
            values: harmless.values.clone(),
        };
        let mut inputs = vec![Input::of("{}"), Input::of(""), harmless.clone()];
        inputs.extend(texts.iter().map(|text| message(text)));
        if self.names_count() {
            inputs.extend(texts.iter().map(|text| {
                let mut other = harmless.clone();
                let name = text.replace(LONE, "");
                other
                    .values
                    .insert(Place::query(&name), "harmless".to_owned());
                other
            }));
        }
        let others = [
            None,
            Some(Value::Null),
            Some(0.into()),
            Some(json!(-1.5)),
            Some(true.into()),
            Some(json!([])),
            Some(json!({})),
            Some(json!(["\"", 1])),
            Some(json!({"a\"b": "\""})),
        ];
        let texts = texts.iter().chain(&self.reads.literals);
        let texts = texts.map(|text| Some(Value::from(text.as_str())));
        let document: Value = serde_json::from_str(&harmless.body).unwrap_or_default();
        let points = self.reads.body.points();
        for value in others.into_iter().chain(texts) {
            for place in self.reads.places.keys() {
                let mut other = harmless.clone();
                match &value {
                    None => _ = other.values.remove(place),
                    Some(Value::String(text)) => {
                        other.values.insert(place.clone(), place.fitting(text));
                    }
                    Some(_) => continue,
                }
                inputs.push(other);
            }
            for (path, _) in points.iter().filter(|(path, _)| !path.is_empty()) {
                let mut document = document.clone();
                with(&mut document, path, value.as_ref());
                inputs.push(message(&document.to_string()));
            }
        }
        inputs
    }

    /// An input by chance.
    pub(super) fn any(&mut self) -> Input {
        let mut input = Input::of(match self.below(10) {
            _ if self.reads.body == Shape::default() => harmless(self.reads).body,
            0 | 1 => message(&self.text()),
            _ => {
                let document = self.value(&self.reads.body, 2);
                message(&document.map(|value| value.to_string()).unwrap_or_default())
            }
        });
        for (place, shape) in &self.reads.places {
            if let Some(text) = self.place(place, shape) {
                input.values.insert(place.clone(), text);
            }
        }
        if self.names_count() && self.below(2) == 0 {
            let name = self.text().replace(LONE, "");
            input.values.insert(Place::query(&name), self.text());
        }
        input
    }

    /// Whether the template prints the query string's names, which are the client's.
    fn names_count(&self) -> bool {
        self.reads.places.contains_key(&Place::query(ANY))
    }

    fn place(&mut self, place: &Place, shape: &Shape) -> Option<String> {
        if self.below(10) == 0 {
            return None;
        }
        let text = match &shape.parsed {
            Some(inner) if self.below(4) > 0 => self.value(inner, 1)?.to_string(),
            _ => self.text(),
        };
        Some(place.fitting(&text))
    }

    /// A value of any kind, mostly of the kind that the template expects; `None` is a missing one.
    fn value(&mut self, shape: &Shape, weight: usize) -> Option<Value> {
        Some(match self.below(8 + 8 * weight) {
            0 => return None,
            1 => Value::Null,
            2 => [
                json!(0),
                json!(-1),
                json!(1.5),
                json!(9_007_199_254_740_991_u64),
            ][self.below(4)]
            .clone(),
            3 => (self.below(2) == 0).into(),
            4 => (0..self.below(3))
                .map(|_| Value::from(self.text()))
                .collect(),
            5 => {
                let members = (0..self.below(3)).map(|_| (self.text(), self.text().into()));
                Value::Object(members.collect())
            }
            6 | 7 => self.text().into(),
            _ => self.expected(shape),
        })
    }

    fn expected(&mut self, shape: &Shape) -> Value {
        if !shape.members.is_empty() {
            let mut members = Map::new();
            for (name, shape) in &shape.members {
                if let Some(member) = self.value(shape, 2) {
                    members.insert(name.clone(), member);
                }
            }
            if let Some(each) = &shape.each
                && let Some(member) = self.value(each, 1)
            {
                members.insert(self.text(), member);
            }
            Value::Object(members)
        } else if let Some(each) = &shape.each {
            let many = shape.items + self.below(3);
            let items = (0..many).map(|_| self.value(each, 2).unwrap_or_default());
            let items: Vec<Value> = items.collect();
            if self.below(3) == 0 {
                let items = items.into_iter().map(|item| (self.text(), item));
                Value::Object(items.collect())
            } else {
                items.into()
            }
        } else if let Some(inner) = &shape.parsed {
            self.value(inner, 2)
                .map(|value| value.to_string())
                .unwrap_or_default()
                .into()
        } else {
            self.text().into()
        }
    }

    fn text(&mut self) -> String {
        match self.below(8) {
            0 | 1 => ["hey", "a b", "x1", "admin"][self.below(4)].to_owned(),
            2 | 3 => (0..=self.below(3))
                .map(|_| TEXTS[self.below(TEXTS.len())])
                .collect(),
            4 => {
                let literals = &self.reads.literals;
                match literals.len() {
                    0 => "b".to_owned(),
                    many => literals[self.below(many)].clone(),
                }
            }
            5 => (0..self.below(6)).map(|_| self.char()).collect(),
            _ => {
                let at = self.below(self.keys.len());
                let key = self.keys[at].clone();
                let all = self.breakouts(&key);
                all[self.below(all.len())].clone()
            }
        }
    }

    /// Texts that try to get out of where they stand, into a member of this name.
    fn breakouts(&self, key: &str) -> Vec<String> {
        let mut texts = match self.output {
            Output::Form => vec![format!("a&{key}=b"), format!("&{key}=")],
            Output::Xml => vec![
                format!("<{key}/>"),
                format!("\" {key}=\""),
                format!("]]><{key}/><![CDATA["),
            ],
            Output::Json | Output::Text => Vec::new(),
        };
        // JSON may be in a field of a form, too.
        texts.extend([
            format!("\",\"{key}\":\"x"),
            format!("1,\"{key}\":2"),
            format!("\\\",\\\"{key}\\\":\\\"x"),
            "\",\"x".to_owned(),
            // Out of a member's name.
            format!("a\":1,\"{key}"),
        ]);
        texts
    }

    /// Any character, mostly of ASCII.
    fn char(&mut self) -> char {
        let limit = [0x80, 0x80, 0x3000, 0x11_0000][self.below(4)];
        let code = u32::try_from(self.below(limit)).unwrap_or_default();
        char::from_u32(code).unwrap_or('x')
    }

    /// A number below `limit`, by SplitMix64: the same seed gives the same numbers.
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed >> 33).unwrap_or_default() % limit.max(1)
    }
}
