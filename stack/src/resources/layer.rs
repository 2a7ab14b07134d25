//! `AWS::Serverless::LayerVersion` and `AWS::Lambda::LayerVersion`: a folder beside the template.

use crate::document::value::Value;
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
            // On AWS an ARN with a version; here it only has to be told from others.
            reference: Reference::Name("LayerName"),
            attributes: Attributes::Including(&[]),
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
    let path = path.filter(|path| !path.starts_with("s3:") && !path.ends_with(".zip"));
    if path.is_none() {
        let message = format!(
            "the content of the layer `{}` is not a folder beside the template: functions run \
             without it",
            resource.id
        );
        draft.warn(properties.span(property), WarningKind::NoEffect, message);
    }
    let folder = path.map(|path| draft.directory.join(path));
    draft.layers.insert(name, folder);
}
