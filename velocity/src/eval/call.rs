//! Macros and `#evaluate`.

use std::rc::Rc;
use std::sync::Arc;

use super::{Eval, Evaluator, Halt};
use crate::ast::{Call, Expr, Macro};
use crate::error::{RenderErrorKind, Span};
use crate::parser;
use crate::text::TextBuf;
use crate::value::frame::{Frame, FrameRef, LateArgument, Locals};
use crate::value::{DefinedBlock, Value};

/// How deep macros may call each other (the default of `velocimacro.max.depth`).
const MACRO_DEPTH: usize = 20;

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn call(
        &mut self,
        call: &Arc<Call>,
        frame: &FrameRef<'a>,
        out: &mut TextBuf,
    ) -> Eval<()> {
        self.step(|| call.span)?;
        let found = self
            .macros
            .get(&call.name)
            .or_else(|| self.later_macros.get(&call.name));
        let Some(definition) = found.map(Arc::clone) else {
            out.push_str(&call.literal);
            return self.check_output(out, || call.span);
        };
        if let Some(Expr::Word(word)) = call
            .arguments
            .iter()
            .find(|argument| matches!(argument, Expr::Word(_)))
        {
            let message = format!(
                "`{word}` is not a value that the macro `#{}` accepts",
                call.name
            );
            return Err(self.error(RenderErrorKind::Directive, call.span, message));
        }
        let (mut local, arguments) = self.bind(&definition, call, frame)?;
        if let Some(body) = &call.body {
            let block = DefinedBlock {
                body: Arc::clone(body),
                frame: frame.clone(),
                depth: std::cell::Cell::new(0),
                max_depth: MACRO_DEPTH as u32,
            };
            local.push(("bodyContent".into(), Value::Block(Rc::new(block))));
        }
        if self.macro_depth >= MACRO_DEPTH {
            let message = format!(
                "macros are nested deeper than {MACRO_DEPTH} calls at `#{}`",
                call.name
            );
            return Err(self.error(RenderErrorKind::Bound, call.span, message));
        }
        let inner = Some(Frame::of_macro(local, arguments, frame));
        self.macro_depth += 1;
        let result = self.deeper(call.span, |evaluator| {
            evaluator.render(&definition.body, &inner, out)
        });
        match result {
            Ok(()) => self.macro_depth -= 1,
            Err(Halt::Break(None)) => {}
            Err(halt) => return Err(halt),
        }
        Ok(())
    }

    /// The parameters of a macro: constants are evaluated now, everything else when it is used.
    fn bind(
        &mut self,
        definition: &Macro,
        call: &Arc<Call>,
        frame: &FrameRef<'a>,
    ) -> Eval<(Locals<'a>, Vec<LateArgument>)> {
        let mut local: Locals<'a> = Vec::new();
        let mut arguments: Vec<LateArgument> = Vec::new();
        for (index, (name, argument)) in definition
            .parameters
            .iter()
            .zip(&call.arguments)
            .enumerate()
        {
            // Of several parameters with the same name, the last one counts.
            local.retain(|(known, _)| known != name);
            match argument {
                Expr::Range(..)
                | Expr::Reference(_)
                | Expr::List(_)
                | Expr::Map(_)
                | Expr::Text(_)
                | Expr::Interpolated(_) => {
                    arguments.retain(|(known, ..)| known != name);
                    arguments.push((name.clone(), Arc::clone(call), index));
                }
                constant => {
                    let value = self.value(constant, frame)?;
                    local.push((name.clone(), value));
                }
            }
        }
        Ok((local, arguments))
    }

    /// `#evaluate`: the text of the argument is a template in the same scope.
    pub(super) fn evaluate_text(
        &mut self,
        argument: &Expr,
        span: Span,
        frame: &FrameRef<'a>,
        out: &mut TextBuf,
    ) -> Eval<()> {
        let value = self.value(argument, frame)?;
        if value.is_null() {
            return Ok(());
        }
        let text = self.text_of(&value, span)?;
        let source = text.to_str();
        let parsed = parser::parse(&source, self.options).map_err(|error| {
            let message = format!(
                "the argument of `#evaluate` is not a template: {} (line {}, column {})",
                error.message(),
                error.line(),
                error.column()
            );
            self.error(RenderErrorKind::Evaluate, span, message)
        })?;
        for (name, definition) in parsed.macros {
            if !self.macros.contains_key(&name) {
                self.later_macros.entry(name).or_insert(definition);
            }
        }
        let outer = self.evaluated_at.replace(self.evaluated_at.unwrap_or(span));
        let result = self.render(&parsed.nodes, frame, out);
        self.evaluated_at = outer;
        match result {
            Err(Halt::Break(None) | Halt::Stop) => Ok(()),
            other => other,
        }
    }
}
