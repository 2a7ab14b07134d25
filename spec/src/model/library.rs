//! The validator as the library behaves, for tests that hold it to the library: unknown keywords
//! only warn, and a schema is refused when a value gets to what is wrong with it.

use super::message::{self, Out};
use super::pattern::Pattern;
use super::schema::Schemas;
use super::syntax::FaultKind;
use super::validate::{Stop, validate};
use crate::json::node;
use velocity::Text;

/// What the library answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The value fits.
    Pass,
    /// It does not: the messages, each once, in their order.
    Fail(Vec<Text<'static>>),
    /// The schema is refused.
    Refused,
    /// It takes more than we are ready to spend.
    Bounded,
}

/// A verdict with the warnings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// What was warned of, sorted.
    pub warnings: Vec<Text<'static>>,
    /// What the syntax check says of the schema: pointer and words.
    pub syntax: Vec<(String, String)>,
}

/// Judges a value by a schema, both as JSON. `None` when one of them is not JSON.
pub fn judge(schema: &str, instance: &str) -> Option<Answer> {
    let root = node::parse(schema).ok()?;
    let value = node::parse(instance).ok()?;
    let (schemas, _) = Schemas::compile(&root, &[]);
    let faults = super::syntax::check(&root, "", super::schema::dialect(&root));
    let mut warnings = Vec::new();
    let mut syntax = Vec::new();
    for fault in faults {
        match fault.kind {
            FaultKind::Syntax(problem) => syntax.push((fault.pointer, problem)),
            // A reference at the root is followed before anything is looked at.
            FaultKind::Unknown(_) if root.get("$ref").is_some() => {}
            FaultKind::Unknown(names) => {
                let mut out = Out::new();
                out.str("the following keywords are unknown and will be ignored: [");
                out.str(&names.join(", ")).str("]");
                warnings.push(out.done());
            }
        }
    }
    let verdict = match validate(&schemas, &value) {
        Ok(report) => {
            warnings.extend(report.warnings);
            if report.errors.is_empty() {
                Verdict::Pass
            } else {
                Verdict::Fail(report.errors)
            }
        }
        Err(Stop::Steps | Stop::Depth) => Verdict::Bounded,
        Err(Stop::Loop | Stop::Schema(_)) => Verdict::Refused,
    };
    warnings.sort();
    Some(Answer {
        verdict,
        warnings,
        syntax,
    })
}

/// Texts as Java prints a `HashSet` of them.
pub fn hash_set(texts: Vec<Text<'static>>) -> Text<'static> {
    let mut out = Out::new();
    out.str("[");
    for (at, text) in message::hash_set(texts).iter().enumerate() {
        out.str(if at == 0 { "" } else { ", " }).text(text);
    }
    out.str("]");
    out.done()
}

/// Whether a pattern is found in a text: `None` when it is no pattern, or takes too long.
pub fn is_found(pattern: &Text<'_>, text: &Text<'_>) -> Option<bool> {
    let pattern = Pattern::parse(pattern).ok()?;
    pattern.is_found(text, &mut 10_000_000).ok()
}
