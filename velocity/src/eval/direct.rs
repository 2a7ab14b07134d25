//! The fast path of references that only print: frozen values, and text that a host object writes
//! itself, are printed without building a value first. Everything else takes the general path, with
//! the same result.

use std::rc::Rc;

use super::{Eval, Evaluator, SEARCH};
use crate::ast::{Expr, Reference, Step, StepKind};
use crate::frozen::Frozen;
use crate::text::TextBuf;
use crate::value::Value;
use crate::value::frame::FrameRef;

impl<'a> Evaluator<'_, 'a> {
    /// Prints a reference if the fast path applies. Otherwise returns false and does nothing.
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

    /// Follows properties through frozen maps to text, a number or nothing. Returns the value and
    /// the steps left to take from there. `None` if the variable is not frozen, or a live copy is
    /// needed.
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

    /// Prints `$object.method(…)`, with or without a `.replaceAll("literal", "by")`, without
    /// building the text first, if the object can do that. Otherwise returns false and does
    /// nothing. Counts the same steps and bytes as the general path. One function, since it takes
    /// back its own steps and output if the object declines.
    fn write_directly(
        &mut self,
        reference: &Reference,
        frame: &FrameRef<'a>,
        out: &mut TextBuf,
    ) -> Eval<bool> {
        let Some(form) = DirectForm::of(reference) else {
            return Ok(false);
        };
        let DirectForm {
            step,
            name,
            arguments,
            replacement,
            replacing,
        } = form;
        if reference.escaped
            || frame.is_some()
            || !arguments.iter().all(has_no_effects)
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
        let values: &[Value<'a>] = match arguments {
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
        self.look_at(object.looks_at(name, values), step.span)?;
        let before = out.weight();
        push_prefixes(reference, out);
        match object.write_call(name, values, replacing, out) {
            Ok(Some(bytes)) => {
                let printed = out.weight() - before;
                self.charge(bytes, step.span)?;
                if let Some(replacement) = replacement {
                    self.step(|| replacement.span)?;
                    self.look_at(bytes * SEARCH, replacement.span)?;
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

    /// The text of an argument that is frozen.
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

/// `$object.method(…)`, with or without a `.replaceAll("literal", "by")`.
struct DirectForm<'t> {
    step: &'t Step,
    name: &'t str,
    arguments: &'t [Expr],
    replacement: Option<&'t Step>,
    replacing: Option<(&'t str, &'t str)>,
}

impl<'t> DirectForm<'t> {
    #[inline]
    fn of(reference: &'t Reference) -> Option<Self> {
        let (step, replacement) = match &*reference.steps {
            [step] => (step, None),
            [step, replacement] => (step, Some(replacement)),
            _ => return None,
        };
        let StepKind::Method {
            name, arguments, ..
        } = &step.kind
        else {
            return None;
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
                    None => return None,
                },
                _ => return None,
            },
            Some(_) => return None,
        };
        Some(DirectForm {
            step,
            name,
            arguments,
            replacement,
            replacing,
        })
    }
}

/// Whether an argument may be evaluated twice.
#[inline]
fn has_no_effects(argument: &Expr) -> bool {
    match argument {
        Expr::Reference(argument) => argument
            .steps
            .iter()
            .all(|step| matches!(step.kind, StepKind::Property(_))),
        _ => false,
    }
}

/// What is printed before the value of a reference.
#[inline]
pub(super) fn push_prefixes(reference: &Reference, out: &mut TextBuf) {
    for prefix in [&reference.escape_prefix, &reference.text_prefix] {
        if !prefix.is_empty() {
            out.push_str(prefix);
        }
    }
}
