//! The evaluator: renders a tree with the variables of a context.

mod call;
mod direct;
mod expression;
mod frame;
mod reference;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use self::frame::Frame;
use self::frame::FrameRef;
use crate::ast::{Expr, Foreach, If, LoopBody, Macro, Node, Set};
use crate::context::Context;
use crate::error::{Failure, RenderError, RenderErrorKind, Span};
use crate::options::{Missing, Options};
use crate::text::TextBuf;
use crate::value::{DefinedBlock, Iter, LoopScope, Map, Value, int};

/// What stops a rendering early.
pub(crate) enum Halt {
    Error(Box<RenderError>),
    /// `#break`: up to the nearest loop, definition, macro or `#evaluate`, or up to the loop with
    /// this identity.
    Break(Option<usize>),
    /// `#stop`: all of it.
    Stop,
}

pub(crate) type Eval<T> = Result<T, Halt>;

/// A variable that a loop hides, and its value to put back.
type Hidden<'f, 'a> = (&'f str, Option<Value<'a>>);

/// How deep definitions may render themselves (the default of `directive.define.max.depth`).
const DEFINE_DEPTH: u32 = 2;

pub(crate) struct Evaluator<'e, 'a> {
    context: &'e mut Context<'a>,
    options: &'e Options,
    source: &'e str,
    macros: &'e HashMap<Box<str>, Arc<Macro>>,
    /// Macros that `#evaluate` defined.
    later_macros: HashMap<Box<str>, Arc<Macro>>,
    /// How many macros are being rendered. A `#break` out of one leaves it counted, as in Velocity.
    macro_depth: usize,
    depth: usize,
    steps: u64,
    memory: usize,
    /// Where the template's own output starts in the caller's buffer.
    output_start: usize,
    /// If set, every location is this one: inside `#evaluate`, whose text has no locations of its
    /// own.
    evaluated_at: Option<Span>,
    /// The loop that was entered last.
    around: Span,
}

impl<'e, 'a> Evaluator<'e, 'a> {
    pub(crate) fn new(
        context: &'e mut Context<'a>,
        options: &'e Options,
        source: &'e str,
        macros: &'e HashMap<Box<str>, Arc<Macro>>,
        output_start: usize,
    ) -> Self {
        Evaluator {
            context,
            options,
            source,
            macros,
            later_macros: HashMap::new(),
            macro_depth: 0,
            depth: 0,
            steps: 0,
            memory: 0,
            output_start,
            evaluated_at: None,
            around: Span::new(0, 0),
        }
    }

    /// Renders a whole template.
    pub(crate) fn run(
        &mut self,
        nodes: &[Node],
        out: &mut TextBuf,
    ) -> Result<(), Box<RenderError>> {
        match self.render(nodes, &None, out) {
            Ok(()) | Err(Halt::Break(_) | Halt::Stop) => Ok(()),
            Err(Halt::Error(error)) => Err(error),
        }
    }

    // Bounds and errors.

    fn error(&self, kind: RenderErrorKind, span: Span, message: impl Into<String>) -> Halt {
        // Text and literals have no location of their own: the loop around them is near enough.
        let span = if span.end == 0 { self.around } else { span };
        let span = self.evaluated_at.unwrap_or(span);
        Halt::Error(Box::new(RenderError::new(kind, span, self.source, message)))
    }

    fn fail(&self, span: Span, what: &str, failure: &Failure) -> Halt {
        let message = if what.is_empty() {
            failure.message.clone()
        } else {
            format!("`{what}`: {}", failure.message)
        };
        self.error(failure.kind, span, message)
    }

    #[inline]
    fn step(&mut self, span: impl Fn() -> Span) -> Eval<()> {
        self.steps += 1;
        if self.steps > self.options.steps {
            let message = format!("the template takes more than {} steps", self.options.steps);
            return Err(self.error(RenderErrorKind::Bound, span(), message));
        }
        Ok(())
    }

    /// Counts what strings and lists take up.
    #[inline]
    fn charge(&mut self, bytes: usize, span: Span) -> Eval<()> {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > self.options.memory_bytes {
            let message = format!(
                "the template builds more than {} bytes of values",
                self.options.memory_bytes
            );
            return Err(self.error(RenderErrorKind::Bound, span, message));
        }
        Ok(())
    }

    #[inline]
    fn check_output(&self, out: &TextBuf, span: impl Fn() -> Span) -> Eval<()> {
        if out.weight() > self.options.output_bytes.saturating_add(self.output_start) {
            let message = format!(
                "the output is longer than {} bytes",
                self.options.output_bytes
            );
            return Err(self.error(RenderErrorKind::Bound, span(), message));
        }
        Ok(())
    }

    fn deeper<T>(&mut self, span: Span, evaluate: impl FnOnce(&mut Self) -> Eval<T>) -> Eval<T> {
        // The parser has bounded nesting already; definitions and macros multiply it a few times.
        if self.depth >= self.options.depth.saturating_mul(3) {
            return Err(self.error(
                RenderErrorKind::Bound,
                span,
                "macros, definitions and evaluations are nested too deep",
            ));
        }
        self.depth += 1;
        let result = evaluate(self);
        self.depth -= 1;
        result
    }

    fn missing(&self) -> Value<'a> {
        match self.options.missing {
            Missing::Null => Value::Null,
            Missing::EmptyString => Value::text(""),
        }
    }

    // Nodes.

    fn render(&mut self, nodes: &[Node], frame: &FrameRef<'a>, out: &mut TextBuf) -> Eval<()> {
        for node in nodes {
            match node {
                Node::Text(text) => {
                    out.push_str(text);
                    self.step(|| Span::new(0, 0))?;
                    self.check_output(out, || Span::new(0, 0))?;
                }
                Node::Reference(reference) => {
                    self.render_reference(reference, frame, out)?;
                    self.check_output(out, || reference.span)?;
                }
                other => self.render_directive(other, frame, out)?,
            }
        }
        Ok(())
    }

    fn render_directive(
        &mut self,
        node: &Node,
        frame: &FrameRef<'a>,
        out: &mut TextBuf,
    ) -> Eval<()> {
        match node {
            Node::Text(_) | Node::Reference(_) => Ok(()),
            Node::Set(set) => self.set(set, frame),
            Node::If(statement) => self.render_if(statement, frame, out),
            Node::Foreach(foreach) => self.deeper(foreach.span, |evaluator| {
                evaluator.foreach(foreach, frame, out)
            }),
            Node::Define { key, body } => {
                let block = DefinedBlock {
                    body: Arc::clone(body),
                    frame: frame.clone(),
                    depth: std::cell::Cell::new(0),
                    max_depth: DEFINE_DEPTH,
                };
                self.put(frame, key, Value::Block(Rc::new(block)));
                Ok(())
            }
            Node::Call(call) => self.call(call, frame, out),
            Node::Break { scope: None, .. } => Err(Halt::Break(None)),
            Node::Break {
                scope: Some(scope),
                span,
            } => match self.value(scope, frame)? {
                Value::Scope(scope) => Err(Halt::Break(Some(scope.owner))),
                _ => Err(self.error(
                    RenderErrorKind::Directive,
                    *span,
                    "the argument of `#break` is not a scope such as `$foreach`",
                )),
            },
            Node::Stop => Err(Halt::Stop),
            Node::Evaluate { argument, span } => self.deeper(*span, |evaluator| {
                evaluator.evaluate_text(argument, *span, frame, out)
            }),
            Node::Resource {
                directive,
                arguments,
                span,
            } => self.resource(directive, arguments, *span, frame),
            Node::Broken { message, span } => {
                Err(self.error(RenderErrorKind::Directive, *span, *message))
            }
        }
    }

    fn resource(
        &mut self,
        directive: &str,
        arguments: &[Expr],
        span: Span,
        frame: &FrameRef<'a>,
    ) -> Eval<()> {
        for argument in arguments {
            let value = self.value(argument, frame)?;
            if !value.is_null() {
                let name = value
                    .to_text()
                    .map_err(|failure| self.fail(span, directive, &failure))?;
                let message = format!(
                    "`{directive}` cannot find `{name}`: there are no other templates here"
                );
                return Err(self.error(RenderErrorKind::Directive, span, message));
            }
        }
        Ok(())
    }

    fn render_if(&mut self, statement: &If, frame: &FrameRef<'a>, out: &mut TextBuf) -> Eval<()> {
        for (condition, block) in &statement.branches {
            if self.truth(condition, frame)? {
                return self.deeper(Span::new(0, 0), |evaluator| {
                    evaluator.render(block, frame, out)
                });
            }
        }
        match &statement.otherwise {
            Some(block) => self.deeper(Span::new(0, 0), |evaluator| {
                evaluator.render(block, frame, out)
            }),
            None => Ok(()),
        }
    }

    fn set(&mut self, set: &Set, frame: &FrameRef<'a>) -> Eval<()> {
        self.step(|| set.target.span)?;
        let value = self.value(&set.value, frame)?;
        if value.is_null() {
            return Ok(());
        }
        if set.target.steps.is_empty() {
            self.put(frame, &set.target.bare_name, value);
            return Ok(());
        }
        self.assign(&set.target, &value, frame)
    }

    fn foreach(&mut self, foreach: &Foreach, frame: &FrameRef<'a>, out: &mut TextBuf) -> Eval<()> {
        let Some(list) = &foreach.list else {
            return Ok(());
        };
        let list = self.value(list, frame)?;
        let list = self.resolved(list, foreach.span)?;
        let Some(items) = Iter::over(&list) else {
            return Ok(());
        };
        let key = &*foreach.key;
        let (scope, saved) = self.enter_loop(foreach, frame)?;
        let mut null_frame = None;
        let mut count = 0_usize;
        while items.has_next() {
            if self
                .options
                .foreach_rounds
                .is_some_and(|limit| count >= limit)
            {
                break;
            }
            self.around = foreach.span;
            self.step(|| foreach.span)?;
            count += 1;
            self.put(frame, "velocityCount", int(count));
            let item = items
                .next()
                .map_err(|failure| self.fail(foreach.span, "#foreach", &failure))?;
            let has_next = items.has_next();
            self.put(frame, "velocityHasNext", Value::Bool(has_next));
            self.put(frame, key, item.clone());
            scope.index.set(scope.index.get().saturating_add(1));
            scope.has_next.set(has_next);
            let round = if item.is_null() {
                let holder = null_frame
                    .get_or_insert_with(|| Some(Frame::null_holder(key, frame)))
                    .clone();
                self.loop_body(&foreach.body, &holder, out)
            } else {
                self.loop_body(&foreach.body, frame, out)
            };
            match round {
                Ok(()) => {}
                Err(Halt::Break(owner)) if owner.is_none_or(|owner| owner == scope.owner) => break,
                Err(Halt::Error(error)) => return Err(Halt::Error(error)),
                Err(halt) => {
                    self.leave_loop(frame, &saved)?;
                    return Err(halt);
                }
            }
        }
        self.leave_loop(frame, &saved)
    }

    /// Sets `$foreach`; returns it, and what the loop's variables hide.
    fn enter_loop<'f>(
        &mut self,
        foreach: &'f Foreach,
        frame: &FrameRef<'a>,
    ) -> Eval<(Rc<LoopScope<'a>>, [Hidden<'f, 'a>; 3])> {
        let mut saved = [&*foreach.key, "velocityCount", "velocityHasNext"]
            .map(|name| (name, None::<Value<'a>>));
        for (name, value) in &mut saved {
            *value = Some(self.get(frame, name)?);
        }
        let (parent, replaced) = match self.get(frame, "foreach")? {
            Value::Scope(scope) => {
                let replaced = scope.replaced.clone();
                (Some(scope), replaced)
            }
            other => (None, other),
        };
        let scope = Rc::new(LoopScope {
            owner: std::ptr::from_ref(foreach) as usize,
            index: std::cell::Cell::new(-1),
            has_next: std::cell::Cell::new(false),
            parent,
            replaced,
            storage: Map::new(),
        });
        self.put(frame, "foreach", Value::Scope(Rc::clone(&scope)));
        Ok((scope, saved))
    }

    fn loop_body(&mut self, body: &LoopBody, frame: &FrameRef<'a>, out: &mut TextBuf) -> Eval<()> {
        match body {
            LoopBody::Block(nodes) => self.render(nodes, frame, out),
            LoopBody::Argument(Expr::Reference(reference)) => {
                self.render_reference(reference, frame, out)
            }
            LoopBody::Argument(_) => Ok(()),
        }
    }

    /// Restores what the loop's variables hid.
    fn leave_loop(&mut self, frame: &FrameRef<'a>, saved: &[Hidden<'_, 'a>]) -> Eval<()> {
        for (name, value) in saved {
            match value {
                Some(value) if !value.is_null() => self.put(frame, name, value.clone()),
                _ => self.remove(frame, name),
            }
        }
        // If the template has set `$foreach` to something else, that stays.
        if let Value::Scope(scope) = self.get(frame, "foreach")? {
            match (&scope.parent, &scope.replaced) {
                (Some(parent), _) => self.put(frame, "foreach", Value::Scope(Rc::clone(parent))),
                (None, Value::Null) => self.remove(frame, "foreach"),
                (None, replaced) => self.put(frame, "foreach", replaced.clone()),
            }
        }
        Ok(())
    }
}
