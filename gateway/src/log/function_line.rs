//! A line of a function in the log: whose it is, and how bad it is.

use super::escape_but_colours;

/// A line of a function, or about one of its invocations.
pub(crate) struct FunctionLine<'l> {
    function: &'l str,
    request_id: Option<&'l str>,
    text: &'l str,
    severity: Severity,
}

/// How a line is shown where there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Error,
    Warning,
    Usual,
    /// For who looks for it.
    Detail,
}

/// In how many of its first words a line may name its level: a date, a time and a request id may
/// stand before.
const WORDS: usize = 6;
/// How far into a JSON text its level is looked for.
const JSON: usize = 400;

impl<'l> FunctionLine<'l> {
    /// The lines of a record, all as bad as the first says.
    pub(crate) fn of_record(
        function: &'l str,
        request_id: Option<&'l str>,
        record: &[&'l str],
    ) -> impl Iterator<Item = Self> {
        let severity = Severity::of(record.first().copied().unwrap_or_default());
        record.iter().map(move |text| Self {
            function,
            // Most runtimes write it themselves.
            request_id: request_id.filter(|id| !text.contains(id)),
            text,
            severity,
        })
    }

    /// A line of the gateway's about an invocation.
    pub(crate) fn about_invocation(function: &'l str, text: &'l str) -> Self {
        Self {
            function,
            request_id: None,
            text,
            severity: Severity::Detail,
        }
    }

    /// As it stands in a log. What the function itself has coloured stays as it is.
    pub(super) fn to_line(&self, is_coloured: bool) -> String {
        let Self { function, text, .. } = self;
        let prefix = match self.request_id {
            Some(id) => format!("{function} {id}:"),
            None => format!("{function}:"),
        };
        let text = escape_but_colours(text);
        let colour = match self.severity {
            _ if text.contains('\x1b') => None,
            Severity::Error => Some("31"),
            Severity::Warning => Some("33"),
            Severity::Usual => None,
            Severity::Detail => Some("2"),
        };
        match (is_coloured, colour) {
            (false, _) => format!("{prefix} {text}"),
            (true, None) => format!("\x1b[2m{prefix}\x1b[0m {text}"),
            (true, Some(colour)) => format!("\x1b[2m{prefix}\x1b[0m \x1b[{colour}m{text}\x1b[0m"),
        }
    }
}

impl Severity {
    /// What a line says of itself: as a word among its first ones, or in the `level` of a JSON text.
    fn of(line: &str) -> Self {
        let word = match line.starts_with('{') {
            true => level_of_json(line).and_then(Self::named),
            false => line
                .split([' ', '\t', '|', '[', ']', ':'])
                .filter(|word| !word.is_empty())
                .take(WORDS)
                // Who writes `Error` or `info` in a sentence means no level.
                .filter(|word| word.chars().all(|c| c.is_ascii_uppercase()))
                .find_map(Self::named),
        };
        word.unwrap_or(Self::Usual)
    }

    fn named(level: &str) -> Option<Self> {
        Some(match &*level.to_ascii_uppercase() {
            "ERROR" | "FATAL" | "CRITICAL" => Self::Error,
            "WARN" | "WARNING" => Self::Warning,
            "INFO" | "NOTICE" => Self::Usual,
            "DEBUG" | "TRACE" => Self::Detail,
            _ => return None,
        })
    }
}

/// The value of `"level"` in a JSON text, which need not be whole.
fn level_of_json(text: &str) -> Option<&str> {
    let end = (0..=text.len().min(JSON))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    let text = text.get(..end.unwrap_or_default())?;
    let (_, rest) = text.split_once("\"level\"")?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    value.strip_prefix('"')?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    // Node's console, Python's logging, tracing in Rust, Powertools, log4j.
    #[case("2026-01-01T00:00:00.000Z\t8f\tERROR\tInvoke Error", Severity::Error)]
    #[case("2026-01-01T00:00:00.000Z\t8f\tINFO\tan ERROR", Severity::Usual)]
    #[case("[WARNING]\t2026-01-01T00:00:00.000Z\t8f\tslow", Severity::Warning)]
    #[case("[ERROR] KeyError: 'x'", Severity::Error)]
    #[case("2026-01-01T00:00:00Z  WARN handlers: slow", Severity::Warning)]
    #[case("2026-01-01 00:00:00,000 DEBUG Main - x", Severity::Detail)]
    #[case(r#"{"timestamp":"x","level":"ERROR","message":"x"}"#, Severity::Error)]
    #[case(r#"{"level": "warn", "message": "x"}"#, Severity::Warning)]
    #[case(r#"{"message":"a \"level\": ERROR"}"#, Severity::Usual)]
    #[case(r#"{"level": 50}"#, Severity::Usual)]
    #[case("Error in a sentence is not said by a level", Severity::Usual)]
    #[case("one two three four five six ERROR", Severity::Usual)]
    #[case("", Severity::Usual)]
    fn a_line_says_how_bad_it_is(#[case] line: &str, #[case] severity: Severity) {
        assert_eq!(Severity::of(line), severity);
    }

    #[test]
    fn a_line_has_its_function_and_its_request_once() {
        let record = ["[ERROR] KeyError", "Traceback", "of 8f-1"];
        let lines: Vec<_> = FunctionLine::of_record("f", Some("8f-1"), &record).collect();
        let plain: Vec<_> = lines.iter().map(|line| line.to_line(false)).collect();
        let expected = [
            "f 8f-1: [ERROR] KeyError",
            "f 8f-1: Traceback",
            "f: of 8f-1",
        ];
        assert_eq!(plain, expected);
        assert_eq!(
            lines[1].to_line(true),
            "\x1b[2mf 8f-1:\x1b[0m \x1b[31mTraceback\x1b[0m"
        );
        let own = FunctionLine::of_record("f", None, &["\x1b[32mgreen\x1b[0m ERROR\x07"]);
        let own: Vec<_> = own.map(|line| line.to_line(true)).collect();
        assert_eq!(own, ["\x1b[2mf:\x1b[0m \x1b[32mgreen\x1b[0m ERROR\\u{7}"]);
        let report = FunctionLine::about_invocation("f", "REPORT");
        assert_eq!(report.to_line(false), "f: REPORT");
    }
}
