//! `AWS::Serverless::Function` and `AWS::Lambda::Function`.

use std::ops::RangeInclusive;
use std::time::Duration;

use indexmap::IndexMap;

use crate::declared::{Code, Function, Layer};
use crate::document::value::Value;
use crate::document::yaml::{Key, Node};
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::event_invoke_config;
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const SERVERLESS: ResourceType = of("AWS::Serverless::Function");
pub(crate) const LAMBDA: ResourceType = of("AWS::Lambda::Function");

/// `Type` of an event that comes from the stream of a table, which is read as an event source
/// mapping.
pub(crate) const TABLE_STREAM: &str = "DynamoDB";

const fn of(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        identity: Identity {
            reference: Reference::Name("FunctionName"),
            attributes: Attributes::Only(&[(
                "Arn",
                "arn:{partition}:lambda:{region}:{account}:function:{ref}",
            )]),
        },
        known: &[
            "CodeUri",
            "Code",
            "InlineCode",
            "Handler",
            "Runtime",
            "Environment",
            "Timeout",
            "MemorySize",
            "FunctionName",
            "PackageType",
            "ImageUri",
            "ImageConfig",
            "LoggingConfig",
            "Layers",
            "Events",
            "EventInvokeConfig",
            "ReservedConcurrentExecutions",
        ],
        harmless: &[
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
        reads: Reads::Each(read),
    }
}

/// What is wrong with a function is an error only if something calls it: it is kept until that is
/// known.
fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let resource = properties.resource;
    let template = properties.template;
    let name = template.name(resource, &resource.id_span);
    let arn = template.attribute_of(resource, "Arn", &resource.id_span);
    let (Some(name), Some(arn)) = (draft.take(name), draft.take(arn)) else {
        draft.incomplete.insert(SERVERLESS.name);
        return;
    };
    warn_of_sources(draft, properties);
    let before = draft.findings.count();
    let function = function(draft, properties, name, arn);
    let errors = draft.findings.split_off(before);
    if !errors.is_empty() {
        draft.function_errors.insert(resource.id.clone(), errors);
    }
    draft.functions.push(function);
}

/// What else calls a function on AWS. It is looked at as it is written: what it points to need not be
/// known here.
fn warn_of_sources(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let Some(events) = properties.node("Events") else {
        return;
    };
    let source = |(key, event): &(Key, Node)| {
        let kind = event.get("Type").and_then(Node::plain_text);
        let is_read = kind == Some(TABLE_STREAM);
        (!is_read).then(|| format!("`{}` ({})", key.text, kind.unwrap_or("no type")))
    };
    let sources: Vec<String> = events.entries().iter().filter_map(source).collect();
    let sources = sources.join(", ");
    let message = format!(
        "nothing here calls `{}` for its `Events` {sources}: only routes, authorizers, streams of \
         tables and callers of Lambda's Invoke API do",
        properties.resource.id
    );
    if !sources.is_empty() {
        draft.warn(properties.span("Events"), WarningKind::NoEffect, message);
    }
}

fn function(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    name: String,
    arn: String,
) -> Function {
    let logging = draft.optional(own_or_global(properties, "LoggingConfig"));
    let logged = |key: &str| {
        let value = logging.as_ref()?.get(key)?;
        value.as_text().map(str::to_owned)
    };
    let (mut code, span) = code(draft, properties);
    let runtime = text(properties, "Runtime");
    let runtime = draft.optional(runtime).unwrap_or_default();
    let handler = match text(properties, "Handler") {
        Ok(None) => image_command(properties),
        handler => handler,
    };
    let handler = draft.optional(handler);
    let handler = handler.unwrap_or_else(|| "bootstrap".to_owned());
    if code.inline.is_some() {
        code.unsupported = inline(draft, properties, &runtime, &handler);
    }
    let timeout = number(properties, "Timeout", 1..=900);
    let memory_size = number(properties, "MemorySize", 128..=10_240);
    let reserved = number(properties, "ReservedConcurrentExecutions", 0..=1_000_000);
    let config = draft.optional(own_or_global(properties, "EventInvokeConfig"));
    Function {
        logical_id: properties.resource.id.clone(),
        arn,
        code,
        runtime,
        handler,
        environment: environment(draft, properties, &name),
        layers: layers(draft, properties),
        timeout: Duration::from_secs(draft.optional(timeout).unwrap_or(3)),
        reserved_concurrency: draft
            .optional(reserved)
            .and_then(|number| usize::try_from(number).ok()),
        asynchronous: event_invoke_config::of_function(draft, properties, config.as_ref()),
        memory_size: draft.optional(memory_size).unwrap_or(128),
        log_group: logged("LogGroup").unwrap_or_else(|| format!("/aws/lambda/{name}")),
        log_format: logged("LogFormat").unwrap_or_else(|| "Text".to_owned()),
        log_level: logged("ApplicationLogLevel"),
        is_called: false,
        name,
        span,
    }
}

/// Why inline code cannot be run, if it cannot. CloudFormation puts it into a file `index`.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html>
fn inline(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    runtime: &str,
    handler: &str,
) -> Option<String> {
    if !runtime.starts_with("nodejs") && !runtime.starts_with("python") {
        let reason = format!("its code is inline, which Node.js and Python take, not `{runtime}`");
        return Some(reason);
    }
    if !handler.starts_with("index.") {
        let message = format!(
            "the inline code of `{}` is a file `index`: a `Handler` that begins with `index.` finds \
             it, `{handler}` does not",
            properties.resource.id
        );
        draft.warn(properties.span("Handler"), WarningKind::Suspicious, message);
    }
    None
}

/// What an image is told as its handler.
fn image_command(properties: &Properties<'_>) -> Result<Option<String>, Error> {
    let config = own_or_global(properties, "ImageConfig")?;
    let command = config.as_ref().and_then(|config| config.get("Command"));
    let Some(command) = command else {
        return Ok(None);
    };
    let what = format!("`ImageConfig.Command` of `{}`", properties.resource.id);
    let words = command.expect_list(properties.template.source, &what)?;
    let first = words.first().and_then(Value::as_text);
    Ok(first.map(str::to_owned))
}

/// A function's own property, or that of `Globals`.
fn own_or_global(properties: &Properties<'_>, name: &str) -> Result<Option<Value>, Error> {
    match properties.get(name)? {
        Some(value) => Ok(Some(value)),
        None => global(properties, name),
    }
}

/// A property that `Globals.Function` sets for every serverless function.
fn global(properties: &Properties<'_>, name: &str) -> Result<Option<Value>, Error> {
    if properties.resource.kind != SERVERLESS.name {
        return Ok(None);
    }
    let template = properties.template;
    let globals = template.root.get("Globals");
    match globals.and_then(|node| node.get("Function")?.get(name)) {
        Some(node) => Ok(Some(template.eval(node)?).filter(|value| !value.is_nothing())),
        None => Ok(None),
    }
}

fn text(properties: &Properties<'_>, name: &str) -> Result<Option<String>, Error> {
    let what = format!("`{name}` of `{}`", properties.resource.id);
    let Some(value) = own_or_global(properties, name)? else {
        return Ok(None);
    };
    let text = value.expect_text(properties.template.source, &what)?;
    Ok(Some(text.to_owned()))
}

fn number(
    properties: &Properties<'_>,
    name: &str,
    range: RangeInclusive<u64>,
) -> Result<Option<u64>, Error> {
    let Some(value) = own_or_global(properties, name)? else {
        return Ok(None);
    };
    let parsed = value.as_number::<u64>();
    let parsed = parsed.filter(|number| range.contains(number));
    parsed.map(Some).ok_or_else(|| {
        let message = format!(
            "`{name}` of `{}` must be a number from {} to {}",
            properties.resource.id,
            range.start(),
            range.end()
        );
        let kind = ErrorKind::Value(message);
        properties.template.source.error(value.span.clone(), kind)
    })
}

/// Where the code comes from, and the location to point at if it cannot be used.
fn code(draft: &mut Draft<'_>, properties: &Properties<'_>) -> (Code, Span) {
    let resource = properties.resource;
    let metadata = resource.node.get("Metadata");
    let build_method = metadata.and_then(|node| node.get("BuildMethod"));
    let binary = metadata.and_then(|node| node.get("BuildProperties")?.get("Binary"));
    let text = |node: Option<&Node>| node.and_then(Node::plain_text).map(str::to_owned);
    let uri = ["InlineCode", "CodeUri", "Code"].into_iter();
    let uri = uri.map(|name| Ok(own_or_global(properties, name)?.map(|value| (name, value))));
    let uri = uri.filter_map(Result::transpose).next().transpose();
    let package = own_or_global(properties, "PackageType");
    let (Some(uri), Some(package)) = (draft.take(uri), draft.take(package)) else {
        return (Code::default(), resource.id_span.clone());
    };
    let is_image = package.is_some_and(|value| value.as_text() == Some("Image"));
    let context = text(metadata.and_then(|node| node.get("DockerContext")));
    let inline = match &uri {
        _ if is_image => None,
        Some(("InlineCode", value)) => value.as_text(),
        Some((_, value)) => value.get("ZipFile").and_then(Value::as_text),
        None => None,
    };
    let path = match &uri {
        _ if is_image => Some(context.as_deref().unwrap_or(".")),
        _ if inline.is_some() => Some("."),
        Some((_, value)) => value.as_text(),
        None => None,
    };
    let is_elsewhere = path.is_none_or(|path| path.starts_with("s3:"));
    let unsupported =
        is_elsewhere.then(|| "its code is not a folder or a file beside the template".to_owned());
    let span = match (binary, &uri) {
        (Some(node), _) => node.span.clone(),
        (None, Some((_, value))) => value.span.clone(),
        (None, None) => resource.id_span.clone(),
    };
    let code = Code {
        directory: draft.directory.join(path.unwrap_or_default()),
        inline: inline.map(str::to_owned),
        is_image,
        build_method: text(build_method),
        binary: text(binary),
        unsupported,
    };
    (code, span)
}

/// The function's layers. SAM puts those of `Globals` before its own.
fn layers(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Vec<Layer> {
    let global = draft.optional(global(properties, "Layers"));
    let own = draft.optional(properties.get("Layers"));
    let mut layers = Vec::new();
    for value in [global, own].into_iter().flatten() {
        let what = format!("`Layers` of `{}`", properties.resource.id);
        let list = value.expect_list(draft.source(), &what);
        for layer in draft.take(list).unwrap_or_default() {
            let name = layer.expect_text(draft.source(), &what);
            let Some(name) = draft.take(name) else {
                continue;
            };
            match draft.layers.get(name) {
                Some(Some(layer)) => layers.push(layer.clone()),
                // Its own resource has a warning.
                Some(None) => {}
                None => {
                    let message = format!(
                        "the layer `{name}` of `{}` is not in this template: the function runs \
                         without it",
                        properties.resource.id
                    );
                    draft.warn(layer.span.clone(), WarningKind::NoEffect, message);
                }
            }
        }
    }
    layers
}

/// SAM merges the variables of `Globals` and of the function; the function's win.
fn environment(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    name: &str,
) -> IndexMap<String, String> {
    let mut environment = IndexMap::new();
    let global = draft.optional(global(properties, "Environment"));
    let own = draft.optional(properties.get("Environment"));
    let all = [global, own].into_iter().flatten();
    for value in all {
        let Some(variables) = value.get("Variables") else {
            continue;
        };
        let variables = variables.expect_map(draft.source(), "`Variables`");
        for (key, value) in draft.take(variables).unwrap_or_default() {
            let what = format!(
                "the variable `{}` of `{}`",
                key.text, properties.resource.id
            );
            let text = value.expect_text(draft.source(), &what);
            let Some(text) = draft.take(text) else {
                continue;
            };
            if key.text.is_empty() || key.text.contains(['=', '\0']) || text.contains('\0') {
                let message = format!("{what} cannot be set");
                draft.error(key.span.clone(), ErrorKind::Value(message));
                continue;
            }
            draft.warn_of_reading(&value.span, text);
            environment.insert(key.text.clone(), text.to_owned());
        }
    }
    let given = &draft.template.settings.variables;
    given.apply(&properties.resource.id, name, &mut environment);
    environment
}
