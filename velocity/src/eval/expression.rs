//! Expressions: values, truth, arithmetic and comparison.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Eval, Evaluator};
use crate::ast::{Binary, Expr, Interpolated, Operator};
use crate::error::{Failure, RenderErrorKind, Span};
use crate::text::{Text, TextBuf};
use crate::value::frame::FrameRef;
use crate::value::{ListKind, Map, Value};

/// Numbers that one range may hold.
const MAX_RANGE: u64 = 1_000_000;

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn value(&mut self, expr: &Expr, frame: &FrameRef<'a>) -> Eval<Value<'a>> {
        Ok(match expr {
            Expr::Text(text) => Value::String(text.clone()),
            Expr::Interpolated(string) => Value::String(self.interpolate(string, frame)?),
            Expr::Int(value) => Value::Int(*value),
            Expr::Long(value) => Value::Long(*value),
            Expr::BigInt(value) => Value::BigInt(Arc::clone(value)),
            Expr::Double(value) => Value::Double(*value),
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Reference(reference) => {
                self.step(|| reference.span)?;
                if reference.computable {
                    return self.deeper(reference.span, |evaluator| {
                        evaluator.execute(reference, frame)
                    });
                }
                Value::Null
            }
            Expr::List(items) => {
                self.charge(32 * items.len() + 32, Span::new(0, 0))?;
                self.deeper(Span::new(0, 0), |evaluator| {
                    items
                        .iter()
                        .map(|item| evaluator.value(item, frame))
                        .collect::<Eval<Vec<_>>>()
                })
                .map(Value::list)?
            }
            Expr::Map(entries) => {
                self.charge(96 * entries.len() + 96, Span::new(0, 0))?;
                self.deeper(Span::new(0, 0), |evaluator| {
                    let map = Map::new();
                    for (key, value) in entries {
                        let key = evaluator.value(key, frame)?;
                        map.insert(key, evaluator.value(value, frame)?);
                    }
                    Ok(Value::Map(map))
                })?
            }
            Expr::Range(ends, span) => self.range(&ends.0, &ends.1, *span, frame)?,
            Expr::Not(operand) => Value::Bool(
                !self.deeper(Span::new(0, 0), |evaluator| evaluator.truth(operand, frame))?,
            ),
            Expr::Binary(binary) => {
                return self.deeper(binary.span, |evaluator| evaluator.binary(binary, frame));
            }
            Expr::Word(_) => Value::Null,
        })
    }

    /// Whether a condition holds. A literal other than `true` never does.
    pub(super) fn truth(&mut self, expr: &Expr, frame: &FrameRef<'a>) -> Eval<bool> {
        match expr {
            Expr::Bool(value) => Ok(*value),
            Expr::Reference(reference) => {
                self.step(|| reference.span)?;
                match self.execute(reference, frame)? {
                    Value::Null => Ok(false),
                    Value::Bool(value) => Ok(value),
                    Value::Block(block) => {
                        // Velocity renders it to see whether it gives text.
                        if block.depth.get() >= block.max_depth {
                            return Ok(false);
                        }
                        self.deeper(reference.span, |evaluator| {
                            evaluator.render_block(&block, &mut TextBuf::new())
                        })?;
                        Ok(true)
                    }
                    _ => Ok(true),
                }
            }
            Expr::Not(operand) => {
                Ok(!self.deeper(Span::new(0, 0), |evaluator| evaluator.truth(operand, frame))?)
            }
            Expr::Binary(binary) => match binary.operator {
                Operator::Or => Ok(self.operand_truth(binary, &binary.left, frame)?
                    || self.operand_truth(binary, &binary.right, frame)?),
                Operator::And => Ok(self.operand_truth(binary, &binary.left, frame)?
                    && self.operand_truth(binary, &binary.right, frame)?),
                Operator::Add
                | Operator::Subtract
                | Operator::Multiply
                | Operator::Divide
                | Operator::Modulo => Ok(false),
                _ => Ok(matches!(
                    self.deeper(binary.span, |evaluator| evaluator.binary(binary, frame))?,
                    Value::Bool(true)
                )),
            },
            _ => Ok(false),
        }
    }

    fn operand_truth(
        &mut self,
        binary: &Binary,
        operand: &Expr,
        frame: &FrameRef<'a>,
    ) -> Eval<bool> {
        self.deeper(binary.span, |evaluator| evaluator.truth(operand, frame))
    }

    fn interpolate(&mut self, string: &Interpolated, frame: &FrameRef<'a>) -> Eval<Text<'a>> {
        let mut out = TextBuf::new();
        self.deeper(Span::new(0, 0), |evaluator| {
            evaluator.render(&string.nodes, frame, &mut out)
        })?;
        self.charge(out.weight(), Span::new(0, 0))?;
        let text = out.into_text();
        if string.padded && !text.is_empty() {
            let length = text.len() - 1;
            return Ok(text.substring(0, length).unwrap_or(text));
        }
        Ok(text)
    }

    fn range(
        &mut self,
        from: &Expr,
        to: &Expr,
        span: Span,
        frame: &FrameRef<'a>,
    ) -> Eval<Value<'a>> {
        let from = self.value(from, frame)?;
        let to = self.value(to, frame)?;
        let (Some(from), Some(to)) = (from.as_number(), to.as_number()) else {
            return Ok(Value::Null);
        };
        let (from, to) = (from.to_i32(), to.to_i32());
        let length = (i64::from(from) - i64::from(to)).unsigned_abs() + 1;
        if length > MAX_RANGE {
            return Err(self.error(
                RenderErrorKind::Bound,
                span,
                format!("the range has more than {MAX_RANGE} numbers"),
            ));
        }
        self.charge(length as usize * 32, span)?;
        let items = if from >= to {
            (to..=from).rev().map(Value::Int).collect()
        } else {
            (from..=to).map(Value::Int).collect()
        };
        Ok(Value::list(items))
    }

    fn binary(&mut self, binary: &Binary, frame: &FrameRef<'a>) -> Eval<Value<'a>> {
        if matches!(binary.operator, Operator::And | Operator::Or) {
            let left = self.truth(&binary.left, frame)?;
            let decided = left == (binary.operator == Operator::Or);
            return Ok(Value::Bool(if decided {
                left
            } else {
                self.truth(&binary.right, frame)?
            }));
        }
        self.step(|| binary.span)?;
        let left = self.value(&binary.left, frame)?;
        let right = self.value(&binary.right, frame)?;
        let compared = |order: Option<Ordering>, accept: fn(Ordering) -> bool| {
            Value::Bool(order.is_some_and(accept))
        };
        match binary.operator {
            Operator::Equal => Ok(Value::Bool(self.equal(&left, &right, binary.span)?)),
            Operator::NotEqual => Ok(Value::Bool(!self.equal(&left, &right, binary.span)?)),
            Operator::Less => Ok(compared(
                self.compare(&left, &right, binary.span)?,
                Ordering::is_lt,
            )),
            Operator::Greater => Ok(compared(
                self.compare(&left, &right, binary.span)?,
                Ordering::is_gt,
            )),
            Operator::LessEqual => Ok(compared(
                self.compare(&left, &right, binary.span)?,
                Ordering::is_le,
            )),
            Operator::GreaterEqual => Ok(compared(
                self.compare(&left, &right, binary.span)?,
                Ordering::is_ge,
            )),
            _ => self.arithmetic(binary, &left, &right),
        }
    }

    /// `None` unless both are numbers.
    fn compare(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
        span: Span,
    ) -> Eval<Option<Ordering>> {
        let (Some(left), Some(right)) = (left.as_number(), right.as_number()) else {
            return Ok(None);
        };
        left.compare(&right)
            .map(Some)
            .map_err(|message| self.fail(span, "", &Failure::new(message)))
    }

    /// Compares numbers by value, values of related classes by `equals`, and all others by their
    /// text.
    fn equal(&mut self, left: &Value<'a>, right: &Value<'a>, span: Span) -> Eval<bool> {
        if let Some(order) = self.compare(left, right, span)? {
            return Ok(order.is_eq());
        }
        match (left, right) {
            (Value::Null, Value::Null) => return Ok(true),
            (Value::Null, _) | (_, Value::Null) => return Ok(false),
            (Value::String(left), Value::String(right)) => return Ok(left == right),
            _ => {}
        }
        let left = self.resolved(left.clone(), span)?;
        let right = self.resolved(right.clone(), span)?;
        if related(&left, &right) {
            return Ok(left.java_equals(&right));
        }
        Ok(self.text_of(&left, span)? == self.text_of(&right, span)?)
    }

    fn arithmetic(
        &mut self,
        binary: &Binary,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Eval<Value<'a>> {
        let span = binary.span;
        if let (Operator::Add, Some((left_literal, right_literal))) =
            (binary.operator, &binary.literals)
            && (matches!(left, Value::String(_)) || matches!(right, Value::String(_)))
        {
            let mut out = TextBuf::new();
            for (value, literal) in [(left, left_literal), (right, right_literal)] {
                match value {
                    Value::Null => out.push_str(literal),
                    Value::String(text) => out.push_text(text),
                    other => self.print(other, &mut out, span, "")?,
                }
            }
            self.charge(out.weight(), span)?;
            return Ok(Value::String(out.into_text()));
        }
        let (Some(left), Some(right)) = (left.as_number(), right.as_number()) else {
            return Ok(Value::Null);
        };
        let result = match binary.operator {
            Operator::Add => left.add(&right).map(Some),
            Operator::Subtract => left.subtract(&right).map(Some),
            Operator::Multiply => left.multiply(&right).map(Some),
            Operator::Divide => left.divide(&right),
            _ => left.modulo(&right),
        };
        match result {
            Ok(number) => Ok(number.map_or(Value::Null, Value::from)),
            Err(message) => Err(self.fail(span, "", &Failure::new(message))),
        }
    }
}

/// Whether the Java class of one is that of the other, or extends it.
fn related<'a>(left: &Value<'a>, right: &Value<'a>) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            let array_list = |kind| matches!(kind, ListKind::Plain | ListKind::Json);
            left.kind() == right.kind() || (array_list(left.kind()) && array_list(right.kind()))
        }
        (Value::View(left), Value::View(right)) => left.kind == right.kind,
        (Value::Object(_), Value::Object(_)) => left.class_name() == right.class_name(),
        _ => std::mem::discriminant(left) == std::mem::discriminant(right),
    }
}
