//! Models: what the messages of a route must look like. A model is JSON Schema draft 4; a route's
//! `ModelSelectionExpression` chooses one of its `RequestModels` for every message.
//!
//! The validator behaves as java-json-tools' json-schema-validator does, whose messages are the
//! ones that API Gateway puts into `$context.error.validationErrorString`.
//!
//! Realises: ROUTE-36, ROUTE-40, ROUTE-47, ROUTE-51

mod compiled;
mod format;
mod keyword;
#[cfg(any(test, feature = "oracle"))]
pub mod library;
mod message;
mod mismatch;
mod pattern;
mod schema;
mod syntax;
mod types;
mod uri;
mod validate;

use indexmap::IndexMap;

pub use self::mismatch::Mismatch;
use self::schema::{Schemas, Source};
use self::syntax::FaultKind;
use self::uri::Uri;
use self::validate::{MAX_DEPTH, MAX_STEPS, Stop};
use crate::api::{Api, Route};
use crate::json::{
    self,
    node::{self, Node},
};
use crate::limits::MODEL_CHARACTERS;
use crate::message::Message;
use crate::route::DEFAULT;
use crate::selection::{SelectionExpression, SelectionExpressionError};

/// A model, ready to judge messages.
#[derive(Clone, Debug)]
pub struct Model {
    schemas: Schemas,
}

/// How a route chooses the model that a message must fit.
#[derive(Debug)]
pub struct RequestModels {
    selection: SelectionExpression,
    /// Models by key: the name and the place among the API's models.
    chosen: Vec<(String, usize)>,
}

/// A model that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidModel {
    /// The name has other characters than letters and digits.
    ///
    /// Realises: LIMITS-38
    #[error("the name of a model must be letters and digits, `{0}` is not")]
    Name(String),
    /// The schema is too long.
    ///
    /// Realises: LIMITS-38
    #[error("the schema has {0} characters, it may have {MODEL_CHARACTERS}")]
    TooLong(usize),
    /// The schema is no JSON.
    #[error("the schema is not JSON: {problem} at line {line} column {column}")]
    NotJson {
        /// The line in the schema, from 1.
        line: usize,
        /// The column in the schema, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// API Gateway refuses the schema: never empty, in the order of the text.
    ///
    /// Realises: ROUTE-52, ROUTE-53
    #[error("{}", refusal(.0))]
    Schema(Vec<SchemaFault>),
}

/// Something in a schema that API Gateway does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// Where in the schema, as a JSON pointer; empty for the schema as a whole.
    pub pointer: String,
    /// The line in the schema's text, from 1.
    pub line: usize,
    /// The column in the schema's text, from 1.
    pub column: usize,
    /// What is wrong there, in the validator's words.
    pub problem: String,
    /// What API Gateway says.
    words: String,
}

/// A route's choice of models that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequestModels {
    /// The expression cannot be read.
    #[error("`ModelSelectionExpression`: {0}")]
    Selection(#[from] SelectionExpressionError),
    /// The API has no such model.
    ///
    /// Realises: ROUTE-48
    #[error("`RequestModels`: the API has no model `{0}`")]
    Unknown(String),
}

/// Reads the models of an API: those that can be used, and what is wrong with the others, by name.
/// A model that refers to a broken one is not to blame for it.
pub fn compile(api: &Api) -> (IndexMap<String, Model>, Vec<(String, InvalidModel)>) {
    let mut problems = Vec::new();
    let mut roots = IndexMap::new();
    let mut locators = Vec::new();
    let anything = Node::anything();
    for (name, declared) in &api.models {
        locators.push(locator(api, name));
        match parse(name, &declared.schema) {
            Ok(root) => {
                roots.insert(name, root);
            }
            Err(problem) => problems.push((name.clone(), problem)),
        }
    }
    let named = api.models.keys().zip(&locators);
    let others: Vec<_> = named
        .map(|(name, locator)| Source {
            locator,
            root: roots.get(name).unwrap_or(&anything),
        })
        .collect();
    let mut models = IndexMap::new();
    for (&name, root) in &roots {
        match Model::new(&api.models[name].schema, root, &others) {
            Ok(model) => {
                models.insert(name.clone(), model);
            }
            Err(problem) => problems.push((name.clone(), problem)),
        }
    }
    problems.sort_by_key(|(name, _)| api.models.get_index_of(name));
    (models, problems)
}

impl Model {
    fn new(source: &str, root: &Node<'_>, others: &[Source<'_>]) -> Result<Self, InvalidModel> {
        let (schemas, faults) = Schemas::compile(root, others);
        if faults.is_empty() {
            return Ok(Self { schemas });
        }
        let faults = faults.into_iter().map(|fault| {
            let (line, column) = json::position(source, fault.at);
            let (problem, words) = match fault.kind {
                FaultKind::Syntax(problem) => {
                    (problem, "Invalid model schema specified".to_owned())
                }
                FaultKind::Unknown(names) => unsupported(&names),
            };
            SchemaFault {
                pointer: fault.pointer,
                line,
                column,
                problem,
                words,
            }
        });
        Err(InvalidModel::Schema(faults.collect()))
    }

    /// Judges a message by a model of this name.
    fn judge(&self, name: &str, message: &Node<'_>) -> Result<(), Mismatch> {
        let undecided = |problem: String| Mismatch::Undecided {
            model: name.to_owned(),
            problem,
        };
        let report = validate::validate(&self.schemas, message).map_err(|stop| match stop {
            Stop::Steps => undecided(format!(
                "the model takes more than {MAX_STEPS} steps for this message"
            )),
            Stop::Depth => undecided(format!(
                "the model nests more than {MAX_DEPTH} schemas for this message"
            )),
            Stop::Loop => undecided("the model leads to itself for the same value".to_owned()),
            Stop::Schema(problem) => undecided(problem),
        })?;
        if report.errors.is_empty() {
            return Ok(());
        }
        let messages = message::hash_set(report.errors);
        Err(Mismatch::Refused {
            model: name.to_owned(),
            messages: messages
                .iter()
                .map(|text| text.to_str().into_owned())
                .collect(),
        })
    }
}

impl RequestModels {
    /// A route's choice of models: `None` for a route without a `ModelSelectionExpression`, which
    /// validates nothing.
    ///
    /// # Errors
    /// An expression that cannot be read, or the name of a model that is not there.
    ///
    /// Realises: ROUTE-47
    pub fn new<M>(
        route: &Route,
        models: &IndexMap<String, M>,
    ) -> Result<Option<Self>, InvalidRequestModels> {
        let place = |(key, name): (&String, &String)| match models.get_index_of(name) {
            Some(place) => Ok((key.clone(), place)),
            None => Err(InvalidRequestModels::Unknown(name.clone())),
        };
        let chosen = route.request_models.iter().map(place);
        let chosen = chosen.collect::<Result<_, _>>()?;
        let Some(expression) = &route.model_selection_expression else {
            return Ok(None);
        };
        Ok(Some(Self {
            selection: SelectionExpression::parse(expression)?,
            chosen,
        }))
    }

    /// Judges a message by the model that it chooses among `models`, the ones that the choice was
    /// made for: the one under its key, else the one under `$default`.
    ///
    /// # Errors
    /// Why the message fails validation.
    ///
    /// Realises: ROUTE-36, ROUTE-37
    pub fn judge(
        &self,
        models: &IndexMap<String, Model>,
        message: &Message<'_>,
    ) -> Result<(), Mismatch> {
        let value = message
            .json()
            .map_err(|error| Mismatch::NotJson(error.to_string()))?;
        match self.choose(models, message) {
            Ok((name, model)) => model.judge(name, value),
            Err(key) => Err(Mismatch::NoModel { key }),
        }
    }

    /// The model under the key that the expression gives, else the one under `$default`, and its
    /// name.
    ///
    /// # Errors
    /// The key, if there is neither.
    pub(crate) fn choose<'m>(
        &self,
        models: &'m IndexMap<String, Model>,
        message: &Message<'_>,
    ) -> Result<(&'m str, &'m Model), String> {
        let key = self.selection.evaluate(|name| message.variable(name));
        let under = |key: &str| self.chosen.iter().find(|(other, _)| other == key);
        let chosen = under(&key).or_else(|| under(DEFAULT));
        match chosen.and_then(|(_, place)| models.get_index(*place)) {
            Some((name, model)) => Ok((name, model)),
            None => Err(key),
        }
    }
}

/// Where other models find a model.
///
/// Realises: ROUTE-49
fn locator(api: &Api, name: &str) -> String {
    let address = format!(
        "https://apigateway.amazonaws.com/restapis/{}/models/{name}",
        api.api_id
    );
    let locator = Uri::parse(&address).map(|uri| uri.locator());
    locator.unwrap_or(address)
}

fn parse<'s>(name: &str, schema: &'s str) -> Result<Node<'s>, InvalidModel> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(InvalidModel::Name(name.to_owned()));
    }
    let characters = schema.chars().count();
    if characters > MODEL_CHARACTERS {
        return Err(InvalidModel::TooLong(characters));
    }
    node::parse(schema).map_err(|error| InvalidModel::NotJson {
        line: error.line,
        column: error.column,
        problem: error.problem.to_owned(),
    })
}

/// What is said of keywords that nobody knows, by us and by API Gateway.
fn unsupported(names: &[String]) -> (String, String) {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let list: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    let keywords = if names.len() == 1 {
        "keyword"
    } else {
        "keywords"
    };
    (
        format!("draft 4 does not know the {keywords} {}", quoted.join(", ")),
        format!(
            "Invalid model schema specified. Unsupported keyword(s): [{}]",
            list.join(",")
        ),
    )
}

/// Everything that is wrong with a schema, and API Gateway's words for it.
fn refusal(faults: &[SchemaFault]) -> String {
    let listed: Vec<_> = faults
        .iter()
        .map(|fault| match fault.pointer.as_str() {
            "" => fault.problem.clone(),
            pointer => format!("at `{pointer}`: {}", fault.problem),
        })
        .collect();
    let words: Vec<_> = faults.iter().map(|fault| fault.words.as_str()).collect();
    format!(
        "the schema is refused, {} (Invalid model specified: Validation Result: warnings : [], \
         errors : [{}])",
        listed.join("; "),
        words.join(", ")
    )
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
