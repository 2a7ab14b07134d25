//! Which methods Java's classes have, and which one Velocity picks for given arguments.
//!
//! The table beside this file is written by `velocity/oracle/Signatures.java`. It is used only if
//! nothing here answers a call, to see whether Java would have answered.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::value::{ListKind, Value, ViewKind};

/// A method that Velocity would call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// How many parameters it declares: if none, Velocity picks it for any arguments and then
    /// fails.
    pub(super) parameters: usize,
}

struct Class {
    /// The class itself and all that it extends.
    supers: Vec<&'static str>,
    methods: HashMap<&'static str, Vec<Vec<&'static str>>>,
}

static CLASSES: LazyLock<HashMap<&'static str, Class>> = LazyLock::new(read);

fn read() -> HashMap<&'static str, Class> {
    let mut classes: HashMap<&str, Class> = HashMap::new();
    let mut current = "";
    for line in include_str!("signatures.txt").lines() {
        if let Some((kind, supers)) = line.split_once(": ") {
            let name = kind.split(' ').nth(1).unwrap_or("");
            current = if kind.starts_with("class") { name } else { "" };
            classes.entry(name).or_insert_with(|| Class {
                supers: supers.split(' ').collect(),
                methods: HashMap::new(),
            });
        } else if let (Some((name, types)), Some(class)) =
            (line.split_once('('), classes.get_mut(current))
        {
            let types = types.trim_end_matches(')');
            let types = types.split(',').filter(|name| !name.is_empty()).collect();
            class.methods.entry(name).or_default().push(types);
        }
    }
    classes
}

/// The class of a value by its name in the table; `None` for null and for host objects.
fn class_of<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    Some(match value {
        Value::Null | Value::Object(_) => return None,
        Value::List(list) => match list.kind() {
            ListKind::Plain => "ArrayList",
            ListKind::Json => "JSONArray",
            ListKind::Array(_) => "Array",
            ListKind::Set => "KeySet",
            ListKind::Fixed => "SubList",
        },
        Value::View(view) => match view.kind {
            ViewKind::Keys => "KeySet",
            ViewKind::Values => "Values",
            ViewKind::Entries => "EntrySet",
        },
        Value::Scope(_) => "Scope",
        other => other.class_name(),
    })
}

/// The method that Velocity picks, if exactly one fits best.
pub(super) fn find(receiver: &Value<'_>, name: &str, arguments: &[Value<'_>]) -> Option<Signature> {
    let methods = CLASSES.get(class_of(receiver)?)?.methods.get(name)?;
    let actual: Vec<Option<&str>> = arguments.iter().map(class_for_argument).collect();
    let mut best: Option<&[&str]> = None;
    let mut rivals: Vec<&[&str]> = Vec::new();
    for method in methods {
        if !applicable(method, &actual) {
            continue;
        }
        let Some(known) = best else {
            best = Some(method);
            continue;
        };
        match more_specific(method, known) {
            Some(true)
                if rivals
                    .iter()
                    .all(|rival| more_specific(method, rival) == Some(true)) =>
            {
                best = Some(method);
                rivals.clear();
            }
            Some(false) => {}
            _ => rivals.push(method),
        }
    }
    best.filter(|_| rivals.is_empty()).map(|method| Signature {
        parameters: method.len(),
    })
}

/// Whether the class has a method of this name without parameters.
pub(super) fn has_getter(receiver: &Value<'_>, name: &str) -> bool {
    let class = class_of(receiver).and_then(|class| CLASSES.get(class));
    class
        .and_then(|class| class.methods.get(name))
        .is_some_and(|methods| methods.iter().any(Vec::is_empty))
}

fn class_for_argument<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::Null => None,
        Value::Object(_) => Some("Object"),
        Value::List(list) => match list.kind() {
            ListKind::Array("[C") => Some("char[]"),
            ListKind::Array(_) => Some("Object[]"),
            _ => class_of(value),
        },
        _ => class_of(value),
    }
}

fn applicable(formal: &[&str], actual: &[Option<&str>]) -> bool {
    let fits = |formal: &[&str], actual: &[Option<&str>]| {
        formal
            .iter()
            .zip(actual)
            .all(|(formal, actual)| convertible(formal, *actual))
    };
    let array = formal.last().and_then(|last| last.strip_suffix("[]"));
    if formal.len() > actual.len() {
        return formal.len() == actual.len() + 1 && array.is_some() && fits(formal, actual);
    }
    let Some(last) = formal.len().checked_sub(1) else {
        return true;
    };
    if formal.len() == actual.len() {
        if !fits(&formal[..last], &actual[..last]) {
            return false;
        }
        let element = actual[last].map(|actual| actual.strip_suffix("[]").unwrap_or(actual));
        return convertible(formal[last], actual[last])
            || array.is_some_and(|array| convertible(array, element));
    }
    array.is_some_and(|array| {
        fits(&formal[..last], &actual[..last])
            && actual[last..]
                .iter()
                .all(|actual| convertible(array, *actual))
    })
}

/// Whether a parameter accepts an argument of a class; null has no class.
fn convertible(formal: &str, actual: Option<&str>) -> bool {
    let primitive = formal.starts_with(|c: char| c.is_ascii_lowercase()) && !formal.ends_with("[]");
    let Some(actual) = actual else {
        return !primitive;
    };
    if !primitive {
        return extends(actual, formal);
    }
    match formal {
        "boolean" => actual == "Boolean",
        "char" => actual == "Character",
        "int" => actual == "Integer",
        "long" => matches!(actual, "Long" | "Integer"),
        "float" => matches!(actual, "Float" | "Long" | "Integer"),
        "double" => matches!(actual, "Double" | "Float" | "Long" | "Integer"),
        _ => false,
    }
}

fn extends(class: &str, other: &str) -> bool {
    class == other
        || CLASSES
            .get(class)
            .is_some_and(|class| class.supers.contains(&other))
}

/// Whether the first is more specific than the second; `None` if neither is.
fn more_specific(left: &[&str], right: &[&str]) -> Option<bool> {
    if left.len() != right.len() {
        return Some(left.len() > right.len());
    }
    let (mut left_is, mut right_is) = (false, false);
    for (index, (one, other)) in left.iter().zip(right).enumerate() {
        if one != other {
            let narrower = if index + 1 == left.len() {
                narrower_at_the_end
            } else {
                narrower
            };
            left_is |= narrower(one, other) || *other == "Object";
            right_is |= narrower(other, one) || *one == "Object";
        }
    }
    match (left_is, right_is) {
        (true, true) => {
            let array = |types: &[&str]| types.last().is_some_and(|last| last.ends_with("[]"));
            match (array(left), array(right)) {
                (true, false) => Some(false),
                (false, true) => Some(true),
                _ => None,
            }
        }
        (false, false) => None,
        _ => Some(left_is),
    }
}

/// Whether the other parameter accepts everything that this one accepts.
fn narrower(one: &str, other: &str) -> bool {
    const WIDTHS: [&str; 6] = ["byte", "short", "int", "long", "float", "double"];
    let width = |name: &str| WIDTHS.iter().position(|known| *known == name);
    extends(one, other)
        || width(one)
            .zip(width(other))
            .is_some_and(|(one, other)| one < other)
}

/// The same for the last parameter, where an array takes any number of arguments.
fn narrower_at_the_end(one: &str, other: &str) -> bool {
    let element = |name| str::strip_suffix(name, "[]");
    narrower(one, other)
        || element(other).is_some_and(|other| narrower(element(one).unwrap_or(one), other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("length", &[], Some(0))]
    #[case("length", &[Value::Int(7)], Some(0))]
    #[case("substring", &[Value::Int(7)], Some(1))]
    #[case("substring", &[Value::text("7")], None)]
    #[case("nothing", &[], None)]
    #[case("wait", &[], None)]
    #[case("format", &[Value::text("%s"), Value::Int(1), Value::Int(2)], Some(2))]
    fn finds_what_velocity_finds(
        #[case] name: &str,
        #[case] arguments: &[Value<'static>],
        #[case] parameters: Option<usize>,
    ) {
        let found = find(&Value::text("text"), name, arguments);
        assert_eq!(found.map(|found| found.parameters), parameters);
    }
}
