//! What Pythons were asked before: whoever saves a handler does not wait for the same answer.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::State;

/// What `python/probe.py` says of an interpreter and a function's code.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Found {
    /// The interpreter itself: what was called may be a script that looks for it.
    pub(super) executable: PathBuf,
    pub(super) version: (u32, u32, u32),
    /// Whether AWS's runtime can be imported.
    #[serde(default)]
    pub(super) awslambdaric: bool,
    /// Packages of `requirements.txt` that cannot be imported.
    #[serde(default)]
    pub(super) missing: Vec<String>,
    /// Packages that the code imports, that Lambda brings along, and that are not here.
    #[serde(default)]
    pub(super) brought: Vec<String>,
}

/// The answers that hold as long as the question is the same.
#[derive(Default)]
pub(super) struct Asked(Mutex<HashMap<Question, Found>>);

/// All that an answer depends on, but for packages that are installed or removed meanwhile: an
/// answer that misses some is asked for again.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    candidates: Vec<PathBuf>,
    root: PathBuf,
    modules: Vec<PathBuf>,
    /// The files of requirements, and those of virtual environments.
    files: State,
    /// The lines of the code that name what Lambda brings along.
    imports: Vec<String>,
}

/// What packages that Lambda brings along have in their names.
const BROUGHT: &str = "boto";

impl Asked {
    pub(super) fn answer(&self, question: &Question) -> Option<Found> {
        self.lock().get(question).cloned()
    }

    /// Keeps an answer that nothing need be done about.
    pub(super) fn note(&self, question: Question, found: &Found) {
        if found.missing.is_empty() && found.brought.is_empty() {
            self.lock().insert(question, found.clone());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Question, Found>> {
        // An insertion into a map is all that happens to it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    pub(super) fn new(candidates: &[PathBuf], root: &Path, modules: &[PathBuf]) -> Self {
        let entries = fs::read_dir(root).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        let ends = |path: &&PathBuf, end: &str| path.extension().is_some_and(|own| own == end);
        let requirements = paths.iter().filter(|path| ends(path, "txt")).cloned();
        let environments = candidates
            .iter()
            .filter_map(|python| Some(python.parent()?.with_file_name("pyvenv.cfg")));
        let files: Vec<PathBuf> = requirements.chain(environments).collect();
        let code = paths.iter().filter(|path| ends(path, "py"));
        let texts = code.filter_map(|path| fs::read(path).ok());
        let lines = texts.flat_map(|text| {
            let text = String::from_utf8_lossy(&text);
            let lines = text.lines().filter(|line| line.contains(BROUGHT));
            lines.map(str::to_owned).collect::<Vec<_>>()
        });
        Self {
            candidates: candidates.to_vec(),
            root: root.to_owned(),
            modules: modules.to_vec(),
            imports: lines.collect(),
            files: State::of(&files),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_another_one_once_something_else_is_asked_for() {
        let folder = std::env::temp_dir().join(format!("gatespec-asked-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let ask = || Question::new(&["python3".into()], &folder, &[]);
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        write("app.py", "import json");
        let first = ask();
        write("app.py", "import json, os");
        assert_eq!(ask(), first);
        write("app.py", "import boto3");
        let second = ask();
        assert_ne!(second, first);
        write("requirements.txt", "requests");
        assert_ne!(ask(), second);
        fs::remove_dir_all(&folder).unwrap();
    }
}
