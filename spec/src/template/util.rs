//! `$util`: escaping, parsing and encoding.
//!
//! A function is one row of [`FUNCTIONS`]: rendering calls it by the row, the linter takes from it
//! which names exist and what they give.
//!
//! Realises: TEMPLATE-6, TEMPLATE-26 to TEMPLATE-30, TEMPLATE-97

use std::rc::Rc;

use velocity::{Failure, Object, Text, TextBuf, Value};

use super::escape::{ESCAPED_APOSTROPHE, escape_into, escape_text};
use super::json;
use crate::base64;

/// A function of `$util`. Each takes one argument.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) gives: Gives,
    call: for<'a> fn(&Text<'a>) -> Result<Value<'a>, Failure>,
}

/// What a function's result may hold, as the linter sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// The argument with JavaScript's escapes: longer than it, and never an error.
    Escaped,
    /// What stands safely in a JSON string: longer than the argument, and never an error.
    Encoded,
    /// What the argument hides. An argument that is not so encoded is an error.
    Decoded,
}

/// All functions of `$util`, by name.
pub(super) static FUNCTIONS: [Function; 6] = [
    Function {
        name: "base64Decode",
        gives: Gives::Decoded,
        call: |text| Ok(Value::from(base64_decode(text)?)),
    },
    Function {
        name: "base64Encode",
        gives: Gives::Encoded,
        call: |text| Ok(Value::from(base64::encode(text.to_str().as_bytes()))),
    },
    Function {
        name: "escapeJavaScript",
        gives: Gives::Escaped,
        call: |text| Ok(Value::String(escape_text(text))),
    },
    Function {
        name: "parseJson",
        gives: Gives::Decoded,
        // An empty text holds no value, which templates count on.
        call: |text| match text.as_str() {
            Some("") => Ok(Value::Null),
            _ => json::parse(text)
                .ok_or_else(|| Failure::new("the argument of `$util.parseJson` is not JSON")),
        },
    },
    Function {
        name: "urlDecode",
        gives: Gives::Decoded,
        call: |text| Ok(Value::from(url_decode(text)?)),
    },
    Function {
        name: "urlEncode",
        gives: Gives::Encoded,
        call: |text| Ok(Value::from(url_encode(text))),
    },
];

pub(super) struct Util;

impl Function {
    /// The function of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }
}

impl Util {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Util)
    }
}

impl<'a> Object<'a> for Util {
    fn class_name(&self) -> &str {
        "$util"
    }

    /// Writes `escapeJavaScript` directly, together with its remedy: an escaped text contains `\'`
    /// only where there was an apostrophe.
    fn write_call(
        &self,
        method: &str,
        arguments: &[Value<'a>],
        replacing: Option<(&str, &str)>,
        out: &mut TextBuf,
    ) -> Result<Option<usize>, Failure> {
        let ("escapeJavaScript", [Value::String(text)]) = (method, arguments) else {
            return Ok(None);
        };
        let (Some(text), None | Some((ESCAPED_APOSTROPHE, _))) = (text.as_str(), replacing) else {
            return Ok(None);
        };
        let apostrophe = replacing.map_or(ESCAPED_APOSTROPHE, |(_, by)| by);
        Ok(Some(out.push_with(|out| {
            let before = out.len();
            let apostrophes = escape_into(text, apostrophe, out);
            let written = out.len() - before;
            written + ESCAPED_APOSTROPHE.len() * apostrophes - apostrophe.len() * apostrophes
        })))
    }

    fn call(&self, method: &str, arguments: &[Value<'a>]) -> Result<Option<Value<'a>>, Failure> {
        let (Some(function), [argument]) = (Function::named(method), arguments) else {
            return Ok(None);
        };
        // A value that is not a string is converted to text (assumed).
        (function.call)(&argument.to_text()?).map(Some)
    }
}

/// Like `java.net.URLEncoder` with UTF-8: a space is `+`.
fn url_encode(text: &Text<'_>) -> String {
    let mut out = String::new();
    for byte in text.to_str().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Like `java.net.URLDecoder` with UTF-8.
fn url_decode(text: &Text<'_>) -> Result<String, Failure> {
    let text = text.to_str();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = rest
                    .get(..2)
                    .and_then(|digits| std::str::from_utf8(digits).ok());
                let value = digits
                    .filter(|digits| !digits.starts_with('+'))
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let Some(value) = value else {
                    return Err(Failure::new(format!(
                        "`$util.urlDecode`: `{text}` has a `%` without two hexadecimal digits"
                    )));
                };
                bytes.push(value);
                rest = &rest[2..];
            }
            _ => bytes.push(byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn base64_decode(text: &Text<'_>) -> Result<String, Failure> {
    let text = text.to_str();
    let bytes = base64::decode(&text).ok_or_else(|| {
        Failure::new(format!(
            "`$util.base64Decode`: `{}` is not base64",
            text.chars().take(40).collect::<String>()
        ))
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{MappingTemplate, Scope, Variables};
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("a b&c=é/~*", "a+b%26c%3D%C3%A9%2F%7E*")]
    fn urls_go_there_and_back(#[case] text: &str, #[case] encoded: &str) {
        assert_eq!(url_encode(&Text::from(text)), encoded);
        assert_eq!(url_decode(&Text::from(encoded)).as_deref(), Ok(text));
    }

    #[rstest]
    #[case("%")]
    #[case("%4")]
    #[case("%zz")]
    #[case("%+1")]
    fn half_an_escape_is_refused(#[case] text: &str) {
        assert!(url_decode(&Text::from(text)).is_err());
    }

    #[test]
    fn an_empty_text_parses_to_null() {
        let parse_json = Function::named("parseJson").expect("a function");
        let call = |text: &'static str| (parse_json.call)(&Text::from(text));
        assert!(call("").expect("no error").is_null());
        assert!(call(" ").is_err() && call("a=1").is_err());
    }

    /// The functions that AWS documents for `$util`.
    const DOCUMENTED: [&str; 6] = [
        "escapeJavaScript",
        "parseJson",
        "urlEncode",
        "urlDecode",
        "base64Encode",
        "base64Decode",
    ];

    /// The linter knows every function that there is, and none besides.
    #[test]
    fn the_linter_knows_the_functions() {
        let findings = |name: &str| {
            let source = format!(r#"{{"x": "$util.{name}($input.body)"}}"#);
            let report = crate::template::lint::lint(&source);
            let unknown = crate::template::lint::Rule::UnknownName;
            report
                .findings
                .iter()
                .filter(|found| found.rule == unknown)
                .count()
        };
        for name in DOCUMENTED {
            assert_eq!(findings(name), 0, "{name}");
            assert_eq!(findings(&name[1..]), 1, "{name}");
        }
        assert_eq!(FUNCTIONS.len(), DOCUMENTED.len());
    }

    proptest! {
        /// What a row promises to the linter holds for every text: what encodes never fails and
        /// stands in a JSON string, escaped text does so when its apostrophes are cured.
        #[test]
        fn functions_give_what_their_rows_say(
            text in "(\\PC|['\"\\\\/é日本語😀\n\u{1}%+]|[a-zA-Z0-9+/]{4}){0,40}",
        ) {
            for function in &FUNCTIONS {
                let given = (function.call)(&Text::from(text.as_str()))
                    .map(|value| value.to_text().expect("a text").to_str().into_owned());
                let written = match (function.gives, given) {
                    (Gives::Decoded, _) => continue,
                    (_, Err(error)) => panic!("{}: {error:?}", function.name),
                    (Gives::Encoded, Ok(given)) => given,
                    (Gives::Escaped, Ok(given)) => given.replace(ESCAPED_APOSTROPHE, "'"),
                };
                let json = serde_json::from_str::<String>(&format!("\"{written}\""));
                prop_assert!(json.is_ok(), "{}: {written}", function.name);
            }
        }

        /// Every text comes back from its decoder as it was.
        #[test]
        fn what_is_encoded_is_decoded_again(
            text in "(\\PC|['\"\\\\/é日本語😀\n\u{1}%+]|[a-zA-Z0-9+/]{4}){0,40}",
        ) {
            let call = |name: &str, argument: &str| {
                let function = Function::named(name).expect("a function");
                let value = (function.call)(&Text::from(argument)).expect("no error");
                value.to_text().expect("a text").to_str().into_owned()
            };
            prop_assert_eq!(&call("base64Decode", &call("base64Encode", &text)), &text);
            prop_assert_eq!(&call("urlDecode", &call("urlEncode", &text)), &text);
            let escaped = call("escapeJavaScript", &text).replace(ESCAPED_APOSTROPHE, "'");
            prop_assert_eq!(&call("parseJson", &format!("\"{escaped}\"")), &text);
        }

        /// Printing directly gives the same text as building it first.
        #[test]
        fn escaped_text_prints_as_it_is_set(
            body in concat!(
                "(\\PC|['\"\\\\/é日本語😀\n\u{1}]",
                "|日本語の文です。|plain text of some length){0,120}",
            ),
            by in "[a-z\"日]{0,3}",
        ) {
            let render = |source: &str| {
                let template = MappingTemplate::parse(source).expect("a template");
                template.render(&Scope::new(&body, &Variables::default())).expect("it renders")
            };
            let escaped = "$util.escapeJavaScript($input.body)";
            let replaced = format!(r#".replaceAll("\\'",'{by}')"#);
            let direct = render(&format!("a{escaped}{replaced}b{escaped}"));
            let made = render(&format!(
                "#set($x = {escaped})#set($y = $x{replaced})a${{y}}b$x"
            ));
            prop_assert_eq!(direct, made);
        }
    }
}
