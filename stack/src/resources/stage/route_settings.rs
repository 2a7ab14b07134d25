//! A stage's `DefaultRouteSettings` and `RouteSettings`: how many requests may come.

use indexmap::IndexMap;
use spec::api::RouteSettings;
use spec::route::RouteKey;

use crate::document::value::Value;
use crate::error::{Error, ErrorKind, WarningKind};
use crate::resources::draft::Draft;
use crate::resources::properties::{Properties, number};

/// Reads `DefaultRouteSettings`.
pub(crate) fn default(draft: &mut Draft<'_>, properties: &Properties<'_>) -> RouteSettings {
    let what = "DefaultRouteSettings";
    match draft.optional(properties.get(what)) {
        Some(value) => settings(draft, &value, what),
        None => RouteSettings::default(),
    }
}

/// Reads `RouteSettings`, and notes the locations of their keys.
pub(crate) fn by_route(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
) -> IndexMap<RouteKey, RouteSettings> {
    let mut by_route = IndexMap::new();
    let entries = draft.take(properties.entries("RouteSettings"));
    for (key, value) in entries.unwrap_or_default() {
        let Some(value) = draft.take(value) else {
            continue;
        };
        let read = settings(draft, &value, "RouteSettings");
        match key.text.parse::<RouteKey>() {
            Ok(route_key) => {
                let keys = &mut draft.locations.stage.keys;
                keys.insert(key.text, key.span);
                by_route.insert(route_key, read);
            }
            Err(invalid) => {
                let message = format!("`RouteSettings` of `{}`: {invalid}", key.text);
                draft.error(key.span, ErrorKind::Value(message));
            }
        }
    }
    by_route
}

fn settings(draft: &mut Draft<'_>, value: &Value, what: &str) -> RouteSettings {
    let mut settings = RouteSettings::default();
    let entries = value.expect_map(draft.source(), &format!("`{what}`"));
    let Some(entries) = draft.take(entries) else {
        return settings;
    };
    for (key, value) in entries {
        match &*key.text {
            "ThrottlingRateLimit" => {
                let rate = rate(draft, value);
                settings.throttling_rate_limit = draft.take(rate);
            }
            "ThrottlingBurstLimit" => {
                let expected = "a whole number of requests";
                let burst = number(draft.template, value, &key.text, expected);
                settings.throttling_burst_limit = draft.take(burst);
            }
            // What goes to CloudWatch is not to be seen here.
            "DataTraceEnabled" | "DetailedMetricsEnabled" | "LoggingLevel" => {}
            other => {
                let message = format!("`{other}` of `{what}` has no effect here");
                draft.warn(key.span.clone(), WarningKind::NoEffect, message);
            }
        }
    }
    settings
}

fn rate(draft: &Draft<'_>, value: &Value) -> Result<f64, Error> {
    let expected = "a number of requests a second";
    let rate: f64 = number(draft.template, value, "ThrottlingRateLimit", expected)?;
    if rate.is_finite() && rate >= 0.0 {
        return Ok(rate);
    }
    let message = format!("`ThrottlingRateLimit` `{rate}` must be zero or more");
    let kind = ErrorKind::Value(message);
    Err(draft.source().error(value.span.clone(), kind))
}
