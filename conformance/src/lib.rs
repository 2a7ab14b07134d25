//! The conformance kit: cases as data, run unchanged on every target, with verdicts that carry their reasons.
//!
//! A [`Case`] says what clients and backends do and what they must see; a [`Session`] carries that out on a target; [`runner::run`]
//! compares and gives an [`Outcome`]. The kit reaches a gateway only through sockets, or, on the target `spec`, through the pure
//! specification, where time is virtual and the case's functions are played by the kit.

pub mod case;
pub mod falsify;
pub mod fixture;
pub mod generate;
pub mod http;
mod net;
pub mod pattern;
pub mod probe;
pub mod recording;
pub mod report;
pub mod runner;
pub mod session;
pub mod sign;
pub mod target;
pub mod verdict;

pub use case::{Case, Feature};
pub use session::Session;
pub use verdict::{Expectations, Outcome, Report, Verdict};
