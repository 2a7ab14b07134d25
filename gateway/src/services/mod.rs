//! What integrations call besides functions: HTTP backends, and DynamoDB in this process.

pub(crate) mod backend;
pub(crate) mod dynamodb;
mod elsewhere;
pub(crate) mod endpoint;
pub(crate) mod front;
mod names;
mod spelling;
pub(crate) mod streams;
mod tables;

pub use self::names::endpoint_variables;
