//! The templates' texts, locations in them, and the page that shows an error at its location.
//!
//! An assembly has one [`Source`] for all of its templates. Their texts lie one after another, and
//! a span counts from the start of the first: it says which template it is in.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use crate::document::scalar::{self, Style};
use crate::error::{Error, ErrorKind, Span, Warning, WarningKind};

/// The texts of one template or several; never empty.
#[derive(Clone, Debug)]
pub(crate) struct Source(Vec<File>);

/// A template's text with the name that messages call it by.
#[derive(Clone, Debug)]
struct File {
    name: String,
    text: String,
    /// Where spans in it start to count.
    start: usize,
}

impl Source {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self(vec![File {
            name: name.into(),
            text: text.into(),
            start: 0,
        }])
    }

    /// Adds a template's text, which is the last from now on.
    pub(crate) fn add(&mut self, name: impl Into<String>, text: impl Into<String>) {
        let last = self.last();
        // The end of a text is in this text, not in the next one.
        let start = last.start + last.text.len() + 1;
        self.0.push(File {
            name: name.into(),
            text: text.into(),
            start,
        });
    }

    /// The text that was added last.
    pub(crate) fn text(&self) -> &str {
        &self.last().text
    }

    /// The text of a span, as it is written.
    pub(crate) fn written(&self, span: &Span) -> &str {
        let file = self.file(span.start);
        let text = file.text.get(file.local(span.clone()));
        text.unwrap_or_default()
    }

    /// The line of a span's start, from 1.
    pub(crate) fn line(&self, span: &Span) -> usize {
        let file = self.file(span.start);
        file.line_and_column(file.clamp(file.local(span.clone())).start)
            .0
    }

    /// Where spans in the text that was added last start to count.
    pub(crate) fn start(&self) -> usize {
        self.last().start
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
        let cure = help.map(str::to_owned).or_else(|| kind.cure());
        let help = cure.as_deref();
        let file = self.file(span.start);
        let span = file.clamp(file.local(span));
        let page = file.page(&kind.to_string(), &span, help);
        let at = file.line_and_column(span.start);
        Error::new(kind, (file.start, span), at, page)
    }

    pub(crate) fn warning(
        &self,
        span: Span,
        kind: WarningKind,
        message: impl Into<String>,
    ) -> Warning {
        let file = self.file(span.start);
        let span = file.clamp(file.local(span));
        let (line, column) = file.line_and_column(span.start);
        Warning {
            kind,
            message: message.into(),
            file: file.name.clone(),
            start: file.start,
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
        let file = self.file(scalar.start);
        let scalar = file.local(scalar.clone());
        file.global(file.locate_in_scalar(&scalar, style, text, line, column))
    }

    /// A span that can be cut out of a text: in range, on a line, and between characters.
    pub(crate) fn clamp(&self, span: Span) -> Span {
        let file = self.file(span.start);
        file.global(file.clamp(file.local(span)))
    }

    fn last(&self) -> &File {
        &self.0[self.0.len() - 1]
    }

    /// The template that a byte is in.
    fn file(&self, at: usize) -> &File {
        let next = self.0.partition_point(|file| file.start <= at);
        &self.0[next.max(1) - 1]
    }
}

impl File {
    /// A span of the text by itself.
    fn local(&self, span: Span) -> Span {
        span.start.saturating_sub(self.start)..span.end.saturating_sub(self.start)
    }

    fn global(&self, span: Span) -> Span {
        span.start + self.start..span.end + self.start
    }

    fn locate_in_scalar(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml;

    // Each text has its own lines, columns and ends.
    #[test]
    fn a_span_says_which_text_it_is_in() {
        let mut source = Source::new("a.yaml", "one: 1\nSame: x");
        let first = yaml::parse(&source).expect("it is YAML");
        source.add("b.yaml", "Same: 'yé'\nlist: [2]\n");
        let second = yaml::parse(&source).expect("it is YAML");
        let at = |root: &yaml::Node, key: &str| {
            let span = root.get(key).expect("it is there").span.clone();
            let error = source.error(span.clone(), ErrorKind::Value("wrong".to_owned()));
            let warning = source.warning(span.clone(), WarningKind::NoEffect, "wrong");
            let page = error.to_string();
            let file = page
                .split("--> ")
                .nth(1)
                .and_then(|rest| rest.lines().next());
            assert!(
                warning
                    .to_string()
                    .starts_with(file.expect("it names a file"))
            );
            (file.map(str::to_owned), source.written(&span).to_owned())
        };
        let expect = |file: &str, text: &str| (Some(file.to_owned()), text.to_owned());
        assert_eq!(at(&first, "one"), expect("a.yaml:1:6", "1"));
        assert_eq!(at(&first, "Same"), expect("a.yaml:2:7", "x"));
        assert_eq!(at(&second, "Same"), expect("b.yaml:1:7", "'yé'"));
        assert_eq!(at(&second, "list"), expect("b.yaml:2:7", "[2]"));
        // The end of a text is in it.
        let end = source.error(14..15, ErrorKind::Value("wrong".to_owned()));
        assert_eq!((end.line(), end.column()), (2, 8));
        let start = source.error(15..16, ErrorKind::Value("wrong".to_owned()));
        assert_eq!((start.span(), start.line()), (0..1, 1));
    }

    #[test]
    fn what_is_not_yaml_is_told_of_its_own_text() {
        let mut source = Source::new("a.yaml", "one: 1");
        source.add("b.yaml", "two: 2\nthree: [");
        let error = yaml::parse(&source).expect_err("the list does not end");
        assert!(error.to_string().contains("b.yaml:2:"), "{error}");
        source.add("c.yaml", "a: {b: 1, b: 2}");
        let error = yaml::parse(&source).expect_err("the key is given twice");
        assert!(error.to_string().contains("c.yaml:1:11"), "{error}");
    }
}
