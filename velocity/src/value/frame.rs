//! The scopes inside macros and loops. They are part of the values: a `#define` block keeps the
//! scope that it was defined in, whose variables are values.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::Value;
use crate::ast::Call;

/// The innermost scope; `None` is the context itself.
pub(crate) type FrameRef<'a> = Option<Rc<Frame<'a>>>;

/// A parameter's name, and the call and index of the argument that it stands for.
pub(crate) type LateArgument = (Box<str>, Arc<Call>, usize);

/// Variables of a macro, by name.
pub(crate) type Locals<'a> = Vec<(Box<str>, Value<'a>)>;

/// A scope around a macro's body, or around an iteration whose item is null.
pub(crate) struct Frame<'a> {
    pub(crate) kind: FrameKind<'a>,
    pub(crate) outer: FrameRef<'a>,
}

pub(crate) enum FrameKind<'a> {
    Macro {
        /// What was set since the macro began, including constant arguments.
        local: RefCell<Locals<'a>>,
        /// Arguments that are evaluated anew at every use, in the scope of the call.
        arguments: RefCell<Vec<LateArgument>>,
        /// How the arguments were written at the call.
        literals: Vec<LateArgument>,
    },
    /// Hides the loop's variable while its item is null.
    Null { key: Box<str>, active: Cell<bool> },
}

impl<'a> Frame<'a> {
    pub(crate) fn null_holder(key: &str, outer: &FrameRef<'a>) -> Rc<Self> {
        Rc::new(Frame {
            kind: FrameKind::Null {
                key: key.into(),
                active: Cell::new(true),
            },
            outer: outer.clone(),
        })
    }

    pub(crate) fn of_macro(
        local: Locals<'a>,
        arguments: Vec<LateArgument>,
        outer: &FrameRef<'a>,
    ) -> Rc<Self> {
        let literals = arguments.clone();
        Rc::new(Frame {
            kind: FrameKind::Macro {
                local: RefCell::new(local),
                arguments: RefCell::new(arguments),
                literals,
            },
            outer: outer.clone(),
        })
    }
}
