//! `gatespec render --jsonl`: one request per line, one answer per line, for scripts and test
//! harnesses.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};

use serde_json::{Map, Value, json};
use spec::template::{MappingTemplate, Params, Scope, Variables};
use velocity::Options;

use crate::params::{UnknownPart, params};

/// A valid request.
struct Request {
    template: String,
    body: String,
    context: Variables,
    stage_variables: Variables,
    params: Params,
    variables: Variables,
    options: Options,
}

/// Why a request is invalid.
#[derive(Debug)]
enum RequestError {
    NotAnObject,
    UnknownMember(String),
    NotOfType {
        name: &'static str,
        expected: &'static str,
    },
    UnknownProfile(String),
    NoTemplate,
    Params(UnknownPart),
}

/// The members of a request.
const MEMBERS: [&str; 8] = [
    "id",
    "template",
    "body",
    "context",
    "stageVariables",
    "params",
    "variables",
    "profile",
];

/// The template of the previous request: harnesses often render one template many times.
#[derive(Default)]
struct Cache(Option<(String, Options, MappingTemplate)>);

/// Answers every line of `input` on `output`. An invalid line is answered with an error.
///
/// # Errors
/// If the input cannot be read or the output cannot be written.
pub(crate) fn run(input: impl io::Read, output: impl Write) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut output = io::BufWriter::new(output);
    let mut cache = Cache::default();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        if !line.trim_ascii().is_empty() {
            serde_json::to_writer(&mut output, &answer(&line, &mut cache))?;
            output.write_all(b"\n")?;
        }
        // Flushed at once: the other side may wait for the answer before it sends the next request.
        if input.buffer().is_empty() {
            output.flush()?;
        }
        line.clear();
    }
    output.flush()
}

fn answer(line: &[u8], cache: &mut Cache) -> Value {
    let request: Value = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => return failed(&Value::Null, "request", &error.to_string(), None),
    };
    let id = request.get("id").cloned().unwrap_or_default();
    let request = match Request::read(&request) {
        Ok(request) => request,
        Err(problem) => return failed(&id, "request", &problem.to_string(), None),
    };
    let template = match cache.parse(&request) {
        Ok(template) => template,
        Err(error) => {
            let location = Some((error.line(), error.column()));
            return failed(&id, "parse", error.message(), location);
        }
    };
    let scope = Scope::new(&request.body, &request.context)
        .stage_variables(&request.stage_variables)
        .params(&request.params)
        .variables(&request.variables);
    match template.render(&scope) {
        Ok(output) => json!({"id": id, "ok": true, "output": output}),
        Err(error) => failed(
            &id,
            "render",
            error.message(),
            Some((error.line(), error.column())),
        ),
    }
}

fn failed(id: &Value, stage: &str, error: &str, location: Option<(usize, usize)>) -> Value {
    let (line, column) = location.unzip();
    json!({"id": id, "ok": false, "stage": stage, "error": error, "line": line, "column": column})
}

impl Request {
    fn read(request: &Value) -> Result<Self, RequestError> {
        let fields = request.as_object().ok_or(RequestError::NotAnObject)?;
        let is_unknown = |name: &&String| !MEMBERS.contains(&name.as_str());
        if let Some(unknown) = fields.keys().find(is_unknown) {
            return Err(RequestError::UnknownMember(unknown.clone()));
        }
        let text = |name| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(RequestError::NotOfType {
                name,
                expected: "a string",
            }),
        };
        let object = |name| match fields.get(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map.clone()),
            Some(_) => Err(RequestError::NotOfType {
                name,
                expected: "an object",
            }),
        };
        let options = match text("profile")?.as_deref() {
            None | Some("api-gateway") => spec::template::options(),
            Some("velocity") => Options::default(),
            Some(other) => return Err(RequestError::UnknownProfile(other.to_owned())),
        };
        Ok(Self {
            template: text("template")?.ok_or(RequestError::NoTemplate)?,
            body: text("body")?.unwrap_or_default(),
            context: object("context")?.into(),
            stage_variables: object("stageVariables")?.into(),
            params: params(&object("params")?).map_err(RequestError::Params)?,
            variables: object("variables")?.into(),
            options,
        })
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("a request must be an object"),
            Self::UnknownMember(name) => write!(
                f,
                "unknown member `{name}` in a request (known: {})",
                MEMBERS.join(", ")
            ),
            Self::NotOfType { name, expected } => write!(f, "`{name}` must be {expected}"),
            Self::UnknownProfile(name) => {
                write!(f, "unknown profile `{name}` (known: api-gateway, velocity)")
            }
            Self::NoTemplate => f.write_str("`template` is missing"),
            Self::Params(unknown) => unknown.fmt(f),
        }
    }
}

impl Error for RequestError {}

impl Cache {
    fn parse(&mut self, request: &Request) -> Result<&MappingTemplate, velocity::ParseError> {
        let Request {
            template, options, ..
        } = request;
        let entry = match self.0.take() {
            Some(entry) if entry.0 == *template && entry.1 == *options => entry,
            _ => {
                let parsed = MappingTemplate::with_options(template, options)?;
                (template.clone(), options.clone(), parsed)
            }
        };
        Ok(&self.0.insert(entry).2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &str) -> Vec<Value> {
        let mut output = Vec::new();
        run(input.as_bytes(), &mut output).unwrap();
        let lines = String::from_utf8(output).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn every_line_has_its_answer() {
        let input = concat!(
            r#"{"id": 1, "#,
            r#""template": "$input.body $context.a $stageVariables.b $c $input.params('x')", "#,
            r#""body": "m", "context": {"a": "A"}, "stageVariables": {"b": "B"}, "#,
            r#""variables": {"c": "C"}, "params": {"header": {"x": "X"}}}"#,
            "\n\n",
            r#"{"id": "two", "template": "a\n#if("}"#,
            "\n",
            r#"{"id": 3, "template": "$missing"}"#,
            "\n",
            r#"{"id": 4, "template": "$missing", "profile": "velocity"}"#,
            "\n",
            "not JSON\n",
            r#"{"id": 6, "template": "x", "colour": "red"}"#,
            "\n",
            r#"{"id": 7, "template": 7}"#,
        );
        let answers = answers(input);
        assert_eq!(
            answers[0],
            json!({"id": 1, "ok": true, "output": "m A B C X"})
        );
        assert_eq!(
            (&answers[1]["id"], &answers[1]["stage"]),
            (&json!("two"), &json!("parse"))
        );
        assert_eq!(answers[1]["line"], 2);
        assert_eq!(answers[2]["output"], "");
        assert_eq!(answers[3]["output"], "$missing");
        for (answer, mention) in
            answers[4..]
                .iter()
                .zip(["", "colour", "`template` must be a string"])
        {
            assert_eq!(
                (&answer["ok"], &answer["stage"]),
                (&json!(false), &json!("request"))
            );
            assert!(
                answer["error"].as_str().unwrap().contains(mention),
                "{answer}"
            );
        }
        assert_eq!(answers.len(), 7);
    }
}
