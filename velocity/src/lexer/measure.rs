//! The length of a token at the start of the text, or 0 if it is not there.

use super::best::Best;
use super::token::Kind;

pub(super) fn line_end(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// The length of blanks and the line end behind them, or 0 if something else comes first.
pub(super) fn blank_line_rest(rest: &[u8]) -> usize {
    let blanks = count(rest, |byte| matches!(byte, b' ' | b'\t'));
    match line_end(&rest[blanks..]) {
        0 => 0,
        end => blanks + end,
    }
}

pub(super) fn whitespace(rest: &[u8]) -> usize {
    count(rest, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

pub(super) fn set_directive(rest: &[u8]) -> usize {
    let blanks = count(rest, |byte| matches!(byte, b' ' | b'\t'));
    let behind = &rest[blanks..];
    for name in [&b"#set"[..], b"#{set}"] {
        if behind.starts_with(name) {
            let spaces = count(&behind[name.len()..], |byte| byte == b' ');
            if behind.get(name.len() + spaces) == Some(&b'(') {
                return blanks + name.len() + spaces + 1;
            }
        }
    }
    0
}

pub(super) fn empty_index(rest: &[u8]) -> usize {
    [&b"$!["[..], b"$\\![", b"$[", b"$."]
        .iter()
        .find(|literal| rest.starts_with(literal))
        .map_or(0, |literal| literal.len())
}

pub(super) fn word(rest: &[u8]) -> usize {
    match rest.first() {
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'@') => count(rest, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@')
        }),
        _ => 0,
    }
}

pub(super) fn bracketed_word(rest: &[u8]) -> usize {
    match rest {
        [b'{', b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => {
            let name = count(&rest[1..], |byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@')
            });
            if rest.get(1 + name) == Some(&b'}') {
                name + 2
            } else {
                0
            }
        }
        _ => 0,
    }
}

pub(super) fn identifier(rest: &[u8]) -> usize {
    match rest.first() {
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => count(rest, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
        }),
        _ => 0,
    }
}

pub(super) fn dot(rest: &[u8]) -> usize {
    if matches!(rest, [b'.', b'a'..=b'z' | b'A'..=b'Z', ..]) {
        2
    } else {
        0
    }
}

/// A quoted literal; a doubled quote inside does not end it. The longest match wins.
pub(super) fn string_literal(rest: &[u8]) -> usize {
    let Some(&quote @ (b'"' | b'\'')) = rest.first() else {
        return 0;
    };
    let mut at = 1;
    let mut longest = 0;
    while let Some(found) = memchr::memchr(quote, &rest[at..]) {
        longest = at + found + 1;
        if rest.get(longest) != Some(&quote) {
            return longest;
        }
        at = longest + 1;
    }
    longest
}

pub(super) fn numbers(rest: &[u8], best: &mut Best) {
    let sign = usize::from(rest.first() == Some(&b'-'));
    let digits = |from: usize| {
        count(rest.get(from..).unwrap_or_default(), |byte| {
            byte.is_ascii_digit()
        })
    };
    let exponent = |from: usize| match rest.get(from) {
        Some(b'e' | b'E') => {
            let sign = usize::from(matches!(rest.get(from + 1), Some(b'+' | b'-')));
            match digits(from + 1 + sign) {
                0 => 0,
                length => 1 + sign + length,
            }
        }
        _ => 0,
    };
    let whole = digits(sign);
    let behind = sign + whole;
    if whole > 0 {
        let range = if rest[behind..].starts_with(b"..") {
            2
        } else {
            0
        };
        best.offer(Kind::Integer, behind + range);
        if exponent(behind) > 0 {
            best.offer(Kind::Float, behind + exponent(behind));
        }
    }
    if rest.get(behind) == Some(&b'.') {
        let fraction = digits(behind + 1);
        if whole > 0 || fraction > 0 {
            let end = behind + 1 + fraction;
            best.offer(Kind::Float, end + exponent(end));
        }
    }
}

fn count(rest: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    rest.iter().take_while(|&&byte| accept(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("'a' 'b'", 3)]
    #[case("'a''b' ", 6)]
    #[case("'a'' ", 3)]
    #[case("'a", 0)]
    #[case("\"\")", 2)]
    fn measures_strings(#[case] text: &str, #[case] length: usize) {
        assert_eq!(string_literal(text.as_bytes()), length);
    }
}
