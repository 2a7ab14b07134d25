//! `AWS::Lambda::EventSourceMapping`, and SAM's `DynamoDB` events of a function: the streams of the
//! template's tables. Other sources have no effect here.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html>

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::declared::{EventSourceMapping, StartingPosition, Table};
use crate::document::value::Value;
use crate::document::yaml::Node;
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::event_pattern::EventPattern;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::function;
use crate::template::Template;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::Lambda::EventSourceMapping",
    identity: Identity {
        reference: Reference::Generated,
        attributes: Attributes::Including(&[]),
    },
    known: &[],
    harmless: &[],
    reads: Reads::All(read),
};

const KNOWN: [&str; 14] = [
    "FunctionName",
    "EventSourceArn",
    "Stream",
    "StartingPosition",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError",
    "FilterCriteria",
    "FunctionResponseTypes",
    "Enabled",
    "ParallelizationFactor",
    "TumblingWindowInSeconds",
];

const HARMLESS: [&str; 3] = ["Tags", "KmsKeyArn", "MetricsConfig"];

/// A mapping as it is written.
struct Written<'a> {
    template: &'a Template<'a>,
    id: String,
    /// Where messages about all of it point.
    span: Span,
    properties: Option<&'a Node>,
}

fn read(draft: &mut Draft<'_>) {
    for properties in draft.of_type(TYPE.name) {
        let resource = properties.resource;
        let written = Written {
            template: properties.template,
            id: properties.path(),
            span: resource.id_span.clone(),
            properties: resource.node.get("Properties"),
        };
        let function = written.required(draft, "FunctionName");
        let source = written.required(draft, "EventSourceArn");
        if let (Some(function), Some(source)) = (function, source) {
            mapping(draft, &written, &function, &source);
        }
    }
    for properties in draft.of_type(function::SERVERLESS.name) {
        let resource = properties.resource;
        let name = properties.template.name(resource, &resource.id_span);
        let events = properties.node("Events").map(Node::entries);
        for (key, event) in events.unwrap_or_default() {
            if event.get("Type").and_then(Node::plain_text) != Some(function::TABLE_STREAM) {
                continue;
            }
            let written = Written {
                template: properties.template,
                id: format!("{}{}", properties.path(), key.text),
                span: key.span.clone(),
                properties: event.get("Properties"),
            };
            // A function without a name has an error of its own.
            if let (Ok(name), Some(source)) = (&name, written.required(draft, "Stream")) {
                mapping(draft, &written, name, &source);
            }
        }
    }
}

fn mapping(draft: &mut Draft<'_>, written: &Written<'_>, function: &str, source: &str) {
    let id = &written.id;
    let none = |draft: &mut Draft<'_>, why: String| {
        let message = format!("the event source mapping `{id}` has no effect here: {why}");
        draft.warn(written.span.clone(), WarningKind::NoEffect, message);
    };
    let Some(table) = table_of(source) else {
        return none(draft, format!("`{source}` is not the stream of a table"));
    };
    let Some(table) = draft
        .tables
        .iter()
        .find(|known| known.name == table)
        .cloned()
    else {
        return none(
            draft,
            format!("the table `{table}` is not in this template"),
        );
    };
    if table.definition.get("StreamSpecification").is_none() {
        return no_stream(draft, written, &table);
    }
    let mut functions = draft.functions.iter();
    let Some(index) = functions.position(|known| known.is_named(function)) else {
        return none(
            draft,
            format!("the function `{function}` is not in this template"),
        );
    };
    if let Some(reason) = &draft.functions[index].code.unsupported {
        let function = &draft.functions[index].logical_id;
        let why = format!("the function `{function}` cannot be run here: {reason}");
        return none(draft, why);
    }
    if written.window(draft) {
        return none(draft, "there are no tumbling windows".to_owned());
    }
    written.warn_of_others(draft);
    let arn = draft.functions[index].arn.clone();
    let declared = written.declared(draft, arn, &table, source);
    match declared {
        Ok(Some(mapping)) => {
            draft.functions[index].is_called = true;
            draft.event_source_mappings.push(mapping);
        }
        Ok(None) => {}
        Err(error) => draft.findings.error(error),
    }
}

/// CloudFormation has no `StreamArn` of such a table.
fn no_stream(draft: &mut Draft<'_>, written: &Written<'_>, table: &Table) {
    let table = &table.logical_id;
    let message = format!(
        "the event source mapping `{}` reads the stream of `{table}`, which has none",
        written.id
    );
    let help = format!(
        "`{table}` needs a `StreamSpecification`, such as `{{StreamViewType: NEW_AND_OLD_IMAGES}}`"
    );
    draft.error_with_help(written.span.clone(), ErrorKind::Dangling(message), &help);
}

/// The table whose stream an ARN names.
fn table_of(source: &str) -> Option<&str> {
    let parts: Vec<&str> = source.splitn(6, ':').collect();
    let ["arn", _, "dynamodb", _, _, resource] = parts[..] else {
        return None;
    };
    let (table, _) = resource.strip_prefix("table/")?.split_once("/stream/")?;
    Some(table)
}

impl<'a> Written<'a> {
    fn node(&self, name: &str) -> Option<&'a Node> {
        self.properties?.get(name)
    }

    fn get(&self, name: &str) -> Result<Option<Value>, Error> {
        let Some(node) = self.node(name) else {
            return Ok(None);
        };
        Ok(Some(self.template.eval(node)?).filter(|value| !value.is_nothing()))
    }

    fn what(&self, name: &str) -> String {
        format!("`{name}` of `{}`", self.id)
    }

    fn wrong(&self, name: &str, expected: &str) -> Error {
        let node = self.node(name);
        let span = node.map_or_else(|| self.span.clone(), |node| node.span.clone());
        let message = format!("{} must be {expected}", self.what(name));
        self.template.source.error(span, ErrorKind::Value(message))
    }

    /// A name that the mapping is nothing without: a warning if it cannot be read, since it may be
    /// of what is not known here.
    fn required(&self, draft: &mut Draft<'_>, name: &str) -> Option<String> {
        let read = self.get(name).and_then(|value| match value {
            Some(value) => {
                let text = value.expect_text(self.template.source, &self.what(name))?;
                Ok(text.to_owned())
            }
            None => Err(self.wrong(name, "there")),
        });
        match read {
            Ok(text) => Some(text),
            Err(error) => {
                let id = &self.id;
                let consequence = format!("the event source mapping `{id}` has no effect here");
                draft.leave_out(vec![error], &consequence);
                None
            }
        }
    }

    fn number(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Error> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let number = value.as_number();
        let number = number.filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        let wrong = || self.wrong(name, &format!("a number from {least} to {most}"));
        number.map(Some).ok_or_else(wrong)
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, Error> {
        match self.get(name)? {
            None => Ok(default),
            Some(value) => value
                .as_flag()
                .ok_or_else(|| self.wrong(name, "`true` or `false`")),
        }
    }

    /// Whether there are tumbling windows.
    fn window(&self, draft: &mut Draft<'_>) -> bool {
        let window = self.number("TumblingWindowInSeconds", 0..=900);
        draft
            .take(window)
            .flatten()
            .is_some_and(|window| window > 0)
    }

    /// Warns of what is not done as AWS would do it.
    fn warn_of_others(&self, draft: &mut Draft<'_>) {
        let id = &self.id;
        let entries = self.properties.map(Node::entries).unwrap_or_default();
        for (key, node) in entries {
            let name = &*key.text;
            let message = match name {
                "DestinationConfig" => format!(
                    "`DestinationConfig` of `{id}` has no effect here: records that are given up are \
                     only named in the log"
                ),
                "ParallelizationFactor" if node.plain_text() != Some("1") => format!(
                    "`ParallelizationFactor` of `{id}` has no effect here: one batch at a time is \
                     worked on"
                ),
                _ if KNOWN.contains(&name) || HARMLESS.contains(&name) => continue,
                _ => format!("`{name}` of the event source mapping `{id}` has no effect here"),
            };
            draft.warn(key.span.clone(), WarningKind::NoEffect, message);
        }
    }

    /// All of it; `None` if it is not enabled.
    fn declared(
        &self,
        draft: &mut Draft<'_>,
        function_arn: String,
        table: &Table,
        source: &str,
    ) -> Result<Option<EventSourceMapping>, Error> {
        let starting_position = match self.get("StartingPosition")?.as_ref().map(Value::as_text) {
            Some(Some("TRIM_HORIZON")) => StartingPosition::TrimHorizon,
            Some(Some("LATEST")) => StartingPosition::Latest,
            _ => return Err(self.wrong("StartingPosition", "`TRIM_HORIZON` or `LATEST`")),
        };
        let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
        let age = self.number("MaximumRecordAgeInSeconds", -1..=604_800)?;
        if age.is_some_and(|age| (0..60).contains(&age)) {
            return Err(self.wrong("MaximumRecordAgeInSeconds", "-1, or 60 to 604800"));
        }
        let window = self.number("MaximumBatchingWindowInSeconds", 0..=300)?;
        let retries = self.number("MaximumRetryAttempts", -1..=10_000)?;
        let batch_size = self.number("BatchSize", 1..=10_000)?;
        let mapping = EventSourceMapping {
            logical_id: self.id.clone(),
            function_arn,
            table: table.name.clone(),
            event_source_arn: source.to_owned(),
            starting_position,
            batch_size: batch_size.map_or(100, |size| size.unsigned_abs() as usize),
            batching_window: window.map(seconds).unwrap_or_default(),
            retries: retries.and_then(|retries| u64::try_from(retries).ok()),
            record_age: age.filter(|age| *age > 0).map(seconds),
            bisect: self.flag("BisectBatchOnFunctionError", false)?,
            reports_item_failures: self.reports_item_failures()?,
            filters: self.filters(draft)?,
        };
        Ok(self.flag("Enabled", true)?.then_some(mapping))
    }

    fn reports_item_failures(&self) -> Result<bool, Error> {
        let name = "FunctionResponseTypes";
        let Some(value) = self.get(name)? else {
            return Ok(false);
        };
        let types = value.expect_list(self.template.source, &self.what(name))?;
        let is_it = |one: &Value| one.as_text() == Some("ReportBatchItemFailures");
        match types.iter().all(is_it) {
            true => Ok(!types.is_empty()),
            false => Err(self.wrong(name, "a list of `ReportBatchItemFailures`")),
        }
    }

    fn filters(&self, draft: &mut Draft<'_>) -> Result<Vec<EventPattern>, Error> {
        let name = "FilterCriteria";
        let Some(value) = self.get(name)? else {
            return Ok(Vec::new());
        };
        let what = format!("`Filters` in `{name}` of `{}`", self.id);
        let Some(filters) = value.get("Filters") else {
            return Ok(Vec::new());
        };
        let filters = filters.expect_list(self.template.source, &what)?;
        let mut patterns = Vec::new();
        for filter in filters {
            let Some(pattern) = filter.get("Pattern") else {
                continue;
            };
            let text = pattern.expect_text(self.template.source, "`Pattern`")?;
            match EventPattern::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(problem) => {
                    let message = format!("a `Pattern` of `{}` is wrong: {problem}", self.id);
                    draft.error(pattern.span.clone(), ErrorKind::Value(message));
                }
            }
        }
        Ok(patterns)
    }
}
