//! Texts that come near to a format.

use super::dice::Dice;
use super::json::Json;

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
