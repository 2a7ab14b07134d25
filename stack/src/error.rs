//! What is wrong with a template, and where: errors and warnings down to the span.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::ScanError;
use spec::{InvalidApi, InvalidRoute, Problem};

/// Bytes of the template's text.
pub(crate) type Span = Range<usize>;

/// One thing that makes an API unservable: what is wrong, where, and what to do.
///
/// Its `Display` is a page with the line and a caret. A cause, if there is one, is part of the page
/// and of the [`kind`](Self::kind), so [`source`](std::error::Error::source) does not repeat it.
#[derive(Clone, Debug)]
pub struct Error(Box<Report>);

/// What kind of thing is wrong. The `Display` is the message without its location.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file cannot be read.
    #[error("the template cannot be read: {0}")]
    Unreadable(Arc<std::io::Error>),
    /// The file is not text.
    #[error("the template is not UTF-8: {0}")]
    NotUtf8(std::string::FromUtf8Error),
    /// The text is not YAML.
    #[error("not YAML: {}", .0.info())]
    NotYaml(ScanError),
    /// The YAML is not built like a template.
    #[error("{0}")]
    Structure(String),
    /// A parameter has no value, or one that its declaration excludes.
    #[error("{0}")]
    Parameter(String),
    /// Variables are given for a function that the template does not have.
    #[error("{0}")]
    Variables(String),
    /// A reference to something that the template does not declare.
    #[error("{0}")]
    UnknownName(String),
    /// Something that refers to itself.
    #[error("a circular reference: {what} refers to itself")]
    Circular {
        /// A property or a condition.
        what: String,
    },
    /// A transform cannot be carried out.
    #[error("{0}")]
    Transform(String),
    /// An intrinsic function used in a way that CloudFormation refuses.
    #[error("{0}")]
    Function(String),
    /// A resource lacks a property that it must have.
    #[error("`{logical_id}` (`{resource_type}`) has no `{property}`")]
    Missing {
        /// The resource.
        logical_id: String,
        /// Its `Type`.
        resource_type: String,
        /// The property.
        property: String,
    },
    /// A value that AWS refuses for its property.
    #[error("{0}")]
    Value(String),
    /// A property that names a part of the API which does not exist.
    #[error("{0}")]
    Dangling(String),
    /// Two resources that AWS does not take together.
    #[error("{0}")]
    Conflict(String),
    /// The template does not say which API or which stage is served.
    #[error("{0}")]
    Choice(String),
    /// Something that AWS may take, but that is not supported here.
    #[error("{0}")]
    Unsupported(String),
    /// The specification does not accept a part of the API.
    #[error("{message}")]
    Api {
        /// The message, which names the part as the template does.
        message: String,
        /// What the specification said.
        invalid: Box<InvalidApi>,
    },
    /// A function's code cannot be used.
    #[error("{0}")]
    Code(String),
}

impl ErrorKind {
    /// What to do about it, where nothing more exact is known.
    pub(crate) fn cure(&self) -> Option<String> {
        Some(match self {
            Self::Missing { property, .. } => format!("add `{property}`"),
            Self::Circular { .. } => {
                "let one of them be without a reference to the other".to_owned()
            }
            Self::UnknownName(_) => "declare it, or correct the name".to_owned(),
            Self::Parameter(_) => "give the parameter a value: `--parameter NAME=VALUE`".to_owned(),
            Self::Api { invalid, .. } => match invalid.property() {
                "IdentitySource" => {
                    "write `route.request.header.NAME` or `route.request.querystring.NAME`"
                }
                "RouteSelectionExpression" => "write `$request.body.action`",
                "RequestTemplates" | "ResponseTemplates" => "`gatespec lint` tells more",
                "TimeoutInMillis" => "write a number from 50 to 29000",
                "Target" => "name an integration: `!Sub integrations/${MyIntegration}`",
                "AuthorizationType" => match &invalid.problem {
                    Problem::Route(InvalidRoute::NoAuthorizer) => {
                        "add `AuthorizerId: !Ref MyAuthorizer`, an `AWS::ApiGatewayV2::Authorizer`"
                    }
                    _ => "move it to the route `$connect`",
                },
                _ => return None,
            }
            .to_owned(),
            _ => return None,
        })
    }
}

/// Something that is not done as AWS would do it, or that works as on AWS but hardly as meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What kind of thing.
    pub kind: WarningKind,
    /// The message.
    pub message: String,
    /// The template, as errors call it.
    pub file: String,
    /// Bytes of the template's text.
    pub span: Range<usize>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Where the template's text starts among those of the assembly.
    pub(crate) start: usize,
}

/// What kind of thing a warning is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WarningKind {
    /// A property without effect here.
    NoEffect,
    /// A resource without effect here.
    NotServed {
        /// Its logical id.
        id: String,
        /// Its type.
        kind: String,
    },
    /// Something that cannot be read, and that serving does not depend on.
    LeftOut,
    /// Something that has the same effect on AWS, which is hardly the one that is meant.
    Suspicious,
    /// An integration that cannot be carried out here: its routes answer with an error frame.
    Unavailable,
    /// A call that fails for lack of a permission, as on AWS.
    NotPermitted {
        /// The logical id of the function.
        function: String,
        /// The ARN that would call it.
        caller: String,
    },
}

#[derive(Clone, Debug)]
struct Report {
    kind: ErrorKind,
    message: String,
    /// Where the template's text starts among those of the assembly.
    start: usize,
    span: Span,
    line: usize,
    column: usize,
    page: String,
}

impl Error {
    /// An error at a span of the text that begins at `start`, with the page that shows it.
    pub(crate) fn new(
        kind: ErrorKind,
        (start, span): (usize, Span),
        (line, column): (usize, usize),
        page: String,
    ) -> Self {
        Self(Box::new(Report {
            message: kind.to_string(),
            kind,
            start,
            span,
            line,
            column,
            page,
        }))
    }

    /// An error of a file whose text is not known.
    pub(crate) fn of_file(name: &str, kind: ErrorKind) -> Self {
        let page = format!("error: {kind}\n --> {name}");
        Self::new(kind, (0, 0..0), (1, 1), page)
    }

    /// What kind of thing is wrong, with its cause.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// What is wrong, without the location.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Bytes of the template's text.
    pub fn span(&self) -> Range<usize> {
        self.0.span.clone()
    }

    /// The span among the texts of all templates of the assembly.
    pub(crate) fn whole_span(&self) -> Span {
        let Report { start, span, .. } = &*self.0;
        start + span.start..start + span.end
    }

    /// From 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// In characters, from 1.
    pub fn column(&self) -> usize {
        self.0.column
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.page)
    }
}

impl std::error::Error for Error {}

impl Warning {
    /// Bytes of the assembly's texts, one after another.
    pub(crate) fn whole_span(&self) -> Span {
        self.start + self.span.start..self.start + self.span.end
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            file,
            line,
            column,
            ..
        } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}
