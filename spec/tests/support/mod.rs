//! Shared by the tests against the real Velocity: requests, our answers, and the program that gives
//! the real ones.

#![allow(dead_code, reason = "every test binary uses its own part")]

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use spec::template::{MappingTemplate, Params, Scope, Variables};
use velocity::{Options, ParseErrorKind, RenderErrorKind};

/// A template with its input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) profile: String,
    pub(crate) template: String,
    pub(crate) body: String,
    pub(crate) variables: Value,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Output(String),
    ParseError(Cause),
    RenderError(Cause),
    /// Oracle only: it did not end in time.
    Timeout,
    /// Oracle only: its answer, and the reason why ours may differ.
    Odd(Box<Answer>, Odd),
}

/// What went wrong in the oracle itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Odd {
    /// It ran out of stack or memory.
    Exhausted,
    /// json-smart had to write a Java object that the JVM does not let it inspect.
    Inaccessible,
    /// Its version of Jayway refused a JSON path, or found nothing where later versions find an
    /// empty list.
    PathRefused,
    /// `$util` was given null.
    UtilNull,
}

impl Odd {
    /// Its name in an answer, and its line in COMPATIBILITY.md.
    const ALL: [(Odd, &'static str, &'static str); 4] = [
        (Odd::Exhausted, "exhausted", WORK),
        (Odd::Inaccessible, "inaccessible", ENTRIES),
        (Odd::PathRefused, "pathRefused", PATHS),
        (Odd::UtilNull, "utilNull", UTIL_NULL),
    ];

    fn line(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(odd, ..)| *odd == self)
            .map_or("", |(.., line)| line)
    }
}

/// Why we refuse, if that can explain a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cause {
    Any,
    /// A limit of the options was reached.
    Bound,
    /// Java has the method, or the construct of a regular expression, but we do not.
    Unsupported,
    /// An invalid JSON path.
    Path,
}

/// How two answers compare.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    Same,
    /// Explained by the line of COMPATIBILITY.md that begins with these words.
    Explained(&'static str),
    Different,
}

pub(crate) const PROFILES: [&str; 2] = ["api-gateway", "velocity"];

/// The messages that templates read.
pub(crate) const BODIES: [&str; 5] = [
    concat!(
        r#"{"o": {"p": "v", "q": 1.50, "big": 123456789012345678901234567890}, "#,
        r#""l": [1, "two", null, {"k": []}], "none": null, "s": "it's é / \"q\""}"#
    ),
    "",
    "not JSON",
    "[1, [2, 3]]",
    "it's \"quoted\" \\ / 日本 😀\u{7f}\u{1}\n",
];

/// The files of recorded cases.
pub(crate) const FILES: [&str; 3] = ["found.jsonl", "generated.jsonl", "velocity-tests.jsonl"];

/// The recorded requests with their answers, each with its file and line.
pub(crate) fn recorded() -> Vec<(String, usize, Request, Value)> {
    let mut cases = Vec::new();
    for name in FILES {
        let path = root().join("velocity/oracle/cases").join(name);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (index, line) in text.lines().enumerate() {
            let value: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{name}:{}: {error}", index + 1));
            cases.push((
                name.to_owned(),
                index + 1,
                Request::of(&value),
                value["answer"].clone(),
            ));
        }
    }
    cases
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Request {
    /// The form that the oracle and `gatespec render --jsonl` read.
    pub(crate) fn json(&self, id: usize) -> Value {
        let (context, stage_variables, params) = surroundings();
        json!({
            "id": id,
            "profile": self.profile,
            "template": self.template,
            "body": self.body,
            "context": context,
            "stageVariables": stage_variables,
            "params": {"querystring": texts(&params.querystring), "header": texts(&params.header)},
            "variables": self.variables.to_string(),
        })
    }

    pub(crate) fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Self {
            profile: text("profile"),
            template: text("template"),
            body: text("body"),
            variables: value.get("variables").cloned().unwrap_or_else(variables),
        }
    }

    /// The same with only those variables that the template names, or all of the usual ones.
    pub(crate) fn with_few_variables(mut self) -> Self {
        let usual = self.variables == variables();
        if let Some(values) = self.variables.as_object_mut().filter(|_| !usual) {
            values.retain(|name, _| {
                ["$", "{", "!"]
                    .iter()
                    .any(|sign| self.template.contains(&format!("{sign}{name}")))
            });
        }
        self
    }

    /// Our answer.
    pub(crate) fn render(&self) -> Answer {
        let options = match self.profile.as_str() {
            "velocity" => Options::default(),
            _ => spec::template::options(),
        };
        let template = match MappingTemplate::with_options(&self.template, &options) {
            Ok(template) => template,
            Err(error) => {
                return Answer::ParseError(match error.kind() {
                    ParseErrorKind::Regex => Cause::Unsupported,
                    ParseErrorKind::Depth => Cause::Bound,
                    _ => Cause::Any,
                });
            }
        };
        let (context, stage_variables, params) = surroundings();
        let variables = self
            .variables
            .as_object()
            .map(Variables::from)
            .unwrap_or_default();
        let (context, stage_variables) =
            (Variables::from(context), Variables::from(stage_variables));
        let scope = Scope::new(&self.body, &context)
            .stage_variables(&stage_variables)
            .params(&params)
            .variables(&variables);
        match template.render(&scope) {
            Ok(output) => Answer::Output(output),
            Err(error) => Answer::RenderError(match error.kind() {
                RenderErrorKind::Bound => Cause::Bound,
                RenderErrorKind::Unsupported => Cause::Unsupported,
                _ if error.message().contains("the JSON path `") => Cause::Path,
                _ => Cause::Any,
            }),
        }
    }
}

// The lines of COMPATIBILITY.md that explain differences, by their first words.
const WORK: &str = "work, memory, output, nesting";
const METHODS: &str = "Java's other methods";
const ADDRESSES: &str = "arrays as text";
const PATTERNS: &str = "regular expressions";
const ENTRIES: &str = "entries in JSON arrays";
const PATHS: &str = "JSON paths";
const UTIL_NULL: &str = "null given to `$util`";
pub(crate) const EXPLANATIONS: [&str; 7] = [
    WORK, METHODS, ADDRESSES, PATTERNS, ENTRIES, PATHS, UTIL_NULL,
];

impl Answer {
    /// The oracle's.
    pub(crate) fn of(value: &Value) -> Self {
        if value["timeout"] == true {
            return Self::Timeout;
        }
        let answer = match (value["ok"].as_bool(), value["stage"].as_str()) {
            (Some(true), _) => {
                Self::Output(value["output"].as_str().unwrap_or_default().to_owned())
            }
            (_, Some("parse")) => Self::ParseError(Cause::Any),
            (_, Some("render")) => Self::RenderError(Cause::Any),
            _ => panic!("the oracle itself failed: {value}"),
        };
        match Odd::ALL.iter().find(|(_, name, _)| value[name] == true) {
            Some((odd, ..)) => Self::Odd(Box::new(answer), *odd),
            None => answer,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Output(_) => "output",
            Self::ParseError(_) => "parse error",
            Self::RenderError(_) => "render error",
            Self::Timeout => "timeout",
            Self::Odd(answer, _) => answer.name(),
        }
    }

    /// Whether two answers of the oracle are the same apart from addresses.
    pub(crate) fn agrees(&self, other: &Answer) -> bool {
        match (self, other) {
            (Answer::Output(left), Answer::Output(right)) => {
                let (left, right) = (without_addresses(left), without_addresses(right));
                left == right
            }
            (left, right) => left == right,
        }
    }

    /// Compares our answer with the oracle's. This is the only place that explains differences.
    pub(crate) fn against(&self, theirs: &Answer) -> Verdict {
        match (self, theirs) {
            (_, Answer::Odd(answer, odd)) => match self.against(answer) {
                Verdict::Different => Verdict::Explained(odd.line()),
                verdict => verdict,
            },
            (Answer::Output(ours), Answer::Output(theirs)) if ours == theirs => Verdict::Same,
            (Answer::Output(ours), Answer::Output(theirs)) if same_but_addresses(ours, theirs) => {
                Verdict::Explained(ADDRESSES)
            }
            (Answer::ParseError(_), Answer::ParseError(_))
            | (Answer::RenderError(_), Answer::RenderError(_)) => Verdict::Same,
            (Answer::RenderError(Cause::Unsupported), _) => Verdict::Explained(METHODS),
            (Answer::RenderError(Cause::Path), _) => Verdict::Explained(PATHS),
            (Answer::ParseError(Cause::Unsupported), _) => Verdict::Explained(PATTERNS),
            (Answer::RenderError(Cause::Bound), _) => Verdict::Explained(WORK),
            _ => Verdict::Different,
        }
    }
}

/// Java's arrays and iterators print with an address that changes each time:
/// `[Ljava.lang.String;@1f3f434`. Ours have none.
const ARRAYS: [&str; 10] = [
    "[Ljava.lang.String;",
    "[Ljava.lang.Object;",
    "[C",
    "java.util.ArrayList$Itr",
    "java.util.ArrayList$SubList$1",
    "java.util.AbstractList$Itr",
    "java.util.LinkedHashMap$LinkedKeyIterator",
    "java.util.LinkedHashMap$LinkedValueIterator",
    "java.util.LinkedHashMap$LinkedEntryIterator",
    "org.apache.velocity.util.ArrayIterator",
];

fn without_addresses(output: &str) -> String {
    let mut text = String::new();
    let mut rest = output;
    while let Some(at) = ARRAYS
        .iter()
        .filter_map(|array| Some(rest.find(&format!("{array}@"))? + array.len()))
        .min()
    {
        text.push_str(&rest[..at]);
        rest = rest[at + 1..].trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    text + rest
}

/// Whether their output is ours plus an address after every array and iterator.
fn same_but_addresses(ours: &str, theirs: &str) -> bool {
    let first = ARRAYS
        .iter()
        .filter_map(|array| Some(ours.find(array)? + array.len()))
        .min();
    let Some(at) = first else {
        return ours == theirs;
    };
    let Some(rest) = theirs.strip_prefix(&ours[..at]) else {
        return false;
    };
    // What looks like an array may be text, and text after an address may look like part of it.
    let digits = rest.strip_prefix('@').map_or(0, |address| {
        address
            .bytes()
            .take(8)
            .take_while(u8::is_ascii_hexdigit)
            .count()
    });
    same_but_addresses(&ours[at..], rest)
        || (1..=digits).any(|digits| same_but_addresses(&ours[at..], &rest[1 + digits..]))
}

/// The variables that templates use.
pub(crate) fn variables() -> Value {
    serde_json::from_str(include_str!("../../../velocity/oracle/variables.json"))
        .expect("the variables are JSON")
}

fn texts(map: &IndexMap<String, String>) -> Map<String, Value> {
    map.iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect()
}

fn surroundings() -> (Map<String, Value>, Map<String, Value>, Params) {
    let context = json!({
        "connectionId": "R1kmxc2VNjMCFIA=",
        "authorizer": {"principalId": "me", "token": "it's \"t\""},
        "requestTimeEpoch": 1_705_751_700_453_u64,
    });
    let stage_variables = json!({"sv": "stage's"});
    let mut params = Params::default();
    params.header.insert("h".to_owned(), "header's".to_owned());
    params.querystring.insert("q".to_owned(), "1".to_owned());
    let map = |value: Value| value.as_object().cloned().unwrap_or_default();
    (map(context), map(stage_variables), params)
}
