//! Cases: data files that say what a client and a backend do, and what they must see. `conformance/cases/{area}.toml`, or
//! `{area}-{part}.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::runner::KINDS;
use crate::sign::Sign;

/// One thing to check, on any target.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// `{area}/{what-holds}`.
    pub id: String,
    /// Why the case exists, in a sentence.
    pub why: String,
    /// The requirements that it checks. A case that cites assumed ones only can not fail a target.
    pub requirements: Vec<String>,
    /// The stack that it runs on (see [`crate::fixture`]); without one it is the stack that is checked.
    pub fixture: Option<String>,
    /// Parameters of the fixture's template.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// What a target must have for the case to make sense there.
    #[serde(default)]
    pub features: Vec<Feature>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// What a target has, or has not: a case that needs more is `unsupported` there, not failed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// A Lambda REQUEST authorizer on `$connect`.
    Authorizer,
    /// Mapping templates.
    Templates,
    /// The `@connections` API.
    Management,
    /// The pattern's table of connections can be looked into.
    Table,
    /// Limits on frames and messages.
    Limits,
    /// Time can be made to pass.
    Clock,
    /// Routes that answer their sender.
    TwoWay,
    /// Integrations with HTTP backends, which the target can reach on the kit's machine.
    Http,
    /// Pings and pongs.
    Pings,
}

/// One value of a header field, or several: a field for each.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Values {
    /// One.
    One(String),
    /// Several, in order.
    Many(Vec<String>),
}

/// One step of a case. Texts are patterns with holes (see [`crate::pattern`]), both those to send and those to see. `host` is bound to
/// the host that clients use.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// A client asks for an upgrade.
    Connect {
        /// Its name in this case.
        client: String,
        /// Header fields to send.
        #[serde(default)]
        headers: BTreeMap<String, Values>,
        /// Behind the stage's path, such as `?a=b` or `/more`.
        #[serde(default)]
        target: String,
        /// How many times over the last character of `target` stands there.
        #[serde(default = "once")]
        repeat: usize,
        /// The status that must come.
        #[serde(default = "switching_protocols")]
        status: u16,
        /// How the request is signed, if it is.
        sign: Option<Sign>,
        /// The refusal's body.
        body: Option<String>,
        /// Fields that the response must have.
        #[serde(default)]
        response_headers: BTreeMap<String, String>,
        /// Fields that the response must not have.
        #[serde(default)]
        absent_headers: Vec<String>,
    },
    /// A client sends a text message.
    Send {
        /// Who.
        client: String,
        /// What.
        text: String,
        /// How many times over the text is repeated to make the message.
        #[serde(default = "once")]
        repeat: usize,
        /// Put before the repeated text.
        #[serde(default)]
        before: String,
        /// Put behind the repeated text.
        #[serde(default)]
        after: String,
        /// In frames of at most so many bytes; one frame when it is not given.
        frame: Option<usize>,
    },
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
    /// A client closes.
    Close {
        /// Who.
        client: String,
        /// The close frame's code; without one the frame is empty.
        code: Option<u16>,
        /// The close frame's reason.
        #[serde(default)]
        reason: String,
    },
    /// The gateway has closed, and this is what it said.
    Closed {
        /// Whom.
        client: String,
        /// The code.
        code: u16,
        /// The reason; unchecked when it is not given.
        reason: Option<String>,
    },
    /// A backend calls the `@connections` API.
    Manage {
        /// The method.
        method: String,
        /// What stands behind `/@connections/`.
        #[serde(default)]
        id: String,
        /// The whole path behind the host, instead of stage and id.
        path: Option<String>,
        /// The body to send.
        #[serde(default)]
        body: String,
        /// How many times over the body is repeated.
        #[serde(default = "once")]
        repeat: usize,
        /// How the request is signed, if it is.
        sign: Option<Sign>,
        /// The status that must come.
        status: u16,
        /// The body that must come.
        response: Option<String>,
        /// Fields that the response must have.
        #[serde(default)]
        response_headers: BTreeMap<String, String>,
        /// Fields that the response must not have.
        #[serde(default)]
        absent_headers: Vec<String>,
    },
    /// The pattern's table holds the connection, or does not (in the end: it may take a moment).
    Row {
        /// The connection's id.
        id: String,
        /// Whether it is there.
        present: bool,
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
    /// Connects the client `observer`, to which the fixture's probe reports what clients with `?observer=${observer}` set off, and
    /// binds `observer` to its connection's id.
    Observe {
        /// What the observer sends to learn its id; it must reach the probe.
        #[serde(default = "who_am_i")]
        text: String,
        /// Header fields to send.
        #[serde(default)]
        headers: BTreeMap<String, Values>,
        /// Behind the stage's path.
        #[serde(default)]
        target: String,
    },
    /// The next report of an event of this kind.
    Event {
        /// `authorizer`, `CONNECT`, `MESSAGE`, `DISCONNECT`, `payload` (what a template rendered) or `HTTP`.
        kind: String,
        /// What the event must have, by JSON pointer. Texts are patterns for strings; a text that begins with `json:` is a pattern for
        /// the compact JSON of the value; anything else must be equal.
        #[serde(default)]
        has: BTreeMap<String, toml::Value>,
        /// What it must not have, by JSON pointer.
        #[serde(default)]
        lacks: Vec<String>,
        /// The members that objects must have, in order and no others, by JSON pointer. One with a `?` before its name may stand
        /// anywhere, or not at all.
        #[serde(default)]
        members: BTreeMap<String, Vec<String>>,
        /// Numbers, none of which is less than the one before, by JSON pointer.
        #[serde(default)]
        ascending: Vec<String>,
        /// The statuses of the messages that the probe was told to post.
        #[serde(default)]
        posted: Vec<u16>,
    },
    /// No further event of this kind may be reported, until the case ends.
    Unseen {
        /// The kind, as for `event`.
        kind: String,
    },
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "case")]
    cases: Vec<Case>,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../cases/", $name, ".toml")))),*]
    };
}

/// The kit's own cases, by file: an area, or a part of one behind a hyphen.
const FILES: [(&str, &str); 17] = files![
    "handshake",
    "handshake-keys",
    "handshake-signed",
    "route",
    "route-selection",
    "route-model",
    "authorizer",
    "authorizer-conditions",
    "event",
    "template",
    "integration",
    "integration-mapping",
    "integration-backend",
    "management",
    "management-signed",
    "lifecycle",
    "limits",
];

/// A case file that can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("case file `{file}`: {problem}")]
pub struct InvalidCases {
    /// The file.
    pub file: String,
    /// What is wrong, with line and column where that is known.
    pub problem: String,
}

/// The kit's own cases, in the order of the files.
///
/// # Errors
/// A file that can not be read; a test sees to it that there is none.
pub fn built_in() -> Result<Vec<Case>, InvalidCases> {
    let mut cases = Vec::new();
    for (file, text) in FILES {
        let name = format!("conformance/cases/{file}.toml");
        cases.extend(parse(&name, file.split('-').next(), text)?);
    }
    Ok(cases)
}

/// The cases of a folder's files, `{name}.toml` each, in the order of their names; or those of one file.
///
/// # Errors
/// What can not be read, or breaks a rule of the kit.
pub fn of_path(path: &Path) -> Result<Vec<Case>, InvalidCases> {
    let invalid = |error: std::io::Error| InvalidCases {
        file: path.display().to_string(),
        problem: error.to_string(),
    };
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let paths = entries
            .map_err(invalid)?
            .into_iter()
            .map(|entry| entry.path());
        files = paths
            .filter(|file| file.extension().is_some_and(|end| end == "toml"))
            .collect();
        files.sort();
    }
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(invalid)?;
        cases.extend(parse(&file.display().to_string(), None, &text)?);
    }
    Ok(cases)
}

/// Reads a case file. With an `area`, every id must begin with it.
///
/// # Errors
/// What can not be read, or breaks a rule of the kit.
pub fn parse(file: &str, area: Option<&str>, text: &str) -> Result<Vec<Case>, InvalidCases> {
    let invalid = |problem: String| InvalidCases {
        file: file.to_owned(),
        problem,
    };
    let File { cases } = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
    for (index, case) in cases.iter().enumerate() {
        let id = &case.id;
        if area.is_some_and(|area| id.split_once('/').is_none_or(|(stem, _)| stem != area)) {
            return Err(invalid(format!(
                "case `{id}` must be named `{}/…`",
                area.unwrap_or_default()
            )));
        }
        if cases[..index].iter().any(|other| other.id == *id) {
            return Err(invalid(format!("case `{id}` is there twice")));
        }
        if case.requirements.is_empty() {
            return Err(invalid(format!("case `{id}` cites no requirement")));
        }
        for step in &case.steps {
            if let Step::Event { kind, .. } | Step::Unseen { kind } = step
                && !KINDS.contains(&&**kind)
            {
                return Err(invalid(format!(
                    "case `{id}` looks at events of the kind `{kind}`, which does not exist: there are {KINDS:?}"
                )));
            }
        }
        for requirement in &case.requirements {
            if spec::requirement::find(requirement).is_none() {
                return Err(invalid(format!(
                    "case `{id}` cites `{requirement}`, which does not exist"
                )));
            }
        }
    }
    Ok(cases)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_kits_own_cases_can_be_read() {
        let cases = built_in().unwrap();
        assert!(cases.len() >= 30, "{} cases", cases.len());
        let ids: BTreeSet<&String> = cases.iter().map(|case| &case.id).collect();
        assert_eq!(ids.len(), cases.len(), "an id is there in two files");
    }

    #[test]
    fn the_kits_own_cases_run_on_fixtures_that_exist() {
        let fixtures = crate::fixture::Fixture::built_in();
        let known = |name: &String| fixtures.iter().any(|fixture| fixture.name == *name);
        for case in built_in().unwrap() {
            assert!(case.fixture.as_ref().is_none_or(known), "{}", case.id);
        }
    }

    #[test]
    fn a_case_names_what_exists() {
        let file = |requirement: &str, id: &str| {
            format!(
                "[[case]]\nid = \"{id}\"\nwhy = \"x\"\nrequirements = [{requirement}]\nsteps = []\n"
            )
        };
        let problem = |text: &str| parse("x.toml", Some("route"), text).unwrap_err().problem;
        assert!(
            problem(&file("\"ROUTE-0\"", "route/a")).contains("`ROUTE-0`, which does not exist")
        );
        assert!(problem(&file("", "route/a")).contains("cites no requirement"));
        assert!(problem(&file("\"ROUTE-1\"", "event/a")).contains("must be named `route/…`"));
        assert!(problem("[[case]]\nid = 1").contains("line 2"));
    }
}
