//! The methods and properties that values have: those of their Java classes.
//!
//! A call that no method of the class accepts is `None`, which a template sees as null. A method
//! that exists in Java but not here is an error, since null would be a wrong answer.

mod format;
mod list;
mod map;
mod number;
mod scope;
mod signatures;
mod string;

use crate::error::Failure;
use crate::regex::Pattern;
use crate::value::{ListKind, Value, int};

/// What a method returns: `None` if there is no method of that name for these arguments.
pub(crate) type Answer<'a> = Result<Option<Value<'a>>, Failure>;

/// Calls a method. `pattern` is the first argument, if the parser could compile it.
pub(crate) fn call<'a>(
    receiver: &Value<'a>,
    name: &str,
    arguments: &[Value<'a>],
    pattern: Option<&Pattern>,
) -> Answer<'a> {
    let answer = match receiver {
        Value::Null => return Ok(None),
        Value::String(text) => string::call(text, name, arguments, pattern)?,
        Value::Bool(value) => number::call_bool(*value, name, arguments)?,
        Value::Char(unit) => number::call_char(*unit, name, arguments)?,
        Value::Int(_)
        | Value::Long(_)
        | Value::BigInt(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Decimal(_) => number::call(receiver, name, arguments)?,
        Value::List(list) => list::call(list, name, arguments)?,
        Value::View(view) => list::call_view(view, name, arguments)?,
        Value::Map(map) => map::call(map, name, arguments)?,
        Value::Entry(entry) => map::call_entry(entry, name, arguments)?,
        Value::Iter(iter) => match (name, arguments) {
            ("hasNext", []) => Some(Value::Bool(iter.has_next())),
            ("next", []) => Some(iter.next()?),
            ("remove" | "forEachRemaining", _) => return Err(unsupported(receiver, name)),
            _ => None,
        },
        Value::Scope(scope) => scope::call(scope, name, arguments)?,
        Value::Block(_) if (name, arguments.len()) == ("toString", 0) => {
            return Err(unsupported(receiver, name));
        }
        Value::Block(_) => None,
        Value::Object(object) => match object.call(name, arguments)? {
            Some(answer) => return Ok(Some(answer)),
            None => match object.resolve()? {
                Some(value) => return call(&value, name, arguments, pattern),
                None => None,
            },
        },
    };
    if answer.is_some() {
        return Ok(answer);
    }
    of_every_object(receiver, name, arguments)
}

/// The methods of `java.lang.Object`.
fn of_every_object<'a>(receiver: &Value<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    Ok(match (name, arguments) {
        ("toString", []) => Some(Value::String(receiver.to_text()?)),
        ("equals", [other]) => Some(Value::Bool(equals(receiver, other)?)),
        ("hashCode", []) if receiver.has_identity() => {
            return Err(Failure::unsupported(format!(
                "the method `hashCode` of {} is not supported: in Java it differs each time",
                receiver.class_name()
            )));
        }
        ("hashCode", []) => match receiver.hash_code() {
            Some(hash) => Some(Value::Int(hash)),
            None => {
                return Err(Failure::bound(
                    "a value that contains itself, or is too large, has no hash code",
                ));
            }
        },
        _ => return not_here(receiver, name, arguments),
    })
}

/// A call that nothing here answers: null if Java has no such method either, else an error.
fn not_here<'a>(receiver: &Value<'a>, name: &str, arguments: &[Value<'a>]) -> Answer<'a> {
    match signatures::find(receiver, name, arguments) {
        None => Ok(None),
        Some(found) if found.parameters == 0 && !arguments.is_empty() => {
            Err(Failure::new(format!(
                "the method `{name}` of {} takes no arguments (IllegalArgumentException)",
                receiver.class_name()
            )))
        }
        Some(_) => Err(unsupported(receiver, name)),
    }
}

/// The getter that Java finds for a property.
fn getter<'a>(receiver: &Value<'a>, name: &str) -> Answer<'a> {
    let mut characters = name.chars();
    let Some(first) = characters.next() else {
        return Ok(None);
    };
    let flipped = if first.is_ascii_lowercase() {
        first.to_ascii_uppercase()
    } else {
        first.to_ascii_lowercase()
    };
    for first in [first, flipped] {
        let getter = format!("get{first}{}", characters.as_str());
        if signatures::has_getter(receiver, &getter) {
            return call(receiver, &getter, &[], None);
        }
    }
    Ok(None)
}

/// `equals`, seeing through host objects.
fn equals<'a>(left: &Value<'a>, right: &Value<'a>) -> Result<bool, Failure> {
    let resolve = |value: &Value<'a>| -> Result<Value<'a>, Failure> {
        match value {
            Value::Object(object) => Ok(object.resolve()?.unwrap_or_else(|| value.clone())),
            other => Ok(other.clone()),
        }
    };
    Ok(resolve(left)?.java_equals(&resolve(right)?))
}

/// A property: a getter of the class, an entry of a map.
pub(crate) fn property<'a>(receiver: &Value<'a>, name: &str) -> Answer<'a> {
    match receiver {
        Value::Map(_) if name.eq_ignore_ascii_case("class") => getter(receiver, name),
        Value::Map(map) => Ok(map.get_str(name)),
        Value::Object(object) => match object.property(name)? {
            Some(value) => Ok(Some(value)),
            None => match object.resolve()? {
                Some(value) => property(&value, name),
                None => Ok(None),
            },
        },
        Value::Scope(scope) => match scope::property(scope, &uncapitalized(name)) {
            Some(value) => Ok(Some(value)),
            None if name.eq_ignore_ascii_case("class") => getter(receiver, name),
            None => Ok(scope::get(scope, &Value::text(name.to_owned()))),
        },
        Value::Entry(entry) => Ok(match uncapitalized(name).as_str() {
            "key" => Some(entry.key.clone()),
            "value" => Some(entry.value()),
            _ => None,
        }),
        // For an array, only the methods of its class count.
        Value::List(list) if matches!(list.kind(), ListKind::Array(_)) => getter(receiver, name),
        _ => {
            // `isEmpty()` and the like, as `empty`.
            let getter = match uncapitalized(name).as_str() {
                "empty" => "isEmpty",
                "blank" => "isBlank",
                "naN" => "isNaN",
                "infinite" => "isInfinite",
                _ => return getter(receiver, name),
            };
            call(receiver, getter, &[], None)
        }
    }
}

/// Sets a property: an entry of a map, the value of an entry. Does nothing if there is none.
pub(crate) fn set_property<'a>(
    receiver: &Value<'a>,
    name: &str,
    value: &Value<'a>,
) -> Result<(), Failure> {
    match receiver {
        Value::Map(map) => {
            map.insert(Value::text(name.to_owned()), value.clone());
        }
        Value::Scope(scope) => {
            scope
                .storage
                .insert(Value::text(name.to_owned()), value.clone());
        }
        Value::Entry(entry) if uncapitalized(name) == "value" => {
            entry.set_value(value.clone());
        }
        Value::Object(object) => {
            if !object.set_property(name, value)?
                && let Some(resolved) = object.resolve()?
            {
                return set_property(&resolved, name, value);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Getters are found regardless of the case of the first letter.
fn uncapitalized(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_ascii_lowercase().to_string() + characters.as_str()
    })
}

fn unsupported(receiver: &Value<'_>, method: &str) -> Failure {
    Failure::unsupported(format!(
        "the method `{method}` of {} is not supported",
        receiver.class_name()
    ))
}

fn null_argument() -> Failure {
    Failure::new("an argument is null (NullPointerException)")
}

fn out_of_bounds(what: &str, index: i32, length: usize) -> Failure {
    Failure::new(format!(
        "{what} {index} is out of bounds for length {length}"
    ))
}

/// An index within `0..limit`.
fn index_within(index: i32, limit: usize, length: usize) -> Result<usize, Failure> {
    usize::try_from(index)
        .ok()
        .filter(|&index| index < limit)
        .ok_or_else(|| out_of_bounds("index", index, length))
}

/// A found index, or -1.
fn place<'a>(found: Option<usize>) -> Value<'a> {
    found.map_or(Value::Int(-1), int)
}
