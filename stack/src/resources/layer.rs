//! `AWS::Serverless::LayerVersion` and `AWS::Lambda::LayerVersion`: a folder or a zip beside the
//! template.

use crate::declared::Layer;
use crate::document::value::Value;
use crate::document::yaml::Node;
use crate::error::WarningKind;
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
    let (Some(name), Some(content)) = (draft.take(name), draft.take(content)) else {
        return;
    };
    let path = content.as_ref().and_then(Value::as_text);
    let path = path.filter(|path| !path.starts_with("s3:"));
    if path.is_none() {
        let message = format!(
            "the content of the layer `{}` is not beside the template: functions run without it",
            resource.id
        );
        draft.warn(properties.span(property), WarningKind::NoEffect, message);
    }
    let metadata = resource.node.get("Metadata");
    let build_method = metadata.and_then(|node| node.get("BuildMethod"));
    let layer = path.map(|path| Layer {
        logical_id: properties.path(),
        content: draft.directory.join(path),
        build_method: build_method.and_then(Node::plain_text).map(str::to_owned),
    });
    draft.layers.insert(name, layer);
}
