//! The conformance kit: cases as data, run unchanged on every target, with verdicts that carry
//! their reasons.
//!
//! A [`Case`] says what clients and backends do and what they must see; a [`Session`] carries that
//! out on a target; [`runner::run`] compares and gives an [`Outcome`]. The kit reaches a gateway
//! only through sockets, or, on the target `spec`, through the pure specification, where time is
//! virtual and the case's functions are played by the kit.
//!
//! # Features
//!
//! - `live` (off by default): the module `target::aws`, a deployed stack found by its name, with
//!   AWS's SDK; and tests against a deployed endpoint.

pub mod case;
pub mod catalogue;
mod causes;
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
pub use causes::with_causes;
pub use session::Session;
pub use target::endpoint::Target;
pub use verdict::{Expectations, Outcome, Report, Stopped, Verdict};

/// Runs the kit's own cases on a target, for your own tests; [`Target::check`] runs others.
///
/// ```no_run
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use gatespec_conformance::{Target, Verdict, check};
///
/// let target = Target::new("ws://127.0.0.1:3001/stage", Some("http://127.0.0.1:3001/stage".to_owned()));
/// let report = check(&target).await?;
/// assert_eq!(report.count(Verdict::Fail), 0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A case file of the kit's that cannot be read; its tests see to it that there is none.
pub async fn check(target: &Target) -> Result<Report, case::InvalidCases> {
    Ok(target.check(&case::built_in()?, || {}).await)
}
