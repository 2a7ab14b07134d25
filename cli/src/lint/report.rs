//! Findings as text, JSON and SARIF.

use serde_json::{Value, json};
use spec::template::Output;
use spec::template::lint::Rule;

use super::Linted;

/// An excerpt for each finding, and a line for each template without findings.
pub(super) fn text(linted: &[Linted]) -> String {
    let mut text = String::new();
    for each in linted {
        let title = match &each.name {
            Some(name) => format!("{}: {name}", each.file),
            None => each.file.clone(),
        };
        for placed in &each.findings {
            let finding = &placed.finding;
            let place = placed.start;
            text.push_str(&format!(
                "{}:{}:{}: {}: {}\n{}  why: {}\n  cure: {}\n\n",
                each.file,
                place.line,
                place.column,
                finding.rule,
                finding.message,
                placed.excerpt,
                finding.why,
                finding.cure
            ));
        }
        match each.doubts.first() {
            _ if !each.findings.is_empty() => {}
            Some(doubt) if each.output.is_none() => text.push_str(&format!(
                "{}:{}:{}: {} was not checked: {}\n",
                each.file,
                each.start.line,
                each.start.column,
                each.name.as_deref().unwrap_or_default(),
                doubt.reason
            )),
            None => text.push_str(&format!(
                "{title}: no findings; {} for every message\n",
                match each.output {
                    Some(Output::Form) => "renders to the same fields of a form",
                    _ => "renders to JSON",
                }
            )),
            Some(doubt) if each.output != Some(Output::Json) => {
                text.push_str(&format!("{title}: no findings; {}\n", doubt.reason));
            }
            Some(doubt) => text.push_str(&format!(
                "{title}: no findings; may not render to JSON for every message: {}\n",
                doubt.reason
            )),
        }
    }
    text
}

/// One object with all templates and their findings.
pub(super) fn json(linted: &[Linted]) -> String {
    let templates: Vec<Value> = linted
        .iter()
        .map(|each| {
            let findings: Vec<Value> = each
                .findings
                .iter()
                .map(|placed| {
                    json!({
                        "rule": placed.finding.rule.id(),
                        "message": placed.finding.message,
                        "why": placed.finding.why,
                        "cure": placed.finding.cure,
                        "line": placed.start.line,
                        "column": placed.start.column,
                        "endLine": placed.end.line,
                        "endColumn": placed.end.column,
                        "span": [placed.span.start, placed.span.end],
                    })
                })
                .collect();
            let doubts: Vec<&str> = each.doubts.iter().map(|doubt| &*doubt.reason).collect();
            json!({
                "file": each.file,
                "template": each.name,
                "jsonSafe": each.output == Some(Output::Json) && each.doubts.is_empty(),
                "findings": findings,
                "doubts": doubts,
            })
        })
        .collect();
    pretty(&json!({"templates": templates}))
}

/// A SARIF log with one run.
pub(super) fn sarif(linted: &[Linted]) -> String {
    let rules: Vec<Value> = Rule::ALL
        .iter()
        .map(|rule| json!({"id": rule.id(), "shortDescription": {"text": rule.why()}}))
        .collect();
    let results: Vec<Value> = linted
        .iter()
        .flat_map(|each| each.findings.iter().map(move |placed| (each, placed)))
        .map(|(each, placed)| {
            let finding = &placed.finding;
            let message = format!(
                "{}: {}. Cure: {}",
                finding.message, finding.why, finding.cure
            );
            json!({
                "ruleId": finding.rule.id(),
                "ruleIndex": Rule::ALL.iter().position(|rule| *rule == finding.rule),
                "level": "error",
                "message": {"text": message},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": uri(&each.file)},
                        "region": {
                            "startLine": placed.start.line,
                            "startColumn": placed.start.column,
                            "endLine": placed.end.line,
                            "endColumn": placed.end.column,
                        },
                    },
                }],
            })
        })
        .collect();
    let driver = json!({"name": "gatespec", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    pretty(&json!({
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": unread(linted),
            }],
            "results": results,
        }],
    }))
}

/// What could not be read.
fn unread(linted: &[Linted]) -> Vec<Value> {
    linted
        .iter()
        .filter(|each| each.output.is_none())
        .map(|each| {
            let name = each.name.as_deref().unwrap_or_default();
            let reason = each.doubts.first().map_or("", |doubt| &doubt.reason);
            json!({
                "level": "warning",
                "message": {"text": format!("{name} was not checked: {reason}")},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": uri(&each.file)},
                        "region": {
                            "startLine": each.start.line,
                            "startColumn": each.start.column,
                        },
                    },
                }],
            })
        })
        .collect()
}

/// A path as a relative URI reference, percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
