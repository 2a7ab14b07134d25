//! Cases: data files that say what a client and a backend do, and what they must see. `conformance/cases/{area}.toml`, or
//! `{area}-{part}.toml`.

mod found;
mod rules;
mod step;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::generate::Generator;

pub(crate) use step::{JSON, VALUE};
pub use step::{Step, Values};

/// One thing to check, on any target.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// `{area}/{what-holds}`.
    pub id: String,
    /// Why the case exists, in a sentence.
    pub why: String,
    /// The requirements that it checks. A case that cites assumed ones only can not fail a target. The kit's own cite at least one; a case
    /// of one's own need not.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// The stack that it runs on (see [`crate::fixture`]); without one it is the stack that is checked.
    pub fixture: Option<String>,
    /// Parameters of the fixture's template.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// What a target must have for the case to make sense there.
    #[serde(default)]
    pub features: Vec<Feature>,
    /// Names that stand for generated values, others in every run: `${name}` in texts, and `${name.json}` for the value as a JSON string,
    /// its quotes included.
    #[serde(default)]
    pub generate: BTreeMap<String, Generator>,
    /// Names that stand for these values, in the same way: what a counterexample is written with.
    #[serde(default)]
    pub given: BTreeMap<String, String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// As it stands in its file.
    #[serde(skip)]
    source: toml::Table,
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
    /// Real sockets: pings, and buffers that fill.
    Sockets,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Authorizer,
        Self::Templates,
        Self::Management,
        Self::Table,
        Self::Limits,
        Self::Clock,
        Self::TwoWay,
        Self::Http,
        Self::Sockets,
    ];

    /// The feature of a name, as cases write it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|feature| feature.to_string() == name)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authorizer => "authorizer",
            Self::Templates => "templates",
            Self::Management => "management",
            Self::Table => "table",
            Self::Limits => "limits",
            Self::Clock => "clock",
            Self::TwoWay => "two-way",
            Self::Http => "http",
            Self::Sockets => "sockets",
        })
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
const FILES: [(&str, &str); 19] = files![
    "handshake",
    "handshake-keys",
    "handshake-signed",
    "route",
    "route-selection",
    "route-model",
    "authorizer",
    "authorizer-conditions",
    "event",
    "event-generated",
    "template",
    "template-generated",
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
    let unreadable = |error: toml::de::Error| invalid(error.to_string());
    let File { mut cases } = toml::from_str(text).map_err(unreadable)?;
    let file: toml::Table = toml::from_str(text).map_err(unreadable)?;
    let sources = file.get("case").and_then(toml::Value::as_array);
    for (case, source) in cases.iter_mut().zip(sources.into_iter().flatten()) {
        case.source = source.as_table().cloned().unwrap_or_default();
    }
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
        if area.is_some() && case.requirements.is_empty() {
            return Err(invalid(format!("case `{id}` cites no requirement")));
        }
        rules::check(case).map_err(|problem| invalid(format!("case `{id}` {problem}")))?;
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_kits_own_cases_can_be_read() {
        let cases = built_in().unwrap();
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
