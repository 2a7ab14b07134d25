//! Builds the tree from tokens: the statements. Expressions and references are in
//! `parser/expression.rs` and `parser/reference.rs`.

mod directive;
mod expression;
mod reference;

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::{Block, If, Macro, Node, Set};
use crate::error::{ParseError, ParseErrorKind, Span};
use crate::lexer::{Kind, Lexer, LexicalError, State, Token};
use crate::options::Options;

/// A parsed template: what prints, and the macros it defines.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) nodes: Block,
    pub(crate) macros: HashMap<Box<str>, Arc<Macro>>,
}

/// Parses a whole template.
pub(crate) fn parse(source: &str, options: &Options) -> Result<Parsed, ParseError> {
    let mut parser = Parser::new(source, source, Place::At(0), options, 0);
    let nodes = parser.template()?;
    Ok(Parsed {
        nodes,
        macros: parser.macros,
    })
}

/// How a position in the text being parsed relates to the template.
#[derive(Clone, Copy)]
enum Place {
    /// Starts at this byte of the template.
    At(usize),
    /// The text is the value of a literal that was written differently: only the literal's span is
    /// known.
    Within(Span),
}

struct Parser<'s, 'o> {
    /// The text being parsed: the template, or the contents of a string literal.
    source: &'s str,
    /// The template, for locations in errors.
    template: &'s str,
    place: Place,
    options: &'o Options,
    lexer: Lexer<'s>,
    tokens: Vec<Token>,
    /// Index of the next token.
    next: usize,
    depth: usize,
    macros: HashMap<Box<str>, Arc<Macro>>,
    /// Names of all macros defined so far, including those that are not allowed: an escaped call of
    /// one loses its backslash.
    macro_names: Vec<Box<str>>,
    /// Whether a range starts at a token: asked at every level of nesting, computed once.
    ranges: HashMap<usize, bool>,
    /// What escaped directives are without their backslashes: a literal around them prints them so.
    unescaped: HashMap<usize, Box<str>>,
}

/// Boxed, since a parse error is large.
type Parse<T> = Result<T, Box<ParseError>>;

impl<'s, 'o> Parser<'s, 'o> {
    fn new(
        source: &'s str,
        template: &'s str,
        place: Place,
        options: &'o Options,
        depth: usize,
    ) -> Self {
        Parser {
            source,
            template,
            place,
            options,
            lexer: Lexer::new(source),
            tokens: Vec::new(),
            next: 0,
            depth,
            macros: HashMap::new(),
            macro_names: Vec::new(),
            ranges: HashMap::new(),
            unescaped: HashMap::new(),
        }
    }

    fn template(&mut self) -> Result<Block, ParseError> {
        let nodes = self.statements().map_err(|error| *error)?;
        let token = self.peek().map_err(|error| *error)?;
        match token {
            Kind::EndOfTemplate => Ok(nodes),
            Kind::End => Err(*self.error_here(
                ParseErrorKind::Unexpected,
                "`#end` without an open directive",
            )),
            Kind::Else | Kind::ElseIf => Err(*self.error_here(
                ParseErrorKind::Unexpected,
                format!("`{}` without `#if`", self.shown(self.next)),
            )),
            _ => Err(*self.unexpected("text, a reference or a directive")),
        }
    }

    // Tokens.

    fn fill(&mut self, count: usize) -> Parse<()> {
        while self.tokens.len() < self.next + count {
            match self.lexer.next() {
                Ok(token) => self.tokens.push(token),
                Err(error) => return Err(self.lexical_error(error)),
            }
        }
        Ok(())
    }

    /// The kind of the next token.
    fn peek(&mut self) -> Parse<Kind> {
        self.peek_at(0)
    }

    /// The kind of the token `ahead` tokens on.
    fn peek_at(&mut self, ahead: usize) -> Parse<Kind> {
        self.fill(ahead + 1)?;
        Ok(self.tokens[self.next + ahead].kind)
    }

    /// Consumes the next token and answers its index.
    fn advance(&mut self) -> Parse<usize> {
        self.fill(1)?;
        self.next += 1;
        Ok(self.next - 1)
    }

    fn accept(&mut self, kind: Kind) -> Parse<bool> {
        let found = self.peek()? == kind;
        if found {
            self.next += 1;
        }
        Ok(found)
    }

    fn expect(&mut self, kind: Kind, wanted: &str) -> Parse<usize> {
        if self.peek()? == kind {
            self.advance()
        } else {
            Err(self.unexpected(wanted))
        }
    }

    fn skip_whitespace(&mut self) -> Parse<()> {
        self.accept(Kind::Whitespace).map(drop)
    }

    fn image(&self, index: usize) -> &'s str {
        let token = &self.tokens[index];
        &self.source[token.start..token.end]
    }

    /// The token as a literal prints it.
    fn written(&self, index: usize) -> &str {
        match self.unescaped.get(&index) {
            Some(text) => text,
            None => self.image(index),
        }
    }

    /// The token with the special text in front of it.
    fn literal_of(&self, index: usize) -> String {
        let token = &self.tokens[index];
        if token.kind == Kind::BlockComment {
            return String::new();
        }
        match &token.special {
            Some(special) => format!("{special}{}", self.written(index)),
            None => self.written(index).to_owned(),
        }
    }

    /// The tokens from `first` up to the last one consumed, as written.
    fn literal_since(&self, first: usize) -> Box<str> {
        (first..self.next)
            .map(|index| self.literal_of(index))
            .collect::<String>()
            .into()
    }

    /// The span of the tokens from `first` up to the last one consumed.
    fn span_since(&self, first: usize) -> Span {
        let end = self.tokens[self.next.saturating_sub(1).max(first)].end;
        self.outer(Span::new(self.tokens[first].start, end))
    }

    /// A span of the text being parsed, in the template.
    fn outer(&self, span: Span) -> Span {
        match self.place {
            Place::At(offset) => Span::new(
                span.start + offset,
                (span.end + offset).min(self.template.len()),
            ),
            Place::Within(whole) => whole,
        }
    }

    // Errors.

    fn error(
        &self,
        kind: ParseErrorKind,
        span: Span,
        message: impl Into<String>,
    ) -> Box<ParseError> {
        Box::new(ParseError::new(kind, span, self.template, message))
    }

    fn error_here(&self, kind: ParseErrorKind, message: impl Into<String>) -> Box<ParseError> {
        let span = self
            .tokens
            .get(self.next)
            .map_or(Span::new(self.source.len(), self.source.len()), |token| {
                Span::new(token.start, token.end)
            });
        self.error(kind, self.outer(span), message)
    }

    fn lexical_error(&self, error: LexicalError) -> Box<ParseError> {
        let LexicalError { at, at_end, inside } = error;
        if at_end {
            let message = match inside {
                State::Reference | State::Modifier => {
                    "the template ends in `$`, which begins a reference; write the name, or end \
                     the text differently"
                }
                State::PreDirective => {
                    "the template ends in `#`, which begins a directive; write its name, or end \
                     the text differently"
                }
                State::TextBlock => "the text block opened by `#[[` is never closed by `]]#`",
                _ => "the template ends inside a token that is not complete",
            };
            return self.error(
                ParseErrorKind::Lexical,
                self.outer(Span::new(at.saturating_sub(1), at)),
                message,
            );
        }
        let character = self.source[at..].chars().next().unwrap_or(' ');
        let span = self.outer(Span::new(at, at + character.len_utf8()));
        let hint = match (inside, character) {
            (_, '"' | '\'') => ": the string that starts here has no closing quote",
            (State::Arguments, '(') => {
                ": arguments of a method cannot be put in parentheses; `#set` a variable first"
            }
            (
                State::Arguments | State::Index,
                '+' | '-' | '*' | '/' | '%' | '=' | '<' | '>' | '!' | '&' | '|',
            ) => ": arguments cannot be computed in place; `#set` a variable first",
            _ => "",
        };
        self.error(
            ParseErrorKind::Lexical,
            span,
            format!(
                "unexpected character `{character}` in {}{hint}",
                inside.name()
            ),
        )
    }

    fn shown(&self, index: usize) -> String {
        match self.tokens.get(index) {
            None => "end of template".to_owned(),
            Some(token) if token.kind == Kind::EndOfTemplate => "end of template".to_owned(),
            Some(_) => {
                let image = self.image(index).trim_end();
                let mut shown: String = image.chars().take(30).collect();
                if shown.len() < image.len() {
                    shown.push('…');
                }
                shown
            }
        }
    }

    fn unexpected(&self, wanted: &str) -> Box<ParseError> {
        let found = match self.tokens.get(self.next) {
            Some(token) if token.kind == Kind::Whitespace => "blanks".to_owned(),
            Some(token) if token.kind != Kind::EndOfTemplate => {
                format!("`{}`", self.shown(self.next))
            }
            _ => "the end of the template".to_owned(),
        };
        self.error_here(
            ParseErrorKind::Unexpected,
            format!("expected {wanted}, found {found}"),
        )
    }

    fn unclosed(&self, opener: usize, name: &str) -> Box<ParseError> {
        let token = &self.tokens[opener];
        let span = self.outer(Span::new(token.start, token.end));
        if self
            .tokens
            .get(self.next)
            .is_some_and(|token| token.kind != Kind::EndOfTemplate)
        {
            return self.unexpected("text, a reference, a directive or `#end`");
        }
        self.error(
            ParseErrorKind::Unclosed,
            span,
            format!("`{name}` is never closed by `#end`"),
        )
    }

    /// Runs `parse` one level deeper, up to the limit.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.depth >= self.options.depth {
            // Consumed so that the error points at what is too deep.
            self.fill(1)?;
            let message = format!("nested deeper than {} levels", self.options.depth);
            return Err(self.error_here(ParseErrorKind::Depth, message));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    // Statements.

    fn statements(&mut self) -> Parse<Block> {
        self.nested(|parser| {
            let mut nodes = Vec::new();
            while let Some(node) = parser.statement()? {
                push_node(&mut nodes, node);
            }
            Ok(nodes.into())
        })
    }

    /// One statement, or `None` if none starts here.
    fn statement(&mut self) -> Parse<Option<Node>> {
        let node = match self.peek()? {
            Kind::If => self.if_statement()?,
            Kind::Identifier => Node::Reference(self.reference()?),
            Kind::CurlyOpen if self.peek_at(1)? == Kind::Identifier => {
                Node::Reference(self.reference()?)
            }
            Kind::LineCommentOpen => {
                let index = self.advance()?;
                self.accept(Kind::LineCommentEnd)?;
                self.comment(index)
            }
            Kind::BlockComment | Kind::FormalComment => {
                let index = self.advance()?;
                self.comment(index)
            }
            Kind::TextBlock => {
                let index = self.advance()?;
                let image = self.image(index);
                // As many characters as `#[[` has are removed, whatever they are.
                let from = image
                    .char_indices()
                    .nth(3)
                    .map_or(image.len(), |(at, _)| at);
                Node::Text(image.get(from..image.len() - 3).unwrap_or_default().into())
            }
            Kind::Set => self.set_directive()?,
            Kind::EscapedDirective => self.escaped_directive()?,
            Kind::DoubleEscape => self.escape()?,
            Kind::Word | Kind::BracketedWord => self.directive()?,
            Kind::Text
            | Kind::Dot
            | Kind::ParenOpen
            | Kind::ParenClose
            | Kind::Integer
            | Kind::Float
            | Kind::String
            | Kind::Escape
            | Kind::CurlyOpen
            | Kind::CurlyClose
            | Kind::EmptyIndex => {
                let index = self.advance()?;
                Node::Text(self.literal_of(index).into())
            }
            _ => return Ok(None),
        };
        Ok(Some(node))
    }

    /// A comment prints the text in its token before it: a `$` that began nothing.
    fn comment(&self, index: usize) -> Node {
        let image = self.image(index);
        let end = image.find("##").or_else(|| image.find("#*")).unwrap_or(0);
        Node::Text(image[..end].into())
    }

    fn if_statement(&mut self) -> Parse<Node> {
        let opener = self.advance()?;
        let mut branches = vec![self.condition_and_block("#if")?];
        while self.accept(Kind::ElseIf)? {
            branches.push(self.condition_and_block("#elseif")?);
        }
        let otherwise = if self.accept(Kind::Else)? {
            Some(self.statements()?)
        } else {
            None
        };
        if !self.accept(Kind::End)? {
            return Err(self.unclosed(opener, "#if"));
        }
        Ok(Node::If(If {
            branches,
            otherwise,
        }))
    }

    fn condition_and_block(&mut self, name: &str) -> Parse<(crate::ast::Expr, Block)> {
        self.skip_whitespace()?;
        self.expect(
            Kind::ParenOpen,
            &format!("`(` and a condition after `{name}`"),
        )?;
        let (condition, _) = self.expression()?;
        self.expect(Kind::ParenClose, "an operator or `)`")?;
        Ok((condition, self.statements()?))
    }

    fn set_directive(&mut self) -> Parse<Node> {
        self.advance()?;
        self.skip_whitespace()?;
        if !matches!(self.peek()?, Kind::Identifier | Kind::CurlyOpen) {
            return Err(self.unexpected("the reference to set, as in `#set($name = …)`"));
        }
        let target = self.reference()?;
        self.skip_whitespace()?;
        self.expect(Kind::Assign, "`=` after the reference of `#set`")?;
        let (value, _) = self.expression()?;
        self.expect(Kind::ParenClose, "an operator or `)`")?;
        self.lexer.leave_set();
        Ok(Node::Set(Set { target, value }))
    }

    /// `\#name`: loses backslashes when the name is a directive, else prints as it stands.
    fn escaped_directive(&mut self) -> Parse<Node> {
        let index = self.advance()?;
        let image = self.image(index);
        let backslashes = image.find('#').unwrap_or(0);
        let name = image[backslashes + 1..]
            .trim_start_matches('{')
            .trim_end_matches('}');
        let text = if self.is_directive(name)
            || matches!(name, "if" | "end" | "set" | "else" | "elseif")
        {
            format!(
                "{}{}",
                &image[..(backslashes - 1) / 2],
                &image[backslashes..]
            )
        } else {
            image.to_owned()
        };
        self.unescaped.insert(index, text.as_str().into());
        Ok(Node::Text(text.into()))
    }

    /// `\\`: half of it is printed in front of a directive, all of it elsewhere.
    fn escape(&mut self) -> Parse<Node> {
        let mut count = 0;
        while self.accept(Kind::DoubleEscape)? {
            count += 1;
        }
        let control = match self.peek()? {
            Kind::If | Kind::Else | Kind::ElseIf | Kind::End => true,
            Kind::EndOfTemplate => false,
            _ => {
                let image = self.image(self.next);
                let tag: &str = image
                    .char_indices()
                    .nth(1)
                    .map_or("", |(at, _)| &image[at..]);
                self.is_directive(tag)
            }
        };
        Ok(Node::Text(
            if control { "\\" } else { "\\\\" }.repeat(count).into(),
        ))
    }

    /// Whether a backslash in front of `#name` is an escape.
    fn is_directive(&self, name: &str) -> bool {
        self.options.has_directive(name) || self.macro_names.iter().any(|known| &**known == name)
    }
}

/// Merges adjacent texts.
fn push_node(nodes: &mut Vec<Node>, node: Node) {
    match (nodes.last_mut(), node) {
        (_, Node::Text(text)) if text.is_empty() => {}
        (Some(Node::Text(before)), Node::Text(text)) => {
            let mut joined = std::mem::take(before).into_string();
            joined.push_str(&text);
            *before = joined.into();
        }
        (_, node) => nodes.push(node),
    }
}
