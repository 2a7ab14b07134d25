//! `$util`: escaping (TEMPLATE-6), parsing and encoding (TEMPLATE-26 to TEMPLATE-30).

use std::rc::Rc;

use velocity::{Failure, Object, Text, TextBuf, Value};

use super::escape::{ESCAPED_APOSTROPHE, escape_into, escape_text};
use super::json;
use crate::base64;

pub(super) struct Util;

impl Util {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Util)
    }
}

impl<'a> Object<'a> for Util {
    fn class_name(&self) -> &str {
        "$util"
    }

    /// `escapeJavaScript`, and its cure with it: an escaped text holds `\'` nowhere but where an
    /// apostrophe was.
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
        let [argument] = arguments else {
            return Ok(None);
        };
        // Of values that are no strings the text is taken (assumed).
        let text = argument.to_text()?;
        Ok(Some(match method {
            "escapeJavaScript" => Value::String(escape_text(&text)),
            "parseJson" => json::parse(&text)
                .ok_or_else(|| Failure::new("`$util.parseJson` was given no JSON"))?,
            "urlEncode" => Value::from(url_encode(&text)),
            "urlDecode" => Value::from(url_decode(&text)?),
            "base64Encode" => Value::from(base64::encode(text.to_str().as_bytes())),
            "base64Decode" => Value::from(base64_decode(&text)?),
            _ => return Ok(None),
        }))
    }
}

/// As `java.net.URLEncoder` does with UTF-8: a blank is `+`.
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

/// As `java.net.URLDecoder` does with UTF-8.
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

    proptest! {
        /// What is printed at once is what is printed after it was made.
        #[test]
        fn escaped_text_prints_as_it_is_set(
            body in "(\\PC|['\"\\\\/é日本語😀\n\u{1}]|日本語の文です。|plain text of some length){0,120}",
            by in "[a-z\"日]{0,3}",
        ) {
            let render = |source: &str| {
                let template = MappingTemplate::parse(source).expect("a template");
                template.render(&Scope::new(&body, &Variables::default())).expect("it renders")
            };
            let direct = render(&format!(
                r#"a$util.escapeJavaScript($input.body).replaceAll("\\'",'{by}')b$util.escapeJavaScript($input.body)"#
            ));
            let made = render(&format!(
                r#"#set($x = $util.escapeJavaScript($input.body))#set($y = $x.replaceAll("\\'",'{by}'))a${{y}}b$x"#
            ));
            prop_assert_eq!(direct, made);
        }
    }
}
