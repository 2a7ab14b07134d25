//! `AWS::Serverless::Function` and `AWS::Lambda::Function`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;

use super::names;
use super::properties::Properties;
use super::source::{Error, Span, Warning};
use super::template::{Resource, Template};
use super::value::Value;
use super::yaml::Node;

/// A Lambda function of the stack.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// `FunctionName`, or the one made up for it.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `Runtime`, empty if there is none.
    pub runtime: String,
    /// Where its code comes from.
    pub code: Code,
    /// `Handler`.
    pub handler: String,
    /// `Environment.Variables`, those of `Globals` included.
    pub environment: IndexMap<String, String>,
    /// `Timeout`.
    pub timeout: Duration,
    /// `MemorySize`, in MB.
    pub memory_size: u64,
    /// The name of its log group.
    pub log_group: String,
    /// `LoggingConfig.LogFormat`: `Text` or `JSON`.
    pub log_format: String,
    /// `LoggingConfig.ApplicationLogLevel`, if there is one.
    pub log_level: Option<String>,
    /// Whether a route or an authorizer of the API calls it.
    pub is_called: bool,
    /// Where in the template to point when its code can not be had.
    pub(crate) place: Span,
}

/// Where a function's code comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// `CodeUri`, from the template's folder.
    pub directory: PathBuf,
    /// `Metadata.BuildMethod`.
    pub build_method: Option<String>,
    /// `Metadata.BuildProperties.Binary`.
    pub binary: Option<String>,
    /// Why the code can not be run here, if it can not.
    pub unsupported: Option<String>,
}

const SERVERLESS: &str = "AWS::Serverless::Function";

/// Reads the functions of the stack.
pub(crate) fn read(
    template: &Template<'_>,
    directory: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Function>, Error> {
    template
        .resources
        .values()
        .filter(|resource| [SERVERLESS, "AWS::Lambda::Function"].contains(&&*resource.kind))
        .map(|resource| function(template, resource, directory, warnings))
        .collect()
}

fn function(
    template: &Template<'_>,
    resource: &Resource<'_>,
    directory: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<Function, Error> {
    let properties = Properties::new(template, resource);
    properties.warn_of_others(
        &[
            "CodeUri",
            "Code",
            "Handler",
            "Runtime",
            "Environment",
            "Timeout",
            "MemorySize",
            "FunctionName",
            "PackageType",
            "LoggingConfig",
        ],
        &[
            "Description",
            "Policies",
            "Role",
            "Tags",
            "Tracing",
            "TracingConfig",
            "Architectures",
            "PermissionsBoundary",
            "RuntimeManagementConfig",
            "PropagateTags",
        ],
        warnings,
    );
    let source = template.source;
    // A function's own property, or that of `Globals`.
    let property = |name: &str| -> Result<Option<Value>, Error> {
        match properties.get(name)? {
            Some(value) => Ok(Some(value)),
            None => global(template, resource, name),
        }
    };
    let text = |name: &str| -> Result<Option<String>, Error> {
        let what = format!("`{name}` of `{}`", resource.id);
        property(name)?
            .map(|value| value.expect_text(source, &what).map(str::to_owned))
            .transpose()
    };
    let number =
        |name: &str, range: std::ops::RangeInclusive<u64>, default| -> Result<u64, Error> {
            let Some(value) = property(name)? else {
                return Ok(default);
            };
            let (least, most) = (range.start(), range.end());
            let parsed = value.as_text().and_then(|text| text.parse().ok());
            parsed
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    let message = format!(
                        "`{name}` of `{}` must be a number from {least} to {most}",
                        resource.id
                    );
                    source.error(value.span.clone(), message)
                })
        };
    let name = names::named(template, resource, "FunctionName", &resource.id_span)?;
    let logging = property("LoggingConfig")?;
    let logged = |key: &str| {
        logging
            .as_ref()
            .and_then(|value| value.get(key)?.as_text().map(str::to_owned))
    };
    let (code, place) = code(resource, &property, directory)?;
    Ok(Function {
        logical_id: resource.id.clone(),
        arn: names::attribute(template, resource, "Arn", &resource.id_span)?,
        code,
        runtime: text("Runtime")?.unwrap_or_default(),
        handler: text("Handler")?.unwrap_or_else(|| "bootstrap".to_owned()),
        environment: environment(template, resource)?,
        timeout: Duration::from_secs(number("Timeout", 1..=900, 3)?),
        memory_size: number("MemorySize", 128..=10_240, 128)?,
        log_group: logged("LogGroup").unwrap_or_else(|| format!("/aws/lambda/{name}")),
        log_format: logged("LogFormat").unwrap_or_else(|| "Text".to_owned()),
        log_level: logged("ApplicationLogLevel"),
        is_called: false,
        name,
        place,
    })
}

fn code(
    resource: &Resource<'_>,
    property: &dyn Fn(&str) -> Result<Option<Value>, Error>,
    directory: &Path,
) -> Result<(Code, Span), Error> {
    let metadata = resource.node.get("Metadata");
    let build_method = metadata.and_then(|node| node.get("BuildMethod"));
    let binary = metadata.and_then(|node| node.get("BuildProperties")?.get("Binary"));
    let text = |node: Option<&Node>| node.and_then(Node::plain_text).map(str::to_owned);
    let uri = match property("CodeUri")? {
        Some(value) => Some(value),
        None => property("Code")?,
    };
    let path = uri.as_ref().and_then(Value::as_text);
    let is_image = property("PackageType")?.is_some_and(|value| value.as_text() == Some("Image"));
    let runtime = property("Runtime")?;
    let runtime = runtime
        .as_ref()
        .and_then(Value::as_text)
        .unwrap_or_default();
    let unsupported = if is_image {
        Some("it is a container image".to_owned())
    } else if !runtime.starts_with("provided") {
        Some(format!(
            "its `Runtime` is `{runtime}`, not `provided.al2023`"
        ))
    } else if path.is_none_or(|path| path.starts_with("s3:")) {
        Some("its code is not a folder beside the template".to_owned())
    } else {
        None
    };
    let place = match (binary, &uri) {
        (Some(node), _) => node.span.clone(),
        (None, Some(value)) => value.span.clone(),
        (None, None) => resource.id_span.clone(),
    };
    let code = Code {
        directory: directory.join(path.unwrap_or_default()),
        build_method: text(build_method),
        binary: text(binary),
        unsupported,
    };
    Ok((code, place))
}

/// A property that `Globals.Function` sets for every serverless function.
fn global(
    template: &Template<'_>,
    resource: &Resource<'_>,
    name: &str,
) -> Result<Option<Value>, Error> {
    if resource.kind != SERVERLESS {
        return Ok(None);
    }
    let node = template
        .root
        .get("Globals")
        .and_then(|node| node.get("Function")?.get(name));
    match node {
        Some(node) => Ok(Some(template.eval(node)?).filter(|value| !value.is_nothing())),
        None => Ok(None),
    }
}

/// SAM merges the variables of `Globals` and of the function; the function's win.
fn environment(
    template: &Template<'_>,
    resource: &Resource<'_>,
) -> Result<IndexMap<String, String>, Error> {
    let mut environment = IndexMap::new();
    let own = template.property(resource, "Environment")?;
    for value in [global(template, resource, "Environment")?, own]
        .into_iter()
        .flatten()
    {
        let Some(variables) = value.get("Variables") else {
            continue;
        };
        for (key, value) in variables.expect_map(template.source, "`Variables`")? {
            let what = format!("the variable `{}` of `{}`", key.text, resource.id);
            let text = value.expect_text(template.source, &what)?;
            if key.text.is_empty() || key.text.contains(['=', '\0']) || text.contains('\0') {
                return Err(template
                    .source
                    .error(key.span.clone(), format!("{what} can not be set")));
            }
            environment.insert(key.text.clone(), text.to_owned());
        }
    }
    Ok(environment)
}
