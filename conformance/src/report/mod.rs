//! Reports: the table on a terminal, JSON Lines for machines, Markdown for people.

mod jsonl;
mod markdown;
mod table;

pub use jsonl::jsonl;
pub use markdown::markdown;
pub use table::table;
