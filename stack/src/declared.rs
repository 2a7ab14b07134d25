//! What a template declares beside its API: functions, permissions, tables. Plain data.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value as Json;
use spec::api::Api;
use spec::api::ApiKey;
use spec::policy::arn_matches;

use crate::error::Span;
use crate::event_pattern::EventPattern;
use crate::variables::without_path;

/// `AWS::Serverless::Function` or `AWS::Lambda::Function`.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name in the template; in another stack than the served one behind that one's path:
    /// `Nested/Function`.
    pub logical_id: String,
    /// `FunctionName`, or a generated one.
    pub name: String,
    /// Its ARN, without a qualifier.
    pub arn: String,
    /// Where its code comes from.
    pub code: Code,
    /// Its `Layers`, in their order: the files of a later one hide those of the ones before it.
    pub layers: Vec<Layer>,
    /// `Runtime`; empty if there is none.
    pub runtime: String,
    /// `Handler`.
    pub handler: String,
    /// `Environment.Variables`, those of `Globals` included.
    pub environment: IndexMap<String, String>,
    /// `Timeout`, 1 to 900 seconds.
    pub timeout: Duration,
    /// `MemorySize`, in MB.
    pub memory_size: u64,
    /// `ReservedConcurrentExecutions`: how many events it may work on at once.
    pub reserved_concurrency: Option<usize>,
    /// Its versions, and the names of its aliases.
    pub qualifiers: Vec<String>,
    /// Its `EventInvokeConfig`.
    pub asynchronous: Asynchronous,
    /// The name of its log group.
    pub log_group: String,
    /// `LoggingConfig.LogFormat`: `Text` or `JSON`.
    pub log_format: String,
    /// `LoggingConfig.ApplicationLogLevel`, if there is one.
    pub log_level: Option<String>,
    /// Whether a route, an authorizer of the API or the stream of a table calls it.
    pub is_called: bool,
    /// The location to point at if its code cannot be used.
    pub(crate) span: Span,
}

/// What becomes of events that nobody waits for.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asynchronous {
    /// `MaximumRetryAttempts`, 0 to 2.
    pub maximum_retries: usize,
    /// `MaximumEventAgeInSeconds`, 60 to 21,600.
    pub maximum_age: Duration,
}

/// Where a function's code comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// `CodeUri`, or the `DockerContext` of an image, from the template's folder: a folder, a zip
    /// or one file. The template's folder if the code is inline.
    pub directory: PathBuf,
    /// `InlineCode` or `Code.ZipFile`: the text of the file `index`.
    pub inline: Option<String>,
    /// `PackageType: Image`: there is a container image on AWS.
    pub is_image: bool,
    /// `Metadata.BuildMethod`.
    pub build_method: Option<String>,
    /// `Metadata.BuildProperties.Binary`.
    pub binary: Option<String>,
    /// Why the code cannot be run here whatever its runtime, if it cannot.
    pub unsupported: Option<String>,
}

/// `AWS::Serverless::LayerVersion` or `AWS::Lambda::LayerVersion`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its name in the template, as that of a [`Function`].
    pub logical_id: String,
    /// `ContentUri`, from the template's folder: a folder or a zip.
    pub content: PathBuf,
    /// `Metadata.BuildMethod`.
    pub build_method: Option<String>,
}

/// `AWS::Lambda::Permission` for API Gateway to call a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `FunctionName`: a name or an ARN, perhaps with a qualifier.
    pub function_name: String,
    /// `SourceArn`, with `*` and `?` as wildcards in each of its parts; `None` lets every API call.
    ///
    /// Realises: INTEGRATION-74
    pub source_arn: Option<String>,
}

/// `AWS::DynamoDB::Table`, `AWS::DynamoDB::GlobalTable` or `AWS::Serverless::SimpleTable`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name in the template, as that of a [`Function`].
    pub logical_id: String,
    /// `TableName`, or a generated one.
    pub name: String,
    /// The request that creates it, as DynamoDB's `CreateTable` takes it.
    pub definition: Json,
    /// The attribute of its time to live, if that is enabled.
    pub time_to_live: Option<String>,
}

/// `AWS::Lambda::EventSourceMapping`, or SAM's `DynamoDB` event of a function: the stream of a table
/// invokes a function. One that is not enabled is none.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSourceMapping {
    /// Its name in the template, as that of a [`Function`]; SAM makes one of the function's and the event's.
    pub logical_id: String,
    /// The function's ARN, without a qualifier.
    pub function_arn: String,
    /// The table's name.
    pub table: String,
    /// The stream's ARN, as the function is told it.
    pub event_source_arn: String,
    /// `StartingPosition`.
    pub starting_position: StartingPosition,
    /// `BatchSize`: the most records of an event, 1 to 10,000.
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long records may wait for others, at most 300 s.
    pub batching_window: Duration,
    /// `MaximumRetryAttempts`; `None` for as long as the stream has the records.
    pub retries: Option<u64>,
    /// `MaximumRecordAgeInSeconds`; `None` for as long as the stream has the records.
    pub record_age: Option<Duration>,
    /// `BisectBatchOnFunctionError`.
    pub bisect: bool,
    /// Whether `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub reports_item_failures: bool,
    /// `FilterCriteria`: the function gets the events that match one of them, or all if there are none.
    pub filters: Vec<EventPattern>,
}

/// Where a mapping begins to read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartingPosition {
    /// At its beginning.
    TrimHorizon,
    /// At its end: what is written from then on.
    Latest,
}

impl Function {
    /// Its name in its own template, whichever stack has it.
    pub fn id_in_its_stack(&self) -> &str {
        without_path(&self.logical_id)
    }

    /// Whether a name or an ARN, perhaps with a qualifier, is this function's.
    pub fn is_named(&self, named: &str) -> bool {
        let qualified = |whole: &str| {
            let rest = named.strip_prefix(whole);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        // `ACCOUNT:function:NAME` is a name, too.
        let partial = self.arn.splitn(5, ':').last().unwrap_or_default();
        [&*self.name, partial, &self.arn].into_iter().any(qualified)
    }
}

/// The API keys that open `$connect`: enabled, and in a usage plan of the stage.
pub(crate) fn usable_api_keys(api: &Api) -> impl Iterator<Item = &ApiKey> {
    let in_a_plan = |id: &String| {
        let mut plans = api.usage_plans.values();
        plans.any(|plan| plan.api_keys.contains(id))
    };
    let keys = api.api_keys.iter();
    keys.filter(move |(id, key)| key.enabled && in_a_plan(id))
        .map(|(_, key)| key)
}

impl Default for Asynchronous {
    fn default() -> Self {
        Self {
            maximum_retries: 2,
            maximum_age: Duration::from_secs(6 * 60 * 60),
        }
    }
}

impl Permission {
    /// Whether it lets `source_arn` call `function`.
    pub(crate) fn allows(&self, function: &Function, source_arn: &str) -> bool {
        let pattern = self.source_arn.as_ref();
        function.is_named(&self.function_name)
            && pattern.is_none_or(|pattern| arn_matches(pattern, source_arn))
    }
}
