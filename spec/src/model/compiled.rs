//! What a model is once it is read: its schemas with their keywords, as values are judged by them.

use std::collections::HashMap;

use velocity::Text;

use super::format::Format;
use super::pattern::Pattern;
use super::types::Types;
use crate::json::node::Node;
use crate::json::number::Number;

/// A schema, by its number.
pub(super) type Id = usize;

/// A schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    /// What `$ref` stands for, or why it leads nowhere.
    pub(super) reference: Option<Result<Id, String>>,
    /// Whether references lead here: it may be looked at again for the same value.
    pub(super) shared: bool,
    /// Whether its syntax is wrong, so that a value cannot be judged by it.
    pub(super) broken: bool,
    /// What it asks of values of these types, in the validator's order.
    pub(super) keywords: Vec<(Types, Keyword)>,
    /// A format that is not asserted, whose name the validator warns of.
    pub(super) unsupported_format: Option<Text<'static>>,
    pub(super) properties: Properties,
    pub(super) pattern_properties: Vec<(Pattern, Id)>,
    pub(super) additional_properties: Option<Id>,
    pub(super) items: Items,
    pub(super) additional_items: Option<Id>,
}

/// The schemas of an object's members, sorted by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties {
    list: Vec<(Text<'static>, Id)>,
    /// Places in the list, once it is long.
    index: Option<HashMap<Text<'static>, usize>>,
}

/// The schemas of an array's items.
#[derive(Clone, Debug, Default)]
pub(super) enum Items {
    #[default]
    None,
    /// For each.
    All(Id),
    /// For the first, the second and so on.
    Each(Vec<Id>),
}

/// What a keyword asks of a value.
#[derive(Clone, Debug)]
pub(super) enum Keyword {
    /// No more items than these.
    NoAdditionalItems(usize),
    /// No members but those of `properties` and `patternProperties`.
    NoAdditionalProperties,
    AllOf(Vec<Id>),
    AnyOf(Vec<Id>),
    OneOf(Vec<Id>),
    Not(Id),
    Dependencies {
        names: Vec<(Text<'static>, Vec<Text<'static>>)>,
        schemas: Vec<(Text<'static>, Id)>,
    },
    Disallow(Types, Vec<Id>),
    Enum {
        values: Vec<Node<'static>>,
        weight: u64,
    },
    Extends(Vec<Id>),
    Format(Format),
    Items(Bound, usize),
    Length(Bound, usize),
    Properties(Bound, usize),
    Limit {
        bound: Bound,
        number: Number<'static>,
        exclusive: bool,
    },
    MultipleOf(Number<'static>),
    Pattern(Text<'static>, Pattern),
    Required(Vec<Text<'static>>),
    Type(Types),
    /// Draft 3's `type`: one of the types, or one of the schemas.
    TypeOrSchema(Types, Vec<Id>),
    UniqueItems,
}

/// Which end a limit is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Min,
    Max,
}

/// From how many properties on they are indexed.
const INDEXED: usize = 12;

impl Properties {
    pub(super) fn new(list: Vec<(Text<'static>, Id)>) -> Self {
        let names = list.iter().map(|(name, _)| name.clone());
        let index = (list.len() >= INDEXED)
            .then(|| names.enumerate().map(|(at, name)| (name, at)).collect());
        Self { list, index }
    }

    pub(super) fn get(&self, name: &Text<'_>) -> Option<Id> {
        let at = match &self.index {
            Some(index) => *index.get(name)?,
            None => self.list.iter().position(|(other, _)| other == name)?,
        };
        Some(self.list[at].1)
    }

    pub(super) fn list(&self) -> &[(Text<'static>, Id)] {
        &self.list
    }
}
