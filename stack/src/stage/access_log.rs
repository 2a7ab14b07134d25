//! A stage's `AccessLogSettings`.

use spec::access_log::{self, Format};
use spec::api::AccessLogSettings;

use super::super::places::{Places, Text};
use super::super::properties::Properties;
use super::super::source::{Error, Warning};
use super::super::value::Data;

/// Reads `AccessLogSettings`, notes where the format stands, and warns of variables that print nothing but `-` (TEMPLATE-89). The
/// specification judges the format.
pub(super) fn settings(
    properties: &Properties<'_>,
    places: &mut Places,
    warnings: &mut Vec<Warning>,
) -> Result<Option<AccessLogSettings>, Error> {
    let what = "`AccessLogSettings`";
    let Some(value) = properties.get("AccessLogSettings")? else {
        return Ok(None);
    };
    let source = properties.template.source;
    let mut format = None;
    let mut destination_arn = None;
    for (key, value) in value.expect_map(source, what)? {
        match &*key.text {
            "Format" => {
                let Data::Text { text, style } = &value.data else {
                    return Err(source.error(value.span.clone(), "`Format` must be text"));
                };
                format = Some(Text {
                    span: value.span.clone(),
                    style: *style,
                    text: text.clone(),
                });
            }
            "DestinationArn" => {
                let text = value.expect_text(source, "`DestinationArn`")?;
                destination_arn = Some(text.to_owned());
            }
            other => {
                let message = format!("`{other}` of {what} has no effect here");
                warnings.push(source.warning(key.span.clone(), message));
            }
        }
    }
    let Some(place) = format else {
        let message = "`AccessLogSettings` have no `Format`: nothing is logged".to_owned();
        warnings.push(source.warning(value.span.clone(), message));
        return Ok(None);
    };
    if let Ok(format) = Format::parse(&place.text) {
        for name in format
            .variables()
            .filter(|name| !access_log::is_known(name))
        {
            let at = place.text.find(&format!("context.{name}")).unwrap_or(0);
            let column = place.text[..at].chars().count();
            let span = source.place_in_scalar(&place.span, place.style, &place.text, 1, column);
            let message = format!(
                "WebSocket APIs have no variable `$context.{name}` for access logs: it prints `-`"
            );
            warnings.push(source.warning(span, message));
        }
    }
    let format = place.text.clone();
    places.access_log = Some(place.span);
    Ok(Some(AccessLogSettings {
        destination_arn,
        format,
    }))
}
