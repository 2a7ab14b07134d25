//! The stage: its settings, and the custom domains that lead to it.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::route::RouteKey;

/// `AWS::ApiGatewayV2::ApiMapping`: a custom domain, or a path on it, that leads to the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiMapping {
    /// The custom domain, in lower case; `*.` at its beginning stands for one label.
    pub domain_name: String,
    /// `ApiMappingKey`: the path, without slashes around it; empty for the domain itself.
    pub api_mapping_key: String,
}

/// `AWS::ApiGatewayV2::Stage`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stage {
    /// `StageName`, the first segment of the path.
    pub stage_name: String,
    /// `StageVariables`: strings.
    pub stage_variables: Map<String, Value>,
    /// `DefaultRouteSettings`: for routes without settings of their own.
    pub default_route_settings: RouteSettings,
    /// `RouteSettings`, by route key.
    pub route_settings: IndexMap<RouteKey, RouteSettings>,
    /// `AccessLogSettings`: without them no request is logged.
    pub access_log_settings: Option<AccessLogSettings>,
    /// Whether the stage has no deployment.
    ///
    /// Realises: HANDSHAKE-21
    pub undeployed: bool,
}

/// `AccessLogSettings`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessLogSettings {
    /// `DestinationArn`: nothing depends on it here, where lines go is the shell's matter.
    pub destination_arn: Option<String>,
    /// `Format`: text with variables, see [`access_log`](crate::access_log).
    pub format: String,
}

/// `DefaultRouteSettings` or an entry of `RouteSettings`, as far as it concerns clients.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RouteSettings {
    /// `ThrottlingRateLimit`: requests a second.
    pub throttling_rate_limit: Option<f64>,
    /// `ThrottlingBurstLimit`: requests at once.
    pub throttling_burst_limit: Option<u32>,
}
