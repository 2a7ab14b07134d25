//! Values that stand behind secret names in a text of any form: JSON, JSON in JSON, forms, logs.
//!
//! Nothing is parsed: what is cut, what has a name twice or several documents is looked through like
//! everything else. Each byte is looked at a few times, whatever the text.

use std::ops::Range;

use spec::percent::{self, Plus};

use super::names::{Names, is_scheme};

/// A value behind a secret name.
pub(super) struct Value {
    /// The name, as it reads.
    pub(super) name: String,
    /// Where it stands, without its quotation marks.
    pub(super) at: Range<usize>,
    pub(super) form: Form,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In quotation marks with so many backslashes before them.
    Quoted(usize),
    /// Without, in JSON whose quotation marks have so many.
    Bare(usize),
    /// `name=value`.
    Pair,
    /// `name: value`, as in a log: perhaps prose.
    Field,
}

/// A name, and how many backslashes stand before its quotation marks, if it has any.
struct Name {
    text: String,
    quotes: Option<usize>,
}

/// Where a value stands, and how it is written.
type Place = (Range<usize>, Form);

/// The longest names that are looked for, with escapes.
const NAME: usize = 256;
/// What is no secret.
const LITERALS: [&str; 6] = ["null", "true", "false", "None", "undefined", super::MASK];

/// The values behind secret names, in their order.
pub(super) fn values(text: &str, names: &Names) -> Vec<Value> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|byte| b":=".contains(byte)) {
        let separator = at + next;
        at = separator + 1;
        let Some(name) = name_before(text, separator).filter(|name| names.is_secret(&name.text))
        else {
            continue;
        };
        let (behind, end) = values_behind(text, separator, &name);
        // Nothing is looked through twice, whether or not there was a value in it.
        at = end.max(at);
        for (range, form) in behind {
            found.push(Value {
                name: name.text.clone(),
                at: range,
                form,
            });
        }
    }
    found
}

fn name_before(text: &str, separator: usize) -> Option<Name> {
    let head = text[..separator].trim_end_matches([' ', '\t', '\r', '\n']);
    let beginning = |head: &str| head.floor_char_boundary(head.len().saturating_sub(NAME));
    if let Some(quote) = head.chars().next_back().filter(|c| "\"'".contains(*c)) {
        let quoted = &head[..head.len() - 1];
        let inner = quoted.trim_end_matches('\\');
        let near = &inner[beginning(inner)..];
        return Some(Name {
            text: unescaped(&near[near.rfind(quote)? + 1..]),
            quotes: Some(quoted.len() - inner.len()),
        });
    }
    let near = &head[beginning(head)..];
    let is_of_name = |c: char| c.is_alphanumeric() || "_-%".contains(c);
    let name = &near[near.trim_end_matches(is_of_name).len()..];
    let mut text = percent::decode(name, Plus::Literal);
    if near[..near.len() - name.len()].ends_with('\\') {
        // The end of an escape: `\n`, or `\u0026` for an ampersand.
        let length = match text.starts_with('u') && text.len() > 5 {
            true => 5,
            false => 1,
        };
        text = text.get(length..)?.to_owned();
    }
    let start = text.trim_end_matches(|c| is_of_name(c) && c != '%').len();
    let text = text.split_off(start);
    (!text.is_empty()).then_some(Name { text, quotes: None })
}

/// A name without its `\u0061`.
fn unescaped(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches('\\');
        let digits = rest.strip_prefix('u').and_then(|digits| digits.get(..4));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(c) = code.and_then(char::from_u32) {
            out.push(c);
            rest = &rest[5..];
        }
    }
    out + rest
}

/// What stands behind the separator of a name: one value, or all that are in a list or an object; and
/// where that ends.
fn values_behind(text: &str, separator: usize, name: &Name) -> (Vec<Place>, usize) {
    let is_pair = text.as_bytes()[separator] == b'=';
    let mut rest = &text[separator + 1..];
    if is_pair && rest.starts_with('>') {
        rest = &rest[1..];
    } else if rest.starts_with([':', '=']) {
        return (Vec::new(), separator);
    }
    rest = match name.quotes {
        Some(_) => rest.trim_start_matches([' ', '\t', '\r', '\n']),
        None => rest.trim_start_matches([' ', '\t']),
    };
    let at = text.len() - rest.len();
    if let Some((level, quote)) = quote_at(text, at) {
        let triple = [quote; 3];
        let (start, end) = match text.as_bytes()[at..].starts_with(&triple) {
            true => {
                let length = text[at + 3..].find(std::str::from_utf8(&triple).unwrap_or("\""));
                (at + 3, length.map_or(text.len(), |length| at + 3 + length))
            }
            false => {
                let start = at + level + 1;
                (start, closing(text, start, quote, level))
            }
        };
        let is_empty = start >= end;
        return match is_empty {
            true => (Vec::new(), separator),
            false => (vec![(start..end, Form::Quoted(level))], end),
        };
    }
    if rest.starts_with(['{', '[']) {
        return leaves(text, at, name.quotes.unwrap_or(0));
    }
    let form = match (name.quotes, is_pair) {
        (Some(level), _) => Form::Bare(level),
        (None, true) => Form::Pair,
        (None, false) => Form::Field,
    };
    let is_cookie = name.text.to_lowercase().contains("cookie");
    let value = bare(text, at, form, is_cookie);
    let end = value.as_ref().map_or(separator, |(range, _)| range.end);
    (value.into_iter().collect(), end)
}

/// The quotation mark at a place, and how many backslashes stand before it.
fn quote_at(text: &str, at: usize) -> Option<(usize, u8)> {
    let bytes = &text.as_bytes()[at..];
    let level = bytes.iter().take_while(|byte| **byte == b'\\').count();
    let quote = *bytes.get(level)?;
    b"\"'".contains(&quote).then_some((level, quote))
}

/// Where a text ends that began behind a quotation mark with `level` backslashes: before those of
/// the mark that closes it, or where a text around it ends, or at the end.
fn closing(text: &str, from: usize, quote: u8, level: usize) -> usize {
    let mut run = 0;
    for (index, byte) in text.as_bytes()[from..].iter().enumerate() {
        match *byte {
            b'\\' => run += 1,
            byte if byte == quote => {
                let is_outer = run < level && quote == b'"';
                if is_outer || run % (2 * (level + 1)) == level {
                    return from + index - run.min(level);
                }
                run = 0;
            }
            _ => run = 0,
        }
    }
    text.len()
}

/// The values in a list or an object that begins at a place: those of lists and objects in it as
/// well, but no names of members; and where it ends.
fn leaves(text: &str, from: usize, level: usize) -> (Vec<Place>, usize) {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b'"' | b'\'' | b'\\' => {
                let Some((quotes, quote)) = quote_at(text, at) else {
                    at += 1;
                    continue;
                };
                if quotes < level {
                    // A text around all this ends: it was cut.
                    break;
                }
                let start = at + quotes + 1;
                let end = closing(text, start, quote, quotes);
                at = (end + quotes + 1).min(bytes.len());
                let is_name = text[at..].trim_start().starts_with(':');
                if !is_name && start < end {
                    found.push((start..end, Form::Quoted(quotes)));
                }
                continue;
            }
            byte if byte.is_ascii_alphanumeric() || b"-+.".contains(&byte) => {
                let value = bare(text, at, Form::Bare(level), false);
                let end = word(text, at, Form::Bare(level));
                let is_name = text[end..].trim_start().starts_with(':');
                found.extend(value.filter(|_| !is_name));
                at = end.max(at + 1);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    (found, at.min(bytes.len()))
}

/// A value without quotation marks.
fn bare(text: &str, at: usize, form: Form, is_cookie: bool) -> Option<Place> {
    if is_cookie && form == Form::Field {
        let end = text[at..].find(['\n', '\r', '"', '\\']);
        let end = end.map_or(text.len(), |end| at + end);
        return (at < end).then_some((at..end, form));
    }
    let end = word(text, at, form);
    let first = &text[at..end];
    if first.is_empty() || LITERALS.contains(&first) {
        return None;
    }
    if is_scheme(first) && text[end..].starts_with(' ') {
        let behind = end + 1;
        let end = word(text, behind, form);
        return (behind < end).then_some((behind..end, form));
    }
    Some((at..end, form))
}

/// Where a word ends.
fn word(text: &str, at: usize, form: Form) -> usize {
    let ends: &[char] = match form {
        Form::Pair | Form::Field => &[
            ' ', '\t', '\r', '\n', '&', '"', '\'', '\\', ';', ',', '<', '>', ')', '}', ']', '`',
        ],
        Form::Quoted(_) | Form::Bare(_) => {
            &[' ', '\t', '\r', '\n', ',', '}', ']', ':', '"', '\'', '\\']
        }
    };
    text[at..].find(ends).map_or(text.len(), |end| at + end)
}
