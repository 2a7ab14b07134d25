//! What integrations call besides functions: HTTP backends, DynamoDB in this process, other
//! services at their addresses, and the outbox for those that have none.

pub(crate) mod aws;
pub(crate) mod backend;
pub(crate) mod dynamodb;
mod elsewhere;
pub(crate) mod endpoint;
pub(crate) mod front;
mod names;
pub(crate) mod outbox;
mod spelling;
pub(crate) mod streams;
mod tables;

pub use self::names::endpoint_variables;
