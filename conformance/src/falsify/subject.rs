//! What one input does to a template.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use serde_json::Value;
use spec::template::{MappingTemplate, Output, Scope};
use velocity::{RenderError, RenderErrorKind};

use super::document::document;
use super::generate::harmless;
use super::input::{Flaw, Input, Language, Surroundings};
use super::output;
use super::place::Place;
use super::reads::Reads;
use super::twin::{self, Difference};

/// A template with what is known about it.
pub(super) struct Subject {
    pub(super) template: MappingTemplate,
    pub(super) output: Output,
    pub(super) reads: Reads,
    /// What it renders to for a harmless input, if that is in its language.
    pub(super) harmless: Option<Value>,
    /// Whether a harmless input renders.
    renders: bool,
    /// Where the harmless output has the whole message, as JSON pointers.
    whole: Vec<String>,
    /// Where its strings hold JSON.
    documents: BTreeSet<String>,
    known: RefCell<Known>,
}

/// What is needed again and again.
#[derive(Default)]
struct Known {
    surroundings: Option<(BTreeMap<Place, String>, Rc<Surroundings>)>,
    /// What inputs with harmless texts render to; `None` if that is not in the language.
    twins: HashMap<Input, Option<Rc<Value>>>,
}

/// A flaw of one output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Symptom {
    /// Less is worse: to change what is there is worse than to add something.
    pub(super) rank: u8,
    pub(super) detail: String,
}

/// Whether the output is compared with that for harmless texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twins {
    Compare,
    Skip,
}

const HARMLESS_BODY: &str = r#"{"action": "sendmessage", "message": "hey queen"}"#;

/// So many twins are kept.
const MOST_TWINS: usize = 2_000;

impl Subject {
    pub(super) fn new(template: MappingTemplate, output: Output) -> Self {
        let reads = Reads::of(&template);
        Self::with_reads(template, output, reads)
    }

    /// The same inputs for another template.
    pub(super) fn changed(&self, template: MappingTemplate) -> Self {
        Self::with_reads(template, self.output, self.reads.clone())
    }

    fn with_reads(template: MappingTemplate, output: Output, reads: Reads) -> Self {
        let mut input = harmless(&reads);
        if reads.body.members.is_empty() && reads.body.each.is_none() {
            HARMLESS_BODY.clone_into(&mut input.body);
        }
        // Spaces tell a message that is passed on from a document that is built like it.
        if input.body.starts_with(['{', '[']) {
            input.body.insert_str(1, "  ");
        }
        let mut subject = Self {
            template,
            output,
            reads,
            harmless: None,
            renders: false,
            whole: Vec::new(),
            documents: BTreeSet::new(),
            known: RefCell::default(),
        };
        let rendered = subject.render(&input);
        subject.renders = rendered.is_ok();
        subject.harmless = rendered
            .ok()
            .and_then(|text| output::parse(output, &text).ok());
        if let Some(value) = &subject.harmless {
            subject.documents = twin::documents(value);
            if output == Output::Json {
                subject.whole = pointers(value, &input.body);
            }
        }
        subject
    }

    pub(super) fn symptom(&self, flaw: Flaw, input: &Input) -> Option<Symptom> {
        let twins = match flaw {
            Flaw::MalformedInside | Flaw::Forged => Twins::Compare,
            Flaw::RenderError | Flaw::Malformed(_) | Flaw::Altered => Twins::Skip,
        };
        let mut all = self.judge(input, twins).into_iter();
        all.find(|(found, _)| *found == flaw)
            .map(|(_, symptom)| symptom)
    }

    /// The flaws that this input shows, at most one of each kind.
    pub(super) fn judge(&self, input: &Input, twins: Twins) -> Vec<(Flaw, Symptom)> {
        let rendered = match self.render(input) {
            Ok(rendered) => rendered,
            // API Gateway refuses the message, whatever the template.
            Err(_) if is_refused(&input.body) => return Vec::new(),
            // This engine cannot say what the real one does with such a value.
            Err(error) if self.renders && error.kind() == RenderErrorKind::Unsupported => {
                return Vec::new();
            }
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
        if twins == Twins::Compare {
            flaws.extend(self.out_of_place(input, &value));
        }
        flaws
    }

    /// Where the harmless message stands, every message must stand as it was sent.
    fn altered(&self, input: &Input, value: &Value) -> Option<(Flaw, Symptom)> {
        // AWS shows an empty message as `{}`.
        let sent = if input.body.is_empty() {
            "{}"
        } else {
            &input.body
        };
        let pointers = self.whole.iter();
        let mut arrived = pointers.filter_map(|pointer| Some((value.pointer(pointer)?, pointer)));
        let (arrived, pointer) = arrived.find(|(arrived, _)| *arrived != sent)?;
        let detail = format!("the message arrives at `{pointer}` as {arrived}");
        Some((Flaw::Altered, Symptom::new(detail)))
    }

    /// What gets out of its location, compared with the output for harmless texts.
    fn out_of_place(&self, input: &Input, value: &Value) -> Vec<(Flaw, Symptom)> {
        let Some((one, other, free)) = self.twins(input) else {
            return Vec::new();
        };
        let mut flaws: Vec<(Flaw, Symptom)> = Vec::new();
        for difference in twin::differences([&one, &other], value, free, &self.documents) {
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

    /// What the input renders to with harmless texts, and whether these are numbers; `None` if the
    /// input is harmless, or neither gives an output.
    fn twins(&self, input: &Input) -> Option<(Rc<Value>, Rc<Value>, bool)> {
        for (texts, free) in [(twin::TEXTS, false), (twin::NUMBERS, true)] {
            let [one, other] = texts.map(|text| twin::twin(&self.reads, input, text));
            if one == *input || other == *input {
                return None;
            }
            if let (Some(one), Some(other)) = (self.twin_value(one), self.twin_value(other)) {
                return Some((one, other, free));
            }
        }
        None
    }

    fn twin_value(&self, twin: Input) -> Option<Rc<Value>> {
        if let Some(known) = self.known.borrow().twins.get(&twin) {
            return known.clone();
        }
        let value = self.value(&twin).map(Rc::new);
        let twins = &mut self.known.borrow_mut().twins;
        if twins.len() >= MOST_TWINS {
            twins.clear();
        }
        twins.insert(twin, value.clone());
        value
    }

    fn value(&self, input: &Input) -> Option<Value> {
        output::parse(self.output, &self.render(input).ok()?).ok()
    }

    pub(super) fn render(&self, input: &Input) -> Result<String, RenderError> {
        self.render_as(&self.template, input)
    }

    /// Renders another template for the input.
    pub(super) fn render_as(
        &self,
        template: &MappingTemplate,
        input: &Input,
    ) -> Result<String, RenderError> {
        let around = self.surroundings(input);
        let scope = Scope::new(&input.body, &around.context)
            .stage_variables(&around.stage_variables)
            .params(&around.params);
        template.render(&scope)
    }

    /// What the template sees beside the message: often the same as for the input before.
    fn surroundings(&self, input: &Input) -> Rc<Surroundings> {
        let mut known = self.known.borrow_mut();
        match &known.surroundings {
            Some((values, around)) if *values == input.values => Rc::clone(around),
            _ => {
                let around = Rc::new(Surroundings::of(input));
                known.surroundings = Some((input.values.clone(), Rc::clone(&around)));
                around
            }
        }
    }
}

impl Symptom {
    fn new(detail: String) -> Self {
        Self { rank: 0, detail }
    }
}

/// Whether the message begins as a document and is none.
fn is_refused(body: &str) -> bool {
    body.trim_start().starts_with(['{', '[']) && document(body).is_err()
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
