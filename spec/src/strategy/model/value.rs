//! Values that come near to fitting a schema.

use super::json::Json;
use super::{Maker, NAMES, NUMBERS, TEXTS, TYPES};

impl Maker {
    /// A value that is likely to fit a schema.
    pub(super) fn fitting(&mut self, schema: &Json, root: &Json, depth: usize) -> Json {
        if depth > 4 || self.dice.one_in(12) {
            return self.anything(2);
        }
        if let Some(Json::Text(reference)) = schema.get("$ref") {
            let mut at = Some(root);
            for token in reference.trim_start_matches('#').split('/').skip(1) {
                at = at.and_then(|json| json.get(token));
            }
            let target = at.unwrap_or(root).clone();
            return self.fitting(&target, root, depth + 1);
        }
        let values = schema.get("enum").map(Json::list).unwrap_or_default();
        if !values.is_empty() && !self.dice.one_in(4) {
            return values[self.dice.below(values.len())].clone();
        }
        for name in ["allOf", "anyOf", "oneOf", "extends"] {
            let list = schema.get(name).map(Json::list).unwrap_or_default();
            if !list.is_empty() && self.dice.one_in(2) {
                let inner = list[self.dice.below(list.len())].clone();
                return self.fitting(&inner, root, depth + 1);
            }
        }
        let kind = self.kind_for(schema);
        match kind.as_str() {
            "object" => self.object(schema, root, depth),
            "array" => self.array(schema, root, depth),
            "string" => Json::Text(self.dice.pick(TEXTS).to_owned()),
            "integer" => Json::raw(self.dice.pick(&NUMBERS[..7])),
            "number" => Json::raw(self.dice.pick(NUMBERS)),
            "boolean" => Json::raw(self.dice.pick(&["true", "false"])),
            _ => Json::raw("null"),
        }
    }

    /// The type that a schema asks for, or the one that its other keywords are about.
    fn kind_for(&mut self, schema: &Json) -> String {
        if let Some(Json::Text(kind)) = schema.get("type") {
            return kind.clone();
        }
        let listed = schema.get("type").map(Json::list).unwrap_or_default();
        if let Some(Json::Text(kind)) = listed.first() {
            return kind.clone();
        }
        let about = [
            (
                "object",
                &[
                    "properties",
                    "required",
                    "additionalProperties",
                    "patternProperties",
                    "dependencies",
                    "minProperties",
                    "maxProperties",
                ][..],
            ),
            (
                "array",
                &[
                    "items",
                    "additionalItems",
                    "minItems",
                    "maxItems",
                    "uniqueItems",
                ],
            ),
            ("string", &["pattern", "format", "minLength", "maxLength"]),
            (
                "number",
                &["minimum", "maximum", "multipleOf", "divisibleBy"],
            ),
        ];
        for (kind, names) in about {
            if names.iter().any(|name| schema.get(name).is_some()) {
                return kind.to_owned();
            }
        }
        self.dice.pick(TYPES).to_owned()
    }

    fn object(&mut self, schema: &Json, root: &Json, depth: usize) -> Json {
        let mut members = Vec::new();
        if let Some(Json::Object(properties)) = schema.get("properties") {
            for (name, inner) in properties.clone() {
                if !self.dice.one_in(4) {
                    members.push((name, self.fitting(&inner, root, depth + 1)));
                }
            }
        }
        for name in schema
            .get("required")
            .map(Json::list)
            .unwrap_or_default()
            .to_vec()
        {
            if let Json::Text(name) = name
                && !self.dice.one_in(3)
                && !members.iter().any(|(other, _)| *other == name)
            {
                members.push((name, self.anything(1)));
            }
        }
        if self.dice.one_in(3) {
            let inner = schema.get("additionalProperties").cloned();
            let name = self.dice.pick(NAMES).to_owned();
            let value = match inner {
                Some(inner) => self.fitting(&inner, root, depth + 1),
                None => self.anything(1),
            };
            members.push((name, value));
        }
        Json::Object(members)
    }

    fn array(&mut self, schema: &Json, root: &Json, depth: usize) -> Json {
        let items = schema.get("items").cloned();
        let count = self.dice.below(4);
        let item = |maker: &mut Self, at: usize| match &items {
            Some(Json::List(each)) => match each.get(at) {
                Some(inner) => maker.fitting(inner, root, depth + 1),
                None => maker.anything(1),
            },
            Some(inner) => maker.fitting(inner, root, depth + 1),
            None => maker.anything(1),
        };
        Json::List((0..count).map(|at| item(self, at)).collect())
    }
}
