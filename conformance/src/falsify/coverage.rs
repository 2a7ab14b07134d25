//! What was tried at which reference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde_json::Value;

use super::Place;
use super::document::document;
use super::input::Input;
use super::reads::Reads;
use super::shape::{Step, spelled};

/// Which kinds of values were tried at each location that the template reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The kinds by location, such as `$.id` or `$context.authorizer.token`.
    pub tried: BTreeMap<String, BTreeSet<Kind>>,
    /// The bytes of the references that print and that no input reached.
    pub unreached: Vec<Range<usize>>,
}

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A string.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// A map.
    Map,
    /// Null.
    Null,
    /// No value.
    Missing,
    /// A message that is not JSON.
    PlainText,
}

/// The locations that a template reads, to be noted for every input.
pub(super) struct Points {
    body: Vec<Point>,
    places: Vec<(Place, Vec<Point>)>,
}

struct Point {
    name: String,
    path: Vec<Step>,
    kinds: BTreeSet<Kind>,
}

impl Points {
    pub(super) fn of(reads: &Reads) -> Self {
        let point = |name: String, path: Vec<Step>| Point {
            name,
            path,
            kinds: BTreeSet::new(),
        };
        let body = reads.body.points().into_iter();
        let places = reads.places.iter().map(|(place, shape)| {
            let points = shape.points().into_iter().map(|(path, _)| {
                let name = format!("{place}{}", spelled(&path).trim_start_matches('$'));
                point(name, path)
            });
            (place.clone(), points.collect())
        });
        Self {
            body: body.map(|(path, _)| point(spelled(&path), path)).collect(),
            places: places.collect(),
        }
    }

    pub(super) fn note(&mut self, input: &Input) {
        let body = document(&input.body).ok();
        for Point { path, kinds, .. } in &mut self.body {
            match &body {
                Some(body) => collect(body, path, kinds),
                None => {
                    let plain = path.is_empty() && !input.body.is_empty();
                    kinds.insert(if plain {
                        Kind::PlainText
                    } else {
                        Kind::Missing
                    });
                }
            }
        }
        for (place, points) in &mut self.places {
            for Point { path, kinds, .. } in points {
                match input.values.get(place) {
                    Some(text) => collect(&Value::from(text.as_str()), path, kinds),
                    None => _ = kinds.insert(Kind::Missing),
                }
            }
        }
    }

    pub(super) fn tried(self) -> BTreeMap<String, BTreeSet<Kind>> {
        let places = self.places.into_iter().flat_map(|(_, points)| points);
        let all = self.body.into_iter().chain(places);
        all.map(|point| (point.name, point.kinds)).collect()
    }
}

/// The kinds of what is at the end of a path.
fn collect(value: &Value, path: &[Step], kinds: &mut BTreeSet<Kind>) {
    let Some((step, rest)) = path.split_first() else {
        kinds.insert(Kind::of(value));
        return;
    };
    let mut below = |value: Option<&Value>| match value {
        Some(value) => collect(value, rest, kinds),
        None => _ = kinds.insert(Kind::Missing),
    };
    match (step, value) {
        (Step::Member(name), _) => below(value.get(name)),
        (Step::Index(_) | Step::Each, Value::Array(items)) if !items.is_empty() => {
            items.iter().for_each(|item| below(Some(item)));
        }
        (Step::Each, Value::Object(members)) if !members.is_empty() => {
            members.values().for_each(|member| below(Some(member)));
        }
        (Step::Parsed, Value::String(text)) => {
            let inner = document(text).ok();
            below(inner.as_ref());
        }
        _ => below(None),
    }
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Map,
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tried.is_empty() {
            return f.write_str("it reads nothing that others control");
        }
        // Locations with the same kinds share their list.
        let mut groups: Vec<(&BTreeSet<Kind>, Vec<&str>)> = Vec::new();
        for (name, kinds) in &self.tried {
            match groups.iter_mut().find(|(known, _)| *known == kinds) {
                Some((_, names)) => names.push(name),
                None => groups.push((kinds, vec![name])),
            }
        }
        for (index, (kinds, names)) in groups.iter().enumerate() {
            let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
            let between = if index == 0 { "" } else { "; " };
            let names = names.join(", ");
            write!(f, "{between}{names} as {}", kinds.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Map => "map",
            Self::Null => "null",
            Self::Missing => "missing",
            Self::PlainText => "plain text",
        })
    }
}
