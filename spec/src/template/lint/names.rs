//! Names and directives that there are not.

use std::collections::BTreeSet;
use std::ops::Range;

use velocity::suggest::nearest;
use velocity::syntax::{Part, ReferencePart};

use super::{Finding, Rule};
use crate::template::MappingTemplate;

/// What stands at the top level.
pub(super) const ROOTS: [&str; 6] = [
    "input",
    "util",
    "context",
    "stageVariables",
    "foreach",
    "velocityCount",
];
/// What `$context` has in templates of WebSocket APIs (TEMPLATE-9 to TEMPLATE-25, TEMPLATE-36).
pub(super) const CONTEXT: [&str; 19] = [
    "apiId",
    "authorizer",
    "connectedAt",
    "connectionId",
    "disconnectReason",
    "disconnectStatusCode",
    "domainName",
    "error",
    "eventType",
    "extendedRequestId",
    "identity",
    "messageDirection",
    "messageId",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "routeKey",
    "stage",
    "status",
];
/// What `$context.identity` has.
pub(super) const IDENTITY: [&str; 13] = [
    "accountId",
    "apiKey",
    "apiKeyId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "sourceIp",
    "user",
    "userAgent",
    "userArn",
];
const ERROR: [&str; 2] = ["messageString", "validationErrorString"];
/// What REST APIs have and WebSocket APIs have not (TEMPLATE-38).
const REST: [&str; 10] = [
    "httpMethod",
    "path",
    "resourcePath",
    "resourceId",
    "protocol",
    "requestOverride",
    "responseOverride",
    "method",
    "wafResponseCode",
    "webaclArn",
];
const INPUT: [&str; 4] = ["body", "json", "params", "path"];
const UTIL: [&str; 6] = [
    "base64Decode",
    "base64Encode",
    "escapeJavaScript",
    "parseJson",
    "urlDecode",
    "urlEncode",
];

/// The names that blocks set: by `#set`, `#foreach` and `#define`.
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

/// Looks at every reference of a template.
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
            _ => format!("spaces around the sign in `#set` (`${left} - {right}`), or {in_text}"),
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
        ("context", 0) => CONTEXT.contains(&&*left),
        ("context", _) => IDENTITY.contains(&&*left),
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
    let span = reference.span.clone();
    let of = |rule, prefix: &str, name: &str, known: &[&str]| {
        let cure = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{prefix}{near}`"),
            None => format!("there are `{prefix}` {}", known.join(", ")),
        };
        Finding::new(
            rule,
            span.clone(),
            format!("there is no `{prefix}{name}`"),
            cure,
        )
    };
    match (reference.root, name(0), name(1)) {
        ("context", Some("isBase64Encoded"), _) => Some(Finding::new(
            Rule::UnknownContextName,
            span,
            "there is no `$context.isBase64Encoded`: it is a member of proxy events",
            "write `false`: a text message is never base64",
        )),
        ("context", Some(name), _) if REST.contains(&name) => Some(Finding::new(
            Rule::UnknownContextName,
            span,
            format!("`$context.{name}` is a variable of REST APIs"),
            "take it away; `$context.routeKey` and `$context.eventType` say what a WebSocket request is",
        )),
        ("context", Some("error"), Some(name)) if !ERROR.contains(&name) => Some(of(
            Rule::UnknownContextName,
            "$context.error.",
            name,
            &ERROR,
        )),
        ("context", Some("identity"), Some(name)) if !IDENTITY.contains(&name) => Some(of(
            Rule::UnknownContextName,
            "$context.identity.",
            name,
            &IDENTITY,
        )),
        ("context", Some(name), _) if !CONTEXT.contains(&name) && !is_of_maps(reference) => {
            Some(of(Rule::UnknownContextName, "$context.", name, &CONTEXT))
        }
        ("input", Some("body"), Some(name))
            if reference.steps[1].arguments.is_none() && name != "empty" =>
        {
            Some(Finding::new(
                Rule::UnknownName,
                span,
                format!("`$input.body` is a text and has no `{name}`"),
                format!(
                    "`$input.json('$.{name}')`, or `$input.path('$.{name}')` for the value itself"
                ),
            ))
        }
        ("input", Some(name), _) if !INPUT.contains(&name) && name != "getBody" => {
            Some(of(Rule::UnknownName, "$input.", name, &INPUT))
        }
        ("util", Some(name), _) if !UTIL.contains(&name) => {
            Some(of(Rule::UnknownName, "$util.", name, &UTIL))
        }
        (root, ..) if !ROOTS.contains(&root) => {
            let known: Vec<&str> = ROOTS
                .into_iter()
                .chain(set.iter().map(String::as_str))
                .collect();
            // Route keys look like references.
            let is_route_key = matches!(root, "connect" | "disconnect" | "default");
            let cure = match nearest(root, known.iter().copied()).filter(|_| !is_route_key) {
                Some(near) => format!("did you mean `${near}`"),
                None => format!(
                    "`#set($d = '$')${{d}}{root}` prints the text; a value needs a `#set` first"
                ),
            };
            Some(Finding::new(
                Rule::UnknownName,
                span,
                format!("there is no `${root}`"),
                cure,
            ))
        }
        _ => None,
    }
}

/// `$context.keySet()` and the like.
fn is_of_maps(reference: &ReferencePart<'_>) -> bool {
    reference
        .steps
        .first()
        .is_some_and(|step| step.arguments.is_some())
}

/// `#macro`, `#evaluate`, `#include` and `#parse`, which are no part of a parsed template or look
/// like text in it.
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
                "templates of API Gateway define no macros",
                "write its text where it is called, or use `#define`",
            ),
            "evaluate" => (
                "API Gateway has no `#evaluate`",
                "write the template where it is evaluated",
            ),
            "include" | "parse" => (
                "there are no other templates to take in",
                "write the text here",
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
