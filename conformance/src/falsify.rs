//! Looks for what breaks a mapping template: messages, authorizer results and parameters are
//! generated for what the template reads, the template is rendered, and the smallest input that
//! leads to a flaw is kept, with the reference that let it through.
//!
//! ```text
//! template ── reads: members, parameters, claims… ── generate: inputs ── render
//!                                                                          │
//!             output: in its receiver's language?    twin: built as for harmless texts?
//!                                                                          │
//!                                              shrink: the smallest input with the same flaw
//! ```

mod coverage;
mod document;
mod generate;
mod input;
mod output;
mod place;
mod reads;
mod references;
mod shape;
mod shrink;
mod subject;
mod twin;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use serde_json::Value;
use spec::template::{MappingTemplate, Output};
use velocity::RenderError;

pub use coverage::{Coverage, Kind};
pub use input::{Flaw, Input, Language};
pub use place::{Group, Place};

use coverage::Points;
use generate::Generator;
use references::Reached;
use subject::{Subject, Symptom, Twins};

/// How much to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// How many inputs.
    pub cases: u32,
    /// Where the random numbers start: the same seed tries the same inputs.
    pub seed: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// At most one for each kind of flaw: the smallest.
    pub found: Vec<Counterexample>,
    /// What was tried where.
    pub coverage: Coverage,
    /// How many different inputs were tried: fewer than asked for where chance made some twice.
    pub tried: u32,
}

/// The smallest input that shows a flaw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// What is wrong.
    pub flaw: Flaw,
    /// The input.
    pub input: Input,
    /// What the template rendered to, or why it did not.
    pub rendered: Result<String, RenderError>,
    /// What is wrong with it, in a sentence.
    pub detail: String,
    /// The bytes of the reference without which the flaw is gone, if there is one.
    pub culprit: Option<Range<usize>>,
}

/// Looks for every kind of flaw of a template whose output has to be `output`. `progress` is told
/// now and then how many inputs were tried.
pub fn falsify(
    template: &MappingTemplate,
    output: Output,
    effort: Effort,
    mut progress: impl FnMut(u32),
) -> Search {
    let subject = Subject::new(template.clone(), output);
    let mut keys = Vec::new();
    if let Some(value) = &subject.harmless {
        collect_keys(value, &mut keys);
    }
    let mut generator = Generator::new(&subject.reads, output, keys, effort.seed);
    let mut first = generator.first().into_iter();
    let mut found: BTreeMap<Flaw, (Symptom, Input)> = BTreeMap::new();
    let mut points = Points::of(&subject.reads);
    let mut reached = Reached::of(template);
    let mut seen = HashSet::new();
    for made in 1..=effort.cases {
        if made % 256 == 0 {
            progress(made);
        }
        let input = first.next().unwrap_or_else(|| generator.any());
        if !seen.insert(input.clone()) {
            continue;
        }
        points.note(&input);
        reached.note(&subject, &input);
        // Nothing worse than the worst can be found.
        let worst = |flaw| found.get(flaw).is_some_and(|(known, _)| known.rank == 0);
        let twins = if [Flaw::Forged, Flaw::MalformedInside].iter().all(worst) {
            Twins::Skip
        } else {
            Twins::Compare
        };
        for (flaw, symptom) in subject.judge(&input, twins) {
            let known = found.get(&flaw);
            if known.is_none_or(|(known, _)| symptom.rank < known.rank) {
                found.insert(flaw, (symptom, input.clone()));
            }
        }
    }
    let found = found
        .into_iter()
        .map(|(flaw, (symptom, input))| subject.counterexample(flaw, &symptom, input))
        .collect();
    Search {
        found,
        coverage: Coverage {
            tried: points.tried(),
            unreached: reached.missing(),
        },
        tried: u32::try_from(seen.len()).unwrap_or(u32::MAX),
    }
}

impl Subject {
    fn counterexample(&self, flaw: Flaw, symptom: &Symptom, input: Input) -> Counterexample {
        let shows = |input: &Input| {
            let found = self.symptom(flaw, input);
            found.is_some_and(|found| found.rank <= symptom.rank)
        };
        let input = shrink::smallest(input, shows);
        let smallest = self.symptom(flaw, &input);
        Counterexample {
            flaw,
            rendered: self.render(&input),
            culprit: references::culprit(self, flaw, &input),
            detail: smallest.map_or_else(|| symptom.detail.clone(), |found| found.detail),
            input,
        }
    }
}

fn collect_keys(value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
                collect_keys(member, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        Value::String(text) => {
            if let Ok(held @ (Value::Object(_) | Value::Array(_))) = document::document(text) {
                collect_keys(&held, keys);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wild;
