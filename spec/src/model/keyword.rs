//! What the keywords of a schema ask for, read once.

use velocity::Text;

use super::compiled::{Bound, Id, Items, Keyword, Properties, Schema};
use super::format::Format;
use super::pattern::Pattern;
use super::syntax;
use super::types::{Dialect, Type, Types};
use crate::json::node::{Member, Node, Object, Value};

/// Reads a schema whose syntax is right.
pub(super) struct Reader<'r, 's> {
    pub(super) node: &'s Node<'s>,
    pub(super) dialect: Dialect,
    /// The schema at a path from here.
    pub(super) child: &'r mut dyn FnMut(&[&Text<'_>]) -> Option<Id>,
}

const ARRAY: Types = Types::of(&[Type::Array]);
const OBJECT: Types = Types::of(&[Type::Object]);
const STRING: Types = Types::of(&[Type::String]);

impl<'s> Reader<'_, 's> {
    pub(super) fn read(mut self) -> Schema {
        let mut schema = Schema::default();
        let Some(object) = self.node.object() else {
            return schema;
        };
        self.children(object, &mut schema);
        for member in object.sorted() {
            let name = member.name.as_str().unwrap_or_default();
            if syntax::is_keyword(name, self.dialect)
                && let Some(keyword) = self.keyword(name, member)
            {
                schema.keywords.push(keyword);
            }
        }
        let named = self.node.get("format").and_then(Node::text);
        if let Some(name) = named {
            let plain = name.to_str();
            match Format::named(&plain, self.dialect) {
                Some(format) => schema.keywords.push((STRING, Keyword::Format(format))),
                None if Format::is_silent(&plain, self.dialect) => {}
                None => schema.unsupported_format = Some(name.clone().into_owned()),
            }
        }
        schema
    }

    /// The schemas of members and items, whatever the draft knows.
    fn children(&mut self, object: &Object<'s>, schema: &mut Schema) {
        let member = |name: &str| object.get(&Text::borrowed(name));
        let mut properties = Vec::new();
        for member in self.members("properties") {
            let id = self.at(&["properties"], &member.name);
            properties.extend(id.map(|id| (member.name.clone().into_owned(), id)));
        }
        schema.properties = Properties::new(properties);
        for member in self.members("patternProperties") {
            let pattern = Pattern::parse(&member.name).ok();
            let id = self.at(&["patternProperties"], &member.name);
            schema.pattern_properties.extend(pattern.zip(id));
        }
        let is_object = |node: Option<&Node<'_>>| node.and_then(Node::object).is_some();
        if is_object(member("additionalProperties")) {
            schema.additional_properties = self.one("additionalProperties");
        }
        if is_object(member("additionalItems")) {
            schema.additional_items = self.one("additionalItems");
        }
        schema.items = match member("items").map(|node| &node.value) {
            None => Items::None,
            Some(Value::Array(_)) => Items::Each(self.list("items")),
            Some(_) => self.one("items").map_or(Items::None, Items::All),
        };
        // Not needed to judge: so that what is wrong with them is found.
        if self.dialect == Dialect::Draft4 {
            for member in self.members("definitions") {
                self.at(&["definitions"], &member.name);
            }
        }
    }

    /// What one keyword asks for. An arm for each: they are short, and belong together.
    fn keyword(&mut self, name: &str, member: &Member<'s>) -> Option<(Types, Keyword)> {
        let node = &member.node;
        let draft_3 = self.dialect == Dialect::Draft3;
        Some(match name {
            "additionalItems" => match self.node.get("items").map(|items| &items.value) {
                Some(Value::Array(items)) if is_false(node) => {
                    (ARRAY, Keyword::NoAdditionalItems(items.len()))
                }
                _ => return None,
            },
            "additionalProperties" if is_false(node) => (OBJECT, Keyword::NoAdditionalProperties),
            "allOf" => (Types::ALL, Keyword::AllOf(self.list(name))),
            "anyOf" => (Types::ALL, Keyword::AnyOf(self.list(name))),
            "oneOf" => (Types::ALL, Keyword::OneOf(self.list(name))),
            "not" => (Types::ALL, Keyword::Not(self.one(name)?)),
            "dependencies" => (OBJECT, self.dependencies()),
            "enum" => (Types::ALL, values(node)),
            "extends" if node.object().is_some() => (
                Types::ALL,
                Keyword::Extends(self.one(name).into_iter().collect()),
            ),
            "extends" => (Types::ALL, Keyword::Extends(self.list(name))),
            "minItems" => (ARRAY, Keyword::Items(Bound::Min, size(node)?)),
            "maxItems" => (ARRAY, Keyword::Items(Bound::Max, size(node)?)),
            "minLength" => (STRING, Keyword::Length(Bound::Min, size(node)?)),
            "maxLength" => (STRING, Keyword::Length(Bound::Max, size(node)?)),
            "minProperties" => (OBJECT, Keyword::Properties(Bound::Min, size(node)?)),
            "maxProperties" => (OBJECT, Keyword::Properties(Bound::Max, size(node)?)),
            "minimum" => (
                Types::NUMBERS,
                self.limit(Bound::Min, node, "exclusiveMinimum")?,
            ),
            "maximum" => (
                Types::NUMBERS,
                self.limit(Bound::Max, node, "exclusiveMaximum")?,
            ),
            "multipleOf" | "divisibleBy" => match &node.value {
                Value::Number(number) => {
                    let number = number.clone().into_owned();
                    (Types::NUMBERS, Keyword::MultipleOf(number))
                }
                _ => return None,
            },
            "pattern" => {
                let source = node.text()?;
                let pattern = Pattern::parse(source).ok()?;
                (
                    STRING,
                    Keyword::Pattern(source.clone().into_owned(), pattern),
                )
            }
            "properties" if draft_3 => (OBJECT, Keyword::Required(self.required_members())),
            "required" if !draft_3 => (OBJECT, Keyword::Required(names(node, Doubles::Dropped))),
            "disallow" => {
                let (types, schemas) = self.types(name, node);
                (Types::ALL, Keyword::Disallow(types, schemas))
            }
            "type" if draft_3 => {
                let (types, schemas) = self.types(name, node);
                (Types::ALL, Keyword::TypeOrSchema(types, schemas))
            }
            "type" => (Types::ALL, Keyword::Type(self.types(name, node).0)),
            "uniqueItems" if !is_false(node) => (ARRAY, Keyword::UniqueItems),
            _ => return None,
        })
    }

    fn members(&self, name: &str) -> Vec<&'s Member<'s>> {
        let object = self.node.get(name).and_then(Node::object);
        object.map(Object::sorted).unwrap_or_default()
    }

    fn at(&mut self, path: &[&str], last: &Text<'_>) -> Option<Id> {
        let mut texts: Vec<_> = path.iter().map(|name| Text::borrowed(name)).collect();
        texts.push(last.clone());
        (self.child)(&texts.iter().collect::<Vec<_>>())
    }

    fn one(&mut self, name: &str) -> Option<Id> {
        (self.child)(&[&Text::borrowed(name)])
    }

    /// The schemas of a list.
    fn list(&mut self, name: &str) -> Vec<Id> {
        let count = self
            .node
            .get(name)
            .map_or(0, |node| syntax::items(node).len());
        let index = |at: usize| Text::from(at.to_string());
        (0..count)
            .filter_map(|at| self.at(&[name], &index(at)))
            .collect()
    }

    fn limit(&self, bound: Bound, node: &Node<'s>, exclusive: &str) -> Option<Keyword> {
        let Value::Number(number) = &node.value else {
            return None;
        };
        Some(Keyword::Limit {
            bound,
            number: number.clone().into_owned(),
            exclusive: self
                .node
                .get(exclusive)
                .is_some_and(|node| matches!(node.value, Value::Bool(true))),
        })
    }

    fn dependencies(&mut self) -> Keyword {
        let (mut names, mut schemas) = (Vec::new(), Vec::new());
        for member in self.members("dependencies") {
            let name = member.name.clone().into_owned();
            match &member.node.value {
                Value::Object(_) => {
                    let id = self.at(&["dependencies"], &member.name);
                    schemas.extend(id.map(|id| (name, id)));
                }
                Value::String(one) => names.push((name, vec![one.clone().into_owned()])),
                _ => {
                    let doubles = match self.dialect {
                        Dialect::Draft3 => Doubles::Dropped,
                        Dialect::Draft4 => Doubles::Kept,
                    };
                    names.push((name, self::names(&member.node, doubles)));
                }
            }
        }
        names.retain(|(_, needed)| !needed.is_empty());
        Keyword::Dependencies { names, schemas }
    }

    /// Draft 3: the properties whose schemas say that they are required.
    fn required_members(&self) -> Vec<Text<'static>> {
        let required = |member: &&Member<'_>| {
            let flag = member.node.get("required");
            flag.is_some_and(|node| matches!(node.value, Value::Bool(true)))
        };
        let members = self.members("properties").into_iter().filter(required);
        members
            .map(|member| member.name.clone().into_owned())
            .collect()
    }

    /// The types of a `type` or `disallow`, and its schemas.
    fn types(&mut self, name: &str, node: &Node<'s>) -> (Types, Vec<Id>) {
        let mut types = Types::default();
        let mut add = |name: &Text<'_>| match name.as_str() {
            Some("any") => types = Types::ALL,
            Some(name) => Type::named(name)
                .into_iter()
                .for_each(|kind| types.allow(kind)),
            None => {}
        };
        node.text().into_iter().for_each(&mut add);
        let items = syntax::items(node);
        items.iter().filter_map(Node::text).for_each(&mut add);
        let mut schemas = Vec::new();
        for (at, _) in items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.object().is_some())
        {
            schemas.extend(self.at(&[name], &Text::from(at.to_string())));
        }
        if types == Types::ALL {
            schemas.clear();
        }
        (types, schemas)
    }
}

/// What becomes of names that are in a list twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubles {
    Kept,
    Dropped,
}

/// The texts of a list, sorted.
fn names(node: &Node<'_>, doubles: Doubles) -> Vec<Text<'static>> {
    let texts = syntax::items(node).iter().filter_map(Node::text);
    let mut names: Vec<_> = texts.map(|text| text.clone().into_owned()).collect();
    names.sort();
    if doubles == Doubles::Dropped {
        names.dedup();
    }
    names
}

fn values(node: &Node<'_>) -> Keyword {
    let values: Vec<_> = syntax::items(node)
        .iter()
        .cloned()
        .map(Node::into_owned)
        .collect();
    let weight = values.iter().map(super::message::weight).sum();
    Keyword::Enum { values, weight }
}

fn is_false(node: &Node<'_>) -> bool {
    matches!(node.value, Value::Bool(false))
}

fn size(node: &Node<'_>) -> Option<usize> {
    let Value::Number(number) = &node.value else {
        return None;
    };
    usize::try_from(number.to_i32()?).ok()
}
