//! Lists and maps, with their views, entries and iterators.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::rc::Rc;

use indexmap::IndexMap;

use super::Value;
use crate::error::Failure;
use crate::text::Text;

/// A shared list.
#[derive(Clone)]
pub struct List<'a>(pub(super) Rc<ListBody<'a>>);

pub(super) struct ListBody<'a> {
    kind: ListKind,
    pub(super) items: RefCell<Vec<Value<'a>>>,
    /// Incremented when the list grows or shrinks: a loop over it must notice.
    changes: Cell<u32>,
    /// Incremented when anything in the list may have changed.
    edits: Cell<u32>,
    /// For a part of a list: that list, with its counts of changes and edits at the time.
    pub(super) whole: Option<(List<'a>, u32, u32)>,
}

/// Which of Java's list-like classes a list is: how it prints, and whether it can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// `ArrayList`: prints as `[a, b]`.
    Plain,
    /// An array of a JSON document: prints as JSON.
    Json,
    /// A Java array of the named element class: fixed in length.
    Array(&'static str),
    /// A set.
    Set,
    /// A list of fixed length, such as a `subList`.
    Fixed,
}

impl<'a> List<'a> {
    /// A list of these items.
    pub fn new(kind: ListKind, items: Vec<Value<'a>>) -> Self {
        List(Rc::new(ListBody {
            kind,
            items: RefCell::new(items),
            changes: Cell::new(0),
            edits: Cell::new(0),
            whole: None,
        }))
    }

    /// What `subList` returns. Java's is a live view; this one is a copy that fails once the list
    /// behind it has changed.
    pub(crate) fn part(&self, from: usize, to: usize) -> Self {
        let items = self.items()[from..to].to_vec();
        List(Rc::new(ListBody {
            kind: ListKind::Fixed,
            items: RefCell::new(items),
            changes: Cell::new(0),
            edits: Cell::new(0),
            whole: Some((self.clone(), self.0.changes.get(), self.0.edits.get())),
        }))
    }

    /// Whether a part of a list still matches the list.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Some((whole, changes, edits)) = &self.0.whole else {
            return Ok(());
        };
        if whole.0.changes.get() != *changes {
            return Err(Failure::new(
                "the list behind a `subList` was changed (ConcurrentModificationException)",
            ));
        }
        if whole.0.edits.get() != *edits {
            return Err(Failure::unsupported(
                "an item of the list behind a `subList` was set: a live view of it is not \
                 supported",
            ));
        }
        whole.check()
    }

    /// The kind of list.
    pub fn kind(&self) -> ListKind {
        self.0.kind
    }

    /// Whether an array can hold the value; every other list can.
    pub(crate) fn takes(&self, value: &Value<'a>) -> bool {
        match self.kind() {
            ListKind::Array("[C") => matches!(value, Value::Char(_)),
            ListKind::Array("[Ljava.lang.String;") => {
                matches!(value, Value::String(_) | Value::Null)
            }
            _ => true,
        }
    }

    /// The items. Must not be held while the template may change the list.
    pub fn items(&self) -> Ref<'_, Vec<Value<'a>>> {
        self.0.items.borrow()
    }

    /// The items, to change. Must not be held while the template may read the list.
    pub fn items_mut(&self) -> RefMut<'_, Vec<Value<'a>>> {
        self.0.edits.set(self.0.edits.get().wrapping_add(1));
        self.0.items.borrow_mut()
    }

    /// Notes that the list grew or shrank.
    pub(crate) fn note_change(&self) {
        self.0.changes.set(self.0.changes.get().wrapping_add(1));
    }

    /// Whether both are one and the same list.
    pub fn is_same(&self, other: &List<'a>) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// A shared map in the order of insertion; keys are any values.
#[derive(Clone, Default)]
pub struct Map<'a>(pub(super) Rc<MapBody<'a>>);

#[derive(Default)]
pub(super) struct MapBody<'a> {
    pub(super) entries: RefCell<Entries<'a>>,
    /// Incremented when the map gains or loses a key.
    changes: Cell<u32>,
    /// Whether it prints as nothing.
    mute: Cell<bool>,
}

type Entries<'a> = IndexMap<Value<'a>, Value<'a>>;

impl<'a> Map<'a> {
    /// An empty map.
    pub fn new() -> Self {
        Map::default()
    }

    /// An empty map with room for `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Map(Rc::new(MapBody {
            entries: RefCell::new(IndexMap::with_capacity(capacity)),
            changes: Cell::new(0),
            mute: Cell::new(false),
        }))
    }

    /// The same map, which from now on prints as nothing.
    #[must_use]
    pub fn mute(self) -> Self {
        self.0.mute.set(true);
        self
    }

    /// Whether it prints as nothing.
    pub(crate) fn is_mute(&self) -> bool {
        self.0.mute.get()
    }

    /// The value of `key`; `None` if there is no such key.
    pub fn get(&self, key: &Value<'a>) -> Option<Value<'a>> {
        self.0.entries.borrow().get(key).cloned()
    }

    /// The value of a string key.
    pub fn get_str(&self, key: &str) -> Option<Value<'a>> {
        self.0.entries.borrow().get(&StrKey(key)).cloned()
    }

    /// Sets `key`, and returns its previous value.
    pub fn insert(
        &self,
        key: impl Into<Value<'a>>,
        value: impl Into<Value<'a>>,
    ) -> Option<Value<'a>> {
        let (key, value) = (key.into(), value.into());
        self.change(|entries| entries.insert(key, value))
    }

    /// Removes `key`; the order of the others stays.
    pub fn remove(&self, key: &Value<'a>) -> Option<Value<'a>> {
        self.change(|entries| entries.shift_remove(key))
    }

    /// Changes the entries while the map appears empty: a key that refers back to the map finds
    /// nothing when it is hashed.
    fn change<T>(&self, change: impl FnOnce(&mut Entries<'a>) -> T) -> T {
        let mut entries = self.0.entries.take();
        let before = entries.len();
        let answer = change(&mut entries);
        if entries.len() != before {
            self.note_change();
        }
        self.0.entries.replace(entries);
        answer
    }

    /// Removes everything.
    pub fn clear(&self) {
        self.0.entries.borrow_mut().clear();
        self.note_change();
    }

    fn note_change(&self) {
        self.0.changes.set(self.0.changes.get().wrapping_add(1));
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    /// Whether the map is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries as they are now.
    pub fn entries(&self) -> Vec<(Value<'a>, Value<'a>)> {
        self.0
            .entries
            .borrow()
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The same entries in the iteration order of a `HashMap`.
    pub(super) fn in_hash_order(&self) -> Map<'a> {
        let mut entries = self.entries();
        let mut buckets = 16_usize;
        while entries.len() * 4 > buckets * 3 {
            buckets *= 2;
        }
        entries.sort_by_key(|(key, _)| {
            let hash = key.hash_code().unwrap_or(0) as u32;
            (hash ^ hash >> 16) as usize & (buckets - 1)
        });
        entries.into_iter().collect()
    }

    /// Whether both are one and the same map.
    pub fn is_same(&self, other: &Map<'a>) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The result of `visit` over the entries; `None` while they are being changed.
    pub(super) fn with_entries<T>(
        &self,
        visit: impl FnOnce(&IndexMap<Value<'a>, Value<'a>>) -> Option<T>,
    ) -> Option<T> {
        visit(&*self.0.entries.try_borrow().ok()?)
    }
}

impl<'a, K: Into<Value<'a>>, V: Into<Value<'a>>> FromIterator<(K, V)> for Map<'a> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let map = Map::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

/// A string key, for look-ups without building a value.
struct StrKey<'k>(&'k str);

impl std::hash::Hash for StrKey<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        Text::from(self.0).hash(state);
    }
}

impl indexmap::Equivalent<Value<'_>> for StrKey<'_> {
    fn equivalent(&self, key: &Value<'_>) -> bool {
        matches!(key, Value::String(text) if text.as_str() == Some(self.0))
    }
}

/// The keys, the values or the entries of a map. Removing from it removes from the map.
#[derive(Clone)]
pub struct View<'a> {
    pub(crate) map: Map<'a>,
    pub(crate) kind: ViewKind,
}

/// What a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    /// `keySet()`
    Keys,
    /// `values()`
    Values,
    /// `entrySet()`
    Entries,
}

impl<'a> View<'a> {
    /// What it shows now.
    pub fn snapshot(&self) -> Vec<Value<'a>> {
        let entries = self.map.entries().into_iter();
        match self.kind {
            ViewKind::Keys => entries.map(|(key, _)| key).collect(),
            ViewKind::Values => entries.map(|(_, value)| value).collect(),
            ViewKind::Entries => entries
                .map(|(key, value)| Value::Entry(Rc::new(Entry::of(&self.map, key, value))))
                .collect(),
        }
    }
}

/// An entry of a map: setting its value sets the map's.
pub struct Entry<'a> {
    pub(super) map: Map<'a>,
    pub(crate) key: Value<'a>,
    /// The value, in case the map no longer has the key.
    pub(super) last: RefCell<Value<'a>>,
}

impl<'a> Entry<'a> {
    pub(crate) fn of(map: &Map<'a>, key: Value<'a>, value: Value<'a>) -> Self {
        Entry {
            map: map.clone(),
            key,
            last: RefCell::new(value),
        }
    }

    /// The value as it is now.
    pub fn value(&self) -> Value<'a> {
        match self.map.get(&self.key) {
            Some(value) => {
                self.last.replace(value.clone());
                value
            }
            None => self.last.borrow().clone(),
        }
    }

    pub(crate) fn set_value(&self, value: Value<'a>) -> Value<'a> {
        let before = self.value();
        if self.map.get(&self.key).is_some() {
            self.map.insert(self.key.clone(), value.clone());
        }
        self.last.replace(value);
        before
    }
}

/// What `iterator()` returns, and what a loop uses. Fails, like Java's, if the collection has
/// changed meanwhile.
pub struct Iter<'a> {
    pub(super) source: Source<'a>,
    next: Cell<usize>,
}

pub(super) enum Source<'a> {
    /// A list, live, and its count of changes at the start.
    List(List<'a>, u32),
    /// The items of a map at the start, and its count of changes then.
    Map(Vec<Value<'a>>, Map<'a>, u32),
    /// The values of a map, live, and its count of changes and its length at the start.
    Values(Map<'a>, u32, usize),
    Items(Vec<Value<'a>>),
}

impl<'a> Iter<'a> {
    /// An iterator over the elements; `None` if the value has none.
    pub(crate) fn over(value: &Value<'a>) -> Option<Rc<Iter<'a>>> {
        let source = match value {
            Value::List(list) if matches!(list.kind(), ListKind::Array(_)) => {
                Source::Items(list.items().clone())
            }
            Value::List(list) => Source::List(list.clone(), list.0.changes.get()),
            Value::View(view) if view.kind == ViewKind::Values => {
                Source::Values(view.map.clone(), view.map.0.changes.get(), view.map.len())
            }
            Value::View(view) => {
                Source::Map(view.snapshot(), view.map.clone(), view.map.0.changes.get())
            }
            Value::Map(map) => {
                return Iter::over(&Value::View(View {
                    map: map.clone(),
                    kind: ViewKind::Values,
                }));
            }
            Value::Scope(scope) => return Iter::over(&Value::Map(scope.storage.clone())),
            Value::Iter(iter) => return Some(Rc::clone(iter)),
            _ => return None,
        };
        Some(Rc::new(Iter {
            source,
            next: Cell::new(0),
        }))
    }

    /// The name of Java's class.
    pub(crate) fn class(&self) -> &'static str {
        match &self.source {
            Source::List(list, _) => match list.kind() {
                ListKind::Fixed => "java.util.ArrayList$SubList$1",
                _ => "java.util.ArrayList$Itr",
            },
            Source::Map(items, ..) => match items.first() {
                Some(Value::Entry(_)) => "java.util.LinkedHashMap$LinkedEntryIterator",
                _ => "java.util.LinkedHashMap$LinkedKeyIterator",
            },
            Source::Values(..) => "java.util.LinkedHashMap$LinkedValueIterator",
            Source::Items(_) => "java.util.AbstractList$Itr",
        }
    }

    #[inline]
    pub(crate) fn has_next(&self) -> bool {
        match &self.source {
            Source::List(list, _) => self.next.get() != list.items().len(),
            Source::Values(_, _, length) => self.next.get() < *length,
            Source::Map(items, ..) | Source::Items(items) => self.next.get() < items.len(),
        }
    }

    pub(crate) fn next(&self) -> Result<Value<'a>, Failure> {
        let index = self.next.get();
        if let Source::List(list, _) = &self.source {
            list.check()?;
        }
        let (item, unchanged) = match &self.source {
            Source::List(list, changes) => (
                list.items().get(index).cloned(),
                list.0.changes.get() == *changes,
            ),
            Source::Map(items, map, changes) => {
                (items.get(index).cloned(), map.0.changes.get() == *changes)
            }
            Source::Values(map, changes, _) => (
                map.0
                    .entries
                    .borrow()
                    .get_index(index)
                    .map(|(_, value)| value.clone()),
                map.0.changes.get() == *changes,
            ),
            Source::Items(items) => (items.get(index).cloned(), true),
        };
        if !unchanged {
            return Err(Failure::new(
                "the collection was changed during iteration (ConcurrentModificationException)",
            ));
        }
        self.next.set(index + 1);
        item.ok_or_else(|| Failure::new("there is no further element (NoSuchElementException)"))
    }
}
