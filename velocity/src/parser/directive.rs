//! Directives other than `#set` and `#if`: loops, definitions, macros and their calls.

use std::sync::Arc;

use super::{Parse, Parser};
use crate::ast::{Block, Call, Expr, Foreach, LoopBody, Macro, Node};
use crate::error::ParseErrorKind;
use crate::lexer::Kind;

/// The arguments of a directive, and where each starts.
#[derive(Default)]
struct Arguments {
    exprs: Vec<Expr>,
    /// Index of the first token of each.
    tokens: Vec<usize>,
    literals: Vec<Box<str>>,
}

/// What the name behind a `#` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// A directive that the options allow.
    Directive,
    /// Something else: a macro, or text.
    Other,
}

impl Parser<'_, '_> {
    pub(super) fn directive(&mut self) -> Parse<Node> {
        let first = self.advance()?;
        let image = self.image(first);
        let name = match self.tokens[first].kind {
            Kind::BracketedWord => image.get(2..image.len() - 1).unwrap_or_default(),
            _ => image
                .char_indices()
                .nth(1)
                .map_or("", |(at, _)| &image[at..]),
        };
        let known = self.options.has_directive(name);
        let named = if known {
            Named::Directive
        } else {
            Named::Other
        };
        let takes_block = name.starts_with('@')
            || (known && matches!(name, "foreach" | "define" | "literal" | "macro"));
        self.lexer.enter_directive();
        if !self.lexer.at_parenthesis() {
            return self.directive_without_arguments(first, name, named);
        }
        let arguments = self.arguments(name, named)?;
        if !takes_block {
            return self.line_directive(first, name, named, arguments);
        }
        let block_start = self.next;
        let body = self.statements()?;
        let block_end = self.next;
        if !self.accept(Kind::End)? {
            return Err(self.unclosed(first, &format!("#{name}")));
        }
        self.block_directive(first, name, arguments, body, block_start..block_end)
    }

    fn directive_without_arguments(
        &mut self,
        first: usize,
        name: &str,
        named: Named,
    ) -> Parse<Node> {
        let known = named == Named::Directive;
        if name == "macro" {
            return Err(self.bad_arguments(
                first,
                "`#macro` needs at least a name: `#macro(name $argument)`",
            ));
        }
        self.lexer.leave_directive();
        let span = self.span_since(first);
        Ok(match name {
            "break" if known => Node::Break { scope: None, span },
            "stop" if known => Node::Stop,
            "include" if known => Node::Text("".into()),
            "parse" if known => Node::Broken {
                message: "`#parse` needs an argument",
                span,
            },
            _ if known => {
                return Err(
                    self.bad_arguments(first, &format!("`#{name}` needs arguments in parentheses"))
                );
            }
            _ if name.starts_with('@') => Node::Text(format!("#{name}").into()),
            _ => self.call(first, name, Arguments::default(), None),
        })
    }

    fn bad_arguments(&self, first: usize, message: &str) -> Box<crate::ParseError> {
        self.error(ParseErrorKind::Arguments, self.span_since(first), message)
    }

    /// `(`, values separated by blanks or commas, `)`.
    fn arguments(&mut self, name: &str, named: Named) -> Parse<Arguments> {
        let takes_values = named == Named::Directive || name == "macro";
        let mut arguments = Arguments::default();
        self.skip_whitespace()?;
        self.expect(Kind::ParenOpen, "`(`")?;
        loop {
            self.skip_whitespace()?;
            if self.accept(Kind::Comma)? {
                self.skip_whitespace()?;
            } else if self.peek()? == Kind::ParenClose {
                self.advance()?;
                return Ok(arguments);
            }
            let start = self.next;
            let argument = match self.peek()? {
                Kind::Word => {
                    let index = self.advance()?;
                    Expr::Word(self.image(index).into())
                }
                kind if Self::starts_parameter(kind) => self.nested(Self::operand)?,
                _ => return Err(self.unexpected(&format!("an argument of `#{name}` or `)`"))),
            };
            let position = arguments.exprs.len();
            let is_word = matches!(argument, Expr::Word(_));
            if name == "macro" && position == 0 {
                if !is_word {
                    return Err(self.bad_arguments(
                        start,
                        "the first argument of `#macro` is the macro's name, a bare word",
                    ));
                }
            } else if is_word && takes_values && !(name == "foreach" && position == 1) {
                let word = self.shown(start);
                let message = match name {
                    "foreach" => format!(
                        "`{word}` is not a value; write a loop as `#foreach($item in $list)`"
                    ),
                    _ => format!("`{word}` is not a value, and `#{name}` accepts only values"),
                };
                return Err(self.bad_arguments(start, &message));
            }
            arguments.exprs.push(argument);
            arguments.tokens.push(start);
            arguments.literals.push(self.literal_since(start));
        }
    }

    fn line_directive(
        &mut self,
        first: usize,
        name: &str,
        named: Named,
        arguments: Arguments,
    ) -> Parse<Node> {
        let known = named == Named::Directive;
        let span = self.span_since(first);
        let count = arguments.exprs.len();
        let mut exprs = arguments.exprs;
        Ok(match name {
            "break" | "stop" if known && count > 1 => {
                return Err(
                    self.bad_arguments(first, &format!("`#{name}` takes at most one argument"))
                );
            }
            "break" if known => Node::Break {
                scope: exprs.pop(),
                span,
            },
            "stop" if known => Node::Stop,
            "evaluate" if known => match (count, exprs.pop()) {
                (
                    1,
                    Some(argument @ (Expr::Text(_) | Expr::Interpolated(_) | Expr::Reference(_))),
                ) => Node::Evaluate { argument, span },
                _ => {
                    return Err(self.bad_arguments(
                        first,
                        "`#evaluate` takes one argument, a string or a reference",
                    ));
                }
            },
            "parse" if known && count == 0 => Node::Broken {
                message: "`#parse` needs an argument",
                span,
            },
            "parse" if known => {
                exprs.truncate(1);
                Node::Resource {
                    directive: "#parse",
                    arguments: exprs,
                    span,
                }
            }
            "include" if known => Node::Resource {
                directive: "#include",
                arguments: exprs,
                span,
            },
            _ => self.call(first, name, Arguments { exprs, ..arguments }, None),
        })
    }

    fn call(
        &mut self,
        first: usize,
        name: &str,
        arguments: Arguments,
        body: Option<Block>,
    ) -> Node {
        let literal: String = (first..self.next)
            .map(|index| self.written(index))
            .collect();
        Node::Call(Arc::new(Call {
            name: name.trim_start_matches('@').into(),
            arguments: arguments.exprs,
            literals: arguments.literals,
            body,
            literal: literal.into(),
            span: self.span_since(first),
        }))
    }

    fn block_directive(
        &mut self,
        first: usize,
        name: &str,
        arguments: Arguments,
        body: Block,
        block: std::ops::Range<usize>,
    ) -> Parse<Node> {
        let mut exprs = arguments.exprs;
        match name {
            "foreach" => Ok(self.foreach(first, exprs, &arguments.tokens, body)),
            "define" => {
                if exprs.len() != 1 {
                    return Err(self.bad_arguments(
                        first,
                        "`#define` takes one argument, the reference to define",
                    ));
                }
                Ok(Node::Define {
                    key: self.bare_name(&exprs[0], arguments.tokens[0]),
                    body,
                })
            }
            "literal" => {
                if !exprs.is_empty() || block.is_empty() {
                    return Err(self
                        .bad_arguments(first, "`#literal()` takes no argument and needs a block"));
                }
                let text: String = block.map(|index| self.literal_of(index)).collect();
                Ok(Node::Text(text.into()))
            }
            "macro" => {
                let parameters = exprs
                    .iter()
                    .zip(&arguments.tokens)
                    .skip(1)
                    .map(|(expr, &token)| self.parameter_name(expr, token))
                    .collect();
                let Some(Expr::Word(name)) = exprs.drain(..).next() else {
                    return Err(self.bad_arguments(
                        first,
                        "`#macro` needs at least a name: `#macro(name $argument)`",
                    ));
                };
                self.macro_names.push(name.clone());
                if self.options.inline_macros {
                    self.macros
                        .entry(name)
                        .or_insert_with(|| Arc::new(Macro { parameters, body }));
                }
                Ok(Node::Text("".into()))
            }
            _ => Ok(self.call(first, name, Arguments { exprs, ..arguments }, Some(body))),
        }
    }

    fn foreach(
        &mut self,
        first: usize,
        mut exprs: Vec<Expr>,
        tokens: &[usize],
        body: Block,
    ) -> Node {
        let span = self.span_since(first);
        if exprs.len() < 2 {
            return Node::Broken {
                message: "`#foreach` needs a reference, `in` and a list: `#foreach($item in \
                    $list)`",
                span,
            };
        }
        let key = match &exprs[0] {
            Expr::Reference(reference) => (*reference.root).into(),
            other => self.bare_name(other, tokens[0]),
        };
        let body = if exprs.len() > 3 {
            LoopBody::Argument(exprs.swap_remove(3))
        } else {
            LoopBody::Block(body)
        };
        let list = if exprs.len() > 2 {
            Some(exprs.swap_remove(2))
        } else {
            None
        };
        Node::Foreach(Box::new(Foreach {
            key,
            list,
            body,
            span,
        }))
    }

    /// The first token of an argument without its first character: how Velocity finds the name in
    /// `$name`.
    fn bare_name(&self, expr: &Expr, token: usize) -> Box<str> {
        match expr {
            Expr::Reference(reference) => reference.bare_name.clone(),
            _ => {
                let image = self.image(token);
                image
                    .char_indices()
                    .nth(1)
                    .map_or("", |(at, _)| &image[at..])
                    .into()
            }
        }
    }

    fn parameter_name(&self, expr: &Expr, token: usize) -> Box<str> {
        match expr {
            Expr::Reference(_) if self.image(token).starts_with('$') => self.bare_name(expr, token),
            _ => self.image(token).into(),
        }
    }
}
