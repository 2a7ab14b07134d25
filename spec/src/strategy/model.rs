//! Schemas of draft 4 and draft 3, with values that come near to fitting them, as JSON texts. The
//! same number always makes the same pair.

use std::fmt::Write;

/// JSON whose numbers and strings keep the form in which they are written.
#[derive(Clone, Debug)]
enum Json {
    /// As it stands.
    Raw(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A schema and a value.
pub fn pair_of(number: u64) -> (String, String) {
    let mut dice = Dice::new(number);
    let draft_3 = dice.one_in(4);
    let mut maker = Maker { dice, draft_3 };
    let schema = maker.root();
    let instance = maker.fitting(&schema, &schema, 0);
    (schema.print(), instance.print())
}

/// A schema of one format, and a text that comes near to it.
pub fn format_pair_of(number: u64) -> (String, String) {
    let mut dice = Dice::new(number);
    let (format, texts) = FORMATTED[dice.below(FORMATTED.len())];
    let mut text: Vec<char> = dice.pick(texts).chars().collect();
    for _ in 0..dice.below(4) {
        let at = dice.below(text.len() + 1);
        let letters: Vec<char> = dice.pick(FORMAT_LETTERS).chars().collect();
        match dice.below(4) {
            0 if at < text.len() => drop(text.remove(at)),
            1 if at < text.len() => text[at] = letters[0],
            2 if at < text.len() => {
                let end = (at + 1 + dice.below(5)).min(text.len());
                let part: Vec<char> = text[at..end].to_vec();
                let to = dice.below(text.len() + 1);
                text.splice(to..to, part);
            }
            _ => drop(text.splice(at..at, letters)),
        }
    }
    let text: String = text.into_iter().collect();
    let mut members = vec![("format".to_owned(), Json::Text(format.to_owned()))];
    if matches!(format, "date" | "time" | "host-name" | "ip-address") {
        let draft = "http://json-schema.org/draft-03/schema#";
        members.push(("$schema".to_owned(), Json::Text(draft.to_owned())));
    }
    let mut schema = Json::Object(members);
    if format == "$ref" {
        // What `$ref`, `id` and `$schema` are held to.
        let name = dice.pick(&["id", "$schema", "$ref"]);
        schema = Json::Object(vec![(name.to_owned(), Json::Text(text.clone()))]);
    }
    (schema.print(), Json::Text(text).print())
}

/// A pattern and a text to look for it in.
pub fn pattern_of(number: u64) -> (String, String) {
    let mut dice = Dice::new(number);
    let count = 1 + dice.below(6);
    let mut pattern = String::new();
    for _ in 0..count {
        pattern.push_str(dice.pick(PIECES));
        if dice.one_in(3) {
            pattern.push_str(dice.pick(QUANTIFIERS));
        }
    }
    if dice.one_in(3) {
        let at = dice.below(pattern.chars().count() + 1);
        let kept: String = pattern.chars().take(at).collect();
        pattern = kept + dice.pick(PIECES);
    }
    let text = (0..dice.below(8)).map(|_| dice.pick(LETTERS)).collect();
    (pattern, text)
}

const PIECES: &[&str] = &[
    "a",
    "b",
    "ab",
    ".",
    "^",
    "$",
    "\\b",
    "\\B",
    "\\d",
    "\\D",
    "\\w",
    "\\W",
    "\\s",
    "\\S",
    "[ab]",
    "[^ab]",
    "[a-c]",
    "[\\w-]",
    "[\\w-\\.]",
    "[\\d-a]",
    "[a-\\d]",
    "[\\d-.]",
    "[]",
    "[^]",
    "[-a]",
    "[a-]",
    "[\\b]",
    "[\\x41-C]",
    "[\\u0061]",
    "[\\ca]",
    "[\\c1]",
    "[a-z-9]",
    "[c-a]",
    "[\\w-a-Z]",
    "(a)",
    "(a|b)",
    "(?:a|)",
    "(a*)",
    "(a|ab)",
    "((a)|b)",
    "(?=a)",
    "(?!b)",
    "(",
    ")",
    "(?:",
    "|",
    "\\1",
    "\\2",
    "\\8",
    "\\0",
    "\\12",
    "\\x61",
    "\\x6",
    "\\u0061",
    "\\u00",
    "\\cA",
    "\\c1",
    "\\p",
    "\\-",
    "\\_",
    "{",
    "}",
    "]",
    "{1}",
    "a{,2}",
    "é",
    "😀",
    "\\",
    "[\\0-9]",
    "[\\377]",
    "[\\400]",
    "(?:a{2}|b)",
    "(?:(a)|b)*",
    "(a\\1)",
    "[",
    "(?i)",
    "(?<n>a)",
    "(?<=a)",
    "\\Z",
    "\\/",
    "[^\\S]",
    "[\\s\\S]",
    "[\\D]",
    "\u{a0}",
    "\\t",
    "\\v",
];
const QUANTIFIERS: &[&str] = &[
    "*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,}", "{0,1}", "{1,2}?", "{2,1}", "{2,}?",
    "{1", "{,2}", "{0,0}?", "{65535}", "**", "{1,2", "{2,1",
];
const LETTERS: &[&str] = &[
    "a", "a", "a", "b", "b", "c", "A", "1", "9", "-", ".", "_", " ", "\n", "\u{a0}", "\u{2028}",
    "é", "😀", "\\", "{", "}", "]", "\u{0}", "\u{1}", "p", "Z", "\u{FEFF}", "\u{180E}",
];
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

const FORMATTED: &[(&str, &[&str])] = &[
    (
        "date-time",
        &[
            "2026-11-28T10:00:00Z",
            "2024-02-29T23:59:59.123+05:30",
            "2026-01-01t00:00:00.5-0530",
            "2026-11-28T10:00:00+02:00:30.5",
            "2026-11-28T10:00:00+020030",
        ],
    ),
    ("date", &["2026-11-28", "2024-02-29"]),
    ("time", &["10:00:00", "23:59:59"]),
    (
        "email",
        &[
            "ann@example.com",
            "\"a b\"@example.com",
            "Ann <ann@example.com>",
            "ann@[127.0.0.1]",
            "a:b@c,d@e;",
            "<@r,@s:ann@example.com>",
            "(c)ann@example.com",
            "ann(c)",
            "a.b@c.d",
            "a,b@c",
        ],
    ),
    (
        "hostname",
        &[
            "example.com",
            "a.b.c",
            "my-host_x",
            "xn--bcher-kva.de",
            "a。b",
        ],
    ),
    ("host-name", &["example.com", "a-b"]),
    (
        "ipv4",
        &["127.0.0.1", "255.255.255.255", "::ffff:1.2.3.4", "0.0.0.0"],
    ),
    ("ip-address", &["10.0.0.1", "::"]),
    (
        "ipv6",
        &[
            "::1",
            "fe80::1%eth0",
            "1:2:3:4:5:6:7:8",
            "::1.2.3.4",
            "1::",
            "::ffff:0:0",
            "1:2::7:8",
        ],
    ),
    (
        "uri",
        &[
            "http://example.com/a?b#c",
            "urn:x:y",
            "//h:80/p",
            "a/b;c",
            "http://u@[::1]:80/",
            "#f",
            "http://[1:2:3:4:5:6:1.2.3.4]/",
            "http://[fe80::1%lo]/x",
            "?q",
            "mailto:a@b",
            "/a/../b",
            "é",
        ],
    ),
    (
        "$ref",
        &[
            "a/../b", "./a", "../a", "./a:b", "a//b", "/a/./b", "#/a", "a/b/..", "//h/../a",
            "urn:a",
        ],
    ),
    (
        "uuid",
        &[
            "123e4567-e89b-12d3-a456-426614174000",
            "1-2-3-4-5",
            "+1-+2-3-4-ffffffffffffffff",
        ],
    ),
    ("json-pointer", &["/a/b~0~1", "", "/", "/a//b"]),
    ("mac", &["00:11:22:33:44:55", "aa:BB:cc:dd:ee:zz"]),
    ("md5", &["d41d8cd98f00b204e9800998ecf8427e"]),
    ("sha1", &["da39a3ee5e6b4b0d3255bfef95601890afd80709"]),
    ("base64", &["YWJj", "YWI=", "YQ==", "YWJjZGVm", "YQ==\n"]),
];
const FORMAT_LETTERS: &[&str] = &[
    "a", "0", "1", "9", "f", "g", ":", "::", ".", "..", "-", "_", "+", "/", "//", "@", "#", "?",
    "%", "%4", "%41", "[", "]", "(", ")", "<", ">", ",", ";", "\"", "\\", " ", "\t", "\n", "\r\n",
    "é", "😀", "\u{a0}", "\u{7f}", "=", "~", "~0", "{", "}", "|", "^", "*", "Z", "T", "256",
    "\u{3002}", "$", "&", "\u{2028}", "\u{85}", "\u{0}",
];

/// Numbers in a row that only its start decides.
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    fn roll(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end.max(1) as u64).unwrap_or(0)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }
}

impl Json {
    fn raw(text: &str) -> Self {
        Self::Raw(text.to_owned())
    }

    fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => {
                let found = members.iter().rev().find(|(other, _)| other == name);
                found.map(|(_, json)| json)
            }
            _ => None,
        }
    }

    fn list(&self) -> &[Json] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    fn print(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (at, (name, json)) in members.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    write_text(name, out);
                    out.push(':');
                    json.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

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
        let common = [
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
        let fourth = [
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "minProperties",
            "maxProperties",
            "multipleOf",
        ];
        let third = ["extends", "disallow", "divisibleBy"];
        let own = if self.draft_3 {
            &third[..]
        } else {
            &fourth[..]
        };
        let name = match self.dice.below(60) {
            0 => self
                .dice
                .pick(&["foo", "const", "$id", "id", "default", "disallow", "allOf"]),
            1..=20 => self.dice.pick(own),
            _ => self.dice.pick(&common),
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

    /// A value that is likely to fit a schema.
    fn fitting(&mut self, schema: &Json, root: &Json, depth: usize) -> Json {
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
