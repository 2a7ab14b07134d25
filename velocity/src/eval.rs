//! The evaluator: renders a tree with the variables of a context.

mod call;
mod direct;
mod expression;
mod foreach;
mod frame;
mod reference;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::ast::{Expr, If, Macro, Node, Set};
use crate::context::Context;
use crate::error::{Failure, RenderError, RenderErrorKind, Span};
use crate::options::{Missing, Options};
use crate::text::TextBuf;
use crate::value::frame::FrameRef;
use crate::value::{DefinedBlock, Value};

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

/// How deep definitions may render themselves (the default of `directive.define.max.depth`).
const DEFINE_DEPTH: u32 = 2;
/// How many bytes of a text or a list count as one step when a method is called on it.
const BYTES_A_STEP: u64 = 256;
/// A search for a pattern takes so many times as long as one for a text.
const SEARCH: usize = 16;

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
        self.take(1, span)
    }

    /// Counts what a method may look at: time is bounded, whatever its receiver's size.
    #[inline]
    fn look_at(&mut self, bytes: usize, span: Span) -> Eval<()> {
        self.take(bytes as u64 / BYTES_A_STEP, || span)
    }

    #[inline]
    fn take(&mut self, steps: u64, span: impl Fn() -> Span) -> Eval<()> {
        self.steps = self.steps.saturating_add(steps);
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
}
