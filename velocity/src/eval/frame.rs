//! Looks variables up in the scopes inside macros and loops, and sets them there: Velocity chains
//! contexts, and a variable set in an inner one is visible in all outer ones.

use super::{Eval, Evaluator};
use crate::ast::Expr;
use crate::value::Value;
use crate::value::frame::{FrameKind, FrameRef};

impl<'a> Evaluator<'_, 'a> {
    /// The variable `name`, or null.
    pub(super) fn get(&mut self, frame: &FrameRef<'a>, name: &str) -> Eval<Value<'a>> {
        let mut frame = frame;
        while let Some(here) = frame {
            match &here.kind {
                FrameKind::Null { key, active } if active.get() && **key == *name => {
                    return Ok(Value::Null);
                }
                FrameKind::Null { .. } => {}
                FrameKind::Macro {
                    local, arguments, ..
                } => {
                    let found = local
                        .borrow()
                        .iter()
                        .find(|(known, _)| **known == *name)
                        .map(|(_, value)| value.clone());
                    if let Some(value) = found.filter(|value| !value.is_null()) {
                        return Ok(value);
                    }
                    let found = arguments
                        .borrow()
                        .iter()
                        .find(|(known, ..)| **known == *name)
                        .cloned();
                    if let Some((_, call, index)) = found {
                        let argument = &call.arguments[index];
                        return match argument {
                            // A plain variable that is null stays null, whatever other references
                            // do.
                            Expr::Reference(reference) if reference.steps.is_empty() => self
                                .deeper(call.span, |evaluator| {
                                    evaluator.get(&here.outer, &reference.root)
                                }),
                            _ => self.deeper(call.span, |evaluator| {
                                evaluator.value(argument, &here.outer)
                            }),
                        };
                    }
                }
            }
            frame = &here.outer;
        }
        Ok(self.context.get(name).cloned().unwrap_or(Value::Null))
    }

    pub(super) fn put(&mut self, frame: &FrameRef<'a>, name: &str, value: Value<'a>) {
        let mut frame = frame;
        while let Some(here) = frame {
            match &here.kind {
                FrameKind::Null { key, active } if value.is_null() && **key == *name => {
                    active.set(true);
                }
                FrameKind::Null { .. } => {}
                FrameKind::Macro { local, .. } => {
                    let mut local = local.borrow_mut();
                    match local.iter_mut().find(|(known, _)| **known == *name) {
                        Some((_, held)) => *held = value.clone(),
                        None => local.push((name.into(), value.clone())),
                    }
                }
            }
            frame = &here.outer;
        }
        self.context.set(name, value);
    }

    pub(super) fn remove(&mut self, frame: &FrameRef<'a>, name: &str) {
        let mut frame = frame;
        while let Some(here) = frame {
            match &here.kind {
                FrameKind::Null { key, active } if **key == *name => active.set(false),
                FrameKind::Null { .. } => {}
                FrameKind::Macro {
                    local, arguments, ..
                } => {
                    local.borrow_mut().retain(|(known, _)| **known != *name);
                    arguments
                        .borrow_mut()
                        .retain(|(known, ..)| **known != *name);
                }
            }
            frame = &here.outer;
        }
        self.context.remove(name);
    }

    /// What a null reference prints: itself, or the argument as it was written at the call.
    pub(super) fn null_text<'t>(
        &self,
        frame: &FrameRef<'a>,
        text: &'t str,
    ) -> std::borrow::Cow<'t, str> {
        let mut frame = frame;
        while let Some(here) = frame {
            if let (FrameKind::Macro { literals, .. }, Some(name)) =
                (&here.kind, text.strip_prefix('$'))
                && let Some((_, call, index)) = literals.iter().find(|(known, ..)| **known == *name)
            {
                return call
                    .literals
                    .get(*index)
                    .map_or_else(|| text.into(), |literal| literal.to_string().into());
            }
            frame = &here.outer;
        }
        text.into()
    }
}
