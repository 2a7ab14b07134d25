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
            Some(from) => {
                let inner = match value.piece() {
                    Some(piece) if piece.wraps.is_empty() => member_of(from, step),
                    _ => None,
                };
                Holds::Foreign(inner.unwrap_or_else(|| spelled.to_owned())).text()
            }
            None => Value::unknown(),
        },
    }
}

/// The path of this member of what another path selects.
fn member_of(from: &str, step: &StepPart<'_>) -> Option<String> {
    let name = match (step.name, step.arguments.as_deref()) {
        (Some(name), None) => name,
        (Some("get") | None, Some([Argument::Text(name)])) => name,
        _ => return None,
    };
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    inner_path(from, &format!(".{name}")).filter(|_| !name.is_empty() && name.chars().all(is_name))
}

/// An item of the list that `$input.path` selects, in the loop over it.
pub(super) fn item_of(from: &str) -> Option<String> {
    inner_path(&from.replace('\'', "\""), "[$foreach.index]").filter(|_| !from.contains('"'))
}

/// `$input.path` with a longer path.
fn inner_path(from: &str, behind: &str) -> Option<String> {
    let path = from.strip_prefix("$input.path(")?;
    let quote = path
        .chars()
        .next()
        .filter(|char| matches!(char, '\'' | '"'))?;
    let path = path
        .strip_prefix(quote)?
        .strip_suffix(')')?
        .strip_suffix(quote)?;
    // Of what selects many values, nothing else selects the members.
    let selects_one = !path.contains(['*', '?', '(', ':', ',', quote]) && !path.contains("..");
    selects_one.then(|| format!("$input.path({quote}{path}{behind}{quote})"))
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::template::MappingTemplate;
    use crate::template::lint::env::Env;
    use crate::template::lint::notes::Notes;
    use crate::template::lint::value::{Group, Holds, Value, Wrap};
    use velocity::syntax::Part;

    /// What the last reference of a template may hold, and how many doubts there are.
    fn value(source: &str) -> (Value, usize) {
        let template = MappingTemplate::parse(source).unwrap();
        let (mut env, mut notes, mut last) = (Env::new(source), Notes::default(), None);
        for part in template.parts() {
            match part {
                Part::Text(_) => {}
                Part::Reference(reference) => last = Some(env.reference(&reference, &mut notes)),
                Part::Directive(set) => {
                    let value = env.argument(&set.arguments[0], &mut notes);
                    env.set(set.target.unwrap().root, value);
                }
            }
        }
        (last.unwrap(), notes.doubts.len())
    }

    fn foreign(from: &str) -> Value {
        Holds::Foreign(from.to_owned()).text()
    }

    #[rstest]
    #[case("$input.params().header", Value::Group(Group::Header))]
    #[case("$input.params()['path']", Value::Group(Group::Path))]
    #[case("$input.params().get($t)", Value::Group(Group::Query))]
    #[case(
        "$input.params().header.keySet()",
        Value::List(Box::new(Holds::Token.text()))
    )]
    #[case("$input.params().path.keySet()", Value::List(Box::new(Holds::Own.text())))]
    #[case("$input.params().keySet()", Value::List(Box::new(Holds::Own.text())))]
    #[case("$stageVariables.keySet()", Value::List(Box::new(Holds::Own.text())))]
    #[case("$stageVariables.get($k)", Holds::Own.text())]
    #[case(
        "$input.params().querystring.keySet()",
        Value::List(Box::new(foreign("$input.params().querystring.keySet()")))
    )]
    #[case(
        "$input.params().header.get('a')",
        foreign("$input.params().header.get('a')")
    )]
    fn maps_of_the_request(#[case] source: &str, #[case] expected: Value) {
        assert_eq!(value(source), (expected, 0));
    }

    /// What members of the message are selected by, so that `$input.json` can select them.
    #[rstest]
    #[case("$input.path('$').a", "$input.path('$.a')")]
    #[case("#set($r = $input.path('$.r'))$r.a.b", "$input.path('$.r.a.b')")]
    #[case("#set($r = $input.path(\"$\"))${r.get('a')}", "$input.path(\"$.a\")")]
    #[case("#set($r = $input.path('$'))$r['a']", "$input.path('$.a')")]
    #[case("#set($r = $input.path('$.l[*]'))$r.a", "$r.a")]
    #[case("#set($r = $input.path('$..l'))$r.a", "$r.a")]
    #[case("#set($r = $input.path('$'))$r['a b']", "$r['a b']")]
    #[case("#set($r = $input.path('$'))$r.get($k)", "$r.get($k)")]
    #[case("#set($r = $input.params('r'))$r.a", "$r.a")]
    fn paths_of_members(#[case] source: &str, #[case] expected: &str) {
        assert_eq!(value(source).0, foreign(expected));
    }

    #[rstest]
    #[case(r#"$util.escapeJavaScript($input.body)"#, Some(Wrap::Escaped))]
    #[case(
        r#"$util.escapeJavaScript($input.body).replaceAll("\\'","'")"#,
        Some(Wrap::Cured)
    )]
    #[case(
        r#"$util.escapeJavaScript($input.body).replace("\'","'")"#,
        Some(Wrap::Cured)
    )]
    #[case(
        r#"$util.escapeJavaScript($input.body).replaceAll("\'","'")"#,
        Some(Wrap::Escaped)
    )]
    #[case(
        r#"$input.body.replaceAll("&","&amp;").replaceAll("<","&lt;")"#,
        Some(Wrap::Entities)
    )]
    // The mark that the author puts in may be the client's as well.
    #[case(r#"$util.escapeJavaScript($input.body).replaceAll("@@",'"')"#, None)]
    #[case(r#"$input.body.replaceAll("a.","b")"#, None)]
    #[case(r#"$input.body.replaceAll("a","$0")"#, None)]
    fn replacements(#[case] source: &str, #[case] expected: Option<Wrap>) {
        let value = value(source).0;
        let piece = value.piece().unwrap();
        assert!(matches!(piece.holds, Holds::Foreign(_)), "{piece:?}");
        assert_eq!(piece.wraps.last().copied(), expected);
    }

    #[test]
    fn numbers_and_answers_are_safe() {
        for method in [
            "size()",
            "length()",
            "isEmpty()",
            "contains('a')",
            "matches('a')",
        ] {
            let source = format!("$input.path('$.l').{method}");
            assert_eq!(value(&source).0, Holds::Own.text(), "{source}");
        }
        assert_eq!(value("$input.path('$.l').size()").1, 0);
        assert_eq!(value("$input.path('$.l').indexOf('a')").1, 1);
        let of_gateway = value("$context.connectionId.toString()").0;
        assert_eq!(of_gateway, Holds::Own.text());
    }
}
