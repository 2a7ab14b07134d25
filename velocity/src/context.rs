//! The variables that a template sees.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::frozen::FrozenMap;
use crate::value::Value;

/// Variables by name. `'a` is how long borrowed strings, frozen maps and host objects live.
#[derive(Default)]
pub struct Context<'a> {
    variables: BTreeMap<Cow<'a, str>, Variable<'a>>,
}

enum Variable<'a> {
    Live(Value<'a>),
    /// Nothing but look-ups have been asked of it so far.
    Frozen(&'a FrozenMap),
}

impl<'a> Context<'a> {
    /// A context without variables.
    pub fn new() -> Self {
        Context::default()
    }

    /// Sets the variable `name`.
    pub fn insert(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) {
        self.variables
            .insert(name.into(), Variable::Live(value.into()));
    }

    /// Sets the variable `name` to a map that is copied only when the template does more with it than to look something up.
    pub fn insert_frozen(&mut self, name: impl Into<Cow<'a, str>>, map: &'a FrozenMap) {
        self.variables.insert(name.into(), Variable::Frozen(map));
    }

    /// The variable `name`; a frozen map is thawed, since who has the value may change it.
    pub fn get(&mut self, name: &str) -> Option<&Value<'a>> {
        let variable = self.variables.get_mut(name)?;
        if let Variable::Frozen(map) = variable {
            *variable = Variable::Live(Value::Map(map.thaw()));
        }
        match variable {
            Variable::Live(value) => Some(value),
            Variable::Frozen(_) => None,
        }
    }

    /// Removes the variable `name`.
    pub fn remove(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// The variable `name`, if it is a map that is frozen still.
    pub(crate) fn frozen(&self, name: &str) -> Option<&'a FrozenMap> {
        match self.variables.get(name)? {
            Variable::Frozen(map) => Some(map),
            Variable::Live(_) => None,
        }
    }

    /// Sets the variable `name`, which is copied only when it is new.
    pub(crate) fn set(&mut self, name: &str, value: Value<'a>) {
        match self.variables.get_mut(name) {
            Some(held) => *held = Variable::Live(value),
            None => {
                self.variables
                    .insert(Cow::Owned(name.to_owned()), Variable::Live(value));
            }
        }
    }
}
