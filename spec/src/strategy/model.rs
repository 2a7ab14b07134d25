//! Schemas of draft 4 and draft 3, with values that come near to fitting them, as JSON texts;
//! patterns, with texts to look for them in. The same number always makes the same pair.

mod dice;
mod format;
mod json;
mod pattern;
mod value;

pub use self::format::format_pair_of;
pub use self::pattern::pattern_of;

use self::dice::Dice;
use self::json::Json;

/// A schema and a value.
pub fn pair_of(number: u64) -> (String, String) {
    let mut dice = Dice::new(number);
    let draft_3 = dice.one_in(4);
    let mut maker = Maker { dice, draft_3 };
    let schema = maker.root();
    let instance = maker.fitting(&schema, &schema, 0);
    (schema.print(), instance.print())
}

const COMMON: &[&str] = &[
    "type",
    "type",
    "properties",
    "properties",
    "items",
    "items",
    "required",
    "enum",
    "additionalProperties",
    "patternProperties",
    "additionalItems",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "pattern",
    "format",
    "dependencies",
    "title",
];
const OF_DRAFT_4: &[&str] = &[
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "minProperties",
    "maxProperties",
    "multipleOf",
];
const OF_DRAFT_3: &[&str] = &["extends", "disallow", "divisibleBy"];
const NAMES: &[&str] = &["a", "b", "c", "é", "a/b", "x~y", "😀", "d", "long name"];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "5",
    "-1",
    "-0",
    "0.0",
    "1.0",
    "1.5",
    "2.50",
    "1e2",
    "1E+2",
    "10",
    "100",
    "1e-2",
    "0.01",
    "19.99",
    "1E400",
    "1e-400",
    "9223372036854775807",
    "9223372036854775808",
    "123456789012345678901234567890",
    "0.1",
    "-2.5",
    "7",
    "1e20",
    "12e-1",
    "0.00000001",
];
const DIVISORS: &[&str] = &[
    "1", "2", "0.1", "0.01", "3", "1.5", "1e-5", "7.3", "1e2", "2.0",
];
const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "ab",
    "abc",
    "A",
    "é",
    "😀",
    "a😀c",
    "a\nb",
    "1",
    "2026-11-28T10:00:00Z",
    "a b",
    "ann@example.com",
    "example.com",
    "127.0.0.1",
    "::1",
    "urn:x",
    "[",
    "\"",
    "\\",
    "\u{1}",
];
const PATTERNS: &[&str] = &[
    "a",
    "^a",
    "b$",
    "^[\\w-\\.]+@([\\w-]+\\.)+[\\w-]{2,4}$",
    "^\\d+$",
    "[^a]",
    "^.$",
    "(a|b)+",
    "\\p{L}",
    "a{,2}",
    "^$",
    "(?!a)",
    "\\u0061",
];
const FORMATS: &[&str] = &[
    "date-time",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "regex",
    "uuid",
    "json-pointer",
    "mac",
    "md5",
    "sha1",
    "base64",
    "date",
    "time",
    "host-name",
    "ip-address",
    "uri-template",
    "int32",
    "sha256",
    "sha512",
];
const TYPES: &[&str] = &[
    "array", "boolean", "integer", "null", "number", "object", "string",
];

struct Maker {
    dice: Dice,
    draft_3: bool,
}

impl Maker {
    fn root(&mut self) -> Json {
        let mut members = Vec::new();
        if self.draft_3 {
            let draft = "http://json-schema.org/draft-03/schema#";
            members.push(("$schema".to_owned(), Json::Text(draft.to_owned())));
        }
        if self.dice.one_in(2) {
            let definitions = ["a", "b"].map(|name| (name.to_owned(), self.schema(1)));
            let name = if self.dice.one_in(6) {
                "$defs"
            } else {
                "definitions"
            };
            members.push((name.to_owned(), Json::Object(definitions.into())));
        }
        if let Json::Object(own) = self.schema(0) {
            members.extend(own);
        }
        Json::Object(members)
    }

    fn schema(&mut self, depth: usize) -> Json {
        if depth > 0 && self.dice.one_in(150) {
            return self.anything(2);
        }
        if depth > 0 && self.dice.one_in(9) {
            let targets = [
                "#/definitions/a",
                "#/definitions/b",
                "#",
                "#/properties/a",
                "#/items",
                "#/nowhere",
                "#/$defs/a",
            ];
            let likely = if self.dice.one_in(12) {
                targets.len()
            } else {
                4
            };
            let target = self.dice.pick(&targets[..likely]);
            return Json::Object(vec![("$ref".to_owned(), Json::Text(target.to_owned()))]);
        }
        let count = match depth {
            0 => 1 + self.dice.below(5),
            1 | 2 => self.dice.below(4),
            _ => self.dice.below(2),
        };
        let members = (0..count).flat_map(|_| self.keyword(depth)).collect();
        Json::Object(members)
    }

    fn schemas(&mut self, depth: usize) -> Json {
        let count = 1 + self.dice.below(3);
        Json::List((0..count).map(|_| self.schema(depth + 1)).collect())
    }

    fn map(&mut self, depth: usize, names: &[&str]) -> Json {
        let count = 1 + self.dice.below(3);
        let member =
            |maker: &mut Self| (maker.dice.pick(names).to_owned(), maker.schema(depth + 1));
        let mut members: Vec<_> = (0..count).map(|_| member(self)).collect();
        members.dedup_by(|a, b| a.0 == b.0);
        Json::Object(members)
    }

    fn names(&mut self) -> Json {
        let count = 1 + self.dice.below(3);
        let doubles = self.dice.one_in(20);
        let mut names: Vec<&str> = Vec::new();
        for _ in 0..count {
            let name = self.dice.pick(NAMES);
            if doubles || !names.contains(&name) {
                names.push(name);
            }
        }
        let texts = names.into_iter().map(|name| Json::Text(name.to_owned()));
        Json::List(texts.collect())
    }

    fn size(&mut self) -> Json {
        let size = self
            .dice
            .pick(&["0", "1", "2", "3", "4", "1.0", "-1", "4294967296"]);
        if self.dice.one_in(12) {
            return Json::raw(size);
        }
        Json::raw(self.dice.pick(&["0", "1", "2", "3"]))
    }

    fn type_name(&mut self) -> Json {
        let kinds = if self.dice.one_in(60) {
            &["any", "file"][..]
        } else {
            TYPES
        };
        Json::Text(self.dice.pick(kinds).to_owned())
    }

    fn types(&mut self, depth: usize) -> Json {
        if !self.dice.one_in(4) {
            return self.type_name();
        }
        let count = self.dice.below(4);
        let kind = |maker: &mut Self| {
            if maker.draft_3 && maker.dice.one_in(3) {
                maker.schema(depth + 1)
            } else {
                maker.type_name()
            }
        };
        Json::List((0..count).map(|_| kind(self)).collect())
    }

    /// A keyword with its value, sometimes with another that belongs to it.
    fn keyword(&mut self, depth: usize) -> Vec<(String, Json)> {
        let own = if self.draft_3 { OF_DRAFT_3 } else { OF_DRAFT_4 };
        let name = match self.dice.below(60) {
            0 => self
                .dice
                .pick(&["foo", "const", "$id", "id", "default", "disallow", "allOf"]),
            1..=20 => self.dice.pick(own),
            _ => self.dice.pick(COMMON),
        };
        let value = if self.dice.one_in(200) {
            self.anything(1)
        } else {
            self.value_of(name, depth)
        };
        let mut members = vec![(name.to_owned(), value)];
        if ["minimum", "maximum"].contains(&name) && self.dice.one_in(2) {
            let exclusive = if name == "minimum" {
                "exclusiveMinimum"
            } else {
                "exclusiveMaximum"
            };
            members.push((exclusive.to_owned(), Json::raw("true")));
        }
        members
    }

    fn value_of(&mut self, name: &str, depth: usize) -> Json {
        match name {
            "type" | "disallow" => self.types(depth),
            "properties" => self.map(depth, NAMES),
            "patternProperties" => self.map(depth, PATTERNS),
            "items" | "extends" if self.dice.one_in(2) => self.schemas(depth),
            "items" | "extends" | "not" => self.schema(depth + 1),
            "allOf" | "anyOf" | "oneOf" => self.schemas(depth),
            "additionalProperties" | "additionalItems" => match self.dice.below(5) {
                0 => Json::raw("true"),
                1 | 2 => Json::raw("false"),
                _ => self.schema(depth + 1),
            },
            "required" if self.draft_3 => Json::raw("true"),
            "required" => self.names(),
            "enum" => {
                let count = 1 + self.dice.below(4);
                Json::List((0..count).map(|_| self.anything(2)).collect())
            }
            "minimum" | "maximum" => Json::raw(self.dice.pick(NUMBERS)),
            "multipleOf" | "divisibleBy" => Json::raw(self.dice.pick(DIVISORS)),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties"
            | "maxProperties" => self.size(),
            "uniqueItems" => Json::raw(self.dice.pick(&["true", "true", "false"])),
            "pattern" => Json::Text(self.dice.pick(PATTERNS).to_owned()),
            "format" => Json::Text(self.dice.pick(FORMATS).to_owned()),
            "dependencies" => {
                let name = self.dice.pick(NAMES).to_owned();
                let needed = match self.dice.below(3) {
                    0 => self.schema(depth + 1),
                    1 if self.draft_3 => Json::Text(self.dice.pick(NAMES).to_owned()),
                    _ => self.names(),
                };
                Json::Object(vec![(name, needed)])
            }
            "$id" | "id" => Json::Text(self.dice.pick(&["x", "a b", "#a", "a/../b"]).to_owned()),
            _ => Json::Text("t".to_owned()),
        }
    }

    /// Any JSON.
    fn anything(&mut self, depth: usize) -> Json {
        match self.dice.below(if depth == 0 { 6 } else { 9 }) {
            0 => Json::raw(self.dice.pick(&["null", "true", "false"])),
            1 | 2 => Json::raw(self.dice.pick(NUMBERS)),
            3 if self.dice.one_in(8) => {
                Json::raw(self.dice.pick(&["\"\\ud83d\"", "\"a\\udc00b\""]))
            }
            3..=5 => Json::Text(self.dice.pick(TEXTS).to_owned()),
            6 | 7 => {
                let count = self.dice.below(4);
                Json::List((0..count).map(|_| self.anything(depth - 1)).collect())
            }
            _ => self.members(depth),
        }
    }

    fn members(&mut self, depth: usize) -> Json {
        let count = self.dice.below(4);
        let member = |maker: &mut Self| {
            let name = maker.dice.pick(NAMES).to_owned();
            (name, maker.anything(depth.saturating_sub(1)))
        };
        Json::Object((0..count).map(|_| member(self)).collect())
    }
}
