//! When two values are the same: numbers by value, whatever their text.

use std::cmp::Ordering;

use velocity::Text;

use crate::json::node::{Node, Value};

/// A text that is equal for equal values; of objects only when their members are in the same
/// order, which is how the validator finds doubles.
pub(in crate::model) fn key(node: &Node<'_>) -> String {
    let mut out = String::new();
    write_key(node, &mut out);
    out
}

fn write_key(node: &Node<'_>, out: &mut String) {
    match &node.value {
        Value::Null => out.push('n'),
        Value::Bool(value) => out.push(if *value { 't' } else { 'f' }),
        Value::Number(number) => {
            out.push('#');
            out.push_str(&number.key());
            out.push(';');
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| write_key(item, out));
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for member in object.members() {
                write_text(&member.name, out);
                write_key(&member.node, out);
            }
            out.push('}');
        }
    }
}

/// A text with its length before it. Lone surrogates stay different from everything.
fn write_text(text: &Text<'_>, out: &mut String) {
    match text.as_str() {
        Some(text) => out.push_str(&format!("\"{}:{text}", text.len())),
        None => out.push_str(&format!("'{:?}", text.units())),
    }
}

/// Whether two values are equal: numbers by value, objects whatever their order.
pub(super) fn equal(left: &Node<'_>, right: &Node<'_>) -> bool {
    match (&left.value, &right.value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left.compare(right) == Ordering::Equal,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| equal(a, b))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |name, node| right.get(name).is_some_and(|other| equal(node, other));
            let members = left.members();
            left.len() == right.len() && members.iter().all(|m| same(&m.name, &m.node))
        }
        _ => false,
    }
}
