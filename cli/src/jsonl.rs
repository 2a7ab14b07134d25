//! `gatespec render --jsonl`: one request per line, one answer per line, for scripts and test
//! harnesses.

use std::io::{self, BufRead, BufReader, Write};

use inspect::console::{Request, plain};
use serde_json::{Value, json};
use spec::template::{MappingTemplate, Variables, frozen};
use velocity::{Frozen, Options};

/// The members of a request.
const MEMBERS: &[&str] = &[
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
            let line = String::from_utf8_lossy(&line);
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

fn answer(line: &str, cache: &mut Cache) -> Value {
    let request = match frozen(line) {
        Ok(request) => request,
        Err(error) => return failed(&Value::Null, "request", &error.to_string(), None),
    };
    let id = match &request {
        Frozen::Map(fields) => fields.get("id").map(plain).unwrap_or_default(),
        _ => Value::Null,
    };
    let has_context = match &request {
        Frozen::Map(fields) => !matches!(fields.get("context"), None | Some(Frozen::Null)),
        _ => false,
    };
    let mut request = match Request::read(&request, MEMBERS) {
        Ok(request) => request,
        Err(problem) => return failed(&id, "request", &problem.to_string(), None),
    };
    // Harnesses send what their templates see, and nothing is added to it.
    if !has_context {
        request.context = Variables::default();
    }
    let template = match cache.parse(&request) {
        Ok(template) => template,
        Err(error) => {
            let location = Some((error.line(), error.column()));
            return failed(&id, "parse", error.message(), location);
        }
    };
    match template.render(&request.scope()) {
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

    // What `JSON.stringify` writes for a text that was cut inside a surrogate pair.
    #[test]
    fn half_a_pair_is_passed_on() {
        let input = concat!(
            r#"{"id": "\ud83d", "template": "$util.escapeJavaScript($input.body)", "#,
            r#""body": "{\"a\": \"\ude00\"}"}"#,
            "\n",
            r#"{"template": "$util.escapeJavaScript($input.path('$.a'))$input.json('$.a')", "#,
            r#""body": "{\"a\": \"\ude00\"}"}"#,
            "\n",
            r#"{"template": "$util.escapeJavaScript($input.path('$.a'))$input.json('$.a')", "#,
            r#""body": "{\"a\": \"\\ude00\"}"}"#,
            "\n",
            r#"{"template": "$x.length() $util.escapeJavaScript($x) $x $context.a.b.length()", "#,
            r#""variables": {"x": "a\ud83d"}, "context": {"a": {"b": "\ud83d\ud83d"}}}"#,
        );
        let answers = answers(input);
        assert_eq!(answers[0]["id"], "?");
        let outputs: Vec<&Value> = answers.iter().map(|answer| &answer["output"]).collect();
        assert_eq!(
            outputs,
            [
                r#"{\"a\": \"\uDE00\"}"#,
                r#"\uDE00"?""#,
                r#"\uDE00"?""#,
                r"2 a\uD83D a? 2",
            ]
        );
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
