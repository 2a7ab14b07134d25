//! The documents that paths walk through: parsed JSON, and a template's live values.

use std::borrow::Cow;

use serde_json::Value as Json;
use velocity::Value;

/// A document that a path can walk through, in whatever form it is held.
pub trait Tree: Clone {
    /// The member `name` of an object.
    fn member(&self, name: &str) -> Option<Self>;

    /// The item at `index` of an array.
    fn item(&self, index: usize) -> Option<Self>;

    /// The number of items of an array; `None` if it is not an array.
    fn array_len(&self) -> Option<usize>;

    /// The values of an object's members in order; `None` if it is not an object.
    fn members(&self) -> Option<Vec<Self>>;

    /// An object of these members, as far as they exist; `None` if this tree cannot build objects.
    fn merged(&self, names: &[String]) -> Option<Self> {
        let _ = names;
        None
    }

    /// The value in the form in which filters compare it.
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
