//! What the kit can judge.

mod addresses;
#[cfg(feature = "live")]
pub mod aws;
pub mod dynamodb;
pub mod endpoint;
mod error;
pub mod functions;
pub mod gateways;
pub mod local;
pub mod spec;
pub mod specification;
pub mod table;
mod upgrade;
pub mod wire;

pub use error::TargetError;
pub use gateways::Gateways;
pub use specification::Specification;
