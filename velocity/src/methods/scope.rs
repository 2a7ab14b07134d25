//! `$foreach`: Velocity's `ForeachScope`.

use std::rc::Rc;

use super::{Answer, map, uncapitalized};
use crate::error::Failure;
use crate::text::TextBuf;
use crate::value::{LoopScope, Object, Value};

/// `$foreach.info`: the part that does not depend on the template's file.
struct Info {
    depth: i32,
}

impl<'a> Object<'a> for Info {
    fn class_name(&self) -> &str {
        "$foreach.info"
    }

    fn property(&self, name: &str) -> Result<Option<Value<'a>>, Failure> {
        Ok(match uncapitalized(name).as_str() {
            "name" => Some(Value::text("foreach")),
            "type" => Some(Value::text("block")),
            "depth" => Some(Value::Int(self.depth)),
            name @ ("line" | "column" | "template" | "class") => {
                return Err(Failure::unsupported(format!(
                    "the property `{name}` of `$foreach.info` is not supported"
                )));
            }
            _ => None,
        })
    }

    fn call(&self, method: &str, arguments: &[Value<'a>]) -> Result<Option<Value<'a>>, Failure> {
        match (method.strip_prefix("get"), arguments) {
            (Some(name), []) => self.property(name),
            _ => Ok(None),
        }
    }

    fn print(&self, out: &mut TextBuf) {
        out.push_str("#foreach[type:block");
        if self.depth > 1 {
            out.push_str(&format!(" depth:{}", self.depth));
        }
        out.push_str("]");
    }
}

pub(super) fn property<'a>(scope: &Rc<LoopScope<'a>>, name: &str) -> Option<Value<'a>> {
    let index = scope.index.get();
    Some(match name {
        "index" => Value::Int(index),
        "count" => Value::Int(index.wrapping_add(1)),
        "hasNext" => Value::Bool(scope.has_next.get()),
        "first" => Value::Bool(index < 1),
        "last" => Value::Bool(!scope.has_next.get()),
        "parent" => scope.parent.clone().map_or(Value::Null, Value::Scope),
        "topmost" => Value::Scope(around(scope).last().unwrap_or_else(|| Rc::clone(scope))),
        "replaced" => scope.replaced.clone(),
        "info" => Value::Object(Rc::new(Info {
            depth: i32::try_from(around(scope).count()).unwrap_or(i32::MAX),
        })),
        _ => return None,
    })
}

/// The loop and those around it, from the inside out.
fn around<'a>(scope: &Rc<LoopScope<'a>>) -> impl Iterator<Item = Rc<LoopScope<'a>>> {
    std::iter::successors(Some(Rc::clone(scope)), |scope| scope.parent.clone())
}

/// What a template put into the scope, or into one around it.
pub(super) fn get<'a>(scope: &LoopScope<'a>, key: &Value<'a>) -> Option<Value<'a>> {
    let found = scope.storage.get(key);
    found.or_else(|| get(scope.parent.as_ref()?, key))
}

pub(super) fn call<'a>(
    scope: &Rc<LoopScope<'a>>,
    name: &str,
    arguments: &[Value<'a>],
) -> Answer<'a> {
    match (name, arguments) {
        ("get", [key]) => Ok(Some(get(scope, key).unwrap_or(Value::Null))),
        ("hasNext", []) => Ok(Some(Value::Bool(scope.has_next.get()))),
        ("clone", []) => Ok(None),
        (_, []) if name.starts_with("get") || name.starts_with("is") => {
            let property_name =
                uncapitalized(name.trim_start_matches("get").trim_start_matches("is"));
            match property(scope, &property_name) {
                Some(value) => Ok(Some(value)),
                None => map::call(&scope.storage, name, arguments),
            }
        }
        _ => map::call(&scope.storage, name, arguments),
    }
}
