//! What methods and members of values give.

use velocity::syntax::{Argument, StepPart};

use super::notes::Notes;
use super::value::{Group, Holds, Piece, Value, Wrap};
use crate::template::escape_java_script;

/// The value behind a step. `spelled` is the reference up to it.
pub(super) fn step(value: Value, step: &StepPart<'_>, spelled: &str, notes: &mut Notes) -> Value {
    let name = step.name.unwrap_or_default();
    let arguments = step.arguments.as_deref();
    if value.is_nothing() && arguments.is_none() {
        return value;
    }
    if let Some(inner) = member(&value, name, arguments, spelled) {
        return inner;
    }
    if let Some([Argument::Text(from), Argument::Text(to)]) = arguments
        && let Some(replaced) = replaced(&value, name, from, to)
    {
        return replaced;
    }
    if let ("size" | "length" | "isEmpty" | "hashCode", Some([])) = (name, arguments) {
        return Holds::Own.text();
    }
    notes.doubt(
        Some(step.span.clone()),
        "a method, an index or a member of a value, which may fail",
    );
    match name {
        "contains" | "startsWith" | "endsWith" | "equals" | "equalsIgnoreCase" | "matches"
        | "indexOf" | "lastIndexOf" | "containsKey" | "size" | "length" | "isEmpty"
            if step.arguments.is_some() =>
        {
            Holds::Own.text()
        }
        "toString" | "trim" if value.piece().is_some_and(Piece::is_plain) => value,
        _ => match value.foreign() {
            Some(_) => Holds::Foreign(spelled.to_owned()).text(),
            None => Value::unknown(),
        },
    }
}

/// What is in the maps of parameters, in their lists of keys and in their entries.
fn member(
    value: &Value,
    name: &str,
    arguments: Option<&[Argument<'_>]>,
    spelled: &str,
) -> Option<Value> {
    let foreign = || Holds::Foreign(spelled.to_owned()).text();
    // `[…]` is `.get(…)`.
    let name = if name.is_empty() { "get" } else { name };
    Some(match (value, name, arguments) {
        (Value::Params, "keySet", Some([])) => Value::List(Box::new(Holds::Own.text())),
        (Value::Params, "entrySet", Some([])) => Value::List(Box::new(Value::Entry(
            Box::new(Holds::Own.text()),
            Box::new(Value::Group(Group::Query)),
        ))),
        (Value::Params, "values", Some([])) => Value::List(Box::new(Value::Group(Group::Query))),
        (Value::Params, "get", Some([Argument::Text(name)])) => Value::Group(Group::named(name)),
        (Value::Params, "get", Some([_])) => Value::Group(Group::Query),
        (Value::Params, name, None) => Value::Group(Group::named(name)),
        (Value::Group(group), "keySet", Some([])) => Value::List(Box::new(group.key(foreign))),
        (Value::Group(group), "entrySet", Some([])) => Value::List(Box::new(Value::Entry(
            Box::new(group.key(foreign)),
            Box::new(foreign()),
        ))),
        (Value::Group(_), "get" | "getOrDefault", Some(_)) => foreign(),
        (Value::Group(_), "values", Some([])) => Value::List(Box::new(foreign())),
        (Value::Group(_), _, None) => foreign(),
        (Value::StageVariables, "keySet" | "values", Some([])) => {
            Value::List(Box::new(Holds::Own.text()))
        }
        (Value::StageVariables, "entrySet", Some([])) => Value::List(Box::new(Value::Entry(
            Box::new(Holds::Own.text()),
            Box::new(Holds::Own.text()),
        ))),
        (Value::StageVariables, "get" | "toString", Some(_)) | (Value::StageVariables, _, None) => {
            Holds::Own.text()
        }
        (Value::Entry(key, _), "key", None) | (Value::Entry(key, _), "getKey", Some([])) => {
            (**key).clone()
        }
        (Value::Entry(_, value), "value", None)
        | (Value::Entry(_, value), "getValue", Some([])) => (**value).clone(),
        (Value::List(item), "get" | "iterator" | "next" | "toArray", _) => (**item).clone(),
        _ => return None,
    })
}

impl Group {
    fn named(name: &str) -> Self {
        match name {
            "header" => Group::Header,
            "path" => Group::Path,
            _ => Group::Query,
        }
    }

    fn key(self, foreign: impl Fn() -> Value) -> Value {
        match self {
            Group::Header => Holds::Token.text(),
            Group::Path => Holds::Own.text(),
            Group::Query => foreign(),
        }
    }
}

/// The text as `$util.escapeJavaScript` gives it.
pub(super) fn escaped(value: Value, spelled: &str) -> Value {
    value.map(
        spelled,
        |text| escape_java_script(text).into_owned(),
        |mut piece| {
            if !piece.is_plain() {
                piece.wraps.push(Wrap::Escaped);
            }
            piece
        },
    )
}

/// The text as `replaceAll` and `replace` give it, as far as that is known.
fn replaced(value: &Value, method: &str, from: &str, to: &str) -> Option<Value> {
    let pattern = match method {
        "replace" => from.to_owned(),
        "replaceAll" => literal_pattern(from)?,
        _ => return None,
    };
    if method == "replaceAll" && to.contains(['$', '\\']) {
        return None;
    }
    let Value::Text(parts) = value else {
        return None;
    };
    let is_quote = pattern == "\\'" && to == "'";
    let is_lone_quote = pattern == "'" && to == "'";
    let entity = matches!((&*pattern, to), ("<", "&lt;"));
    let prepares = matches!(
        (&*pattern, to),
        ("&", "&amp;") | (">", "&gt;") | ("\"", "&quot;")
    );
    let mut known = parts.clone();
    for part in &mut known {
        match part {
            super::value::Part::Literal(text) => *text = text.replace(&pattern, to),
            super::value::Part::Piece(piece) if is_quote => {
                if let Some(last @ Wrap::Escaped) = piece.wraps.last_mut() {
                    *last = Wrap::Cured;
                } else if !piece.is_plain() {
                    return None;
                }
            }
            super::value::Part::Piece(piece) if is_lone_quote => {
                if piece.holds == Holds::Unknown {
                    return None;
                }
            }
            super::value::Part::Piece(piece) if entity => piece.wraps.push(Wrap::Entities),
            super::value::Part::Piece(_) if prepares => {}
            // `@@` for a quote: the author's own mark, which a client may send as well.
            super::value::Part::Piece(piece) if to.contains('"') && !piece.is_plain() => {
                match &piece.holds {
                    Holds::Foreign(_) => piece.wraps.clear(),
                    _ => return None,
                }
            }
            super::value::Part::Piece(piece) if piece.is_plain() => {
                // Only what is safe in a string may be put in.
                if to.contains(['"', '\\', '\'']) {
                    return None;
                }
            }
            super::value::Part::Piece(_) => return None,
        }
    }
    Some(Value::Text(known).bounded())
}

/// The text that a regular expression finds, if it finds one text only.
fn literal_pattern(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next()? {
                char if char.is_ascii_alphanumeric() => return None,
                char => text.push(char),
            },
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => {
                return None;
            }
            char => text.push(char),
        }
    }
    (!text.is_empty()).then_some(text)
}
