//! What a running gateway decided, for people and for tests: exchanges, the page that shows them, and
//! cases made of them.

pub mod console;
pub mod exchange;
mod page;
mod server;
mod store;

pub use server::{NoPage, Page};
pub use exchange::follow;
pub use store::{Changes, Cursor, Store};
