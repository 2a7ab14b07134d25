//! `java.lang.String`.

mod search;

use self::search::{compare, equals_ignore_case, find, find_last, fold_case, replace, starts_with};
use super::{Answer, format, null_argument, out_of_bounds, place};
use crate::error::Failure;
use crate::regex::{Occurrences, Pattern};
use crate::text::{Text, TextBuf};
use crate::value::{Iter, List, ListKind, Value, int};

/// Limit of one string, in bytes.
const MAX_LENGTH: usize = 64 << 20;

const UNSUPPORTED: [&str; 17] = [
    "getBytes",
    "getChars",
    "lines",
    "chars",
    "codePoints",
    "indent",
    "stripIndent",
    "translateEscapes",
    "transform",
    "describeConstable",
    "resolveConstantDesc",
    "offsetByCodePoints",
    "copyValueOf",
    "codePointBefore",
    "codePointCount",
    "regionMatches",
    "contentEquals",
];

/// Which ends of a text are cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Both,
    Leading,
    Trailing,
}

/// The methods of a string. One flat match: a row for each method of Java's.
pub(super) fn call<'a>(
    text: &Text<'a>,
    name: &str,
    arguments: &[Value<'a>],
    pattern: Option<&Pattern>,
) -> Answer<'a> {
    use Value::{Bool, Char, Int, Null, String};
    let string = |text: Text<'a>| Ok(Some(String(text)));
    Ok(Some(match (name, arguments) {
        ("length", []) => int(text.len()),
        ("isEmpty", []) => Bool(text.is_empty()),
        ("isBlank", []) => Bool(strip(text, Ends::Both).is_empty()),
        ("toString" | "intern", []) => String(text.clone()),
        ("hashCode", []) => Int(text.hash_code()),
        ("charAt", [Int(index)]) => {
            let unit = usize::try_from(*index)
                .ok()
                .and_then(|index| text.unit_at(index));
            Char(unit.ok_or_else(|| out_of_bounds("string index", *index, text.len()))?)
        }
        ("codePointAt", [Int(index)]) => {
            let units = text.units();
            let rest = usize::try_from(*index)
                .ok()
                .and_then(|index| units.get(index..))
                .filter(|rest| !rest.is_empty());
            let rest = rest.ok_or_else(|| out_of_bounds("string index", *index, units.len()))?;
            let character = char::decode_utf16(rest.iter().copied()).next();
            Int(character.map_or(0, |character| {
                character.map_or_else(|error| i32::from(error.unpaired_surrogate()), |c| c as i32)
            }))
        }
        ("substring", [Int(from)]) => String(substring(text, *from, None)?),
        ("substring" | "subSequence", [Int(from), Int(to)]) => {
            String(substring(text, *from, Some(*to))?)
        }
        ("equals", [String(other)]) => Bool(text == other),
        ("equalsIgnoreCase", [String(other)]) => Bool(equals_ignore_case(text, other)),
        ("equalsIgnoreCase", [Null]) => Bool(false),
        ("compareTo", [String(other)]) => Int(compare(text, other, |unit| unit)),
        ("compareToIgnoreCase", [String(other)]) => Int(compare(text, other, fold_case)),
        ("compareTo", [_]) => {
            return Err(Failure::new(
                "a string can only be compared with a string (ClassCastException)",
            ));
        }
        ("contains", [String(part)]) => Bool(find(text, part, 0).is_some()),
        ("startsWith", [String(part)]) => Bool(starts_with(text, part, 0)),
        ("startsWith", [String(part), Int(from)]) => Bool(starts_with(text, part, *from)),
        ("endsWith", [String(part)]) => Bool(
            text.len()
                .checked_sub(part.len())
                .is_some_and(|from| starts_with(text, part, i32::try_from(from).unwrap_or(-1))),
        ),
        ("indexOf", [String(part)]) => place(find(text, part, 0)),
        ("indexOf", [String(part), Int(from)]) => place(find(
            text,
            part,
            usize::try_from(*from).unwrap_or(0).min(text.len()),
        )),
        ("indexOf", [Int(code)]) => place(code_point(*code).and_then(|part| find(text, &part, 0))),
        ("indexOf", [Int(code), Int(from)]) => place(
            code_point(*code)
                .and_then(|part| find(text, &part, usize::try_from(*from).unwrap_or(0))),
        ),
        ("lastIndexOf", [String(part)]) => place(find_last(text, part, i32::MAX)),
        ("lastIndexOf", [String(part), Int(from)]) => place(find_last(text, part, *from)),
        ("lastIndexOf", [Int(code)]) => {
            place(code_point(*code).and_then(|part| find_last(text, &part, i32::MAX)))
        }
        ("lastIndexOf", [Int(code), Int(from)]) => {
            place(code_point(*code).and_then(|part| find_last(text, &part, *from)))
        }
        ("concat", [String(other)]) => {
            let mut out = TextBuf::new();
            out.push_text(text);
            out.push_text(other);
            return string(bounded(out)?);
        }
        ("repeat", [Int(times)]) => {
            let times = usize::try_from(*times)
                .map_err(|_| Failure::new(format!("the count {times} is negative")))?;
            if text.weight().saturating_mul(times) > MAX_LENGTH {
                return Err(Failure::bound("the repeated text grows too large"));
            }
            let mut out = TextBuf::new();
            (0..times).for_each(|_| out.push_text(text));
            return string(out.into_text());
        }
        ("replace", [String(part), String(with)]) => return string(replace(text, part, with)?),
        ("replace", [Char(unit), Char(with)]) => {
            let units: Vec<u16> = text
                .units()
                .iter()
                .map(|held| if held == unit { *with } else { *held })
                .collect();
            return string(Text::from_units(&units));
        }
        ("matches", [String(regex)]) => Bool(Pattern::matches(regex, text)?),
        ("replaceAll" | "replaceFirst", [String(regex), String(with)]) => {
            return string(with_pattern(regex, pattern, |pattern| {
                pattern.replace(
                    text,
                    with,
                    if name == "replaceAll" {
                        Occurrences::All
                    } else {
                        Occurrences::First
                    },
                )
            })?);
        }
        ("split", [String(regex)]) => return split(text, regex, 0, pattern),
        ("split", [String(regex), Int(limit)]) => return split(text, regex, *limit, pattern),
        ("trim", []) => String(trim(text)),
        ("strip", []) => String(strip(text, Ends::Both)),
        ("stripLeading", []) => String(strip(text, Ends::Leading)),
        ("stripTrailing", []) => String(strip(text, Ends::Trailing)),
        ("toUpperCase", []) => String(map_well_formed(text, str::to_uppercase)),
        ("toLowerCase", []) => String(map_well_formed(text, str::to_lowercase)),
        ("toCharArray", []) => Value::List(List::new(
            ListKind::Array("[C"),
            text.units().iter().map(|&unit| Char(unit)).collect(),
        )),
        ("valueOf", [value]) => String(value.to_text()?),
        ("join", [String(separator), items @ ..]) => return join(separator, items),
        ("format", [String(format), arguments @ ..]) => {
            return string(format::format(format, arguments)?);
        }
        ("formatted", arguments) => return string(format::format(text, arguments)?),
        (
            "equalsIgnoreCase"
            | "compareToIgnoreCase"
            | "contains"
            | "startsWith"
            | "endsWith"
            | "concat"
            | "matches"
            | "replaceAll"
            | "replaceFirst"
            | "split"
            | "replace"
            | "indexOf"
            | "lastIndexOf",
            arguments,
        ) if takes_with_null(name, arguments) => return Err(null_argument()),
        _ if UNSUPPORTED.contains(&name) => {
            return Err(Failure::unsupported(format!(
                "the method `{name}` of String is not supported"
            )));
        }
        _ => return Ok(None),
    }))
}

/// Whether the method accepts these arguments but one of them must not be null and is.
fn takes_with_null(name: &str, arguments: &[Value<'_>]) -> bool {
    let texts = |values: &[Value<'_>]| {
        values
            .iter()
            .all(|value| matches!(value, Value::String(_) | Value::Null))
    };
    let wanted = match name {
        "replaceAll" | "replaceFirst" | "replace" => 2,
        _ => 1,
    };
    match arguments {
        _ if arguments.len() < wanted => false,
        _ if arguments.len() == wanted => texts(arguments),
        [first, Value::Int(_)] => {
            wanted == 1
                && texts(std::slice::from_ref(first))
                && !matches!(name, "contains" | "endsWith" | "concat")
        }
        _ => false,
    }
}

fn bounded<'a>(out: TextBuf) -> Result<Text<'a>, Failure> {
    if out.weight() > MAX_LENGTH {
        Err(Failure::bound("the text grows too large"))
    } else {
        Ok(out.into_text())
    }
}

fn substring<'a>(text: &Text<'a>, from: i32, to: Option<i32>) -> Result<Text<'a>, Failure> {
    let length = text.len();
    let end = to.map_or(Some(length), |to| usize::try_from(to).ok());
    let cut = usize::try_from(from)
        .ok()
        .zip(end)
        .and_then(|(from, to)| text.substring(from, to));
    cut.ok_or_else(|| match to {
        Some(to) => Failure::new(format!(
            "begin {from}, end {to} is out of bounds for a string of length {length}"
        )),
        None => out_of_bounds("begin", from, length),
    })
}

fn with_pattern<T>(
    regex: &Text<'_>,
    compiled: Option<&Pattern>,
    apply: impl FnOnce(&Pattern) -> Result<T, Failure>,
) -> Result<T, Failure> {
    match compiled {
        Some(pattern) => apply(pattern),
        None => apply(&Pattern::compile(regex)?),
    }
}

fn split<'a>(
    text: &Text<'a>,
    regex: &Text<'a>,
    limit: i32,
    compiled: Option<&Pattern>,
) -> Answer<'a> {
    let parts = with_pattern(regex, compiled, |pattern| pattern.split(text, limit))?;
    let parts = parts.into_iter().map(Value::String).collect();
    Ok(Some(Value::List(List::new(
        ListKind::Array("[Ljava.lang.String;"),
        parts,
    ))))
}

fn code_point<'a>(code: i32) -> Option<Text<'a>> {
    let code = u32::try_from(code).ok()?;
    match char::from_u32(code) {
        Some(character) => Some(Text::from(character.to_string())),
        None => u16::try_from(code)
            .ok()
            .map(|unit| Text::from_units(&[unit])),
    }
}

/// Removes every unit up to the space (U+0020) from both ends.
fn trim<'a>(text: &Text<'a>) -> Text<'a> {
    cut(text, Ends::Both, |unit| unit <= 0x20)
}

/// Removes what Java calls white space.
fn strip<'a>(text: &Text<'a>, ends: Ends) -> Text<'a> {
    cut(text, ends, is_java_whitespace)
}

pub(super) fn is_java_whitespace(unit: u16) -> bool {
    matches!(
        unit,
        0x09..=0x0D
            | 0x1C..=0x20
            | 0x1680
            | 0x2000..=0x2006
            | 0x2008..=0x200A
            | 0x2028
            | 0x2029
            | 0x205F
            | 0x3000
    )
}

fn cut<'a>(text: &Text<'a>, ends: Ends, off: impl Fn(u16) -> bool) -> Text<'a> {
    let units = text.units();
    let start = if ends != Ends::Trailing {
        units.iter().take_while(|&&unit| off(unit)).count()
    } else {
        0
    };
    let end = if ends != Ends::Leading {
        units.len()
            - units[start..]
                .iter()
                .rev()
                .take_while(|&&unit| off(unit))
                .count()
    } else {
        units.len()
    };
    text.substring(start, end).unwrap_or_else(|| text.clone())
}

/// Changes the case of well-formed text; lone surrogates stay.
fn map_well_formed<'a>(text: &Text<'a>, change: impl Fn(&str) -> String) -> Text<'a> {
    if let Some(text) = text.as_str() {
        return Text::from(change(text));
    }
    let mut out = TextBuf::new();
    let mut run = String::new();
    for character in char::decode_utf16(text.units().iter().copied()) {
        match character {
            Ok(character) => run.push(character),
            Err(error) => {
                out.push_str(&change(&std::mem::take(&mut run)));
                out.push_unit(error.unpaired_surrogate());
            }
        }
    }
    out.push_str(&change(&run));
    out.into_text()
}

/// Joins strings, or one collection of strings. Nothing else is accepted, nor null, which might be
/// either.
fn join<'a>(separator: &Text<'a>, items: &[Value<'a>]) -> Answer<'a> {
    let mut found = Vec::new();
    match items {
        [one @ (Value::List(_) | Value::View(_))] => {
            let Some(iter) = Iter::over(one) else {
                return Ok(None);
            };
            while iter.has_next() {
                found.push(iter.next()?);
            }
        }
        [Value::Null] => return Ok(None),
        _ if items
            .iter()
            .all(|item| matches!(item, Value::String(_) | Value::Null)) =>
        {
            found = items.to_vec();
        }
        _ => return Ok(None),
    }
    let mut out = TextBuf::new();
    for (index, item) in found.iter().enumerate() {
        if index > 0 {
            out.push_text(separator);
        }
        match item {
            Value::String(text) => out.push_text(text),
            Value::Null => out.push_str("null"),
            other => {
                return Err(Failure::new(format!(
                    "`join` takes strings, not {} (ClassCastException)",
                    other.class_name()
                )));
            }
        }
    }
    Ok(Some(Value::String(bounded(out)?)))
}
