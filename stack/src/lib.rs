//! template.yaml: a SAM or CloudFormation template to what there is to serve.
//!
//! ```text
//! text -> yaml: nodes with tags and places -> template: sections, intrinsic functions
//!      -> api, function, permission, table: resources -> Assembly
//! ```
//!
//! Whatever is wrong is one [`Error`] with file, line and column, the line itself and a caret. Whatever is read but not done as AWS would
//! do it is a [`Warning`].
//!
//! # Features
//!
//! None.

mod api;
mod assembly;
mod authorizer;
mod diagnostics;
mod function;
mod integration;
mod intrinsic;
mod mapping;
mod model;
mod names;
mod permission;
mod places;
mod plan;
mod properties;
mod route;
mod settings;
mod source;
mod stage;
mod suggest;
mod table;
mod template;
mod usage_plan;
mod value;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use spec::api::{Api, CallPermission, function_arn, with_stage_variables};

pub use assembly::Assembly;
use assembly::Parts;
pub use diagnostics::Diagnostics;
pub use function::{Code, Function};
pub use mapping::{MappingTemplate, MappingTemplates};
pub use permission::Permission;
pub use plan::{
    Change, FunctionChange, FunctionPart, NeedsRestart, Plan, Refusal, TableChange, TablePart,
};
use source::Source;
pub use source::{Error, Warning};
pub use table::Table;
use template::Template;

/// What a template leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account_id: String,
    /// `AWS::Partition`.
    pub partition: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// Values of parameters by name, instead of their defaults.
    pub parameters: BTreeMap<String, String>,
    /// The logical id of the API to serve, where there are several.
    pub api: Option<String>,
    /// The name of the stage to serve, where there are several.
    pub stage: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            partition: "aws".to_owned(),
            stack_name: "gatespec".to_owned(),
            parameters: BTreeMap::new(),
            api: None,
            stage: None,
        }
    }
}

/// Reads a template's text into the parts of an [`Assembly`].
fn assemble(name: &str, text: &str, directory: &Path, settings: &Settings) -> Result<Parts, Error> {
    let source = Source::new(name, text);
    let root = yaml::parse(&source)?;
    let template = Template::new(&source, &root, settings)?;
    let mut warnings = Vec::new();
    let mut declared = api::read(&template, &mut warnings)?;
    let mut functions = function::read(&template, directory, &mut warnings)?;
    let permissions = permission::read(&template, &mut warnings)?;
    let tables = table::read(&template, &mut warnings)?;
    let resolved = resolve_calls(
        &template,
        &mut declared,
        &mut functions,
        &permissions,
        &mut warnings,
    );
    // The specification judges what is its own: expressions, mapping templates, routes.
    let compiled = declared.api.clone().compile();
    let api = compiled.map_err(|invalid| declared.explain(&template, &invalid[0]))?;
    resolved?;
    let outputs = outputs(&template)?;
    let mut inputs: Vec<PathBuf> = Vec::new();
    for function in functions.iter().filter(|function| function.is_called) {
        if !inputs.contains(&function.code.directory) {
            inputs.push(function.code.directory.clone());
        }
    }
    Ok(Parts {
        api: Arc::new(api),
        functions,
        permissions,
        tables,
        outputs,
        warnings,
        inputs,
        source,
    })
}

/// Finds the function of every call that the API makes, and notes where the permission is missing.
///
/// A call without a permission fails on AWS as if the function could not be called at all. The
/// permission depends on the caller, so it is noted on the route or the authorizer.
///
/// Realises: AUTHORIZER-52, INTEGRATION-74, HANDSHAKE-8, INTEGRATION-8
fn resolve_calls(
    template: &Template<'_>,
    declared: &mut api::Declared,
    functions: &mut [Function],
    permissions: &[Permission],
    warnings: &mut Vec<Warning>,
) -> Result<(), Error> {
    let source = template.source;
    let mut api = declared.api.clone();
    let mut find = |uri: &str, place: source::Span| -> Result<Function, Error> {
        let arn = function_arn(uri).unwrap_or_default();
        let known: Vec<String> = functions
            .iter()
            .map(|function| function.logical_id.clone())
            .collect();
        let function = functions.iter_mut().find(|function| {
            arn.strip_prefix(&*function.arn)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        });
        match function {
            Some(function) => match &function.code.unsupported {
                Some(reason) => {
                    let message = format!(
                        "the function `{}` can not be run here: {reason}",
                        function.logical_id
                    );
                    Err(source.error(place, message))
                }
                None => {
                    function.is_called = true;
                    Ok(function.clone())
                }
            },
            None => {
                let help = format!("its functions are `{}`", known.join("`, `"));
                let message = format!("the function `{arn}` is not in this stack");
                Err(source.error_with_help(
                    place,
                    message,
                    Some(help).filter(|_| !known.is_empty()),
                ))
            }
        }
    };
    let mut missing = |function: &Function, caller: &str, place: source::Span| {
        let reason = format!(
            "no permission lets `{caller}` call the function `{}`",
            function.logical_id
        );
        warnings.push(source.warning(place, format!("{reason}: the call will fail, as on AWS")));
        CallPermission::Missing { reason }
    };
    for (id, authorizer) in &mut api.authorizers {
        let place = declared.authorizer_uri_place(id);
        let variables = &declared.api.stage.stage_variables;
        let uri = with_stage_variables(&authorizer.authorizer_uri, variables); // AUTHORIZER-62
        let function = find(&uri, place.clone())?;
        let Api {
            partition,
            region,
            account_id,
            api_id,
            ..
        } = &declared.api;
        let caller =
            format!("arn:{partition}:execute-api:{region}:{account_id}:{api_id}/authorizers/{id}");
        let permitted = declared.authorizers_with_role.contains(id)
            || permissions
                .iter()
                .any(|permission| permission.allows(&function, &caller));
        if !permitted {
            authorizer.call_permission = missing(&function, &caller, place);
        }
    }
    for (id, integration) in &declared.api.integrations {
        if let Some(uri) = declared.function_uri(integration) {
            find(&uri, declared.integration_uri_place(id))?;
        }
    }
    for (key, route) in &mut api.routes {
        let Some(id) = route.target.clone() else {
            continue;
        };
        let Some(integration) = declared.api.integrations.get(&id) else {
            continue;
        };
        let Some(uri) = declared.function_uri(integration) else {
            continue;
        };
        if declared.with_role.contains(&id) {
            continue;
        }
        let function = find(&uri, declared.integration_uri_place(&id))?;
        let caller = declared.api.route_arn(key);
        if permissions
            .iter()
            .any(|permission| permission.allows(&function, &caller))
        {
            continue;
        }
        let place = declared.route_place(key.as_str());
        route.call_permission = missing(&function, &caller, place);
    }
    declared.api = api;
    Ok(())
}

fn outputs(template: &Template<'_>) -> Result<IndexMap<String, String>, Error> {
    let mut outputs = IndexMap::new();
    let section = template.root.get("Outputs");
    for (key, node) in section.map(yaml::Node::entries).unwrap_or_default() {
        if let Some(condition) = node.get("Condition")
            && let Some(name) = condition.plain_text()
            && !template.condition(name, &condition.span)?
        {
            continue;
        }
        let Some(value) = node.get("Value") else {
            return Err(template.source.error(
                key.span.clone(),
                format!("the output `{}` has no `Value`", key.text),
            ));
        };
        let value = template.eval(value)?;
        let text = value.expect_text(template.source, &format!("the output `{}`", key.text))?;
        outputs.insert(key.text.clone(), text.to_owned());
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests;
