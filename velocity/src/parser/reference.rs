//! References: `$name`, `${name}`, `$!name`, with properties, method calls and indexes, and their
//! escapes.

use std::sync::Arc;

use super::{Parse, Parser};
use crate::ast::{Expr, Form, PATTERN_METHODS, Reference, Step, StepKind};
use crate::error::{ParseErrorKind, Span};
use crate::lexer::Kind;
use crate::regex::{Pattern, PatternError};

impl Parser<'_, '_> {
    pub(super) fn reference(&mut self) -> Parse<Reference> {
        let first = self.next;
        let curly = self.accept(Kind::CurlyOpen)?;
        let name = self.expect(Kind::Identifier, "a name")?;
        let mut steps = Vec::new();
        self.indexes(&mut steps)?;
        while self.peek()? == Kind::Dot && self.peek_at(1)? == Kind::Identifier {
            self.advance()?;
            steps.push(if self.starts_method()? {
                self.nested(Self::method)?
            } else {
                self.property()?
            });
            self.indexes(&mut steps)?;
        }
        if curly && !self.accept(Kind::CurlyClose)? {
            return Err(self.unexpected(&format!("`}}` behind `{}`", self.shown_since(first))));
        }
        Ok(self.finish_reference(first, name, steps))
    }

    fn shown_since(&self, first: usize) -> String {
        let start = self.tokens[first].start;
        let text = &self.source[start..self.tokens[self.next - 1].end];
        text.chars().take(40).collect()
    }

    fn indexes(&mut self, steps: &mut Vec<Step>) -> Parse<()> {
        while self.peek()? == Kind::IndexOpen {
            let first = self.advance()?;
            let index = self.nested(Self::index_parameter)?;
            self.expect(
                Kind::IndexClose,
                "`]` after the index: a string, an integer, a boolean or a reference",
            )?;
            steps.push(Step {
                kind: StepKind::Index(Box::new(index)),
                span: self.span_since(first),
            });
        }
        Ok(())
    }

    fn index_parameter(&mut self) -> Parse<Expr> {
        self.skip_whitespace()?;
        let index = match self.peek()? {
            Kind::String
            | Kind::Integer
            | Kind::True
            | Kind::False
            | Kind::Identifier
            | Kind::CurlyOpen => self.simple_operand()?,
            _ => {
                return Err(
                    self.unexpected("an index: a string, an integer, a boolean or a reference")
                );
            }
        };
        self.skip_whitespace()?;
        Ok(index)
    }

    /// Whether `name(` and an argument or `)` follow.
    fn starts_method(&mut self) -> Parse<bool> {
        if self.peek()? != Kind::Identifier || self.peek_at(1)? != Kind::ParenOpen {
            return Ok(false);
        }
        let kind = self.peek_at(2)?;
        Ok(matches!(kind, Kind::ArgumentsClose | Kind::Whitespace) || Self::starts_parameter(kind))
    }

    fn property(&mut self) -> Parse<Step> {
        let index = self.advance()?;
        Ok(Step {
            kind: StepKind::Property(self.image(index).into()),
            span: self.span_since(index),
        })
    }

    fn method(&mut self) -> Parse<Step> {
        let first = self.advance()?;
        let name = self.image(first);
        self.expect(Kind::ParenOpen, "`(`")?;
        let mut arguments = Vec::new();
        let mut spans = Vec::new();
        if self.peek()? != Kind::ArgumentsClose {
            loop {
                let start = self.next;
                arguments.push(self.parameter()?);
                spans.push(self.span_since(start));
                if !self.accept(Kind::Comma)? {
                    break;
                }
            }
        }
        self.expect(
            Kind::ArgumentsClose,
            &format!("`,` or `)` in the arguments of `{name}`"),
        )?;
        let pattern = match arguments.first() {
            Some(Expr::Text(text)) if PATTERN_METHODS.contains(&name) => {
                match Pattern::compile(text) {
                    Ok(pattern) => Some(Arc::new(pattern)),
                    // A pattern that Java refuses too fails when it is rendered.
                    Err(PatternError::Invalid(_)) => None,
                    Err(PatternError::Unsupported(message)) => {
                        let span = spans.first().copied().unwrap_or(Span::new(0, 0));
                        return Err(self.error(ParseErrorKind::Regex, span, message));
                    }
                }
            }
            _ => None,
        };
        Ok(Step {
            kind: StepKind::Method {
                name: name.into(),
                arguments,
                pattern,
            },
            span: self.span_since(first),
        })
    }

    /// What a reference is and how it prints follows from the image of its first token, which
    /// includes everything before the name.
    fn finish_reference(&mut self, first: usize, name: usize, steps: Vec<Step>) -> Reference {
        let image = self.image(first);
        let mut reference = Reference {
            form: Form::Plain,
            root: self.image(name).into(),
            steps,
            escaped: false,
            escape_prefix: "".into(),
            text_prefix: "".into(),
            null_text: "".into(),
            computable: true,
            bare_name: "".into(),
            literal: "".into(),
            span: self.span_since(first),
        };
        if let Some(text) = slash_bang(image) {
            reference.root = text.as_str().into();
            reference.null_text = text.into();
            reference.computable = false;
        } else {
            let backslashes = image.bytes().take_while(|&byte| byte == b'\\').count();
            reference.escaped = backslashes % 2 == 1;
            reference.escape_prefix = image[..backslashes / 2].into();
            let rest = &image[backslashes..];
            let dollar = rest.rfind('$').unwrap_or(0);
            reference.text_prefix = rest[..dollar].into();
            let rest = &rest[dollar..];
            // From here on the token is taken without the text before its `$`.
            self.tokens[first].start += backslashes + dollar;
            reference.null_text = self.literal_since(first);
            if let Some(behind) = rest.strip_prefix("$!") {
                reference.form = Form::Quiet;
                if !reference.escaped {
                    reference.null_text = "".into();
                }
                if !rest.starts_with("$!{") {
                    reference.root = behind.into();
                }
            } else if rest == "${" {
                // The name is a separate token.
            } else if let Some(name) = rest.strip_prefix('$') {
                reference.root = name.into();
            } else {
                reference.form = Form::Runt;
                reference.root = rest.into();
            }
        }
        let image = self.image(first);
        reference.bare_name = image
            .char_indices()
            .nth(1)
            .map_or("", |(at, _)| &image[at..])
            .into();
        reference.literal = self.literal_since(first);
        reference
    }
}

/// `$\!name` is not a reference; it prints with one backslash fewer.
fn slash_bang(image: &str) -> Option<String> {
    if !image.contains("\\!") {
        return None;
    }
    let dollar = image.find('$')?;
    let start = dollar + image[dollar..].find('\\')?;
    Some(format!("{}{}", &image[..start], &image[start + 1..]))
}
