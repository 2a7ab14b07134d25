//! The section `Globals`: properties for all resources of a type, merged into each of them.
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>,
//! and what aws-sam-translator 1.115.0 makes of it.

use velocity::suggest::nearest;

use crate::document::yaml::{Content, Key, Node};
use crate::error::{Error, ErrorKind};
use crate::transform::nodes::{Kind, is_function, key, map, truthy};

use super::shared::{PREFIX, Sam};

/// The types that have global properties, with the properties where they matter here.
const SECTIONS: &[(&str, &[&str])] = &[
    ("Function", FUNCTION),
    ("WebSocketApi", WEBSOCKET_API),
    ("Api", &[]),
    ("HttpApi", &[]),
    ("SimpleTable", &["SSESpecification"]),
    ("StateMachine", &["PropagateTags"]),
    ("LayerVersion", &["PublishLambdaVersion"]),
    ("CapacityProvider", &[]),
    ("MicrovmImage", &[]),
    ("NetworkConnector", &[]),
];

const FUNCTION: &[&str] = &[
    "Architectures",
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "CodeUri",
    "DeadLetterQueue",
    "DeploymentPreference",
    "Description",
    "DurableConfig",
    "Environment",
    "EphemeralStorage",
    "EventInvokeConfig",
    "FileSystemConfigs",
    "FunctionScalingConfig",
    "FunctionUrlConfig",
    "Handler",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PermissionsBoundary",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "PublishToLatestPublished",
    "RecursiveLoop",
    "ReservedConcurrentExecutions",
    "RolePath",
    "Runtime",
    "RuntimeManagementConfig",
    "SnapStart",
    "SourceKMSKeyArn",
    "Tags",
    "TenancyConfig",
    "Timeout",
    "Tracing",
    "VersionDeletionPolicy",
    "VpcConfig",
];

const WEBSOCKET_API: &[&str] = &[
    "AccessLogSettings",
    "ApiKeySelectionExpression",
    "DefaultRouteSettings",
    "DisableExecuteApiEndpoint",
    "DisableSchemaValidation",
    "Domain",
    "FailOnWarnings",
    "IpAddressType",
    "PropagateTags",
    "RouteSelectionExpression",
    "RouteSettings",
    "StageVariables",
    "Tags",
];

/// Merges the section into the resources, and takes it out of the template.
pub(super) fn apply(sam: &mut Sam<'_>, root: &mut Node) {
    let Content::Mapping(sections) = &mut root.content else {
        return;
    };
    let Some(at) = sections.iter().position(|(key, _)| key.text == "Globals") else {
        return;
    };
    let (key, globals) = sections.remove(at);
    if Kind::of(&globals) != Kind::Map || globals.tag.is_some() {
        let message = "`Globals` must be a map of types to properties".to_owned();
        let help = "for functions: `Function: {Timeout: 30}`";
        sam.error_with_help(&key.span, ErrorKind::Structure(message), help);
        return;
    }
    for (section, properties) in globals.entries() {
        check(sam, section, properties);
    }
    let resources = sections.iter_mut().find(|(key, _)| key.text == "Resources");
    let Some((_, Node { content, .. })) = resources else {
        return;
    };
    let Content::Mapping(resources) = content else {
        return;
    };
    for (id, resource) in resources {
        let kind = resource.get("Type").and_then(Node::plain_text);
        let section = kind.and_then(|kind| kind.strip_prefix(PREFIX));
        let global = section.and_then(|section| globals.get(section));
        let global = global.filter(|node| Kind::of(node) == Kind::Map);
        let Some(global) = global else {
            continue;
        };
        let section = section.unwrap_or_default().to_owned();
        match wanted(sam, id, resource, global) {
            Ok(global) => merge_into(resource, &section, global),
            Err(error) => sam.findings.error(error),
        }
    }
}

/// Whether the section may stand in `Globals`.
fn check(sam: &mut Sam<'_>, section: &Key, properties: &Node) {
    let known = SECTIONS.iter().find(|(name, _)| *name == section.text);
    let Some((name, supported)) = known else {
        let names: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
        let message = format!("`Globals` has no section `{}`", section.text);
        let help = format!("its sections are `{}`", names.join("`, `"));
        sam.error_with_help(&section.span, ErrorKind::Value(message), &help);
        return;
    };
    if Kind::of(properties) != Kind::Map || properties.tag.is_some() {
        let message = format!("`Globals.{name}` must be a map of properties");
        let help = "give properties by name, or leave it out";
        sam.error_with_help(&section.span, ErrorKind::Structure(message), help);
        return;
    }
    for (key, _) in properties.entries() {
        if supported.is_empty() || supported.contains(&&*key.text) {
            continue;
        }
        let property = &key.text;
        let message = format!("SAM does not take `{property}` in `Globals.{name}`");
        let help = match nearest(property, supported.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "give it to each resource".to_owned(),
        };
        sam.error_with_help(&key.span, ErrorKind::Value(message), &help);
    }
}

/// The global properties that a resource does not ignore: its `IgnoreGlobals` names them, or all.
fn wanted(sam: &Sam<'_>, id: &Key, resource: &Node, global: &Node) -> Result<Node, Error> {
    let Some(ignored) = resource.get("IgnoreGlobals") else {
        return Ok(global.clone());
    };
    let wrong = |node: &Node, message: String| {
        let kind = ErrorKind::Value(message);
        let help = "name properties that `Globals` has for its type, or write `*` for all of them";
        Err(sam.source.error_with_help(node.span.clone(), kind, help))
    };
    let names = match &ignored.content {
        _ if ignored.plain_text() == Some("*") => return Ok(map(&global.span, [])),
        _ if !truthy(ignored) => return Ok(global.clone()),
        Content::Sequence(items) if ignored.tag.is_none() => items,
        _ => {
            let message = format!("`IgnoreGlobals` of `{}` must be `*` or a list", id.text);
            return wrong(ignored, message);
        }
    };
    let mut wanted = global.clone();
    let Content::Mapping(entries) = &mut wanted.content else {
        return Ok(wanted);
    };
    for name in names {
        let at = entries
            .iter()
            .position(|(key, _)| Some(&*key.text) == name.plain_text());
        match at {
            Some(at) => drop(entries.remove(at)),
            None => {
                let shown = name.plain_text().unwrap_or("…");
                let message = format!(
                    "`IgnoreGlobals`: `Globals` has no `{shown}` for `{}`",
                    id.text
                );
                return wrong(name, message);
            }
        }
    }
    Ok(wanted)
}

fn merge_into(resource: &mut Node, section: &str, global: Node) {
    let Content::Mapping(entries) = &mut resource.content else {
        return;
    };
    match entries.iter_mut().find(|(key, _)| key.text == "Properties") {
        Some((_, own)) => *own = merge(&global, own, section),
        None => {
            let properties = key(&global.span, "Properties");
            entries.push((properties, global));
        }
    }
}

/// Both values merged: maps by key, lists one after the other, and of anything else the own one. A
/// function is not looked into.
fn merge(global: &Node, own: &Node, path: &str) -> Node {
    if is_function(global) || is_function(own) {
        return own.clone();
    }
    let content = match (&global.content, &own.content) {
        (Content::Sequence(_), Content::Sequence(_)) if path == "Function.Architectures" => {
            return own.clone();
        }
        (Content::Sequence(first), Content::Sequence(second)) => {
            Content::Sequence(first.iter().chain(second).cloned().collect())
        }
        (Content::Mapping(_), Content::Mapping(entries)) => {
            let mut merged: Vec<(Key, Node)> = Vec::new();
            for (key, value) in global.entries() {
                merged.push(match entries.iter().find(|(own, _)| own.text == key.text) {
                    Some((own, node)) => {
                        let path = format!("{path}.{}", key.text);
                        (own.clone(), merge(value, node, &path))
                    }
                    None => (key.clone(), value.clone()),
                });
            }
            let added = entries
                .iter()
                .filter(|(key, _)| global.get(&key.text).is_none());
            merged.extend(added.cloned());
            Content::Mapping(merged)
        }
        _ => return own.clone(),
    };
    Node {
        span: own.span.clone(),
        tag: None,
        content,
    }
}
