//! `AWS::ApiGatewayV2::Integration`: type, passthrough, mapping templates.

mod vpc_link;

use indexmap::IndexMap;
use spec::api::{ContentHandling, Integration, IntegrationType, PassthroughBehavior};

use crate::document::value::Data;
use crate::error::{ErrorKind, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType, is_unknown};
use crate::resources::locations::{PartLocations, Text};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Integration",
    identity: Identity {
        reference: Reference::Id(7),
        attributes: Attributes::Only(&[("IntegrationId", "{ref}")]),
    },
    known: &[
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
        "ConnectionId",
        "PayloadFormatVersion",
    ],
    harmless: &["Description"],
    reads: Reads::EachOfApi(read),
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let id = draft.id(properties);
    let mut locations = PartLocations::new(properties, TYPE.known);
    let read_type = integration_type(draft, properties);
    // What is known of one whose type could not be read is judged as that of a mock, which is
    // asked for nothing more.
    let integration_type = read_type.unwrap_or(IntegrationType::Mock);
    let mut integration = Integration::new(integration_type, None);
    integration.integration_uri = uri(draft, properties);
    if read_type.is_some() {
        check_uri(draft, properties, &mut integration);
        method(draft, properties, &mut integration);
    }
    vpc_link::read(draft, properties, &mut integration);
    check_format_version(draft, properties);
    integration.content_handling_strategy = content_handling(draft, properties);
    integration.request_parameters = request_parameters(draft, properties);
    if read_type.is_some() {
        warn_of_idle_parameter(draft, properties, &integration);
    }
    integration.passthrough_behavior = passthrough(draft, properties);
    let timeout = properties.number("TimeoutInMillis", "a number of milliseconds");
    if let Some(millis) = draft.optional(timeout) {
        integration.timeout_in_millis = millis;
    }
    integration.request_templates =
        mapping_templates(draft, properties, "RequestTemplates", &mut locations);
    integration.template_selection_expression =
        draft.optional(properties.text("TemplateSelectionExpression"));
    credentials(draft, properties, &mut integration, &id);
    draft.locations.integrations.insert(id.clone(), locations);
    draft.api.integrations.insert(id, integration);
}

/// Reads `IntegrationUri`. A function's ARN stands for the path that invokes it.
///
/// Realises: INTEGRATION-111
fn uri(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Option<String> {
    let uri = draft.optional(properties.text("IntegrationUri"))?;
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let ["arn", partition, "lambda", region, _, rest] = *parts else {
        return Some(uri);
    };
    if !rest.starts_with("function:") {
        return Some(uri);
    }
    let path = format!("path/2015-03-31/functions/{uri}/invocations");
    Some(format!("arn:{partition}:apigateway:{region}:lambda:{path}"))
}

/// Realises: INTEGRATION-44
fn integration_type(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Option<IntegrationType> {
    let (kind, span) = draft.take(properties.required_text("IntegrationType"))?;
    Some(match &*kind {
        "AWS" => IntegrationType::Aws,
        "AWS_PROXY" => IntegrationType::AwsProxy,
        "MOCK" => IntegrationType::Mock,
        "HTTP" => IntegrationType::Http,
        "HTTP_PROXY" => IntegrationType::HttpProxy,
        _ => {
            let words = ["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"];
            draft.not_a_word(span, "IntegrationType", &kind, &words);
            return None;
        }
    })
}

fn is_http(integration: &Integration) -> bool {
    match integration.integration_type {
        IntegrationType::Http | IntegrationType::HttpProxy => true,
        IntegrationType::Aws | IntegrationType::AwsProxy | IntegrationType::Mock => false,
    }
}

/// Every type but a mock has an address. One without an address that could be read is a mock, too,
/// so that nothing more is said of it.
fn check_uri(draft: &mut Draft<'_>, properties: &Properties<'_>, integration: &mut Integration) {
    let is_mock = integration.integration_type == IntegrationType::Mock;
    if is_mock || integration.integration_uri.is_some() {
        return;
    }
    if properties
        .get("IntegrationUri")
        .is_ok_and(|uri| uri.is_none())
    {
        let error = properties.missing("IntegrationUri");
        draft.findings.error(error);
    }
    integration.integration_type = IntegrationType::Mock;
}

/// Realises: INTEGRATION-97
fn check_format_version(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    if let Some(version) = draft.optional(properties.text("PayloadFormatVersion"))
        && version != "1.0"
    {
        let message = format!(
            "`PayloadFormatVersion` `{version}` must be `1.0` for a WebSocket API: `2.0` is for \
             HTTP APIs"
        );
        let span = properties.span("PayloadFormatVersion");
        let help = "write `1.0`, or leave it out";
        draft.error_with_help(span, ErrorKind::Value(message), help);
    }
}

/// Realises: INTEGRATION-63
fn method(draft: &mut Draft<'_>, properties: &Properties<'_>, integration: &mut Integration) {
    let method = draft.optional(properties.text("IntegrationMethod"));
    if is_http(integration) {
        // No default is documented: what AWS would take is not guessed.
        if properties
            .get("IntegrationMethod")
            .is_ok_and(|method| method.is_none())
        {
            let error = properties.missing("IntegrationMethod");
            draft.findings.error(error);
        }
        if method.is_none() {
            integration.integration_type = IntegrationType::Mock;
        }
        integration.integration_method = method;
    } else if is_service(integration) {
        integration.integration_method = method;
    } else if integration.integration_type != IntegrationType::Mock
        && let Some(method) = method
        && method != "POST"
    {
        let message =
            format!("`IntegrationMethod` `{method}` must be `POST`: Lambda takes nothing else");
        let span = properties.span("IntegrationMethod");
        let help = "write `IntegrationMethod: POST`";
        draft.error_with_help(span, ErrorKind::Value(message), help);
    }
}

/// Whether an `AWS` integration calls another service than Lambda.
fn is_service(integration: &Integration) -> bool {
    let uri = integration.integration_uri.as_deref().unwrap_or_default();
    integration.integration_type == IntegrationType::Aws && !uri.contains(":lambda:")
}

/// Reads `CredentialsArn`. A function without a role needs a permission; so does another service.
///
/// Realises: INTEGRATION-109
fn credentials(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    integration: &mut Integration,
    id: &str,
) {
    let role = properties.text("CredentialsArn");
    // That there is one is all that counts.
    let is_there = role.as_ref().map_or_else(is_unknown, Option::is_some);
    let role = draft.known(role, "the integration has a role whose name is not known");
    integration.credentials_arn = role.flatten();
    if is_there {
        draft.with_role.insert(id.to_owned());
    } else if is_service(integration) {
        let message = "an `AWS` integration without `CredentialsArn`: permissions of the resource \
                       must let API Gateway in, where the service has such (REST APIs refuse it); \
                       it is served here";
        let span = properties.span("IntegrationType");
        draft.warn(span, WarningKind::Suspicious, message);
    }
}

fn passthrough(draft: &mut Draft<'_>, properties: &Properties<'_>) -> PassthroughBehavior {
    let text = draft.optional(properties.text("PassthroughBehavior"));
    match text.as_deref() {
        None | Some("WHEN_NO_MATCH") => PassthroughBehavior::WhenNoMatch,
        Some("WHEN_NO_TEMPLATES") => PassthroughBehavior::WhenNoTemplates,
        Some("NEVER") => PassthroughBehavior::Never,
        Some(other) => {
            let words = ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"];
            let span = properties.span("PassthroughBehavior");
            draft.not_a_word(span, "PassthroughBehavior", other, &words);
            PassthroughBehavior::default()
        }
    }
}

/// Reads `ContentHandlingStrategy` of an integration or an integration response.
pub(crate) fn content_handling(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
) -> Option<ContentHandling> {
    let text = draft.optional(properties.text("ContentHandlingStrategy"))?;
    match &*text {
        "CONVERT_TO_BINARY" => Some(ContentHandling::ConvertToBinary),
        "CONVERT_TO_TEXT" => Some(ContentHandling::ConvertToText),
        other => {
            let words = ["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"];
            let span = properties.span("ContentHandlingStrategy");
            draft.not_a_word(span, "ContentHandlingStrategy", other, &words);
            None
        }
    }
}

/// Reads `RequestParameters`: sources by target.
fn request_parameters(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
) -> IndexMap<String, String> {
    let source = draft.source();
    let entries = draft.take(properties.entries("RequestParameters"));
    let mut parameters = IndexMap::new();
    for (key, value) in entries.unwrap_or_default() {
        let text = value.and_then(|value| {
            let text = value.expect_text(source, "a request parameter's source")?;
            Ok(text.to_owned())
        });
        if let Some(text) = draft.take(text) {
            parameters.insert(key.text, text);
        }
    }
    parameters
}

/// Warns of a parameter that nothing is done with, since there is no request: any but the one that
/// makes a function's call asynchronous.
fn warn_of_idle_parameter(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    integration: &Integration,
) {
    if is_http(integration) || is_service(integration) {
        return;
    }
    let mut names = integration.request_parameters.keys();
    let is_idle = |name: &&String| {
        integration.integration_type != IntegrationType::Aws
            || !name.eq_ignore_ascii_case("integration.request.header.X-Amz-Invocation-Type")
    };
    if let Some(name) = names.find(is_idle) {
        let message =
            format!("`{name}` has no effect here: only HTTP backends and services are sent it");
        let span = properties.span("RequestParameters");
        draft.warn(span, WarningKind::NoEffect, message);
    }
}

/// Reads `RequestTemplates` or `ResponseTemplates`, and notes their locations.
pub(crate) fn mapping_templates(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    name: &'static str,
    locations: &mut PartLocations,
) -> IndexMap<String, String> {
    let mut templates = IndexMap::new();
    let entries = draft.take(properties.entries(name));
    for (key, value) in entries.unwrap_or_default() {
        let Some(value) = draft.take(value) else {
            continue;
        };
        let Data::Text { text, style } = &value.data else {
            let message = "a mapping template must be text".to_owned();
            draft.error(value.span, ErrorKind::Value(message));
            continue;
        };
        let location = Text {
            span: value.span.clone(),
            style: *style,
            text: text.clone(),
        };
        let at = (name, key.text.clone());
        locations.texts.insert(at, location);
        templates.insert(key.text, text.clone());
    }
    templates
}
