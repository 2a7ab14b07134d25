//! Why a message fails validation, and how API Gateway says it.

use std::fmt;

use crate::route::DEFAULT;

/// Why a message fails validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is not JSON.
    ///
    /// Realises: ROUTE-41
    NotJson(String),
    /// There is no model under the key that the expression gives, and none under `$default`.
    ///
    /// Realises: ROUTE-38
    NoModel {
        /// The key.
        key: String,
    },
    /// The model refuses it.
    ///
    /// Realises: ROUTE-34
    Refused {
        /// The model's name.
        model: String,
        /// What the validator says, each text once, in the order of a Java `HashSet`.
        ///
        /// Realises: ROUTE-54
        messages: Vec<String>,
    },
    /// The model has no verdict on it.
    Undecided {
        /// The model's name.
        model: String,
        /// Why there is none.
        problem: String,
    },
}

impl Mismatch {
    /// `$context.error.validationErrorString`: the messages as a Java collection prints them.
    ///
    /// Realises: ROUTE-54, ROUTE-55
    pub fn validation_error_string(&self) -> String {
        let mut out = String::with_capacity(128);
        // Nothing fails that writes into a string.
        let _ = self.write_error_string(&mut out);
        out
    }

    fn write_error_string(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::NotJson(_) => out.write_str("[Unknown error parsing request body]"),
            Self::NoModel { key } => write!(
                out,
                "[there is no model under `{key}`, and none under `{DEFAULT}`]"
            ),
            Self::Refused { messages, .. } => {
                for (at, message) in messages.iter().enumerate() {
                    out.write_str(if at == 0 { "[" } else { ", " })?;
                    out.write_str(message)?;
                }
                out.write_str("]")
            }
            Self::Undecided { problem, .. } => write!(out, "[{problem}]"),
        }
    }
}

impl fmt::Display for Mismatch {
    /// As the execution log says it, and what it leaves out.
    ///
    /// Realises: ROUTE-56
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "Request body does not match model schema for content type application/json: ",
        )?;
        self.write_error_string(f)?;
        match self {
            Self::NotJson(problem) => write!(f, " (not JSON: {problem})"),
            Self::NoModel { .. } => Ok(()),
            Self::Refused { model, .. } | Self::Undecided { model, .. } => {
                write!(f, " (model `{model}`)")
            }
        }
    }
}
