//! The variables that a template sees.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::ast::Name;
use crate::frozen::FrozenMap;
use crate::hash::FastHasher;
use crate::value::Value;

/// Variables by name. `'a` is the lifetime of borrowed strings, frozen maps and host objects.
#[derive(Default)]
pub struct Context<'a> {
    /// A variable keeps its index for as long as the context lives.
    variables: Vec<(Cow<'a, str>, Variable<'a>)>,
    /// The indexes of the variables, once there are many.
    places: HashMap<Box<str>, usize, FastHasher>,
}

enum Variable<'a> {
    Live(Value<'a>),
    /// Used for look-ups only so far.
    Frozen(&'a FrozenMap),
    /// The same; its members print as nothing where they are maps.
    FrozenMute(&'a FrozenMap),
    Removed,
}

/// Comparing a few names is faster than hashing one.
const FEW: usize = 12;

impl<'a> Context<'a> {
    /// A context without variables.
    pub fn new() -> Self {
        Context::default()
    }

    /// A context without variables, with room for `capacity` of them.
    pub fn with_capacity(capacity: usize) -> Self {
        Context {
            variables: Vec::with_capacity(capacity),
            places: HashMap::default(),
        }
    }

    /// Sets the variable `name`.
    pub fn insert(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) {
        self.insert_variable(name.into(), Variable::Live(value.into()));
    }

    /// Sets the variable `name` to a map that is copied only if the template does more with it than
    /// look something up.
    pub fn insert_frozen(&mut self, name: impl Into<Cow<'a, str>>, map: &'a FrozenMap) {
        self.insert_variable(name.into(), Variable::Frozen(map));
    }

    /// Like [`Context::insert_frozen`]; members of the map that are maps print as nothing.
    pub fn insert_frozen_mute(&mut self, name: impl Into<Cow<'a, str>>, map: &'a FrozenMap) {
        self.insert_variable(name.into(), Variable::FrozenMute(map));
    }

    /// The variable `name`. A frozen map is thawed, since the caller may change the value.
    pub fn get(&mut self, name: &str) -> Option<&Value<'a>> {
        let place = self.place(name)?;
        self.live(place)
    }

    /// Removes the variable `name`.
    pub fn remove(&mut self, name: &str) {
        if let Some(place) = self.place(name) {
            self.variables[place].1 = Variable::Removed;
        }
    }

    /// Like [`Context::get`], for a name in a template.
    #[inline]
    pub(crate) fn look_up(&mut self, name: &Name) -> Option<&Value<'a>> {
        let place = self.place_of(name)?;
        self.live(place)
    }

    /// The variable `name`, if it is a map that is still frozen.
    #[inline]
    pub(crate) fn frozen(&self, name: &Name) -> Option<&'a FrozenMap> {
        match self.variables[self.place_of(name)?].1 {
            Variable::Frozen(map) | Variable::FrozenMute(map) => Some(map),
            _ => None,
        }
    }

    /// Sets the variable `name`; the name is copied only if it is new.
    pub(crate) fn set(&mut self, name: &str, value: Value<'a>) {
        match self.place(name) {
            Some(place) => self.variables[place].1 = Variable::Live(value),
            None => self.push(Cow::Owned(name.to_owned()), Variable::Live(value)),
        }
    }

    fn insert_variable(&mut self, name: Cow<'a, str>, variable: Variable<'a>) {
        match self.place(&name) {
            Some(place) => self.variables[place].1 = variable,
            None => self.push(name, variable),
        }
    }

    fn push(&mut self, name: Cow<'a, str>, variable: Variable<'a>) {
        self.variables.push((name, variable));
        if self.variables.len() > FEW {
            let new = self.places.len()..self.variables.len();
            for place in new {
                let name = &*self.variables[place].0;
                self.places.insert(name.into(), place);
            }
        }
    }

    #[inline]
    fn live(&mut self, place: usize) -> Option<&Value<'a>> {
        let variable = &mut self.variables[place].1;
        match variable {
            Variable::Frozen(map) => *variable = Variable::Live(Value::Map(map.thaw())),
            Variable::FrozenMute(map) => {
                *variable = Variable::Live(Value::Map(map.thaw_with_mute_maps()));
            }
            Variable::Live(_) | Variable::Removed => {}
        }
        match variable {
            Variable::Live(value) => Some(value),
            Variable::Frozen(_) | Variable::FrozenMute(_) | Variable::Removed => None,
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        if self.places.is_empty() {
            self.variables.iter().position(|(known, _)| *known == *name)
        } else {
            self.places.get(name).copied()
        }
    }

    #[inline]
    fn place_of(&self, name: &Name) -> Option<usize> {
        let place = name.place();
        if self
            .variables
            .get(place)
            .is_some_and(|(known, _)| name.is(known))
        {
            return Some(place);
        }
        let place = self.place(name)?;
        name.found_at(place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_variables_are_found_as_few_are() {
        let mut context = Context::new();
        for number in 0..100 {
            context.set(&format!("v{number}"), Value::Int(number));
            for known in 0..=number {
                let name = format!("v{known}");
                assert_eq!(context.get(&name), Some(&Value::Int(known)));
                assert_eq!(
                    context.look_up(&Name::from(&*name)),
                    Some(&Value::Int(known))
                );
            }
        }
        context.remove("v7");
        assert_eq!(context.get("v7"), None);
        context.set("v7", Value::Int(-7));
        assert_eq!(context.get("v7"), Some(&Value::Int(-7)));
        assert_eq!(context.get("v100"), None);
    }
}
