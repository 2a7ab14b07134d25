//! The Apache Velocity template language, version 1.7: parse once, render anywhere.
//!
//! ```
//! use velocity::{Context, Options, Template, Value};
//!
//! let source = "#foreach($name in $names)Hello $name!#if($foreach.hasNext) #end#end";
//! let template = Template::parse(source, &Options::default())?;
//! let mut context = Context::new();
//! context.insert("names", vec![Value::from("Ada"), Value::from("Grace")]);
//! assert_eq!(template.render(&mut context)?, "Hello Ada! Hello Grace!");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Expressions behave as on the JVM: strings are UTF-16, numbers are `Integer`, `Long`,
//! `BigInteger` and `Double`, and values have the methods of their Java classes. Errors know their
//! location:
//!
//! ```
//! use velocity::{Options, Template};
//!
//! let source = "Hello #if($name)$name";
//! let error = Template::parse(source, &Options::default()).unwrap_err();
//! assert_eq!((error.line(), error.column()), (1, 7));
//! println!("{}", error.with_source("greeting.vtl", source));
//! ```
//!
//! The way of a template: `lexer` splits it into tokens, `parser` builds a tree (`ast`), `eval`
//! renders the tree over `value`s with the methods in `methods`. No template can hang, exhaust
//! memory or overflow the stack: see [`Options`] for the limits.
//!
//! # Features
//!
//! - `proptest` (off by default): the module `strategy`, generators of templates and contexts for
//!   property tests.

mod ast;
mod context;
mod error;
mod eval;
mod frozen;
mod hash;
mod lexer;
mod methods;
mod number;
mod options;
mod parser;
mod regex;
#[cfg(feature = "proptest")]
pub mod strategy;
pub mod suggest;
pub mod syntax;
mod text;
mod value;

use std::sync::Arc;

pub use crate::context::Context;
pub use crate::error::{
    Failure, ParseError, ParseErrorKind, RenderError, RenderErrorKind, TemplateError, excerpt,
};
pub use crate::frozen::{Frozen, FrozenMap};
pub use crate::number::{Decimal, Number};
pub use crate::options::{Missing, Options};
pub use crate::regex::Regex;
pub use crate::text::{Text, TextBuf};
pub use crate::value::{Entry, Iter, List, ListKind, Map, Object, Value, View, ViewKind};

/// A parsed template. Cheap to clone and to share between threads.
#[derive(Clone, Debug)]
pub struct Template(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Box<str>,
    options: Options,
    parsed: parser::Parsed,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// If it cannot be parsed: the error has the location.
    pub fn parse(source: &str, options: &Options) -> Result<Self, ParseError> {
        let parsed = parser::parse(source, options)?;
        Ok(Template(Arc::new(Inner {
            source: source.into(),
            options: options.clone(),
            parsed,
        })))
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Renders with these variables. `#set` changes them.
    ///
    /// # Errors
    /// If a method throws, a directive cannot do its work, or a limit of the options is reached.
    pub fn render(&self, context: &mut Context<'_>) -> Result<String, RenderError> {
        let mut out = String::new();
        self.render_into(context, &mut out)?;
        Ok(out)
    }

    /// Appends the output to `out`. On an error, `out` is unchanged.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_into(
        &self,
        context: &mut Context<'_>,
        out: &mut String,
    ) -> Result<(), RenderError> {
        let start = out.len();
        let mut buffer = TextBuf::continuing(std::mem::take(out));
        let inner = &*self.0;
        let result = eval::Evaluator::new(
            context,
            &inner.options,
            &inner.source,
            &inner.parsed.macros,
            start,
        )
        .run(&inner.parsed.nodes, &mut buffer);
        *out = buffer.into_string();
        result.map_err(|error| {
            out.truncate(start);
            *error
        })
    }
}
