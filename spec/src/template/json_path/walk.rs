//! How a path walks through a document.

use super::tree::{Scalar, Tree};
use super::{Function, JsonPath, Segment, Selection};

/// Limit on the values that one path may select, and on those that it may visit on the way.
const MAX_PLACES: usize = 1_000_000;

impl JsonPath {
    /// What it selects in `document`.
    pub fn select<D: Tree>(&self, document: &D) -> Selection<D> {
        let definite = self.is_definite();
        let mut places = vec![document.clone()];
        let mut segments = self.segments.iter();
        let mut upstream_definite = true;
        // What several names at the end select from each value.
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
            places = match segment {
                Segment::Descend => below(&places, segments.next(), document),
                _ => one_step(segment, &places, document),
            };
        }
        if let (None, Some(merged)) = (self.function, merged) {
            return self.of_merged(merged);
        }
        match self.function {
            Some(function) => {
                let items = match &places[..] {
                    _ if !definite => Some(places),
                    [place] => place.array_len().map(|_| children(place)),
                    _ => None,
                };
                items
                    .and_then(|items| evaluate(function, &items))
                    .map_or(Selection::Missing, Selection::Number)
            }
            None if definite => places.pop().map_or(Selection::Missing, Selection::One),
            None => Selection::Many(places),
        }
    }

    /// Several names at the end build one object from each value: one object if the way is
    /// definite, else all of them.
    fn of_merged<D>(&self, merged: Vec<D>) -> Selection<D> {
        let way = self.segments.split_last().map_or(&[][..], |(_, way)| way);
        if way.iter().all(Segment::is_definite) {
            merged
                .into_iter()
                .next()
                .map_or(Selection::Missing, Selection::One)
        } else {
            Selection::Many(merged)
        }
    }
}

/// What a segment selects from all values.
fn one_step<D: Tree>(segment: &Segment, places: &[D], root: &D) -> Vec<D> {
    let mut found = Vec::new();
    for place in places {
        step(segment, place, &mut found, root);
    }
    found.truncate(MAX_PLACES);
    found
}

/// `..`: everything below the values, or what the next segment selects there.
fn below<D: Tree>(places: &[D], behind: Option<&Segment>, root: &D) -> Vec<D> {
    let mut budget = MAX_PLACES;
    let mut below = Vec::new();
    for place in places {
        descend(place, &mut below, &mut budget, MAX_DEPTH);
    }
    match behind {
        Some(behind) => one_step(behind, &below, root),
        None => {
            below.truncate(MAX_PLACES);
            below
        }
    }
}

impl Segment {
    pub(super) fn is_definite(&self) -> bool {
        match self {
            Segment::Names(names) => names.len() == 1,
            Segment::Indexes(indexes) => indexes.len() == 1,
            _ => false,
        }
    }

    /// Whether the only place there is can have what the segment asks for: members, or items. Where
    /// it cannot, an indefinite path leads nowhere just as a definite one.
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

/// A value and everything below it, from the outside in.
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

/// Resolves an index that may count from the end.
fn absolute(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).ok().filter(|_| index < length)
}

fn step<D: Tree>(segment: &Segment, place: &D, found: &mut Vec<D>, root: &D) {
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

fn evaluate<D: Tree>(function: Function, items: &[D]) -> Option<f64> {
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
