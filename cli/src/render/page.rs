//! What a template made of a message, for people.

use inspect::console::{Answer, Kind, Problem};
use velocity::excerpt;

use crate::lint;

/// The error with its line and caret. `name` is what to call the template.
pub(super) fn error(name: &str, template: &str, problem: &Problem) -> String {
    let heading = format!("error: {}", problem.message);
    match problem.at {
        Some(at) => excerpt(&heading, at.span[0]..at.span[1], name, template),
        None => heading,
    }
}

/// Output or error, the JSON check, and the findings.
pub(super) fn whole(name: &str, template: &str, answer: &Answer) -> String {
    let mut page = match (&answer.output, &answer.error) {
        (Some(output), _) => format!("{}\n", output.trim_end_matches('\n')),
        (None, Some(problem)) => error(name, template, problem),
        (None, None) => String::new(),
    };
    if let Some(check) = check(answer) {
        page.push_str(&format!("\n{check}\n"));
    }
    let told = answer
        .error
        .as_ref()
        .map(|problem| (problem.at, &problem.message));
    for finding in &answer.findings {
        let at = finding.at;
        // What keeps it from being a template is told above.
        if told == Some((Some(at), &finding.message)) {
            continue;
        }
        let rule = finding.rule;
        page.push_str(&format!(
            "\n{name}:{}:{}: {rule}: {}\n",
            at.line, at.column, finding.message
        ));
        page.push_str(&lint::excerpt(at.span[0]..at.span[1], name, template));
        page.push_str(&format!(
            "  why: {}\n  cure: {}\n",
            finding.why, finding.cure
        ));
    }
    if answer.findings.is_empty() && answer.error.is_none() {
        let more = match answer.doubts.first() {
            Some(doubt) => format!("; not sure for every message: {doubt}"),
            None => format!("; {} for every message", kind(answer)),
        };
        page.push_str(&format!("no findings{more}\n"));
    }
    page
}

/// Whether the output is JSON, if that is what it has to be.
fn check(answer: &Answer) -> Option<String> {
    let check = answer.json.as_ref()?;
    Some(match (check.valid, &check.problem) {
        (_, _) if answer.kind != Some(Kind::Json) => format!("judged as {}", kind(answer)),
        (true, _) => "JSON".to_owned(),
        (false, Some(problem)) => {
            let place = check.line.zip(check.column);
            let place = place.map(|(line, column)| format!(" (line {line}, column {column})"));
            format!("not JSON: {problem}{}", place.unwrap_or_default())
        }
        (false, None) => "not JSON".to_owned(),
    })
}

fn kind(answer: &Answer) -> &'static str {
    match answer.kind {
        Some(Kind::Form) => "form encoding",
        Some(Kind::Xml) => "XML",
        Some(Kind::Text) => "text",
        Some(Kind::Json) | None => "JSON",
    }
}
