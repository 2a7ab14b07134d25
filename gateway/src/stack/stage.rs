//! `AWS::ApiGatewayV2::Stage`.

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
}
