//! Cases: data files that say what a client and a backend do, and what they must see.
//! `conformance/cases/{area}.toml`, or `{area}-{part}.toml`.

mod clients;
mod found;
mod problem;
mod rules;
mod step;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::generate::Generator;

pub use problem::{CaseProblem, InvalidCases, Problem, Violation};
pub use step::{Connect, Event, Manage, Observe, Send, Step, Values};
pub(crate) use step::{JSON, VALUE};
pub(crate) use words::closing;

/// One thing to check, on any target.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// `{area}/{what-holds}`.
    pub id: String,
    /// Why the case exists, in a sentence.
    pub why: String,
    /// The requirements that it checks. A case that cites assumed ones only cannot fail a target.
    /// The kit's own cite at least one; a case of one's own need not.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// The stack that it runs on (see [`crate::fixture`]); without one it is the stack that is
    /// checked.
    pub fixture: Option<String>,
    /// Parameters of the fixture's template.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// What a target must have for the case to make sense there.
    #[serde(default)]
    pub features: Vec<Feature>,
    /// Names that stand for generated values, others in every run: `${name}` in texts, and
    /// `${name.json}` for the value as a JSON string, its quotes included.
    #[serde(default)]
    pub generate: BTreeMap<String, Generator>,
    /// Names that stand for these values, in the same way: what a counterexample is written with.
    #[serde(default)]
    pub given: BTreeMap<String, String>,
    /// Milliseconds that functions get before each step in which somebody does something, for work
    /// that nobody is told of. A target that knows when its functions have finished waits for that
    /// instead.
    pub pause: Option<u32>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// As it stands in its file.
    #[serde(skip)]
    source: toml::Table,
}

/// What a target may have: a case that needs more is `unsupported` there, not failed.
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
    /// The stage's access log can be read.
    AccessLog,
    /// Custom domains, which the target can be called by without a name server.
    Domains,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Authorizer,
        Self::Templates,
        Self::Management,
        Self::Table,
        Self::Limits,
        Self::Clock,
        Self::TwoWay,
        Self::Http,
        Self::Sockets,
        Self::AccessLog,
        Self::Domains,
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
            Self::AccessLog => "access-log",
            Self::Domains => "domains",
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "case")]
    cases: Vec<Spanned<toml::Table>>,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../cases/", $name, ".toml")))),*]
    };
}

/// The kit's own cases, by file: an area, or a part of one behind a hyphen.
const FILES: [(&str, &str); 20] = files![
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
    "integration-service",
    "integration-backend",
    "management",
    "management-signed",
    "lifecycle",
    "limits",
];

/// The kit's own cases, in the order of the files.
///
/// # Errors
/// A file that cannot be read; a test sees to it that there is none.
pub fn built_in() -> Result<Vec<Case>, InvalidCases> {
    let mut cases = Vec::new();
    for (file, text) in FILES {
        let name = format!("conformance/cases/{file}.toml");
        cases.extend(parse(&name, file.split('-').next(), text)?);
    }
    Ok(cases)
}

/// The cases of a folder's files, `{name}.toml` each, in the order of their names; or those of one
/// file.
///
/// # Errors
/// What cannot be read, or violates a rule of the kit.
pub fn of_path(path: &Path) -> Result<Vec<Case>, InvalidCases> {
    let invalid = |problem| InvalidCases {
        file: path.display().to_string(),
        problem,
    };
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let paths = entries
            .map_err(|error| invalid(Problem::Unreadable(error)))?
            .into_iter()
            .map(|entry| entry.path());
        files = paths
            .filter(|file| file.extension().is_some_and(|end| end == "toml"))
            .collect();
        files.sort();
    }
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file);
        let text = text.map_err(|error| invalid(Problem::Unreadable(error)))?;
        cases.extend(parse(&file.display().to_string(), None, &text)?);
    }
    each_once(&cases).map_err(invalid)?;
    Ok(cases)
}

/// Reads a case file. With an `area`, every id must begin with it.
///
/// # Errors
/// What cannot be read, or violates a rule of the kit.
pub fn parse(file: &str, area: Option<&str>, text: &str) -> Result<Vec<Case>, InvalidCases> {
    let invalid = |problem| InvalidCases {
        file: file.to_owned(),
        problem,
    };
    let File { cases: tables } =
        toml::from_str(text).map_err(|error| invalid(Problem::Toml(error)))?;
    let mut cases = Vec::new();
    for table in tables {
        let line = 1 + text[..table.span().start].matches('\n').count();
        let source = table.into_inner();
        let id = source.get("id").and_then(toml::Value::as_str);
        let at = |problem| {
            invalid(Problem::Case {
                line,
                id: id.map(str::to_owned),
                problem,
            })
        };
        let mut case = read(&source).map_err(at)?;
        rules::check(&case).map_err(at)?;
        case.source = source;
        if let Some(area) = area {
            check_area(&case, area).map_err(invalid)?;
        }
        cases.push(case);
    }
    each_once(&cases).map_err(invalid)?;
    Ok(cases)
}

/// A case of a table. The error names a step that cannot be read.
fn read(table: &toml::Table) -> Result<Case, CaseProblem> {
    let steps = table.get("steps").and_then(toml::Value::as_array);
    for (index, step) in steps.into_iter().flatten().enumerate() {
        let read: Result<Step, toml::de::Error> = step.clone().try_into();
        read.map_err(|error| CaseProblem::UnreadableStep {
            step: index + 1,
            problem: error.message().to_owned(),
        })?;
    }
    let case: Result<Case, toml::de::Error> = table.clone().try_into();
    case.map_err(|error| CaseProblem::Unreadable(error.message().to_owned()))
}

/// The kit's own cases are named by their area, and say where they have it from.
fn check_area(case: &Case, area: &str) -> Result<(), Problem> {
    let id = &case.id;
    if id.split_once('/').is_none_or(|(stem, _)| stem != area) {
        return Err(Problem::OtherArea {
            id: id.clone(),
            area: area.to_owned(),
        });
    }
    match &*case.requirements {
        [] => Err(Problem::Uncited(id.clone())),
        _ => Ok(()),
    }
}

/// No id is there twice.
fn each_once(cases: &[Case]) -> Result<(), Problem> {
    let mut ids = BTreeSet::new();
    match cases.iter().find(|case| !ids.insert(&case.id)) {
        Some(case) => Err(Problem::Twice(case.id.clone())),
        None => Ok(()),
    }
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
                "[[case]]\nid = \"{id}\"\nwhy = \"x\"\nrequirements = [{requirement}]\nsteps = [{{ do = \"observe\" }}]\n"
            )
        };
        let problem = |text: &str| {
            parse("x.toml", Some("route"), text)
                .unwrap_err()
                .problem
                .to_string()
        };
        assert!(
            problem(&file("\"ROUTE-0\"", "route/a")).contains("`ROUTE-0`, which does not exist")
        );
        assert!(problem(&file("", "route/a")).contains("cites no requirement"));
        assert!(problem(&file("\"ROUTE-1\"", "event/a")).contains("must be named `route/…`"));
        assert!(problem("[[case]]\nid = \n").contains("line 2"));
        assert!(problem("\n[[case]]\nwhy = \"w\"").contains("line 2: a case without `id`"));
        let step = file("\"ROUTE-1\"", "route/a").replace("observe", "dance");
        let expected = "line 1: case `route/a` cannot be read in step 1: unknown variant `dance`";
        assert!(problem(&step).starts_with(expected), "{}", problem(&step));
    }

    #[test]
    fn a_folder_has_every_case_once() {
        let folder = std::env::temp_dir().join(format!("gatespec-cases-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let case = "[[case]]\nid = \"x/a\"\nwhy = \"w\"\nsteps = [{ do = \"wait\", seconds = 1 }]\nfeatures = [\"clock\"]\n";
        std::fs::write(folder.join("a.toml"), case).unwrap();
        assert_eq!(of_path(&folder).unwrap().len(), 1);
        std::fs::write(folder.join("b.toml"), case).unwrap();
        let problem = of_path(&folder).unwrap_err().problem.to_string();
        assert_eq!(problem, "case `x/a` is there twice");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
