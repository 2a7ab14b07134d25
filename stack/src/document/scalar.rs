//! Where the characters of a scalar's text are written in the file.
//!
//! YAML folds lines, takes indentation away and resolves escapes. What is left of a text are the
//! characters that are not blank, in their order: they are found one after the other, and whatever
//! is blank lies between them.

use crate::document::surrogates;
use crate::error::Span;

/// How a scalar is written, which decides where its characters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
    Literal,
    Folded,
}

/// From `text` on (a byte of the text), characters are written in the file from `file` on, up to
/// the next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) text: usize,
    pub(crate) file: usize,
}

/// The runs of a scalar's text, with one at its end; `None` if the text is not written there.
pub(crate) fn runs(file: &str, span: &Span, style: Style, text: &str) -> Option<Vec<Run>> {
    let at = |start: usize, escapes: Escapes| Walk::new(file, start, escapes).over(text);
    let start = behind_tag(file, span.start)?;
    match style {
        Style::Plain => at(start, Escapes::None),
        Style::Quoted => {
            let escapes = match file.as_bytes().get(start)? {
                b'"' => Escapes::Double,
                _ => Escapes::Single,
            };
            at(start + 1, escapes)
        }
        // The span starts at the indicator `|` or `>`, or at the content, depending on what
        // precedes it.
        Style::Literal | Style::Folded => at(start, Escapes::None).or_else(|| {
            let header = file.get(start..)?.find('\n')?;
            at(start + header + 1, Escapes::None)
        }),
    }
}

/// The part of the file where this part of a text is written.
pub(crate) fn locate(runs: &[Run], part: &Span) -> Option<Span> {
    let of = |at: usize| runs[..runs.partition_point(|run| run.text <= at)].last();
    let start = of(part.start)?;
    let start = start.file + (part.start - start.text);
    let Some(last) = part.end.checked_sub(1).filter(|&at| at >= part.start) else {
        return Some(start..start);
    };
    let run = of(last)?;
    let after = run.file + (part.end - run.text);
    // The last character may be longer in the file: an escape.
    let end = match of(part.end) {
        Some(next) if next.text == part.end => {
            let longest = r"\U0001F600".len();
            Some(next.file).filter(|&file| (after..after + longest).contains(&file))
        }
        _ => None,
    };
    Some(start..end.unwrap_or(after).max(start))
}

/// How a scalar writes what it cannot write as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escapes {
    None,
    /// `''`.
    Single,
    /// `\"`, `\n`, a backslash at a line's end …
    Double,
}

/// A character in the file.
struct Written {
    /// `None` for what is there only to break a line.
    char: Option<char>,
    /// How many bytes it takes.
    length: usize,
}

struct Walk<'f> {
    file: &'f str,
    at: usize,
    escapes: Escapes,
    runs: Vec<Run>,
}

impl<'f> Walk<'f> {
    fn new(file: &'f str, start: usize, escapes: Escapes) -> Self {
        Walk {
            file,
            at: start,
            escapes,
            runs: Vec::new(),
        }
    }

    fn over(mut self, text: &str) -> Option<Vec<Run>> {
        let mut follows_blank = false;
        for (at, char) in text.char_indices() {
            if is_blank(char) {
                if !follows_blank {
                    self.mark(at);
                }
                follows_blank = true;
                continue;
            }
            // A character of the text that is blank is blank in the file, unless it is a fold.
            let mut written = self.next()?;
            while written.char.is_none_or(is_blank) {
                self.at += written.length;
                written = self.next()?;
            }
            if written.char != Some(char) {
                return None;
            }
            self.mark(at);
            self.at += written.length;
            follows_blank = false;
        }
        self.mark(text.len());
        Some(self.runs)
    }

    /// Notes that the text goes on here, unless that follows from what was noted before.
    fn mark(&mut self, text: usize) {
        let follows = self.runs.last().is_some_and(|run| {
            text >= run.text && self.at >= run.file && text - run.text == self.at - run.file
        });
        if !follows {
            self.runs.push(Run {
                text,
                file: self.at,
            });
        }
    }

    fn next(&self) -> Option<Written> {
        let rest = self.file.get(self.at..)?;
        let first = rest.chars().next()?;
        let plain = Written {
            char: Some(first),
            length: first.len_utf8(),
        };
        match (self.escapes, first) {
            (Escapes::Single, '\'') => rest.starts_with("''").then_some(Written {
                char: Some('\''),
                length: 2,
            }),
            (Escapes::Double, '\\') => escape(rest),
            (Escapes::Double, '"') => None,
            _ => Some(plain),
        }
    }
}

/// Where the scalar starts behind its tag and its anchor, which its span holds.
fn behind_tag(file: &str, start: usize) -> Option<usize> {
    let mut rest = file.get(start..)?;
    while rest.starts_with(['!', '&']) {
        rest = rest.trim_start_matches(|char| !is_blank(char));
        rest = rest.trim_start_matches(is_blank);
    }
    Some(file.len() - rest.len())
}

fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r')
}

/// The escape of a double-quoted scalar at the start of this text.
fn escape(rest: &str) -> Option<Written> {
    // Only JSON writes them.
    if let Some((char, length)) = surrogates::character(rest) {
        return Some(Written {
            char: Some(char),
            length,
        });
    }
    let code = rest[1..].chars().next()?;
    let digits = match code {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let char = match code {
        'x' | 'u' | 'U' => {
            let number = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
            Some(char::from_u32(number)?)
        }
        '\n' | '\r' => None,
        '0' => Some('\0'),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        't' => Some('\t'),
        'n' => Some('\n'),
        'v' => Some('\u{b}'),
        'f' => Some('\u{c}'),
        'r' => Some('\r'),
        'e' => Some('\u{1b}'),
        'N' => Some('\u{85}'),
        '_' => Some('\u{a0}'),
        'L' => Some('\u{2028}'),
        'P' => Some('\u{2029}'),
        other => Some(other),
    };
    Some(Written {
        char,
        length: 1 + code.len_utf8() + digits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::source::Source;
    use crate::document::yaml::{self, Content};
    use rstest::rstest;

    /// Every `$x` of the value, in whatever way it is written, is found in the file.
    #[rstest]
    #[case("a: é $x é $x")]
    #[case("a: é $x\n   é\n\n   $x\n")]
    #[case("a: 'it''s $x ''$x'''")]
    #[case("a: 'é $x\n\n  $x'")]
    #[case(r#"a: "\"é\" \u00e9\x41\n\t\"$x\" \\ \/ $x""#)]
    #[case("a: \"one $x \\\n   two\\\n   \\ $x\n   $x\"")]
    #[case("a: |\n  one $x\n    two $x\n\n  $x")]
    #[case("a: |-\n  |\n  $x")]
    #[case("a: !Sub |\n  one $x\n  |\n  $x")]
    #[case("a: &x !Sub |2 # comment\n    one $x\n  |\n  $x")]
    #[case("a: !Sub '$x'")]
    #[case("a: &x !Sub\n  \"$x\"")]
    #[case("a: !Sub $x")]
    #[case("a:\n  |\n  one $x\n  two")]
    #[case("a: >\n  one $x\n  two $x\n\n    more $x\n\n  $x\n")]
    #[case("a: >-\n  > $x\n\n\n  $x")]
    #[case("{\"a\": \"{\\n\\\"b\\\": \\\"$x\\\", \\u0024x $x}\"}")]
    fn what_is_written_is_found(#[case] file: &str) {
        let root = yaml::parse(&Source::new("t", file)).unwrap();
        let node = &root.entries()[0].1;
        let Content::Scalar { text, style } = &node.content else {
            panic!("a scalar");
        };
        let runs = runs(file, &node.span, *style, text).expect(file);
        let found: Vec<usize> = text
            .match_indices("$x")
            .map(|(at, _)| {
                let span = locate(&runs, &(at..at + 2)).unwrap();
                let there = &file[span.clone()];
                assert!(matches!(there, "$x" | "\\u0024x"), "{file}: {there}");
                span.start
            })
            .collect();
        let expected: Vec<usize> = file.match_indices("$x").map(|(at, _)| at).collect();
        assert!(!found.is_empty());
        assert!(expected.iter().all(|at| found.contains(at)), "{file}");
    }

    #[test]
    fn what_is_longer_in_the_file_is_found_whole() {
        let file = r#""a\"\u00e9""#;
        let text = "a\"é";
        let runs = runs(file, &(0..file.len()), Style::Quoted, text).unwrap();
        for (part, expected) in [
            (0..1, "a"),
            (1..2, "\\\""),
            (2..4, "\\u00e9"),
            (0..4, &file[1..10]),
        ] {
            assert_eq!(&file[locate(&runs, &part).unwrap()], expected);
        }
        assert_eq!(locate(&runs, &(4..4)), Some(10..10));
    }

    #[test]
    fn what_is_not_written_there_is_not_found() {
        assert_eq!(runs("'abc'", &(0..5), Style::Quoted, "abd"), None);
        assert_eq!(runs("'abc'", &(0..5), Style::Quoted, "abcd"), None);
        assert_eq!(runs("|", &(0..1), Style::Literal, "a"), None);
        assert_eq!(runs("\"\\u12\"", &(0..6), Style::Quoted, "a"), None);
    }
}
