//! The parameters in `$input.params()`, as JSON.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};
use spec::template::Params;

/// A part that requests do not have.
#[derive(Debug)]
pub(crate) struct UnknownPart(String);

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

/// Reads `{"path": {}, "querystring": {}, "header": {}}`.
///
/// # Errors
/// If there is an unknown part.
pub(crate) fn params(object: &Map<String, Value>) -> Result<Params, UnknownPart> {
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
