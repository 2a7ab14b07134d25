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
mod generate;
mod input;
mod output;
mod place;
mod reads;
mod shape;
mod shrink;
mod twin;

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use spec::template::{MappingTemplate, Output, Scope, Variables};
use velocity::RenderError;
use velocity::syntax::Part;

pub use coverage::{Coverage, Kind};
pub use input::{Flaw, Input, Language};
pub use place::{Group, Place};

use coverage::Points;
use generate::{Generator, harmless};
use reads::Reads;
use twin::Difference;

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
    /// How many inputs were tried: fewer than asked for when every kind of flaw was found.
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

/// A template with what is known about it.
struct Subject {
    template: MappingTemplate,
    output: Output,
    reads: Reads,
    /// What it renders to for a harmless input, if that is in its language.
    harmless: Option<Value>,
}

/// A flaw of one output.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Symptom {
    /// Less is worse: to change what is there is worse than to add something.
    rank: u8,
    detail: String,
}

const HARMLESS_BODY: &str = r#"{"action": "sendmessage", "message": "hey queen"}"#;

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
    let mut tried = 0;
    while tried < effort.cases {
        let input = first.next().unwrap_or_else(|| generator.any());
        tried += 1;
        if tried % 256 == 0 {
            progress(tried);
        }
        points.note(&input);
        for (flaw, symptom) in subject.judge(&input) {
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
        coverage: points.coverage(),
        tried,
    }
}

impl Subject {
    fn new(template: MappingTemplate, output: Output) -> Self {
        let mut subject = Self {
            reads: Reads::of(&template),
            template,
            output,
            harmless: None,
        };
        let mut input = harmless(&subject.reads);
        if subject.reads.body.members.is_empty() && subject.reads.body.each.is_none() {
            HARMLESS_BODY.clone_into(&mut input.body);
        }
        subject.harmless = subject.value(&input);
        subject
    }

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
            culprit: self.culprit(flaw, &input),
            detail: smallest.map_or_else(|| symptom.detail.clone(), |found| found.detail),
            input,
        }
    }

    fn symptom(&self, flaw: Flaw, input: &Input) -> Option<Symptom> {
        let mut all = self.judge(input).into_iter();
        all.find(|(found, _)| *found == flaw)
            .map(|(_, symptom)| symptom)
    }

    /// The flaws that this input shows, at most one of each kind.
    fn judge(&self, input: &Input) -> Vec<(Flaw, Symptom)> {
        let rendered = match self.render(input) {
            Ok(rendered) => rendered,
            // API Gateway refuses the message, whatever the template.
            Err(_) if is_refused(&input.body) => return Vec::new(),
            Err(error) => return vec![(Flaw::RenderError, Symptom::new(error.to_string()))],
        };
        let Some(language) = Language::of(self.output) else {
            return Vec::new();
        };
        let value = match output::parse(self.output, &rendered) {
            Ok(value) => value,
            Err(error) => {
                let detail = format!("what it renders to is not {language}: {error}");
                return vec![(Flaw::Malformed(language), Symptom::new(detail))];
            }
        };
        let mut flaws: Vec<(Flaw, Symptom)> = self.altered(input, &value).into_iter().collect();
        if twin::is_hostile(input) {
            flaws.extend(self.out_of_place(input, &value));
        }
        flaws
    }

    /// Where the harmless message stands, every message must stand as it was sent.
    fn altered(&self, input: &Input, value: &Value) -> Option<(Flaw, Symptom)> {
        if self.output != Output::Json {
            return None;
        }
        // AWS shows an empty message as `{}`.
        let sent = if input.body.is_empty() {
            "{}"
        } else {
            &input.body
        };
        let harmless = self.harmless.as_ref()?;
        let pointers = pointers(harmless, HARMLESS_BODY).into_iter();
        let mut arrived = pointers.filter_map(|pointer| Some((value.pointer(&pointer)?, pointer)));
        let (arrived, pointer) = arrived.find(|(arrived, _)| *arrived != sent)?;
        let detail = format!("the message arrives at `{pointer}` as {arrived}");
        Some((Flaw::Altered, Symptom::new(detail)))
    }

    /// What gets out of its location, compared with the output for harmless texts.
    fn out_of_place(&self, input: &Input, value: &Value) -> Vec<(Flaw, Symptom)> {
        let render = |texts: [&str; 2]| {
            let [one, other] = texts.map(|text| self.value(&twin::twin(&self.reads, input, text)));
            Some((one?, other?))
        };
        let (pair, free) = match render(twin::TEXTS) {
            Some(pair) => (Some(pair), false),
            None => (render(twin::NUMBERS), true),
        };
        let Some((one, other)) = pair else {
            return Vec::new();
        };
        let mut flaws: Vec<(Flaw, Symptom)> = Vec::new();
        for difference in twin::differences(&one, &other, value, free) {
            let (flaw, rank, detail) = match difference {
                Difference::Changed(detail) => (Flaw::Forged, 0, detail),
                Difference::Added(detail) => (Flaw::Forged, 1, detail),
                Difference::Inside(detail) => (Flaw::MalformedInside, 0, detail),
            };
            let symptom = Symptom { rank, detail };
            match flaws.iter_mut().find(|(known, _)| *known == flaw) {
                Some((_, known)) if symptom.rank < known.rank => *known = symptom,
                Some(_) => {}
                None => flaws.push((flaw, symptom)),
            }
        }
        flaws
    }

    fn value(&self, input: &Input) -> Option<Value> {
        output::parse(self.output, &self.render(input).ok()?).ok()
    }

    fn render(&self, input: &Input) -> Result<String, RenderError> {
        let (context, stage_variables, params) = input.surroundings();
        let context = Variables::from(context);
        let stage_variables = Variables::from(stage_variables);
        let scope = Scope::new(&input.body, &context)
            .stage_variables(&stage_variables)
            .params(&params);
        self.template.render(&scope)
    }

    /// The printing reference without which the input is harmless: the first whose replacement by
    /// `x` makes the flaw go away.
    fn culprit(&self, flaw: Flaw, input: &Input) -> Option<Range<usize>> {
        let source = self.template.source();
        let mut printing = Vec::new();
        collect_printing(&self.template.parts(), &mut printing);
        printing.into_iter().find(|span| {
            // Where only a number can stand, `x` is no help.
            ["x", "0"].iter().any(|harmless| {
                let without = format!("{}{harmless}{}", &source[..span.start], &source[span.end..]);
                MappingTemplate::parse(&without).is_ok_and(|template| {
                    let mut other = Self::new(template, self.output);
                    other.reads = self.reads.clone();
                    other.symptom(flaw, input).is_none()
                })
            })
        })
    }
}

impl Symptom {
    fn new(detail: String) -> Self {
        Self { rank: 0, detail }
    }
}

/// Whether the message begins as a document and is none.
fn is_refused(body: &str) -> bool {
    body.trim_start().starts_with(['{', '[']) && serde_json::from_str::<Value>(body).is_err()
}

/// Where the string `text` stands, as JSON pointers.
fn pointers(value: &Value, text: &str) -> Vec<String> {
    fn walk(value: &Value, text: &str, at: &str, found: &mut Vec<String>) {
        match value {
            Value::String(here) if here == text => found.push(at.to_owned()),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, text, &format!("{at}/{index}"), found);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    walk(member, text, &format!("{at}/{key}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, text, "", &mut found);
    found
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
        _ => {}
    }
}

/// The bytes of the references that print, in order.
fn collect_printing(parts: &[Part<'_>], spans: &mut Vec<Range<usize>>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Reference(reference) => spans.push(reference.span.clone()),
            Part::Directive(directive) => {
                for block in &directive.blocks {
                    collect_printing(block, spans);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wild;
