//! Expressions: literals, ranges, operators and arguments.

use std::sync::Arc;

use super::{Parse, Parser, Place};
use crate::ast::{Binary, Expr, Interpolated, Operator};
use crate::error::{ParseErrorKind, Span};
use crate::lexer::Kind;
use crate::text::Text;

/// The tokens of an operand: `+` prints them if the operand is null.
#[derive(Clone, Copy)]
pub(super) struct Tokens {
    first: usize,
    last: usize,
}

fn operator(kind: Kind) -> Option<(Operator, u8)> {
    Some(match kind {
        Kind::Or => (Operator::Or, 1),
        Kind::And => (Operator::And, 2),
        Kind::Equal => (Operator::Equal, 3),
        Kind::NotEqual => (Operator::NotEqual, 3),
        Kind::Less => (Operator::Less, 4),
        Kind::Greater => (Operator::Greater, 4),
        Kind::LessEqual => (Operator::LessEqual, 4),
        Kind::GreaterEqual => (Operator::GreaterEqual, 4),
        Kind::Plus => (Operator::Add, 5),
        Kind::Minus => (Operator::Subtract, 5),
        Kind::Multiply => (Operator::Multiply, 6),
        Kind::Divide => (Operator::Divide, 6),
        Kind::Modulus => (Operator::Modulo, 6),
        _ => return None,
    })
}

impl Parser<'_, '_> {
    /// A whole expression, and its tokens.
    pub(super) fn expression(&mut self) -> Parse<(Expr, Tokens)> {
        let first = self.next;
        let (expr, _) = self.nested(|parser| parser.binary(1))?;
        Ok((
            expr,
            Tokens {
                first,
                last: self.next - 1,
            },
        ))
    }

    fn binary(&mut self, minimum: u8) -> Parse<(Expr, Tokens)> {
        let (mut left, mut left_tokens) = self.unary()?;
        while let Some((operator, precedence)) = operator(self.peek()?) {
            if precedence < minimum {
                break;
            }
            let sign = self.advance()?;
            let first = self.next;
            let (right, right_tokens) = self.binary(precedence + 1)?;
            let literals = (operator == Operator::Add).then(|| {
                (
                    self.literal_between(left_tokens),
                    self.literal_between(right_tokens),
                )
            });
            let token = &self.tokens[sign];
            let span = self.outer(Span::new(token.start, token.end));
            left = Expr::Binary(Box::new(Binary {
                operator,
                left,
                right,
                literals,
                span,
            }));
            // Velocity's node for an operator begins behind the operator: only that part is printed
            // as its literal.
            left_tokens = Tokens {
                first,
                last: self.next - 1,
            };
        }
        Ok((left, left_tokens))
    }

    fn literal_between(&self, tokens: Tokens) -> Box<str> {
        (tokens.first..=tokens.last)
            .map(|index| self.literal_of(index))
            .collect::<String>()
            .into()
    }

    fn unary(&mut self) -> Parse<(Expr, Tokens)> {
        let blank = self.peek()? == Kind::Whitespace;
        if self.peek_at(usize::from(blank))? == Kind::Not {
            self.skip_whitespace()?;
            self.advance()?;
            let first = self.next;
            let (operand, _) = self.nested(Self::unary)?;
            return Ok((
                Expr::Not(Box::new(operand)),
                Tokens {
                    first,
                    last: self.next - 1,
                },
            ));
        }
        self.primary()
    }

    fn primary(&mut self) -> Parse<(Expr, Tokens)> {
        self.skip_whitespace()?;
        let first = self.next;
        let (expr, tokens) =
            match self.peek()? {
                Kind::ParenOpen => {
                    self.advance()?;
                    let inner = self.expression()?;
                    self.expect(Kind::ParenClose, "an operator or `)`")?;
                    inner
                }
                kind if Self::starts_parameter(kind) => {
                    let expr = self.nested(Self::operand)?;
                    (
                        expr,
                        Tokens {
                            first,
                            last: self.next - 1,
                        },
                    )
                }
                Kind::Word => {
                    let word = self.shown(self.next);
                    return Err(self.unexpected(&format!(
                        "a value (write a reference as `${word}`, a string as `\"{word}\"`)"
                    )));
                }
                _ => return Err(self.unexpected(
                    "a value: a reference, a string, a number, a list, a map or `true` or `false`",
                )),
            };
        self.skip_whitespace()?;
        Ok((expr, tokens))
    }

    /// Whether the next token can begin an argument of a method, or an element of a list or map.
    pub(super) fn starts_parameter(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::String
                | Kind::Integer
                | Kind::Float
                | Kind::BracketOpen
                | Kind::MapOpen
                | Kind::True
                | Kind::False
                | Kind::Identifier
                | Kind::CurlyOpen
        )
    }

    /// An argument of a method, or an element of a list or map.
    pub(super) fn parameter(&mut self) -> Parse<Expr> {
        self.skip_whitespace()?;
        if !Self::starts_parameter(self.peek()?) {
            return Err(self.unexpected(
                "a value: a reference, a string, a number, a list, a map or `true` or `false`",
            ));
        }
        let expr = self.nested(Self::operand)?;
        self.skip_whitespace()?;
        Ok(expr)
    }

    /// A value without operators, if one starts here.
    pub(super) fn operand(&mut self) -> Parse<Expr> {
        match self.peek()? {
            Kind::BracketOpen if self.starts_range()? => self.range(),
            Kind::BracketOpen => self.list(),
            Kind::MapOpen => self.map(),
            _ => self.simple_operand(),
        }
    }

    pub(super) fn simple_operand(&mut self) -> Parse<Expr> {
        Ok(match self.peek()? {
            Kind::String => self.string_literal()?,
            Kind::Integer => {
                let index = self.advance()?;
                integer(self.image(index))
            }
            Kind::Float => {
                let index = self.advance()?;
                Expr::Double(self.image(index).parse().unwrap_or(f64::NAN))
            }
            Kind::True => {
                self.advance()?;
                Expr::Bool(true)
            }
            Kind::False => {
                self.advance()?;
                Expr::Bool(false)
            }
            _ => Expr::Reference(Box::new(self.reference()?)),
        })
    }

    /// `[`, a reference or an integer, `..`: decided by reading ahead.
    fn starts_range(&mut self) -> Parse<bool> {
        let at = self.next;
        if let Some(&known) = self.ranges.get(&at) {
            return Ok(known);
        }
        self.advance()?;
        self.skip_whitespace()?;
        let found = match self.peek()? {
            Kind::Integer => {
                self.advance()?;
                self.skip_whitespace()?;
                self.peek()? == Kind::DoubleDot
            }
            Kind::Identifier | Kind::CurlyOpen => match self.reference() {
                Ok(_) => {
                    self.skip_whitespace()?;
                    self.peek()? == Kind::DoubleDot
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        ParseErrorKind::Lexical | ParseErrorKind::Depth
                    ) =>
                {
                    return Err(error);
                }
                Err(_) => false,
            },
            _ => false,
        };
        self.next = at;
        self.ranges.insert(at, found);
        Ok(found)
    }

    fn range(&mut self) -> Parse<Expr> {
        let first = self.next;
        self.advance()?;
        let from = self.range_end()?;
        self.expect(Kind::DoubleDot, "`..`")?;
        let to = self.range_end()?;
        self.expect(Kind::BracketClose, "`]` behind the range")?;
        Ok(Expr::Range(Box::new((from, to)), self.span_since(first)))
    }

    fn range_end(&mut self) -> Parse<Expr> {
        self.skip_whitespace()?;
        let end = match self.peek()? {
            Kind::Integer | Kind::Identifier | Kind::CurlyOpen => self.simple_operand()?,
            _ => return Err(self.unexpected("an integer or a reference as the end of the range")),
        };
        self.skip_whitespace()?;
        Ok(end)
    }

    fn list(&mut self) -> Parse<Expr> {
        self.advance()?;
        let mut items = Vec::new();
        if self.peek()? != Kind::BracketClose {
            loop {
                items.push(self.parameter()?);
                if !self.accept(Kind::Comma)? {
                    break;
                }
            }
        }
        self.expect(Kind::BracketClose, "`,` or `]` in the list")?;
        Ok(Expr::List(items))
    }

    fn map(&mut self) -> Parse<Expr> {
        self.advance()?;
        let mut entries = Vec::new();
        let blank = self.peek()? == Kind::Whitespace;
        if matches!(
            self.peek_at(usize::from(blank))?,
            Kind::MapClose | Kind::CurlyClose
        ) {
            self.skip_whitespace()?;
        } else {
            loop {
                let key = self.parameter()?;
                self.expect(Kind::Colon, "`:` after the key of the map")?;
                entries.push((key, self.parameter()?));
                if !self.accept(Kind::Comma)? {
                    break;
                }
            }
        }
        if !self.accept(Kind::MapClose)? {
            self.expect(Kind::CurlyClose, "`,` or `}` in the map")?;
        }
        Ok(Expr::Map(entries))
    }

    fn string_literal(&mut self) -> Parse<Expr> {
        let index = self.advance()?;
        let image = self.image(index);
        let token = Span::new(self.tokens[index].start, self.tokens[index].end);
        // A `$` or `#` that led to nothing may be in the token before the quote.
        let Some(quote) = image.chars().next() else {
            return Ok(Expr::Text(Text::from("")));
        };
        let inner = image
            .get(quote.len_utf8()..image.len() - 1)
            .unwrap_or_default();
        let value = if quote == '"' {
            self.unescape(inner, token)?
        } else {
            Text::from(inner)
        };
        let doubled: &str = if quote == '"' { "\"\"" } else { "''" };
        let value = match value.as_str() {
            Some(text) if matches!(quote, '"' | '\'') && text.contains(doubled) => {
                Text::from(text.replace(doubled, &doubled[1..]))
            }
            _ => value,
        };
        if quote != '"' || !image.contains(['$', '#']) {
            return Ok(Expr::Text(value.into_owned()));
        }
        let text = value.to_str();
        // Without a space behind it, a `$` or `#` at the end would be half a token.
        let padded = !text.contains("##");
        let source = if padded {
            format!("{text} ")
        } else {
            text.clone().into_owned()
        };
        let place = match self.place {
            Place::At(offset) if *text == *inner => Place::At(offset + token.start + 1),
            Place::At(_) => Place::Within(self.outer(token)),
            within @ Place::Within(_) => within,
        };
        let mut parser = Parser::new(&source, self.template, place, self.options, self.depth);
        let nodes = parser.template()?;
        for (name, definition) in parser.macros {
            self.macros.entry(name).or_insert(definition);
        }
        Ok(Expr::Interpolated(Interpolated { nodes, padded }))
    }

    /// `\uXXXX` is the only escape in a string.
    fn unescape<'t>(&self, inner: &'t str, token: Span) -> Parse<Text<'t>> {
        if !inner.contains("\\u") {
            return Ok(Text::from(inner));
        }
        let mut units = Vec::new();
        let mut rest = inner;
        while let Some(at) = rest.find("\\u") {
            units.extend(rest[..at].encode_utf16());
            let digits: String = rest[at + 2..].chars().take(4).collect();
            let unit = i32::from_str_radix(&digits, 16)
                .ok()
                .filter(|_| digits.encode_utf16().count() == 4);
            let Some(unit) = unit else {
                let message = format!(
                    "`\\u{digits}` in a string is not a character: `\\u` needs four hexadecimal \
                     digits"
                );
                return Err(self.error(ParseErrorKind::Lexical, self.outer(token), message));
            };
            // Java accepts a sign, and the low sixteen bits are the character.
            units.push((unit & 0xFFFF) as u16);
            rest = &rest[at + 2 + digits.len()..];
        }
        units.extend(rest.encode_utf16());
        Ok(Text::from_units(&units))
    }
}

/// An integer literal is the smallest of int, long and big integer that can hold it.
fn integer(image: &str) -> Expr {
    if let Ok(value) = image.parse() {
        Expr::Int(value)
    } else if let Ok(value) = image.parse() {
        Expr::Long(value)
    } else {
        Expr::BigInt(Arc::new(image.parse().unwrap_or_default()))
    }
}
