//! What can be wrong with a declared integration.

use velocity::ParseError;

use crate::selection::SelectionExpressionError;

/// The methods that `IntegrationMethod` may name.
pub(super) const METHODS: [&str; 8] = [
    "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
];

/// A part of an integration that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidIntegration {
    /// A mapping template with a syntax error.
    #[error("mapping template `{key}`: {error}")]
    Template {
        /// `RequestTemplates` or `ResponseTemplates`.
        property: &'static str,
        /// Its key.
        key: String,
        /// The error, with line and column inside the template.
        error: Box<ParseError>,
    },
    /// A mapping template that is too long.
    ///
    /// Realises: LIMITS-32
    #[error(
        "mapping template `{key}` has {bytes} bytes, more than the {limit} that it may have",
        limit = crate::limits::TEMPLATE_BYTES
    )]
    TemplateTooLarge {
        /// `RequestTemplates` or `ResponseTemplates`.
        property: &'static str,
        /// Its key.
        key: String,
        /// How long it is.
        bytes: usize,
    },
    /// A selection expression with a syntax error.
    #[error(transparent)]
    Selection(#[from] SelectionExpressionError),
    /// No function in the URI, nor an action of a service.
    #[error(
        "`IntegrationUri` `{0}` names no Lambda function \
         (arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations) and \
         no action or path of a service (arn:aws:apigateway:REGION:SERVICE:action/ACTION, \
         arn:aws:apigateway:REGION:SERVICE:path/PATH)"
    )]
    Uri(String),
    /// No HTTP address in the URI.
    #[error(
        "`IntegrationUri` `{0}` must be `http://` or `https://` with a host, in visible ASCII \
         characters and without a user"
    )]
    Address(String),
    /// No HTTP method.
    #[error("`IntegrationMethod` `{0}` must be one of `{methods}`", methods = METHODS.join("`, `"))]
    Method(String),
    /// A request parameter that cannot be read.
    #[error("request parameter `{name}`: {problem}")]
    Parameter {
        /// The target.
        name: String,
        /// What is wrong, and what it must be.
        problem: InvalidParameter,
    },
    /// A key that is neither `$default` nor a pattern between slashes.
    #[error(
        "integration response key `{key}` must be `$default` or a pattern between slashes: \
         {problem}"
    )]
    ResponseKey {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: InvalidResponseKey,
    },
    /// A timeout that is out of range.
    #[error("`TimeoutInMillis` {0} must be from 50 to 29000")]
    Timeout(u64),
}

/// What can be wrong with an entry of `RequestParameters`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParameter {
    /// A header that no mapping may set.
    #[error("the gateway sets this header itself")]
    Framing,
    /// The target is not a location in a request.
    #[error(
        "it must be `integration.request.header.NAME`, `integration.request.querystring.NAME` or \
         `integration.request.path.NAME`, with a name of letters, digits and `._$-`"
    )]
    Target,
    /// The source, which names nothing.
    #[error(
        "its source `{0}` must be `route.request.header.NAME`, `route.request.querystring.NAME`, \
         `route.request.multivalueheader.NAME`, `route.request.multivaluequerystring.NAME`, \
         `route.request.body.PATH`, `context.NAME`, `stageVariables.NAME` or a text between single \
         quotes"
    )]
    Source(String),
}

/// What can be wrong with an integration response's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponseKey {
    /// It is no pattern.
    #[error("there are no slashes around it")]
    NoSlashes,
    /// The pattern is not a regular expression of Java's.
    #[error(transparent)]
    Pattern(#[from] velocity::Failure),
}

impl InvalidIntegration {
    /// CloudFormation's name of the property that is wrong.
    pub(crate) fn property(&self) -> &'static str {
        match self {
            Self::Template { property, .. } | Self::TemplateTooLarge { property, .. } => property,
            Self::Selection(_) => "TemplateSelectionExpression",
            Self::Uri(_) | Self::Address(_) => "IntegrationUri",
            Self::Method(_) => "IntegrationMethod",
            Self::Parameter { .. } => "RequestParameters",
            Self::ResponseKey { .. } => "IntegrationResponseKey",
            Self::Timeout(_) => "TimeoutInMillis",
        }
    }
}
