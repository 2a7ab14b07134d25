//! What a running gateway decided, for people and for tests: exchanges, the page that shows them, and
//! cases made of them.

pub mod case;
mod connection;
pub mod console;
pub mod event;
mod exchange;
mod fold;
mod follow;
mod line;
mod mask;
mod page;
mod server;
mod store;

pub use connection::{Connection, Connections};
pub use exchange::{
    Call, Closer, Decision, Exchange, Function, Kind, Message, Model, Outcome, Request, Role,
    Route, Sent, TEXT_BYTES, Target, TargetKind, Template, Values, Verdict,
};
pub use fold::Fold;
pub use follow::follow;
pub use mask::{MASK, Masks};
pub use server::{About, NoPage, Page};
pub use store::{Changed, Changes, Cursor, Store};
