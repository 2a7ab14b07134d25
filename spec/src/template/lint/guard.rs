//! Conditions that make sure of what a value is.

use velocity::syntax::{Argument, ReferencePart};

use super::value::formal;

/// The numbers of JSON without exponents.
pub(super) const NUMBER: &str = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?";

/// The references that are numbers or words of JSON if the condition holds, as they are written in
/// arguments: `$x` in `$x.matches("true|false") == true`.
///
/// `$x.matches("true|false")` alone holds for what is missing, too: it is the empty text, and
/// every text is true.
pub(super) fn scalars(source: &str, condition: &Argument<'_>) -> Vec<String> {
    let mut told = Told::default();
    told.add(source, condition);
    let Told {
        mut matched,
        if_present,
        present,
    } = told;
    let is_present = |reference: &String| present.contains(reference);
    matched.extend(if_present.into_iter().filter(is_present));
    matched
}

/// What a condition tells of references.
#[derive(Default)]
struct Told {
    matched: Vec<String>,
    /// Matched, unless they are missing.
    if_present: Vec<String>,
    /// Not the empty text.
    present: Vec<String>,
}

impl Told {
    fn add(&mut self, source: &str, condition: &Argument<'_>) {
        match condition {
            Argument::Operation {
                operator: "&&",
                operands,
            } => operands.iter().for_each(|each| self.add(source, each)),
            Argument::Operation { operator, operands } => match (*operator, &operands[..]) {
                ("!=", [Argument::Reference(reference), Argument::Text(text)])
                    if text.is_empty() =>
                {
                    let spelled = source.get(reference.span.clone()).unwrap_or_default();
                    self.present.push(formal(spelled));
                }
                ("==", [Argument::Reference(reference), Argument::Constant])
                    if is_compared_with_true(source, reference) =>
                {
                    self.matched.extend(matched(source, reference));
                }
                _ => {}
            },
            Argument::Reference(reference) => self.if_present.extend(matched(source, reference)),
            _ => {}
        }
    }
}

fn is_compared_with_true(source: &str, reference: &ReferencePart<'_>) -> bool {
    let behind = source.get(reference.span.end..).unwrap_or_default();
    let word = behind.trim_start().strip_prefix("==").map(str::trim_start);
    word.and_then(|word| word.strip_prefix("true"))
        .is_some_and(|rest| rest.starts_with([' ', ')', '&', '\n']))
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
