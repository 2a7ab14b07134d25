//! How a function's processes are started.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use stack::{Assembly, Asynchronous, Function};

use super::machine::Limits;
use super::{Surroundings, environment, logs_json};
use crate::build::Programs;
use crate::runtime::{Program, State};

/// How a function's log is written: `LogFormat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

/// How a function's processes are started, and what they may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) program: Program,
    /// The state of the code's files: a build that replaces one changes this.
    code: State,
    /// All variables but those that differ from process to process.
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) name: String,
    /// What it is called in the log: its name without the stack's before it.
    pub(super) label: String,
    pub(crate) arn: String,
    /// The function's `Timeout`.
    pub(crate) timeout: Duration,
    /// The function's `MemorySize`, in MB.
    pub(super) memory_size: u64,
    pub(super) log_format: Format,
    pub(crate) max_processes: usize,
    processors: usize,
    /// `ReservedConcurrentExecutions`, if there are some.
    pub(super) reserved_concurrency: Option<usize>,
    pub(super) asynchronous: Asynchronous,
}

impl Launch {
    fn new(
        function: &Function,
        program: Program,
        code: State,
        surroundings: &Surroundings,
    ) -> Self {
        Self {
            environment: environment::of(function, &program, surroundings),
            code,
            program,
            name: function.name.clone(),
            label: label(function).to_owned(),
            arn: function.arn.clone(),
            timeout: function.timeout,
            memory_size: function.memory_size,
            log_format: match logs_json(function) {
                true => Format::Json,
                false => Format::Text,
            },
            max_processes: surroundings.max_processes,
            processors: surroundings.processors,
            reserved_concurrency: function.reserved_concurrency,
            asynchronous: function.asynchronous,
        }
    }

    /// Those of all functions that have a program.
    pub(crate) fn all(
        stack: &Assembly,
        programs: &Programs,
        surroundings: &Surroundings,
    ) -> Vec<Self> {
        // Functions share folders.
        let mut states: HashMap<&[PathBuf], State> = HashMap::new();
        let launch = |function: &Function| {
            let program = programs.ready.get(&function.logical_id)?;
            let code = states.entry(&program.code);
            let code = code.or_insert_with_key(|code| State::of(code)).clone();
            Some(Self::new(function, program.clone(), code, surroundings))
        };
        stack.functions().iter().filter_map(launch).collect()
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            timeout: self.timeout,
            max_processes: self.max_processes,
            processors: self.processors,
        }
    }
}

fn label(function: &Function) -> &str {
    let id = &*function.logical_id;
    let prefix = function.name.strip_suffix(id);
    match prefix.is_some_and(|prefix| prefix.ends_with('-')) {
        true => id,
        false => &function.name,
    }
}
