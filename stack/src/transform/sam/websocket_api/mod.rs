//! `AWS::Serverless::WebSocketApi`: an API, its stage, and three resources for each route.
//!
//! - `api`: the API while it is expanded
//! - `shape`: which properties it takes, and of what type
//! - `route`: a route with its integration and permission
//! - `auth`: the authorizer of `$connect`; `domain`: a custom domain
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-websocketapi.html>,
//! and what aws-sam-translator 1.115.0 makes of it.

mod api;
mod auth;
mod domain;
mod route;
mod shape;

use crate::document::yaml::{Content, Key, Node};
use crate::error::{ErrorKind, WarningKind};
use crate::transform::nodes::{Kind, is_function, list, map, reference, text, truthy};
use crate::transform::nodes::{text_of, yes};

use super::shared::Sam;
use api::{Api, CREATED_BY, DEFAULT_STAGE};

/// The resources that the API becomes. What cannot be read is noted and left out.
pub(super) fn expand(sam: &mut Sam<'_>, id: &Key, resource: &Node) -> Vec<(Key, Node)> {
    warn_of_what_is_lost(sam, id, resource);
    let properties = resource.get("Properties");
    let properties = properties.cloned().unwrap_or_else(|| map(&id.span, []));
    let mut api = Api {
        sam,
        id,
        properties,
        resources: Vec::new(),
    };
    api.check();
    for name in ["Auth", "Domain", "Routes"] {
        api.put_in_parameters(name);
    }
    api.api(resource.get("DependsOn").cloned());
    let stage = api.stage_id();
    api.domain();
    let routes = api.routes();
    api.stage(&stage, &routes);
    api.authorizer();
    api.propagate_tags();
    let Api { sam, resources, .. } = api;
    sam.references.add(&id.text, "Stage", stage);
    resources
}

/// What SAM takes without passing it on.
fn warn_of_what_is_lost(sam: &mut Sam<'_>, id: &Key, resource: &Node) {
    for (key, value) in resource.entries() {
        let lost = match &*key.text {
            "Condition" if Kind::of(value) != Kind::Text => {
                let message = "`Condition` must be the name of a condition".to_owned();
                let help = "declare it in `Conditions`";
                sam.error_with_help(&value.span, ErrorKind::Structure(message), help);
                continue;
            }
            "Condition" => "the API exists whether the condition holds or not",
            "DeletionPolicy" | "UpdateReplacePolicy" => "the API is deleted like any other",
            _ => continue,
        };
        let message = format!("SAM drops `{}` of `{}`: {lost}", key.text, id.text);
        sam.warn(&key.span, WarningKind::Suspicious, message);
    }
}

impl Api<'_, '_> {
    fn api(&mut self, depends_on: Option<Node>) {
        let id = self.id;
        let at = &id.span;
        if let Some(kind) = self.property("IpAddressType")
            && !is_function(kind)
            && !matches!(text_of(kind), Some("ipv4" | "dualstack"))
        {
            let (shown, span) = (shape::shown(kind), kind.span.clone());
            let message = format!("`IpAddressType` must be `ipv4` or `dualstack`, not {shown}");
            self.refuse(&span, message, "leave it out for `ipv4`");
        }
        let name = self.property("Name").cloned();
        let name = name.unwrap_or_else(|| text(at, id.text.clone()));
        let selection = self.property("RouteSelectionExpression").cloned();
        // An error has been noted if it has none.
        let selection = selection.unwrap_or_else(|| text(at, "$request.body.action"));
        let properties = [
            self.passed_on("ApiKeySelectionExpression"),
            self.passed_on("Description"),
            self.passed_on("DisableExecuteApiEndpoint"),
            self.passed_on("DisableSchemaValidation"),
            self.passed_on("IpAddressType"),
            ("Name", Some(name)),
            ("ProtocolType", Some(text(at, "WEBSOCKET"))),
            ("RouteSelectionExpression", Some(selection)),
            ("Tags", Some(self.tags())),
        ];
        let depends_on = depends_on.filter(truthy);
        self.add(
            (&id.text, at),
            "AWS::ApiGatewayV2::Api",
            depends_on,
            properties,
        );
    }

    /// With `PropagateTags`, the stage and the domain have the API's tags instead of SAM's alone.
    fn propagate_tags(&mut self) {
        let wanted = self.property("PropagateTags").is_some_and(truthy);
        if !wanted || !self.property("Tags").is_some_and(truthy) {
            return;
        }
        let tags = self.tags();
        let of_others = self.resources.iter_mut().skip(1);
        for (_, resource) in of_others {
            if let Content::Mapping(entries) = &mut resource.content
                && let Some((_, properties)) =
                    entries.iter_mut().find(|(key, _)| key.text == "Properties")
                && let Content::Mapping(properties) = &mut properties.content
                && let Some((_, own)) = properties.iter_mut().find(|(key, _)| key.text == "Tags")
            {
                *own = tags.clone();
            }
        }
    }

    /// The logical id of the stage, from its name unless that is a function.
    fn stage_id(&mut self) -> String {
        let id = self.id;
        let name = self.property("StageName");
        let Some(name) = name.filter(|node| Kind::of(node) != Kind::Map) else {
            let name = if name.is_some() { "" } else { "Default" };
            return format!("{}{name}Stage", id.text);
        };
        let (name, span) = (
            name.plain_text().unwrap_or_default().to_owned(),
            name.span.clone(),
        );
        if name == DEFAULT_STAGE {
            return format!("{}DefaultStage", id.text);
        }
        let (wrong, help) = match &*name {
            "$default" => ("only HTTP APIs have a stage `$default`".to_owned(), None),
            _ if !name.chars().all(|c| c.is_ascii_alphanumeric()) => {
                let help = "a parameter is not part of it: `StageName: !Ref Stage`";
                let wrong = format!(
                    "the stage `{name}` becomes part of a logical id, which has letters and digits \
                     only"
                );
                (wrong, Some(help))
            }
            _ => return format!("{}{name}Stage", id.text),
        };
        let error = self.sam.source.report(span, ErrorKind::Value(wrong), help);
        self.sam.findings.error(error);
        format!("{}Stage", id.text)
    }

    fn stage(&mut self, stage: &str, routes: &[String]) {
        let id = self.id;
        let at = match self.property("StageName") {
            Some(name) => name.span.clone(),
            None => id.span.clone(),
        };
        if !self.sam.claim(stage, "the stage", &at) {
            return;
        }
        let name = self.property("StageName").cloned();
        let name = name.unwrap_or_else(|| text(&at, DEFAULT_STAGE));
        let waits = self.property("RouteSettings").is_some_and(truthy) && !routes.is_empty();
        let routes = routes.iter().map(|route| text(&at, route.clone()));
        let depends_on = waits.then(|| list(&at, routes.collect()));
        let properties = [
            self.passed_on("AccessLogSettings"),
            self.passed_on("DefaultRouteSettings"),
            self.passed_on("RouteSettings"),
            ("ApiId", Some(reference(&at, &id.text))),
            ("StageName", Some(name)),
            ("Tags", Some(map(&at, [(CREATED_BY, text(&at, "SAM"))]))),
            self.passed_on("StageVariables"),
            ("AutoDeploy", Some(yes(&at))),
        ];
        self.add(
            (stage, &at),
            "AWS::ApiGatewayV2::Stage",
            depends_on,
            properties,
        );
    }
}
