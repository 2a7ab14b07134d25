//! What a running gateway decided, for people and for tests: exchanges, the page that shows them, and
//! cases made of them.

pub mod console;
mod exchange;
mod follow;
mod page;
mod server;
mod store;

pub use exchange::{
    Call, Closer, Decision, Exchange, Function, Kind, Message, Model, Outcome, Request, Role,
    Route, Sent, TEXT_BYTES, Target, TargetKind, Template, Values, Verdict,
};
pub use follow::follow;
pub use server::{NoPage, Page};
pub use store::{Changes, Cursor, Store};
