//! Reads the text of a path.

use super::JsonPathError;

/// A position in the text of a path.
pub(super) struct Cursor<'p> {
    text: &'p str,
    at: usize,
}

impl<'p> Cursor<'p> {
    pub(super) fn new(text: &'p str) -> Self {
        Cursor { text, at: 0 }
    }

    fn text(&self) -> &'p str {
        self.text
    }

    /// In characters, counted from 1.
    fn position(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }

    fn rest(&self) -> &'p str {
        &self.text[self.at..]
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn accept(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    pub(super) fn accept_spaced(&mut self, literal: &str) -> bool {
        self.skip_blanks();
        self.accept(literal)
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
    }

    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'p str {
        let rest = self.rest();
        let length = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    pub(super) fn integer(&mut self) -> Option<i64> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let value = rest[..sign + digits].parse().ok()?;
        self.at += sign + digits;
        Some(value)
    }

    /// A quoted name or text; a backslash escapes the character after it.
    pub(super) fn quoted(&mut self) -> Result<String, JsonPathError> {
        let Some(quote @ ('\'' | '"')) = self.next() else {
            return Err(self.error("a quoted name is missing"));
        };
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("the quote is not closed")),
                Some(end) if end == quote => return Ok(text),
                Some('\\') => text.extend(self.next()),
                Some(character) => text.push(character),
            }
        }
    }

    pub(super) fn error(&self, reason: &str) -> JsonPathError {
        JsonPathError {
            path: self.text().to_owned(),
            reason: reason.to_owned(),
            position: self.position(),
        }
    }
}
