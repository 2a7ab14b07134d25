//! The parts of one integration: type, passthrough, mapping templates.

use indexmap::IndexMap;
use spec::api::{Integration, IntegrationType, PassthroughBehavior};

use super::places::{IntegrationPlaces, Text};
use super::properties::Properties;
use super::source::{Error, Warning};
use super::value::Data;

/// Reads an integration without its responses.
pub(super) fn integration(
    properties: &Properties<'_>,
    places: &mut IntegrationPlaces,
    warnings: &mut Vec<Warning>,
) -> Result<Integration, Error> {
    let source = properties.template.source;
    let (kind, span) = properties.required_text("IntegrationType")?;
    let integration_type = match &*kind {
        "AWS" => IntegrationType::Aws,
        "AWS_PROXY" => IntegrationType::AwsProxy,
        "MOCK" => IntegrationType::Mock,
        "HTTP" | "HTTP_PROXY" => {
            return Err(source.error(
                span,
                format!("`IntegrationType` `{kind}` is not supported here"),
            ));
        }
        _ => {
            let message = format!(
                "`IntegrationType` `{kind}` must be `AWS`, `AWS_PROXY`, `HTTP`, `HTTP_PROXY` or `MOCK`"
            );
            return Err(source.error(span, message));
        }
    };
    let mut integration = Integration::new(integration_type, properties.text("IntegrationUri")?);
    if integration_type != IntegrationType::Mock {
        if integration.integration_uri.is_none() {
            return Err(properties.missing("IntegrationUri"));
        }
        if let Some(method) = properties.text("IntegrationMethod")?
            && method != "POST"
        {
            let message =
                format!("`IntegrationMethod` `{method}` must be `POST`: Lambda takes nothing else");
            return Err(properties.error("IntegrationMethod", message));
        }
    }
    if let Some(kind) = properties.text("ConnectionType")?
        && kind != "INTERNET"
    {
        return Err(properties.error(
            "ConnectionType",
            format!("`ConnectionType` `{kind}` is not supported here"),
        ));
    }
    if let Some(strategy) = properties.text("ContentHandlingStrategy")?
        && strategy != "CONVERT_TO_TEXT"
    {
        let message = format!("`ContentHandlingStrategy` `{strategy}` has no effect here");
        warnings.push(source.warning(properties.span("ContentHandlingStrategy"), message));
    }
    integration.passthrough_behavior = match properties.text("PassthroughBehavior")?.as_deref() {
        None | Some("WHEN_NO_MATCH") => PassthroughBehavior::WhenNoMatch,
        Some("WHEN_NO_TEMPLATES") => PassthroughBehavior::WhenNoTemplates,
        Some("NEVER") => PassthroughBehavior::Never,
        Some(other) => {
            let message = format!(
                "`PassthroughBehavior` `{other}` must be `WHEN_NO_MATCH`, `WHEN_NO_TEMPLATES` or `NEVER`"
            );
            return Err(properties.error("PassthroughBehavior", message));
        }
    };
    if let Some(millis) = properties.parsed("TimeoutInMillis", "a number of milliseconds")? {
        integration.timeout_in_millis = millis;
    }
    integration.request_templates = templates(properties, "RequestTemplates", places)?;
    integration.template_selection_expression = properties.text("TemplateSelectionExpression")?;
    Ok(integration)
}

/// Reads `RequestTemplates` or `ResponseTemplates`, and notes where they stand.
pub(super) fn templates(
    properties: &Properties<'_>,
    name: &'static str,
    places: &mut IntegrationPlaces,
) -> Result<IndexMap<String, String>, Error> {
    let mut templates = IndexMap::new();
    let Some(value) = properties.get(name)? else {
        return Ok(templates);
    };
    let source = properties.template.source;
    for (key, value) in value.expect_map(source, &format!("`{name}`"))? {
        let Data::Text { text, style } = &value.data else {
            return Err(source.error(value.span.clone(), "a mapping template must be text"));
        };
        let place = Text {
            span: value.span.clone(),
            style: *style,
            text: text.clone(),
        };
        places.templates.insert((name, key.text.clone()), place);
        templates.insert(key.text.clone(), text.clone());
    }
    Ok(templates)
}
