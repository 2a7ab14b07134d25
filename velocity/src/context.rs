//! The variables that a template sees.

use std::borrow::Cow;

use indexmap::IndexMap;

use crate::hash::FastHasher;
use crate::value::Value;

/// Variables by name. `'a` is how long borrowed strings and host objects live.
#[derive(Default)]
pub struct Context<'a> {
    variables: IndexMap<Cow<'a, str>, Value<'a>, FastHasher>,
}

impl<'a> Context<'a> {
    /// A context without variables.
    pub fn new() -> Self {
        Context::default()
    }

    /// Sets the variable `name`, and answers what it was before.
    pub fn insert(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Value<'a>>,
    ) -> Option<Value<'a>> {
        self.variables.insert(name.into(), value.into())
    }

    /// The variable `name`.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        // Few names are compared in less time than one is hashed.
        if self.variables.len() <= 8 {
            let mut variables = self.variables.iter();
            return variables
                .find(|(known, _)| **known == *name)
                .map(|(_, value)| value);
        }
        self.variables.get(name)
    }

    /// Removes the variable `name`.
    pub fn remove(&mut self, name: &str) -> Option<Value<'a>> {
        self.variables.swap_remove(name)
    }

    /// Sets the variable `name`, which is copied only when it is new.
    pub(crate) fn set(&mut self, name: &str, value: Value<'a>) {
        match self.variables.get_mut(name) {
            Some(held) => *held = value,
            None => {
                self.variables.insert(Cow::Owned(name.to_owned()), value);
            }
        }
    }
}
