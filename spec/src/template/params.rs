//! The parameters in `$input.params()`, as JSON.

use std::error::Error;
use std::fmt;

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// Parameters of the request, in its order and spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// Path parameters.
    pub path: IndexMap<String, String>,
    /// Query string parameters.
    pub querystring: IndexMap<String, String>,
    /// Headers.
    pub header: IndexMap<String, String>,
}

/// A part that requests do not have.
#[derive(Debug)]
pub struct UnknownPart(String);

impl Params {
    /// Reads `{"path": {}, "querystring": {}, "header": {}}`.
    ///
    /// # Errors
    /// If there is an unknown part.
    pub fn read(object: &Map<String, Value>) -> Result<Self, UnknownPart> {
        let mut params = Params::default();
        for (part, values) in object {
            let map = match part.as_str() {
                "path" => &mut params.path,
                "querystring" => &mut params.querystring,
                "header" => &mut params.header,
                other => return Err(UnknownPart(other.to_owned())),
            };
            for (name, value) in values.as_object().into_iter().flatten() {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                map.insert(name.clone(), text);
            }
        }
        Ok(params)
    }
}

impl fmt::Display for UnknownPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(part) = self;
        write!(
            f,
            "unknown part `{part}` (known: path, querystring, header)"
        )
    }
}

impl Error for UnknownPart {}
