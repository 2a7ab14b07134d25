//! The template's text, places in it, and the page that shows an error at its place.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

/// Bytes of the template's text.
pub(crate) type Span = Range<usize>;

/// A template's text with the name that errors call it by.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    name: String,
    text: String,
}

/// A template that can not be used: what is wrong, where, and what to do. Its `Display` is a page with the line and a caret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error(Box<Report>);

/// What the gateway does not do as AWS would, though it serves the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub message: String,
    /// The template.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Report {
    message: String,
    line: usize,
    column: usize,
    page: String,
}

/// How a scalar is written, which decides where its text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
    Literal,
    Folded,
}

impl Source {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn error(&self, span: Span, message: impl Into<String>) -> Error {
        self.error_with_help(span, message, None)
    }

    /// An error at `span`; `help` says what to do.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "every caller has just made the text"
    )]
    pub(crate) fn error_with_help(
        &self,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Error {
        let message = message.into();
        let span = self.clamp(span);
        let (line, column) = self.line_and_column(span.start);
        let page = self.page(&message, &span, help.as_deref());
        Error(Box::new(Report {
            message,
            line,
            column,
            page,
        }))
    }

    pub(crate) fn warning(&self, span: Span, message: impl Into<String>) -> Warning {
        let (line, column) = self.line_and_column(self.clamp(span).start);
        Warning {
            message: message.into(),
            file: self.name.clone(),
            line,
            column,
        }
    }

    /// The place of a character of a scalar's text (line and column from 1): exact wherever the text is written as it reads, else the
    /// scalar.
    pub(crate) fn place_in_scalar(
        &self,
        scalar: &Span,
        style: Style,
        text: &str,
        line: usize,
        column: usize,
    ) -> Span {
        let wanted = text
            .split('\n')
            .nth(line.saturating_sub(1))
            .unwrap_or_default();
        let start = match style {
            Style::Literal => self.literal_line(scalar.start, line, wanted),
            Style::Folded => None,
            Style::Plain | Style::Quoted if line == 1 => {
                let from = scalar.start + usize::from(style == Style::Quoted);
                let raw = self.text.get(from..).unwrap_or_default();
                raw.starts_with(wanted).then_some(from)
            }
            Style::Plain | Style::Quoted => None,
        };
        let Some(start) = start else {
            return self.clamp(scalar.clone());
        };
        let offset: usize = wanted
            .chars()
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum();
        self.clamp(start + offset..start + offset + 1)
    }

    /// Where the given line of a literal block starts, without its indentation.
    fn literal_line(&self, start: usize, line: usize, wanted: &str) -> Option<usize> {
        let text = &self.text;
        // The span starts at the indicator `|` or at the content, by the parser's mood.
        let line_start = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        let header = text.get(line_start..)?.split('\n').next()?.trim_end();
        let skipped = if text.get(start..)?.starts_with('|') || header.ends_with(['|', '-', '+']) {
            line
        } else {
            line - 1
        };
        let mut at = line_start;
        for _ in 0..skipped {
            at += text.get(at..)?.find('\n')? + 1;
        }
        let raw = text.get(at..)?.split('\n').next()?;
        let found = raw.trim_end_matches('\r');
        found
            .ends_with(wanted)
            .then(|| at + found.len() - wanted.len())
    }

    /// A span that can be cut out of the text: in range and between characters.
    fn clamp(&self, span: Span) -> Span {
        let floor = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let ceil = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at += 1;
            }
            at
        };
        let start = floor(span.start);
        start..ceil(span.end).max(start)
    }

    /// Line from 1, column in characters from 1.
    fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// The error as a page: the message, the place, the line, a caret, the help.
    fn page(&self, message: &str, span: &Span, help: Option<&str>) -> String {
        // One line is shown: a caret under its first line says enough about a longer span.
        let line_end = self.text[span.start..]
            .find('\n')
            .map_or(self.text.len(), |at| span.start + at);
        let shown = span.start..span.end.min(line_end).max(span.start);
        let snippet = Snippet::source(self.text.as_str())
            .path(self.name.as_str())
            .annotation(AnnotationKind::Primary.span(shown));
        let mut group = Level::ERROR.primary_title(message).element(snippet);
        if let Some(help) = help {
            group = group.element(Level::HELP.message(help));
        }
        let report: &[Group<'_>] = &[group];
        Renderer::plain()
            .decor_style(DecorStyle::Ascii)
            .render(report)
            .to_string()
    }
}

impl Error {
    /// An error of the file as a whole.
    pub(crate) fn of_file(name: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let page = format!("error: {message}\n --> {name}");
        Self(Box::new(Report {
            message,
            line: 1,
            column: 1,
            page,
        }))
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// From 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// In characters, from 1.
    pub fn column(&self) -> usize {
        self.0.column
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.page)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            file,
            line,
            column,
        } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}
