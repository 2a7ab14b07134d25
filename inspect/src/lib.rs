//! What a running gateway decided, for people and for tests: exchanges, the page that shows them, and
//! cases made of them.

pub mod console;
mod exchange;

pub use exchange::{
    Call, Closer, Decision, Exchange, Function, Kind, Message, Model, Outcome, Request, Role,
    Route, Sent, TEXT_BYTES, Target, TargetKind, Template, Values, Verdict,
};
