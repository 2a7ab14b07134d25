//! What changes from one assembly to the next, to be applied while it serves.

mod refusal;

use std::fmt;

use serde_json::Value as Json;

use crate::assembly::Assembly;
use crate::declared::{Function, Table};
use refusal::restart;

pub use refusal::{NeedsRestart, Refusal};

/// What changes from one assembly to the next. It is empty if nothing that is served does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whether the API's rules change: routes, integrations, authorizers, models, the stage's
    /// settings, permissions.
    pub rules: bool,
    /// Functions that the API calls, by ARN, in the order of the new template; removed ones last.
    pub functions: Vec<FunctionChange>,
    /// Tables by name, in the order of the new template; removed ones last.
    pub tables: Vec<TableChange>,
    /// Whether the event source mappings change.
    pub event_source_mappings: bool,
    /// What of the new API is not served, each in some words: it waits for a deployment.
    pub waiting: Vec<String>,
    /// What cannot change while it serves, since clients and functions know it.
    pub restart: Vec<NeedsRestart>,
}

/// A function that the API calls, and what becomes of it. One that stays in the template but is no
/// longer called counts as removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionChange {
    /// Its ARN.
    pub arn: String,
    /// Its name in the template.
    pub logical_id: String,
    /// What becomes of it.
    pub change: Change<FunctionPart>,
}

/// A table, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableChange {
    /// `TableName`.
    pub name: String,
    /// Its name in the template.
    pub logical_id: String,
    /// What becomes of it.
    pub change: Change<TablePart>,
}

/// What becomes of a function or a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<P> {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// These parts of it are different.
    Changed(Vec<P>),
}

/// A part of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionPart {
    /// `FunctionName`'s spelling, or the logical id.
    Name,
    /// Where its code is, and how it is built.
    Code,
    /// `Layers`.
    Layers,
    /// `Runtime`.
    Runtime,
    /// `Handler`.
    Handler,
    /// `Environment`.
    Environment,
    /// `Timeout`.
    Timeout,
    /// `MemorySize`.
    MemorySize,
    /// `LoggingConfig`.
    LoggingConfig,
}

/// A part of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TablePart {
    /// `KeySchema`, or the type of a key attribute: no table can change it.
    KeySchema,
    /// Anything else of the request that creates it: indexes, capacity, the stream.
    Definition,
    /// `TimeToLiveSpecification`.
    TimeToLive,
}

impl Plan {
    /// What changes from `old`, which is served, to `new`, as it is [after](Assembly::after) it.
    pub fn between(old: &Assembly, new: &Assembly) -> Self {
        Self {
            rules: rules(old, new),
            functions: functions(old, new),
            tables: tables(old.tables(), new.tables()),
            event_source_mappings: old.event_source_mappings() != new.event_source_mappings(),
            waiting: new.waiting(),
            restart: restart(old.api(), new.api()),
        }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        let waiting = self.waiting.clone();
        let nothing = Self {
            waiting,
            ..Self::default()
        };
        *self == nothing
    }

    /// Why it cannot be applied while it serves; empty if it can.
    pub fn refusals(&self) -> Vec<Refusal> {
        let restart = self.restart.iter().cloned().map(Refusal::NeedsRestart);
        let tables = self.tables.iter().filter_map(|table| match &table.change {
            Change::Changed(parts) if parts.contains(&TablePart::KeySchema) => {
                let name = table.name.clone();
                Some(Refusal::KeySchema { name })
            }
            _ => None,
        });
        restart.chain(tables).collect()
    }
}

/// Whether the rules differ, apart from what [`NeedsRestart`] names.
fn rules(old: &Assembly, new: &Assembly) -> bool {
    let mut same_name = new.api().api().clone();
    let old_api = old.api();
    same_name.api_id.clone_from(&old_api.api_id);
    same_name.region.clone_from(&old_api.region);
    same_name.account_id.clone_from(&old_api.account_id);
    same_name.partition.clone_from(&old_api.partition);
    let stage_name = &old_api.stage.stage_name;
    same_name.stage.stage_name.clone_from(stage_name);
    same_name != *old_api.api()
}

fn functions(old: &Assembly, new: &Assembly) -> Vec<FunctionChange> {
    fn called(assembly: &Assembly) -> impl Iterator<Item = &Function> {
        let all = assembly.functions().iter();
        all.filter(|function| function.is_called)
    }
    let change = |function: &Function, change| FunctionChange {
        arn: function.arn.clone(),
        logical_id: function.logical_id.clone(),
        change,
    };
    let kept = called(new).filter_map(|function| {
        let Some(before) = called(old).find(|other| other.arn == function.arn) else {
            return Some(change(function, Change::Added));
        };
        let parts = function_parts(before, function);
        (!parts.is_empty()).then(|| change(function, Change::Changed(parts)))
    });
    let gone = called(old).filter(|function| called(new).all(|other| other.arn != function.arn));
    let gone = gone.map(|function| change(function, Change::Removed));
    kept.chain(gone).collect()
}

fn function_parts(old: &Function, new: &Function) -> Vec<FunctionPart> {
    let logging = |function: &Function| {
        (
            function.log_group.clone(),
            function.log_format.clone(),
            function.log_level.clone(),
        )
    };
    let name = |function: &Function| (function.name.clone(), function.logical_id.clone());
    let differ = [
        (FunctionPart::Name, name(old) != name(new)),
        (FunctionPart::Code, old.code != new.code),
        (FunctionPart::Layers, old.layers != new.layers),
        (FunctionPart::Runtime, old.runtime != new.runtime),
        (FunctionPart::Handler, old.handler != new.handler),
        (
            FunctionPart::Environment,
            old.environment != new.environment,
        ),
        (FunctionPart::Timeout, old.timeout != new.timeout),
        (FunctionPart::MemorySize, old.memory_size != new.memory_size),
        (FunctionPart::LoggingConfig, logging(old) != logging(new)),
    ];
    let parts = differ.into_iter().filter(|(_, differs)| *differs);
    parts.map(|(part, _)| part).collect()
}

fn tables(old: &[Table], new: &[Table]) -> Vec<TableChange> {
    let change = |table: &Table, change| TableChange {
        name: table.name.clone(),
        logical_id: table.logical_id.clone(),
        change,
    };
    let kept = new.iter().filter_map(|table| {
        let Some(before) = old.iter().find(|other| other.name == table.name) else {
            return Some(change(table, Change::Added));
        };
        let parts = table_parts(before, table);
        (!parts.is_empty()).then(|| change(table, Change::Changed(parts)))
    });
    let gone = old
        .iter()
        .filter(|table| new.iter().all(|other| other.name != table.name));
    let gone = gone.map(|table| change(table, Change::Removed));
    kept.chain(gone).collect()
}

fn table_parts(old: &Table, new: &Table) -> Vec<TablePart> {
    let mut parts = Vec::new();
    let mut left_out = vec!["KeySchema"];
    if keys(&old.definition) != keys(&new.definition) {
        parts.push(TablePart::KeySchema);
        // The attributes' types change with the keys: that is not another change.
        left_out.push("AttributeDefinitions");
    }
    if without(&old.definition, &left_out) != without(&new.definition, &left_out) {
        parts.push(TablePart::Definition);
    }
    if old.time_to_live != new.time_to_live {
        parts.push(TablePart::TimeToLive);
    }
    parts
}

/// The key attributes with their roles and types.
fn keys(definition: &Json) -> Vec<(&Json, &Json, Option<&Json>)> {
    let list = |name: &str| definition[name].as_array().into_iter().flatten();
    list("KeySchema")
        .map(|key| {
            let name = &key["AttributeName"];
            let mut attributes = list("AttributeDefinitions");
            let attribute = attributes.find(|attribute| attribute["AttributeName"] == *name);
            let kind = attribute.map(|attribute| &attribute["AttributeType"]);
            (name, &key["KeyType"], kind)
        })
        .collect()
}

/// A definition without some of its members.
fn without(definition: &Json, members: &[&str]) -> Json {
    let mut rest = definition.clone();
    if let Some(map) = rest.as_object_mut() {
        map.retain(|name, _| !members.contains(&name.as_str()));
    }
    rest
}

impl fmt::Display for Plan {
    /// For logs: ``rules; function `SendMessage` changed (code); table `Rows` new``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        if self.rules {
            parts.push("rules".to_owned());
        }
        let functions = self.functions.iter();
        parts.extend(functions.map(|one| format!("function `{}` {}", one.logical_id, one.change)));
        let tables = self.tables.iter();
        parts.extend(tables.map(|one| format!("table `{}` {}", one.logical_id, one.change)));
        if self.event_source_mappings {
            parts.push("event source mappings".to_owned());
        }
        parts.extend(self.restart.iter().map(ToString::to_string));
        if parts.is_empty() {
            parts.push("nothing".to_owned());
        }
        if !self.waiting.is_empty() {
            let waiting = self.waiting.join(", ");
            parts.push(format!("waits for a deployment: {waiting}"));
        }
        f.write_str(&parts.join("; "))
    }
}

impl<P: fmt::Display> fmt::Display for Change<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added => f.write_str("new"),
            Self::Removed => f.write_str("removed"),
            Self::Changed(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                write!(f, "changed ({})", parts.join(", "))
            }
        }
    }
}

impl fmt::Display for FunctionPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Code => "code",
            Self::Runtime => "runtime",
            Self::Handler => "handler",
            Self::Environment => "environment",
            Self::Timeout => "timeout",
            Self::MemorySize => "memory size",
            Self::LoggingConfig => "logging",
            Self::Layers => "layers",
        })
    }
}

impl fmt::Display for TablePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeySchema => "key schema",
            Self::Definition => "definition",
            Self::TimeToLive => "time to live",
        })
    }
}
