//! `AWS::ApiGatewayV2::Model`.

use spec::api::Model;

use crate::document::value::Data;
use crate::error::ErrorKind;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::locations::{PartLocations, Text};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Model",
    identity: Identity {
        reference: Reference::Id(7),
        attributes: Attributes::Including(&[("ModelId", "{ref}")]),
    },
    known: &["ApiId", "Name", "Schema", "ContentType"],
    harmless: &["Description"],
    reads: Reads::EachOfApi(read),
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let named = draft.take(properties.required_text("Name"));
    let schema = properties.get("Schema").and_then(|schema| {
        // Without one there is nothing to judge by.
        schema.ok_or_else(|| properties.missing("Schema"))
    });
    let schema = draft.take(schema);
    let content_type = draft.optional(properties.text("ContentType"));
    let Some((name, span)) = named else {
        draft.incomplete.insert(TYPE.name);
        return;
    };
    if draft.api.models.contains_key(&name) {
        let message = format!("the API has several models `{name}`");
        draft.error(span, ErrorKind::Conflict(message));
        return;
    }
    let mut locations = PartLocations::new(properties, TYPE.known);
    // A schema that could not be read takes anything.
    let mut text = "{}".to_owned();
    if let Some(schema) = schema {
        text = match &schema.data {
            Data::Text { text, style } => {
                let written = Text {
                    span: schema.span.clone(),
                    style: *style,
                    text: text.clone(),
                };
                locations.texts.insert(("Schema", String::new()), written);
                text.clone()
            }
            _ => schema.to_json().to_string(),
        };
    }
    let model = Model {
        content_type,
        schema: text,
    };
    draft.locations.models.insert(name.clone(), locations);
    draft.api.models.insert(name, model);
}
