//! JSON as the validator reads it: numbers keep their text, texts may hold lone surrogates, and
//! every value knows its offset.
//!
//! Strict, as Jackson reads: one value, then blanks. Of a name that an object has twice the last
//! value counts, in the place of the first.

use std::collections::HashMap;

use velocity::{Text, TextBuf};

use super::number::Number;

/// How deep a text may nest: as deep as a document that a template reads.
pub(super) const MAX_DEPTH: usize = 400;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) value: Value<'a>,
    /// The offset in bytes of its first character.
    pub(super) at: usize,
}

/// A JSON value.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number<'a>),
    String(Text<'a>),
    Array(Vec<Node<'a>>),
    Object(Object<'a>),
}

/// The members of an object, in the order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Object<'a> {
    members: Vec<Member<'a>>,
    /// Indexes by name, once there are many.
    index: Option<HashMap<Text<'a>, usize>>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(super) struct Member<'a> {
    pub(super) name: Text<'a>,
    /// The offset in bytes of the name.
    pub(super) at: usize,
    pub(super) node: Node<'a>,
}

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotJson {
    /// The offset in bytes.
    pub(super) at: usize,
    pub(super) problem: &'static str,
}

/// From how many members on an object is indexed.
const INDEXED: usize = 12;

/// Reads a text.
///
/// # Errors
/// Where it is not JSON.
pub(super) fn parse(source: &str) -> Result<Node<'_>, NotJson> {
    let mut parser = Parser { source, at: 0 };
    parser.skip_blanks();
    let node = parser.node(0)?;
    parser.skip_blanks();
    if parser.at < source.len() {
        return parser.fail("text after the end of the value");
    }
    Ok(node)
}

/// Line and column, from 1, of an offset in bytes.
pub(super) fn position(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    (
        before.matches('\n').count() + 1,
        before[line..].chars().count() + 1,
    )
}

impl<'a> Node<'a> {
    /// A schema that takes everything.
    pub(super) fn anything() -> Node<'static> {
        Node {
            value: Value::Object(Object::default()),
            at: 0,
        }
    }

    /// The object's member of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        match &self.value {
            Value::Object(object) => object.get(&Text::borrowed(name)),
            _ => None,
        }
    }

    /// What a JSON pointer's decoded token leads to.
    pub(super) fn step(&self, token: &Text<'_>) -> Option<&Node<'a>> {
        match &self.value {
            Value::Object(object) => object.get(token),
            Value::Array(items) => items.get(index(token)?),
            _ => None,
        }
    }

    /// The node without a borrow.
    pub(super) fn into_owned(self) -> Node<'static> {
        let value = match self.value {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Number(number) => Value::Number(number.into_owned()),
            Value::String(text) => Value::String(text.into_owned()),
            Value::Array(items) => Value::Array(items.into_iter().map(Node::into_owned).collect()),
            Value::Object(object) => {
                let mut owned = Object::default();
                for member in object.members {
                    owned.insert(Member {
                        name: member.name.into_owned(),
                        at: member.at,
                        node: member.node.into_owned(),
                    });
                }
                Value::Object(owned)
            }
        };
        Node { value, at: self.at }
    }

    /// The value if it is text.
    pub(super) fn text(&self) -> Option<&Text<'a>> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members if it is an object.
    pub(super) fn object(&self) -> Option<&Object<'a>> {
        match &self.value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl<'a> Object<'a> {
    /// The value of a name.
    pub(super) fn get(&self, name: &Text<'_>) -> Option<&Node<'a>> {
        self.find(name).map(|at| &self.members[at].node)
    }

    /// Whether there is a member of this name.
    pub(super) fn has(&self, name: &Text<'_>) -> bool {
        self.find(name).is_some()
    }

    /// How many members there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// The members in the order of the text.
    pub(super) fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The members in the order of Java's strings.
    pub(super) fn sorted(&self) -> Vec<&Member<'a>> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }

    fn find(&self, name: &Text<'_>) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.members.iter().position(|member| member.name == *name),
        }
    }

    fn insert(&mut self, member: Member<'a>) {
        if let Some(at) = self.find(&member.name) {
            self.members[at].node = member.node;
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(member.name.clone(), self.members.len());
        }
        self.members.push(member);
        if self.index.is_none() && self.members.len() >= INDEXED {
            let names = self.members.iter().map(|member| member.name.clone());
            self.index = Some(names.enumerate().map(|(at, name)| (name, at)).collect());
        }
    }
}

/// The index that a token of a JSON pointer stands for: digits without a leading zero.
fn index(token: &Text<'_>) -> Option<usize> {
    let digits = token.as_str()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (digits == "0" || !digits.starts_with('0')))
        .then(|| digits.parse().ok())
        .flatten()
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn fail<T>(&self, problem: &'static str) -> Result<T, NotJson> {
        Err(NotJson {
            at: self.at,
            problem,
        })
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn accept(&mut self, literal: &str) -> bool {
        let found = self.source[self.at..].starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    fn node(&mut self, depth: usize) -> Result<Node<'a>, NotJson> {
        if depth > MAX_DEPTH {
            return self.fail("more nesting than a reader takes");
        }
        let at = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b't') if self.accept("true") => Value::Bool(true),
            Some(b'f') if self.accept("false") => Value::Bool(false),
            Some(b'n') if self.accept("null") => Value::Null,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => return self.fail("a value is expected"),
            None => return self.fail("the text ends where a value is expected"),
        };
        Ok(Node { value, at })
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, NotJson> {
        self.at += 1;
        let mut object = Object::default();
        self.skip_blanks();
        if self.accept("}") {
            return Ok(Value::Object(object));
        }
        loop {
            self.skip_blanks();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return self.fail("a name between double quotes is expected");
            }
            let name = self.string()?;
            self.skip_blanks();
            if !self.accept(":") {
                return self.fail("`:` is expected");
            }
            self.skip_blanks();
            let node = self.node(depth + 1)?;
            object.insert(Member { name, at, node });
            self.skip_blanks();
            if self.accept("}") {
                return Ok(Value::Object(object));
            }
            if !self.accept(",") {
                return self.fail("`,` or `}` is expected");
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, NotJson> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.accept("]") {
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_blanks();
            items.push(self.node(depth + 1)?);
            self.skip_blanks();
            if self.accept("]") {
                return Ok(Value::Array(items));
            }
            if !self.accept(",") {
                return self.fail("`,` or `]` is expected");
            }
        }
    }

    fn string(&mut self) -> Result<Text<'a>, NotJson> {
        self.at += 1;
        let plain = self.plain()?;
        if self.accept("\"") {
            return Ok(Text::borrowed(plain));
        }
        let mut out = TextBuf::new();
        out.push_str(plain);
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
            out.push_str(plain);
        }
    }

    /// The characters up to what is not plain.
    fn plain(&mut self) -> Result<&'a str, NotJson> {
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

    fn escape(&mut self, out: &mut TextBuf) -> Result<(), NotJson> {
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

    fn number(&mut self) -> Result<Value<'a>, NotJson> {
        let rest = &self.source[self.at..];
        let length = Number::length(rest);
        let number = length.and_then(|length| Number::parse(&rest[..length]));
        let (Some(length), Some(number)) = (length, number) else {
            return self.fail("a number is not complete");
        };
        self.at += length;
        Ok(Value::Number(number))
    }
}
