//! The syntax check: what a schema must be before the validator works with it.
//!
//! Realises: ROUTE-52, ROUTE-53

mod list;

use std::collections::HashSet;

use velocity::Text;

use super::pattern::Pattern;
use super::types::{Dialect, Type, Types};
use super::uri::Uri;
use super::validate::key;
use crate::json::node::{Node, Value};

/// Something that is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The offset in bytes of what is wrong.
    pub(super) at: usize,
    /// The same as a JSON pointer.
    pub(super) pointer: String,
    pub(super) kind: FaultKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// Keywords that the validator does not know, sorted: it only warns, and goes on.
    Unknown(Vec<String>),
    /// What the validator says.
    Syntax(String),
}

/// Checks a schema and those inside of it, in the validator's order.
pub(super) fn check(node: &Node<'_>, pointer: &str, dialect: Dialect) -> Vec<Fault> {
    let mut checker = Checker {
        dialect,
        faults: Vec::new(),
    };
    checker.schema(node, pointer);
    checker.faults
}

/// The keywords that a draft knows.
pub(super) fn is_keyword(name: &str, dialect: Dialect) -> bool {
    match name {
        "$ref"
        | "$schema"
        | "additionalItems"
        | "additionalProperties"
        | "default"
        | "dependencies"
        | "description"
        | "enum"
        | "exclusiveMaximum"
        | "exclusiveMinimum"
        | "format"
        | "id"
        | "items"
        | "maxItems"
        | "maxLength"
        | "maximum"
        | "minItems"
        | "minLength"
        | "minimum"
        | "pattern"
        | "patternProperties"
        | "properties"
        | "required"
        | "title"
        | "type"
        | "uniqueItems" => true,
        "allOf" | "anyOf" | "definitions" | "maxProperties" | "minProperties" | "multipleOf"
        | "not" | "oneOf" => dialect == Dialect::Draft4,
        "disallow" | "divisibleBy" | "extends" => dialect == Dialect::Draft3,
        _ => false,
    }
}

const ARRAY: Types = Types::of(&[Type::Array]);
const BOOLEAN: Types = Types::of(&[Type::Boolean]);
const INTEGER: Types = Types::of(&[Type::Integer]);
const OBJECT: Types = Types::of(&[Type::Object]);
const STRING: Types = Types::of(&[Type::String]);
const ARRAY_OR_OBJECT: Types = Types::of(&[Type::Array, Type::Object]);
const ARRAY_OR_STRING: Types = Types::of(&[Type::Array, Type::String]);
const BOOLEAN_OR_OBJECT: Types = Types::of(&[Type::Boolean, Type::Object]);
const DUPLICATES: &str = "array must not contain duplicate elements";
const EMPTY: &str = "array must have at least one element";

struct Checker {
    dialect: Dialect,
    faults: Vec<Fault>,
}

/// A keyword with its value, as it is checked.
struct Given<'n, 'a> {
    name: &'n str,
    node: &'n Node<'a>,
    pointer: String,
    schema: &'n Node<'a>,
}

/// Schemas inside of a schema, with their pointers.
type Inner<'n, 'a> = Vec<(&'n Node<'a>, String)>;

impl Checker {
    fn schema(&mut self, node: &Node<'_>, pointer: &str) {
        let Value::Object(object) = &node.value else {
            let found = Type::of(&node.value).name();
            let problem =
                format!("JSON value is of type {found}, not a JSON Schema (expected an object)");
            self.fault(node.at, pointer, problem);
            return;
        };
        let members = object.sorted();
        let known = |name: &Text<'_>| {
            name.as_str()
                .is_some_and(|name| is_keyword(name, self.dialect))
        };
        let unknown: Vec<_> = members
            .iter()
            .filter(|member| !known(&member.name))
            .collect();
        if let Some(first) = unknown.first() {
            let names = unknown.iter().map(|member| member.name.to_string());
            let first_pointer = append(pointer, &first.name);
            let kind = FaultKind::Unknown(names.collect());
            self.faults.push(Fault {
                at: first.at,
                pointer: first_pointer,
                kind,
            });
        }
        let mut inner = Vec::new();
        for member in members {
            let Some(name) = member.name.as_str() else {
                continue;
            };
            let given = Given {
                name,
                node: &member.node,
                pointer: append(pointer, &member.name),
                schema: node,
            };
            if is_keyword(name, self.dialect) {
                self.keyword(&given, &mut inner);
            }
        }
        for (node, pointer) in inner {
            self.schema(node, &pointer);
        }
    }

    fn fault(&mut self, at: usize, pointer: &str, problem: impl Into<String>) {
        self.faults.push(Fault {
            at,
            pointer: pointer.to_owned(),
            kind: FaultKind::Syntax(problem.into()),
        });
    }

    fn wrong(&mut self, given: &Given<'_, '_>, problem: impl Into<String>) {
        self.fault(given.node.at, &given.pointer, problem);
    }

    /// Whether the value is of one of the types that the keyword takes.
    fn is_of(&mut self, given: &Given<'_, '_>, expected: Types) -> bool {
        let found = Type::of(&given.node.value);
        if !expected.has(found) {
            let (found, expected) = (found.name(), expected.set());
            self.wrong(
                given,
                format!("value has incorrect type (found {found}, expected one of {expected})"),
            );
            return false;
        }
        true
    }

    fn keyword<'n, 'a>(&mut self, given: &Given<'n, 'a>, inner: &mut Inner<'n, 'a>) {
        let expected = self.expected(given.name);
        if !self.is_of(given, expected) {
            return;
        }
        match given.name {
            "not" => inner.push((given.node, given.pointer.clone())),
            "additionalItems" | "additionalProperties" => {
                let schema = given.node.object().map(|_| given.node);
                inner.extend(schema.map(|node| (node, given.pointer.clone())));
            }
            "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties"
            | "maxProperties" => self.size(given),
            "exclusiveMinimum" | "exclusiveMaximum" => {
                let bound = if given.name == "exclusiveMinimum" {
                    "minimum"
                } else {
                    "maximum"
                };
                if given.schema.get(bound).is_none() {
                    let name = given.name;
                    self.wrong(given, format!("{name} must be paired with {bound}"));
                }
            }
            "multipleOf" | "divisibleBy" => self.divisor(given),
            "patternProperties" | "properties" | "definitions" => self.map(given, inner),
            "pattern" => {
                if let Some(text) = given.node.text()
                    && Pattern::parse(text).is_err()
                {
                    let problem =
                        format!("string \"{text}\" is not a valid ECMA 262 regular expression");
                    self.wrong(given, problem);
                }
            }
            "$schema" | "$ref" | "id" => self.uri(given),
            "enum" => {
                let mut seen = HashSet::new();
                if !items(given.node).iter().all(|item| seen.insert(key(item))) {
                    self.wrong(given, DUPLICATES);
                }
            }
            "items" | "extends" | "allOf" | "anyOf" | "oneOf" => {
                let none = Vec::is_empty(&collect(given, inner));
                let may_be_empty = given.name == "extends"
                    || given.name == "items" && self.dialect == Dialect::Draft3;
                if none && !may_be_empty {
                    self.wrong(given, EMPTY);
                }
            }
            "required" if self.dialect == Dialect::Draft4 => self.names(given),
            "type" if self.dialect == Dialect::Draft4 => self.types(given),
            "type" | "disallow" => self.types_of_draft_3(given, inner),
            "dependencies" => self.dependencies(given, inner),
            _ => {}
        }
    }

    fn expected(&self, name: &str) -> Types {
        match name {
            "additionalItems" | "additionalProperties" => BOOLEAN_OR_OBJECT,
            "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties"
            | "maxProperties" => INTEGER,
            "uniqueItems" | "exclusiveMinimum" | "exclusiveMaximum" => BOOLEAN,
            "minimum" | "maximum" | "multipleOf" | "divisibleBy" => Types::NUMBERS,
            "patternProperties" | "properties" | "definitions" | "dependencies" => OBJECT,
            "required" if self.dialect == Dialect::Draft3 => BOOLEAN,
            "required" | "enum" | "allOf" | "anyOf" | "oneOf" => ARRAY,
            "pattern" | "$schema" | "$ref" | "id" | "description" | "title" | "format" => STRING,
            "items" | "extends" => ARRAY_OR_OBJECT,
            "type" | "disallow" => ARRAY_OR_STRING,
            _ => Types::ALL,
        }
    }

    fn size(&mut self, given: &Given<'_, '_>) {
        let Value::Number(number) = &given.node.value else {
            return;
        };
        match number.to_i32() {
            None => self.wrong(given, "integer value is too large"),
            Some(size) if size < 0 => self.wrong(given, "integer value must be strictly positive"),
            Some(_) => {}
        }
    }

    fn divisor(&mut self, given: &Given<'_, '_>) {
        let positive = matches!(&given.node.value, Value::Number(number) if number.is_positive());
        if !positive {
            self.wrong(given, "divisor must be strictly greater than zero");
        }
    }

    fn uri(&mut self, given: &Given<'_, '_>) {
        let Some(text) = given.node.text() else {
            return;
        };
        match Uri::parse(&text.to_str()) {
            None => self.wrong(given, format!("string is not a valid URI: \"{text}\"")),
            Some(uri) if !uri.is_normal() => {
                self.wrong(given, format!("URI \"{text}\" is not normalized"));
            }
            Some(_) => {}
        }
    }

    /// An object of schemas.
    fn map<'n, 'a>(&mut self, given: &Given<'n, 'a>, inner: &mut Inner<'n, 'a>) {
        let Some(object) = given.node.object() else {
            return;
        };
        for member in object.sorted() {
            let pointer = append(&given.pointer, &member.name);
            if given.name == "patternProperties" && Pattern::parse(&member.name).is_err() {
                let name = &member.name;
                let problem =
                    format!("property name \"{name}\" is not a valid ECMA 262 regular expression");
                self.fault(member.at, &pointer, problem);
            }
            if given.name == "properties"
                && self.dialect == Dialect::Draft3
                && let Some(required) = member.node.get("required")
                && !matches!(required.value, Value::Bool(_))
            {
                let (name, found) = (&member.name, Type::of(&required.value).name());
                let problem = format!(
                    "\"required\" attribute in schema for property \"{name}\" is not a boolean \
                     (found {found})"
                );
                self.fault(required.at, &format!("{pointer}/required"), problem);
            }
            inner.push((&member.node, pointer));
        }
    }
}

/// A pointer with one more token.
pub(super) fn append(pointer: &str, token: &Text<'_>) -> String {
    let token = token.to_str().replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{token}")
}

/// The items of an array, or none.
pub(super) fn items<'n, 'a>(node: &'n Node<'a>) -> &'n [Node<'a>] {
    match &node.value {
        Value::Array(items) => items,
        _ => &[],
    }
}

/// The schema, or the schemas of a list, that a keyword holds.
fn collect<'n, 'a>(given: &Given<'n, 'a>, inner: &mut Inner<'n, 'a>) -> Vec<usize> {
    let before = inner.len();
    if given.node.object().is_some() {
        inner.push((given.node, given.pointer.clone()));
    }
    for (at, item) in items(given.node).iter().enumerate() {
        inner.push((item, format!("{}/{at}", given.pointer)));
    }
    (before..inner.len()).collect()
}
