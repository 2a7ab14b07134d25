//! A table's attributes, and the keys of it and of its indexes.

use serde_json::{Value as Json, json};
use velocity::suggest::nearest;

use crate::document::value::Value;
use crate::error::{ErrorKind, Span};
use crate::resources::draft::Draft;
use crate::resources::shape::{Shape, list};

/// An entry of `AttributeDefinitions`.
pub(crate) struct Attribute {
    name: String,
    kind: String,
    span: Span,
}

/// An element of a `KeySchema`.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// `HASH` or `RANGE`.
    pub(crate) kind: &'static str,
    span: Span,
}

/// Whether this is a name of a table or of an index.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
    (3..=255).contains(&name.len()) && name.chars().all(allowed)
}

/// `AttributeDefinitions`, each name once; `None` if one cannot be read.
pub(crate) fn attributes(
    draft: &mut Draft<'_>,
    value: &Value,
    table: &str,
) -> Option<Vec<Attribute>> {
    let what = format!("`AttributeDefinitions` of `{table}`");
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut complete = true;
    for item in list(draft, value, &what)? {
        let known = ["AttributeName", "AttributeType"];
        let entry = format!("an attribute of `{table}`");
        let read = Shape::new(draft, item, entry, &known).and_then(|shape| {
            let name = shape.text(draft, "AttributeName");
            let kind = shape.word(draft, "AttributeType", &["S", "N", "B"]);
            Some((name?, kind?))
        });
        let Some((name, kind)) = read else {
            complete = false;
            continue;
        };
        if attributes.iter().any(|known| known.name == name) {
            let message = format!("the attribute `{name}` of `{table}` is declared twice");
            let help = "remove one of the declarations";
            draft.error_with_help(item.span.clone(), ErrorKind::Conflict(message), help);
            continue;
        }
        attributes.push(Attribute {
            name: name.to_owned(),
            kind: kind.to_owned(),
            span: item.span.clone(),
        });
    }
    complete.then_some(attributes)
}

/// How many keys of each kind a `KeySchema` may have.
#[derive(Clone, Copy)]
pub(crate) enum Most {
    /// That of a table, and of a local index.
    One,
    /// That of a global index.
    ///
    /// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html>
    Four,
}

/// A `KeySchema`: hash keys, and perhaps range keys behind them.
pub(crate) fn schema(
    draft: &mut Draft<'_>,
    value: &Value,
    of: &str,
    most: Most,
) -> Option<Vec<Key>> {
    let what = format!("`KeySchema` of {of}");
    let mut keys: Vec<Key> = Vec::new();
    for item in list(draft, value, &what)? {
        let known = ["AttributeName", "KeyType"];
        let shape = Shape::new(draft, item, format!("a key of {of}"), &known)?;
        let name = shape.text(draft, "AttributeName");
        let kind = shape.word(draft, "KeyType", &["HASH", "RANGE"]);
        keys.push(Key {
            name: name?.to_owned(),
            kind: if kind? == "HASH" { "HASH" } else { "RANGE" },
            span: item.span.clone(),
        });
    }
    let hashes = keys.iter().take_while(|key| key.kind == "HASH").count();
    let ranges = &keys[hashes..];
    let (most, expected) = match most {
        Most::One => (1, "a `HASH` key and at most one `RANGE` key behind it"),
        Most::Four => (
            4,
            "one to four `HASH` keys and at most four `RANGE` keys behind them",
        ),
    };
    let is_right = (1..=most).contains(&hashes)
        && ranges.len() <= most
        && ranges.iter().all(|key| key.kind == "RANGE");
    let mut later = keys.iter().enumerate();
    let again = later.find(|(at, key)| keys[..*at].iter().any(|known| known.name == key.name));
    let (span, message) = match again {
        None if is_right => return Some(keys),
        Some((_, key)) if is_right => {
            let message = format!("{what} names the attribute `{}` twice", key.name);
            (key.span.clone(), message)
        }
        _ => (value.span.clone(), format!("{what} must be {expected}")),
    };
    let help = "write `[{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]`";
    draft.error_with_help(span, ErrorKind::Value(message), help);
    None
}

/// Every key is declared, and if all keys could be read, nothing else is.
pub(crate) fn check(
    draft: &mut Draft<'_>,
    attributes: &[Attribute],
    used: &[Key],
    complete: bool,
    table: &str,
) {
    let names = || attributes.iter().map(|attribute| &*attribute.name);
    let mut mismatch = false;
    for key in used {
        let name = &*key.name;
        if names().any(|known| known == name) {
            continue;
        }
        mismatch = true;
        let message = format!("the key `{name}` is not in `AttributeDefinitions` of `{table}`");
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add `{{AttributeName: {name}, AttributeType: S}}`"),
        };
        draft.error_with_help(key.span.clone(), ErrorKind::Dangling(message), &help);
    }
    // An attribute may be what a key that is not declared means.
    if mismatch || !complete {
        return;
    }
    for attribute in attributes {
        let name = &*attribute.name;
        if used.iter().any(|key| key.name == name) {
            continue;
        }
        let message = format!(
            "the attribute `{name}` is not part of a key of `{table}`, which AWS refuses to create"
        );
        let help = "remove it: only keys of the table and of its indexes are declared";
        draft.error_with_help(attribute.span.clone(), ErrorKind::Conflict(message), help);
    }
}

pub(crate) fn definitions(attributes: &[Attribute]) -> Json {
    let each = attributes
        .iter()
        .map(|Attribute { name, kind, .. }| json!({"AttributeName": name, "AttributeType": kind}));
    each.collect()
}

pub(crate) fn elements(keys: &[Key]) -> Json {
    let each = keys
        .iter()
        .map(|Key { name, kind, .. }| json!({"AttributeName": name, "KeyType": kind}));
    each.collect()
}
