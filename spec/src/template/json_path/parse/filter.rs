//! Parses filters: `?(…)` between brackets.

use super::segments;
use crate::template::json_path::JsonPathError;
use crate::template::json_path::cursor::Cursor;
use crate::template::json_path::filter::{Comparison, Filter, Literal, Operand, Regex};

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
        return segments(cursor).map(Operand::Here);
    }
    if cursor.accept("$") {
        return segments(cursor).map(Operand::Root);
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
