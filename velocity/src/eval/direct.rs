//! The short way of references that only print: what lies frozen and what a host object can write
//! itself, without a value made of it first. Everything else goes the long way, and both do the
//! same.

use std::rc::Rc;

use super::frame::FrameRef;
use super::{Eval, Evaluator};
use crate::ast::{Expr, Reference, Step, StepKind};
use crate::frozen::Frozen;
use crate::text::TextBuf;
use crate::value::Value;

impl<'a> Evaluator<'_, 'a> {
    /// Prints a reference if there is a short way; false when not, and then nothing was done.
    #[inline]
    pub(super) fn print_directly(
        &mut self,
        reference: &Reference,
        frame: &FrameRef<'a>,
        out: &mut TextBuf,
    ) -> Eval<bool> {
        if reference.escaped {
            return Ok(false);
        }
        match self.look_up(reference, frame) {
            Some((Frozen::Text(text), [])) => {
                push_prefixes(reference, out);
                out.push_str(text);
                Ok(true)
            }
            Some((Frozen::Number(number), [])) => {
                push_prefixes(reference, out);
                number.print(out);
                Ok(true)
            }
            _ => self.write_directly(reference, frame, out),
        }
    }

    /// Follows properties through what is frozen as far as to text, a number or nothing; the steps
    /// that are left are to be taken from there. `None` when nothing is frozen there, or a live
    /// copy is needed.
    #[inline]
    pub(super) fn look_up<'r>(
        &self,
        reference: &'r Reference,
        frame: &FrameRef<'a>,
    ) -> Option<(&'a Frozen, &'r [Step])> {
        if frame.is_some() {
            return None;
        }
        let mut map = self.context.frozen(&reference.root)?;
        let mut steps = &*reference.steps;
        while let [step, rest @ ..] = steps
            && let StepKind::Property(name) = &step.kind
        {
            steps = rest;
            match map.look_up(name) {
                Some(Frozen::Map(inner)) => map = inner,
                Some(Frozen::List(_)) => return None,
                Some(scalar) => return Some((scalar, steps)),
                None => return Some((&Frozen::Null, steps)),
            }
        }
        None
    }

    /// Prints `$object.method(…)`, with or without a `.replaceAll("literal", "by")`, without making
    /// the text first, where the object can; false when not, and then nothing was done. Counts what
    /// the long way counts.
    fn write_directly(
        &mut self,
        reference: &Reference,
        frame: &FrameRef<'a>,
        out: &mut TextBuf,
    ) -> Eval<bool> {
        let (step, replacement) = match &*reference.steps {
            [step] => (step, None),
            [step, replacement] => (step, Some(replacement)),
            _ => return Ok(false),
        };
        let StepKind::Method {
            name, arguments, ..
        } = &step.kind
        else {
            return Ok(false);
        };
        let replacing = match replacement.map(|step| &step.kind) {
            None => None,
            Some(StepKind::Method {
                name,
                arguments,
                pattern: Some(pattern),
            }) if &**name == "replaceAll" => match &**arguments {
                [Expr::Text(_), Expr::Text(with)] => match pattern.literally(with) {
                    Some(replacing) => Some(replacing),
                    None => return Ok(false),
                },
                _ => return Ok(false),
            },
            Some(_) => return Ok(false),
        };
        // Arguments that do nothing but look something up may be looked up twice.
        let plain = |argument: &Expr| match argument {
            Expr::Reference(argument) => argument
                .steps
                .iter()
                .all(|step| matches!(step.kind, StepKind::Property(_))),
            _ => false,
        };
        if reference.escaped
            || frame.is_some()
            || !arguments.iter().all(plain)
            || self.steps + 16 > self.options.steps
        {
            return Ok(false);
        }
        let object = match self.context.look_up(&reference.root) {
            Some(Value::Object(object)) => Rc::clone(object),
            _ => return Ok(false),
        };
        let steps = self.steps;
        self.step(|| step.span)?;
        let (one, many);
        let values: &[Value<'a>] = match &**arguments {
            [argument] => {
                one = [match self.frozen_text(argument, frame)? {
                    Some(text) => Value::from(text),
                    None => self.value(argument, frame)?,
                }];
                &one
            }
            _ => {
                many = self.values(arguments, frame)?;
                &many
            }
        };
        let before = out.weight();
        push_prefixes(reference, out);
        match object.write_call(name, values, replacing, out) {
            Ok(Some(bytes)) => {
                let printed = out.weight() - before;
                self.charge(bytes, step.span)?;
                if let Some(replacement) = replacement {
                    self.step(|| replacement.span)?;
                    self.charge(printed, replacement.span)?;
                }
                Ok(true)
            }
            Ok(None) => {
                out.cut(before);
                self.steps = steps;
                Ok(false)
            }
            Err(failure) => Err(self.fail(step.span, &reference.literal, &failure)),
        }
    }

    /// The text that an argument is, where it lies frozen.
    #[inline]
    fn frozen_text(&mut self, argument: &Expr, frame: &FrameRef<'a>) -> Eval<Option<&'a str>> {
        if let Expr::Reference(reference) = argument
            && reference.computable
            && let Some((Frozen::Text(text), [])) = self.look_up(reference, frame)
        {
            self.step(|| reference.span)?;
            return Ok(Some(text));
        }
        Ok(None)
    }
}

/// What stands in front of a reference that has a value.
#[inline]
pub(super) fn push_prefixes(reference: &Reference, out: &mut TextBuf) {
    for prefix in [&reference.escape_prefix, &reference.text_prefix] {
        if !prefix.is_empty() {
            out.push_str(prefix);
        }
    }
}
