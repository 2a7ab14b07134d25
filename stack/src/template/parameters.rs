//! Parameters with their values, and the pseudo parameters.

use std::collections::{BTreeMap, HashMap};

use velocity::suggest::nearest;

use crate::diagnostics::Findings;
use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::document::value::{Data, Value};
use crate::document::yaml::{Content, Node};
use crate::error::{Error, ErrorKind, Span};
use crate::settings::Settings;
use crate::template::asset_parameters;

/// The parameters by name. One without a value is its error, which whatever refers to it repeats.
pub(crate) type Parameters = HashMap<String, Result<Value, Error>>;

/// The values that are given by name. One that cannot be evaluated is its error.
pub(crate) type Given = BTreeMap<String, Result<String, Error>>;

/// Refuses values that are given for parameters that nothing has.
pub(crate) fn refuse_unknown(
    source: &Source,
    root: &Node,
    settings: &Settings,
    is_known: impl Fn(&str) -> bool,
    findings: &mut Findings,
) {
    let section = root.get("Parameters");
    let declared = section.map(Node::entries).unwrap_or_default();
    let names = || declared.iter().map(|(key, _)| &*key.text);
    for name in settings.parameters.keys().filter(|name| !is_known(name)) {
        let start = section.map_or(0, |node| node.span.start);
        let message = format!(
            "a value is given for the parameter `{name}`, but the template has no such parameter"
        );
        let help = nearest(name, names()).map(|near| format!("did you mean `{near}`?"));
        let kind = ErrorKind::Parameter(message);
        findings.error(source.report(start..start, kind, help.as_deref()));
    }
}

/// Reads the section `Parameters`, with the values that are given.
pub(crate) fn read(
    source: &Source,
    root: &Node,
    given: &Given,
    findings: &mut Findings,
) -> Parameters {
    let section = root.get("Parameters");
    let declared = section.map(Node::entries).unwrap_or_default();
    let mut parameters = Parameters::new();
    for (key, node) in declared {
        let of_asset = asset_parameters::value(&key.text);
        let given = match given.get(&key.text) {
            Some(Ok(given)) => Some(given),
            // Whatever refers to it repeats what is wrong with it.
            Some(Err(error)) => {
                parameters.insert(key.text.clone(), Err(error.clone()));
                continue;
            }
            None => of_asset.as_ref(),
        };
        let default = node.get("Default");
        let found = match (
            given,
            default.and_then(|node| Some((node.plain_text()?, node))),
        ) {
            (Some(given), _) => Ok((given.as_str(), &key.span)),
            (None, Some((text, node))) => Ok((text, &node.span)),
            (None, None) => {
                let message = format!(
                    "the parameter `{}` has no `Default`, and no value is given for it",
                    key.text
                );
                let help = format!("give it one: `--parameter {}=VALUE`", key.text);
                let kind = ErrorKind::Parameter(message);
                Err(source.error_with_help(key.span.clone(), kind, &help))
            }
        };
        let value = found.and_then(|(text, span)| {
            check(source, &key.text, node, text, span)?;
            Ok(value(node, text, span))
        });
        if let Err(error) = &value {
            findings.error(error.clone());
        }
        parameters.insert(key.text.clone(), value);
    }
    parameters
}

/// What a pseudo parameter gives; `None` if there is none of this name.
pub(crate) fn pseudo(name: &str, settings: &Settings) -> Option<Data> {
    let Settings {
        region,
        account_id,
        partition,
        stack_name,
        ..
    } = settings;
    let text = match name {
        "AWS::AccountId" => account_id.clone(),
        "AWS::Region" => region.clone(),
        "AWS::Partition" => partition.clone(),
        "AWS::URLSuffix" => "amazonaws.com".to_owned(),
        "AWS::StackName" => stack_name.clone(),
        "AWS::StackId" => {
            let id = "00000000-0000-0000-0000-000000000000";
            format!("arn:{partition}:cloudformation:{region}:{account_id}:stack/{stack_name}/{id}")
        }
        "AWS::NoValue" => return Some(Data::Nothing),
        "AWS::NotificationARNs" => return Some(Data::List(Vec::new())),
        _ => return None,
    };
    let style = Style::Quoted;
    Some(Data::Text { text, style })
}

fn value(declared: &Node, text: &str, span: &Span) -> Value {
    let declared = declared.get("Type").and_then(Node::plain_text);
    let is_list = |kind: &str| kind == "CommaDelimitedList" || kind.starts_with("List<");
    if !declared.is_some_and(is_list) {
        return Value::text(span.clone(), text);
    }
    let items = text.split(',');
    let items = items.map(|item| Value::text(span.clone(), item.trim()));
    Value {
        span: span.clone(),
        data: Data::List(items.collect()),
    }
}

/// `AllowedValues`, `MinLength` and `MaxLength`. `AllowedPattern` is left to CloudFormation.
fn check(
    source: &Source,
    name: &str,
    declared: &Node,
    text: &str,
    span: &Span,
) -> Result<(), Error> {
    let fail = |problem: String| {
        let message = format!("the parameter `{name}` is `{text}`, but {problem}");
        Err(source.error(span.clone(), ErrorKind::Parameter(message)))
    };
    let allowed = declared.get("AllowedValues").map(|node| &node.content);
    if let Some(Content::Sequence(items)) = allowed {
        let allowed: Vec<&str> = items.iter().filter_map(Node::plain_text).collect();
        if !allowed.contains(&text) {
            return fail(format!("must be one of `{}`", allowed.join("`, `")));
        }
    }
    let limit = |key: &str| -> Option<usize> { declared.get(key)?.plain_text()?.parse().ok() };
    let length = text.chars().count();
    match (limit("MinLength"), limit("MaxLength")) {
        (Some(least), _) if length < least => {
            fail(format!("must have at least {least} characters"))
        }
        (_, Some(most)) if length > most => fail(format!("must have at most {most} characters")),
        _ => Ok(()),
    }
}
