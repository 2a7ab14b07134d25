//! URI templates, RFC 6570, as the validator's own reader takes them.

/// Whether a text is a URI template.
pub(super) fn is_uri_template(text: &str) -> bool {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let next = match first {
            '{' => expression(&rest[1..]),
            '%' => escape(&rest[1..]),
            c if is_literal(c) => Some(&rest[c.len_utf8()..]),
            _ => None,
        };
        match next {
            Some(next) => rest = next,
            None => return false,
        }
    }
    true
}

fn is_literal(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !" \"'<>\\^`{|}".contains(c)
}

/// What follows two hexadecimal digits.
fn escape(text: &str) -> Option<&str> {
    let digits = text.as_bytes().get(..2)?;
    digits.iter().all(u8::is_ascii_hexdigit).then(|| &text[2..])
}

/// What follows an expression, whose brace is read.
fn expression(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix(['+', '#', '.', '/', ';', '?', '&']).unwrap_or(text);
    loop {
        rest = variable(rest)?;
        if let Some(end) = rest.strip_prefix('}') {
            return Some(end);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// What follows a variable: names with dots, then `*`, or a length of up to 10,000.
fn variable(text: &str) -> Option<&str> {
    let mut rest = name(text)?;
    while let Some(next) = rest.strip_prefix('.') {
        rest = name(next)?;
    }
    if let Some(rest) = rest.strip_prefix('*') {
        return Some(rest);
    }
    let Some(length) = rest.strip_prefix(':') else {
        return Some(rest);
    };
    let end = length.find(|c: char| !c.is_ascii_digit()).unwrap_or(length.len());
    let fits = length[..end].parse::<u32>().is_ok_and(|length| length <= 10_000);
    fits.then(|| &length[end..])
}

fn name(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        match rest.as_bytes().first() {
            Some(b'%') => rest = escape(&rest[1..])?,
            Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'_' => rest = &rest[1..],
            _ => break,
        }
    }
    (rest.len() < text.len()).then_some(rest)
}
