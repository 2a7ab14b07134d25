//! The lexer's types: kinds of tokens, states, tokens and errors.

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

/// What the lexer is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
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

/// A token: the span of its image, and the special text before it (`$` or `#` that began nothing).
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Text in front of the token that belongs to what it prints.
    pub(crate) special: Option<Box<str>>,
}

/// A location where no token starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LexicalError {
    pub(crate) at: usize,
    /// The template ended inside a token.
    pub(crate) at_end: bool,
    pub(crate) inside: State,
}

impl State {
    /// Its name in errors.
    pub(crate) fn name(self) -> &'static str {
        match self {
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
}
