//! Filters and what they accept: `[?(@.price < 10 && @.name =~ /b.*/i)]`.

use super::{JsonPath, Scalar, Selection, Tree};

/// A filter as a tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    Or(Box<Filter>, Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Comparison, Operand),
    Matches(Operand, Regex),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// `@…`
    Here(JsonPath),
    /// `$…`
    Root(JsonPath),
    Literal(Literal),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Literal>),
}

/// `/pattern/i`
#[derive(Clone, Debug)]
pub(super) struct Regex {
    pub(super) source: String,
    pub(super) pattern: velocity::Regex,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Filter {
    pub(super) fn accepts<D: Tree>(&self, here: &D, root: &D) -> bool {
        match self {
            Filter::Or(left, right) => left.accepts(here, root) || right.accepts(here, root),
            Filter::And(left, right) => left.accepts(here, root) && right.accepts(here, root),
            Filter::Not(filter) => !filter.accepts(here, root),
            Filter::Exists(operand) => operand.resolve(here, root).is_some(),
            Filter::Compare(left, comparison, right) => compare(
                left.resolve(here, root).as_ref(),
                *comparison,
                right.resolve(here, root).as_ref(),
            ),
            Filter::Matches(operand, regex) => match operand.resolve(here, root) {
                Some(Literal::Text(text)) => regex.pattern.matches(&text),
                _ => false,
            },
        }
    }
}

impl Operand {
    fn resolve<D: Tree>(&self, here: &D, root: &D) -> Option<Literal> {
        let selection = match self {
            Operand::Literal(literal) => return Some(literal.clone()),
            Operand::Here(path) => path.select(here),
            Operand::Root(path) => path.select(root),
        };
        match selection {
            Selection::One(place) => Some(literal_of(&place)),
            Selection::Many(places) => Some(Literal::List(places.iter().map(literal_of).collect())),
            Selection::Number(number) => Some(Literal::Number(number)),
            Selection::Missing => None,
        }
    }
}

fn literal_of<D: Tree>(place: &D) -> Literal {
    match place.scalar() {
        Scalar::Null => Literal::Null,
        Scalar::Bool(value) => Literal::Bool(value),
        Scalar::Number(number) => Literal::Number(number),
        Scalar::Text(text) => Literal::Text(text.into_owned()),
        Scalar::Container => {
            let items = (0..place.array_len().unwrap_or(0)).filter_map(|index| place.item(index));
            Literal::List(items.map(|item| literal_of(&item)).collect())
        }
    }
}

fn compare(left: Option<&Literal>, comparison: Comparison, right: Option<&Literal>) -> bool {
    let order = || match (left, right) {
        (Some(Literal::Number(left)), Some(Literal::Number(right))) => left.partial_cmp(right),
        (Some(Literal::Text(left)), Some(Literal::Text(right))) => Some(left.cmp(right)),
        _ => None,
    };
    let within = || match (left, right) {
        (Some(left), Some(Literal::List(items))) => items.contains(left),
        _ => false,
    };
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => order().is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessEqual => order().is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order().is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterEqual => order().is_some_and(std::cmp::Ordering::is_ge),
        Comparison::In => within(),
        Comparison::NotIn => !within(),
    }
}
