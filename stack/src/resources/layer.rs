//! `AWS::Serverless::LayerVersion` and `AWS::Lambda::LayerVersion`: a folder or a zip.

use crate::declared::Layer;
use crate::document::yaml::Node;
use crate::error::WarningKind;
use crate::resources::code;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const SERVERLESS: ResourceType = of(
    "AWS::Serverless::LayerVersion",
    &["LayerName", "ContentUri"],
);
pub(crate) const LAMBDA: ResourceType = of("AWS::Lambda::LayerVersion", &["LayerName", "Content"]);

const fn of(name: &'static str, known: &'static [&'static str]) -> ResourceType {
    ResourceType {
        name,
        identity: Identity {
            // Each deployment of a new stack makes its first version.
            reference: Reference::Arn(
                "LayerName",
                "arn:{partition}:lambda:{region}:{account}:layer:{ref}:1",
            ),
            attributes: Attributes::Including(&[("LayerVersionArn", "{ref}")]),
        },
        known,
        harmless: &[
            "CompatibleArchitectures",
            "CompatibleRuntimes",
            "Description",
            "LicenseInfo",
            "PublishLambdaVersion",
            "RetentionPolicy",
        ],
        reads: Reads::Each(read),
    }
}

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let resource = properties.resource;
    let name = properties.template.name(resource, &resource.id_span);
    let property = match resource.kind == SERVERLESS.name {
        true => "ContentUri",
        false => "Content",
    };
    let content = properties.get(property);
    let id = &resource.id;
    let Some(name) = draft.known(name, &format!("the layer `{id}` is left out")) else {
        return;
    };
    let consequence = format!("functions run without the layer `{id}`");
    let Some(content) = draft.known(content, &consequence) else {
        draft.layers.insert(name, None);
        return;
    };
    let metadata = resource.node.get("Metadata");
    let content = match &content {
        Some(value) => code::content(draft, value, metadata),
        None => Err("nothing".to_owned()),
    };
    if let Err(problem) = &content {
        let message = format!(
            "the content of the layer `{}` is {problem}: functions run without it",
            resource.id
        );
        draft.warn(properties.span(property), WarningKind::NoEffect, message);
    }
    let build_method = metadata.and_then(|node| node.get("BuildMethod"));
    let layer = content.ok().map(|content| Layer {
        logical_id: properties.path(),
        content,
        build_method: build_method.and_then(Node::plain_text).map(str::to_owned),
    });
    draft.layers.insert(name, layer);
}
