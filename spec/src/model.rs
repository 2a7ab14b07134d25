//! Models: what the messages of a route must look like. A model is JSON Schema draft 4; a route's
//! `ModelSelectionExpression` chooses one of its `RequestModels` for every message.
//!
//! Realises: ROUTE-40, ROUTE-36, ROUTE-47

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jsonschema::{Draft, Retrieve, Uri, Validator};
use serde_json::{Value, json};

use crate::api::{Api, Route};
use crate::limits::MODEL_CHARACTERS;
use crate::route::{self, DEFAULT};
use crate::selection::{SelectionExpression, SelectionExpressionError};
use crate::template::Document;

/// A model, ready to judge messages.
#[derive(Debug)]
pub struct Model {
    validator: Validator,
}

/// How a route chooses the model that a message must fit.
#[derive(Debug)]
pub struct RequestModels {
    selection: SelectionExpression,
    /// Names of models by key.
    names: IndexMap<String, String>,
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
    #[error("the schema is not JSON: {problem}")]
    NotJson {
        /// The line in the schema, from 1.
        line: usize,
        /// The column in the schema, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The schema breaks a rule of draft 4, or refers to what is not there.
    #[error("the schema is not JSON Schema draft 4{}: {problem}", at(.place))]
    Schema {
        /// Where in the schema, as a JSON pointer; empty for the schema as a whole.
        place: String,
        /// What is wrong there.
        problem: String,
    },
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

/// Why a message fails validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is not JSON.
    ///
    /// Realises: ROUTE-41
    NotJson(String),
    /// There is no model under the key that the expression gives, and none under `$default`.
    ///
    /// Realises: ROUTE-38
    NoModel {
        /// The key.
        key: String,
    },
    /// The model refuses it.
    ///
    /// Realises: ROUTE-34
    Refused {
        /// The model's name.
        model: String,
        /// Where in the message, as a JSON pointer; empty for the message as a whole.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

/// The other models of an API, for a schema that refers to them.
struct Others(Arc<HashMap<String, Value>>);

/// Reads the models of an API: those that can be used, and what is wrong with the others, by name.
/// A model that refers to a broken one is not to blame for it.
pub fn compile(api: &Api) -> (IndexMap<String, Model>, Vec<(String, InvalidModel)>) {
    let mut problems = Vec::new();
    let mut schemas = IndexMap::new();
    let mut by_address = HashMap::new();
    for (name, declared) in &api.models {
        let schema = parse(name, &declared.schema);
        let known = schema.as_ref().cloned().unwrap_or_else(|_| json!({}));
        by_address.insert(address(api, name), known);
        match schema {
            Ok(schema) => {
                schemas.insert(name, schema);
            }
            Err(problem) => problems.push((name.clone(), problem)),
        }
    }
    let by_address = Arc::new(by_address);
    let mut models = IndexMap::new();
    for (name, schema) in schemas {
        match Model::new(address(api, name), &schema, Others(Arc::clone(&by_address))) {
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
    fn new(address: String, schema: &Value, others: Others) -> Result<Self, InvalidModel> {
        let invalid = |place: &str, problem: String| InvalidModel::Schema {
            place: place.to_owned(),
            problem,
        };
        // Draft 4 whatever `$schema` says (ROUTE-40), its formats enforced (ROUTE-50).
        jsonschema::options()
            .with_draft(Draft::Draft4)
            .should_validate_formats(true)
            .with_base_uri(address)
            .with_retriever(others)
            .build(schema)
            .map(|validator| Self { validator })
            .map_err(|error| invalid(error.instance_path().as_str(), error.to_string()))
    }

    /// Judges a message: the location and the problem of the first violation.
    fn judge(&self, message: &Value) -> Result<(), (String, String)> {
        self.validator.validate(message).map_err(|error| {
            let place = error.instance_path().as_str().to_owned();
            (place, error.to_string())
        })
    }
}

impl RequestModels {
    /// A route's choice of models: `None` for a route without a `ModelSelectionExpression`, which
    /// validates nothing.
    /// # Errors
    /// An expression that cannot be read, or the name of a model that is not there.
    ///
    /// Realises: ROUTE-47
    pub fn new<M>(
        route: &Route,
        models: &IndexMap<String, M>,
    ) -> Result<Option<Self>, InvalidRequestModels> {
        let unknown = route
            .request_models
            .values()
            .find(|name| !models.contains_key(*name));
        if let Some(name) = unknown {
            return Err(InvalidRequestModels::Unknown(name.clone()));
        }
        let Some(expression) = &route.model_selection_expression else {
            return Ok(None);
        };
        Ok(Some(Self {
            selection: SelectionExpression::parse(expression)?,
            names: route.request_models.clone(),
        }))
    }

    /// Judges a message by the model that it chooses among `models`: the one under its key, else
    /// the one under `$default`.
    ///
    /// # Errors
    /// Why the message fails validation.
    ///
    /// Realises: ROUTE-36, ROUTE-37
    pub fn judge(&self, models: &IndexMap<String, Model>, message: &str) -> Result<(), Mismatch> {
        let document =
            Document::parse(message).map_err(|error| Mismatch::NotJson(error.to_string()))?;
        let key = self
            .selection
            .evaluate(|name| route::body_variable(&document, name));
        let chosen = self.names.get(&key).or_else(|| self.names.get(DEFAULT));
        let Some((name, model)) = chosen.and_then(|name| Some((name, models.get(name)?))) else {
            return Err(Mismatch::NoModel { key });
        };
        model
            .judge(document.json())
            .map_err(|(place, problem)| Mismatch::Refused {
                model: name.clone(),
                place,
                problem,
            })
    }
}

impl Retrieve for Others {
    /// What a reference outside the schema leads to: another model of the API, or nothing. No
    /// network, no files.
    ///
    /// Realises: ROUTE-49
    fn retrieve(&self, address: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let address = address.as_str();
        let address = address.split('#').next().unwrap_or(address);
        self.0.get(address).cloned().ok_or_else(|| {
            "a model may refer to parts of itself (`#/…`) and to other models of the API".into()
        })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(problem) => write!(f, "the message is not JSON: {problem}"),
            Self::NoModel { key } => {
                write!(
                    f,
                    "there is no model under `{key}`, and none under `{DEFAULT}`"
                )
            }
            Self::Refused {
                model,
                place,
                problem,
            } => write!(f, "model `{model}`{}: {problem}", at(place)),
        }
    }
}

/// Where other models find a model.
///
/// Realises: ROUTE-49
fn address(api: &Api, name: &str) -> String {
    format!(
        "https://apigateway.amazonaws.com/restapis/{}/models/{name}",
        api.api_id
    )
}

fn parse(name: &str, schema: &str) -> Result<Value, InvalidModel> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(InvalidModel::Name(name.to_owned()));
    }
    let characters = schema.chars().count();
    if characters > MODEL_CHARACTERS {
        return Err(InvalidModel::TooLong(characters));
    }
    serde_json::from_str(schema).map_err(|error| InvalidModel::NotJson {
        line: error.line(),
        column: error.column(),
        problem: error.to_string(),
    })
}

fn at(place: &str) -> String {
    if place.is_empty() {
        String::new()
    } else {
        format!(" at `{place}`")
    }
}

#[cfg(test)]
mod tests;
