//! Searches, compares and replaces strings by their UTF-16 units.

use super::MAX_LENGTH;
use crate::error::Failure;
use crate::text::Text;

/// The first index of `part` at or after `from`, in UTF-16 units.
pub(super) fn find(text: &Text<'_>, part: &Text<'_>, from: usize) -> Option<usize> {
    if let Some((text, part)) = text.both(part)
        && from == 0
    {
        return text
            .find(part)
            .map(|at| crate::text::utf16_len(&text[..at]));
    }
    let (text, part) = (text.units(), part.units());
    if part.is_empty() {
        return Some(from.min(text.len()));
    }
    let rest = text.get(from..)?;
    rest.windows(part.len())
        .position(|window| *window == *part)
        .map(|at| from + at)
}

/// The last index of `part` at or before `from`, in UTF-16 units.
pub(super) fn find_last(text: &Text<'_>, part: &Text<'_>, from: i32) -> Option<usize> {
    let from = usize::try_from(from).ok()?;
    let (text, part) = (text.units(), part.units());
    let last = text.len().checked_sub(part.len())?.min(from);
    (0..=last)
        .rev()
        .find(|&at| text[at..at + part.len()] == *part)
}

pub(super) fn starts_with(text: &Text<'_>, part: &Text<'_>, from: i32) -> bool {
    if let (0, Some((text, part))) = (from, text.both(part)) {
        return text.starts_with(part);
    }
    let Ok(from) = usize::try_from(from) else {
        return false;
    };
    let (text, part) = (text.units(), part.units());
    text.get(from..).is_some_and(|rest| rest.starts_with(&part))
}

pub(super) fn equals_ignore_case(left: &Text<'_>, right: &Text<'_>) -> bool {
    let (left, right) = (left.units(), right.units());
    left.len() == right.len()
        && left
            .iter()
            .zip(right.iter())
            .all(|(&left, &right)| left == right || fold_case(left) == fold_case(right))
}

/// The difference between the first units that differ, or else between the lengths.
pub(super) fn compare(left: &Text<'_>, right: &Text<'_>, fold: impl Fn(u16) -> u16) -> i32 {
    let (left, right) = (left.units(), right.units());
    let differing = left
        .iter()
        .zip(right.iter())
        .map(|(&left, &right)| i32::from(fold(left)) - i32::from(fold(right)))
        .find(|&d| d != 0);
    differing.unwrap_or_else(|| i32::try_from(left.len() as i64 - right.len() as i64).unwrap_or(0))
}

/// To upper case and back, unit by unit, as `equalsIgnoreCase` compares.
pub(super) fn fold_case(unit: u16) -> u16 {
    let single =
        |mapped: &mut dyn Iterator<Item = char>, unit: u16| match (mapped.next(), mapped.next()) {
            (Some(character), None) => u16::try_from(u32::from(character)).unwrap_or(unit),
            _ => unit,
        };
    let Some(character) = char::from_u32(u32::from(unit)) else {
        return unit;
    };
    let upper = single(&mut character.to_uppercase(), unit);
    let Some(character) = char::from_u32(u32::from(upper)) else {
        return upper;
    };
    single(&mut character.to_lowercase(), upper)
}

/// `String.replace`: literal text, no patterns.
pub(super) fn replace<'a>(
    text: &Text<'a>,
    part: &Text<'a>,
    with: &Text<'a>,
) -> Result<Text<'a>, Failure> {
    if let (Some((subject, part)), Some(with)) = (text.both(part), with.as_str())
        && !part.is_empty()
    {
        let found = memchr::memmem::find_iter(subject.as_bytes(), part.as_bytes()).count();
        if found == 0 {
            return Ok(text.clone());
        }
        if found.saturating_mul(with.len()) > MAX_LENGTH {
            return Err(Failure::bound("the replaced text grows too large"));
        }
        return Ok(Text::from(subject.replace(part, with)));
    }
    let (subject, part, with) = (text.units(), part.units(), with.units());
    let mut units = Vec::with_capacity(subject.len());
    let mut at = 0;
    while at <= subject.len() {
        if part.is_empty() {
            units.extend_from_slice(&with);
            units.extend(subject.get(at));
            at += 1;
        } else if subject[at..].starts_with(&part) {
            units.extend_from_slice(&with);
            at += part.len();
        } else {
            units.extend(subject.get(at));
            at += 1;
        }
        if units.len() > MAX_LENGTH / 2 {
            return Err(Failure::bound("the replaced text grows too large"));
        }
    }
    Ok(Text::from_units(&units))
}
