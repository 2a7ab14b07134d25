//! Functions that run on another version of their interpreter than the template names: one warning
//! for all functions of a runtime.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What has been found, and what was said of it.
#[derive(Default)]
pub(super) struct Others(Mutex<State>);

#[derive(Default)]
struct State {
    /// The functions of each pair that have been found since the last look.
    found: BTreeMap<Other, BTreeSet<String>>,
    said: HashSet<String>,
}

/// A runtime of the template, and what its functions run on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Other {
    /// `nodejs22.x`
    pub(super) runtime: String,
    /// `Node 20.20.2 (`node`)`
    pub(super) interpreter: String,
    /// The option that names another one.
    pub(super) option: &'static str,
}

impl Others {
    /// A function of this pair was found.
    pub(super) fn note(&self, other: Other, function: &str) {
        let mut state = self.lock();
        let functions = state.found.entry(other).or_default();
        functions.insert(function.to_owned());
    }

    /// What has been found, a warning for each pair, but for those that were given.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut state = self.lock();
        let found = std::mem::take(&mut state.found);
        let warnings = found.into_iter().map(|(other, functions)| {
            let functions: Vec<String> = functions.into_iter().collect();
            let Other {
                runtime,
                interpreter,
                option,
            } = other;
            format!(
                "functions of `{runtime}` run on {interpreter}: `{}`; `{option} PATH` names another \
                 one",
                functions.join("`, `")
            )
        });
        let new = warnings.filter(|warning| state.said.insert(warning.clone()));
        new.collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Other {
    pub(super) fn new(
        runtime: &str,
        (language, version): (&str, &str),
        program: &Path,
        option: &'static str,
    ) -> Self {
        Self {
            runtime: runtime.to_owned(),
            interpreter: format!("{language} {version} (`{}`)", program.display()),
            option,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_one_warning_that_names_its_functions_and_is_said_once() {
        let others = Others::default();
        let node =
            |runtime: &str| Other::new(runtime, ("Node", "20.20.2"), Path::new("node"), "--node");
        let find = |functions: &[(&str, &str)]| {
            for (runtime, function) in functions {
                others.note(node(runtime), function);
            }
            others.warnings()
        };
        let all = [
            ("nodejs22.x", "Send"),
            ("nodejs24.x", "Late"),
            ("nodejs22.x", "Connect"),
        ];
        let warning = |runtime: &str, functions: &str| {
            format!(
                "functions of `{runtime}` run on Node 20.20.2 (`node`): {functions}; `--node PATH` \
                 names another one"
            )
        };
        let of_22 = warning("nodejs22.x", "`Connect`, `Send`");
        let of_24 = warning("nodejs24.x", "`Late`");
        assert_eq!(find(&all), [of_22, of_24]);
        // Another deployment.
        assert_eq!(find(&all), [""; 0]);
        let one_more = find(&[("nodejs22.x", "Send"), ("nodejs22.x", "New")]);
        assert_eq!(one_more.len(), 1);
        assert!(one_more[0].contains(": `New`, `Send`;"), "{one_more:?}");
    }
}
