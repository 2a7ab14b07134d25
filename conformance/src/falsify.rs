//! Looks for what breaks a mapping template: messages, authorizer results and parameters are
//! generated, the template is rendered, and the smallest input that leads to a flaw is kept, with
//! the reference that let it through.

mod input;
mod json;
mod place;

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde::de::IgnoredAny;
use serde_json::Value;
use spec::strategy;
use spec::template::{MappingTemplate, Scope, Variables};

pub use input::{Flaw, Input};
pub use place::Place;

use input::shortest;
use json::{collect_keys, compare, json, pointers};
use place::{collect_printing, directed, is_params, place};

/// How much to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// How many inputs for each kind of flaw.
    pub cases: u32,
    /// Where the random numbers start: the same seed tries the same inputs.
    pub seed: u64,
}

/// The smallest input that shows a flaw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// What is wrong.
    pub flaw: Flaw,
    /// The input.
    pub input: Input,
    /// What the template rendered to, or why it did not.
    pub rendered: String,
    /// What is wrong with it, in a sentence.
    pub detail: String,
    /// The bytes of the reference without which the flaw is gone, if there is one.
    pub culprit: Option<Range<usize>>,
}

/// A template with what is known about it.
struct Subject {
    template: MappingTemplate,
    /// The values it uses, and whether a directive looks at them: such a value may change anything.
    places: BTreeMap<Place, bool>,
    /// Whether a message shows only as a whole, through `$input.body`.
    whole_body: bool,
    /// What it renders to for harmless input, if that is JSON.
    harmless: Option<Value>,
    /// The names of all members in there.
    keys: Vec<String>,
}

const FLAWS: [Flaw; 4] = [
    Flaw::RenderError,
    Flaw::NotJson,
    Flaw::Altered,
    Flaw::Forged,
];
const HARMLESS_BODY: &str = r#"{"action": "sendmessage", "message": "hey queen"}"#;

/// Looks for every kind of flaw: at most one counterexample for each, the smallest that was found.
pub fn falsify(template: &MappingTemplate, effort: Effort) -> Vec<Counterexample> {
    let subject = Subject::new(template.clone());
    FLAWS
        .into_iter()
        .filter_map(|flaw| subject.search(flaw, effort))
        .collect()
}

impl Subject {
    fn new(template: MappingTemplate) -> Self {
        let mut places = BTreeMap::new();
        let mut whole_body = true;
        let parts = template.parts();
        let directed: Vec<Range<usize>> = directed(&parts);
        for reference in template.references() {
            let in_directive = directed
                .iter()
                .any(|span| span.start <= reference.span.start && reference.span.end <= span.end);
            if let Some(place) = place(&reference) {
                *places.entry(place).or_insert(false) |= in_directive;
            }
            let is_body = reference.root == "input"
                && reference
                    .steps
                    .first()
                    .is_some_and(|step| step.name == Some("body"));
            if reference.root == "input" && (!is_body || in_directive) && !is_params(&reference) {
                whole_body = false;
            }
        }
        let mut subject = Self {
            template,
            places,
            whole_body,
            harmless: None,
            keys: Vec::new(),
        };
        subject.harmless = subject
            .render(&subject.harmless_input())
            .ok()
            .and_then(|text| json(&text));
        if let Some(value) = &subject.harmless {
            collect_keys(value, &mut subject.keys);
            subject.whole_body &= !pointers(value, HARMLESS_BODY).is_empty();
        }
        subject
    }

    fn search(&self, flaw: Flaw, effort: Effort) -> Option<Counterexample> {
        let harmless = self.harmless_input();
        let found = if self.shows(flaw, &harmless).is_some() {
            harmless
        } else {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&effort.seed.to_le_bytes());
            let config = Config {
                failure_persistence: None,
                max_shrink_iters: 100_000,
                ..Config::with_cases(effort.cases)
            };
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
            let result = TestRunner::new_with_rng(config, rng).run(&self.inputs(), |input| {
                match self.shows(flaw, &input) {
                    Some(detail) => Err(TestCaseError::fail(detail)),
                    None => Ok(()),
                }
            });
            match result {
                Err(TestError::Fail(_, input)) => self.smaller(flaw, input),
                _ => return None,
            }
        };
        let detail = self.shows(flaw, &found)?;
        Some(Counterexample {
            flaw,
            rendered: self.render(&found).unwrap_or_else(|error| error),
            culprit: self.culprit(flaw, &found),
            input: found,
            detail,
        })
    }

    /// Takes back to harmless what the flaw does not need, and cuts down the rest.
    fn smaller(&self, flaw: Flaw, mut input: Input) -> Input {
        let harmless = self.harmless_input();
        for place in self.places.keys() {
            let with = |text: &str| {
                let mut other = input.clone();
                other.values.insert(place.clone(), text.to_owned());
                other
            };
            let shows = |text: &str| self.shows(flaw, &with(text)).is_some();
            let tame = &harmless.values[place];
            let text = if shows(tame) {
                tame.clone()
            } else {
                shortest(&input.values[place], shows)
            };
            input = with(&text);
        }
        let with = |text: &str| Input {
            body: text.to_owned(),
            values: input.values.clone(),
        };
        let shows = |text: &str| self.shows(flaw, &with(text)).is_some();
        let body = if shows(&harmless.body) {
            harmless.body
        } else {
            shortest(&input.body, shows)
        };
        with(&body)
    }

    /// The flaw in words, if this input shows it.
    fn shows(&self, flaw: Flaw, input: &Input) -> Option<String> {
        let rendered = match self.render(input) {
            Err(error) => return (flaw == Flaw::RenderError).then_some(error),
            Ok(rendered) => rendered,
        };
        if flaw == Flaw::NotJson {
            return match serde_json::from_str::<IgnoredAny>(&rendered) {
                Ok(_) => None,
                Err(error) => Some(format!("what it renders to is not JSON: {error}")),
            };
        }
        let (value, harmless) = (json(&rendered)?, self.harmless.as_ref()?);
        match flaw {
            Flaw::Altered => {
                // AWS shows an empty message as `{}`.
                let sent = if input.body.is_empty() {
                    "{}"
                } else {
                    &input.body
                };
                pointers(harmless, HARMLESS_BODY)
                    .into_iter()
                    .find_map(|pointer| {
                        let arrived = value.pointer(&pointer)?;
                        (arrived != sent)
                            .then(|| format!("the message arrives at `{pointer}` as {arrived}"))
                    })
            }
            Flaw::Forged => self.forged(input, &value, harmless),
            Flaw::RenderError | Flaw::NotJson => None,
        }
    }

    /// Whether a value shows anywhere but in its own place: the output must be that for harmless
    /// values, with each value put where the harmless one stood.
    fn forged(&self, input: &Input, value: &Value, harmless: &Value) -> Option<String> {
        let tame = self.harmless_input();
        let mut calm = tame.clone();
        calm.body.clone_from(&input.body);
        for (place, directed) in &self.places {
            if *directed {
                calm.values
                    .insert(place.clone(), input.values[place].clone());
            }
        }
        let mut expected = if self.whole_body {
            let mut expected = harmless.clone();
            for pointer in pointers(harmless, HARMLESS_BODY) {
                *expected.pointer_mut(&pointer)? = value.pointer(&pointer)?.clone();
            }
            expected
        } else {
            json(&self.render(&calm).ok()?)?
        };
        for place in self.places.keys() {
            for pointer in pointers(harmless, &tame.values[place]) {
                if let (Some(slot), Some(arrived)) =
                    (expected.pointer_mut(&pointer), value.pointer(&pointer))
                {
                    *slot = arrived.clone();
                }
            }
        }
        let mut differences = Vec::new();
        compare(&expected, value, "", &mut differences);
        // To change a member that is there is worse than to add one: that is shown, where there is
        // one to change.
        let changes_only = self.keys.len() > 1;
        differences
            .into_iter()
            .find(|(changed, _)| *changed || !changes_only)
            .map(|(_, difference)| difference)
    }

    fn render(&self, input: &Input) -> Result<String, String> {
        let (context, params) = input.surroundings();
        let context = Variables::from(context);
        let scope = Scope::new(&input.body, &context).params(&params);
        self.template
            .render(&scope)
            .map_err(|error| error.to_string())
    }

    fn harmless_input(&self) -> Input {
        let values = self
            .places
            .keys()
            .map(|place| (place.clone(), format!("harmless {place}")));
        Input {
            body: HARMLESS_BODY.to_owned(),
            values: values.collect(),
        }
    }

    fn inputs(&self) -> impl Strategy<Value = Input> + use<> {
        let places: Vec<Place> = self.places.keys().cloned().collect();
        let body = prop_oneof![3 => strategy::body(), 1 => hostile(&self.keys)];
        let values = proptest::collection::vec(hostile(&self.keys), places.len());
        (body, values).prop_map(move |(body, values)| Input {
            body,
            values: places.iter().cloned().zip(values).collect(),
        })
    }

    /// The printing reference without which the input is harmless: the first whose place taken by
    /// `x` makes the flaw go away.
    fn culprit(&self, flaw: Flaw, input: &Input) -> Option<Range<usize>> {
        let source = self.template.source();
        let mut printing = Vec::new();
        collect_printing(&self.template.parts(), &mut printing);
        printing.into_iter().find(|span| {
            let without = format!("{}x{}", &source[..span.start], &source[span.end..]);
            MappingTemplate::parse(&without).is_ok_and(|template| {
                let mut other = Self::new(template);
                other.places.clone_from(&self.places);
                other.harmless = other
                    .render(&other.harmless_input())
                    .ok()
                    .and_then(|text| json(&text));
                other.shows(flaw, input).is_none()
            })
        })
    }
}

/// Values that try to get out of a string, into one of the template's own members.
fn hostile(keys: &[String]) -> impl Strategy<Value = String> + use<> {
    let mut keys = keys.to_vec();
    keys.push("key".to_owned());
    let breakout = (prop::sample::select(keys), "[a-z]{0,5}")
        .prop_map(|(key, value)| format!("\",\"{key}\":\"{value}"));
    prop_oneof![strategy::token(), breakout]
}

#[cfg(test)]
mod tests;
