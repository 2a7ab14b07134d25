//! The engines that are measured.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value as Jinja};
use serde_json::{Map, Value};
use spec::template::{MappingTemplate, Scope, Variables, escape_java_script};

use crate::{Body, Case};

/// Reused buffers: each subject fills the kind that it writes to.
#[derive(Default)]
pub struct Out {
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Out {
    pub fn clear(&mut self) {
        self.text.clear();
        self.bytes.clear();
    }

    pub fn as_bytes(&self) -> &[u8] {
        if self.text.is_empty() {
            &self.bytes
        } else {
            self.text.as_bytes()
        }
    }
}

/// What a subject's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// The rendered template: it must equal what the others write.
    Rendered,
    /// Something else, to compare the time with.
    Yardstick,
}

/// Something to measure, which writes text.
pub struct Subject<'s> {
    pub name: &'static str,
    pub writes: Writes,
    pub run: Box<dyn FnMut(&mut Out) + 's>,
}

fn subject<'s>(name: &'static str, writes: Writes, run: impl FnMut(&mut Out) + 's) -> Subject<'s> {
    Subject {
        name,
        writes,
        run: Box::new(run),
    }
}

/// The engines on one template and body, and two yardsticks.
pub fn renderers<'s>(
    case: &Case,
    context: &'s Map<String, Value>,
    body: &'s Body,
) -> Vec<Subject<'s>> {
    let template = MappingTemplate::parse(&case.velocity).expect("a mapping template");
    let variables = Variables::from(context);
    let finished = template
        .render(&Scope::new(&body.text, &variables))
        .expect("it renders");
    vec![
        subject("gatespec", Writes::Rendered, move |out| {
            template
                .render_into(&Scope::new(&body.text, &variables), &mut out.text)
                .expect("it renders");
        }),
        minijinja("minijinja", case, context, body, escape_plainly),
        minijinja("minijinja, our escaping", case, context, body, |text| {
            escape_java_script(text).into_owned()
        }),
        subject("serde_json of the body", Writes::Yardstick, |out| {
            out.text = serde_json::to_string(&body.text).expect("a string");
        }),
        subject("memcpy of the output", Writes::Yardstick, move |out| {
            out.text.push_str(&finished);
        }),
    ]
}

/// minijinja with the same template, parsed once. `$context` is converted once for all renders, the
/// body for each one.
///
/// `escapeJavaScript` is a filter from `&str` to `String` that does what commons-lang's does;
/// `replace` (of `\'` by `'`) is minijinja's own filter, `str::replace` underneath. The output goes
/// to a reused buffer.
fn minijinja<'s>(
    name: &'static str,
    case: &Case,
    context: &Map<String, Value>,
    body: &'s Body,
    escape: fn(&str) -> String,
) -> Subject<'s> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .keep_trailing_newline(true)
            .build()
            .expect("Jinja's syntax"),
    );
    environment.add_filter("escapeJavaScript", move |text: &str| escape(text));
    environment
        .add_template_owned("template", case.jinja.clone())
        .expect("a Jinja template");
    let context = Jinja::from(minijinja::value::Serde(context));
    subject(name, Writes::Rendered, move |out| {
        let template = environment.get_template("template").expect("just added");
        template
            .render_captured_to(
                minijinja::context! {
                    context => context.clone(),
                    input => minijinja::context! { body => body.text.as_str() },
                },
                &mut out.bytes,
            )
            .expect("it renders");
    })
}

/// commons-lang's `escapeJavaScript` as one would write it for a filter: one character at a time.
fn escape_plainly(text: &str) -> String {
    use std::fmt::Write;

    let mut out = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' | '/' => out.extend(['\\', character]),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{C}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1F}' | '\u{80}'.. => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
            _ => out.push(character),
        }
    }
    out
}

/// Escaping alone.
pub fn escapers(body: &Body) -> Vec<Subject<'_>> {
    vec![
        subject("escape_java_script", Writes::Rendered, |out| {
            out.text = escape_java_script(&body.text).into_owned();
        }),
        subject("serde_json::to_string", Writes::Yardstick, |out| {
            out.text = serde_json::to_string(&body.text).expect("a string");
        }),
        subject("json_escape_simd::escape", Writes::Yardstick, |out| {
            out.text = json_escape_simd::escape(&body.text);
        }),
        subject("memcpy", Writes::Yardstick, |out| {
            out.text = body.text.clone();
        }),
    ]
}
