//! `AWS::ApiGateway::ApiKey`: a resource of REST APIs that WebSocket APIs use, too.

use std::ops::RangeInclusive;

use spec::api::ApiKey;

use crate::error::{ErrorKind, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference, generated_key};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGateway::ApiKey",
    identity: Identity {
        reference: Reference::Id(10),
        attributes: Attributes::Only(&[("APIKeyId", "{ref}")]),
    },
    known: &["Enabled", "Name", "Value"],
    harmless: &["CustomerId", "Description", "GenerateDistinctId", "Tags"],
    reads: Reads::Each(read),
};

/// How many characters the value of an API key may have.
const VALUE_CHARACTERS: RangeInclusive<usize> = 20..=128;

/// Realises: HANDSHAKE-55, HANDSHAKE-56
fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let resource = properties.resource;
    let enabled = draft.take(properties.flag("Enabled"));
    if enabled == Some(None) {
        let message = format!(
            "the API key `{}` opens nothing, as on AWS: it has no `Enabled: true`",
            resource.id
        );
        let span = resource.id_span.clone();
        draft.warn(span, WarningKind::Suspicious, message);
    }
    let value = match draft.take(properties.text("Value")) {
        Some(Some(value)) => check_value(draft, properties, value),
        Some(None) | None => None,
    };
    let name = properties
        .template
        .named(resource, "Name", &resource.id_span);
    let key = ApiKey {
        name: draft.known(name, "it is only told").unwrap_or_default(),
        value: value.unwrap_or_else(|| generated_key(&properties.path())),
        enabled: enabled.flatten().unwrap_or(false),
    };
    let id = draft.id(properties);
    draft.api.api_keys.insert(id, key);
}

fn check_value(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    value: String,
) -> Option<String> {
    let span = properties.span("Value");
    if !VALUE_CHARACTERS.contains(&value.chars().count()) {
        let message = "`Value` of an API key must have from 20 to 128 characters";
        draft.error(span, ErrorKind::Value(message.to_owned()));
        return None;
    }
    let mut keys = draft.api.api_keys.values();
    if keys.any(|other| other.value == value) {
        let message = "another API key has the same `Value`";
        draft.error(span, ErrorKind::Conflict(message.to_owned()));
        return None;
    }
    Some(value)
}
