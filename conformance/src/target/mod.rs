//! What the kit can judge.

#[cfg(feature = "live")]
pub mod aws;
pub mod dynamodb;
pub mod endpoint;
pub mod functions;
pub mod local;
pub mod spec;
pub mod table;
mod upgrade;
pub mod wire;
