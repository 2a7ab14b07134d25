//! What a running gateway decided, for people and for tests: exchanges, the page that shows them, and
//! cases made of them.

pub mod case;
pub mod console;
