//! `AWS::Lambda::EventInvokeConfig`, and SAM's `EventInvokeConfig` of a function: what becomes of
//! events that nobody waits for.

use std::time::Duration;

use crate::declared::Asynchronous;
use crate::document::value::Value;
use crate::error::{ErrorKind, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::{Properties, number};
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::Lambda::EventInvokeConfig",
    identity: Identity {
        reference: Reference::Generated,
        attributes: Attributes::Including(&[]),
    },
    known: &["FunctionName", MAXIMUM_AGE, MAXIMUM_RETRIES, DESTINATIONS],
    // There is only one code here.
    harmless: &["Qualifier"],
    reads: Reads::Each(read),
};

const MAXIMUM_AGE: &str = "MaximumEventAgeInSeconds";
const MAXIMUM_RETRIES: &str = "MaximumRetryAttempts";
const DESTINATIONS: &str = "DestinationConfig";

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let consequence = format!("`{}` has no effect", properties.resource.id);
    let name = properties.required_text("FunctionName");
    let Some((name, span)) = draft.known(name, &consequence) else {
        return;
    };
    let mut functions = draft.functions.iter();
    let Some(function) = functions.position(|function| function.is_named(&name)) else {
        let message = format!("{consequence}: the function `{name}` is not in this template");
        return draft.warn(span, WarningKind::NoEffect, message);
    };
    let age = draft.optional(properties.get(MAXIMUM_AGE));
    let retries = draft.optional(properties.get(MAXIMUM_RETRIES));
    let destinations = properties.get(DESTINATIONS);
    let destinations = draft.known(destinations, "nothing is sent there").flatten();
    let values = [age, retries, destinations];
    if let Some(asynchronous) = asynchronous(draft, properties, values) {
        draft.functions[function].asynchronous = asynchronous;
    }
}

/// What SAM's property says, which is this.
pub(super) fn of_function(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    config: Option<&Value>,
) -> Asynchronous {
    let value = |name: &str| config.and_then(|config| config.get(name)).cloned();
    let values = [MAXIMUM_AGE, MAXIMUM_RETRIES, DESTINATIONS].map(value);
    asynchronous(draft, properties, values).unwrap_or_default()
}

fn asynchronous(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    [age, retries, destinations]: [Option<Value>; 3],
) -> Option<Asynchronous> {
    let default = Asynchronous::default();
    if let Some(destinations) = destinations {
        let message = format!(
            "`{DESTINATIONS}` of `{}`: nothing is sent there; an event that is dropped is a line in \
             the log",
            properties.resource.id
        );
        draft.warn(destinations.span, WarningKind::NoEffect, message);
    }
    let template = properties.template;
    let mut between = |value: &Value, name: &str, (least, most): (u64, u64)| {
        let expected = format!("a number from {least} to {most}");
        let read: u64 = draft.take(number(template, value, name, &expected))?;
        if (least..=most).contains(&read) {
            return Some(read);
        }
        let message = format!("`{name}` must be {expected}");
        draft.error(value.span.clone(), ErrorKind::Value(message));
        None
    };
    let maximum_age = match age {
        Some(age) => Duration::from_secs(between(&age, MAXIMUM_AGE, (60, 21_600))?),
        None => default.maximum_age,
    };
    let maximum_retries = match retries {
        Some(retries) => usize::try_from(between(&retries, MAXIMUM_RETRIES, (0, 2))?).ok()?,
        None => default.maximum_retries,
    };
    Some(Asynchronous {
        maximum_retries,
        maximum_age,
    })
}
