//! `AWS::ApiGatewayV2::*` resources to the API that the specification runs.

use indexmap::IndexMap;
use spec::api::{Api, Integration, IntegrationType, Stage, function_arn, with_stage_variables};

use super::model;
use super::places::Places;
use super::properties::Properties;
use super::source::{Error, Warning};
use super::template::{Resource, Template};

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

/// Reads the API, type by type; each type's file has its own part of this.
pub(super) struct Reader<'a> {
    pub(super) template: &'a Template<'a>,
    pub(super) warnings: &'a mut Vec<Warning>,
    api_id: String,
    pub(super) places: Places,
    pub(super) with_role: Vec<String>,
    pub(super) authorizers_with_role: Vec<String>,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Result<Declared, Error> {
        let settings = self.template.settings;
        let resource = self.choose_api()?;
        let properties = Properties::new(self.template, resource);
        properties.warn_of_others(
            &[
                "ProtocolType",
                "RouteSelectionExpression",
                "ApiKeySelectionExpression",
            ],
            &["Name", "Description", "Tags", "Version", "IpAddressType"],
            self.warnings,
        );
        let (expression, span) = properties.required_text("RouteSelectionExpression")?;
        self.places.route_selection = span;
        self.places.key_selection = properties.span("ApiKeySelectionExpression");
        let key_selection = properties.text("ApiKeySelectionExpression")?;
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
            api_key_selection_expression: key_selection
                .unwrap_or_else(|| spec::usage_plan::HEADER.to_owned()),
            api_keys: IndexMap::new(),
            usage_plans: IndexMap::new(),
        };
        api.models = model::models(&self.of_type("Model")?, &mut self.places, self.warnings)?;
        api.authorizers = self.authorizers()?;
        api.integrations = self.integrations()?;
        api.routes = self.routes(&api)?;
        api.stage = self.stage()?;
        if api.routes.is_empty() && !api.stage.undeployed {
            // ROUTE-45
            let message = format!(
                "the API `{}` has no route: AWS does not deploy it",
                resource.id
            );
            let help = "declare an `AWS::ApiGatewayV2::Route`".to_owned();
            let place = resource.id_span.clone();
            let source = self.template.source;
            return Err(source.error_with_help(place, message, Some(help)));
        }
        self.usage_plans(&mut api)?;
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
    pub(super) fn of_type(&self, name: &str) -> Result<Vec<Properties<'a>>, Error> {
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

    /// The id that the other resources name this one by.
    pub(super) fn id(&self, properties: &Properties<'_>) -> Result<String, Error> {
        let Resource { id, id_span, .. } = properties.resource;
        let value = self.template.reference(id, id_span)?;
        Ok(value.as_text().unwrap_or_default().to_owned())
    }
}
