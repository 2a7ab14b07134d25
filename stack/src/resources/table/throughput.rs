//! What a table's billing mode asks for.

use serde_json::{Value as Json, json};

use crate::document::value::Value;
use crate::error::ErrorKind;
use crate::resources::draft::Draft;
use crate::resources::properties::Properties;
use crate::resources::shape::{self, Shape};

/// `BillingMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Billing {
    Provisioned,
    PayPerRequest,
    /// It could not be read: nothing is asked for.
    Unknown,
}

/// `BillingMode`, or the default.
pub(crate) fn billing(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    default: Billing,
) -> Billing {
    let Some(mode) = draft.take(properties.get("BillingMode")) else {
        return Billing::Unknown;
    };
    let Some(mode) = mode else {
        return default;
    };
    let what = format!("`BillingMode` of `{}`", properties.resource.id);
    let modes = ["PROVISIONED", "PAY_PER_REQUEST"];
    let mode = shape::word(draft.source(), &mode, &what, &modes).map(str::to_owned);
    match draft.take(mode).as_deref() {
        Some("PROVISIONED") => Billing::Provisioned,
        Some(_) => Billing::PayPerRequest,
        None => Billing::Unknown,
    }
}

/// `ProvisionedThroughput` of a table, or of one of its indexes, which the billing mode asks for or
/// excludes.
pub(crate) fn provisioned(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    billing: Billing,
    value: Option<&Value>,
    index: Option<&Shape<'_>>,
) -> Option<Json> {
    let id = &properties.resource.id;
    let of = match index {
        Some(_) => format!("an index of `{id}`"),
        None => format!("`{id}`"),
    };
    let Some(value) = value else {
        if billing == Billing::Provisioned {
            let message = format!(
                "{of} has no `ProvisionedThroughput`, which the billing mode `PROVISIONED` needs"
            );
            let span = index.map_or_else(|| properties.resource.id_span.clone(), Shape::span);
            let help = "write `BillingMode: PAY_PER_REQUEST`, or `ProvisionedThroughput` with both \
                        capacities";
            draft.error_with_help(span, ErrorKind::Value(message), help);
        }
        return None;
    };
    let names = ["ReadCapacityUnits", "WriteCapacityUnits"];
    let what = format!("`ProvisionedThroughput` of {of}");
    let shape = Shape::new(draft, value, &*what, &names)?;
    if billing == Billing::PayPerRequest {
        let message = format!("{what} does not go with `BillingMode: PAY_PER_REQUEST`");
        draft.error_with_help(
            value.span.clone(),
            ErrorKind::Conflict(message),
            "remove one of them",
        );
        return None;
    }
    let units = names.map(|name| {
        shape.required(draft, name)?;
        shape.number(draft, name, 1..=u64::MAX)
    });
    let [read, write] = units;
    Some(json!({"ReadCapacityUnits": read?, "WriteCapacityUnits": write?}))
}
