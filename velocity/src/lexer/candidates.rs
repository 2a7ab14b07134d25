//! The candidates for the next token in each state, of which the longest match wins.

use super::Lexer;
use super::best::{Best, Literals};
use super::measure::{
    blank_line_rest, bracketed_word, dot, empty_index, identifier, line_end, numbers,
    set_directive, string_literal, whitespace, word,
};
use super::token::{Kind, State};

/// After `#`; each takes the rest of its line with it if that is blank.
static BLOCK_ENDS: &Literals = &[
    (b"end", Kind::End),
    (b"{end}", Kind::End),
    (b"else", Kind::Else),
    (b"{else}", Kind::Else),
];
static CONDITIONS: &Literals = &[
    (b"if", Kind::If),
    (b"{if}", Kind::If),
    (b"elseif", Kind::ElseIf),
    (b"{elseif}", Kind::ElseIf),
];
static IN_DIRECTIVE: &Literals = &[
    (b"[", Kind::BracketOpen),
    (b"]", Kind::BracketClose),
    (b",", Kind::Comma),
    (b"..", Kind::DoubleDot),
    (b":", Kind::Colon),
    (b"{", Kind::MapOpen),
    (b"}", Kind::MapClose),
    (b"(", Kind::ParenOpen),
    (b"##", Kind::LineCommentOpen),
    (b"true", Kind::True),
    (b"false", Kind::False),
    (b"-", Kind::Minus),
    (b"+", Kind::Plus),
    (b"*", Kind::Multiply),
    (b"/", Kind::Divide),
    (b"%", Kind::Modulus),
    (b"&&", Kind::And),
    (b"and", Kind::And),
    (b"||", Kind::Or),
    (b"or", Kind::Or),
    (b"<", Kind::Less),
    (b"lt", Kind::Less),
    (b"<=", Kind::LessEqual),
    (b"le", Kind::LessEqual),
    (b">", Kind::Greater),
    (b"gt", Kind::Greater),
    (b">=", Kind::GreaterEqual),
    (b"ge", Kind::GreaterEqual),
    (b"==", Kind::Equal),
    (b"eq", Kind::Equal),
    (b"!=", Kind::NotEqual),
    (b"ne", Kind::NotEqual),
    (b"!", Kind::Not),
    (b"not", Kind::Not),
    (b"=", Kind::Assign),
];
static IN_REFERENCE: &Literals = &[
    (b"[", Kind::IndexOpen),
    (b"true", Kind::True),
    (b"false", Kind::False),
    (b"{", Kind::CurlyOpen),
    (b"}", Kind::CurlyClose),
];
static IN_ARGUMENTS: &Literals = &[
    (b"[", Kind::BracketOpen),
    (b"]", Kind::BracketClose),
    (b",", Kind::Comma),
    (b"..", Kind::DoubleDot),
    (b":", Kind::Colon),
    (b"{", Kind::MapOpen),
    (b"}", Kind::MapClose),
    (b")", Kind::ArgumentsClose),
    (b"true", Kind::True),
    (b"false", Kind::False),
];
static IN_INDEX: &Literals = &[
    (b"]", Kind::IndexClose),
    (b"true", Kind::True),
    (b"false", Kind::False),
];

impl Lexer<'_> {
    /// The longest match here in this state.
    pub(super) fn longest_match(&self) -> Option<(Kind, usize)> {
        let rest = &self.bytes[self.at..];
        let &first = rest.first()?;
        let mut best = Best::default();
        self.in_every_state(first, rest, &mut best);
        match self.state {
            State::Default => self.in_text(first, rest, &mut best),
            State::PreDirective => self.behind_hash(rest, &mut best),
            State::Directive => in_directive(first, rest, &mut best),
            State::Reference => {
                best.offer_literal(rest, b"##", Kind::LineCommentOpen);
                best.offer(Kind::EmptyIndex, empty_index(rest));
                self.in_reference(rest, &mut best);
            }
            State::Modifier => {
                best.offer_literal(rest, b"(", Kind::ParenOpen);
                self.in_reference(rest, &mut best);
            }
            State::Arguments => in_arguments(rest, &mut best),
            State::Index => in_index(rest, &mut best),
            State::LineComment => {
                best.offer(Kind::LineCommentEnd, line_end(rest));
                best.offer(Kind::SkippedChar, self.char_len(self.at));
            }
            State::FormalComment => {
                best.offer_literal(rest, b"*#", Kind::FormalComment);
                best.offer(Kind::SkippedChar, self.char_len(self.at));
            }
            State::BlockComment => {
                best.offer_literal(rest, b"*#", Kind::BlockComment);
                best.offer(Kind::SkippedChar, self.char_len(self.at));
            }
            State::TextBlock => {
                best.offer_literal(rest, b"]]#", Kind::TextBlock);
                best.offer(Kind::TextBlockChar, self.char_len(self.at));
            }
        }
        best.found()
    }

    /// What begins a reference, a directive or a comment.
    fn in_every_state(&self, first: u8, rest: &[u8], best: &mut Best) {
        match first {
            b'$' | b'\\' => {
                let dollar = self.backslashes_at(self.at);
                if self.byte(self.at + dollar) == Some(b'$') {
                    best.offer(Kind::Dollar, dollar + 1);
                    let bang = self.backslashes_at(self.at + dollar + 1);
                    if self.byte(self.at + dollar + 1 + bang) == Some(b'!') {
                        best.offer(Kind::DollarBang, dollar + bang + 2);
                    }
                }
            }
            b'#' => {
                best.offer(Kind::Hash, 1);
                best.offer_literal(rest, b"#[[", Kind::TextBlockOpen);
                best.offer_literal(rest, b"#*", Kind::BlockCommentOpen);
                if rest.starts_with(b"#**") && rest.get(3).is_some_and(|&byte| byte != b'#') {
                    best.offer(Kind::FormalCommentOpen, 3 + self.char_len(self.at + 3));
                }
            }
            _ => {}
        }
    }

    fn in_text(&self, first: u8, rest: &[u8], best: &mut Best) {
        match first {
            b'\\' => {
                best.offer(Kind::Escape, 1);
                best.offer_literal(rest, b"\\\\", Kind::DoubleEscape);
                best.offer(Kind::EscapedDirective, self.escaped_directive());
            }
            b'#' => best.offer_literal(rest, b"##", Kind::LineCommentOpen),
            b'$' => best.offer(Kind::EmptyIndex, empty_index(rest)),
            _ => best.offer(
                Kind::Text,
                memchr::memchr3(b'$', b'#', b'\\', rest).unwrap_or(rest.len()),
            ),
        }
        best.offer(Kind::Set, set_directive(rest));
    }

    fn behind_hash(&self, rest: &[u8], best: &mut Best) {
        best.offer_literal(rest, b"##", Kind::LineCommentOpen);
        for (name, kind) in BLOCK_ENDS {
            if rest.starts_with(name) {
                best.offer(*kind, name.len() + blank_line_rest(&rest[name.len()..]));
            }
        }
        best.offer_literals(rest, CONDITIONS);
        numbers(rest, best);
        best.offer(Kind::Word, word(rest));
        best.offer(Kind::BracketedWord, bracketed_word(rest));
        best.offer(Kind::DirectiveTerminator, self.char_len(self.at));
    }

    fn in_reference(&self, rest: &[u8], best: &mut Best) {
        best.offer_literals(rest, IN_REFERENCE);
        best.offer(Kind::Set, set_directive(rest));
        best.offer(Kind::Identifier, identifier(rest));
        best.offer(Kind::Dot, dot(rest));
        best.offer(Kind::ReferenceTerminator, self.char_len(self.at));
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn char_len(&self, at: usize) -> usize {
        self.source[at..].chars().next().map_or(0, char::len_utf8)
    }

    /// How many backslashes follow from `at` on.
    fn backslashes_at(&self, at: usize) -> usize {
        let (start, end) = self.backslashes.get();
        if (start..end).contains(&at) {
            return end - at;
        }
        let run = self.bytes[at.min(self.bytes.len())..]
            .iter()
            .take_while(|&&byte| byte == b'\\')
            .count();
        if run > 0 {
            self.backslashes.set((at, at + run));
        }
        run
    }

    /// An odd number of backslashes, `#` and a word: the length, or 0.
    fn escaped_directive(&self) -> usize {
        let run = self.backslashes_at(self.at);
        let hash = self.at + run;
        if run.is_multiple_of(2) || self.byte(hash) != Some(b'#') {
            return 0;
        }
        let rest = &self.bytes[hash + 1..];
        match word(rest).max(bracketed_word(rest)) {
            0 => 0,
            name => run + 1 + name,
        }
    }
}

fn in_directive(first: u8, rest: &[u8], best: &mut Best) {
    best.offer_literals(rest, IN_DIRECTIVE);
    if first == b')' {
        best.offer(Kind::ParenClose, 1 + blank_line_rest(&rest[1..]));
    }
    best.offer(Kind::Whitespace, whitespace(rest));
    best.offer(Kind::String, string_literal(rest));
    numbers(rest, best);
    best.offer(Kind::Word, word(rest));
    best.offer(Kind::BracketedWord, bracketed_word(rest));
}

fn in_arguments(rest: &[u8], best: &mut Best) {
    best.offer_literals(rest, IN_ARGUMENTS);
    best.offer(Kind::Set, set_directive(rest));
    best.offer(Kind::Whitespace, whitespace(rest));
    best.offer(Kind::String, string_literal(rest));
    numbers(rest, best);
    best.offer(Kind::Identifier, identifier(rest));
    best.offer(Kind::Dot, dot(rest));
}

fn in_index(rest: &[u8], best: &mut Best) {
    best.offer_literals(rest, IN_INDEX);
    best.offer(Kind::Whitespace, whitespace(rest));
    best.offer(Kind::String, string_literal(rest));
    numbers(rest, best);
}
