//! Values that no template changes: built once by the host, and shared by any number of renderings.

use indexmap::IndexMap;

use crate::ast::Name;
use crate::hash::FastHasher;
use crate::number::Number;
use crate::text::Text;
use crate::value::{List, ListKind, Map, Value};

/// An immutable value. A template that changes it or iterates over it gets its own live copy.
#[derive(Clone, Debug)]
pub enum Frozen {
    /// Null.
    Null,
    /// `Boolean`.
    Bool(bool),
    /// A number of any class.
    Number(Number),
    /// `String`.
    Text(String),
    /// `String` with a lone surrogate.
    Units(Text<'static>),
    /// A list that prints as JSON.
    List(Vec<Frozen>),
    /// A map in the order of insertion.
    Map(FrozenMap),
}

/// An immutable map. Binding a variable to one costs nothing until a template does more than look
/// something up in it.
#[derive(Clone, Debug, Default)]
pub struct FrozenMap(IndexMap<String, Frozen, FastHasher>);

impl Frozen {
    /// A live copy that borrows the text.
    pub fn thaw(&self) -> Value<'_> {
        match self {
            Frozen::Null => Value::Null,
            Frozen::Bool(value) => Value::Bool(*value),
            Frozen::Number(number) => Value::from(number.clone()),
            Frozen::Text(text) => Value::String(Text::borrowed(text)),
            Frozen::Units(text) => Value::String(text.clone()),
            Frozen::List(items) => Value::List(List::new(
                ListKind::Json,
                items.iter().map(Frozen::thaw).collect(),
            )),
            Frozen::Map(map) => Value::Map(map.thaw()),
        }
    }
}

impl FrozenMap {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Frozen> {
        self.0.get(key)
    }

    /// The value of a name in a template.
    #[inline]
    pub(crate) fn look_up(&self, name: &Name) -> Option<&Frozen> {
        if let Some((key, value)) = self.0.get_index(name.place())
            && name.is(key)
        {
            return Some(value);
        }
        let (place, _, value) = self.0.get_full(&**name)?;
        name.found_at(place);
        Some(value)
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Frozen)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// A live copy.
    pub fn thaw(&self) -> Map<'_> {
        let map = Map::with_capacity(self.0.len());
        for (key, value) in &self.0 {
            map.insert(key.as_str(), value.thaw());
        }
        map
    }

    /// A live copy whose members print as nothing where they are maps.
    pub(crate) fn thaw_with_mute_maps(&self) -> Map<'_> {
        let map = Map::with_capacity(self.0.len());
        for (key, value) in &self.0 {
            let value = match value {
                Frozen::Map(inner) => Value::Map(inner.thaw_with_mute_maps().mute()),
                other => other.thaw(),
            };
            map.insert(key.as_str(), value);
        }
        map
    }
}

impl FromIterator<(String, Frozen)> for FrozenMap {
    fn from_iter<I: IntoIterator<Item = (String, Frozen)>>(entries: I) -> Self {
        FrozenMap(entries.into_iter().collect())
    }
}
