//! `AWS::ApiGatewayV2::*` resources to the API that the specification runs.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Map;
use spec::api::{
    Api, AuthorizationType, Authorizer, Integration, IntegrationResponse, IntegrationType, Route,
    Stage, function_arn, with_stage_variables,
};

use super::integration::{content_handling, declared_parameters, integration, templates};
use super::model;
use super::places::{IntegrationPlaces, Places};
use super::properties::Properties;
use super::settings;
use super::source::{Error, Warning};
use super::template::{Resource, Template};
use super::value::Value;

/// The API with the places that its parts come from.
pub(crate) struct Declared {
    pub(crate) api: Api,
    /// Integrations that a role may call (`CredentialsArn`): they need no permission of the function's.
    pub(crate) with_role: Vec<String>,
    /// Authorizers that a role may call (`AuthorizerCredentialsArn`).
    pub(crate) authorizers_with_role: Vec<String>,
    pub(super) places: Places,
}

impl Declared {
    /// The address of the function that an integration calls; `None` when it calls none.
    pub(super) fn function_uri(&self, integration: &Integration) -> Option<String> {
        let calls_functions = matches!(
            integration.integration_type,
            IntegrationType::Aws | IntegrationType::AwsProxy
        );
        let uri = integration
            .integration_uri
            .as_deref()
            .filter(|_| calls_functions)?;
        let uri = with_stage_variables(uri, &self.api.stage.stage_variables);
        // What is no function is an action of a service: the specification has taken it.
        function_arn(&uri).is_some().then_some(uri)
    }
}

const KIND: &str = "AWS::ApiGatewayV2::";

/// Reads the API.
pub(crate) fn read(
    template: &Template<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Declared, Error> {
    Reader {
        template,
        warnings,
        api_id: String::new(),
        places: Places::default(),
        with_role: Vec::new(),
        authorizers_with_role: Vec::new(),
    }
    .read()
}

struct Reader<'a> {
    template: &'a Template<'a>,
    warnings: &'a mut Vec<Warning>,
    api_id: String,
    places: Places,
    with_role: Vec<String>,
    authorizers_with_role: Vec<String>,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Result<Declared, Error> {
        let settings = self.template.settings;
        let resource = self.choose_api()?;
        let properties = Properties::new(self.template, resource);
        properties.warn_of_others(
            &["ProtocolType", "RouteSelectionExpression"],
            &["Name", "Description", "Tags", "Version", "IpAddressType"],
            self.warnings,
        );
        let (expression, span) = properties.required_text("RouteSelectionExpression")?;
        self.places.route_selection = span;
        self.api_id = self
            .template
            .reference(&resource.id, &resource.id_span)?
            .as_text()
            .unwrap_or_default()
            .to_owned();
        let mut api = Api {
            api_id: self.api_id.clone(),
            account_id: settings.account_id.clone(),
            region: settings.region.clone(),
            partition: settings.partition.clone(),
            route_selection_expression: expression,
            stage: Stage::default(),
            routes: IndexMap::new(),
            integrations: IndexMap::new(),
            authorizers: IndexMap::new(),
            models: IndexMap::new(),
            account_limit: spec::throttle::ACCOUNT,
        };
        api.models = model::models(&self.of_type("Model")?, &mut self.places, self.warnings)?;
        api.authorizers = self.authorizers()?;
        api.integrations = self.integrations()?;
        api.routes = self.routes(&api)?;
        api.stage = self.stage()?;
        self.warn_of_other_types();
        Ok(Declared {
            api,
            with_role: self.with_role,
            authorizers_with_role: self.authorizers_with_role,
            places: self.places,
        })
    }

    /// The WebSocket API: the only one, or the one that was asked for.
    fn choose_api(&mut self) -> Result<&'a Resource<'a>, Error> {
        let template = self.template;
        let mut candidates = Vec::new();
        for resource in template
            .resources
            .values()
            .filter(|resource| resource.kind == "AWS::ApiGatewayV2::Api")
        {
            let properties = Properties::new(template, resource);
            match properties.required_text("ProtocolType")? {
                (protocol, _) if protocol == "WEBSOCKET" => candidates.push(resource),
                (protocol, _) if protocol == "HTTP" => {
                    let message =
                        format!("`{}` is an HTTP API, which is not served here", resource.id);
                    self.warnings
                        .push(template.source.warning(resource.id_span.clone(), message));
                }
                (protocol, span) => {
                    let message =
                        format!("`ProtocolType` `{protocol}` must be `WEBSOCKET` or `HTTP`");
                    return Err(template.source.error(span, message));
                }
            }
        }
        if let Some(wanted) = &template.settings.api {
            return candidates
                .into_iter()
                .find(|resource| resource.id == *wanted)
                .ok_or_else(|| {
                    template.source.error(
                        0..0,
                        format!("the template has no WebSocket API `{wanted}`"),
                    )
                });
        }
        match candidates[..] {
            [one] => Ok(one),
            [] => {
                let sam = template
                    .resources
                    .values()
                    .find(|resource| resource.kind == "AWS::Serverless::WebSocketApi");
                let span = sam.map_or(0..0, |resource| resource.id_span.clone());
                let message = match sam {
                    Some(_) => "`AWS::Serverless::WebSocketApi` is not supported here",
                    None => "the template has no WebSocket API",
                };
                let help =
                    "declare an `AWS::ApiGatewayV2::Api` with `ProtocolType: WEBSOCKET`".to_owned();
                Err(template.source.error_with_help(span, message, Some(help)))
            }
            [_, second, ..] => {
                let names: Vec<&str> = candidates.iter().map(|resource| &*resource.id).collect();
                let message = format!(
                    "the template has several WebSocket APIs: `{}`",
                    names.join("`, `")
                );
                let help = "say which one to serve".to_owned();
                Err(template
                    .source
                    .error_with_help(second.id_span.clone(), message, Some(help)))
            }
        }
    }

    /// The resources of a type that belong to the API.
    fn of_type(&self, name: &str) -> Result<Vec<Properties<'a>>, Error> {
        let kind = format!("{KIND}{name}");
        let mut found = Vec::new();
        for resource in self
            .template
            .resources
            .values()
            .filter(|resource| resource.kind == kind)
        {
            let properties = Properties::new(self.template, resource);
            if self.belongs(&properties)? {
                found.push(properties);
            }
        }
        Ok(found)
    }

    /// Whether `ApiId` names the API that is served; an error when it names none at all.
    fn belongs(&self, properties: &Properties<'_>) -> Result<bool, Error> {
        let (api_id, span) = properties.required_text("ApiId")?;
        if api_id == self.api_id {
            return Ok(true);
        }
        for resource in self
            .template
            .resources
            .values()
            .filter(|resource| resource.kind == "AWS::ApiGatewayV2::Api")
        {
            let id = self.template.reference(&resource.id, &resource.id_span)?;
            if id.as_text() == Some(&api_id) {
                return Ok(false);
            }
        }
        let named = self.template.resources.keys().find(|id| {
            api_id
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word == **id)
        });
        let help = named.map(|id| format!("a reference is written `!Ref {id}`"));
        let message = format!("`ApiId` is the text `{api_id}`, which names no API");
        Err(self.template.source.error_with_help(span, message, help))
    }

    fn authorizers(&mut self) -> Result<IndexMap<String, Authorizer>, Error> {
        let mut authorizers = IndexMap::new();
        for properties in self.of_type("Authorizer")? {
            properties.warn_of_others(
                &[
                    "ApiId",
                    "AuthorizerType",
                    "AuthorizerUri",
                    "IdentitySource",
                    "Name",
                    "AuthorizerCredentialsArn",
                ],
                &[],
                self.warnings,
            );
            let (kind, _) = properties.required_text("AuthorizerType")?;
            if kind != "REQUEST" {
                let message =
                    format!("`AuthorizerType` `{kind}` must be `REQUEST` for a WebSocket API");
                return Err(properties.error("AuthorizerType", message));
            }
            let (authorizer_uri, _) = properties.required_text("AuthorizerUri")?;
            let identity_source = match properties.get("IdentitySource")? {
                Some(value) => texts(self.template, &value, "`IdentitySource`")?,
                None => Vec::new(),
            };
            let id = self.id(&properties)?;
            if properties.get("AuthorizerCredentialsArn")?.is_some() {
                self.authorizers_with_role.push(id.clone());
            }
            self.places.authorizers.insert(
                id.clone(),
                (
                    properties.span("AuthorizerUri"),
                    properties.span("IdentitySource"),
                ),
            );
            authorizers.insert(
                id,
                Authorizer {
                    name: properties.text("Name")?.unwrap_or_default(),
                    authorizer_uri,
                    identity_source,
                },
            );
        }
        Ok(authorizers)
    }

    fn integrations(&mut self) -> Result<IndexMap<String, Integration>, Error> {
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

    fn routes(&mut self, api: &Api) -> Result<IndexMap<String, Route>, Error> {
        let mut routes: IndexMap<String, Route> = IndexMap::new();
        let mut keys_by_id = HashMap::new();
        for properties in self.of_type("Route")? {
            properties.warn_of_others(
                &[
                    "ApiId",
                    "RouteKey",
                    "AuthorizationType",
                    "AuthorizerId",
                    "Target",
                    "ApiKeyRequired",
                    "RequestParameters",
                    "RouteResponseSelectionExpression",
                    "ModelSelectionExpression",
                    "RequestModels",
                ],
                &["OperationName"],
                self.warnings,
            );
            let (key, span) = properties.required_text("RouteKey")?;
            if properties.parsed::<bool>("ApiKeyRequired", "`true` or `false`")? == Some(true) {
                return Err(properties.error(
                    "ApiKeyRequired",
                    "API keys are not supported here: every client would get in without one",
                ));
            }
            let authorization_type = match properties.text("AuthorizationType")?.as_deref() {
                None | Some("NONE") => AuthorizationType::None,
                Some("CUSTOM") => AuthorizationType::Custom,
                Some("AWS_IAM") => {
                    return Err(properties.error(
                        "AuthorizationType",
                        "`AWS_IAM` is not supported here: every client would get in unsigned",
                    ));
                }
                Some(other) => {
                    let message = format!(
                        "`AuthorizationType` `{other}` must be `NONE`, `AWS_IAM` or `CUSTOM`"
                    );
                    return Err(properties.error("AuthorizationType", message));
                }
            };
            let target = match properties.get("Target")? {
                Some(value) => Some(self.target(&value, api)?),
                None => None,
            };
            let authorizer_id = properties.text("AuthorizerId")?;
            if let Some(id) = &authorizer_id
                && !api.authorizers.contains_key(id)
            {
                return Err(properties.error(
                    "AuthorizerId",
                    format!("`AuthorizerId` `{id}` names no authorizer of the API"),
                ));
            }
            keys_by_id.insert(self.id(&properties)?, key.clone());
            let route = Route {
                authorization_type,
                authorizer_id,
                target,
                request_parameters: declared_parameters(&properties)?,
                route_response_selection_expression: properties
                    .text("RouteResponseSelectionExpression")?,
                route_responses: Vec::new(),
                model_selection_expression: properties.text("ModelSelectionExpression")?,
                request_models: model::request_models(&properties, api)?,
            };
            self.places.request_models.insert(
                key.clone(),
                (
                    properties.span("ModelSelectionExpression"),
                    properties.span("RequestModels"),
                ),
            );
            if routes.insert(key.clone(), route).is_some() {
                return Err(self
                    .template
                    .source
                    .error(span, format!("the API has several routes `{key}`")));
            }
            self.places.routes.insert(key, span);
        }
        for properties in self.of_type("RouteResponse")? {
            properties.warn_of_others(
                &["ApiId", "RouteId", "RouteResponseKey"],
                &[],
                self.warnings,
            );
            let (id, span) = properties.required_text("RouteId")?;
            let (key, _) = properties.required_text("RouteResponseKey")?;
            match keys_by_id
                .get(&id)
                .and_then(|route_key| routes.get_mut(route_key))
            {
                Some(route) => route.route_responses.push(key),
                None => {
                    return Err(self
                        .template
                        .source
                        .error(span, format!("`RouteId` `{id}` names no route of the API")));
                }
            }
        }
        Ok(routes)
    }

    /// The integration that a route's `Target` names.
    fn target(&self, value: &Value, api: &Api) -> Result<String, Error> {
        let text = value.expect_text(self.template.source, "`Target`")?;
        let id = text.strip_prefix("integrations/").ok_or_else(|| {
            let help = Some("write `!Sub integrations/${MyIntegration}`".to_owned());
            let message =
                format!("`Target` `{text}` must be `integrations/` and an integration's id");
            self.template
                .source
                .error_with_help(value.span.clone(), message, help)
        })?;
        if api.integrations.contains_key(id) {
            return Ok(id.to_owned());
        }
        let message = format!("`Target` `{text}` names no integration of the API");
        Err(self.template.source.error(value.span.clone(), message))
    }

    fn stage(&mut self) -> Result<Stage, Error> {
        let mut stages = Vec::new();
        for properties in self.of_type("Stage")? {
            let (stage_name, span) = properties.required_text("StageName")?;
            if self
                .template
                .settings
                .stage
                .as_ref()
                .is_some_and(|wanted| *wanted != stage_name)
            {
                continue;
            }
            properties.warn_of_others(
                &[
                    "ApiId",
                    "StageName",
                    "StageVariables",
                    "DeploymentId",
                    "AutoDeploy",
                    "DefaultRouteSettings",
                    "RouteSettings",
                ],
                &["Description", "Tags", "AccessLogSettings"],
                self.warnings,
            );
            let deploys_itself =
                properties.parsed::<bool>("AutoDeploy", "`true` or `false`")? == Some(true);
            if !deploys_itself && properties.get("DeploymentId")?.is_none() {
                let help = "give it a `DeploymentId`, or `AutoDeploy: true`".to_owned();
                let message = format!(
                    "the stage `{stage_name}` has no deployment: every client would be refused"
                );
                return Err(self.template.source.error_with_help(
                    properties.resource.id_span.clone(),
                    message,
                    Some(help),
                ));
            }
            let mut stage_variables = Map::new();
            if let Some(variables) = properties.get("StageVariables")? {
                for (key, value) in
                    variables.expect_map(self.template.source, "`StageVariables`")?
                {
                    let text = value.expect_text(self.template.source, "a stage variable")?;
                    stage_variables.insert(key.text.clone(), text.into());
                }
            }
            stages.push((
                Stage {
                    stage_name,
                    stage_variables,
                    default_route_settings: settings::default(&properties, self.warnings)?,
                    route_settings: settings::by_route(
                        &properties,
                        &mut self.places,
                        self.warnings,
                    )?,
                },
                span,
            ));
        }
        match (stages.len(), stages.pop()) {
            (1, Some((stage, _))) => Ok(stage),
            (_, Some((last, span))) => {
                let names: Vec<&str> = stages.iter().map(|(stage, _)| &*stage.stage_name).collect();
                let message = format!(
                    "the API has several stages: `{}`, `{}`",
                    names.join("`, `"),
                    last.stage_name
                );
                Err(self.template.source.error_with_help(
                    span,
                    message,
                    Some("say which one to serve".to_owned()),
                ))
            }
            (_, None) => {
                let message = match &self.template.settings.stage {
                    Some(wanted) => format!("the API has no stage `{wanted}`"),
                    None => "the API has no stage".to_owned(),
                };
                let help = "declare an `AWS::ApiGatewayV2::Stage`".to_owned();
                Err(self
                    .template
                    .source
                    .error_with_help(0..0, message, Some(help)))
            }
        }
    }

    fn warn_of_other_types(&mut self) {
        const READ: [&str; 9] = [
            "Api",
            "Route",
            "RouteResponse",
            "Integration",
            "IntegrationResponse",
            "Authorizer",
            "Model",
            "Stage",
            "Deployment",
        ];
        for resource in self.template.resources.values() {
            let other = match resource.kind.strip_prefix(KIND) {
                Some(name) => !READ.contains(&name),
                None => {
                    resource.kind.starts_with("AWS::Serverless::")
                        && !["AWS::Serverless::Function", "AWS::Serverless::SimpleTable"]
                            .contains(&&*resource.kind)
                }
            };
            if other {
                let message = format!("`{}` (`{}`) has no effect here", resource.id, resource.kind);
                self.warnings.push(
                    self.template
                        .source
                        .warning(resource.id_span.clone(), message),
                );
            }
        }
    }

    fn id(&self, properties: &Properties<'_>) -> Result<String, Error> {
        let Resource { id, id_span, .. } = properties.resource;
        let value = self.template.reference(id, id_span)?;
        Ok(value.as_text().unwrap_or_default().to_owned())
    }
}
/// A text, or a list of them.
fn texts(template: &Template<'_>, value: &Value, what: &str) -> Result<Vec<String>, Error> {
    if let Some(text) = value.as_text() {
        return Ok(text.split(',').map(|item| item.trim().to_owned()).collect());
    }
    let items = value.expect_list(template.source, what)?;
    items
        .iter()
        .map(|item| item.expect_text(template.source, what).map(str::to_owned))
        .collect()
}
