//! `java.util.ArrayList`, JSON arrays, Java arrays and the views of maps.

use super::{Answer, index_within, place, unsupported};
use crate::error::Failure;
use crate::text::TextBuf;
use crate::value::{Iter, List, ListKind, Value, View, ViewKind, int};

/// Methods that take a function. A template can only pass null, which makes them fail.
const FUNCTIONAL: [&str; 4] = ["forEach", "removeIf", "replaceAll", "sort"];
/// Methods that would change the list behind a `subList`.
const CHANGING: [&str; 7] = [
    "add",
    "addAll",
    "remove",
    "removeAll",
    "retainAll",
    "clear",
    "set",
];
const UNSUPPORTED: [&str; 8] = [
    "stream",
    "parallelStream",
    "spliterator",
    "listIterator",
    "appendElement",
    "merge",
    "writeJSONString",
    "clone",
];

pub(super) fn call<'a>(list: &List<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    list.check()?;
    if list.kind() == ListKind::Fixed && CHANGING.contains(&name) {
        return Err(unsupported(&Value::List(list.clone()), name));
    }
    let fixed = !matches!(list.kind(), ListKind::Plain | ListKind::Json);
    if fixed
        && matches!(
            name,
            "add" | "addAll" | "remove" | "clear" | "removeAll" | "retainAll"
        )
    {
        return refuse_change(list, name, arguments);
    }
    if let Some(answer) = read(list, name, arguments)? {
        return Ok(Some(answer));
    }
    if let Some(answer) = change(list, name, arguments)? {
        return Ok(Some(answer));
    }
    if FUNCTIONAL.contains(&name) && !matches!(arguments, [Value::Null]) {
        return Ok(None);
    }
    if UNSUPPORTED.contains(&name) || FUNCTIONAL.contains(&name) {
        return Err(unsupported(&Value::List(list.clone()), name));
    }
    Ok(None)
}

/// Java's fixed lists refuse only when there is something to change.
fn refuse_change<'a>(list: &List<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    let copy = List::new(ListKind::Plain, list.items().clone());
    let answer = call(&copy, name, arguments)?;
    if copy.items().len() != list.items().len() {
        return Err(Failure::new(format!(
            "`{name}` is not possible on {} (UnsupportedOperationException)",
            Value::List(list.clone()).class_name()
        )));
    }
    Ok(answer)
}

/// The methods that leave the list as it is.
fn read<'a>(list: &List<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::{Bool, Int};
    Ok(Some(match (name, arguments) {
        ("size", []) => int(list.items().len()),
        ("isEmpty", []) => Bool(list.items().is_empty()),
        ("get", [Int(index)]) => {
            let items = list.items();
            items[index_within(*index, items.len(), items.len())?].clone()
        }
        ("contains", [value]) => Bool(find(list, value).is_some()),
        ("containsAll", [values]) => {
            let Some(values) = collection(values)? else {
                return Ok(None);
            };
            Bool(values.iter().all(|value| find(list, value).is_some()))
        }
        ("indexOf", [value]) => place(find(list, value)),
        ("lastIndexOf", [value]) => place(
            list.items()
                .iter()
                .rposition(|item| value.java_equals(item)),
        ),
        ("iterator", []) => Iter::over(&Value::List(list.clone())).map_or(Value::Null, Value::Iter),
        ("subList", [Int(from), Int(to)]) => {
            let items = list.items();
            let to = index_within(*to, items.len() + 1, items.len())?;
            let from = index_within(*from, to + 1, items.len())?;
            drop(items);
            Value::List(list.part(from, to))
        }
        ("toArray", []) => Value::List(List::new(
            ListKind::Array("[Ljava.lang.Object;"),
            list.items().clone(),
        )),
        ("toJSONString", []) if list.kind() == ListKind::Json => {
            let mut out = TextBuf::new();
            crate::value::write_text(
                &Value::List(list.clone()),
                &mut out,
                &mut crate::value::NoBlocks,
            )?;
            Value::String(out.into_text())
        }
        _ => return Ok(None),
    }))
}

/// The methods that change the list. One flat match: a row for each method of Java's.
fn change<'a>(list: &List<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::{Bool, Int};
    let void = || Value::text("");
    let fixed = !matches!(list.kind(), ListKind::Plain | ListKind::Json);
    Ok(Some(match (name, arguments) {
        ("set", [Int(_), value]) if !list.takes(value) => {
            return Err(Failure::new(format!(
                "the array cannot hold {} (IllegalArgumentException)",
                value.class_name()
            )));
        }
        ("set", [Int(index), value]) => {
            let length = list.items().len();
            let index = index_within(*index, length, length)?;
            std::mem::replace(&mut list.items_mut()[index], value.clone())
        }
        ("add", [value]) => {
            list.items_mut().push(value.clone());
            list.note_change();
            Bool(true)
        }
        ("add", [Int(index), value]) => {
            let length = list.items().len();
            list.items_mut()
                .insert(index_within(*index, length + 1, length)?, value.clone());
            list.note_change();
            void()
        }
        ("addAll", [values]) => {
            let Some(values) = collection(values)? else {
                return Ok(None);
            };
            let changed = !values.is_empty();
            check_size(list.items().len() + values.len())?;
            list.items_mut().extend(values);
            list.note_change();
            Bool(changed)
        }
        ("addAll", [Int(index), values]) => {
            let Some(values) = collection(values)? else {
                return Ok(None);
            };
            let length = list.items().len();
            let index = index_within(*index, length + 1, length)?;
            let changed = !values.is_empty();
            check_size(length + values.len())?;
            list.items_mut().splice(index..index, values);
            list.note_change();
            Bool(changed)
        }
        ("remove", [Int(index)]) => {
            let length = list.items().len();
            let removed = list
                .items_mut()
                .remove(index_within(*index, length, length)?);
            list.note_change();
            removed
        }
        ("remove", [value]) => {
            let found = find(list, value);
            if let Some(index) = found {
                list.items_mut().remove(index);
                list.note_change();
            }
            Bool(found.is_some())
        }
        ("removeAll" | "retainAll", [values]) => {
            let Some(values) = collection(values)? else {
                return Ok(None);
            };
            let before = list.items().len();
            let kept: Vec<_> = list
                .items()
                .iter()
                .filter(|item| values.contains(item) == (name == "retainAll"))
                .cloned()
                .collect();
            let changed = kept.len() != before;
            *list.items_mut() = kept;
            if changed {
                list.note_change();
            }
            Bool(changed)
        }
        ("clear", []) => {
            list.items_mut().clear();
            list.note_change();
            void()
        }
        ("ensureCapacity", [Int(_)]) | ("trimToSize", []) if !fixed => {
            list.note_change();
            void()
        }
        _ => return Ok(None),
    }))
}

fn check_size(items: usize) -> Result<(), Failure> {
    if items > 4_000_000 {
        Err(Failure::bound("the list grows too large"))
    } else {
        Ok(())
    }
}

fn find<'a>(list: &List<'a>, value: &Value<'a>) -> Option<usize> {
    list.items().iter().position(|item| value.java_equals(item))
}

/// The elements of a collection; `None` if it is not one.
fn collection<'a>(value: &Value<'a>) -> Result<Option<Vec<Value<'a>>>, Failure> {
    Ok(match value {
        Value::List(list) if !matches!(list.kind(), ListKind::Array(_)) => {
            Some(list.items().clone())
        }
        Value::View(view) => Some(view.snapshot()),
        Value::Object(object) => match object.resolve()? {
            Some(value) => collection(&value)?,
            None => None,
        },
        Value::Null => return Err(super::null_argument()),
        _ => None,
    })
}

/// The methods of `keySet()`, `values()` and `entrySet()`. One flat match: a row for each.
pub(super) fn call_view<'a>(view: &View<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    use Value::Bool;
    let find = |value: &Value<'a>| {
        view.snapshot()
            .iter()
            .position(|item| value.java_equals(item))
    };
    let remove_at = |index: usize| {
        if let Some((key, _)) = view.map.entries().get(index) {
            view.map.remove(key);
        }
    };
    Ok(Some(match (name, arguments) {
        ("size", []) => int(view.map.len()),
        ("isEmpty", []) => Bool(view.map.is_empty()),
        ("contains", [value]) if view.kind == ViewKind::Keys => Bool(view.map.get(value).is_some()),
        ("contains", [value]) => Bool(find(value).is_some()),
        ("containsAll", [values]) => {
            let Some(values) = collection(values)? else {
                return Ok(None);
            };
            Bool(values.iter().all(|value| find(value).is_some()))
        }
        ("remove", [value]) => {
            let found = find(value);
            if let Some(index) = found {
                remove_at(index);
            }
            Bool(found.is_some())
        }
        ("removeAll" | "retainAll", [values]) => {
            let Some(values) = collection(values)? else {
                return Ok(None);
            };
            let before = view.map.len();
            let items = view.snapshot();
            for (index, item) in items.iter().enumerate().rev() {
                if values.contains(item) == (name == "removeAll") {
                    remove_at(index);
                }
            }
            Bool(view.map.len() != before)
        }
        ("clear", []) => {
            view.map.clear();
            Value::text("")
        }
        ("iterator", []) => Iter::over(&Value::View(view.clone())).map_or(Value::Null, Value::Iter),
        ("toArray", []) => Value::List(List::new(
            ListKind::Array("[Ljava.lang.Object;"),
            view.snapshot(),
        )),
        ("addAll", [values]) => match collection(values)? {
            None => return Ok(None),
            Some(values) if values.is_empty() => Bool(false),
            Some(_) => {
                return Err(Failure::new("`addAll` is not possible on a view of a map"));
            }
        },
        ("add", [_]) => {
            return Err(Failure::new(format!(
                "`{name}` is not possible on a view of a map"
            )));
        }
        _ if FUNCTIONAL.contains(&name) && !matches!(arguments, [Value::Null]) => return Ok(None),
        _ if UNSUPPORTED.contains(&name) || FUNCTIONAL.contains(&name) => {
            return Err(unsupported(&Value::View(view.clone()), name));
        }
        _ => return Ok(None),
    }))
}
