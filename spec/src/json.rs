//! How JSON is read: one reader for messages, templates, models and results.
//!
//! Strict, as Jackson reads: one value between blanks. Texts are Java's, so that a lone surrogate
//! written as an escape is kept; numbers are handed over as they are written, whatever their size.

pub(crate) mod node;
pub(crate) mod number;
#[cfg(test)]
mod tests;
mod utf8;

use serde_json::Value as Json;
use velocity::{Text, TextBuf};

use self::utf8::Utf8;

/// How many arrays and objects may contain each other: json-smart's limit since its version 2.4.9,
/// which is the reader that API Gateway names when it refuses a document. Jackson takes 1,000.
///
/// Realises: ROUTE-59 to ROUTE-61
pub(crate) const MAX_DEPTH: usize = 400;

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at line {line} column {column}")]
pub struct NotJson {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

/// Makes values of what the reader finds.
pub(crate) trait Build<'s> {
    /// Any value.
    type Value;
    /// An array that is being read.
    type Items: Default;
    /// An object that is being read.
    type Members: Default;

    /// Neither array nor object; `at` is its offset in bytes.
    fn scalar(&mut self, scalar: Scalar<'s>, at: usize) -> Option<Self::Value>;

    /// The next item of an array.
    fn item(&mut self, items: &mut Self::Items, item: Self::Value);

    /// The next member of an object, whose name begins at `at`.
    fn member(&mut self, into: &mut Self::Members, name: Text<'s>, at: usize, value: Self::Value);

    /// An array that begins at `at`.
    fn array(&mut self, items: Self::Items, at: usize) -> Self::Value;

    /// An object that begins at `at`.
    fn object(&mut self, members: Self::Members, at: usize) -> Self::Value;

    /// Appends plain characters of a string that holds an escape.
    fn beside_escape(&self, plain: &str, out: &mut TextBuf) {
        out.push_str(plain);
    }
}

/// A value that holds no others.
pub(crate) enum Scalar<'s> {
    Null,
    Bool(bool),
    /// The text of a number.
    Number(&'s str),
    String(Text<'s>),
}

/// What is wrong, and the offset in bytes.
struct Fault {
    at: usize,
    problem: &'static str,
}

/// Reads a text.
///
/// # Errors
/// Where it is not JSON.
pub(crate) fn read<'s, B: Build<'s>>(source: &'s str, build: B) -> Result<B::Value, NotJson> {
    let mut reader = Reader {
        source,
        at: 0,
        build,
    };
    reader.document().map_err(|fault| {
        let (line, column) = position(source, fault.at);
        NotJson {
            line,
            column,
            problem: fault.problem,
        }
    })
}

/// Reads a text for those who send on what it holds as UTF-8, where a lone surrogate is `?`. A
/// number beyond a double is its text.
///
/// # Errors
/// Where it is not JSON.
pub(crate) fn value(source: &str) -> Result<Json, NotJson> {
    read(source, Utf8)
}

/// Line and column, from 1, of an offset in bytes; the column in characters.
pub fn position(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    (
        before.matches('\n').count() + 1,
        before[line..].chars().count() + 1,
    )
}

struct Reader<'s, B> {
    source: &'s str,
    at: usize,
    build: B,
}

impl<'s, B: Build<'s>> Reader<'s, B> {
    fn fail<T>(&self, problem: &'static str) -> Result<T, Fault> {
        Err(Fault {
            at: self.at,
            problem,
        })
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.source.as_bytes()[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    fn document(&mut self) -> Result<B::Value, Fault> {
        self.skip_blanks();
        let value = self.value(0)?;
        self.skip_blanks();
        if self.at < self.source.len() {
            return self.fail("text after the end of the value");
        }
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<B::Value, Fault> {
        let at = self.at;
        let scalar = match self.peek() {
            Some(b'{') => return self.object(depth),
            Some(b'[') => return self.array(depth),
            Some(b'"') => Scalar::String(self.string()?),
            Some(b't') if self.word("true") => Scalar::Bool(true),
            Some(b'f') if self.word("false") => Scalar::Bool(false),
            Some(b'n') if self.word("null") => Scalar::Null,
            Some(b'-' | b'0'..=b'9') => Scalar::Number(self.number()?),
            Some(_) => return self.fail("a value is expected"),
            None => return self.fail("the text ends where a value is expected"),
        };
        match self.build.scalar(scalar, at) {
            Some(value) => Ok(value),
            None => self.fail("a number has too many digits"),
        }
    }

    fn object(&mut self, depth: usize) -> Result<B::Value, Fault> {
        let start = self.at;
        if depth >= MAX_DEPTH {
            return self.fail("more nesting than a reader takes");
        }
        self.at += 1;
        let mut members = B::Members::default();
        self.skip_blanks();
        if self.accept(b'}') {
            return Ok(self.build.object(members, start));
        }
        loop {
            self.skip_blanks();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return self.fail("a name between double quotes is expected");
            }
            let name = self.string()?;
            self.skip_blanks();
            if !self.accept(b':') {
                return self.fail("`:` is expected");
            }
            self.skip_blanks();
            let value = self.value(depth + 1)?;
            self.build.member(&mut members, name, at, value);
            self.skip_blanks();
            if self.accept(b'}') {
                return Ok(self.build.object(members, start));
            }
            if !self.accept(b',') {
                return self.fail("`,` or `}` is expected");
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<B::Value, Fault> {
        let start = self.at;
        if depth >= MAX_DEPTH {
            return self.fail("more nesting than a reader takes");
        }
        self.at += 1;
        let mut items = B::Items::default();
        self.skip_blanks();
        if self.accept(b']') {
            return Ok(self.build.array(items, start));
        }
        loop {
            self.skip_blanks();
            let value = self.value(depth + 1)?;
            self.build.item(&mut items, value);
            self.skip_blanks();
            if self.accept(b']') {
                return Ok(self.build.array(items, start));
            }
            if !self.accept(b',') {
                return self.fail("`,` or `]` is expected");
            }
        }
    }

    fn string(&mut self) -> Result<Text<'s>, Fault> {
        self.at += 1;
        let plain = self.plain()?;
        if self.accept(b'"') {
            return Ok(Text::borrowed(plain));
        }
        let mut out = TextBuf::new();
        self.build.beside_escape(plain, &mut out);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into_text());
                }
                Some(b'\\') => self.escape(&mut out)?,
                _ => return self.fail("a control character must be escaped"),
            }
            let plain = self.plain()?;
            self.build.beside_escape(plain, &mut out);
        }
    }

    /// The characters up to what is not plain.
    fn plain(&mut self) -> Result<&'s str, Fault> {
        let rest = &self.source[self.at..];
        let end = rest
            .bytes()
            .position(|byte| matches!(byte, b'"' | b'\\') || byte < 0x20);
        match end {
            Some(end) => {
                self.at += end;
                Ok(&rest[..end])
            }
            None => {
                self.at = self.source.len();
                self.fail("a string has no end")
            }
        }
    }

    fn escape(&mut self, out: &mut TextBuf) -> Result<(), Fault> {
        let Some(&letter) = self.source.as_bytes().get(self.at + 1) else {
            return self.fail("a string has no end");
        };
        match letter {
            b'"' | b'\\' | b'/' => out.push(char::from(letter)),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{C}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let digits = self.source.get(self.at + 2..self.at + 6);
                let digits = digits.filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
                match digits.and_then(|text| u16::from_str_radix(text, 16).ok()) {
                    Some(unit) => out.push_unit(unit),
                    None => return self.fail("`\\u` needs four hexadecimal digits"),
                }
                self.at += 4;
            }
            _ => return self.fail("an escape that JSON does not know"),
        }
        self.at += 2;
        Ok(())
    }

    /// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`
    fn number(&mut self) -> Result<&'s str, Fault> {
        let start = self.at;
        self.accept(b'-');
        if self.accept(b'0') {
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.fail("a number begins with a zero");
            }
        } else {
            self.digits()?;
        }
        if self.accept(b'.') {
            self.digits()?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            if !self.accept(b'+') {
                self.accept(b'-');
            }
            self.digits()?;
        }
        Ok(&self.source[start..self.at])
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = &self.source.as_bytes()[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            return self.fail("a number is not complete");
        }
        self.at += length;
        Ok(())
    }
}
