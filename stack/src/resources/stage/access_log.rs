//! A stage's `AccessLogSettings`.

use spec::access_log::{self, Format};
use spec::api::AccessLogSettings;

use crate::document::value::Data;
use crate::error::{ErrorKind, WarningKind};
use crate::resources::draft::Draft;
use crate::resources::locations::Text;
use crate::resources::properties::Properties;

/// Reads `AccessLogSettings`, notes the location of the format, and warns of variables that print
/// nothing but `-`. The specification judges the format.
///
/// Realises: TEMPLATE-89
pub(crate) fn settings(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
) -> Option<AccessLogSettings> {
    let name = "AccessLogSettings";
    let what = format!("`{name}`");
    let entries = draft.take(properties.entries(name))?;
    if entries.is_empty() {
        draft.optional(properties.get(name))?;
    }
    let mut format = None;
    let mut destination_arn = None;
    let mut format_is_wrong = false;
    for (key, value) in entries {
        if key.text == "DestinationArn" {
            let text = value.and_then(|value| {
                let text = value.expect_text(draft.source(), "`DestinationArn`");
                text.map(str::to_owned)
            });
            destination_arn = draft.known(text, "the access log does not go there");
            continue;
        }
        let Some(value) = draft.take(value) else {
            format_is_wrong |= key.text == "Format";
            continue;
        };
        match &*key.text {
            "Format" => match &value.data {
                Data::Text { text, style } => {
                    format = Some(Text {
                        span: value.span.clone(),
                        style: *style,
                        text: text.clone(),
                    });
                }
                _ => {
                    let message = "`Format` must be text".to_owned();
                    draft.error(value.span.clone(), ErrorKind::Value(message));
                    format_is_wrong = true;
                }
            },
            other => {
                let message = format!("`{other}` of {what} has no effect here");
                draft.warn(key.span.clone(), WarningKind::NoEffect, message);
            }
        }
    }
    if format.is_none() && !format_is_wrong {
        let message = "`AccessLogSettings` have no `Format`: nothing is logged";
        draft.warn(properties.span(name), WarningKind::Suspicious, message);
    }
    let written = format?;
    warn_of_unknown_variables(draft, &written);
    let properties = &mut draft.locations.stage.properties;
    properties.insert("Format", written.span);
    Some(AccessLogSettings {
        destination_arn,
        format: written.text,
    })
}

fn warn_of_unknown_variables(draft: &mut Draft<'_>, written: &Text) {
    let Ok(format) = Format::parse(&written.text) else {
        return;
    };
    let unknown = format.variables();
    for name in unknown.filter(|name| !access_log::is_known(name)) {
        let at = written.text.find(&format!("context.{name}")).unwrap_or(0);
        let column = written.text[..at].chars().count();
        let span = written.locate(draft.source(), 1, column);
        let message = format!(
            "WebSocket APIs have no variable `$context.{name}` for access logs: it prints `-`"
        );
        draft.warn(span, WarningKind::Suspicious, message);
    }
}
