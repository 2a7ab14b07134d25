//! Text as Java holds it: a sequence of UTF-16 units that need not be well formed.
//!
//! Nearly every string is well formed and kept as UTF-8: borrowed if it came from the caller,
//! shared otherwise. Only a string with a lone surrogate (half of a pair, cut out by `substring`,
//! or written as `\uD800` in JSON) is kept as UTF-16 units. The two forms never overlap, so
//! equality needs no conversion.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A Java string. Cloning is cheap; indexes and lengths count UTF-16 units, as in Java.
#[derive(Clone)]
pub struct Text<'a>(Repr<'a>);

#[derive(Clone)]
enum Repr<'a> {
    Borrowed(&'a str),
    Shared(Arc<str>),
    /// Contains at least one lone surrogate.
    Units(Arc<[u16]>),
}

impl<'a> Text<'a> {
    /// A text that borrows `text` for as long as values of this context live.
    pub fn borrowed(text: &'a str) -> Self {
        Text(Repr::Borrowed(text))
    }

    /// A text from UTF-16 units, well formed or not.
    pub fn from_units(units: &[u16]) -> Self {
        match String::from_utf16(units) {
            Ok(text) => Text::from(text),
            Err(_) => Text(Repr::Units(units.into())),
        }
    }

    /// The text as UTF-8, or `None` if it contains a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Borrowed(text) => Some(text),
            Repr::Shared(text) => Some(text),
            Repr::Units(_) => None,
        }
    }

    /// The text as UTF-8; a lone surrogate becomes `?`, as Java's UTF-8 encoder writes it.
    pub fn to_str(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Borrowed(text) => Cow::Borrowed(text),
            Repr::Shared(text) => Cow::Borrowed(text),
            Repr::Units(units) => Cow::Owned(decode_lossy(units)),
        }
    }

    /// The same text without a borrow.
    pub fn into_owned(self) -> Text<'static> {
        match self.0 {
            Repr::Borrowed(text) => Text(Repr::Shared(text.into())),
            Repr::Shared(text) => Text(Repr::Shared(text)),
            Repr::Units(units) => Text(Repr::Units(units)),
        }
    }

    /// The UTF-16 units.
    pub fn units(&self) -> Cow<'_, [u16]> {
        match &self.0 {
            Repr::Units(units) => Cow::Borrowed(units),
            Repr::Borrowed(text) => Cow::Owned(text.encode_utf16().collect()),
            Repr::Shared(text) => Cow::Owned(text.encode_utf16().collect()),
        }
    }

    /// The number of UTF-16 units: Java's `length()`.
    pub fn len(&self) -> usize {
        match self.as_str() {
            Some(text) => utf16_len(text),
            None => self.units().len(),
        }
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.as_str().is_some_and(str::is_empty)
    }

    /// The size of the text in bytes, for limits.
    pub(crate) fn weight(&self) -> usize {
        match &self.0 {
            Repr::Borrowed(text) => text.len(),
            Repr::Shared(text) => text.len(),
            Repr::Units(units) => units.len() * 2,
        }
    }

    /// The unit at `index`, or `None` past the end: Java's `charAt`.
    pub fn unit_at(&self, index: usize) -> Option<u16> {
        match self.as_str() {
            Some(text) if text.is_ascii() => {
                text.as_bytes().get(index).map(|&byte| u16::from(byte))
            }
            Some(text) => text.encode_utf16().nth(index),
            None => self.units().get(index).copied(),
        }
    }

    /// The units from `start` up to `end`, or `None` if they are not inside the text: Java's
    /// `substring`.
    pub fn substring(&self, start: usize, end: usize) -> Option<Text<'a>> {
        if start > end {
            return None;
        }
        if let Some(text) = self.as_str() {
            let from = byte_offset(text, start)?;
            let to = byte_offset(text, end)?;
            if let (Offset::Boundary(from), Offset::Boundary(to)) = (from, to) {
                return Some(match &self.0 {
                    Repr::Borrowed(text) => Text(Repr::Borrowed(&text[from..to])),
                    _ => Text::from(&text[from..to]).into_owned(),
                });
            }
        }
        self.units().get(start..end).map(Text::from_units)
    }

    /// Java's `hashCode`: over the units, `31 * h + unit`, wrapping.
    pub fn hash_code(&self) -> i32 {
        let step = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
        match self.as_str() {
            Some(text) => text.encode_utf16().fold(0, step),
            None => self.units().iter().copied().fold(0, step),
        }
    }

    /// Both texts as UTF-8, if neither contains a lone surrogate.
    pub(crate) fn both<'t>(&'t self, other: &'t Text<'_>) -> Option<(&'t str, &'t str)> {
        Some((self.as_str()?, other.as_str()?))
    }
}

/// The byte offset of a UTF-16 index in a UTF-8 text.
enum Offset {
    Boundary(usize),
    InsidePair,
}

fn byte_offset(text: &str, index: usize) -> Option<Offset> {
    if text.is_ascii() {
        return (index <= text.len()).then_some(Offset::Boundary(index));
    }
    let mut units = 0;
    for (offset, character) in text.char_indices() {
        if units == index {
            return Some(Offset::Boundary(offset));
        }
        units += character.len_utf16();
        if units > index {
            return Some(Offset::InsidePair);
        }
    }
    (units == index).then_some(Offset::Boundary(text.len()))
}

pub(crate) fn utf16_len(text: &str) -> usize {
    // A UTF-8 sequence of four bytes counts as two units, a continuation byte as none.
    text.bytes()
        .map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0))
        .sum()
}

fn decode_lossy(units: &[u16]) -> String {
    char::decode_utf16(units.iter().copied())
        .map(|unit| unit.unwrap_or('?'))
        .collect()
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Repr::Shared(text.into()))
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text::borrowed(text)
    }
}

impl From<Arc<str>> for Text<'_> {
    fn from(text: Arc<str>) -> Self {
        Text(Repr::Shared(text))
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Units(left), Repr::Units(right)) => left == right,
            _ => self.both(other).is_some_and(|(left, right)| left == right),
        }
    }
}

impl Eq for Text<'_> {}

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.as_str() {
            Some(text) => text.hash(state),
            None => self.units().hash(state),
        }
    }
}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By UTF-16 units, as Java orders: a pair sorts before U+E000.
impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.both(other) {
            Some((left, right)) if left.is_ascii() && right.is_ascii() => left.cmp(right),
            _ => self.units().cmp(&other.units()),
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => fmt::Debug::fmt(text, f),
            None => write!(f, "units{:04X?}", self.units()),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str())
    }
}

/// A growing text. It is UTF-8 until a lone surrogate is pushed; two halves of a pair are joined.
#[derive(Default)]
pub struct TextBuf {
    text: String,
    /// Everything, once there was a lone surrogate; `text` is then unused.
    units: Option<Vec<u16>>,
}

impl TextBuf {
    /// An empty buffer.
    pub fn new() -> Self {
        TextBuf::default()
    }

    /// A buffer that appends to `text`.
    /// Empty, with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self::continuing(String::with_capacity(bytes))
    }

    pub(crate) fn continuing(text: String) -> Self {
        TextBuf { text, units: None }
    }

    /// Appends UTF-8 text.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        match &mut self.units {
            None => self.text.push_str(text),
            Some(units) => units.extend(text.encode_utf16()),
        }
    }

    /// Appends a character.
    pub fn push(&mut self, character: char) {
        match &mut self.units {
            None => self.text.push(character),
            Some(units) => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
        }
    }

    /// Lets `write` append UTF-8 text to the buffer.
    #[inline]
    pub fn push_with<T>(&mut self, write: impl FnOnce(&mut String) -> T) -> T {
        if self.units.is_none() {
            return write(&mut self.text);
        }
        let mut text = String::new();
        let answer = write(&mut text);
        self.push_str(&text);
        answer
    }

    /// Appends one UTF-16 unit.
    pub fn push_unit(&mut self, unit: u16) {
        match char::from_u32(u32::from(unit)) {
            Some(character) => self.push(character),
            None => self.as_units().push(unit),
        }
    }

    /// Appends a Java string.
    #[inline]
    pub fn push_text(&mut self, text: &Text<'_>) {
        match text.as_str() {
            Some(text) => self.push_str(text),
            None => self.as_units().extend_from_slice(&text.units()),
        }
    }

    /// The bytes (or twice the units) written so far.
    #[inline]
    pub fn weight(&self) -> usize {
        self.units
            .as_ref()
            .map_or(self.text.len(), |units| units.len() * 2)
    }

    /// Removes what was appended since the buffer had this weight, unless lone surrogates were
    /// among it.
    pub(crate) fn cut(&mut self, weight: usize) {
        match &mut self.units {
            None => self.text.truncate(weight),
            Some(units) => units.truncate(weight / 2),
        }
    }

    fn as_units(&mut self) -> &mut Vec<u16> {
        let text = &mut self.text;
        self.units
            .get_or_insert_with(|| std::mem::take(text).encode_utf16().collect())
    }

    /// The Java string that was written.
    pub fn into_text<'a>(self) -> Text<'a> {
        match self.units {
            None => Text::from(self.text),
            Some(units) => Text::from_units(&units),
        }
    }

    /// The written text as UTF-8; a lone surrogate becomes `?`.
    pub fn into_string(self) -> String {
        match self.units {
            None => self.text,
            Some(units) => decode_lossy(&units),
        }
    }
}

impl fmt::Write for TextBuf {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
