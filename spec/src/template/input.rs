//! `$input`: the message's text, its document, and the request's parameters.
//!
//! Realises: TEMPLATE-2, TEMPLATE-4, TEMPLATE-31 to TEMPLATE-33, TEMPLATE-94 to TEMPLATE-96

use std::cell::OnceCell;
use std::rc::Rc;

use velocity::{Failure, Map, Object, Text, TextBuf, Value};

use super::Params;
use super::json_path::{JsonPath, Selection};
use super::vocabulary::InputMember;
use super::{context, json};

/// To visit a document's values takes so many times as long as to look at its text.
const VISIT: usize = 16;

pub(super) struct Input<'a> {
    /// The body as templates see it: an empty one is an object.
    body: Text<'a>,
    is_empty: bool,
    params: &'a Params,
    /// The parsed body, built on first use. Templates can change it, and see their changes.
    document: OnceCell<Result<Value<'a>, Failure>>,
}

impl<'a> Input<'a> {
    pub(super) fn new(body: Text<'a>, params: &'a Params) -> Rc<Self> {
        let is_empty = body.is_empty();
        Rc::new(Input {
            body: if is_empty { Text::borrowed("{}") } else { body },
            is_empty,
            params,
            document: OnceCell::new(),
        })
    }

    /// The document: the body's JSON, or else its text.
    ///
    /// # Errors
    /// If the body begins as an object or an array does, and is not JSON. json-smart's leniency
    /// (`{a:1}`, `{'a':1}`) is not taken over: nobody has seen whether API Gateway's copy has it.
    fn document(&self) -> Result<Value<'a>, Failure> {
        let read = || match json::parse(&self.body) {
            Some(value) => Ok(value),
            None if self.body.to_str().trim_start().starts_with(['{', '[']) => Err(Failure::new(
                "could not process payload: it begins as a JSON object or array does, and is not \
                 JSON",
            )),
            None => Ok(Value::String(self.body.clone())),
        };
        self.document.get_or_init(read).clone()
    }

    /// What the path selects; `None` if nothing.
    fn select(&self, path: &Text<'a>) -> Result<Option<Value<'a>>, Failure> {
        let path =
            JsonPath::parse(&path.to_str()).map_err(|error| Failure::new(error.to_string()))?;
        Ok(match path.select(&self.document()?) {
            Selection::One(value) => Some(value),
            Selection::Many(values) => Some(json::array(values)),
            Selection::Number(number) => Some(context::number(number)),
            Selection::Missing => None,
        })
    }

    fn all_params(&self) -> Value<'a> {
        let group = |values: &'a indexmap::IndexMap<String, String>| -> Map<'a> {
            values
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect()
        };
        let params = Map::new();
        params.insert("path", group(&self.params.path));
        params.insert("querystring", group(&self.params.querystring));
        params.insert("header", group(&self.params.header));
        Value::Map(params)
    }

    /// A parameter by name, from the path, the query string or the headers, in this order.
    fn param(&self, name: &Text<'a>) -> Value<'a> {
        let Some(name) = name.as_str() else {
            return Value::Null;
        };
        let found = [
            &self.params.path,
            &self.params.querystring,
            &self.params.header,
        ]
        .iter()
        .find_map(|group| group.get(name));
        found.map_or(Value::Null, |value| Value::from(value.as_str()))
    }
}

impl<'a> Object<'a> for Input<'a> {
    fn class_name(&self) -> &str {
        "$input"
    }

    fn property(&self, name: &str) -> Result<Option<Value<'a>>, Failure> {
        Ok(match name {
            "body" => Some(Value::String(self.body.clone())),
            _ => None,
        })
    }

    /// A path that leads to many values looks at the whole document.
    fn looks_at(&self, _: &str, arguments: &[Value<'a>]) -> usize {
        let leads_to_many = |text: &str| text.contains(['*', '?', ':', ',']) || text.contains("..");
        match arguments {
            [Value::String(path)] if path.as_str().is_some_and(leads_to_many) => {
                self.body.as_str().map_or(0, str::len) * VISIT
            }
            _ => 0,
        }
    }

    fn call(&self, method: &str, arguments: &[Value<'a>]) -> Result<Option<Value<'a>>, Failure> {
        let Some(member) = InputMember::named(method) else {
            return Ok(None);
        };
        Ok(match (member, arguments) {
            (InputMember::GetBody, []) => self.property("body")?,
            // Where `$input.json` sees an object, `$input.path` sees nothing.
            (InputMember::Path, [Value::String(path)])
                if self.is_empty && path.as_str() == Some("$") =>
            {
                Some(Value::from(""))
            }
            (InputMember::Path, [Value::String(path)]) => {
                Some(self.select(path)?.unwrap_or(Value::Null))
            }
            (InputMember::Json, [Value::String(path)]) => Some(match self.select(path)? {
                Some(value) => {
                    let mut out = TextBuf::new();
                    json::write(&value, &mut out)?;
                    Value::String(out.into_text())
                }
                None => Value::from("\"\""),
            }),
            (InputMember::Params, []) => Some(self.all_params()),
            (InputMember::Params, [Value::String(name)]) => Some(self.param(name)),
            // A property, or arguments that no method accepts.
            (
                InputMember::Body
                | InputMember::GetBody
                | InputMember::Path
                | InputMember::Json
                | InputMember::Params,
                _,
            ) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::template::{MappingTemplate, Scope, Variables};
    use rstest::rstest;

    fn render(template: &str, body: &str) -> Result<String, String> {
        let template = MappingTemplate::parse(template).expect("a template");
        let rendered = template.render(&Scope::new(body, &Variables::default()));
        rendered.map_err(|error| error.to_string())
    }

    // A table that somebody made on AWS, and what three people reported of forms.
    #[rstest]
    #[case::form("token=abc&text=hi", r#""token=abc&text=hi""#)]
    #[case::words("hello world", r#""hello world""#)]
    #[case::quotes("it's \"so\"", r#""it's \"so\"""#)]
    #[case::brace_behind("a{b", r#""a{b""#)]
    #[case::bracket_behind("a[", r#""a[""#)]
    #[case::null_brace("null{", r#""null{""#)]
    #[case::true_brace("true{", r#""true{""#)]
    #[case::undefined_brace("undefined{", r#""undefined{""#)]
    #[case::number_and_more("1 2", r#""1 2""#)]
    fn what_is_not_json_is_a_text(#[case] body: &str, #[case] json: &str) {
        assert_eq!(render("$input.json('$')", body).as_deref(), Ok(json));
        assert_eq!(render("$input.path('$')", body).as_deref(), Ok(body));
        // A text has no members.
        assert_eq!(render("$input.json('$.a')", body).as_deref(), Ok(r#""""#));
    }

    #[test]
    fn a_text_has_the_methods_of_strings() {
        let template = "#foreach($pair in $input.path('$').split('&'))[$pair]#end\
                        $input.path('$').length()";
        let rendered = render(template, "token=abc&text=hi");
        assert_eq!(rendered.as_deref(), Ok("[token=abc][text=hi]17"));
    }

    #[rstest]
    #[case("{a")]
    #[case("[a")]
    #[case("{'a':1}")]
    #[case(" {")]
    #[case("{} {}")]
    fn what_begins_like_a_document_must_be_one(#[case] body: &str) {
        for template in ["$input.json('$')", "$input.path('$')", "$input.path('$.a')"] {
            let error = render(template, body).expect_err("no document");
            assert!(error.contains("could not process payload"), "{error}");
        }
        // The text itself is not looked into.
        assert_eq!(render("$input.body", body).as_deref(), Ok(body));
    }

    #[test]
    fn an_empty_message_is_an_object_for_json_only() {
        assert_eq!(render("$input.json('$')", "").as_deref(), Ok("{}"));
        assert_eq!(render("<$input.path('$')>", "").as_deref(), Ok("<>"));
        assert_eq!(render("$input.json('$.a')", "").as_deref(), Ok(r#""""#));
    }
}
