//! Parses paths. A path may hold filters, and a filter paths: `parse/filter.rs` has their grammar.

mod filter;

use super::cursor::Cursor;
use super::{Function, JsonPath, JsonPathError, Segment};

pub(super) fn parse(path: &str) -> Result<JsonPath, JsonPathError> {
    let mut cursor = Cursor::new(path);
    cursor.skip_blanks();
    if cursor.at_end() {
        return Err(cursor.error("it is empty"));
    }
    let mut path = JsonPath::empty();
    // A bare path begins with a name.
    if !cursor.accept("$") && !cursor.accept("@") && cursor.peek() != Some('[') {
        name(&mut cursor, &mut path)?;
    }
    let parsed = continued(&mut cursor, path)?;
    cursor.skip_blanks();
    if !cursor.at_end() {
        return Err(cursor.error("expected `.` or `[`"));
    }
    Ok(parsed)
}

/// The segments after `$` or `@`.
fn segments(cursor: &mut Cursor<'_>) -> Result<JsonPath, JsonPathError> {
    continued(cursor, JsonPath::empty())
}

fn continued(cursor: &mut Cursor<'_>, mut path: JsonPath) -> Result<JsonPath, JsonPathError> {
    while path.function.is_none() {
        if cursor.accept("..") {
            path.segments.push(Segment::Descend);
            match cursor.peek() {
                Some('[') => path.segments.push(bracket(cursor)?),
                _ => name(cursor, &mut path)?,
            }
        } else if cursor.accept(".") {
            if cursor.peek() == Some('[') {
                path.segments.push(bracket(cursor)?);
            } else {
                name(cursor, &mut path)?;
            }
        } else if cursor.peek() == Some('[') {
            path.segments.push(bracket(cursor)?);
        } else {
            break;
        }
    }
    Ok(path)
}

/// After a dot: a name, `*`, or a function at the end.
fn name(cursor: &mut Cursor<'_>, path: &mut JsonPath) -> Result<(), JsonPathError> {
    if cursor.accept("*") {
        path.segments.push(Segment::All);
        return Ok(());
    }
    let name = cursor.take_while(|c| {
        !matches!(
            c,
            '.' | '[' | '(' | ')' | ' ' | '=' | '<' | '>' | '!' | '&' | '|' | ',' | ']'
        )
    });
    if name.is_empty() {
        return Err(cursor.error("a name is missing"));
    }
    if cursor.accept("()") {
        let function = match name {
            "length" | "size" => Function::Length,
            "min" => Function::Min,
            "max" => Function::Max,
            "avg" => Function::Avg,
            "sum" => Function::Sum,
            "stddev" => Function::StdDev,
            _ => return Err(cursor.error(&format!("unknown function `{name}()`"))),
        };
        path.function = Some(function);
        return Ok(());
    }
    path.segments.push(Segment::Names(vec![name.to_owned()]));
    Ok(())
}

fn bracket(cursor: &mut Cursor<'_>) -> Result<Segment, JsonPathError> {
    cursor.accept("[");
    cursor.skip_blanks();
    let segment = match cursor.peek() {
        Some('*') => {
            cursor.accept("*");
            Segment::All
        }
        Some('?') => {
            cursor.accept("?");
            cursor.skip_blanks();
            if !cursor.accept("(") {
                return Err(cursor.error("a filter is written `[?(…)]`"));
            }
            let filter = filter::parse(cursor)?;
            cursor.skip_blanks();
            if !cursor.accept(")") {
                return Err(cursor.error("`)` is missing after the filter"));
            }
            Segment::Filter(Box::new(filter))
        }
        Some('\'' | '"') => {
            let mut names = vec![cursor.quoted()?];
            cursor.skip_blanks();
            while cursor.accept(",") {
                cursor.skip_blanks();
                names.push(cursor.quoted()?);
                cursor.skip_blanks();
            }
            Segment::Names(names)
        }
        _ => indexes(cursor)?,
    };
    cursor.skip_blanks();
    if !cursor.accept("]") {
        return Err(cursor.error("`]` is missing"));
    }
    Ok(segment)
}

fn indexes(cursor: &mut Cursor<'_>) -> Result<Segment, JsonPathError> {
    let first = cursor.integer();
    cursor.skip_blanks();
    if cursor.accept(":") {
        cursor.skip_blanks();
        return Ok(Segment::Slice(first, cursor.integer()));
    }
    let Some(first) = first else {
        return Err(cursor.error("expected an index, a quoted name, `*` or `?(…)`"));
    };
    let mut indexes = vec![first];
    while cursor.accept(",") {
        cursor.skip_blanks();
        indexes.push(
            cursor
                .integer()
                .ok_or_else(|| cursor.error("an index is missing"))?,
        );
        cursor.skip_blanks();
    }
    Ok(Segment::Indexes(indexes))
}
