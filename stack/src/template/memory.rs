//! What was evaluated before: what is referred to twice is not followed twice, or a chain of such
//! would take exponential time.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::error::Error;

/// Results by what they are the results of.
pub(crate) struct Memory<T>(RefCell<HashMap<String, T>>);

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Clone> Memory<T> {
    /// What was found of `what` before, or else what `find` finds. Errors are not kept: they end
    /// what asks, and another stack may not be there yet.
    pub(crate) fn recall(
        &self,
        what: &str,
        find: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(found) = self.0.borrow().get(what) {
            return Ok(found.clone());
        }
        let found = find()?;
        self.0.borrow_mut().insert(what.to_owned(), found.clone());
        Ok(found)
    }
}
