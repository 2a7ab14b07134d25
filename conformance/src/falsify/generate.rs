//! Inputs made for a template: at first one change at a time, in a fixed order, then by chance.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use spec::strategy;
use spec::template::Output;

use super::Place;
use super::input::Input;
use super::reads::Reads;
use super::shape::{Shape, Step};

/// What breaks one language or another, and what only looks as if it did.
const TEXTS: [&str; 34] = [
    "",
    "a",
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

/// Makes inputs.
pub(super) struct Generator<'r> {
    reads: &'r Reads,
    output: Output,
    /// The names of the output's members.
    keys: Vec<String>,
    runner: TestRunner,
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
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        keys.push("key".to_owned());
        Self {
            reads,
            output,
            keys,
            runner: TestRunner::new_with_rng(Config::default(), rng),
            state: seed,
        }
    }

    /// What is tried first, whatever the seed: the smallest input, messages that are no documents,
    /// every value of the template's own in turn, with everything else there or missing.
    pub(super) fn first(&self) -> Vec<Input> {
        let harmless = harmless(self.reads);
        let mut inputs = vec![Input::of("{}"), Input::of(""), harmless.clone()];
        let hostile: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
        let breakouts = self.keys.iter().flat_map(|key| self.breakouts(key));
        let hostile: Vec<String> = hostile.into_iter().chain(breakouts).collect();
        inputs.extend(hostile.iter().map(|text| Input {
            body: text.clone(),
            values: harmless.values.clone(),
        }));
        for (place, shape) in &self.reads.places {
            let mut without = harmless.clone();
            without.values.remove(place);
            inputs.push(without);
            let literals = self
                .reads
                .literals
                .iter()
                .filter(|_| shape.parsed.is_none());
            for text in hostile.iter().chain(literals) {
                let mut other = harmless.clone();
                other.values.insert(place.clone(), place.fitting(text));
                inputs.push(other);
            }
        }
        let document: Value = serde_json::from_str(&harmless.body).unwrap_or_default();
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
        let texts = hostile.iter().chain(&self.reads.literals);
        let texts = texts.map(|text| Some(Value::from(text.as_str())));
        let values: Vec<Option<Value>> = others.into_iter().chain(texts).collect();
        for (path, _) in self.reads.body.points() {
            for value in values.iter().filter(|_| !path.is_empty()) {
                let mut body = document.clone();
                with(&mut body, &path, value.as_ref());
                inputs.push(Input {
                    body: body.to_string(),
                    values: harmless.values.clone(),
                });
            }
        }
        inputs
    }

    /// An input by chance.
    pub(super) fn any(&mut self) -> Input {
        let body = match self.below(10) {
            0 => strategy::body()
                .new_tree(&mut self.runner)
                .map(|tree| tree.current())
                .unwrap_or_default(),
            1 => self.text(),
            _ => {
                let document = self.value(&self.reads.body, 2);
                document.map(|value| value.to_string()).unwrap_or_default()
            }
        };
        let mut input = Input::of(body);
        for (place, shape) in &self.reads.places {
            if let Some(text) = self.place(place, shape) {
                input.values.insert(place.clone(), text);
            }
        }
        input
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
            5 => strategy::token()
                .new_tree(&mut self.runner)
                .map(|tree| tree.current())
                .unwrap_or_default(),
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
        match self.output {
            Output::Form => vec![format!("a&{key}=b"), format!("&{key}=")],
            Output::Xml => vec![
                format!("<{key}/>"),
                format!("\" {key}=\""),
                format!("]]><{key}/><![CDATA["),
            ],
            Output::Json | Output::Text => vec![
                format!("\",\"{key}\":\"x"),
                format!("1,\"{key}\":2"),
                format!("\\\",\\\"{key}\\\":\\\"x"),
                "\",\"x".to_owned(),
                // Out of a member's name.
                format!("a\":1,\"{key}"),
            ],
        }
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
