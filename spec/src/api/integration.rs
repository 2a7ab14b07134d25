//! What a stack declares of its integrations.

use indexmap::IndexMap;

/// `AWS::ApiGatewayV2::Integration` with its `IntegrationResponse`s.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    /// `IntegrationType`.
    pub integration_type: IntegrationType,
    /// `IntegrationUri`: the invocation path of a Lambda function, the action of a service, or an
    /// HTTP address.
    pub integration_uri: Option<String>,
    /// `IntegrationMethod`, of HTTP integrations and of services.
    pub integration_method: Option<String>,
    /// `RequestParameters`: sources by target, such as `integration.request.header.id` from
    /// `context.connectionId`.
    pub request_parameters: IndexMap<String, String>,
    /// `ContentHandlingStrategy` of the request.
    pub content_handling_strategy: Option<ContentHandling>,
    /// `RequestTemplates`: mapping templates by key.
    pub request_templates: IndexMap<String, String>,
    /// `TemplateSelectionExpression`.
    pub template_selection_expression: Option<String>,
    /// `PassthroughBehavior`.
    pub passthrough_behavior: PassthroughBehavior,
    /// `TimeoutInMillis`, 50 to 29,000.
    pub timeout_in_millis: u64,
    /// `CredentialsArn`: the role that calls a service.
    pub credentials_arn: Option<String>,
    /// By `IntegrationResponseKey`: `$default`, or a pattern between slashes.
    pub integration_responses: IndexMap<String, IntegrationResponse>,
    /// Why it cannot be carried out here, and what would help, if it cannot: its routes answer with
    /// an error frame, and the log says this.
    pub unavailable: Option<String>,
}

/// What an integration talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationType {
    /// A Lambda function that gets the rendered mapping template, or a service.
    Aws,
    /// A Lambda function that gets the proxy event.
    AwsProxy,
    /// An HTTP backend that gets the rendered mapping template.
    Http,
    /// An HTTP backend that gets the message.
    HttpProxy,
    /// The gateway itself.
    Mock,
}

/// What happens to a message for which no request template is found (INTEGRATION page).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PassthroughBehavior {
    /// The body goes through as it is.
    #[default]
    WhenNoMatch,
    /// The body goes through only when the integration has no templates at all.
    WhenNoTemplates,
    /// The message is refused.
    Never,
}

/// How a payload is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentHandling {
    /// `CONVERT_TO_BINARY`: from base64 to the bytes that it stands for.
    ConvertToBinary,
    /// `CONVERT_TO_TEXT`: from bytes to base64.
    ConvertToText,
}

/// `AWS::ApiGatewayV2::IntegrationResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntegrationResponse {
    /// `ResponseTemplates`: mapping templates by key.
    pub response_templates: IndexMap<String, String>,
    /// `TemplateSelectionExpression`.
    pub template_selection_expression: Option<String>,
    /// `ContentHandlingStrategy` of the response.
    pub content_handling_strategy: Option<ContentHandling>,
}

impl Integration {
    /// An integration of the given type with API Gateway's defaults: `WHEN_NO_MATCH`, 29 seconds.
    pub fn new(integration_type: IntegrationType, integration_uri: Option<String>) -> Self {
        Self {
            integration_type,
            integration_uri,
            integration_method: None,
            request_parameters: IndexMap::new(),
            content_handling_strategy: None,
            request_templates: IndexMap::new(),
            template_selection_expression: None,
            passthrough_behavior: PassthroughBehavior::default(),
            timeout_in_millis: 29_000,
            credentials_arn: None,
            integration_responses: IndexMap::new(),
            unavailable: None,
        }
    }
}
