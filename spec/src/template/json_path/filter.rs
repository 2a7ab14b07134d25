//! Filters: `[?(@.price < 10 && @.name =~ /b.*/i)]`.

use super::{JsonPath, JsonPathError, Scalar, Selection, Tree, parse};

/// A filter as a tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    Or(Box<Filter>, Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Comparison, Operand),
    Matches(Operand, Regex),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// `@…`
    Here(JsonPath),
    /// `$…`
    Root(JsonPath),
    Literal(Literal),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Literal>),
}

/// `/pattern/i`
#[derive(Clone, Debug)]
pub(super) struct Regex {
    source: String,
    pattern: velocity::Regex,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

const MAX_NESTING: usize = 50;

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Filter, JsonPathError> {
    any(cursor, 0)
}

fn any(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, JsonPathError> {
    if depth > MAX_NESTING {
        return Err(cursor.error("the filter is nested too deep"));
    }
    let mut filter = all(cursor, depth)?;
    while cursor.accept_spaced("||") {
        filter = Filter::Or(Box::new(filter), Box::new(all(cursor, depth)?));
    }
    Ok(filter)
}

fn all(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, JsonPathError> {
    let mut filter = one(cursor, depth)?;
    while cursor.accept_spaced("&&") {
        filter = Filter::And(Box::new(filter), Box::new(one(cursor, depth)?));
    }
    Ok(filter)
}

fn one(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, JsonPathError> {
    cursor.skip_blanks();
    if cursor.peek() == Some('!') {
        cursor.accept("!");
        return Ok(Filter::Not(Box::new(one_deeper(cursor, depth)?)));
    }
    if cursor.accept("(") {
        let filter = any(cursor, depth + 1)?;
        if !cursor.accept_spaced(")") {
            return Err(cursor.error("`)` is missing"));
        }
        return Ok(filter);
    }
    let left = operand(cursor, depth)?;
    cursor.skip_blanks();
    if cursor.accept("=~") {
        return Ok(Filter::Matches(left, regex(cursor)?));
    }
    let signs = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessEqual),
        (">=", Comparison::GreaterEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
        ("in ", Comparison::In),
        ("in[", Comparison::In),
        ("nin ", Comparison::NotIn),
        ("nin[", Comparison::NotIn),
    ];
    for (sign, comparison) in signs {
        if cursor.accept(sign.trim_end_matches('[')) {
            return Ok(Filter::Compare(left, comparison, operand(cursor, depth)?));
        }
    }
    match left {
        Operand::Literal(_) => Err(cursor.error("a comparison is missing")),
        path => Ok(Filter::Exists(path)),
    }
}

fn one_deeper(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, JsonPathError> {
    if depth > MAX_NESTING {
        return Err(cursor.error("the filter is nested too deep"));
    }
    one(cursor, depth + 1)
}

fn operand(cursor: &mut Cursor<'_>, depth: usize) -> Result<Operand, JsonPathError> {
    if depth > MAX_NESTING {
        return Err(cursor.error("the filter is nested too deep"));
    }
    cursor.skip_blanks();
    if cursor.accept("@") {
        return parse::segments(cursor).map(Operand::Here);
    }
    if cursor.accept("$") {
        return parse::segments(cursor).map(Operand::Root);
    }
    literal(cursor, depth).map(Operand::Literal)
}

fn literal(cursor: &mut Cursor<'_>, depth: usize) -> Result<Literal, JsonPathError> {
    cursor.skip_blanks();
    match cursor.peek() {
        Some('\'' | '"') => cursor.quoted().map(Literal::Text),
        Some('[') if depth <= MAX_NESTING => {
            cursor.accept("[");
            let mut items = Vec::new();
            while !cursor.accept_spaced("]") {
                if !items.is_empty() && !cursor.accept_spaced(",") {
                    return Err(cursor.error("`,` or `]` is missing in the list"));
                }
                items.push(literal(cursor, depth + 1)?);
            }
            Ok(Literal::List(items))
        }
        _ => {
            let word =
                cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
            match word {
                "null" => Ok(Literal::Null),
                "true" => Ok(Literal::Bool(true)),
                "false" => Ok(Literal::Bool(false)),
                _ => word
                    .parse()
                    .map(Literal::Number)
                    .map_err(|_| cursor.error("a value is missing")),
            }
        }
    }
}

fn regex(cursor: &mut Cursor<'_>) -> Result<Regex, JsonPathError> {
    cursor.skip_blanks();
    if !cursor.accept("/") {
        return Err(cursor.error("a pattern is written `/…/`"));
    }
    let mut pattern = String::new();
    loop {
        match cursor.next() {
            None => return Err(cursor.error("the pattern is not closed by `/`")),
            Some('/') => break,
            Some('\\') if cursor.peek() == Some('/') => pattern.extend(cursor.next()),
            Some(character) => pattern.push(character),
        }
    }
    let source = if cursor.accept("i") {
        format!("(?i){pattern}")
    } else {
        pattern
    };
    match velocity::Regex::new(&source) {
        Ok(pattern) => Ok(Regex { source, pattern }),
        Err(failure) => Err(cursor.error(&failure.to_string())),
    }
}

impl Filter {
    pub(super) fn accepts<D: Tree>(&self, here: &D, root: &D) -> bool {
        match self {
            Filter::Or(left, right) => left.accepts(here, root) || right.accepts(here, root),
            Filter::And(left, right) => left.accepts(here, root) && right.accepts(here, root),
            Filter::Not(filter) => !filter.accepts(here, root),
            Filter::Exists(operand) => operand.resolve(here, root).is_some(),
            Filter::Compare(left, comparison, right) => compare(
                left.resolve(here, root).as_ref(),
                *comparison,
                right.resolve(here, root).as_ref(),
            ),
            Filter::Matches(operand, regex) => match operand.resolve(here, root) {
                Some(Literal::Text(text)) => regex.pattern.matches(&text),
                _ => false,
            },
        }
    }
}

impl Operand {
    fn resolve<D: Tree>(&self, here: &D, root: &D) -> Option<Literal> {
        let selection = match self {
            Operand::Literal(literal) => return Some(literal.clone()),
            Operand::Here(path) => path.select(here),
            Operand::Root(path) => path.select(root),
        };
        match selection {
            Selection::One(place) => Some(literal_of(&place)),
            Selection::Many(places) => Some(Literal::List(places.iter().map(literal_of).collect())),
            Selection::Number(number) => Some(Literal::Number(number)),
            Selection::Missing => None,
        }
    }
}

fn literal_of<D: Tree>(place: &D) -> Literal {
    match place.scalar() {
        Scalar::Null => Literal::Null,
        Scalar::Bool(value) => Literal::Bool(value),
        Scalar::Number(number) => Literal::Number(number),
        Scalar::Text(text) => Literal::Text(text.into_owned()),
        Scalar::Container => {
            let items = (0..place.array_len().unwrap_or(0)).filter_map(|index| place.item(index));
            Literal::List(items.map(|item| literal_of(&item)).collect())
        }
    }
}

fn compare(left: Option<&Literal>, comparison: Comparison, right: Option<&Literal>) -> bool {
    let order = || match (left, right) {
        (Some(Literal::Number(left)), Some(Literal::Number(right))) => left.partial_cmp(right),
        (Some(Literal::Text(left)), Some(Literal::Text(right))) => Some(left.cmp(right)),
        _ => None,
    };
    let within = || matches!(right, Some(Literal::List(items)) if left.is_some_and(|left| items.contains(left)));
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => order().is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessEqual => order().is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order().is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterEqual => order().is_some_and(std::cmp::Ordering::is_ge),
        Comparison::In => within(),
        Comparison::NotIn => !within(),
    }
}

/// A position in the text of a path.
pub(super) struct Cursor<'p> {
    text: &'p str,
    at: usize,
}

impl<'p> Cursor<'p> {
    pub(super) fn new(text: &'p str) -> Self {
        Cursor { text, at: 0 }
    }

    pub(super) fn text(&self) -> &'p str {
        self.text
    }

    /// In characters, counted from 1.
    pub(super) fn position(&self) -> usize {
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

    fn next(&mut self) -> Option<char> {
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

    fn accept_spaced(&mut self, literal: &str) -> bool {
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
}
