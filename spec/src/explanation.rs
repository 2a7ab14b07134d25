//! The parts of an [`Explanation`](crate::io::Explanation): what is called for a request, and how
//! what is sent came about.

use std::cell::RefCell;
use std::sync::Arc;

use crate::template::Variables;

/// What a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A handshake, `$connect`.
    Connect,
    /// A message.
    Message,
    /// The end of a connection, `$disconnect`.
    Disconnect,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The authorizer of `$connect`.
    Authorizer,
    /// The route's integration.
    Integration,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The function with this ARN.
    Function(String),
    /// The HTTP backend at this address.
    Http(String),
    /// This service, as in `sqs`.
    Service(String),
    /// Nothing: a mock answers.
    Mock,
    /// Nothing that can be called here, and why.
    Unavailable(String),
}

/// A template as it was rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendering {
    /// Whether it made the request or the response.
    pub side: Side,
    /// The template's key, such as `application/json` or `$default`.
    pub key: String,
    /// Its text.
    pub source: String,
    /// What it rendered, or why it failed.
    pub rendered: Result<String, String>,
    /// `$input.body`.
    pub body: String,
    /// The members of `$context`.
    pub context: Arc<Variables>,
    /// The members of `$stageVariables`.
    pub stage_variables: Arc<Variables>,
}

/// On which side of an integration a template stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `RequestTemplates`.
    Request,
    /// `ResponseTemplates`.
    Response,
}

/// Takes the templates that are rendered for a request.
#[derive(Debug, Default)]
pub struct Renderings(RefCell<Vec<Rendering>>);

impl Renderings {
    /// All that were rendered.
    pub fn into_inner(self) -> Vec<Rendering> {
        self.0.into_inner()
    }

    pub(crate) fn push(&self, rendering: Rendering) {
        self.0.borrow_mut().push(rendering);
    }
}
