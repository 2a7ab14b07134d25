//! Keywords whose values are lists: names, types and dependencies.

use std::collections::HashSet;

use velocity::Text;

use super::{
    ARRAY_OR_OBJECT, Checker, DUPLICATES, EMPTY, Fault, FaultKind, Given, Inner, STRING, append,
    items,
};
use crate::json::node::{Node, Value};
use crate::model::types::{Dialect, Type, Types};
use crate::model::validate::key;

impl Checker {
    /// A list of names, whose doubles the validator sees only at its end.
    pub(super) fn names(&mut self, given: &Given<'_, '_>) {
        if items(given.node).is_empty() {
            self.wrong(given, EMPTY);
            return;
        }
        self.elements(given, STRING, |_, _, _, _| {});
    }

    pub(super) fn types(&mut self, given: &Given<'_, '_>) {
        if let Some(name) = given.node.text() {
            self.is_type(name, given.node.at, &given.pointer);
            return;
        }
        if items(given.node).is_empty() {
            self.wrong(given, EMPTY);
            return;
        }
        // The library prints the one type here, not a set of one.
        self.elements(given, STRING, |checker, item, pointer, _| {
            if let Some(name) = item.text() {
                checker.is_type(name, item.at, pointer);
            }
        });
    }

    pub(super) fn types_of_draft_3<'n, 'a>(
        &mut self,
        given: &Given<'n, 'a>,
        inner: &mut Inner<'n, 'a>,
    ) {
        if let Some(name) = given.node.text() {
            self.is_type(name, given.node.at, &given.pointer);
            return;
        }
        let expected = Types::of(&[Type::Object, Type::String]);
        let mut schemas = Vec::new();
        self.elements(given, expected, |checker, item, pointer, at| {
            match item.text() {
                Some(name) => checker.is_type(name, item.at, pointer),
                None => schemas.push((at, pointer.to_owned())),
            }
        });
        for (at, pointer) in schemas {
            inner.push((&items(given.node)[at], pointer));
        }
    }

    fn is_type(&mut self, name: &Text<'_>, at: usize, pointer: &str) {
        let known =
            |name| Type::named(name).is_some() || name == "any" && self.dialect == Dialect::Draft3;
        if !name.as_str().is_some_and(known) {
            let all = Types::ALL.set();
            let problem =
                format!("\"{name}\" is not a valid primitive type (valid values are: {all})");
            self.fault(at, pointer, problem);
        }
    }

    /// The elements of a list, each of one of the types; `then` looks at those that are.
    fn elements(
        &mut self,
        given: &Given<'_, '_>,
        expected: Types,
        mut then: impl FnMut(&mut Self, &Node<'_>, &str, usize),
    ) {
        let mut seen = HashSet::new();
        // The validator overwrites what it found with what it finds of the next element.
        let mut last_is_new = true;
        for (at, item) in items(given.node).iter().enumerate() {
            last_is_new = seen.insert(key(item));
            let pointer = format!("{}/{at}", given.pointer);
            let found = Type::of(&item.value);
            if expected.has(found) {
                then(self, item, &pointer, at);
                continue;
            }
            let found = found.name();
            let expected = match given.name {
                "type" if self.dialect == Dialect::Draft4 => "string".to_owned(),
                _ => expected.set(),
            };
            let problem = format!(
                "array element at index {at} has incorrect type (expected one of {expected} but \
                 found {found})"
            );
            self.fault(item.at, &pointer, problem);
        }
        if !last_is_new {
            self.wrong(given, DUPLICATES);
        }
    }

    pub(super) fn dependencies<'n, 'a>(
        &mut self,
        given: &Given<'n, 'a>,
        inner: &mut Inner<'n, 'a>,
    ) {
        let Some(object) = given.node.object() else {
            return;
        };
        for member in object.sorted() {
            let pointer = append(&given.pointer, &member.name);
            if member.node.object().is_some() {
                inner.push((&member.node, pointer));
                continue;
            }
            let of_draft_3 = self.dialect == Dialect::Draft3;
            let one = of_draft_3 && member.node.text().is_some();
            let each = Given {
                name: "dependencies",
                node: &member.node,
                pointer,
                schema: given.schema,
            };
            match &member.node.value {
                Value::Array(items) if items.is_empty() && of_draft_3 => {}
                Value::Array(items) if items.is_empty() => self.wrong(&each, EMPTY),
                Value::Array(_) => {
                    let before = self.faults.len();
                    self.elements(&each, STRING, |_, _, _, _| {});
                    // Draft 3 only warns of doubles.
                    let doubles =
                        |fault: &Fault| fault.kind == FaultKind::Syntax(DUPLICATES.to_owned());
                    if of_draft_3 && self.faults[before..].last().is_some_and(doubles) {
                        self.faults.pop();
                    }
                }
                _ if one => {}
                other => {
                    let found = Type::of(other).name();
                    let mut expected = ARRAY_OR_OBJECT;
                    if of_draft_3 {
                        expected.allow(Type::String);
                    }
                    let (name, expected) = (&member.name, expected.set());
                    let problem = format!(
                        "dependency value for property \"{name}\" has incorrect type (expected \
                         one of {expected} but found {found})"
                    );
                    self.wrong(&each, problem);
                }
            }
        }
    }
}
