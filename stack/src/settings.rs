//! A stage's `DefaultRouteSettings` and `RouteSettings`: how many requests may come.

use std::str::FromStr;

use indexmap::IndexMap;
use spec::api::RouteSettings;
use spec::route::{InvalidRouteKey, RouteKey};

use super::places::Places;
use super::properties::Properties;
use super::source::{Error, Warning};
use super::template::Template;
use super::value::Value;

/// Reads `DefaultRouteSettings`.
pub(super) fn default(
    properties: &Properties<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<RouteSettings, Error> {
    let what = "DefaultRouteSettings";
    match properties.get(what)? {
        Some(value) => settings(properties.template, &value, what, warnings),
        None => Ok(RouteSettings::default()),
    }
}

/// Reads `RouteSettings`, and notes where each route's stand.
pub(super) fn by_route(
    properties: &Properties<'_>,
    places: &mut Places,
    warnings: &mut Vec<Warning>,
) -> Result<IndexMap<RouteKey, RouteSettings>, Error> {
    let mut by_route = IndexMap::new();
    let Some(value) = properties.get("RouteSettings")? else {
        return Ok(by_route);
    };
    for (key, value) in value.expect_map(properties.template.source, "`RouteSettings`")? {
        let read = settings(properties.template, value, "RouteSettings", warnings)?;
        places
            .route_settings
            .insert(key.text.clone(), key.span.clone());
        let route_key = key.text.parse().map_err(|error: InvalidRouteKey| {
            let message = format!("`RouteSettings` of `{}`: {error}", key.text);
            let source = properties.template.source;
            source.error(key.span.clone(), message)
        })?;
        by_route.insert(route_key, read);
    }
    Ok(by_route)
}

fn settings(
    template: &Template<'_>,
    value: &Value,
    what: &str,
    warnings: &mut Vec<Warning>,
) -> Result<RouteSettings, Error> {
    let mut settings = RouteSettings::default();
    for (key, value) in value.expect_map(template.source, &format!("`{what}`"))? {
        match &*key.text {
            "ThrottlingRateLimit" => {
                let rate: f64 =
                    number(template, value, &key.text, "a number of requests a second")?;
                if !(rate.is_finite() && rate >= 0.0) {
                    let message = format!("`ThrottlingRateLimit` `{rate}` must be zero or more");
                    return Err(template.source.error(value.span.clone(), message));
                }
                settings.throttling_rate_limit = Some(rate);
            }
            "ThrottlingBurstLimit" => {
                let burst = number(template, value, &key.text, "a whole number of requests")?;
                settings.throttling_burst_limit = Some(burst);
            }
            // Of what goes to CloudWatch, nothing is to be seen here.
            "DataTraceEnabled" | "DetailedMetricsEnabled" | "LoggingLevel" => {}
            other => {
                let message = format!("`{other}` of `{what}` has no effect here");
                warnings.push(template.source.warning(key.span.clone(), message));
            }
        }
    }
    Ok(settings)
}

pub(super) fn number<T: FromStr>(
    template: &Template<'_>,
    value: &Value,
    name: &str,
    kind: &str,
) -> Result<T, Error> {
    let text = value.as_text().and_then(|text| text.trim().parse().ok());
    text.ok_or_else(|| {
        let message = format!("`{name}` must be {kind}");
        template.source.error(value.span.clone(), message)
    })
}
