//! The executable specification of AWS API Gateway WebSocket APIs.
//!
//! Pure and sans-IO: a [`Gateway`] is given what happens ([`Input`]) and the time, and says what is
//! to be done ([`Output`]). It has no clock, no socket and no randomness of its own, so the same
//! inputs give the same outputs, two hours pass in a microsecond, and the local gateway, the
//! conformance kit and a property test all run the very same rules.
//!
//! ```text
//! client frame
//!   shell                         frame -> Input::Message
//!   Gateway::handle_input         lifecycle: may this connection receive?
//!                                 route: selection expression -> route key
//!                                 integration: AWS_PROXY -> event; the others -> mapping template
//!   poll_output -> Output::Invoke, Output::HttpRequest, Output::CallService
//!   shell                         calls the function, or the backend
//!   Input::CallFinished
//!                                 integration response, route response, error frame, or nothing
//!   poll_output -> Output::Send   -> frame to the client
//!   poll_output -> Output::AccessLog -> a line, when the stage has a format for it
//! function's callback             POST /{stage}/@connections/{id} -> Input::Management
//!   poll_output                   Output::Send, Output::ManagementReply
//! timers                          poll_timeout -> handle_timeout(now)
//! ```
//!
//! What is served is an immutable value: [`Api::compile`] checks all that is declared and makes a
//! [`CompiledApi`] of it, which gateways share. [`Input::Deploy`] replaces it for what begins from
//! then on. What was begun before (a handshake, a call, a line of the access log) holds the one it
//! began with, and is judged by it to its end.
//!
//! # How much work an input may be
//!
//! A shell has one machine for all clients, so the work for one input is a wait for the others:
//!
//! - A message has 128 KiB at most, and is parsed once for each expression that looks into it.
//!   Routes, keys and connections are found by hashing, timers in a sorted set.
//! - A mapping template renders within the limits of [`velocity::Options`]: steps, depth, output
//!   and memory. A regular expression of an integration response or of a template gives up after a
//!   number of steps.
//! - A deployment is compiled by who brings it, outside the machine. Swapping it goes through the
//!   routes and API keys once.
//! - Not bounded: the regular expressions in a model's `pattern`, which backtrack.
//!
//! One module an area, each with its page of requirements (`spec/requirements/`): every requirement
//! says what must be seen from outside, where that is documented or was observed, or that it is
//! assumed. [`requirement::registry`] reads them.
//!
//! # Features
//!
//! - `proptest` (off by default): the module `strategy`, generators for property tests, with those
//!   of the template language.
//! - `oracle` (off by default): tests against the real Velocity, which need Java. It adds nothing
//!   to the library.

pub mod access_log;
pub mod api;
pub mod authorizer;
pub mod base64;
mod call;
mod close;
pub mod compile;
pub mod connection;
pub mod deployment;
pub mod domain;
pub mod error_frame;
pub mod event;
mod explanation;
mod gateway;
pub mod handshake;
pub mod http;
pub mod ids;
pub mod integration;
pub mod io;
pub mod json;
pub mod lifecycle;
pub mod limits;
pub mod management;
pub mod message;
pub mod model;
pub mod percent;
pub mod policy;
pub mod requirement;
pub mod route;
pub mod selection;
pub mod signature;
pub mod template;
pub mod throttle;
pub mod time;
pub mod usage_plan;

#[cfg(test)]
mod snapshots;

#[cfg(any(test, feature = "proptest"))]
pub mod strategy;

pub use api::Api;
pub use compile::{CannotDeploy, CompiledApi, InvalidApi, InvalidRoute, Location, Problem};
pub use gateway::{Gateway, OpenConnection, Traffic};
pub use io::{Input, Output};
pub use time::Timestamp;
