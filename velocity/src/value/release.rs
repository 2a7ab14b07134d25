//! Values are dropped iteratively: a list nested a million deep must not overflow the stack.

use std::rc::Rc;

use super::Value;
use super::collection::{Entry, Iter, ListBody, MapBody, Source};

impl Drop for ListBody<'_> {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.hand_over(&mut pending);
        release(pending);
    }
}

impl Drop for MapBody<'_> {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.hand_over(&mut pending);
        release(pending);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.hand_over(&mut pending);
        release(pending);
    }
}

impl Drop for Iter<'_> {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.hand_over(&mut pending);
        release(pending);
    }
}

impl<'a> Entry<'a> {
    /// All but the map, which the caller holds as well.
    fn hand_over(&mut self, pending: &mut Vec<Value<'a>>) {
        let key = std::mem::replace(&mut self.key, Value::Null);
        let last = self.last.replace(Value::Null);
        keep([key, last].into_iter(), pending);
    }
}

impl<'a> Iter<'a> {
    fn hand_over(&mut self, pending: &mut Vec<Value<'a>>) {
        match std::mem::replace(&mut self.source, Source::Items(Vec::new())) {
            Source::List(list, _) => pending.push(Value::List(list)),
            Source::Map(items, map, _) => {
                keep(items.into_iter().chain([Value::Map(map)]), pending);
            }
            Source::Values(map, ..) => pending.push(Value::Map(map)),
            Source::Items(items) => keep(items.into_iter(), pending),
        }
    }
}

impl<'a> ListBody<'a> {
    fn hand_over(&mut self, pending: &mut Vec<Value<'a>>) {
        keep(self.items.get_mut().drain(..), pending);
        pending.extend(self.whole.take().map(|(whole, ..)| Value::List(whole)));
    }
}

impl<'a> MapBody<'a> {
    fn hand_over(&mut self, pending: &mut Vec<Value<'a>>) {
        for (key, value) in self.entries.get_mut().drain(..) {
            keep([key, value].into_iter(), pending);
        }
    }
}

/// Keeps values that may contain others.
fn keep<'a>(values: impl Iterator<Item = Value<'a>>, pending: &mut Vec<Value<'a>>) {
    pending.extend(values.filter(|value| {
        matches!(
            value,
            Value::List(_) | Value::Map(_) | Value::View(_) | Value::Entry(_) | Value::Iter(_)
        )
    }));
}

/// Drops values and everything that only they contain.
fn release(mut pending: Vec<Value<'_>>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::List(mut list) => {
                if let Some(body) = Rc::get_mut(&mut list.0) {
                    body.hand_over(&mut pending);
                }
            }
            Value::Map(mut map) => {
                if let Some(body) = Rc::get_mut(&mut map.0) {
                    body.hand_over(&mut pending);
                }
            }
            Value::View(view) => pending.push(Value::Map(view.map)),
            Value::Entry(entry) => {
                if let Some(mut entry) = Rc::into_inner(entry) {
                    pending.push(Value::Map(entry.map.clone()));
                    entry.hand_over(&mut pending);
                }
            }
            Value::Iter(iter) => {
                if let Some(mut iter) = Rc::into_inner(iter) {
                    iter.hand_over(&mut pending);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{List, ListKind, Map, View, ViewKind};

    const DEPTH: usize = 300_000;

    // Also in debug builds, on the small stack of a test.
    #[test]
    fn what_nests_a_hundred_thousand_deep_is_let_go() {
        (0..DEPTH).fold(Value::Null, |inner, _| Value::list(vec![inner]));
        (0..DEPTH).fold(Value::Null, |inner, _| {
            let map = Map::new();
            map.insert("k", inner);
            Value::Map(map)
        });
        (0..DEPTH).fold(Value::Null, |inner, _| {
            let map = Map::new();
            map.insert("k", inner);
            let view = View {
                map,
                kind: ViewKind::Entries,
            };
            view.snapshot().remove(0)
        });
        (0..DEPTH).fold(Value::Null, |inner, _| {
            Iter::over(&Value::list(vec![inner])).map_or(Value::Null, Value::Iter)
        });
        (0..DEPTH).fold(Value::Null, |inner, _| {
            let array = List::new(ListKind::Array("[Ljava.lang.Object;"), vec![inner]);
            Iter::over(&Value::List(array)).map_or(Value::Null, Value::Iter)
        });
        (0..DEPTH).fold(Value::Null, |inner, _| {
            Value::List(List::new(ListKind::Plain, vec![inner]).part(0, 1))
        });
    }
}
