//! Which requirement is cited by which code and covered by which case, and why some are not.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gatespec_conformance::case;
use serde::Deserialize;
use spec::requirement::{self, Basis, PAGES, Requirement};

/// A requirement with all that stands on it.
pub(crate) struct Coverage {
    pub(crate) requirement: Requirement,
    /// The files of code that cite it, from the repository's root.
    pub(crate) code: Vec<String>,
    /// The ids of the cases that cover it.
    pub(crate) cases: Vec<String>,
}

/// `conformance/uncovered.toml`: what has no code or no case, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uncovered {
    #[serde(default)]
    code: Vec<Group>,
    #[serde(default)]
    case: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    because: String,
    requirements: Vec<String>,
}

/// Reasons by requirement.
pub(crate) type Reasons = BTreeMap<String, String>;

/// The crates whose code realises requirements. The kit's own checks them.
const REALISING: [&str; 6] = ["spec", "velocity", "stack", "handlers", "gateway", "cli"];

impl Coverage {
    /// Whether AWS does it for certain, so that code has to do it and a case has to see it.
    pub(crate) fn is_certain(&self) -> bool {
        self.requirement.basis != Basis::Assumed
    }

    pub(crate) fn wants_code(&self) -> bool {
        self.is_certain() && self.code.is_empty()
    }

    pub(crate) fn wants_case(&self) -> bool {
        self.is_certain() && self.cases.is_empty() && self.requirement.unobservable.is_none()
    }
}

impl Uncovered {
    pub(crate) fn read() -> Self {
        toml::from_str(include_str!("../../uncovered.toml")).unwrap()
    }

    /// Why these have no code.
    pub(crate) fn code(&self) -> Reasons {
        reasons(&self.code)
    }

    /// Why these have no case.
    pub(crate) fn case(&self) -> Reasons {
        reasons(&self.case)
    }
}

fn reasons(groups: &[Group]) -> Reasons {
    let mut reasons = Reasons::new();
    for Group {
        because,
        requirements,
    } in groups
    {
        assert!(!because.is_empty(), "{requirements:?} need a reason");
        for id in requirements {
            let twice = reasons.insert(id.clone(), because.clone());
            assert_eq!(twice, None, "{id} is there twice");
        }
    }
    reasons
}

/// Every requirement in the order of the pages.
pub(crate) fn all() -> Vec<Coverage> {
    let texts: Vec<(String, BTreeSet<String>)> = sources(&REALISING)
        .into_iter()
        // The help of `gatespec spec` names a requirement as an example.
        .filter(|file| {
            let left_out = ["requirement.rs", "tests.rs", "cli/src/spec.rs"];
            !left_out.iter().any(|name| file.ends_with(name))
        })
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            // What a unit test cites is not realised there.
            let code = text.split("#[cfg(test)]\nmod tests {").next();
            let name = file.strip_prefix(root()).unwrap().display().to_string();
            (name, cited(code.unwrap_or_default()))
        })
        .collect();
    let cases = case::built_in().unwrap();
    requirement::registry()
        .iter()
        .map(|requirement| {
            let is = |id: &String| id == requirement.id;
            let code = texts.iter().filter(|(_, ids)| ids.iter().any(is));
            let covering = cases.iter().filter(|case| case.requirements.iter().any(is));
            Coverage {
                code: code.map(|(file, _)| file.clone()).collect(),
                cases: covering.map(|case| case.id.clone()).collect(),
                requirement: *requirement,
            }
        })
        .collect()
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR"));
    kit.parent().unwrap().to_owned()
}

/// Every source file of these crates, sorted.
pub(crate) fn sources(crates: &[&str]) -> Vec<PathBuf> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    for part in crates {
        collect(&root().join(part).join("src"), &mut files);
    }
    files.sort();
    files
}

/// The ids in a text, such as `ROUTE-3`; `ROUTE-3 to ROUTE-5` are three.
pub(crate) fn cited(text: &str) -> BTreeSet<String> {
    let number = |text: &str| -> Option<u32> {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text[..end].parse().ok()
    };
    let mut ids = BTreeSet::new();
    for (area, _) in PAGES {
        let stem = format!("{}-", area.to_ascii_uppercase());
        for (at, _) in text.match_indices(&stem) {
            let inside_a_word = text[..at]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
            let rest = &text[at + stem.len()..];
            let Some(first) = number(rest).filter(|_| !inside_a_word) else {
                continue;
            };
            let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let last = behind
                .strip_prefix(" to ")
                .and_then(|behind| number(behind.strip_prefix(&stem)?));
            ids.extend((first..=last.unwrap_or(first)).map(|number| format!("{stem}{number}")));
        }
    }
    ids
}
