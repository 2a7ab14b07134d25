//! The tables of a template, made in the engine or found there.

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use stack::Table;

/// What became of a table that should exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Created {
    New,
    /// It existed, with its rows.
    Kept,
}

/// Creates a table. One that exists stays, with its rows, and gets the stream and the time-to-live
/// of its declaration.
///
/// # Errors
/// Why not, in a sentence: it has other keys, or the engine does not take it.
pub(super) fn create(database: &Database, table: &Table) -> Result<Created, String> {
    let failed = |error: &dyn std::fmt::Display| {
        let id = &table.logical_id;
        format!("the table `{id}` cannot be created: {error}")
    };
    let created = match existing(database, table).map_err(|error| failed(&error))? {
        Some(existing) => {
            adapt(database, table, &existing)?;
            Created::Kept
        }
        None => {
            let asked = request(table.definition.clone()).map_err(|error| failed(&error))?;
            let created = database.create_table(asked);
            created.map_err(|error| failed(&error))?;
            Created::New
        }
    };
    set_time_to_live(database, table)?;
    Ok(created)
}

/// Sets the time-to-live of a table as its declaration says.
///
/// # Errors
/// Why not, in a sentence.
pub(super) fn set_time_to_live(database: &Database, table: &Table) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| {
        let id = &table.logical_id;
        format!("the time-to-live of the table `{id}` cannot be set: {error}")
    };
    let asked = request(json!({"TableName": table.name})).map_err(|error| failed(&error))?;
    let described = database
        .describe_time_to_live(asked)
        .map_err(|error| failed(&error))?;
    let described = json_of(&described).map_err(|error| failed(&error))?;
    let described = &described["TimeToLiveDescription"];
    let is_on = described["TimeToLiveStatus"] == "ENABLED";
    let old = described["AttributeName"].as_str().filter(|_| is_on);
    let new = table.time_to_live.as_deref();
    if old == new {
        return Ok(());
    }
    let off = old.map(|attribute| (attribute, false));
    let on = new.map(|attribute| (attribute, true));
    for (attribute, enabled) in off.into_iter().chain(on) {
        let specification = json!({"AttributeName": attribute, "Enabled": enabled});
        let asked = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": specification,
        });
        let asked = request(asked).map_err(|error| failed(&error))?;
        database
            .update_time_to_live(asked)
            .map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// A table as the engine describes it, if it exists.
fn existing(database: &Database, table: &Table) -> Result<Option<Json>, String> {
    let asked = request(json!({"TableName": table.name}))?;
    match database.describe_table(asked) {
        Ok(described) => json_of(&described).map(|described| Some(described["Table"].clone())),
        Err(DynoxideError::ResourceNotFoundException(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Gives a table that exists the stream that it is declared with.
fn adapt(database: &Database, table: &Table, existing: &Json) -> Result<(), String> {
    let Table {
        logical_id, name, ..
    } = table;
    let wanted = &table.definition;
    if existing["KeySchema"] != wanted["KeySchema"] {
        return Err(format!(
            "the table `{name}` exists with other keys than `{logical_id}` declares: give the \
             table another name, or begin with another file"
        ));
    }
    let indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"];
    if indexes
        .iter()
        .any(|kind| names(existing, kind) != names(wanted, kind))
    {
        tracing::warn!(
            "the table `{name}` exists with other indexes than `{logical_id}` declares, and keeps \
             them"
        );
    }
    let stream = |table: &Json| match &table["StreamSpecification"] {
        stream if stream["StreamEnabled"] == true => Some(stream.clone()),
        _ => None,
    };
    let (old, new) = (stream(existing), stream(wanted));
    if old == new {
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| {
        format!("the stream of the table `{logical_id}` cannot be set: {error}")
    };
    let off = old.map(|_| json!({"StreamEnabled": false}));
    for specification in off.into_iter().chain(new) {
        let asked = json!({"TableName": name, "StreamSpecification": specification});
        let asked = request(asked).map_err(|error| failed(&error))?;
        let updated = database.update_table(asked);
        updated.map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// The names of a table's indexes, sorted.
fn names<'t>(table: &'t Json, kind: &str) -> Vec<&'t str> {
    let indexes = table[kind].as_array().into_iter().flatten();
    let mut names: Vec<&str> = indexes
        .filter_map(|index| index["IndexName"].as_str())
        .collect();
    names.sort_unstable();
    names
}

/// A request of the engine's, from its JSON form.
pub(super) fn request<T: DeserializeOwned>(asked: Json) -> Result<T, String> {
    serde_json::from_value(asked).map_err(|error| error.to_string())
}

fn json_of(answer: &impl Serialize) -> Result<Json, String> {
    serde_json::to_value(answer).map_err(|error| error.to_string())
}
