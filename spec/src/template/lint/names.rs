//! Names and directives that do not exist.

use std::collections::BTreeSet;
use std::ops::Range;

use velocity::suggest::nearest;
use velocity::syntax::{Part, ReferencePart};

use super::{Finding, Rule};
use crate::template::MappingTemplate;
use crate::template::util::{FUNCTIONS, Function};
use crate::template::vocabulary::{CONTEXT, InputMember, REST, ROOTS, Variable};

/// The names that blocks define with `#set`, `#foreach` and `#define`.
pub(super) fn assigned(blocks: &[Vec<Part<'_>>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for block in blocks {
        collect(block, &mut names);
    }
    names
}

fn collect(parts: &[Part<'_>], names: &mut BTreeSet<String>) {
    for part in parts {
        let Part::Directive(directive) = part else {
            continue;
        };
        names.extend(directive.target.iter().map(|target| target.root.to_owned()));
        names.extend(directive.variable.map(str::to_owned));
        for block in &directive.blocks {
            collect(block, names);
        }
    }
}

/// Checks every reference of a template.
pub(super) fn references(
    template: &MappingTemplate,
    parts: &[Part<'_>],
    findings: &mut Vec<Finding>,
) {
    let mut set = BTreeSet::new();
    collect(parts, &mut set);
    for reference in template.references() {
        if reference.escaped {
            continue;
        }
        let finding = hyphen(&reference, &set).or_else(|| unknown(&reference, &set));
        findings.extend(finding);
    }
}

/// `$a-1`, `$context.connectionId-x`.
fn hyphen(reference: &ReferencePart<'_>, set: &BTreeSet<String>) -> Option<Finding> {
    let finding = |span: Range<usize>, name: &str, left: &str, right: &str| {
        let in_text = format!("`${{{left}}}-{right}` in text");
        let cure = match right {
            "" => in_text,
            _ => format!(
                "write spaces around the sign in `#set` (`${left} - {right}`), or {in_text}"
            ),
        };
        let message = format!("`{name}` is one name, not `{left}` and `-{right}`");
        Finding::new(Rule::HyphenInName, span, message, cure)
    };
    let split = |name: &str| {
        name.split_once('-')
            .map(|(left, right)| (left.to_owned(), right.to_owned()))
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((left, right)) = split(reference.root)
        && !set.contains(reference.root)
    {
        let known = set.contains(&left) || ROOTS.contains(&&*left);
        if known || is_number(&right) {
            return Some(finding(
                reference.span.clone(),
                reference.root,
                &left,
                &right,
            ));
        }
    }
    if set.contains(reference.root) {
        return None;
    }
    let names: Vec<&str> = reference.steps.iter().map_while(|step| step.name).collect();
    let at = match (reference.root, &names[..]) {
        ("context", ["identity" | "error", _, ..]) => 1,
        ("context" | "stageVariables", [_, ..]) | ("input", [_, ..]) => 0,
        _ => return None,
    };
    let step = &reference.steps[at];
    let (left, right) = split(names[at])?;
    let known = match (reference.root, at) {
        ("context", 0) => Variable::find(&CONTEXT, &left).is_some(),
        ("context", _) => Variable::members(names[0])
            .is_some_and(|members| Variable::find(members, &left).is_some()),
        ("input", _) => left == "body",
        _ => is_number(&right),
    };
    let before = [&[reference.root], &names[..at]].concat().join(".");
    let left = format!("{before}.{left}");
    known.then(|| finding(step.span.clone(), names[at], &left, &right))
}

fn unknown(reference: &ReferencePart<'_>, set: &BTreeSet<String>) -> Option<Finding> {
    if set.contains(reference.root) {
        return None;
    }
    let name = |at: usize| reference.steps.get(at).and_then(|step| step.name);
    match (reference.root, name(0)) {
        ("context", Some(first)) => unknown_of_context(reference, first, name(1)),
        ("input", Some("body")) => {
            let name = name(1).filter(|name| *name != "empty")?;
            if reference.steps[1].arguments.is_some() {
                return None;
            }
            Some(Finding::new(
                Rule::UnknownName,
                reference.span.clone(),
                format!("`$input.body` is a string and has no `{name}`"),
                format!(
                    "write `$input.json('$.{name}')`, or `$input.path('$.{name}')` for the value \
                     itself"
                ),
            ))
        }
        ("input", Some(name)) if InputMember::named(name).is_none() => {
            // The linter suggests the usual spelling of `getBody`.
            let known = InputMember::ALL
                .iter()
                .filter(|(_, member)| *member != InputMember::GetBody)
                .map(|(name, _)| *name);
            Some(no_such(
                Rule::UnknownName,
                reference,
                "$input.",
                name,
                known,
            ))
        }
        ("util", Some(name)) if Function::named(name).is_none() => {
            let known = FUNCTIONS.iter().map(|function| function.name);
            Some(no_such(Rule::UnknownName, reference, "$util.", name, known))
        }
        (root, _) if !ROOTS.contains(&root) => Some(unknown_root(reference, set)),
        _ => None,
    }
}

/// A name missing from `$context` in WebSocket APIs.
fn unknown_of_context(
    reference: &ReferencePart<'_>,
    first: &str,
    second: Option<&str>,
) -> Option<Finding> {
    let rule = Rule::UnknownContextName;
    let span = reference.span.clone();
    let names = |variables: &'static [Variable]| variables.iter().map(|variable| variable.name);
    if first == "isBase64Encoded" {
        return Some(Finding::new(
            rule,
            span,
            "there is no `$context.isBase64Encoded`: it is a member of proxy events",
            "write `false`: a text message is never base64",
        ));
    }
    if REST.contains(&first) {
        return Some(Finding::new(
            rule,
            span,
            format!("`$context.{first}` is a variable of REST APIs"),
            "remove it; `$context.routeKey` and `$context.eventType` identify a WebSocket request",
        ));
    }
    match (Variable::members(first), second) {
        (Some(members), Some(second)) if Variable::find(members, second).is_none() => {
            let prefix = format!("$context.{first}.");
            Some(no_such(rule, reference, &prefix, second, names(members)))
        }
        _ if Variable::find(&CONTEXT, first).is_none() && !is_of_maps(reference) => Some(no_such(
            rule,
            reference,
            "$context.",
            first,
            names(&CONTEXT),
        )),
        _ => None,
    }
}

fn unknown_root(reference: &ReferencePart<'_>, set: &BTreeSet<String>) -> Finding {
    let root = reference.root;
    let known = ROOTS.into_iter().chain(set.iter().map(String::as_str));
    // Route keys look like references.
    let is_route_key = matches!(root, "connect" | "disconnect" | "default");
    let cure = match nearest(root, known).filter(|_| !is_route_key) {
        Some(near) => format!("did you mean `${near}`"),
        None => {
            format!(
                "`#set($d = '$')${{d}}{root}` prints it as text; a variable needs a `#set` first"
            )
        }
    };
    let message = format!("there is no `${root}`");
    Finding::new(Rule::UnknownName, reference.span.clone(), message, cure)
}

/// A name that is not among the known ones, with the one that was likely meant.
fn no_such(
    rule: Rule,
    reference: &ReferencePart<'_>,
    prefix: &str,
    name: &str,
    known: impl Iterator<Item = &'static str> + Clone,
) -> Finding {
    let cure = match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{prefix}{near}`"),
        None => {
            let known: Vec<&str> = known.collect();
            format!("`{prefix}` has {}", known.join(", "))
        }
    };
    let message = format!("there is no `{prefix}{name}`");
    Finding::new(rule, reference.span.clone(), message, cure)
}

/// A method of the map itself, such as `$context.keySet()`.
fn is_of_maps(reference: &ReferencePart<'_>) -> bool {
    reference
        .steps
        .first()
        .is_some_and(|step| step.arguments.is_some())
}

/// `#macro`, `#evaluate`, `#include` and `#parse`, which a parsed template lacks, or has as text.
pub(super) fn directives(source: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rest = 0;
    while let Some(found) = source[rest..].find('#') {
        let at = rest + found;
        let behind = &source[at + 1..];
        let skip = |end: &str, from: usize| {
            behind[from..]
                .find(end)
                .map_or(source.len(), |to| at + 1 + from + to + end.len())
        };
        rest = match behind.as_bytes().first() {
            Some(b'#') => skip("\n", 0),
            Some(b'*') => skip("*#", 1),
            Some(b'[') if behind.starts_with("[[") => skip("]]#", 2),
            _ => at + 1,
        };
        if rest > at + 1 || source[..at].ends_with('\\') {
            continue;
        }
        let word = behind.strip_prefix('{').unwrap_or(behind);
        let length = word.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = &word[..length];
        let opens = word[length..]
            .trim_start_matches(['}', ' ', '\t'])
            .starts_with('(');
        let (message, cure) = match name {
            "macro" => (
                "API Gateway's templates cannot define macros",
                "write its body where it is called, or use `#define`",
            ),
            "evaluate" => (
                "API Gateway has no `#evaluate`",
                "write the template in place",
            ),
            "include" | "parse" => (
                "there are no other templates to include",
                "write the text in place",
            ),
            _ => continue,
        };
        if opens {
            let end = at + 1 + (behind.len() - word.len()) + length;
            findings.push(Finding::new(
                Rule::UnsupportedDirective,
                at..end,
                message,
                cure,
            ));
        }
    }
    findings
}
