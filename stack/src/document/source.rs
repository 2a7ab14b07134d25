//! The template's text, locations in it, and the page that shows an error at its location.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use crate::document::scalar::{self, Style};
use crate::error::{Error, ErrorKind, Span, Warning, WarningKind};

/// A template's text with the name that messages call it by.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    name: String,
    text: String,
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

    pub(crate) fn error(&self, span: Span, kind: ErrorKind) -> Error {
        self.report(span, kind, None)
    }

    /// An error at `span`; `help` says what to do.
    pub(crate) fn error_with_help(&self, span: Span, kind: ErrorKind, help: &str) -> Error {
        self.report(span, kind, Some(help))
    }

    /// An error at `span`; `help`, if there is any, says what to do.
    pub(crate) fn report(&self, span: Span, kind: ErrorKind, help: Option<&str>) -> Error {
        let span = self.clamp(span);
        let page = self.page(&kind.to_string(), &span, help);
        let at = self.line_and_column(span.start);
        Error::new(kind, span, at, page)
    }

    pub(crate) fn warning(
        &self,
        span: Span,
        kind: WarningKind,
        message: impl Into<String>,
    ) -> Warning {
        let span = self.clamp(span);
        let (line, column) = self.line_and_column(span.start);
        Warning {
            kind,
            message: message.into(),
            file: self.name.clone(),
            span,
            line,
            column,
        }
    }

    /// The location of a character of a scalar's text (line and column from 1): exact where the
    /// text is written as it reads, otherwise the whole scalar.
    pub(crate) fn locate_in_scalar(
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
            Style::Plain | Style::Quoted | Style::Folded => {
                let found = self.written_in(scalar, style, text, line, column);
                return self.clamp(found.unwrap_or_else(|| scalar.clone()));
            }
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

    /// The location of a character of a text that is folded or escaped.
    fn written_in(
        &self,
        scalar: &Span,
        style: Style,
        text: &str,
        line: usize,
        column: usize,
    ) -> Option<Span> {
        let before = text.split_inclusive('\n').take(line.saturating_sub(1));
        let start: usize = before.map(str::len).sum();
        let mut chars = text.get(start..)?.chars();
        let skipped = chars.by_ref().take(column.saturating_sub(1));
        let start = start + skipped.map(char::len_utf8).sum::<usize>();
        let end = start + chars.next().map_or(0, char::len_utf8);
        let runs = scalar::runs(&self.text, scalar, style, text.get(..end)?)?;
        scalar::locate(&runs, &(start..end))
    }

    /// Where the given line of a literal block starts, without its indentation.
    fn literal_line(&self, start: usize, line: usize, wanted: &str) -> Option<usize> {
        let text = &self.text;
        // The span starts at the indicator `|` or at the content, depending on what precedes it.
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

    /// A span that can be cut out of the text: in range, on a line, and between characters.
    pub(crate) fn clamp(&self, span: Span) -> Span {
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
        // What is wrong at the end of the text is shown at the end of its last line.
        let start = match floor(span.start) {
            end if end == self.text.len() => self.text.trim_end_matches(['\n', '\r']).len(),
            start => start,
        };
        start..ceil(span.end).max(start)
    }

    /// Line from 1, column in characters from 1.
    fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// The error as a page: the message, the location, the line, a caret, the help.
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
