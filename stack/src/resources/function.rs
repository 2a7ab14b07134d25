//! `AWS::Serverless::Function` and `AWS::Lambda::Function`.

use std::ops::RangeInclusive;
use std::time::Duration;

use indexmap::IndexMap;

use crate::declared::{Code, Function, Layer};
use crate::document::value::{Data, Value};
use crate::document::yaml::{Key, Node};
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::resources::code::{self, Declared};
use crate::resources::draft::{Draft, Reads, ResourceType, is_unknown};
use crate::resources::properties::Properties;
use crate::resources::{event_invoke_config, runtime};
use crate::template::names::{Attributes, FUNCTION_ARN, Identity, Reference};

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
            attributes: Attributes::Only(&[("Arn", FUNCTION_ARN)]),
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
            "AutoPublishAlias",
            "AutoPublishAliasAllProperties",
            "DeploymentPreference",
            "VersionDeletionPolicy",
            "VersionDescription",
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
    let (name, arn) = match (name, arn) {
        (Ok(name), Ok(arn)) => (name, arn),
        // What calls it, calls it by the name.
        (Err(error), _) | (_, Err(error)) if is_unknown(&error) => {
            let consequence = format!("the function `{}` is left out", resource.id);
            return draft.leave_out(vec![error], &consequence);
        }
        (name, arn) => {
            draft.incomplete.insert(SERVERLESS.name);
            draft.take(name);
            draft.take(arn);
            return;
        }
    };
    warn_of_sources(draft, properties);
    let before = draft.findings.count();
    let function = function(draft, properties, name, arn);
    let errors = draft.findings.split_off(before);
    if !errors.is_empty() {
        draft.function_errors.insert(properties.path(), errors);
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
    let logging = draft.optional(properties.get("LoggingConfig"));
    let logged = |key: &str| {
        let value = logging.as_ref()?.get(key)?;
        value.as_text().map(str::to_owned)
    };
    let (mut code, span) = code(draft, properties);
    let runtime = text(properties, "Runtime");
    let runtime = draft.optional(runtime).unwrap_or_default();
    if let Some(meant) = runtime::meant(&runtime) {
        let message = format!("Lambda has no runtime `{runtime}`");
        let help = format!("did you mean `{meant}`?");
        draft.error_with_help(properties.span("Runtime"), ErrorKind::Value(message), &help);
    }
    let handler = match text(properties, "Handler") {
        Ok(None) => image_command(properties),
        handler => handler,
    };
    let handler = draft.optional(handler);
    let handler = handler.unwrap_or_else(|| "bootstrap".to_owned());
    if code.inline.is_some() {
        code.unsupported = inline(draft, properties, &runtime, &handler);
    }
    code::warn_of_handler(draft, properties, &code, (&runtime, &handler));
    let timeout = number(properties, "Timeout", 1..=900);
    let memory_size = number(properties, "MemorySize", 128..=10_240);
    let reserved = number(properties, "ReservedConcurrentExecutions", 0..=1_000_000);
    let config = draft.optional(properties.get("EventInvokeConfig"));
    Function {
        logical_id: properties.path(),
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
        qualifiers: Vec::new(),
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
    let config = properties.get("ImageConfig")?;
    let command = config.as_ref().and_then(|config| config.get("Command"));
    let Some(command) = command else {
        return Ok(None);
    };
    let what = format!("`ImageConfig.Command` of `{}`", properties.resource.id);
    let words = command.expect_list(properties.template.source, &what)?;
    let first = words.first().and_then(Value::as_text);
    Ok(first.map(str::to_owned))
}

fn text(properties: &Properties<'_>, name: &str) -> Result<Option<String>, Error> {
    let what = format!("`{name}` of `{}`", properties.resource.id);
    let Some(value) = properties.get(name)? else {
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
    let Some(value) = properties.get(name)? else {
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
        let help = "write it in digits, without a unit";
        let source = properties.template.source;
        source.error_with_help(value.span.clone(), kind, help)
    })
}

/// Where the code comes from, and the location to point at if it cannot be used.
fn code(draft: &mut Draft<'_>, properties: &Properties<'_>) -> (Code, Span) {
    let named = ["InlineCode", "CodeUri", "Code"].into_iter();
    let named = named.map(|name| Ok(properties.get(name)?.map(|value| (name, value))));
    let named = named.filter_map(Result::transpose).next().transpose();
    let package = properties.get("PackageType");
    let (Some(code), Some(package)) = (draft.take(named), draft.take(package)) else {
        return (Code::default(), properties.resource.id_span.clone());
    };
    code::read(draft, properties, &Declared { code, package })
}

fn layers(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Vec<Layer> {
    let own = draft.optional(properties.get("Layers"));
    let mut layers = Vec::new();
    if let Some(value) = own {
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

/// `Environment.Variables`, with what is given in their places.
fn environment(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    name: &str,
) -> IndexMap<String, String> {
    let mut environment = IndexMap::new();
    let own = draft.optional(properties.get("Environment"));
    warn_of_misplaced(draft, own.as_ref());
    if let Some(variables) = own.as_ref().and_then(|value| value.get("Variables")) {
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
    given.apply(&properties.path(), name, &mut environment);
    environment
}

/// Warns of what stands in `Environment` itself. AWS refuses it.
fn warn_of_misplaced(draft: &mut Draft<'_>, environment: Option<&Value>) {
    let Some(Data::Map(entries)) = environment.map(|value| &value.data) else {
        return;
    };
    for (key, _) in entries.iter().filter(|(key, _)| key.text != "Variables") {
        let message = format!(
            "`{}` of `Environment` has no effect: variables stand below `Environment.Variables`",
            key.text
        );
        draft.warn(key.span.clone(), WarningKind::NoEffect, message);
    }
}
