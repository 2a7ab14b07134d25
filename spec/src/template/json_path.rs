//! JSONPath as API Gateway's authors write it: Jayway's dialect (TEMPLATE-77).
//!
//! One implementation for both places that need it: mapping templates, where a document is a
//! template's live value, and selection expressions, where it is a [`serde_json::Value`].
//!
//! ```
//! use spec::template::json_path::{JsonPath, Selection};
//!
//! let message = serde_json::json!({"detail-type": "order", "items": [{"id": 1}, {"id": 2}]});
//! assert_eq!(JsonPath::parse("$.detail-type")?.select(&&message), Selection::One(&message["detail-type"]));
//! assert_eq!(JsonPath::parse("$.items[-1].id")?.select(&&message), Selection::One(&message["items"][1]["id"]));
//! assert_eq!(JsonPath::parse("$.items.length()")?.select(&&message), Selection::Number(2.0));
//! assert_eq!(JsonPath::parse("$.nothing")?.select(&&message), Selection::Missing);
//! # Ok::<(), spec::template::json_path::JsonPathError>(())
//! ```

mod filter;
mod parse;

use std::borrow::Cow;

use serde_json::Value as Json;
use velocity::Value;

use self::filter::Filter;

/// A compiled path.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    segments: Vec<Segment>,
    function: Option<Function>,
}

/// A path that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the JSON path `{path}` is not valid: {reason} (at character {position})")]
pub struct JsonPathError {
    path: String,
    reason: String,
    position: usize,
}

/// What a path selects.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection<D> {
    /// A definite path: the one place it leads to.
    One(D),
    /// An indefinite path (a wildcard, `..`, a slice, several names or indexes, a filter): all
    /// places, perhaps none.
    Many(Vec<D>),
    /// A function: its result.
    Number(f64),
    /// A definite path that leads nowhere.
    Missing,
}

#[derive(Clone, Debug, PartialEq)]
enum Segment {
    /// `.name`, `['name']`, `['a','b']`
    Names(Vec<String>),
    /// `[0]`, `[-1]`, `[0,2]`
    Indexes(Vec<i64>),
    /// `[from:to]`
    Slice(Option<i64>, Option<i64>),
    /// `.*`, `[*]`
    All,
    /// `[?(…)]`
    Filter(Box<Filter>),
    /// `..`: everything below, for the segment behind it.
    Descend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Length,
    Min,
    Max,
    Avg,
    Sum,
    StdDev,
}

/// What a path can walk through: a document in whatever form it is held.
pub trait Tree: Clone {
    /// The member `name` of an object.
    fn member(&self, name: &str) -> Option<Self>;

    /// The item at `index` of an array.
    fn item(&self, index: usize) -> Option<Self>;

    /// The number of items of an array; `None` for what is none.
    fn array_len(&self) -> Option<usize>;

    /// The values of an object's members in order; `None` for what is no object.
    fn members(&self) -> Option<Vec<Self>>;

    /// An object of those of these members that there are; `None` when the tree cannot make one.
    fn merged(&self, names: &[String]) -> Option<Self> {
        let _ = names;
        None
    }

    /// What it is, to be compared.
    fn scalar(&self) -> Scalar<'_>;
}

/// What filters compare.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'d> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Any number.
    Number(f64),
    /// A string.
    Text(Cow<'d, str>),
    /// An object or an array.
    Container,
}

/// How many places one path may select, and how many it may pass on the way.
const MAX_PLACES: usize = 1_000_000;

impl JsonPath {
    /// Compiles a path. `$` or `$.` in front may be left out.
    ///
    /// # Errors
    /// When it is no path: the error says where.
    pub fn parse(path: &str) -> Result<Self, JsonPathError> {
        parse::parse(path)
    }

    /// Whether the path can lead to one place only.
    pub fn is_definite(&self) -> bool {
        self.segments.iter().all(Segment::is_definite)
    }

    /// What it selects in `document`.
    pub fn select<D: Tree>(&self, document: &D) -> Selection<D> {
        let definite = self.is_definite();
        let mut places = vec![document.clone()];
        let mut segments = self.segments.iter();
        let mut upstream_definite = true;
        // What several names at the end select of each place.
        let mut merged: Option<Vec<D>> = None;
        while let Some(segment) = segments.next() {
            if upstream_definite && !segment.leads_on(&places) {
                return Selection::Missing;
            }
            upstream_definite &= segment.is_definite();
            if let Segment::Names(names) = segment
                && names.len() > 1
                && segments.as_slice().is_empty()
            {
                merged = places
                    .iter()
                    .filter(|place| place.members().is_some())
                    .map(|place| place.merged(names))
                    .collect();
            }
            let mut budget = MAX_PLACES;
            let mut found = Vec::new();
            match segment {
                Segment::Descend => {
                    let mut below = Vec::new();
                    for place in &places {
                        descend(place, &mut below, &mut budget, MAX_DEPTH);
                    }
                    match segments.next() {
                        None => found = below,
                        Some(behind) => below
                            .iter()
                            .for_each(|place| step(behind, place, &mut found, document, true)),
                    }
                }
                _ => places
                    .iter()
                    .for_each(|place| step(segment, place, &mut found, document, !definite)),
            }
            found.truncate(MAX_PLACES);
            places = found;
        }
        if let (None, Some(Segment::Names(names))) = (self.function, self.segments.last())
            && names.len() > 1
            && let Some(merged) = merged
        {
            let way = &self.segments[..self.segments.len() - 1];
            return if way.iter().all(Segment::is_definite) {
                merged
                    .into_iter()
                    .next()
                    .map_or(Selection::Missing, Selection::One)
            } else {
                Selection::Many(merged)
            };
        }
        match self.function {
            Some(function) => {
                evaluate(function, &places, definite).map_or(Selection::Missing, Selection::Number)
            }
            None if definite => places.pop().map_or(Selection::Missing, Selection::One),
            None => Selection::Many(places),
        }
    }
}

impl Segment {
    fn is_definite(&self) -> bool {
        match self {
            Segment::Names(names) => names.len() == 1,
            Segment::Indexes(indexes) => indexes.len() == 1,
            _ => false,
        }
    }

    /// Whether the only place there is can have what the segment asks for: members, or items. Where
    /// it can not, an indefinite path leads nowhere just as a definite one.
    fn leads_on<D: Tree>(&self, places: &[D]) -> bool {
        let [place] = places else {
            return true;
        };
        match self {
            Segment::Names(_) => place.members().is_some(),
            Segment::Indexes(_) | Segment::Slice(..) => place.array_len().is_some(),
            Segment::All | Segment::Filter(_) | Segment::Descend => true,
        }
    }
}

const MAX_DEPTH: usize = 400;

/// A place and everything below it, outside in.
fn descend<D: Tree>(place: &D, below: &mut Vec<D>, budget: &mut usize, depth: usize) {
    let (Some(depth), Some(left)) = (depth.checked_sub(1), budget.checked_sub(1)) else {
        return;
    };
    *budget = left;
    below.push(place.clone());
    for child in children(place) {
        if matches!(child.scalar(), Scalar::Container) {
            descend(&child, below, budget, depth);
        }
    }
}

fn children<D: Tree>(place: &D) -> Vec<D> {
    match (place.members(), place.array_len()) {
        (Some(members), _) => members,
        (None, Some(length)) => (0..length).filter_map(|index| place.item(index)).collect(),
        (None, None) => Vec::new(),
    }
}

/// An index that may count from the end.
fn absolute(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).ok().filter(|_| index < length)
}

fn step<D: Tree>(segment: &Segment, place: &D, found: &mut Vec<D>, root: &D, _many: bool) {
    match segment {
        Segment::Names(names) => found.extend(names.iter().filter_map(|name| place.member(name))),
        Segment::Indexes(indexes) => {
            if let Some(length) = place.array_len() {
                found.extend(
                    indexes
                        .iter()
                        .filter_map(|&index| place.item(absolute(index, length)?)),
                );
            }
        }
        Segment::Slice(from, to) => {
            if let Some(length) = place.array_len() {
                let bound = |index: i64| {
                    if index < 0 {
                        (index + length as i64).max(0)
                    } else {
                        index.min(length as i64)
                    }
                };
                let from = from.map_or(0, bound);
                let to = to.map_or(length as i64, bound);
                found.extend(
                    (from..to).filter_map(|index| place.item(usize::try_from(index).ok()?)),
                );
            }
        }
        Segment::All => found.extend(children(place)),
        Segment::Filter(filter) => match place.array_len() {
            Some(_) => found.extend(
                children(place)
                    .into_iter()
                    .filter(|child| filter.accepts(child, root)),
            ),
            None if place.members().is_some() && filter.accepts(place, root) => {
                found.push(place.clone());
            }
            None => {}
        },
        Segment::Descend => {}
    }
}

fn evaluate<D: Tree>(function: Function, places: &[D], definite: bool) -> Option<f64> {
    let items: Vec<D> = match (definite, places) {
        (true, [place]) => {
            place.array_len()?;
            children(place)
        }
        (true, _) => return None,
        (false, places) => places.to_vec(),
    };
    if function == Function::Length {
        return Some(items.len() as f64);
    }
    let numbers: Vec<f64> = items
        .iter()
        .filter_map(|item| match item.scalar() {
            Scalar::Number(number) => Some(number),
            _ => None,
        })
        .collect();
    if numbers.is_empty() {
        return None;
    }
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    Some(match function {
        Function::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        Function::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Function::Sum => sum,
        Function::Avg => sum / count,
        Function::StdDev => {
            let mean = sum / count;
            (numbers
                .iter()
                .map(|number| (number - mean).powi(2))
                .sum::<f64>()
                / count)
                .sqrt()
        }
        Function::Length => count,
    })
}

impl Tree for &Json {
    fn member(&self, name: &str) -> Option<Self> {
        self.as_object()?.get(name)
    }

    fn item(&self, index: usize) -> Option<Self> {
        self.as_array()?.get(index)
    }

    fn array_len(&self) -> Option<usize> {
        self.as_array().map(Vec::len)
    }

    fn members(&self) -> Option<Vec<Self>> {
        self.as_object().map(|members| members.values().collect())
    }

    fn scalar(&self) -> Scalar<'_> {
        match self {
            Json::Null => Scalar::Null,
            Json::Bool(value) => Scalar::Bool(*value),
            Json::Number(number) => Scalar::Number(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Scalar::Text(Cow::Borrowed(text)),
            Json::Array(_) | Json::Object(_) => Scalar::Container,
        }
    }
}

impl<'a> Tree for Value<'a> {
    fn member(&self, name: &str) -> Option<Self> {
        match self {
            Value::Map(map) => map.get_str(name),
            _ => None,
        }
    }

    fn item(&self, index: usize) -> Option<Self> {
        match self {
            Value::List(list) => list.items().get(index).cloned(),
            _ => None,
        }
    }

    fn array_len(&self) -> Option<usize> {
        match self {
            Value::List(list) => Some(list.items().len()),
            _ => None,
        }
    }

    fn members(&self) -> Option<Vec<Self>> {
        match self {
            Value::Map(map) => Some(map.entries().into_iter().map(|(_, value)| value).collect()),
            _ => None,
        }
    }

    fn merged(&self, names: &[String]) -> Option<Self> {
        let found = names
            .iter()
            .filter_map(|name| Some((name.clone(), self.member(name)?)));
        Some(Value::Map(found.collect()))
    }

    fn scalar(&self) -> Scalar<'_> {
        match self {
            Value::Null => Scalar::Null,
            Value::Bool(value) => Scalar::Bool(*value),
            Value::String(text) => Scalar::Text(text.to_str()),
            Value::Map(_) | Value::List(_) => Scalar::Container,
            other => match other.as_number() {
                Some(number) => Scalar::Number(number.to_f64()),
                None => Scalar::Text(
                    other
                        .to_text()
                        .map(|text| text.to_string().into())
                        .unwrap_or_default(),
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn select(path: &str, document: &Json) -> Json {
        match JsonPath::parse(path).expect("a path").select(&document) {
            Selection::One(value) => value.clone(),
            Selection::Many(values) => Json::Array(values.into_iter().cloned().collect()),
            Selection::Number(number) => json!(number),
            Selection::Missing => json!("MISSING"),
        }
    }

    #[rstest]
    #[case("$", json!({"a": [1, 2, 3], "b": {"c-d": "x", "e f": null}}))]
    #[case("$.a[0]", json!(1))]
    #[case("$.a[-1]", json!(3))]
    #[case("$.a[7]", json!("MISSING"))]
    #[case("a[1]", json!(2))]
    #[case("$.b.c-d", json!("x"))]
    #[case("$['b']['e f']", json!(null))]
    #[case("$[\"b\"].c-d", json!("x"))]
    #[case("$.b.none.deeper", json!("MISSING"))]
    #[case("$.a[*]", json!([1, 2, 3]))]
    #[case("$.b.*", json!(["x", null]))]
    #[case("$.a[0,2]", json!([1, 3]))]
    #[case("$.a[1:]", json!([2, 3]))]
    #[case("$.a[:-1]", json!([1, 2]))]
    #[case("$..c-d", json!(["x"]))]
    #[case("$.a[?(@ > 1)]", json!([2, 3]))]
    #[case("$.a.length()", json!(3.0))]
    fn selects(#[case] path: &str, #[case] expected: Json) {
        assert_eq!(
            select(
                path,
                &json!({"a": [1, 2, 3], "b": {"c-d": "x", "e f": null}})
            ),
            expected
        );
    }

    #[rstest]
    #[case("$.items[?(@.price < 10)].name", json!(["pen"]))]
    #[case("$.items[?(@.price >= 10 && @.name == 'book')].name", json!(["book"]))]
    #[case("$.items[?(@.tag)].name", json!(["book"]))]
    #[case("$.items[?(!(@.tag))].name", json!(["pen"]))]
    #[case("$.items[?(@.name =~ /B.*/i)].price", json!([12]))]
    #[case("$.items[?(@.price > $.limit)].name", json!(["book"]))]
    #[case("$.items[?(@.name in ['pen', 'ink'])].price", json!([2]))]
    fn filters(#[case] path: &str, #[case] expected: Json) {
        let document = json!({"limit": 5, "items": [{"name": "pen", "price": 2}, {"name": "book", "price": 12, "tag": "new"}]});
        assert_eq!(select(path, &document), expected);
    }

    #[rstest]
    #[case("$.")]
    #[case("$[")]
    #[case("$['a")]
    #[case("$[?(@.a ==)]")]
    #[case("$.a..")]
    #[case("")]
    fn refuses(#[case] path: &str) {
        assert!(JsonPath::parse(path).is_err(), "{path}");
    }
}
