//! API keys and usage plans, as they are declared (`AWS::ApiGateway::*`). What they let in is
//! decided in [`usage_plan`](crate::usage_plan).

use std::fmt;

/// `AWS::ApiGateway::ApiKey`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// `Name`.
    pub name: String,
    /// `Value`: what clients send.
    pub value: String,
    /// `Enabled`.
    pub enabled: bool,
}

/// `AWS::ApiGateway::UsagePlan` with its `UsagePlanKey`s; one that covers the stage that is served.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsagePlan {
    /// `UsagePlanName`.
    pub name: String,
    /// The plan's keys, by id: keys of [`Api::api_keys`](super::Api::api_keys).
    pub api_keys: Vec<String>,
    /// `Throttle.RateLimit`: requests a second.
    pub rate_limit: Option<f64>,
    /// `Throttle.BurstLimit`: requests at once.
    pub burst_limit: Option<u32>,
    /// `Quota`.
    pub quota: Option<Quota>,
}

/// `Quota` of a usage plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// `Limit`: how many requests a period may have.
    pub limit: u64,
    /// `Offset`: the day on which a period starts, from 0; 0 is Sunday, or the first of the month.
    ///
    /// Realises: HANDSHAKE-53
    pub offset: u8,
    /// `Period`.
    pub period: Period,
}

/// How long a quota lasts, by the calendar of UTC.
///
/// Realises: HANDSHAKE-53
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// `DAY`.
    Day,
    /// `WEEK`.
    Week,
    /// `MONTH`.
    Month,
}

/// The default of [`Api::api_key_selection_expression`](super::Api::api_key_selection_expression).
pub const KEY_FROM_HEADER: &str = "$request.header.x-api-key";
/// The only other one that there is.
pub const KEY_FROM_AUTHORIZER: &str = "$context.authorizer.usageIdentifierKey";

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        })
    }
}
