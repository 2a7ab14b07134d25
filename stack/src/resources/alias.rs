//! `AWS::Lambda::Alias` and `AWS::Lambda::Version`: the qualifiers by which a function can be called.
//! All of them lead to the one code that is here.

use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, FIRST_VERSION, Identity, Reference};

pub(crate) const ALIAS: ResourceType = of(
    "AWS::Lambda::Alias",
    (Some("Name"), &[("AliasArn", "{ref}")]),
    &["FunctionName", "Name"],
    Reads::Each(alias),
);
pub(crate) const VERSION: ResourceType = of(
    "AWS::Lambda::Version",
    (
        None,
        &[("FunctionArn", "{ref}"), ("Version", FIRST_VERSION)],
    ),
    &["FunctionName"],
    Reads::Each(version),
);

/// `property` gives the qualifier in what `Ref` is, beside the attributes.
const fn of(
    name: &'static str,
    (property, attributes): (
        Option<&'static str>,
        &'static [(&'static str, &'static str)],
    ),
    known: &'static [&'static str],
    reads: Reads,
) -> ResourceType {
    ResourceType {
        name,
        identity: Identity {
            reference: Reference::Qualified(property),
            attributes: Attributes::Including(attributes),
        },
        known,
        harmless: &[
            "CodeSha256",
            "Description",
            "FunctionVersion",
            "ProvisionedConcurrencyConfig",
            "RoutingConfig",
            "RuntimePolicy",
        ],
        reads,
    }
}

fn alias(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let name = draft.known(properties.text("Name"), &left_out(properties));
    let name = name.flatten();
    qualify(draft, properties, |_| name);
}

/// Versions are numbered in the order in which they are made.
fn version(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let is_number = |one: &&String| one.bytes().all(|byte| byte.is_ascii_digit());
    qualify(draft, properties, |known| {
        Some((known.iter().filter(is_number).count() + 1).to_string())
    });
}

/// Adds a qualifier to the function that is meant, which may be another stack's.
fn qualify(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    qualifier: impl FnOnce(&[String]) -> Option<String>,
) {
    let function = draft.known(properties.text("FunctionName"), &left_out(properties));
    let Some(function) = function.flatten() else {
        return;
    };
    let mut functions = draft.functions.iter_mut();
    if let Some(function) = functions.find(|one| one.is_named(&function)) {
        let qualifier = qualifier(&function.qualifiers);
        function.qualifiers.extend(qualifier);
    }
}

fn left_out(properties: &Properties<'_>) -> String {
    format!("`{}` is left out", properties.resource.id)
}
