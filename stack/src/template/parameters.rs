//! Parameters with their values, and the pseudo parameters.

use std::collections::HashMap;

use velocity::suggest::nearest;

use crate::diagnostics::Findings;
use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::document::value::{Data, Value};
use crate::document::yaml::Node;
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::settings::{Given, Settings};
use crate::template::asset_parameters;
use crate::template::call::call;
use crate::template::constraints::{Type, check, check_type};
use crate::template::dynamic;
use crate::template::intrinsics::Evaluator;

/// The parameters by name. One without a value is its error, which whatever refers to it repeats.
pub(crate) type Parameters = HashMap<String, Result<Value, Error>>;

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
    let unknown = |name: &&String| !is_known(name) && !dynamic::is_name(name);
    for name in settings.parameters.keys().filter(unknown) {
        let start = section.map_or(0, |node| node.span.start);
        let message = format!(
            "a value is given for the parameter `{name}`, but the template has no such parameter"
        );
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => match &*names().collect::<Vec<_>>() {
                [] => "it has none at all: leave the value out".to_owned(),
                names => format!("it has `{}`", names.join("`, `")),
            },
        };
        let kind = ErrorKind::Parameter(message);
        findings.error(source.report(start..start, kind, Some(&help)));
    }
}

/// Reads the section `Parameters`, with the values that are given.
pub(crate) fn read(
    source: &Source,
    root: &Node,
    given: &Given,
    settings: &Settings,
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
                let help = format!(
                    "give it a value, `--parameter {}=VALUE`, or a `Default`",
                    key.text
                );
                let kind = ErrorKind::Unsupported(message);
                Err(source.error_with_help(key.span.clone(), kind, &help))
            }
        };
        let named = (&*key.text, node);
        let checked = check_type(source, (&key.text, &key.span), node);
        let value = checked.and(found).and_then(|(text, span)| {
            check(source, &key.text, node, text, span)?;
            value(source, named, (text, span), settings)
        });
        match &value {
            Ok(_) => {}
            // Whatever needs the value repeats the error. Nobody is told of what lies elsewhere, such
            // as CDK's `BootstrapVersion`, before that.
            Err(error)
                if Type::of(node).is_stored
                    && matches!(error.kind(), ErrorKind::Unsupported(_)) => {}
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported(_)) => {
                let message = format!("{}: nothing that is served needs it", error.message());
                let warning = source.warning(error.whole_span(), WarningKind::LeftOut, message);
                findings.suspicion(warning, error.clone());
            }
            Err(error) => findings.error(error.clone()),
        }
        parameters.insert(key.text.clone(), value);
    }
    parameters
}

/// The values that `Parameters` of the nested stack `id` gives it, each with its own error.
pub(crate) fn handed_in(evaluator: &Evaluator<'_>, id: &str, node: &Node) -> Result<Given, Error> {
    let source = evaluator.0.source();
    let entries: Vec<(String, Result<Value, Error>)> = match call(node) {
        None => {
            let entries = node.entries().iter();
            let values = entries.map(|(key, node)| (key.text.clone(), evaluator.eval(node)));
            values.collect()
        }
        Some(call) if call.name == "Fn::If" => {
            return handed_in(evaluator, id, evaluator.chosen(&call)?);
        }
        Some(_) => {
            let map = evaluator.eval(node)?;
            let what = format!("`Parameters` of `{id}`");
            let entries = map.expect_map(source, &what)?.iter();
            let values = entries.map(|(key, value)| (key.text.clone(), Ok(value.clone())));
            values.collect()
        }
    };
    let there = entries.into_iter();
    let there = there.filter(|(_, value)| !value.as_ref().is_ok_and(Value::is_nothing));
    let given = there.map(|(name, value)| {
        let what = format!("the parameter `{name}` of `{id}`");
        let text = value.and_then(|value| as_parameter(source, &value, &what));
        (name, text)
    });
    Ok(given.collect())
}

/// A list is handed in as one text.
fn as_parameter(source: &Source, value: &Value, what: &str) -> Result<String, Error> {
    let items = match &value.data {
        Data::List(items) => &items[..],
        _ => std::slice::from_ref(value),
    };
    let texts = items.iter().map(|item| item.expect_text(source, what));
    Ok(texts.collect::<Result<Vec<_>, Error>>()?.join(","))
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

/// What a parameter gives: its value, or what lies in Parameter Store under the name that it has.
fn value(
    source: &Source,
    (name, declared): (&str, &Node),
    (text, span): (&str, &Span),
    settings: &Settings,
) -> Result<Value, Error> {
    let kind = Type::of(declared);
    let stored = format!("ssm:{text}");
    let text = match settings.parameters.get(&stored) {
        _ if !kind.is_stored => text,
        Some(value) => value,
        None => {
            let message = format!(
                "the parameter `{name}` is `{text}` of Parameter Store, which is not known here"
            );
            let help = format!("give it by its name: `--parameter '{stored}=VALUE'`");
            let kind = ErrorKind::Unsupported(message);
            return Err(source.error_with_help(span.clone(), kind, &help));
        }
    };
    if !kind.is_list() {
        return Ok(Value::text(span.clone(), text));
    }
    let items = text.split(',');
    let items = items.map(|item| Value::text(span.clone(), item.trim()));
    Ok(Value {
        span: span.clone(),
        data: Data::List(items.collect()),
    })
}
