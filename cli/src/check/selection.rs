//! Which cases `gatespec check` runs.

use std::path::{Path, PathBuf};

use clap::Args;
use conformance::{Case, Feature, case};
use spec::requirement;

use super::endpoint;
use crate::Failure;

/// Which cases.
#[derive(Args)]
pub(super) struct SelectionArgs {
    /// Run the cases of this file, or of this folder's *.toml files, instead of the kit's own. What
    /// the kit knows of its own targets (conformance/expectations) is not expected then.
    #[arg(long, value_name = "PATH")]
    pub(super) cases: Option<PathBuf>,
    /// Run only the case with this id, or, if there is none, those whose id begins so.
    #[arg(long, value_name = "PREFIX", default_value = "")]
    case: String,
    /// Run only the cases that cite this requirement.
    #[arg(long, value_name = "ID")]
    requirement: Option<String>,
    /// Run only the cases that need this of a target.
    #[arg(long, value_name = "FEATURE", value_parser = endpoint::feature)]
    needs: Option<Feature>,
}

/// Who wrote the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// They are the kit's own.
    Kit,
    /// They were given by `--cases`.
    User,
}

/// The cases that there are, and those that are run.
pub(super) struct Selected {
    pub(super) all: Vec<Case>,
    /// One at least.
    pub(super) cases: Vec<Case>,
}

impl SelectionArgs {
    /// Reads the cases and chooses among them.
    pub(super) fn read(&self) -> Result<Selected, Failure> {
        if let Some(id) = &self.requirement
            && requirement::find(id).is_none()
        {
            let error = format!("the requirement `{id}` does not exist: spec/requirements has all");
            return Err(Failure::usage(error));
        }
        let all: Vec<Case> = self
            .cases
            .as_deref()
            .map_or_else(case::built_in, case::of_path)
            .map_err(Failure::usage)?;
        if let (Some(path), []) = (&self.cases, &*all) {
            return Err(Failure::usage(nothing_in(path)));
        }
        let is_exact = all.iter().any(|case| case.id == self.case);
        let cases: Vec<Case> = all
            .iter()
            .filter(|case| self.takes(case) && (!is_exact || case.id == self.case))
            .cloned()
            .collect();
        if cases.is_empty() {
            return Err(Failure::usage(self.nothing_selected()));
        }
        Ok(Selected { all, cases })
    }

    /// Whose cases they are.
    pub(super) fn author(&self) -> Author {
        match self.cases {
            Some(_) => Author::User,
            None => Author::Kit,
        }
    }

    fn takes(&self, case: &Case) -> bool {
        let cites = |id| case.requirements.contains(id);
        let needs = |feature| case.features.contains(&feature);
        case.id.starts_with(&self.case)
            && self.requirement.as_ref().is_none_or(cites)
            && self.needs.is_none_or(needs)
    }

    fn nothing_selected(&self) -> String {
        let prefix = Some(&self.case).filter(|prefix| !prefix.is_empty());
        let conditions = [
            prefix.map(|prefix| format!("begins with `{prefix}`")),
            self.requirement.as_ref().map(|id| format!("cites `{id}`")),
            self.needs.map(|feature| format!("needs `{feature}`")),
        ];
        let conditions: Vec<String> = conditions.into_iter().flatten().collect();
        format!("no case {}", conditions.join(" and "))
    }
}

impl Selected {
    /// Whether some are left out.
    pub(super) fn is_part(&self) -> bool {
        self.cases.len() < self.all.len()
    }

    /// Whether there is a case with this id, which is not run.
    pub(super) fn is_left_out(&self, id: &str) -> bool {
        let is = |case: &Case| case.id == id;
        self.all.iter().any(is) && !self.cases.iter().any(is)
    }
}

/// What is wrong with a file or folder without a case.
fn nothing_in(path: &Path) -> String {
    let mut entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let is_file = |path: PathBuf| path.extension().is_some_and(|end| end == "toml");
    if path.is_dir() && !entries.any(|entry| is_file(entry.path())) {
        format!("no *.toml file is in the folder `{}`", path.display())
    } else {
        format!(
            "`{}` has no case: one begins with `[[case]]`",
            path.display()
        )
    }
}
