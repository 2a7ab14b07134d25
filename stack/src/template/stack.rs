//! A stack as it is written, before anything in it is evaluated.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;

use crate::document::source::Source;
use crate::document::yaml::Node;
use crate::error::{Error, ErrorKind, Span};
use crate::settings::Settings;

/// A stack as it is written.
pub(crate) struct Stack {
    /// What stands before the logical ids of its resources where those of several stacks meet:
    /// nothing for the stack that is served, `Nested/` for one in it, `Name/` for a sibling.
    pub(crate) path: String,
    /// With its own name, region, account, and values of parameters.
    pub(crate) settings: Settings,
    pub(crate) root: Node,
    /// What is wrong with a transform: what it would have made is not missed besides.
    pub(crate) transform_error: Option<Error>,
    /// Where its relative paths start.
    pub(crate) directory: PathBuf,
    /// Its template, if that was read from a file.
    pub(crate) file: Option<PathBuf>,
    pub(crate) origin: Origin,
    /// Whether it is the stack that was given, or is nested in that.
    pub(crate) is_served: bool,
    /// The stacks nested in it by logical id: the position of each, or why its template is not
    /// here.
    pub(crate) nested: HashMap<String, Result<usize, String>>,
}

/// Where a stack comes from.
pub(crate) enum Origin {
    /// It was given, or the app of the one that was given has it.
    App,
    /// It is a resource of the one at this position.
    Nested { parent: usize, logical_id: String },
}

/// What is being followed, with its stack and the location of the reference to it, to find circular
/// references.
#[derive(Default)]
pub(crate) struct Visiting(RefCell<Vec<(String, String, Span)>>);

impl Visiting {
    /// Runs `follow` unless `what` of a stack is already being followed.
    pub(crate) fn visit<T>(
        &self,
        source: &Source,
        (stack, what): (&str, &str),
        span: &Span,
        follow: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let entered = (stack.to_owned(), what.to_owned(), span.clone());
        let visiting = self.0.borrow();
        let is_it = |(of, seen, _): &(String, String, Span)| of == stack && seen == what;
        if let Some(first) = visiting.iter().position(is_it) {
            // A circular dependency is the same error wherever it is entered: at its first
            // reference.
            let circle = visiting[first + 1..].iter().chain([&entered]);
            let reported = circle
                .min_by_key(|(_, _, span)| span.start)
                .unwrap_or(&entered);
            let what = reported.1.clone();
            return Err(source.error(reported.2.clone(), ErrorKind::Circular { what }));
        }
        drop(visiting);
        self.0.borrow_mut().push(entered);
        let result = follow();
        self.0.borrow_mut().pop();
        result
    }
}
