//! Connectors: `AWS::Serverless::Connector`, and the attribute `Connectors` of a resource. One from
//! an API to a function becomes a permission; what others make has no effect on serving.
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-connector.html>

use crate::document::yaml::{Content, Key, Node};
use crate::error::{Error, ErrorKind};
use crate::transform::nodes::{Kind, attribute, key, map, reference, sub, text, text_of};

use super::shared::{FUNCTION, Sam, WEBSOCKET_API, kind};

const CONNECTOR: &str = "AWS::Serverless::Connector";
const APIS: [&str; 3] = [
    WEBSOCKET_API,
    "AWS::Serverless::HttpApi",
    "AWS::ApiGatewayV2::Api",
];
const FUNCTIONS: [&str; 2] = [FUNCTION, "AWS::Lambda::Function"];

const SHAPE: &str = "`Source: {Id: Api}`, `Destination: {Id: Function}`, `Permissions: [Write]`";

type Result<T> = std::result::Result<T, Error>;

/// One connector, wherever it is written.
struct Connector {
    id: Key,
    /// `Condition` and the like.
    attributes: Vec<(Key, Node)>,
    source: Node,
    destination: Node,
    permissions: Node,
}

/// Takes the connectors out of the template, and puts in the permissions.
pub(super) fn apply(sam: &mut Sam<'_>, resources: &mut Vec<(Key, Node)>) {
    let mut connectors = Vec::new();
    for (id, resource) in &mut *resources {
        if kind(resource) == Some(CONNECTOR) {
            let found = connector(sam, id, resource, None);
            connectors.extend(sam.findings.take(found));
        }
        if let Some(attached) = resource.get("Connectors") {
            if Kind::of(attached) != Kind::Map {
                let message = format!("`Connectors` of `{}` must be a map", id.text);
                let help = "give each connector a name";
                sam.error_with_help(&attached.span, ErrorKind::Structure(message), help);
            }
            for (name, node) in attached.entries() {
                let full = key(&name.span, format!("{}{}", id.text, name.text));
                let found = connector(sam, &full, node, Some(id));
                connectors.extend(sam.findings.take(found));
            }
        }
        if let Content::Mapping(entries) = &mut resource.content {
            entries.retain(|(key, _)| key.text != "Connectors");
        }
    }
    for connector in connectors {
        let added = permissions(sam, &connector, resources);
        if let Some(added) = sam.findings.take(added) {
            resources.extend(added);
        }
    }
    resources.retain(|(_, resource)| kind(resource) != Some(CONNECTOR));
}

/// Reads a connector; `owner` is the resource that it is attached to, which is its source.
fn connector(sam: &Sam<'_>, id: &Key, node: &Node, owner: Option<&Key>) -> Result<Connector> {
    let properties = node.get("Properties");
    let required = |name: &str| {
        let found = properties.and_then(|properties| properties.get(name));
        found.cloned().ok_or_else(|| {
            let kind = ErrorKind::Missing {
                logical_id: id.text.clone(),
                resource_type: CONNECTOR.to_owned(),
                property: name.to_owned(),
            };
            sam.source.error_with_help(id.span.clone(), kind, SHAPE)
        })
    };
    let source = match owner {
        None => required("Source")?,
        Some(owner) => {
            let id = map(&owner.span, [("Id", text(&owner.span, owner.text.clone()))]);
            let more = properties.and_then(|properties| properties.get("SourceReference"));
            with_entries(id, more.map(Node::entries).unwrap_or_default())
        }
    };
    let is_attribute = |key: &Key| {
        [
            "Condition",
            "DeletionPolicy",
            "DependsOn",
            "UpdatePolicy",
            "UpdateReplacePolicy",
        ]
        .contains(&&*key.text)
    };
    let attributes = node.entries().iter();
    Ok(Connector {
        id: id.clone(),
        attributes: attributes
            .filter(|(key, _)| is_attribute(key))
            .cloned()
            .collect(),
        source,
        destination: required("Destination")?,
        permissions: required("Permissions")?,
    })
}

/// The permissions that a connector makes.
fn permissions(
    sam: &mut Sam<'_>,
    connector: &Connector,
    resources: &[(Key, Node)],
) -> Result<Vec<(Key, Node)>> {
    let (destinations, is_list) = match &connector.destination.content {
        Content::Sequence(items) if connector.destination.tag.is_none() => (&items[..], true),
        _ => (std::slice::from_ref(&connector.destination), false),
    };
    let mut added = Vec::new();
    for (index, destination) in destinations.iter().enumerate() {
        let from = end(sam, connector, &connector.source, resources)?;
        let to = end(sam, connector, destination, resources)?;
        let is_api = |end: &End| end.kind.is_some_and(|kind| APIS.contains(&kind));
        let is_function = to.kind.is_some_and(|kind| FUNCTIONS.contains(&kind));
        if is_api(&to) || is_api(&from) && !is_function {
            let message = format!(
                "SAM has no connector from `{}` to `{}`",
                from.kind.unwrap_or("nothing"),
                to.kind.unwrap_or("nothing")
            );
            let kind = ErrorKind::Value(message);
            let help = "a function answers clients without a connector, by the right \
                        `execute-api:ManageConnections` in its role";
            let at = connector.id.span.clone();
            return Err(sam.source.error_with_help(at, kind, help));
        }
        if is_api(&from) {
            check_permissions(sam, connector)?;
            let suffix = match is_list {
                true => format!("WriteLambdaPermissionDestination{index}"),
                false => "WriteLambdaPermission".to_owned(),
            };
            added.extend(permission(sam, connector, &suffix, &from, &to));
        }
    }
    Ok(added)
}

/// One end of a connector.
struct End<'r> {
    /// Its `Type`.
    kind: Option<&'r str>,
    node: &'r Node,
    id: Option<&'r str>,
}

fn end<'r>(
    sam: &Sam<'_>,
    connector: &Connector,
    node: &'r Node,
    resources: &'r [(Key, Node)],
) -> Result<End<'r>> {
    let wrong = |message: String| {
        let kind = ErrorKind::Value(message);
        Err(sam.source.error_with_help(node.span.clone(), kind, SHAPE))
    };
    let others = node.entries().iter();
    let has_others = others
        .filter(|(key, _)| !["Id", "Qualifier"].contains(&&*key.text))
        .count()
        > 0;
    let Some(id) = node.get("Id") else {
        let kind = node.get("Type").and_then(text_of);
        if !has_others || kind.is_none_or(str::is_empty) {
            let message = "one end of a connector has `Id`, or `Type` and what goes with it";
            return wrong(message.to_owned());
        }
        return Ok(End {
            kind,
            node,
            id: None,
        });
    };
    if has_others {
        return wrong("a connector's `Id` goes with `Qualifier` only".to_owned());
    }
    let found = text_of(id).and_then(|id| resources.iter().find(|(key, _)| key.text == id));
    match found {
        Some((key, resource)) => Ok(End {
            kind: kind(resource),
            node,
            id: Some(&key.text),
        }),
        None => {
            let id = id.plain_text().unwrap_or("…");
            wrong(format!(
                "the connector `{}` names no resource by `{id}`",
                connector.id.text
            ))
        }
    }
}

/// From an API to a function, there is `Write` only.
fn check_permissions(sam: &Sam<'_>, connector: &Connector) -> Result<()> {
    let Connector { permissions, .. } = connector;
    let is_write = |node: &Node| text_of(node) == Some("Write");
    match &permissions.content {
        Content::Sequence(items) if !items.is_empty() && items.iter().all(is_write) => Ok(()),
        _ => {
            let message = "`Permissions` from an API to a function are `[Write]`".to_owned();
            let kind = ErrorKind::Value(message);
            let at = permissions.span.clone();
            Err(sam
                .source
                .error_with_help(at, kind, "write `Permissions: [Write]`"))
        }
    }
}

fn permission(
    sam: &mut Sam<'_>,
    connector: &Connector,
    suffix: &str,
    from: &End<'_>,
    to: &End<'_>,
) -> Option<(Key, Node)> {
    let at = &connector.id.span;
    let id = format!("{}{suffix}", connector.id.text);
    let what = format!("the connector `{}`", connector.id.text);
    let api = match from.id {
        Some(id) => Some(reference(at, id)),
        None => from.node.get("ResourceId").cloned(),
    };
    let function = match to.id {
        Some(id) => Some(attribute(at, id, "Arn")),
        None => to.node.get("Arn").cloned(),
    };
    let (Some(api), Some(function)) = (api, function) else {
        let message = format!("{what} needs `ResourceId` of the API and `Arn` of the function");
        sam.error_with_help(at, ErrorKind::Value(message), SHAPE);
        return None;
    };
    let qualifier = from.node.get("Qualifier").cloned();
    let qualifier = qualifier.unwrap_or_else(|| text(at, "*"));
    let source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:\
                  ${SourceResourceId}/${SourceQualifier}";
    let variables = [("SourceResourceId", api), ("SourceQualifier", qualifier)];
    let properties = map(
        at,
        [
            ("Action", text(at, "lambda:InvokeFunction")),
            ("FunctionName", function),
            ("Principal", text(at, "apigateway.amazonaws.com")),
            ("SourceArn", sub(at, source, variables)),
        ],
    );
    let resource = map(at, [("Type", text(at, "AWS::Lambda::Permission"))]);
    let resource = with_entries(resource, &connector.attributes);
    let resource = with_entries(resource, &[(key(at, "Properties"), properties)]);
    let is_free = sam.claim(&id, &what, at);
    is_free.then(|| (key(at, id), resource))
}

fn with_entries(mut node: Node, more: &[(Key, Node)]) -> Node {
    if let Content::Mapping(entries) = &mut node.content {
        entries.extend_from_slice(more);
    }
    node
}
