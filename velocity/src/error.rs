//! What can go wrong, and where: every error has its location in the template.

use std::fmt;
use std::ops::Range;

/// The bytes of something in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
}

impl Span {
    /// A span over these bytes.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// The bytes as a range.
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Where an error is: its span in bytes, and its start as line and column, both counted from 1, the
/// column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The bytes concerned.
    pub(crate) span: Span,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
}

impl Location {
    pub(crate) fn of(span: Span, source: &str) -> Self {
        let before = &source[..floor_boundary(source, span.start)];
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Location {
            span,
            line,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

fn floor_boundary(source: &str, mut at: usize) -> usize {
    at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A template that cannot be parsed.
pub type ParseError = TemplateError<ParseErrorKind>;

/// A template that could not be rendered with these values.
pub type RenderError = TemplateError<RenderErrorKind>;

/// An error of a kind, with its location in the template: a [`ParseError`] or a [`RenderError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError<K> {
    message: String,
    kind: K,
    location: Location,
}

/// What kind of mistake stops a template from being parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// No token of the language starts here, or the template ends inside one.
    Lexical,
    /// A token that the grammar does not allow here.
    Unexpected,
    /// A directive lacks its `#end`.
    Unclosed,
    /// A directive has arguments that it cannot have.
    Arguments,
    /// A regular expression uses a construct of Java's that this engine lacks.
    Regex,
    /// Nested deeper than the options allow.
    Depth,
}

/// What kind of failure stops a rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RenderErrorKind {
    /// A method threw: an index out of range, a bad number, a bad pattern.
    Method,
    /// The method exists in Java but not in this engine.
    Unsupported,
    /// A directive cannot do what it was asked: `#include`, `#parse`, or `#break` on a value that
    /// is not a scope.
    Directive,
    /// The text given to `#evaluate` is not a template.
    Evaluate,
    /// A bound of the options was reached.
    Bound,
}

impl<K: Copy> TemplateError<K> {
    pub(crate) fn new(kind: K, span: Span, source: &str, message: impl Into<String>) -> Self {
        TemplateError {
            message: message.into(),
            kind,
            location: Location::of(span, source),
        }
    }

    /// What was wrong, without the location.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The kind of mistake or failure.
    pub fn kind(&self) -> K {
        self.kind
    }

    /// Line of what was wrong, from 1: for a [`RenderError`] the reference or directive that
    /// failed.
    pub fn line(&self) -> usize {
        self.location.line
    }

    /// Column of what was wrong in characters, from 1.
    pub fn column(&self) -> usize {
        self.location.column
    }

    /// The bytes concerned.
    pub fn span(&self) -> Range<usize> {
        self.location.span.range()
    }

    /// The error with its line and a caret below the location; `name` is what to call the template.
    pub fn with_source(&self, name: &str, source: &str) -> String {
        page(
            &format!("error: {}", self.message),
            self.location,
            name,
            source,
        )
    }
}

impl<K> fmt::Display for TemplateError<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<K: fmt::Debug> std::error::Error for TemplateError<K> {}

/// Why a method or a host object failed, before the location is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub(crate) message: String,
    pub(crate) kind: RenderErrorKind,
}

impl Failure {
    /// The method threw, with this as its message.
    pub fn new(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            kind: RenderErrorKind::Method,
        }
    }

    /// The method exists in Java but not here.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            kind: RenderErrorKind::Unsupported,
        }
    }

    /// A bound was reached.
    pub(crate) fn bound(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            kind: RenderErrorKind::Bound,
        }
    }
}

/// An excerpt of a template under a heading: the line, with a caret below the span. `name` is what
/// to call the template.
pub fn excerpt(heading: &str, span: Range<usize>, name: &str, source: &str) -> String {
    let span = Span::new(span.start, span.end);
    page(heading, Location::of(span, source), name, source)
}

fn page(heading: &str, location: Location, name: &str, source: &str) -> String {
    let line = source
        .split('\n')
        .nth(location.line - 1)
        .unwrap_or("")
        .trim_end_matches('\r');
    let number = location.line.to_string();
    let margin = " ".repeat(number.len());
    let shown = line.replace('\t', " ");
    let width = source
        .get(location.span.range())
        .map_or(1, |text| {
            text.split('\n')
                .next()
                .unwrap_or("")
                .trim_end()
                .chars()
                .count()
        })
        .clamp(
            1,
            (line.chars().count() + 1)
                .saturating_sub(location.column - 1)
                .max(1),
        );
    let mut text = format!(
        "{heading}\n{margin}--> {name}:{}:{}\n{margin} |\n",
        location.line, location.column
    );
    // A long line is cut around the span, so that the caret stays on the screen.
    let (from, cut) = if location.column > 100 {
        (location.column - 60, "…")
    } else {
        (0, "")
    };
    let visible: String = shown.chars().skip(from).take(160).collect();
    let indent = location.column - 1 - from + cut.chars().count();
    let _ = fmt::Write::write_fmt(
        &mut text,
        format_args!(
            "{number} | {cut}{visible}\n{margin} | {}{}\n",
            " ".repeat(indent),
            "^".repeat(width.min(160))
        ),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_location() {
        let source = "first\nsecond $x.foo( line\n";
        let error = ParseError::new(
            ParseErrorKind::Unexpected,
            Span::new(13, 20),
            source,
            "no such thing",
        );
        assert_eq!((error.line(), error.column()), (2, 8));
        assert_eq!(
            error.with_source("t.vtl", source),
            "error: no such thing\n --> t.vtl:2:8\n  |\n\
             2 | second $x.foo( line\n  |        ^^^^^^^\n"
        );
    }

    #[test]
    fn the_end_of_the_template_is_a_location() {
        let source = "a\nb$";
        let error = ParseError::new(ParseErrorKind::Lexical, Span::new(4, 4), source, "m");
        assert_eq!((error.line(), error.column()), (2, 3));
        assert!(
            error
                .with_source("t", source)
                .ends_with("2 | b$\n  |   ^\n")
        );
    }
}
