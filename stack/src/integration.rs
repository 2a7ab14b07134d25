//! `AWS::ApiGatewayV2::Integration`, `IntegrationResponse`: type, passthrough, mapping templates.

use indexmap::IndexMap;
use spec::api::{
    ContentHandling, Integration, IntegrationResponse, IntegrationType, PassthroughBehavior,
};

use super::api::Reader;
use super::places::{IntegrationPlaces, Text};
use super::properties::Properties;
use super::source::{Error, Warning};
use super::value::Data;

impl Reader<'_> {
    pub(super) fn integrations(&mut self) -> Result<IndexMap<String, Integration>, Error> {
        let mut integrations = IndexMap::new();
        for properties in self.of_type("Integration")? {
            properties.warn_of_others(
                &[
                    "ApiId",
                    "IntegrationType",
                    "IntegrationUri",
                    "RequestTemplates",
                    "TemplateSelectionExpression",
                    "PassthroughBehavior",
                    "TimeoutInMillis",
                    "CredentialsArn",
                    "IntegrationMethod",
                    "RequestParameters",
                    "ContentHandlingStrategy",
                    "ConnectionType",
                ],
                &["Description", "PayloadFormatVersion"],
                self.warnings,
            );
            let id = self.id(&properties)?;
            let mut places = IntegrationPlaces {
                resource: properties.resource.id_span.clone(),
                ..IntegrationPlaces::default()
            };
            for name in [
                "IntegrationUri",
                "IntegrationMethod",
                "RequestParameters",
                "TemplateSelectionExpression",
                "TimeoutInMillis",
            ] {
                places.properties.insert(name, properties.span(name));
            }
            let integration = integration(&properties, &mut places, self.warnings)?;
            if properties.get("CredentialsArn")?.is_some() {
                self.with_role.push(id.clone());
            }
            integrations.insert(id.clone(), integration);
            self.places.integrations.insert(id, places);
        }
        for properties in self.of_type("IntegrationResponse")? {
            properties.warn_of_others(
                &[
                    "ApiId",
                    "IntegrationId",
                    "IntegrationResponseKey",
                    "ResponseTemplates",
                    "TemplateSelectionExpression",
                    "ContentHandlingStrategy",
                ],
                &[],
                self.warnings,
            );
            let (id, span) = properties.required_text("IntegrationId")?;
            let (Some(integration), Some(places)) = (
                integrations.get_mut(&id),
                self.places.integrations.get_mut(&id),
            ) else {
                return Err(self.template.source.error(
                    span,
                    format!("`IntegrationId` `{id}` names no integration of the API"),
                ));
            };
            let (key, span) = properties.required_text("IntegrationResponseKey")?;
            let response = IntegrationResponse {
                response_templates: templates(&properties, "ResponseTemplates", places)?,
                template_selection_expression: properties.text("TemplateSelectionExpression")?,
                content_handling_strategy: content_handling(&properties)?,
            };
            if integration
                .integration_responses
                .insert(key.clone(), response)
                .is_some()
            {
                return Err(self.template.source.error(
                    span,
                    format!("the integration has several responses `{key}`"),
                ));
            }
            places.response_keys.insert(key, span);
        }
        Ok(integrations)
    }
}

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
        "HTTP" => IntegrationType::Http,
        "HTTP_PROXY" => IntegrationType::HttpProxy,
        // INTEGRATION-44
        _ => {
            // INTEGRATION-44
            let message = format!(
                "`IntegrationType` `{kind}` must be `AWS`, `AWS_PROXY`, `HTTP`, `HTTP_PROXY` or `MOCK`"
            );
            return Err(source.error(span, message));
        }
    };
    let mut integration = Integration::new(integration_type, properties.text("IntegrationUri")?);
    if integration_type != IntegrationType::Mock && integration.integration_uri.is_none() {
        return Err(properties.missing("IntegrationUri"));
    }
    let is_http = matches!(
        integration_type,
        IntegrationType::Http | IntegrationType::HttpProxy
    );
    let method = properties.text("IntegrationMethod")?;
    if is_http {
        // No default is documented: what AWS would take is not guessed.
        if method.is_none() {
            return Err(properties.missing("IntegrationMethod"));
        }
        integration.integration_method = method;
    } else if integration_type != IntegrationType::Mock
        && let Some(method) = method
        && method != "POST"
    {
        // INTEGRATION-63
        let message = format!(
            "`IntegrationMethod` `{method}` must be `POST`: Lambda and DynamoDB take nothing else"
        );
        return Err(properties.error("IntegrationMethod", message));
    }
    if let Some(kind) = properties.text("ConnectionType")?
        && kind != "INTERNET"
    {
        return Err(properties.error(
            "ConnectionType",
            format!("`ConnectionType` `{kind}` is not supported here"),
        ));
    }
    integration.content_handling_strategy = content_handling(properties)?;
    integration.request_parameters = request_parameters(properties)?;
    if !is_http && let Some(name) = idle_parameter(&integration) {
        let message = format!("`{name}` has no effect here: only HTTP backends are sent it");
        warnings.push(source.warning(properties.span("RequestParameters"), message));
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

/// Reads `ContentHandlingStrategy` of an integration or an integration response.
fn content_handling(properties: &Properties<'_>) -> Result<Option<ContentHandling>, Error> {
    match properties.text("ContentHandlingStrategy")?.as_deref() {
        None => Ok(None),
        Some("CONVERT_TO_BINARY") => Ok(Some(ContentHandling::ConvertToBinary)),
        Some("CONVERT_TO_TEXT") => Ok(Some(ContentHandling::ConvertToText)),
        Some(other) => {
            let message = format!(
                "`ContentHandlingStrategy` `{other}` must be `CONVERT_TO_BINARY` or `CONVERT_TO_TEXT`"
            );
            Err(properties.error("ContentHandlingStrategy", message))
        }
    }
}

/// Reads `RequestParameters`: sources by target.
fn request_parameters(properties: &Properties<'_>) -> Result<IndexMap<String, String>, Error> {
    let mut parameters = IndexMap::new();
    let source = properties.template.source;
    let Some(value) = properties.get("RequestParameters")? else {
        return Ok(parameters);
    };
    for (key, value) in value.expect_map(source, "`RequestParameters`")? {
        let text = value.expect_text(source, "a request parameter's source")?;
        parameters.insert(key.text.clone(), text.to_owned());
    }
    Ok(parameters)
}

/// Reads `RequestParameters` of a route: whether each is required.
pub(super) fn declared_parameters(
    properties: &Properties<'_>,
) -> Result<IndexMap<String, bool>, Error> {
    let mut parameters = IndexMap::new();
    let source = properties.template.source;
    let Some(value) = properties.get("RequestParameters")? else {
        return Ok(parameters);
    };
    for (key, value) in value.expect_map(source, "`RequestParameters`")? {
        let mut required = false;
        for (member, value) in value.expect_map(source, "a request parameter")? {
            let parsed = value.as_text().and_then(|text| text.parse().ok());
            required = match (&*member.text, parsed) {
                ("Required", Some(required)) => required,
                _ => {
                    let message =
                        "a request parameter is written `{Required: true}` or `{Required: false}`";
                    return Err(source.error(member.span.clone(), message));
                }
            };
        }
        parameters.insert(key.text.clone(), required);
    }
    Ok(parameters)
}

/// A parameter that nothing is done with where there is no HTTP backend: all but the one that makes a function's call asynchronous.
fn idle_parameter(integration: &Integration) -> Option<&str> {
    let mut names = integration.request_parameters.keys();
    let is_idle = |name: &&String| {
        integration.integration_type != IntegrationType::Aws
            || !name.eq_ignore_ascii_case("integration.request.header.X-Amz-Invocation-Type")
    };
    names.find(is_idle).map(String::as_str)
}

/// Reads `RequestTemplates` or `ResponseTemplates`, and notes where they stand.
fn templates(
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
