//! References: look them up, print them, assign through them.

use super::direct::push_prefixes;
use super::{Eval, Evaluator, Halt, SEARCH};
use crate::ast::{Expr, Form, PATTERN_METHODS, Reference, Step, StepKind};
use crate::error::{Failure, RenderErrorKind, Span};
use crate::methods;
use crate::text::{Text, TextBuf};
use crate::value::frame::FrameRef;
use crate::value::{Blocks, DefinedBlock, Value, write_text};

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn render_reference(
        &mut self,
        reference: &Reference,
        frame: &FrameRef<'a>,
        out: &mut TextBuf,
    ) -> Eval<()> {
        self.step(|| reference.span)?;
        if reference.form == Form::Runt {
            out.push_str(&reference.root);
            return Ok(());
        }
        if self.print_directly(reference, frame, out)? {
            return Ok(());
        }
        let value = self.execute(reference, frame)?;
        if reference.escaped {
            out.push_str(&reference.escape_prefix);
            if value.is_null() {
                out.push_str("\\");
            }
            out.push_str(&self.null_text(frame, &reference.null_text));
            return Ok(());
        }
        match &value {
            Value::Null => {}
            Value::Block(block) if block.depth.get() >= block.max_depth => {}
            Value::Block(block) => {
                return self.deeper(reference.span, |evaluator| {
                    evaluator.render_block(block, out)
                });
            }
            _ => {
                push_prefixes(reference, out);
                return match &value {
                    Value::String(text) => {
                        out.push_text(text);
                        Ok(())
                    }
                    other => self.print(other, out, reference.span, &reference.literal),
                };
            }
        }
        // In front of null, all backslashes are kept.
        out.push_str(&reference.escape_prefix);
        out.push_str(&reference.escape_prefix);
        out.push_str(&reference.text_prefix);
        out.push_str(&self.null_text(frame, &reference.null_text));
        Ok(())
    }

    /// Renders a defined block in place.
    pub(super) fn render_block(&mut self, block: &DefinedBlock<'a>, out: &mut TextBuf) -> Eval<()> {
        block.depth.set(block.depth.get() + 1);
        let result = self.render(&block.body, &block.frame, out);
        match result {
            Ok(()) | Err(Halt::Break(None)) => {
                block.depth.set(block.depth.get() - 1);
                Ok(())
            }
            // Velocity does not undo the count.
            Err(halt) => Err(halt),
        }
    }

    /// Java's `toString()`, with defined blocks rendered.
    pub(super) fn print(
        &mut self,
        value: &Value<'a>,
        out: &mut TextBuf,
        span: Span,
        what: &str,
    ) -> Eval<()> {
        let mut printing = Printing {
            evaluator: self,
            span,
            halt: None,
        };
        let result = write_text(value, out, &mut printing);
        match (result, printing.halt) {
            (_, Some(halt)) => Err(halt),
            (Ok(()), None) => Ok(()),
            (Err(failure), None) => Err(self.fail(span, what, &failure)),
        }
    }

    /// The text of a value.
    pub(super) fn text_of(&mut self, value: &Value<'a>, span: Span) -> Eval<Text<'a>> {
        if let Value::String(text) = value {
            return Ok(text.clone());
        }
        let mut out = TextBuf::new();
        self.print(value, &mut out, span, "")?;
        self.charge(out.weight(), span)?;
        Ok(out.into_text())
    }

    /// What a reference evaluates to.
    pub(super) fn execute(
        &mut self,
        reference: &Reference,
        frame: &FrameRef<'a>,
    ) -> Eval<Value<'a>> {
        if reference.form == Form::Runt {
            return Ok(Value::Null);
        }
        let (mut value, steps) = match self.look_up(reference, frame) {
            Some((value, steps)) => (value.thaw(), steps),
            None => (self.root(reference, frame)?, &*reference.steps),
        };
        for step in steps {
            if value.is_null() {
                break;
            }
            value = self.take_step(&value, step, reference, frame)?;
        }
        Ok(if value.is_null() {
            self.missing()
        } else {
            value
        })
    }

    /// The variable that a reference begins with.
    fn root(&mut self, reference: &Reference, frame: &FrameRef<'a>) -> Eval<Value<'a>> {
        if frame.is_some() {
            return self.get(frame, &reference.root);
        }
        let variable = self.context.look_up(&reference.root);
        Ok(variable.cloned().unwrap_or(Value::Null))
    }

    pub(super) fn values(
        &mut self,
        arguments: &[Expr],
        frame: &FrameRef<'a>,
    ) -> Eval<Vec<Value<'a>>> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.value(argument, frame)?);
        }
        Ok(values)
    }

    fn take_step(
        &mut self,
        value: &Value<'a>,
        step: &Step,
        reference: &Reference,
        frame: &FrameRef<'a>,
    ) -> Eval<Value<'a>> {
        let result = match &step.kind {
            StepKind::Property(name) => methods::property(value, name),
            StepKind::Method {
                name,
                arguments,
                pattern,
            } => {
                self.step(|| step.span)?;
                let values = self.values(arguments, frame)?;
                let size = match value {
                    Value::String(text) if PATTERN_METHODS.contains(&&**name) => {
                        text.weight() * SEARCH
                    }
                    Value::String(text) => text.weight(),
                    Value::List(list) => list.items().len() * ITEM,
                    Value::Object(object) => object.looks_at(name, &values),
                    _ => 0,
                };
                self.look_at(size, step.span)?;
                let result = methods::call(value, name, &values, pattern.as_deref());
                if let Ok(Some(result)) = &result {
                    self.charge_new(result, value, step.span)?;
                }
                result
            }
            StepKind::Index(index) => {
                let index = self.value(index, frame)?;
                self.adjusted_index(index, value).and_then(|index| {
                    methods::call(value, "get", std::slice::from_ref(&index), None)
                })
            }
        };
        match result {
            Ok(value) => Ok(value.unwrap_or(Value::Null)),
            Err(failure) => Err(self.fail(step.span, &reference.literal, &failure)),
        }
    }

    /// Counts a method's result if it is new.
    fn charge_new(&mut self, result: &Value<'a>, receiver: &Value<'a>, span: Span) -> Eval<()> {
        let bytes = match result {
            Value::String(text) => text.weight(),
            Value::List(list) => list.items().len() * ITEM,
            _ => 8,
        };
        // A list that grew in place is counted by its own size.
        let grown = match receiver {
            Value::List(list) => list.items().len(),
            _ => 0,
        };
        if grown > MAX_ITEMS {
            return Err(self.error(
                RenderErrorKind::Bound,
                span,
                format!("the list grows beyond {MAX_ITEMS} items"),
            ));
        }
        self.charge(bytes, span)
    }

    /// A negative index counts from the end.
    fn adjusted_index(
        &mut self,
        index: Value<'a>,
        value: &Value<'a>,
    ) -> Result<Value<'a>, Failure> {
        let Value::Int(offset @ ..0) = index else {
            return Ok(index);
        };
        match methods::call(value, "size", &[], None)? {
            Some(Value::Int(size)) => Ok(Value::Int(size.wrapping_add(offset))),
            _ => Err(Failure::new(format!(
                "a negative index needs a `size()` method, which {} lacks",
                value.class_name()
            ))),
        }
    }

    /// `#set` on a property or an index. If a value on the way is null, nothing happens.
    pub(super) fn assign(
        &mut self,
        target: &Reference,
        new: &Value<'a>,
        frame: &FrameRef<'a>,
    ) -> Eval<()> {
        let mut value = self.get(frame, &target.root)?;
        let Some((last, way)) = target.steps.split_last() else {
            return Ok(());
        };
        for step in way {
            if value.is_null() {
                return Ok(());
            }
            value = self.take_step(&value, step, target, frame)?;
        }
        if value.is_null() {
            return Ok(());
        }
        let result = match &last.kind {
            StepKind::Property(name) => methods::set_property(&value, name, new),
            // Velocity takes the method's name for a property.
            StepKind::Method { name, .. } => methods::set_property(&value, name, new),
            StepKind::Index(index) => {
                let index = self.value(index, frame)?;
                self.adjusted_index(index, &value).and_then(|index| {
                    let arguments = [index, new.clone()];
                    match methods::call(&value, "set", &arguments, None)? {
                        Some(_) => Ok(()),
                        None => methods::call(&value, "put", &arguments, None).map(drop),
                    }
                })
            }
        };
        self.charge(64, target.span)?;
        result.map_err(|failure| self.fail(target.span, &target.literal, &failure))
    }

    /// The value that a host object stands for.
    pub(super) fn resolved(&mut self, value: Value<'a>, span: Span) -> Eval<Value<'a>> {
        if let Value::Object(object) = &value {
            match object.resolve() {
                Ok(Some(resolved)) => return Ok(resolved),
                Ok(None) => {}
                Err(failure) => return Err(self.fail(span, "", &failure)),
            }
        }
        Ok(value)
    }
}

/// Items that one list may hold.
const MAX_ITEMS: usize = 4_000_000;
/// What an item of a list counts for, in bytes.
const ITEM: usize = 32;

/// Renders the blocks inside of a printed value.
struct Printing<'p, 'e, 'a> {
    evaluator: &'p mut Evaluator<'e, 'a>,
    span: Span,
    /// What stopped the rendering, other than a failure to print.
    halt: Option<Halt>,
}

impl<'a> Blocks<'a> for Printing<'_, '_, 'a> {
    fn write_block(&mut self, block: &DefinedBlock<'a>, out: &mut TextBuf) -> Result<(), Failure> {
        if block.depth.get() >= block.max_depth {
            out.push_str("null");
            return Ok(());
        }
        let span = self.span;
        self.evaluator
            .deeper(span, |evaluator| evaluator.render_block(block, out))
            .map_err(|halt| {
                self.halt = Some(halt);
                Failure::new("stopped")
            })
    }

    fn check(&mut self, out: &TextBuf) -> Result<(), Failure> {
        let span = self.span;
        let checked = self
            .evaluator
            .step(|| span)
            .and_then(|()| self.evaluator.check_output(out, || span));
        checked.map_err(|halt| {
            self.halt = Some(halt);
            Failure::new("stopped")
        })
    }
}
