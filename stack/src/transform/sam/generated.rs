//! Names of what SAM makes of functions, APIs and state machines, where the template refers to
//! them: `FunctionRole`, `ServerlessRestApiProdStage`, `!Ref Function.Alias`. Serving depends on
//! none of these but aliases, so each is a stand-in that only has a name.
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>

use crate::document::source::Source;
use crate::document::yaml::{Content, Key, Node};
use crate::error::WarningKind;
use crate::template::call::references;
use crate::transform::nodes::{attribute, key, map, reference, text, text_of};

use super::shared::{FUNCTION, Sam, kind};

/// The type of a stand-in whose own type does not matter.
const STAND_IN: &str = "AWS::CloudFormation::WaitConditionHandle";
const ROLE: &str = "AWS::IAM::Role";
const REST_API: &str = "ServerlessRestApi";
const HTTP_API: &str = "ServerlessHttpApi";

/// What is written as `Function.Alias`, and an alias for every function that has one.
pub(super) fn dotted(sam: &mut Sam<'_>, resources: &mut Vec<(Key, Node)>) {
    let mut aliases = Vec::new();
    for (id, resource) in resources.iter() {
        let name = &id.text;
        let properties: &[(&str, &str)] = match kind(resource) {
            Some(FUNCTION) => {
                aliases.extend(alias(sam, id, resource));
                &[
                    ("DestinationTopic", "EventInvokeConfigOnSuccessTopic"),
                    ("DestinationQueue", "EventInvokeConfigOnSuccessQueue"),
                ]
            }
            Some("AWS::Serverless::Api") => &[
                ("Stage", "Stage"),
                ("Deployment", "Deployment"),
                ("DomainName", "ApiGatewayDomainName"),
                ("DomainNameV2", "ApiGatewayDomainNameV2"),
                ("UsagePlan", "UsagePlan"),
                ("UsagePlanKey", "UsagePlanKey"),
                ("ApiKey", "ApiKey"),
            ],
            Some("AWS::Serverless::HttpApi") => &[
                ("Stage", "ApiGatewayDefaultStage"),
                ("DomainName", "ApiGatewayDomainNameV2"),
            ],
            _ => &[],
        };
        for (property, suffix) in properties {
            sam.references
                .add(name, property, format!("{name}{suffix}"));
        }
    }
    for (property, suffix) in [("Stage", "ProdStage"), ("Deployment", "Deployment")] {
        sam.references
            .add(REST_API, property, format!("{REST_API}{suffix}"));
    }
    sam.references.add(
        HTTP_API,
        "Stage",
        format!("{HTTP_API}ApiGatewayDefaultStage"),
    );
    resources.extend(aliases);
}

/// The alias and the version that `AutoPublishAlias` makes.
fn alias(sam: &mut Sam<'_>, id: &Key, resource: &Node) -> Vec<(Key, Node)> {
    let property = resource
        .get("Properties")
        .and_then(|node| node.get("AutoPublishAlias"));
    if let Some(node) = property
        && let Some(why) = sam.why_unknown(node)
    {
        let message = format!("`{}` gets no alias: {why}", id.text);
        sam.warn(&node.span, WarningKind::LeftOut, message);
    }
    let value = property.map(|node| sam.values.put_in(node));
    let Some(name) = value
        .as_ref()
        .and_then(text_of)
        .filter(|name| !name.is_empty())
    else {
        return Vec::new();
    };
    let at = value.as_ref().map_or(&id.span, |value| &value.span);
    let word = name.replace('-', "D").replace('_', "U");
    let alias = format!("{}Alias{word}", id.text);
    let version = format!("{}Version", id.text);
    sam.references.add(&id.text, "Alias", alias.clone());
    sam.references.add(&id.text, "Version", version.clone());
    let is_free = |id: &String| !sam.declared.contains_key(id);
    let function = ("FunctionName", reference(at, &id.text));
    let of_alias = [
        function.clone(),
        ("FunctionVersion", attribute(at, &version, "Version")),
        ("Name", text(at, name)),
    ];
    let resource =
        |kind: &str, properties| map(at, [("Type", text(at, kind)), ("Properties", properties)]);
    let made = [
        (
            version.clone(),
            resource("AWS::Lambda::Version", map(at, [function])),
        ),
        (
            alias.clone(),
            resource("AWS::Lambda::Alias", map(at, of_alias)),
        ),
    ];
    let made = made.into_iter().filter(|(id, _)| is_free(id));
    made.map(|(id, resource)| (key(at, id), resource)).collect()
}

/// Adds a stand-in for every name that is referred to, that the template does not declare, and that
/// SAM makes.
pub(super) fn stand_ins(source: &Source, root: &mut Node) {
    let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
    let mut made: Vec<(Key, Node)> = Vec::new();
    for section in ["Resources", "Conditions", "Outputs"] {
        let Some(node) = root.get(section) else {
            continue;
        };
        references(source, node, &mut |name, span| {
            let is_known =
                |entries: &[(Key, Node)]| entries.iter().any(|(key, _)| key.text == name);
            if is_known(resources) || is_known(&made) {
                return;
            }
            if let Some(kind) = made_by(name, resources) {
                let stand_in = map(span, [("Type", text(span, kind))]);
                made.push((key(span, name), stand_in));
            }
        });
    }
    if let Content::Mapping(sections) = &mut root.content
        && let Some((_, node)) = sections.iter_mut().find(|(key, _)| key.text == "Resources")
        && let Content::Mapping(resources) = &mut node.content
    {
        resources.extend(made);
    }
}

/// The type of the stand-in for what SAM makes by this name; `None` if it makes nothing by it.
fn made_by(name: &str, resources: &[(Key, Node)]) -> Option<&'static str> {
    let mut all = resources.iter();
    all.find_map(|(id, resource)| {
        let kind = kind(resource)?;
        let own = name.strip_prefix(&*id.text).and_then(|suffix| match kind {
            FUNCTION => of_function(suffix, resource),
            "AWS::Serverless::StateMachine" => of_function(suffix, resource),
            "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" => of_api(suffix),
            "AWS::Serverless::LayerVersion" => is_hash(suffix).then_some(STAND_IN),
            _ => None,
        });
        own.or_else(|| {
            let implicit = match name.strip_prefix(REST_API) {
                Some(suffix) => Some(("Api", suffix)),
                None => name
                    .strip_prefix(HTTP_API)
                    .map(|suffix| ("HttpApi", suffix)),
            };
            let (event, suffix) = implicit?;
            let events = events(resource).iter();
            let is_meant = events
                .filter_map(|(_, node)| node.get("Type").and_then(Node::plain_text))
                .any(|kind| kind == event);
            let is_api = suffix.is_empty().then_some(STAND_IN);
            is_api.or_else(|| of_api(suffix)).filter(|_| is_meant)
        })
    })
}

fn events(resource: &Node) -> &[(Key, Node)] {
    let events = resource
        .get("Properties")
        .and_then(|node| node.get("Events"));
    events.map(Node::entries).unwrap_or_default()
}

/// What is made of a function or a state machine: by the suffix of its logical id.
fn of_function(suffix: &str, resource: &Node) -> Option<&'static str> {
    match suffix {
        "Role" => return Some(ROLE),
        "Url"
        | "UrlPublicPermissions"
        | "URLInvokeAllowPublicAccess"
        | "EventInvokeConfig"
        | "DeploymentGroup" => return Some(STAND_IN),
        _ => {}
    }
    let is_version = suffix.strip_prefix("Version").is_some_and(is_hash);
    let is_destination = suffix.starts_with("EventInvokeConfigOn");
    let mut events = events(resource).iter();
    let is_of_event = events.any(|(event, _)| suffix.starts_with(&*event.text));
    (is_version || is_destination || is_of_event).then_some(STAND_IN)
}

fn of_api(suffix: &str) -> Option<&'static str> {
    let others = ["Deployment", "UsagePlan", "ApiKey", "ApiGatewayDomainName"];
    let is_made = suffix.ends_with("Stage") || others.iter().any(|one| suffix.starts_with(one));
    is_made.then_some(STAND_IN)
}

fn is_hash(suffix: &str) -> bool {
    suffix.len() == 10 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit())
}
