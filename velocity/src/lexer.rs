//! Characters to tokens, on demand.
//!
//! Velocity's lexer has states, and the parser asks for one token at a time because some of its
//! decisions change the state: what `end` or `(` is depends on what stands before. In every state
//! all its token kinds compete, the longest match wins, and of equally long ones the kind that is
//! declared first. Some matches only begin a token (`$`, `#`) and go on in another state, so that a
//! token's image holds everything since its beginning: `#$foo` is one identifier token. All of that
//! is visible in what templates print, so it is kept here state by state. How long what competes
//! is, `lexer/measure.rs` says.

mod measure;

use std::cell::Cell;

use measure::{
    blank_line_rest, bracketed_word, dot, empty_index, identifier, line_end, numbers,
    set_directive, string_literal, whitespace, word,
};

/// Kinds of tokens, in the order in which they win among equally long matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    EndOfTemplate,
    IndexOpen,
    IndexClose,
    BracketOpen,
    BracketClose,
    Comma,
    DoubleDot,
    Colon,
    MapOpen,
    MapClose,
    ParenOpen,
    ParenClose,
    ArgumentsClose,
    EscapedDirective,
    Set,
    Dollar,
    DollarBang,
    TextBlockOpen,
    FormalCommentOpen,
    BlockCommentOpen,
    Hash,
    LineCommentOpen,
    DoubleEscape,
    Escape,
    Text,
    LineCommentEnd,
    FormalComment,
    BlockComment,
    TextBlock,
    SkippedChar,
    TextBlockChar,
    Whitespace,
    String,
    True,
    False,
    Minus,
    Plus,
    Multiply,
    Divide,
    Modulus,
    And,
    Or,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Not,
    Assign,
    End,
    If,
    ElseIf,
    Else,
    Integer,
    Float,
    Word,
    BracketedWord,
    Identifier,
    Dot,
    CurlyOpen,
    CurlyClose,
    ReferenceTerminator,
    DirectiveTerminator,
    EmptyIndex,
}

/// What the lexer is inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Default,
    /// Behind `#`.
    PreDirective,
    Directive,
    /// Behind `$`, or a complete reference that may go on.
    Reference,
    /// Behind `.name`.
    Modifier,
    /// In the arguments of a method.
    Arguments,
    /// In `[…]` of a reference.
    Index,
    LineComment,
    FormalComment,
    BlockComment,
    TextBlock,
}

/// A token: where its image lies, and what special text (`$` or `#` that began nothing) came before
/// it.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Text in front of the token that belongs to what it prints.
    pub(crate) special: Option<Box<str>>,
}

/// A place where no token starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LexicalError {
    pub(crate) at: usize,
    /// The template ended inside a token.
    pub(crate) at_end: bool,
    /// What the lexer was in the middle of, in words.
    pub(crate) inside: &'static str,
}

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
    /// Parentheses opened in this state, and closed so far.
    opened: u32,
    closed: u32,
    stack: Vec<Saved>,
    in_comment: bool,
    in_set: bool,
    /// The last run of backslashes looked at: a long one must not be measured again at each of
    /// them.
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

    /// The parser has the name of a directive: what follows are its arguments.
    pub(crate) fn enter_directive(&mut self) {
        self.state = State::Directive;
    }

    /// The parser found that the directive has no arguments.
    pub(crate) fn leave_directive(&mut self) {
        self.pop();
    }

    /// The parser is through with `#set(…)`.
    pub(crate) fn leave_set(&mut self) {
        self.in_set = false;
    }

    /// Whether the next thing in the template, blanks aside, is `(`.
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
            // Pieces that only begin a token, until one ends it.
            let (kind, end) = loop {
                let Some((kind, length)) = self.longest_match() else {
                    return Err(LexicalError {
                        at: self.at,
                        at_end: self.at >= self.bytes.len(),
                        inside: self.inside(),
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
                    // The terminator itself goes back; what was begun is text in front of the next
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

    fn inside(&self) -> &'static str {
        match self.state {
            State::Default => "text",
            State::PreDirective => "a directive's `#`",
            State::Directive => "a directive",
            State::Reference | State::Modifier => "a reference",
            State::Arguments => "a method's arguments",
            State::Index => "an index",
            State::LineComment | State::FormalComment | State::BlockComment => "a comment",
            State::TextBlock => "a text block `#[[`",
        }
    }

    /// Handles the pieces that only begin a token; false for everything else.
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

    /// What a finished token does to the state; answers the image's place.
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
            Kind::Integer => {
                let mut end = end;
                if self.source[start..end].ends_with("..") {
                    self.at -= 2;
                    end -= 2;
                }
                if self.opened == 0
                    && !self.in_set
                    && !matches!(self.state, State::Arguments | State::Index)
                {
                    self.pop();
                }
                return (start, end);
            }
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

    /// The longest match here in this state.
    fn longest_match(&self) -> Option<(Kind, usize)> {
        use Kind::{
            And, ArgumentsClose, Assign, BlockComment, BlockCommentOpen, BracketClose, BracketOpen,
            BracketedWord, Colon, Comma, CurlyClose, CurlyOpen, Divide, DollarBang, Dot, DoubleDot,
            DoubleEscape, Else, ElseIf, EmptyIndex, End, Equal, Escape, EscapedDirective, False,
            FormalComment, FormalCommentOpen, Greater, GreaterEqual, Hash, Identifier, If,
            IndexClose, IndexOpen, Less, LessEqual, LineCommentEnd, LineCommentOpen, MapClose,
            MapOpen, Minus, Modulus, Multiply, Not, NotEqual, Or, ParenClose, ParenOpen, Plus,
            True, Whitespace, Word,
        };
        let rest = &self.bytes[self.at..];
        let &first = rest.first()?;
        let mut best = Best(None);
        // In every state: what begins a reference, a directive, a comment.
        match first {
            b'$' | b'\\' => {
                let dollar = self.backslashes_at(self.at);
                if self.byte(self.at + dollar) == Some(b'$') {
                    best.offer(Kind::Dollar, dollar + 1);
                    let bang = self.backslashes_at(self.at + dollar + 1);
                    if self.byte(self.at + dollar + 1 + bang) == Some(b'!') {
                        best.offer(DollarBang, dollar + bang + 2);
                    }
                }
            }
            b'#' => {
                best.offer(Hash, 1);
                best.offer_literal(rest, b"#[[", Kind::TextBlockOpen);
                best.offer_literal(rest, b"#*", BlockCommentOpen);
                if rest.starts_with(b"#**") && rest.get(3).is_some_and(|&byte| byte != b'#') {
                    best.offer(FormalCommentOpen, 3 + self.char_len(self.at + 3));
                }
            }
            _ => {}
        }
        match self.state {
            State::Default => {
                match first {
                    b'\\' => {
                        best.offer(Escape, 1);
                        best.offer_literal(rest, b"\\\\", DoubleEscape);
                        best.offer(EscapedDirective, self.escaped_directive());
                    }
                    b'#' => best.offer_literal(rest, b"##", LineCommentOpen),
                    b'$' => best.offer(EmptyIndex, empty_index(rest)),
                    _ => best.offer(
                        Kind::Text,
                        memchr::memchr3(b'$', b'#', b'\\', rest).unwrap_or(rest.len()),
                    ),
                }
                best.offer(Kind::Set, set_directive(rest));
            }
            State::PreDirective => {
                best.offer_literal(rest, b"##", LineCommentOpen);
                for (name, kind) in [
                    (&b"end"[..], End),
                    (b"{end}", End),
                    (b"else", Else),
                    (b"{else}", Else),
                ] {
                    if rest.starts_with(name) {
                        best.offer(kind, name.len() + blank_line_rest(&rest[name.len()..]));
                    }
                }
                for (name, kind) in [
                    (&b"if"[..], If),
                    (b"{if}", If),
                    (b"elseif", ElseIf),
                    (b"{elseif}", ElseIf),
                ] {
                    best.offer_literal(rest, name, kind);
                }
                numbers(rest, &mut best);
                best.offer(Word, word(rest));
                best.offer(BracketedWord, bracketed_word(rest));
                best.offer(Kind::DirectiveTerminator, self.char_len(self.at));
            }
            State::Directive => {
                for (literal, kind) in [
                    (&b"["[..], BracketOpen),
                    (b"]", BracketClose),
                    (b",", Comma),
                    (b"..", DoubleDot),
                    (b":", Colon),
                    (b"{", MapOpen),
                    (b"}", MapClose),
                    (b"(", ParenOpen),
                    (b"##", LineCommentOpen),
                    (b"true", True),
                    (b"false", False),
                    (b"-", Minus),
                    (b"+", Plus),
                    (b"*", Multiply),
                    (b"/", Divide),
                    (b"%", Modulus),
                    (b"&&", And),
                    (b"and", And),
                    (b"||", Or),
                    (b"or", Or),
                    (b"<", Less),
                    (b"lt", Less),
                    (b"<=", LessEqual),
                    (b"le", LessEqual),
                    (b">", Greater),
                    (b"gt", Greater),
                    (b">=", GreaterEqual),
                    (b"ge", GreaterEqual),
                    (b"==", Equal),
                    (b"eq", Equal),
                    (b"!=", NotEqual),
                    (b"ne", NotEqual),
                    (b"!", Not),
                    (b"not", Not),
                    (b"=", Assign),
                ] {
                    best.offer_literal(rest, literal, kind);
                }
                if first == b')' {
                    best.offer(ParenClose, 1 + blank_line_rest(&rest[1..]));
                }
                best.offer(Whitespace, whitespace(rest));
                best.offer(Kind::String, string_literal(rest));
                numbers(rest, &mut best);
                best.offer(Word, word(rest));
                best.offer(BracketedWord, bracketed_word(rest));
            }
            State::Reference | State::Modifier => {
                if self.state == State::Reference {
                    best.offer_literal(rest, b"##", LineCommentOpen);
                    best.offer(EmptyIndex, empty_index(rest));
                } else {
                    best.offer_literal(rest, b"(", ParenOpen);
                }
                for (literal, kind) in [
                    (&b"["[..], IndexOpen),
                    (b"true", True),
                    (b"false", False),
                    (b"{", CurlyOpen),
                    (b"}", CurlyClose),
                ] {
                    best.offer_literal(rest, literal, kind);
                }
                best.offer(Kind::Set, set_directive(rest));
                best.offer(Identifier, identifier(rest));
                best.offer(Dot, dot(rest));
                best.offer(Kind::ReferenceTerminator, self.char_len(self.at));
            }
            State::Arguments => {
                for (literal, kind) in [
                    (&b"["[..], BracketOpen),
                    (b"]", BracketClose),
                    (b",", Comma),
                    (b"..", DoubleDot),
                    (b":", Colon),
                    (b"{", MapOpen),
                    (b"}", MapClose),
                    (b")", ArgumentsClose),
                    (b"true", True),
                    (b"false", False),
                ] {
                    best.offer_literal(rest, literal, kind);
                }
                best.offer(Kind::Set, set_directive(rest));
                best.offer(Whitespace, whitespace(rest));
                best.offer(Kind::String, string_literal(rest));
                numbers(rest, &mut best);
                best.offer(Identifier, identifier(rest));
                best.offer(Dot, dot(rest));
            }
            State::Index => {
                for (literal, kind) in [(&b"]"[..], IndexClose), (b"true", True), (b"false", False)]
                {
                    best.offer_literal(rest, literal, kind);
                }
                best.offer(Whitespace, whitespace(rest));
                best.offer(Kind::String, string_literal(rest));
                numbers(rest, &mut best);
            }
            State::LineComment => {
                best.offer(LineCommentEnd, line_end(rest));
                best.offer(Kind::SkippedChar, self.char_len(self.at));
            }
            State::FormalComment => {
                best.offer_literal(rest, b"*#", FormalComment);
                best.offer(Kind::SkippedChar, self.char_len(self.at));
            }
            State::BlockComment => {
                best.offer_literal(rest, b"*#", BlockComment);
                best.offer(Kind::SkippedChar, self.char_len(self.at));
            }
            State::TextBlock => {
                best.offer_literal(rest, b"]]#", Kind::TextBlock);
                best.offer(Kind::TextBlockChar, self.char_len(self.at));
            }
        }
        best.0
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn char_len(&self, at: usize) -> usize {
        self.source[at..].chars().next().map_or(0, char::len_utf8)
    }

    /// How many backslashes stand from `at` on.
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

/// The best match so far: longer wins, of equally long ones the earlier kind.
struct Best(Option<(Kind, usize)>);

impl Best {
    fn offer(&mut self, kind: Kind, length: usize) {
        let better = match self.0 {
            None => length > 0,
            Some((best, longest)) => length > longest || (length == longest && kind < best),
        };
        if better {
            self.0 = Some((kind, length));
        }
    }

    fn offer_literal(&mut self, rest: &[u8], literal: &[u8], kind: Kind) {
        if rest.starts_with(literal) {
            self.offer(kind, literal.len());
        }
    }
}

/// Of what was begun and led to nothing, `$` and `#` are text; backslashes only in front of `$`.
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
    #[case("$a.b c", &[(Kind::Identifier, "$a"), (Kind::Dot, "."), (Kind::Identifier, "b"), (Kind::Text, " c")])]
    #[case("$a. b", &[(Kind::Identifier, "$a"), (Kind::Text, ". b")])]
    #[case("${a}b", &[(Kind::CurlyOpen, "${"), (Kind::Identifier, "a"), (Kind::CurlyClose, "}"), (Kind::Text, "b")])]
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
