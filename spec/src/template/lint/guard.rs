//! Conditions that make sure of what a value is.

use velocity::syntax::{Argument, ReferencePart};

use super::value::formal;

/// The numbers of JSON without exponents.
pub(super) const NUMBER: &str = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?";

/// The references that are numbers or words of JSON if the condition holds, as they are written in
/// arguments: `$x` in `$x.matches("true|false")`.
pub(super) fn scalars(source: &str, condition: &Argument<'_>) -> Vec<String> {
    match condition {
        Argument::Operation {
            operator: "&&",
            operands,
        } => {
            let operands = operands.iter();
            operands.flat_map(|each| scalars(source, each)).collect()
        }
        Argument::Reference(reference) => matched(source, reference).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What `.matches(…)` is called on, if the expression lets only numbers and words of JSON pass.
fn matched(source: &str, reference: &ReferencePart<'_>) -> Option<String> {
    let (last, before) = reference.steps.split_last()?;
    let Some([Argument::Text(pattern)]) = last.arguments.as_deref() else {
        return None;
    };
    // What gives the same value again.
    let is_steady = before
        .iter()
        .all(|step| match (step.name, &step.arguments) {
            (_, None) | (None, _) => true,
            (Some(name), Some(_)) => {
                matches!(name, "path" | "json" | "params" | "get" | "toString")
            }
        });
    if last.name != Some("matches") || !is_steady {
        return None;
    }
    let spelled = source.get(reference.span.start..last.span.start)?;
    let bare = spelled.trim_start_matches(['$', '!', '{']);
    let subject = formal(&format!("${}", bare.trim_end_matches('.')));
    let subject = subject.trim_end_matches(".toString()").to_owned();
    gives_scalars(pattern).then_some(subject)
}

/// Whether a regular expression matches nothing but numbers and words of JSON.
fn gives_scalars(pattern: &str) -> bool {
    let pattern = pattern.replace(r"\d", "[0-9]").replace("(?:", "(");
    let pattern = pattern.strip_prefix('^').unwrap_or(&pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    alternatives(pattern).iter().all(|alternative| {
        let inner = alternative
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'));
        match inner {
            Some(inner) if closes_at_end(inner) => gives_scalars(inner),
            _ => matches!(*alternative, "true" | "false" | "null") || is_number(alternative),
        }
    })
}

/// A sign that may be there, an integer, a fraction and an exponent that may be there.
fn is_number(pattern: &str) -> bool {
    const INTEGERS: [&str; 6] = [
        "(0|[1-9][0-9]*)",
        "([1-9][0-9]*|0)",
        "[1-9][0-9]*",
        "[1-9]",
        "[0-9]",
        "0",
    ];
    let rest = pattern
        .strip_prefix("-?")
        .or_else(|| pattern.strip_prefix('-'));
    let rest = rest.unwrap_or(pattern);
    let mut integers = INTEGERS.iter();
    let Some(rest) = integers.find_map(|integer| rest.strip_prefix(integer)) else {
        return false;
    };
    let optional = |rest: &'_ str, parts: &[&str]| {
        let mut parts = parts.iter();
        parts
            .find_map(|part| rest.strip_prefix(part))
            .map_or(rest.len(), str::len)
    };
    let rest =
        &rest[rest.len() - optional(rest, &[r"(\.[0-9]+)?", r"(\.[0-9]*[0-9])?", r"\.[0-9]+"])..];
    let rest = &rest[rest.len() - optional(rest, &["([eE][+-]?[0-9]+)?", "([eE][-+]?[0-9]+)?"])..];
    rest.is_empty()
}

/// What stands between the `|` outside of parentheses.
fn alternatives(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, char) in pattern.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            '|' if depth == 0 => {
                parts.push(&pattern[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&pattern[start..]);
    parts
}

/// Whether no parenthesis closes before the end.
fn closes_at_end(inner: &str) -> bool {
    let mut depth = 0;
    inner.chars().all(|char| {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth >= 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(NUMBER, true)]
    #[case("-?(0|[1-9][0-9]*)", true)]
    #[case(r"^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$", true)]
    #[case("[1-9][0-9]*", true)]
    #[case("0|[1-9][0-9]*", true)]
    #[case("true|false", true)]
    #[case("(true|false)", true)]
    #[case("(true|false)|(null)", true)]
    #[case("null|-?(0|[1-9][0-9]*)", true)]
    // Leading zeros are not JSON.
    #[case("[0-9]+", false)]
    #[case(r"\d+", false)]
    #[case("-?[0-9]*", false)]
    #[case("", false)]
    #[case("true|", false)]
    #[case(".*", false)]
    #[case("true|.*", false)]
    #[case("[1-9][0-9]*.", false)]
    #[case("(a)|(b)", false)]
    #[case("(0|1", false)]
    #[case("-?(0|[1-9][0-9]*)(\\.[0-9]*)?", false)]
    fn expressions(#[case] pattern: &str, #[case] expected: bool) {
        assert_eq!(gives_scalars(pattern), expected);
    }
}
