//! The template as it is written: text, YAML nodes, values; each with its span.

pub(crate) mod plain;
pub(crate) mod scalar;
pub(crate) mod source;
pub(crate) mod surrogates;
pub(crate) mod value;
pub(crate) mod yaml;
