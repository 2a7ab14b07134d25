//! SAM and CloudFormation templates to what they declare of a WebSocket API. Pure: no sockets, no
//! clock; only templates are read, and the files beside them in which their tools say what is where.
//!
//! ```text
//! text ── document ── transform ── template ── stacks ── resources ── calls ── assembly ── plan
//!         YAML nodes  SAM, the     parameters, values    one file     which    the whole,  what
//!         with spans  language's   conditions, of other  per type of  function compiled    changes
//!                     extensions   intrinsic   stacks    resources,   is                   between
//!                                  functions             a registry   called               two
//! ```
//!
//! Each layer uses those to its left and none to its right (a test holds it to that):
//!
//! - messages: `error` (what is wrong and where), `diagnostics` (all of it, sorted); `input` (the
//!   template in a file or folder, a file per dialect), `variables`, `settings`
//! - document: `document::{plain, scalar, source, yaml, value}`
//! - template: `template::{call, intrinsics, lookup, names, parameters, rules, stack, others}`,
//!   then `template` itself
//! - transform: `transform`, nodes to nodes: what the section `Transform` asks for. It runs before
//!   the template is read, and uses no more of `template` than how functions are written
//! - stacks: a template for each stack of the assembly, and what they have of each other
//! - resources: `event_pattern`, `declared` (plain data), `resources::{properties, locations, draft, order}`, a file per
//!   type, then `resources`, the registry
//! - assembly: `load` (the templates of all stacks), `connected` (which of them belong together),
//!   `calls`, `assembly`, `plan`; `mapping` reads mapping templates alone
//!
//! Reading does not stop at an error. Whatever is wrong is noted, whatever can be read goes on, and
//! [`Diagnostics`] holds all of it: an error for what makes the API unservable, a warning for
//! everything else that is not done as AWS would do it. Errors that only follow from another one
//! are not reported: the readers put something harmless in place of what they cannot read, and
//! an error that is met several times counts once.
//!
//! # Features
//!
//! - `oracle`: tests against aws-sam-translator, which need Python

mod assembly;
mod calls;
mod connected;
mod declared;
mod diagnostics;
mod document;
mod error;
mod event_pattern;
mod input;
mod load;
mod mapping;
mod plan;
mod resources;
mod settings;
mod stacks;
mod template;
mod transform;
mod variables;

pub use assembly::Assembly;
pub use declared::{
    Asynchronous, Code, EventSourceMapping, Function, Layer, Permission, StartingPosition, Table,
};
pub use diagnostics::Diagnostics;
pub use error::{Error, ErrorKind, Warning, WarningKind};
pub use event_pattern::EventPattern;
pub use input::{Dialect, Input, InputError, StackTemplate};
pub use mapping::{MappingPlace, MappingTemplate, MappingTemplates, UnreadTemplate};
pub use plan::{
    Change, FunctionChange, FunctionPart, NeedsRestart, Plan, Refusal, TableChange, TablePart,
};
pub use settings::Settings;
pub use variables::{InvalidVariables, Variables};

#[cfg(test)]
mod tests;
