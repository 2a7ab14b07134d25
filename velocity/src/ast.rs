//! The syntax tree: blocks of nodes, references, expressions. Immutable, and shared between
//! threads.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use num_bigint::BigInt;

use crate::error::Span;
use crate::regex::Pattern;
use crate::text::Text;

/// Methods of strings whose first argument is a regular expression.
pub(crate) const PATTERN_METHODS: [&str; 4] = ["replaceAll", "replaceFirst", "matches", "split"];

/// A name that is looked up at every rendering. It remembers where it was found, since it is mostly
/// there again: looking it up then takes one comparison. A wrong guess costs one comparison more.
#[derive(Debug, Default)]
pub(crate) struct Name {
    text: Box<str>,
    place: AtomicUsize,
}

impl Name {
    /// Where the name was last found.
    #[inline]
    pub(crate) fn place(&self) -> usize {
        self.place.load(Ordering::Relaxed)
    }

    /// Whether this is the name, faster than a call to `memcmp`.
    #[inline]
    pub(crate) fn is(&self, other: &str) -> bool {
        let (left, right) = (self.text.as_bytes(), other.as_bytes());
        if left.len() != right.len() {
            return false;
        }
        // Both ends, which overlap when the name is shorter than both together.
        match left.len() {
            8..=16 => {
                left.first_chunk::<8>() == right.first_chunk()
                    && left.last_chunk::<8>() == right.last_chunk()
            }
            4..8 => {
                left.first_chunk::<4>() == right.first_chunk()
                    && left.last_chunk::<4>() == right.last_chunk()
            }
            _ => left == right,
        }
    }

    /// Notes where the name was found.
    pub(crate) fn found_at(&self, place: usize) {
        self.place.store(place, Ordering::Relaxed);
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Name {
            text: text.into(),
            place: AtomicUsize::new(0),
        }
    }
}

/// Nodes in the order in which they print.
pub(crate) type Block = Arc<[Node]>;

#[derive(Debug)]
pub(crate) enum Node {
    Text(Box<str>),
    Reference(Reference),
    Set(Set),
    If(If),
    Foreach(Box<Foreach>),
    Define {
        key: Box<str>,
        body: Block,
    },
    /// A call of a macro, or what only looks like one and prints as it stands.
    Call(Arc<Call>),
    Break {
        scope: Option<Expr>,
        span: Span,
    },
    Stop,
    /// `#evaluate`: text that is a template.
    Evaluate {
        argument: Expr,
        span: Span,
    },
    /// `#include` and `#parse`, which fail: there are no other templates.
    Resource {
        directive: &'static str,
        arguments: Vec<Expr>,
        span: Span,
    },
    /// Parses, but fails whenever it is rendered.
    Broken {
        message: &'static str,
        span: Span,
    },
}

#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) target: Reference,
    pub(crate) value: Expr,
}

#[derive(Debug)]
pub(crate) struct If {
    /// Condition and block of `#if` and of each `#elseif`.
    pub(crate) branches: Vec<(Expr, Block)>,
    pub(crate) otherwise: Option<Block>,
}

#[derive(Debug)]
pub(crate) struct Foreach {
    pub(crate) key: Box<str>,
    /// `None` if the list is missing: then nothing is printed.
    pub(crate) list: Option<Expr>,
    pub(crate) body: LoopBody,
    pub(crate) span: Span,
}

/// With one argument too many, Velocity renders that argument instead of the block.
#[derive(Debug)]
pub(crate) enum LoopBody {
    Block(Block),
    Argument(Expr),
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Vec<Expr>,
    /// The arguments as written: a null argument prints this way inside the macro.
    pub(crate) literals: Vec<Box<str>>,
    /// The block of `#@name(…)`.
    pub(crate) body: Option<Block>,
    /// Printed if there is no such macro.
    pub(crate) literal: Box<str>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) parameters: Vec<Box<str>>,
    pub(crate) body: Block,
}

/// How a reference is written, where that changes what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `$name` and `${name}`: prints itself if it is null.
    Plain,
    /// `$!name`: prints nothing if it is null.
    Quiet,
    /// A name without `$` where a reference may be: prints itself.
    Runt,
}

#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) form: Form,
    pub(crate) root: Name,
    pub(crate) steps: Vec<Step>,
    /// An odd number of backslashes in front.
    pub(crate) escaped: bool,
    /// Half of the backslashes in front.
    pub(crate) escape_prefix: Box<str>,
    /// `$` and `#` in front that belong to no reference.
    pub(crate) text_prefix: Box<str>,
    /// Printed if the value is null.
    pub(crate) null_text: Box<str>,
    /// False for `$\!name`, which never has a value.
    pub(crate) computable: bool,
    /// The image of the first token without its first character: the name that `#set`, `#define`
    /// and macros take.
    pub(crate) bare_name: Box<str>,
    /// The reference as it was written.
    pub(crate) literal: Box<str>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) kind: StepKind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum StepKind {
    Property(Name),
    Method {
        name: Box<str>,
        arguments: Vec<Expr>,
        /// The first argument as a pattern, when it is constant and the method takes one.
        pattern: Option<Arc<Pattern>>,
    },
    Index(Box<Expr>),
}

#[derive(Debug)]
pub(crate) enum Expr {
    Text(Text<'static>),
    Interpolated(Interpolated),
    Int(i32),
    Long(i64),
    BigInt(Arc<BigInt>),
    Double(f64),
    Bool(bool),
    Reference(Box<Reference>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Range(Box<(Expr, Expr)>, Span),
    Not(Box<Expr>),
    Binary(Box<Binary>),
    /// A bare word among the arguments of a directive.
    Word(Box<str>),
}

/// A string literal in double quotes with references in it.
#[derive(Debug)]
pub(crate) struct Interpolated {
    pub(crate) nodes: Block,
    /// The nodes end in a space that was added to make them parse.
    pub(crate) padded: bool,
}

#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) operator: Operator,
    pub(crate) left: Expr,
    pub(crate) right: Expr,
    /// The operands as written: `+` with a string prints a null operand this way.
    pub(crate) literals: Option<(Box<str>, Box<str>)>,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}
