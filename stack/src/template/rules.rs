//! The section `Rules`: what CloudFormation asserts of parameters before it makes anything.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>

use crate::diagnostics::Findings;
use crate::document::value::{Data, Value};
use crate::document::yaml::{Content, Node};
use crate::error::{Error, ErrorKind};
use crate::template::call::call;
use crate::template::intrinsics::{Evaluator, Scope};

type Result<T> = std::result::Result<T, Error>;

/// Checks the rules. One that depends on what is not known here (a parameter whose value lies in
/// another service) is not checked.
pub(crate) fn check(scope: &dyn Scope, root: &Node, findings: &mut Findings) {
    let rules = root.get("Rules").map(Node::entries);
    for (key, rule) in rules.unwrap_or_default() {
        let failed = match assertions(scope, rule) {
            Ok(failed) => failed,
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported(_)) => continue,
            Err(error) => {
                findings.error(error);
                continue;
            }
        };
        for assertion in failed {
            let description = assertion.get("AssertDescription");
            let description = description.and_then(Node::plain_text);
            let message = match description {
                Some(description) => format!("the rule `{}` fails: {description}", key.text),
                None => format!("the rule `{}` fails", key.text),
            };
            let kind = ErrorKind::Parameter(message);
            let help = "give the parameters other values: `--parameter NAME=VALUE`";
            let span = assertion.span.clone();
            findings.error(scope.source().error_with_help(span, kind, help));
        }
    }
}

/// The assertions of a rule that do not hold.
fn assertions<'n>(scope: &dyn Scope, rule: &'n Node) -> Result<Vec<&'n Node>> {
    if let Some(condition) = rule.get("RuleCondition")
        && !holds(scope, condition)?
    {
        return Ok(Vec::new());
    }
    let Some(Content::Sequence(items)) = rule.get("Assertions").map(|node| &node.content) else {
        return Ok(Vec::new());
    };
    let mut failed = Vec::new();
    for item in items {
        if let Some(assertion) = item.get("Assert")
            && !holds(scope, assertion)?
        {
            failed.push(item);
        }
    }
    Ok(failed)
}

/// The functions of rules, beside those of conditions.
fn holds(scope: &dyn Scope, node: &Node) -> Result<bool> {
    let evaluator = Evaluator(scope);
    let Some(call) = call(node) else {
        return evaluator.boolean(node);
    };
    let items = match &call.argument.content {
        Content::Sequence(items) => &items[..],
        _ => &[],
    };
    let wrong = |message: String| {
        let kind = ErrorKind::Function(message);
        scope.source().error(call.argument.span.clone(), kind)
    };
    let two = |what: &str| match items {
        [left, right] => Ok((evaluator.eval(left)?, evaluator.eval(right)?)),
        _ => Err(wrong(format!("`{}` takes {what}", call.name))),
    };
    match &*call.name {
        "Fn::Contains" => {
            let (list, value) = two("a list and a text")?;
            Ok(texts(&list).any(|item| Some(item) == value.as_text()))
        }
        "Fn::EachMemberEquals" => {
            let (list, value) = two("a list and a text")?;
            Ok(texts(&list).all(|item| Some(item) == value.as_text()))
        }
        "Fn::EachMemberIn" => {
            let (list, allowed) = two("two lists")?;
            Ok(texts(&list).all(|item| texts(&allowed).any(|allowed| allowed == item)))
        }
        "Fn::Not" => match items {
            [one] => Ok(!holds(scope, one)?),
            _ => Err(wrong("`Fn::Not` takes a list of 1".to_owned())),
        },
        "Fn::And" => all(scope, items, true),
        "Fn::Or" => all(scope, items, false).map(|all| !all),
        "Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll" => {
            let message = format!("`{}` is not supported", call.name);
            let kind = ErrorKind::Unsupported(message);
            Err(scope.source().error(node.span.clone(), kind))
        }
        _ => evaluator.boolean(node),
    }
}

/// Whether all of the conditions are `wanted`.
fn all(scope: &dyn Scope, items: &[Node], wanted: bool) -> Result<bool> {
    for item in items {
        if holds(scope, item)? != wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let items = match &value.data {
        Data::List(items) => &items[..],
        _ => std::slice::from_ref(value),
    };
    items.iter().filter_map(Value::as_text)
}
