//! `java.util.LinkedHashMap` and its entries.

use super::{Answer, null_argument, unsupported};
use crate::error::Failure;
use crate::value::{Entry, Map, Value, View, ViewKind, int};

/// The methods of a map. One flat match: a row for each method of Java's.
pub(super) fn call<'a>(map: &Map<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::{Bool, Null};
    let view = |kind| {
        Value::View(View {
            map: map.clone(),
            kind,
        })
    };
    Ok(Some(match (name, arguments) {
        ("get", [key]) => map.get(key).unwrap_or(Null),
        ("getOrDefault", [key, default]) => map.get(key).unwrap_or_else(|| default.clone()),
        ("put", [key, value]) => {
            check_size(map, 1)?;
            map.insert(key.clone(), value.clone()).unwrap_or(Null)
        }
        ("putIfAbsent", [key, value]) => match map.get(key).filter(|held| !held.is_null()) {
            Some(held) => held,
            None => map.insert(key.clone(), value.clone()).unwrap_or(Null),
        },
        ("putAll", [Null]) => return Err(null_argument()),
        ("putAll", [value]) => {
            let Some(other) = as_map(value)? else {
                return Ok(None);
            };
            check_size(map, other.len())?;
            for (key, value) in other.entries() {
                map.insert(key, value);
            }
            Value::text("")
        }
        ("replace", [key, value]) => match map.get(key) {
            Some(held) => {
                map.insert(key.clone(), value.clone());
                held
            }
            None => Null,
        },
        ("containsKey", [key]) => Bool(map.get(key).is_some()),
        ("containsValue", [value]) => Bool(
            map.entries()
                .iter()
                .any(|(_, held)| value.java_equals(held)),
        ),
        ("remove", [key]) => map.remove(key).unwrap_or(Null),
        ("remove", [key, value]) => {
            let same = map.get(key).is_some_and(|held| held.java_equals(value));
            if same {
                map.remove(key);
            }
            Bool(same)
        }
        ("size", []) => int(map.len()),
        ("isEmpty", []) => Bool(map.is_empty()),
        ("clear", []) => {
            map.clear();
            Value::text("")
        }
        ("keySet", []) => view(ViewKind::Keys),
        ("values", []) => view(ViewKind::Values),
        ("entrySet", []) => view(ViewKind::Entries),
        ("clone", []) => Value::Map(map.entries().into_iter().collect()),
        // These take a function. A template can only pass null, which makes them fail.
        (
            "forEach" | "compute" | "computeIfAbsent" | "computeIfPresent" | "merge" | "replaceAll",
            [.., Null],
        )
        | ("replace", [_, _, _]) => {
            return Err(unsupported(&Value::Map(map.clone()), name));
        }
        _ => return Ok(None),
    }))
}

fn check_size(map: &Map<'_>, more: usize) -> Result<(), Failure> {
    if map.len() + more > 1_000_000 {
        Err(Failure::bound("the map grows too large"))
    } else {
        Ok(())
    }
}

fn as_map<'a>(value: &Value<'a>) -> Result<Option<Map<'a>>, Failure> {
    Ok(match value {
        Value::Map(map) => Some(map.clone()),
        Value::Scope(scope) => Some(scope.storage.clone()),
        Value::Object(object) => match object.resolve()? {
            Some(value) => as_map(&value)?,
            None => None,
        },
        _ => None,
    })
}

pub(super) fn call_entry<'a>(entry: &Entry<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    Ok(match (name, arguments) {
        ("getKey", []) => Some(entry.key.clone()),
        ("getValue", []) => Some(entry.value()),
        ("setValue", [value]) => Some(entry.set_value(value.clone())),
        _ => None,
    })
}
