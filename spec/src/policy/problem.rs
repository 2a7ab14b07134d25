//! What can be wrong with a policy document.

/// Why a JSON value is no policy document that can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy document: `{path}` {problem}")]
pub struct PolicyError {
    /// Where, such as `Statement[0].Effect`.
    pub path: String,
    /// What is wrong there.
    pub problem: PolicyProblem,
}

/// What is wrong with a member of a policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// No JSON object.
    #[error("must be an object")]
    NotAnObject,
    /// No statements.
    #[error("must be a statement or a list of them")]
    NotStatements,
    /// No effect.
    #[error("must be `Allow` or `Deny`")]
    NotAnEffect,
    /// No text, or an empty list.
    #[error("must be a string or a list of strings")]
    NotTexts,
    /// A member of a statement that is not evaluated.
    #[error("is not supported")]
    Unsupported,
    /// `${...}`.
    #[error("has a policy variable, which is not supported")]
    Variable,
    /// No condition operator.
    #[error("is no condition operator")]
    UnknownOperator,
    /// A condition key that is not known.
    #[error("is no condition key that is known here")]
    UnknownKey,
    /// A condition key whose values the operator cannot compare.
    #[error("is a key that the operator cannot compare")]
    Incomparable,
    /// No values to compare with.
    #[error("must be a value or a list of values")]
    NotValues,
    /// A value that the operator cannot read.
    #[error("`{value}` is no value for `{operator}`")]
    Value {
        /// The value.
        value: String,
        /// The operator.
        operator: String,
    },
}

impl PolicyError {
    pub(super) fn new(path: impl Into<String>, problem: PolicyProblem) -> Self {
        Self {
            path: path.into(),
            problem,
        }
    }
}
