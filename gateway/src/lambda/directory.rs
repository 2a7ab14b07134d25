//! The functions of what is served, by the names that Lambda's Invoke API takes.

use stack::{Assembly, Function};

use crate::build::Programs;

/// The functions of a stack that can be called, and those that cannot.
#[derive(Default)]
pub(super) struct Directory(Vec<(Names, Result<(), String>)>);

/// The names of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Names {
    arn: String,
    name: String,
    /// SAM's `start-lambda` takes it, too.
    logical_id: String,
}

/// Why a function cannot be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Uncallable {
    /// There is none of this name.
    Unknown,
    /// The stack has it, and it cannot be run here.
    NotRun(String),
    /// It works on as many events as its `ReservedConcurrentExecutions`.
    Throttled,
}

impl Directory {
    pub(super) fn new(stack: &Assembly, programs: &Programs) -> Self {
        let entry = |function: &Function| {
            let missing = programs.missing.get(&function.logical_id);
            let can_run = missing.map_or(Ok(()), |reason| Err(reason.clone()));
            (Names::of(function), can_run)
        };
        Self(stack.functions().iter().map(entry).collect())
    }

    /// The ARN of the function that is meant.
    pub(super) fn arn_of(&self, named: &str) -> Option<&str> {
        self.find(named).map(|(names, _)| &*names.arn)
    }

    /// The ARN of the function that is to be called.
    ///
    /// # Errors
    /// It cannot be.
    pub(super) fn callable(&self, named: &str) -> Result<&str, Uncallable> {
        match self.find(named) {
            None => Err(Uncallable::Unknown),
            Some((_, Err(reason))) => Err(Uncallable::NotRun(reason.clone())),
            Some((names, Ok(()))) => Ok(&names.arn),
        }
    }

    fn find(&self, named: &str) -> Option<&(Names, Result<(), String>)> {
        self.0.iter().find(|(names, _)| names.contain(named))
    }
}

impl Names {
    fn of(function: &Function) -> Self {
        Self {
            arn: function.arn.clone(),
            name: function.name.clone(),
            logical_id: function.logical_id.clone(),
        }
    }

    /// Whether one of them is meant: a name, an ARN, or an ARN from its account on, with or without
    /// a qualifier (there is only one code here).
    fn contain(&self, named: &str) -> bool {
        let partial = self.arn.splitn(5, ':').last().unwrap_or_default();
        let is_it = |whole: &str| {
            let rest = named.strip_prefix(whole);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        [&*self.name, &self.arn, partial, &self.logical_id]
            .into_iter()
            .any(is_it)
    }
}
