//! Java's `equals` and `hashCode` over lists and maps, which may contain themselves.

use std::rc::Rc;

use super::{List, ListKind, Map, Value, View, ViewKind};

/// A walk through values. It ends with `None` if it gets too deep or too long, where Java would
/// throw a `StackOverflowError` or never return.
pub(super) struct Walk {
    left: usize,
}

impl Default for Walk {
    fn default() -> Self {
        Walk { left: 1_000_000 }
    }
}

impl Walk {
    fn deeper(&mut self, depth: usize) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        depth.checked_sub(1)
    }

    pub(super) fn equal<'a>(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
        depth: usize,
    ) -> Option<bool> {
        let depth = self.deeper(depth)?;
        Some(match (left, right) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Char(left), Value::Char(right)) => left == right,
            (Value::Int(left), Value::Int(right)) => left == right,
            (Value::Long(left), Value::Long(right)) => left == right,
            (Value::BigInt(left), Value::BigInt(right)) => left == right,
            (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
            (Value::Double(left), Value::Double(right)) => left.to_bits() == right.to_bits(),
            (Value::Decimal(left), Value::Decimal(right)) => left == right,
            (Value::String(left), Value::String(right)) => left == right,
            (Value::List(left), Value::List(right)) => return self.lists(left, right, depth),
            (Value::Map(left), Value::Map(right)) => return self.maps(left, right, depth),
            (Value::View(left), Value::View(right)) => return self.views(left, right, depth),
            (Value::Entry(left), Value::Entry(right)) => {
                self.equal(&left.key, &right.key, depth)?
                    && self.equal(&left.value(), &right.value(), depth)?
            }
            (Value::Iter(left), Value::Iter(right)) => Rc::ptr_eq(left, right),
            (Value::Block(left), Value::Block(right)) => Rc::ptr_eq(left, right),
            // An empty scope is an empty map.
            (Value::Scope(left), Value::Scope(right)) => {
                return self.maps(&left.storage, &right.storage, depth);
            }
            (Value::Scope(scope), Value::Map(map)) | (Value::Map(map), Value::Scope(scope)) => {
                return self.maps(&scope.storage, map, depth);
            }
            (Value::Object(left), Value::Object(right)) => Rc::ptr_eq(left, right),
            _ => false,
        })
    }

    fn lists<'a>(&mut self, left: &List<'a>, right: &List<'a>, depth: usize) -> Option<bool> {
        if left.is_same(right) {
            return Some(true);
        }
        let array = |list: &List<'a>| matches!(list.kind(), ListKind::Array(_));
        let set = |list: &List<'a>| list.kind() == ListKind::Set;
        if array(left) || array(right) || set(left) != set(right) {
            return Some(false);
        }
        let both_sets = set(left);
        let (left, right) = (left.items(), right.items());
        if left.len() != right.len() {
            return Some(false);
        }
        if both_sets {
            return self.same_members(&left, &right, depth);
        }
        for (left, right) in left.iter().zip(right.iter()) {
            if !self.equal(left, right, depth)? {
                return Some(false);
            }
        }
        Some(true)
    }

    fn maps<'a>(&mut self, left: &Map<'a>, right: &Map<'a>, depth: usize) -> Option<bool> {
        if left.is_same(right) {
            return Some(true);
        }
        left.with_entries(|left| {
            right.with_entries(|right| {
                if left.len() != right.len() {
                    return Some(false);
                }
                for (key, value) in left {
                    match right.get(key) {
                        Some(other) if self.equal(value, other, depth)? => {}
                        _ => return Some(false),
                    }
                }
                Some(true)
            })
        })
    }

    /// A set equals a set of the same elements; `values()` equals only itself.
    fn views<'a>(&mut self, left: &View<'a>, right: &View<'a>, depth: usize) -> Option<bool> {
        if left.kind == ViewKind::Values || right.kind == ViewKind::Values {
            return Some(left.kind == right.kind && left.map.is_same(&right.map));
        }
        let (left, right) = (left.snapshot(), right.snapshot());
        if left.len() != right.len() {
            return Some(false);
        }
        self.same_members(&left, &right, depth)
    }

    fn same_members<'a>(
        &mut self,
        left: &[Value<'a>],
        right: &[Value<'a>],
        depth: usize,
    ) -> Option<bool> {
        for item in left {
            let mut found = false;
            for other in right {
                if self.equal(item, other, depth)? {
                    found = true;
                    break;
                }
            }
            if !found {
                return Some(false);
            }
        }
        Some(true)
    }

    pub(super) fn hash(&mut self, value: &Value<'_>, depth: usize) -> Option<i32> {
        let depth = self.deeper(depth)?;
        let long = |value: i64| (value ^ (value as u64 >> 32) as i64) as i32;
        Some(match value {
            Value::Null => 0,
            Value::Bool(true) => 1231,
            Value::Bool(false) => 1237,
            Value::Char(unit) => i32::from(*unit),
            Value::Int(value) => *value,
            Value::Long(value) => long(*value),
            Value::BigInt(value) => crate::number::big_hash(value),
            Value::Float(value) => value.to_bits() as i32,
            Value::Double(value) => long(value.to_bits() as i64),
            Value::Decimal(value) => value.hash_code(),
            Value::String(text) => text.hash_code(),
            Value::List(list) => {
                let set = list.kind() == ListKind::Set;
                let mut hash = i32::from(!set);
                for item in list.items().iter() {
                    let item = self.hash(item, depth)?;
                    hash = if set { hash } else { hash.wrapping_mul(31) }.wrapping_add(item);
                }
                hash
            }
            Value::Map(map) => return self.map_hash(map, depth),
            Value::Scope(scope) => return self.map_hash(&scope.storage, depth),
            Value::View(view) => {
                let mut hash = 0_i32;
                for item in view.snapshot() {
                    hash = hash.wrapping_add(self.hash(&item, depth)?);
                }
                hash
            }
            Value::Entry(entry) => {
                self.hash(&entry.key, depth)? ^ self.hash(&entry.value(), depth)?
            }
            Value::Object(object) => match object.resolve() {
                Ok(Some(value)) => self.hash(&value, depth)?,
                _ => 0,
            },
            Value::Iter(_) | Value::Block(_) => 0,
        })
    }

    fn map_hash(&mut self, map: &Map<'_>, depth: usize) -> Option<i32> {
        map.with_entries(|entries| {
            let mut sum = 0_i32;
            for (key, value) in entries {
                sum = sum.wrapping_add(self.hash(key, depth)? ^ self.hash(value, depth)?);
            }
            Some(sum)
        })
    }

    pub(super) fn identity(&mut self, value: &Value<'_>, depth: usize) -> Option<bool> {
        let depth = self.deeper(depth)?;
        Some(match value {
            Value::Iter(_) | Value::Block(_) => true,
            Value::Object(object) => match object.resolve() {
                Ok(Some(value)) => self.identity(&value, depth)?,
                _ => true,
            },
            Value::List(list) => {
                matches!(list.kind(), ListKind::Array(_))
                    || self.any_identity(list.items().iter(), depth)?
            }
            Value::Map(map) => self.map_identity(map, depth)?,
            Value::Scope(scope) => self.map_identity(&scope.storage, depth)?,
            Value::View(view) if view.kind == ViewKind::Values => true,
            Value::View(view) => self.any_identity(view.snapshot().iter(), depth)?,
            Value::Entry(entry) => {
                self.any_identity([&entry.key, &entry.value()].into_iter(), depth)?
            }
            _ => false,
        })
    }

    fn map_identity(&mut self, map: &Map<'_>, depth: usize) -> Option<bool> {
        map.with_entries(|entries| {
            Some(
                self.any_identity(entries.keys(), depth)?
                    || self.any_identity(entries.values(), depth)?,
            )
        })
    }

    fn any_identity<'v, 'a: 'v>(
        &mut self,
        items: impl Iterator<Item = &'v Value<'a>>,
        depth: usize,
    ) -> Option<bool> {
        for item in items {
            if self.identity(item, depth)? {
                return Some(true);
            }
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_itself_is_a_key_and_has_no_hash() {
        let map = Map::new();
        map.insert(Value::Map(map.clone()), 1);
        map.insert("twice", Value::Map(map.clone()));
        assert_eq!(Value::Map(map.clone()).hash_code(), None);
        map.get(&Value::Map(map.clone()));
        map.remove(&Value::Map(map.clone()));
        for kind in [ViewKind::Keys, ViewKind::Values, ViewKind::Entries] {
            let view = Value::View(View {
                map: map.clone(),
                kind,
            });
            map.insert(view.clone(), 1);
            map.remove(&view);
        }
    }

    // Two of two of two …: walking through all of it would never end.
    #[test]
    fn what_doubles_is_not_gone_through() {
        let double = || {
            (0..64).fold(Value::list(vec![]), |inner, _| {
                Value::list(vec![inner.clone(), inner])
            })
        };
        assert_eq!(double().hash_code(), None);
        assert!(!double().java_equals(&double()));
    }
}
