//! A table's secondary indexes.

use serde_json::{Map, Value as Json, json};

use crate::document::value::Value;
use crate::error::ErrorKind;
use crate::resources::draft::Draft;
use crate::resources::properties::Properties;
use crate::resources::shape::{Shape, list};
use crate::resources::table::keys::{self, Key, Most, is_name};
use crate::resources::table::throughput::{Billing, provisioned};

/// A property that has indexes.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) property: &'static str,
    is_local: bool,
    /// How many a table may have.
    most: usize,
}

pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        property: "GlobalSecondaryIndexes",
        is_local: false,
        most: 20,
    },
    Kind {
        property: "LocalSecondaryIndexes",
        is_local: true,
        most: 5,
    },
];

/// Where the capacity of global secondary indexes is written.
#[derive(Clone, Copy)]
pub(crate) enum Capacity {
    /// In each index, as the billing mode says.
    Of(Billing),
    /// As auto scaling settings, which have no effect here.
    Scaled,
}

/// The indexes of a kind.
pub(crate) struct Indexes {
    pub(crate) definition: Json,
    /// The keys of all of them.
    pub(crate) keys: Vec<Key>,
}

const KNOWN: [&str; 3] = ["IndexName", "KeySchema", "Projection"];
const GLOBAL: [&str; 4] = [
    "ProvisionedThroughput",
    "ContributorInsightsSpecification",
    "OnDemandThroughput",
    "WarmThroughput",
];
const SCALED: [&str; 4] = [
    "WriteProvisionedThroughputSettings",
    "WriteOnDemandThroughputSettings",
    "ReadOnDemandThroughputSettings",
    "WarmThroughput",
];

/// Reads the indexes of a kind; `None` if one of them cannot be read.
pub(crate) fn read(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    kind: Kind,
    value: &Value,
    table: Option<&[Key]>,
    capacity: Capacity,
) -> Option<Indexes> {
    let id = &properties.resource.id;
    let what = format!("`{}` of `{id}`", kind.property);
    let items = list(draft, value, &what)?;
    if items.len() > kind.most {
        let message = format!("{what} are {}: AWS takes {}", items.len(), kind.most);
        draft.error(value.span.clone(), ErrorKind::Value(message));
    }
    let mut known = KNOWN.to_vec();
    match capacity {
        _ if kind.is_local => {}
        Capacity::Of(_) => known.extend(GLOBAL),
        Capacity::Scaled => known.extend(SCALED),
    }
    let mut complete = true;
    let (mut definitions, mut all_keys) = (Vec::new(), Vec::new());
    for item in items {
        let what = match item.get("IndexName").and_then(Value::as_text) {
            Some(name) => format!("the index `{name}` of `{id}`"),
            None => format!("an index of `{id}`"),
        };
        let shape = Shape::new(draft, item, &*what, &known);
        let read = shape.and_then(|shape| {
            let most = if kind.is_local { Most::One } else { Most::Four };
            let mut definition = index(draft, &shape, &what, most)?;
            if let (Capacity::Of(billing), false) = (capacity, kind.is_local) {
                let own = shape.get("ProvisionedThroughput");
                let units = provisioned(draft, properties, billing, own, Some(&shape));
                let units = units.map(|units| ("ProvisionedThroughput".to_owned(), units));
                definition.1.extend(units);
            }
            Some(definition)
        });
        let Some((keys, definition)) = read else {
            complete = false;
            continue;
        };
        if kind.is_local {
            check_local(draft, item, &what, &keys, table);
        }
        all_keys.extend(keys);
        definitions.push(Json::Object(definition));
    }
    complete.then_some(Indexes {
        definition: definitions.into(),
        keys: all_keys,
    })
}

fn index(
    draft: &mut Draft<'_>,
    shape: &Shape<'_>,
    what: &str,
    most: Most,
) -> Option<(Vec<Key>, Map<String, Json>)> {
    let name = shape.text(draft, "IndexName");
    if let Some(name) = name.filter(|name| !is_name(name)) {
        let message = format!(
            "the index name `{name}` must have 3 to 255 letters, digits, hyphens, underscores and \
             dots"
        );
        let span = shape.get("IndexName").map(|value| value.span.clone());
        draft.error(span.unwrap_or_default(), ErrorKind::Value(message));
        return None;
    }
    let schema = shape.required(draft, "KeySchema");
    let schema = schema.and_then(|value| keys::schema(draft, value, what, most));
    let projection = shape.required(draft, "Projection");
    let projection = projection.and_then(|value| projected(draft, value, what));
    let (name, schema, projection) = (name?, schema?, projection?);
    let mut definition = Map::new();
    definition.insert("IndexName".to_owned(), name.into());
    definition.insert("KeySchema".to_owned(), keys::elements(&schema));
    definition.insert("Projection".to_owned(), projection);
    Some((schema, definition))
}

/// `Projection`: all attributes, the keys only, or these.
fn projected(draft: &mut Draft<'_>, value: &Value, what: &str) -> Option<Json> {
    let known = ["ProjectionType", "NonKeyAttributes"];
    let shape = Shape::new(draft, value, format!("`Projection` of {what}"), &known)?;
    let kind = shape.word(draft, "ProjectionType", &["ALL", "KEYS_ONLY", "INCLUDE"])?;
    let attributes = shape.get("NonKeyAttributes");
    match (kind, attributes) {
        ("INCLUDE", Some(attributes)) => {
            let named = format!("`NonKeyAttributes` of {what}");
            let mut names = Vec::new();
            for item in list(draft, attributes, &named)? {
                let name = item.expect_text(draft.source(), &named).map(str::to_owned);
                names.push(draft.take(name)?);
            }
            Some(json!({"ProjectionType": kind, "NonKeyAttributes": names}))
        }
        ("INCLUDE", None) => {
            let message =
                format!("{what} has `ProjectionType: INCLUDE`, but no `NonKeyAttributes`");
            let help = "name the attributes in `NonKeyAttributes`";
            draft.error_with_help(value.span.clone(), ErrorKind::Value(message), help);
            None
        }
        (_, Some(attributes)) => {
            let message = format!("`NonKeyAttributes` of {what} do not go with `{kind}`");
            let help = "write `ProjectionType: INCLUDE`, or remove them";
            draft.error_with_help(attributes.span.clone(), ErrorKind::Conflict(message), help);
            None
        }
        (_, None) => Some(json!({"ProjectionType": kind})),
    }
}

/// A local index has the table's hash key and a range key of its own.
fn check_local(
    draft: &mut Draft<'_>,
    item: &Value,
    what: &str,
    keys: &[Key],
    table: Option<&[Key]>,
) {
    let Some(table) = table else {
        return;
    };
    let message = match (table, keys) {
        ([_], _) => format!("{what} is local, which only a table with a `RANGE` key can have"),
        (_, [_]) => format!("{what} is local, and has no `RANGE` key"),
        ([own, ..], [key, ..]) if own.name != key.name => format!(
            "{what} is local: its `HASH` key must be that of the table, `{}`",
            own.name
        ),
        _ => return,
    };
    let help = "write it as one of the `GlobalSecondaryIndexes` if it has keys of its own";
    draft.error_with_help(item.span.clone(), ErrorKind::Value(message), help);
}

/// Names are unique among all indexes of a table.
pub(crate) fn check_names(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let mut names: Vec<String> = Vec::new();
    for kind in KINDS {
        let Ok(Some(value)) = properties.get(kind.property) else {
            continue;
        };
        let items = value.expect_list(draft.source(), "").unwrap_or_default();
        let named = items.iter().filter_map(|item| item.get("IndexName"));
        for value in named {
            let Some(name) = value.as_text() else {
                continue;
            };
            if names.iter().any(|known| known == name) {
                let id = &properties.resource.id;
                let message = format!("`{id}` has several indexes `{name}`");
                let help = "give each index a name of its own";
                draft.error_with_help(value.span.clone(), ErrorKind::Conflict(message), help);
            }
            names.push(name.to_owned());
        }
    }
}
