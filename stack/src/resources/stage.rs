//! `AWS::ApiGatewayV2::Stage`: which one is served, and its settings.

mod access_log;
mod route_settings;

use serde_json::{Map, Value as Json};

use crate::error::{ErrorKind, Span, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::locations::PartLocations;
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Stage",
    identity: Identity {
        reference: Reference::Name("StageName"),
        attributes: Attributes::Only(&[]),
    },
    known: &[
        "ApiId",
        "StageName",
        "StageVariables",
        "DeploymentId",
        "AutoDeploy",
        "DefaultRouteSettings",
        "RouteSettings",
        "AccessLogSettings",
    ],
    harmless: &["Description", "Tags"],
    reads: Reads::All(read),
};

fn read(draft: &mut Draft<'_>) {
    if draft.chosen.is_none() {
        return;
    }
    let Some((properties, name)) = choose(draft) else {
        return;
    };
    draft.warn_of_others(&properties, &TYPE);
    draft.locations.stage = PartLocations::new(&properties, TYPE.known);
    let deploys_itself = properties.flag("AutoDeploy");
    let deploys_itself = draft.take(deploys_itself);
    let deployment = draft.take(properties.text("DeploymentId"));
    // One that cannot be read may be a deployment.
    let deployed = deploys_itself.is_none_or(|own| own == Some(true))
        || deployment.as_ref().is_none_or(Option::is_some);
    if let Some((name, span)) = &name {
        check_name(draft, name, span);
        draft.api.stage.stage_name.clone_from(name);
    }
    draft.api.stage.undeployed = !deployed;
    draft.auto_deploy = deploys_itself.flatten().unwrap_or(false);
    draft.deployment_id = deployment.flatten();
    draft.api.stage.stage_variables = variables(draft, &properties);
    draft.api.stage.default_route_settings = route_settings::default(draft, &properties);
    draft.api.stage.route_settings = route_settings::by_route(draft, &properties);
    draft.api.stage.access_log_settings = access_log::settings(draft, &properties);
}

/// The stage that is served, with its name unless that could not be read.
fn choose<'a>(draft: &mut Draft<'a>) -> Option<(Properties<'a>, Option<(String, Span)>)> {
    let wanted = draft.template.settings.stage.as_ref();
    let mut stages = Vec::new();
    let mut others = Vec::new();
    for properties in draft.of_api(TYPE.name) {
        let name = draft.take(properties.required_text("StageName"));
        let is_wanted = |(name, _): &(String, Span)| wanted.is_none_or(|wanted| wanted == name);
        match name {
            Some(name) if !is_wanted(&name) => others.push(format!("`{}`", name.0)),
            name => stages.push((properties, name)),
        }
    }
    if stages.is_empty() && !draft.incomplete.contains(TYPE.name) {
        let message = match wanted {
            Some(wanted) => format!("the API has no stage `{wanted}`"),
            None => "the API has no stage".to_owned(),
        };
        let help = match &*others {
            [] => "declare an `AWS::ApiGatewayV2::Stage`".to_owned(),
            others => format!("there is {}", others.join(", ")),
        };
        draft.error_with_help(0..0, ErrorKind::Choice(message), &help);
    }
    let last = stages.pop()?;
    let names = stages.iter().chain([&last]);
    let names: Option<Vec<String>> = names
        .map(|(_, name)| Some(format!("`{}`", name.as_ref()?.0)))
        .collect();
    // Among several one of which has no name, that is what is wrong.
    if let (Some(names), false, Some((name, span))) = (names, stages.is_empty(), &last.1) {
        let message = format!("the API has several stages: {}", names.join(", "));
        let kind = ErrorKind::Choice(message);
        let help = format!("say which one to serve: `--stage {name}`");
        draft.error_with_help(span.clone(), kind, &help);
    }
    Some(last)
}

/// The grammar of stage names. `$default` breaks it, but is created.
///
/// Realises: LIMITS-33, LIMITS-34
fn check_name(draft: &mut Draft<'_>, name: &str, span: &Span) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name == "$default" {
        let message = "the stage `$default` is for HTTP APIs: clients of a WebSocket API are \
                       reported to get 429 from it on AWS; here it is at `/$default`";
        draft.warn(span.clone(), WarningKind::Suspicious, message);
    } else if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
        let message = format!(
            "the stage name `{name}` must have 1 to 128 letters, digits, hyphens and underscores"
        );
        draft.error(span.clone(), ErrorKind::Value(message));
    }
}

fn variables(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Map<String, Json> {
    let source = draft.source();
    let mut variables = Map::new();
    let before = draft.findings.count();
    let entries = draft.take(properties.entries("StageVariables"));
    for (key, value) in entries.unwrap_or_default() {
        let text = value.and_then(|value| {
            let text = value.expect_text(source, "a stage variable")?;
            Ok((text.to_owned(), value.span.clone()))
        });
        if let Some((text, span)) = draft.take(text) {
            draft.warn_of_reading(&span, &text);
            variables.insert(key.text, text.into());
        }
    }
    if draft.findings.count() > before {
        draft.incomplete.insert(TYPE.name);
    }
    variables
}
