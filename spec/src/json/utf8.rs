//! Builds what serde_json holds: texts in UTF-8, numbers of 64 bits.

use serde_json::{Map as JsonMap, Value as Json};
use velocity::Text;

use super::{Build, Scalar};

pub(super) struct Utf8;

impl<'s> Build<'s> for Utf8 {
    type Value = Json;
    type Items = Vec<Json>;
    type Members = JsonMap<String, Json>;

    fn scalar(&mut self, scalar: Scalar<'s>, _: usize) -> Option<Json> {
        Some(match scalar {
            Scalar::Null => Json::Null,
            Scalar::Bool(value) => value.into(),
            Scalar::Number("-0") => 0.into(),
            Scalar::Number(text) => match text.parse() {
                Ok(number) => Json::Number(number),
                Err(_) => text.into(),
            },
            Scalar::String(text) => Json::String(text.to_str().into_owned()),
        })
    }

    fn item(&mut self, items: &mut Vec<Json>, item: Json) {
        items.push(item);
    }

    fn member(&mut self, into: &mut Self::Members, name: Text<'s>, _: usize, value: Json) {
        into.insert(name.to_str().into_owned(), value);
    }

    fn array(&mut self, items: Vec<Json>, _: usize) -> Json {
        Json::Array(items)
    }

    fn object(&mut self, members: Self::Members, _: usize) -> Json {
        Json::Object(members)
    }
}
