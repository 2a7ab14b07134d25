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

/// A `KeySchema`: a hash key, and perhaps a range key behind it.
pub(crate) fn schema(draft: &mut Draft<'_>, value: &Value, of: &str) -> Option<Vec<Key>> {
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
    let kinds: Vec<&str> = keys.iter().map(|key| key.kind).collect();
    let (span, message) = match kinds[..] {
        ["HASH"] => return Some(keys),
        ["HASH", "RANGE"] if keys[0].name != keys[1].name => return Some(keys),
        ["HASH", "RANGE"] => {
            let name = &keys[1].name;
            let message = format!("{what} names the attribute `{name}` twice");
            (keys[1].span.clone(), message)
        }
        _ => {
            let span = value.span.clone();
            let message =
                format!("{what} must be a `HASH` key and at most one `RANGE` key behind it");
            (span, message)
        }
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
