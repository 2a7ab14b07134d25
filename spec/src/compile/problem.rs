//! What can be wrong with a declared API, down to the property.

use std::fmt;

use crate::access_log::InvalidFormat;
use crate::authorizer::InvalidIdentitySource;
use crate::integration::InvalidIntegration;
use crate::model::{InvalidModel, InvalidRequestModels};
use crate::route::{InvalidRouteKey, RouteKey};
use crate::selection::SelectionExpressionError;
use crate::usage_plan::{InvalidKeySource, InvalidQuota};

/// One reason why an API cannot be served: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{location}: {problem}")]
pub struct InvalidApi {
    /// The resource.
    pub location: Location,
    /// What is wrong with it, and what to do.
    pub problem: Problem,
}

/// A resource of a declared API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// The API itself.
    Api,
    /// A usage plan, by its id.
    UsagePlan(String),
    /// A route, by its key.
    Route(RouteKey),
    /// An authorizer, by its id.
    Authorizer(String),
    /// An integration, by its id.
    Integration(String),
    /// A model, by its name.
    Model(String),
    /// The stage's `AccessLogSettings`.
    AccessLogSettings,
    /// The stage's `DefaultRouteSettings`.
    DefaultRouteSettings,
    /// The stage's `RouteSettings` for a route key.
    RouteSettings(RouteKey),
}

/// What is wrong there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// In the API's `RouteSelectionExpression`.
    #[error("`RouteSelectionExpression`: {0}")]
    RouteSelection(SelectionExpressionError),
    /// In the API's `ApiKeySelectionExpression`.
    #[error("`ApiKeySelectionExpression`: {0}")]
    KeySource(InvalidKeySource),
    /// In an integration.
    #[error(transparent)]
    Integration(#[from] InvalidIntegration),
    /// In an authorizer.
    #[error(transparent)]
    Authorizer(#[from] InvalidAuthorizer),
    /// In a model.
    #[error(transparent)]
    Model(#[from] InvalidModel),
    /// In a route.
    #[error(transparent)]
    Route(#[from] InvalidRoute),
    /// In a route's choice of models.
    #[error(transparent)]
    RequestModels(#[from] InvalidRequestModels),
    /// In throttling settings.
    #[error(transparent)]
    RouteSettings(#[from] InvalidRouteSettings),
    /// In an access log's format.
    #[error(transparent)]
    AccessLog(#[from] InvalidFormat),
    /// In a usage plan.
    #[error(transparent)]
    UsagePlan(#[from] InvalidUsagePlan),
}

/// What can be wrong with an authorizer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAuthorizer {
    /// The address does not name a function.
    #[error("`AuthorizerUri` `{0}` names no Lambda function")]
    Uri(String),
    /// An identity source that API Gateway does not take.
    #[error(transparent)]
    IdentitySource(#[from] InvalidIdentitySource),
}

/// What can be wrong with a route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoute {
    /// A key that API Gateway does not take.
    #[error(transparent)]
    Key(#[from] InvalidRouteKey),
    /// `Target` names an integration that the API does not have.
    #[error("there is no integration `{0}`")]
    UnknownIntegration(String),
    /// `AWS_IAM` on another route than `$connect`.
    #[error("only `$connect` can have the authorization type `AWS_IAM`")]
    SignatureElsewhere,
    /// `CUSTOM` on another route than `$connect`.
    #[error("only `$connect` can have an authorizer")]
    AuthorizerElsewhere,
    /// `CUSTOM` without an authorizer.
    #[error("`AuthorizationType` is `CUSTOM`, but there is no `AuthorizerId`")]
    NoAuthorizer,
    /// `AuthorizerId` names an authorizer that the API does not have.
    #[error("there is no authorizer `{0}`")]
    UnknownAuthorizer(String),
    /// The expression is not `$default`.
    #[error("`RouteResponseSelectionExpression` `{0}` must be `$default`")]
    RouteResponseSelection(String),
    /// A route response under another key than `$default`.
    #[error("route response key `{0}` must be `$default`")]
    RouteResponseKey(String),
    /// A request parameter on another route than `$connect`.
    #[error("request parameter `{0}`: only `$connect` can have request parameters")]
    ParameterElsewhere(String),
    /// A request parameter that is not one of the handshake.
    #[error(
        "request parameter `{0}` must be `route.request.header.NAME` or \
         `route.request.querystring.NAME`"
    )]
    Parameter(String),
    /// The integration uses a request parameter that the route does not declare.
    #[error(
        "its integration uses `{0}`, which the route does not declare: `RequestParameters: {{{0}: \
         {{Required: false}}}}`"
    )]
    UndeclaredParameter(String),
}

/// What can be wrong with `DefaultRouteSettings` or an entry of `RouteSettings`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidRouteSettings {
    /// The settings are for a route that the API does not have.
    #[error("the API has no route `{0}`")]
    UnknownRoute(RouteKey),
    /// The rate is negative or not a number.
    #[error("`ThrottlingRateLimit` `{0}` must be zero or more")]
    Rate(f64),
}

/// What can be wrong with a usage plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidUsagePlan {
    /// An API key that does not exist.
    #[error("there is no API key `{0}`")]
    UnknownKey(String),
    /// The rate is negative or not a number.
    #[error("`RateLimit` `{0}` must be zero or more")]
    Rate(f64),
    /// The quota's day is outside its period.
    #[error(transparent)]
    Quota(#[from] InvalidQuota),
}

impl InvalidApi {
    pub(super) fn new(location: Location, problem: impl Into<Problem>) -> Self {
        Self {
            location,
            problem: problem.into(),
        }
    }

    /// CloudFormation's name of the property that is wrong.
    pub fn property(&self) -> &'static str {
        match &self.problem {
            Problem::RouteSelection(_) => "RouteSelectionExpression",
            Problem::KeySource(_) => "ApiKeySelectionExpression",
            Problem::Integration(problem) => problem.property(),
            Problem::Authorizer(InvalidAuthorizer::Uri(_)) => "AuthorizerUri",
            Problem::Authorizer(InvalidAuthorizer::IdentitySource(_)) => "IdentitySource",
            Problem::Model(InvalidModel::Name(_)) => "Name",
            Problem::Model(_) => "Schema",
            Problem::Route(problem) => problem.property(),
            Problem::RequestModels(InvalidRequestModels::Selection(_)) => {
                "ModelSelectionExpression"
            }
            Problem::RequestModels(InvalidRequestModels::Unknown(_)) => "RequestModels",
            Problem::RouteSettings(InvalidRouteSettings::UnknownRoute(_)) => "RouteSettings",
            Problem::RouteSettings(InvalidRouteSettings::Rate(_)) => "ThrottlingRateLimit",
            Problem::AccessLog(_) => "Format",
            Problem::UsagePlan(InvalidUsagePlan::UnknownKey(_)) => "KeyId",
            Problem::UsagePlan(InvalidUsagePlan::Rate(_)) => "Throttle",
            Problem::UsagePlan(InvalidUsagePlan::Quota(_)) => "Quota",
        }
    }
}

impl InvalidRoute {
    fn property(&self) -> &'static str {
        match self {
            Self::Key(_) => "RouteKey",
            Self::UnknownIntegration(_) => "Target",
            Self::SignatureElsewhere | Self::AuthorizerElsewhere | Self::NoAuthorizer => {
                "AuthorizationType"
            }
            Self::UnknownAuthorizer(_) => "AuthorizerId",
            Self::RouteResponseSelection(_) => "RouteResponseSelectionExpression",
            Self::RouteResponseKey(_) => "RouteResponseKey",
            Self::ParameterElsewhere(_) | Self::Parameter(_) | Self::UndeclaredParameter(_) => {
                "RequestParameters"
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api => f.write_str("the API"),
            Self::UsagePlan(id) => write!(f, "usage plan `{id}`"),
            Self::Route(key) => write!(f, "route `{key}`"),
            Self::Authorizer(id) => write!(f, "authorizer `{id}`"),
            Self::Integration(id) => write!(f, "integration `{id}`"),
            Self::Model(name) => write!(f, "model `{name}`"),
            Self::AccessLogSettings => f.write_str("`AccessLogSettings`"),
            Self::DefaultRouteSettings => f.write_str("`DefaultRouteSettings`"),
            Self::RouteSettings(key) => write!(f, "`RouteSettings` of `{key}`"),
        }
    }
}
