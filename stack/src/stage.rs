//! `AWS::ApiGatewayV2::Stage`.

mod access_log;

use serde_json::Map;
use spec::api::Stage;

use super::api::Reader;
use super::settings;
use super::source::Error;

impl Reader<'_> {
    pub(super) fn stage(&mut self) -> Result<Stage, Error> {
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
                    "AccessLogSettings",
                ],
                &["Description", "Tags"],
                self.warnings,
            );
            let deploys_itself =
                properties.parsed::<bool>("AutoDeploy", "`true` or `false`")? == Some(true);
            let undeployed = !deploys_itself && properties.get("DeploymentId")?.is_none();
            if undeployed {
                // HANDSHAKE-21
                let message = format!(
                    "the stage `{stage_name}` has no deployment, so every client is refused with 403, as on AWS: give it a `DeploymentId`, or `AutoDeploy: true`"
                );
                let place = properties.resource.id_span.clone();
                self.warnings
                    .push(self.template.source.warning(place, message));
            }
            check_name(&stage_name).map_err(|message| {
                let source = self.template.source;
                source.error(span.clone(), message)
            })?;
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
                    access_log_settings: access_log::settings(
                        &properties,
                        &mut self.places,
                        self.warnings,
                    )?,
                    undeployed,
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
}

/// The grammar of stage names (LIMITS-33), which also keeps `$default` out (LIMITS-34).
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name == "$default" {
        return Err(
            "the stage `$default` is for HTTP APIs: a WebSocket API has none of this name"
                .to_owned(),
        );
    }
    if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
        return Err(format!(
            "the stage name `{name}` must have 1 to 128 letters, digits, hyphens and underscores"
        ));
    }
    Ok(())
}
