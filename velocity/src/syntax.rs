//! The parts of a template, for tools that read templates without rendering them, such as linters.
//!
//! ```
//! use velocity::syntax::{Argument, Part};
//! use velocity::{Options, Template};
//!
//! let template = Template::parse(r#"{"id": "$util.escape($id)"}"#, &Options::default())?;
//! let parts = template.parts();
//! let [Part::Text(before), Part::Reference(reference), Part::Text(_)] = &parts[..] else {
//!     panic!("{parts:?}")
//! };
//! assert_eq!(*before, r#"{"id": ""#);
//! assert_eq!((reference.root, reference.steps[0].name), ("util", Some("escape")));
//! let Some([Argument::Reference(argument)]) = reference.steps[0].arguments.as_deref() else {
//!     panic!("{reference:?}")
//! };
//! assert_eq!(&template.source()[argument.span.clone()], "$id");
//! # Ok::<(), velocity::ParseError>(())
//! ```

use std::ops::Range;

use crate::Template;
use crate::ast::{Expr, Foreach, LoopBody, Node, Operator, Reference, Step, StepKind};

/// One part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'t> {
    /// Text that prints as it is.
    Text(&'t str),
    /// A reference that prints its value.
    Reference(ReferencePart<'t>),
    /// A directive.
    Directive(DirectivePart<'t>),
}

/// A reference as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencePart<'t> {
    /// The name after the dollar sign.
    pub root: &'t str,
    /// Its properties, method calls and indexes.
    pub steps: Vec<StepPart<'t>>,
    /// Its bytes in the template.
    pub span: Range<usize>,
    /// Whether a preceding backslash makes it print as text.
    pub escaped: bool,
}

/// `.name`, `.name(…)` or `[…]`.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPart<'t> {
    /// The name; `None` for an index.
    pub name: Option<&'t str>,
    /// The arguments of a method, or the one index; `None` for a property.
    pub arguments: Option<Vec<Argument<'t>>>,
    /// Its bytes in the template.
    pub span: Range<usize>,
}

/// A directive with its arguments and blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectivePart<'t> {
    /// `set`, `if`, `foreach`, `define`, `break`, `stop`, `evaluate`, `include`, `parse`, or the
    /// name of a macro that is called.
    pub name: &'t str,
    /// The arguments: the conditions of `#if` in order, the value of `#set`, the list of
    /// `#foreach`.
    pub arguments: Vec<Argument<'t>>,
    /// What `#set` sets.
    pub target: Option<ReferencePart<'t>>,
    /// What `#foreach` and `#define` name.
    pub variable: Option<&'t str>,
    /// The blocks: for `#if` one for each condition, then that of `#else`.
    pub blocks: Vec<Vec<Part<'t>>>,
    /// Its bytes in the template, as far as they are known.
    pub span: Option<Range<usize>>,
}

/// An expression, as detailed as tools need it.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument<'t> {
    /// A string without references in it.
    Text(String),
    /// A string with references in it.
    Interpolated(Vec<Part<'t>>),
    /// A reference.
    Reference(ReferencePart<'t>),
    /// `!` and its operand.
    Not(Box<Argument<'t>>),
    /// Other operators, with their operands.
    Operation {
        /// As written: `==`, `+` and so on.
        operator: &'static str,
        /// Left and right.
        operands: Vec<Argument<'t>>,
    },
    /// A list, a map or a range, with its elements.
    Collection(Vec<Argument<'t>>),
    /// A number, a boolean or a bare word.
    Constant,
}

impl Template {
    /// The parts of the template in order, without comments and macro definitions.
    pub fn parts(&self) -> Vec<Part<'_>> {
        block(&self.0.parsed.nodes)
    }

    /// Every reference of the template in order, including those inside arguments, strings and
    /// blocks.
    pub fn references(&self) -> Vec<ReferencePart<'_>> {
        let mut found = Vec::new();
        for part in &self.parts() {
            part.collect(&mut found);
        }
        found
            .sort_by_key(|reference| (reference.span.start, std::cmp::Reverse(reference.span.end)));
        found
    }
}

impl<'t> Part<'t> {
    fn collect(&self, found: &mut Vec<ReferencePart<'t>>) {
        match self {
            Part::Text(_) => {}
            Part::Reference(reference) => reference.collect(found),
            Part::Directive(directive) => {
                if let Some(target) = &directive.target {
                    target.collect(found);
                }
                directive
                    .arguments
                    .iter()
                    .for_each(|argument| argument.collect(found));
                directive
                    .blocks
                    .iter()
                    .flatten()
                    .for_each(|part| part.collect(found));
            }
        }
    }
}

impl<'t> ReferencePart<'t> {
    fn collect(&self, found: &mut Vec<ReferencePart<'t>>) {
        found.push(self.clone());
        for argument in self
            .steps
            .iter()
            .filter_map(|step| step.arguments.as_ref())
            .flatten()
        {
            argument.collect(found);
        }
    }
}

impl<'t> Argument<'t> {
    fn collect(&self, found: &mut Vec<ReferencePart<'t>>) {
        match self {
            Argument::Text(_) | Argument::Constant => {}
            Argument::Interpolated(parts) => parts.iter().for_each(|part| part.collect(found)),
            Argument::Reference(reference) => reference.collect(found),
            Argument::Not(inner) => inner.collect(found),
            Argument::Operation {
                operands: inner, ..
            }
            | Argument::Collection(inner) => {
                inner.iter().for_each(|argument| argument.collect(found));
            }
        }
    }
}

fn block(nodes: &[Node]) -> Vec<Part<'_>> {
    nodes.iter().map(node).collect()
}

/// One flat match: a directive of each kind.
fn node(node: &Node) -> Part<'_> {
    let directive = |name, arguments, blocks, span| {
        Part::Directive(DirectivePart {
            name,
            arguments,
            target: None,
            variable: None,
            blocks,
            span,
        })
    };
    match node {
        Node::Text(text) => Part::Text(text),
        Node::Reference(inner) => Part::Reference(reference(inner)),
        Node::Set(set) => Part::Directive(DirectivePart {
            name: "set",
            arguments: vec![argument(&set.value)],
            target: Some(reference(&set.target)),
            variable: None,
            blocks: Vec::new(),
            span: Some(set.target.span.range()),
        }),
        Node::If(inner) => {
            let arguments = inner
                .branches
                .iter()
                .map(|(condition, _)| argument(condition));
            let branches = inner.branches.iter().map(|(_, nodes)| nodes);
            let blocks = branches.chain(&inner.otherwise).map(|nodes| block(nodes));
            directive("if", arguments.collect(), blocks.collect(), None)
        }
        Node::Foreach(inner) => Part::Directive(foreach(inner)),
        Node::Define { key, body } => Part::Directive(DirectivePart {
            name: "define",
            arguments: Vec::new(),
            target: None,
            variable: Some(key),
            blocks: vec![block(body)],
            span: None,
        }),
        Node::Call(call) => {
            let arguments = call.arguments.iter().map(argument).collect();
            let blocks = call.body.iter().map(|nodes| block(nodes)).collect();
            directive(&call.name, arguments, blocks, Some(call.span.range()))
        }
        Node::Break { scope, span } => {
            let arguments = scope.iter().map(argument).collect();
            directive("break", arguments, Vec::new(), Some(span.range()))
        }
        Node::Stop => directive("stop", Vec::new(), Vec::new(), None),
        Node::Evaluate {
            argument: inner,
            span,
        } => directive(
            "evaluate",
            vec![argument(inner)],
            Vec::new(),
            Some(span.range()),
        ),
        Node::Resource {
            directive: name,
            arguments,
            span,
        } => {
            let arguments = arguments.iter().map(argument).collect();
            directive(name, arguments, Vec::new(), Some(span.range()))
        }
        Node::Broken { span, .. } => directive("", Vec::new(), Vec::new(), Some(span.range())),
    }
}

fn foreach(foreach: &Foreach) -> DirectivePart<'_> {
    let mut arguments: Vec<_> = foreach.list.iter().map(argument).collect();
    let blocks = match &foreach.body {
        LoopBody::Block(nodes) => vec![block(nodes)],
        LoopBody::Argument(expression) => {
            arguments.push(argument(expression));
            Vec::new()
        }
    };
    DirectivePart {
        name: "foreach",
        arguments,
        target: None,
        variable: Some(&foreach.key),
        blocks,
        span: Some(foreach.span.range()),
    }
}

fn reference(reference: &Reference) -> ReferencePart<'_> {
    ReferencePart {
        root: &reference.root,
        steps: reference.steps.iter().map(step).collect(),
        span: reference.span.range(),
        escaped: reference.escaped,
    }
}

fn step(step: &Step) -> StepPart<'_> {
    let (name, arguments) = match &step.kind {
        StepKind::Property(name) => (Some(&**name), None),
        StepKind::Method {
            name, arguments, ..
        } => (
            Some(&**name),
            Some(arguments.iter().map(argument).collect()),
        ),
        StepKind::Index(index) => (None, Some(vec![argument(index)])),
    };
    StepPart {
        name,
        arguments,
        span: step.span.range(),
    }
}

fn argument(expression: &Expr) -> Argument<'_> {
    match expression {
        Expr::Text(text) => Argument::Text(text.to_str().into_owned()),
        Expr::Interpolated(inner) => {
            let mut parts = block(&inner.nodes);
            if inner.padded
                && let Some(Part::Text(last)) = parts.last_mut()
            {
                *last = last.strip_suffix(' ').unwrap_or(last);
            }
            // `"$.a"` has a sign of references, and none in it.
            let texts: Option<String> = parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => Some(*text),
                    Part::Reference(_) | Part::Directive(_) => None,
                })
                .collect();
            texts.map_or(Argument::Interpolated(parts), Argument::Text)
        }
        Expr::Reference(inner) => Argument::Reference(reference(inner)),
        Expr::List(items) => Argument::Collection(items.iter().map(argument).collect()),
        Expr::Map(entries) => Argument::Collection(
            entries
                .iter()
                .flat_map(|(key, value)| [argument(key), argument(value)])
                .collect(),
        ),
        Expr::Range(ends, _) => Argument::Collection(vec![argument(&ends.0), argument(&ends.1)]),
        Expr::Not(inner) => Argument::Not(Box::new(argument(inner))),
        Expr::Binary(binary) => Argument::Operation {
            operator: operator(binary.operator),
            operands: vec![argument(&binary.left), argument(&binary.right)],
        },
        Expr::Int(_)
        | Expr::Long(_)
        | Expr::BigInt(_)
        | Expr::Double(_)
        | Expr::Bool(_)
        | Expr::Word(_) => Argument::Constant,
    }
}

fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Or => "||",
        Operator::And => "&&",
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::Less => "<",
        Operator::Greater => ">",
        Operator::LessEqual => "<=",
        Operator::GreaterEqual => ">=",
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Modulo => "%",
    }
}

#[cfg(test)]
mod tests;
