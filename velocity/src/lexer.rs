//! Characters to tokens, on demand.
//!
//! Velocity's lexer has states, and the parser asks for one token at a time because some of its
//! decisions change the state: what `end` or `(` means depends on what comes before. In each state
//! all of its token kinds compete: the longest match wins, and among equally long matches the kind
//! that is declared first. Some matches only begin a token (`$`, `#`) and continue in another
//! state, so a token's image contains everything since its beginning: `#$foo` is one identifier
//! token. All of this shows in what templates print, so it is kept here state by state:
//! `lexer/candidates.rs` has what competes in each state, `lexer/measure.rs` how long each
//! candidate is.

mod best;
mod candidates;
mod measure;
mod token;

use std::cell::Cell;

pub(crate) use token::{Kind, LexicalError, State, Token};

struct Saved {
    opened: u32,
    closed: u32,
    state: State,
}

pub(crate) struct Lexer<'s> {
    source: &'s str,
    bytes: &'s [u8],
    at: usize,
    state: State,
    /// Parentheses opened in this state, and how many of them are closed.
    opened: u32,
    closed: u32,
    stack: Vec<Saved>,
    in_comment: bool,
    in_set: bool,
    /// The last run of backslashes that was measured, so that a long run is measured only once.
    backslashes: Cell<(usize, usize)>,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Lexer {
            source,
            bytes: source.as_bytes(),
            at: 0,
            state: State::Default,
            opened: 0,
            closed: 0,
            stack: Vec::new(),
            in_comment: false,
            in_set: false,
            backslashes: Cell::new((0, 0)),
        }
    }

    /// The parser has read the name of a directive: its arguments follow.
    pub(crate) fn enter_directive(&mut self) {
        self.state = State::Directive;
    }

    /// The parser found that the directive has no arguments.
    pub(crate) fn leave_directive(&mut self) {
        self.pop();
    }

    /// The parser has finished `#set(…)`.
    pub(crate) fn leave_set(&mut self) {
        self.in_set = false;
    }

    /// Whether the next character that is not blank is `(`.
    pub(crate) fn at_parenthesis(&self) -> bool {
        let rest = &self.bytes[self.at..];
        rest.iter()
            .find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            == Some(&b'(')
    }

    fn push(&mut self) {
        self.stack.push(Saved {
            opened: self.opened,
            closed: self.closed,
            state: self.state,
        });
        self.opened = 0;
    }

    fn pop(&mut self) -> bool {
        match self.stack.pop() {
            Some(saved) => {
                self.opened = saved.opened;
                self.closed = saved.closed;
                self.state = saved.state;
                true
            }
            None => {
                self.opened = 0;
                self.state = State::Default;
                false
            }
        }
    }

    /// `)` closes the nearest state that has an open parenthesis.
    fn close_parenthesis(&mut self) {
        while !self.in_comment {
            if self.opened > 0 {
                if self.opened == self.closed + 1 {
                    self.pop();
                } else {
                    self.closed += 1;
                }
                return;
            }
            if !self.pop() {
                return;
            }
        }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token, LexicalError> {
        let mut special: Option<String> = None;
        loop {
            let start = self.at;
            if start >= self.bytes.len() {
                let start = self.bytes.len();
                return Ok(Token {
                    kind: Kind::EndOfTemplate,
                    start,
                    end: start,
                    special: special.map(Into::into),
                });
            }
            // Pieces that only begin a token, until one completes it.
            let (kind, end) = loop {
                let Some((kind, length)) = self.longest_match() else {
                    return Err(LexicalError {
                        at: self.at,
                        at_end: self.at >= self.bytes.len(),
                        inside: self.state,
                    });
                };
                self.at += length;
                if !self.begins_token(kind) {
                    break (kind, self.at);
                }
            };
            match kind {
                Kind::SkippedChar => {}
                Kind::ReferenceTerminator | Kind::DirectiveTerminator => {
                    // The terminator is put back; what was begun is text in front of the next
                    // token.
                    self.at = start.max(end - self.last_char_len(end));
                    self.pop();
                    push_special(special.get_or_insert_default(), &self.source[start..end]);
                }
                _ => {
                    let (start, end) = self.finish(kind, start, end);
                    let special = special.filter(|text| !text.is_empty()).map(Into::into);
                    return Ok(Token {
                        kind,
                        start,
                        end,
                        special,
                    });
                }
            }
        }
    }

    fn last_char_len(&self, end: usize) -> usize {
        self.source[..end]
            .chars()
            .next_back()
            .map_or(0, char::len_utf8)
    }

    /// Handles a piece that only begins a token; false if it is a whole token.
    fn begins_token(&mut self, kind: Kind) -> bool {
        match kind {
            Kind::Dollar | Kind::DollarBang => {
                if !self.in_comment {
                    if self.state == State::Reference {
                        self.pop();
                    }
                    self.push();
                    self.state = State::Reference;
                }
            }
            Kind::TextBlockOpen => self.open_comment(State::TextBlock),
            Kind::BlockCommentOpen => self.open_comment(State::BlockComment),
            Kind::FormalCommentOpen => {
                if !self.in_comment {
                    self.at -= self.last_char_len(self.at);
                }
                self.open_comment(State::FormalComment);
            }
            Kind::Hash => {
                if !self.in_comment {
                    if matches!(self.state, State::Reference | State::Modifier) {
                        self.pop();
                    }
                    self.push();
                    self.state = State::PreDirective;
                }
            }
            Kind::TextBlockChar => {}
            _ => return false,
        }
        true
    }

    fn open_comment(&mut self, state: State) {
        if !self.in_comment {
            self.in_comment = true;
            self.push();
            self.state = state;
        }
    }

    /// Changes the state as a finished token demands; returns the span of its image.
    fn finish(&mut self, kind: Kind, start: usize, end: usize) -> (usize, usize) {
        match kind {
            Kind::IndexOpen => {
                self.push();
                self.state = State::Index;
            }
            Kind::IndexClose | Kind::CurlyClose | Kind::End | Kind::Else => {
                self.pop();
            }
            Kind::ParenOpen => {
                if !self.in_comment {
                    self.opened += 1;
                }
                if self.state == State::Modifier {
                    self.state = State::Arguments;
                }
            }
            Kind::ParenClose => self.close_parenthesis(),
            Kind::ArgumentsClose => self.state = State::Reference,
            Kind::Set if !self.in_comment => {
                self.push();
                self.in_set = true;
                self.state = State::Directive;
                self.opened += 1;
            }
            Kind::LineCommentOpen if !self.in_comment => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.open_comment(State::LineComment);
            }
            Kind::LineCommentEnd | Kind::FormalComment | Kind::BlockComment | Kind::TextBlock => {
                self.in_comment = false;
                self.pop();
            }
            Kind::String if self.state == State::Directive && !self.in_set && self.opened == 0 => {
                self.pop();
            }
            Kind::If | Kind::ElseIf => self.state = State::Directive,
            Kind::Integer => return (start, self.finish_integer(start, end)),
            Kind::Float if self.opened == 0 && !self.in_set && self.state != State::Arguments => {
                self.pop();
            }
            Kind::Dot => {
                // The letter behind the dot belongs to the name; the image is the dot alone.
                self.at -= 1;
                self.state = State::Modifier;
                return (end - 2, end - 1);
            }
            _ => {}
        }
        (start, end)
    }

    /// An integer before `..` gives the dots back; outside of parentheses it ends its directive.
    fn finish_integer(&mut self, start: usize, end: usize) -> usize {
        let mut end = end;
        if self.source[start..end].ends_with("..") {
            self.at -= 2;
            end -= 2;
        }
        let inside = matches!(self.state, State::Arguments | State::Index);
        if self.opened == 0 && !self.in_set && !inside {
            self.pop();
        }
        end
    }
}

/// What was begun and led to nothing is text: every `$` and `#`, and backslashes in front of `$`.
fn push_special(special: &mut String, image: &str) {
    let characters: Vec<char> = image.chars().collect();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        if matches!(character, '#' | '$') {
            special.push(character);
        }
        if character == '\\' {
            let run = characters[at..].iter().take_while(|&&c| c == '\\').count();
            if characters.get(at + run) == Some(&'$') {
                special.extend(&characters[at..=at + run]);
                at += run + 1;
            }
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn tokens(source: &str) -> Vec<(Kind, &str)> {
        let mut lexer = Lexer::new(source);
        let mut tokens = Vec::new();
        loop {
            let token = lexer.next().expect("tokens");
            if token.kind == Kind::EndOfTemplate {
                return tokens;
            }
            tokens.push((token.kind, &source[token.start..token.end]));
        }
    }

    #[rstest]
    #[case("a $b", &[(Kind::Text, "a "), (Kind::Identifier, "$b")])]
    #[case("#$b", &[(Kind::Identifier, "#$b")])]
    #[case("$a.b c", &[
        (Kind::Identifier, "$a"),
        (Kind::Dot, "."),
        (Kind::Identifier, "b"),
        (Kind::Text, " c"),
    ])]
    #[case("$a. b", &[(Kind::Identifier, "$a"), (Kind::Text, ". b")])]
    #[case("${a}b", &[
        (Kind::CurlyOpen, "${"),
        (Kind::Identifier, "a"),
        (Kind::CurlyClose, "}"),
        (Kind::Text, "b"),
    ])]
    #[case("#endx", &[(Kind::Word, "#endx")])]
    #[case("#end \nx", &[(Kind::End, "#end \n"), (Kind::Text, "x")])]
    #[case("\\\\#if", &[(Kind::DoubleEscape, "\\\\"), (Kind::If, "#if")])]
    #[case("\\#if", &[(Kind::EscapedDirective, "\\#if")])]
    #[case("#* x *#y", &[(Kind::BlockComment, "*#"), (Kind::Text, "y")])]
    #[case("#[[ $x ]]#y", &[(Kind::TextBlock, "#[[ $x ]]#"), (Kind::Text, "y")])]
    fn splits(#[case] source: &str, #[case] expected: &[(Kind, &str)]) {
        assert_eq!(tokens(source), expected);
    }

    #[test]
    fn a_template_that_ends_in_a_dollar_is_an_error() {
        for source in ["$", "x #", "\\$", "## $", "#[[ x"] {
            let mut lexer = Lexer::new(source);
            let error = loop {
                match lexer.next() {
                    Ok(token) => assert_ne!(token.kind, Kind::EndOfTemplate, "{source}"),
                    Err(error) => break error,
                }
            };
            assert!(error.at_end, "{source}");
        }
    }

    #[test]
    fn long_runs_of_backslashes_are_measured_once() {
        let source = "\\".repeat(300_000);
        assert_eq!(tokens(&source).len(), 150_000);
    }
}
