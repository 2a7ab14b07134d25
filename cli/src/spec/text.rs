use std::fmt::Write;

use conformance::catalogue::{Catalogue, Covering, Entry};
use serde_json::{Map, Value, json};

/// One line for each requirement.
pub(super) fn table(catalogue: &Catalogue, entries: &[&Entry]) -> String {
    let widths: Vec<usize> = catalogue
        .targets
        .iter()
        .map(|target| target.name.len().max(12))
        .collect();
    let mut text = format!("{:16}{:12}{:>4}{:>6}  ", "id", "basis", "code", "cases");
    for (target, width) in catalogue.targets.iter().zip(&widths) {
        let _ = write!(text, "{:width$}  ", target.name);
    }
    text.push_str("statement\n");
    for entry in entries {
        let requirement = &entry.requirement;
        let _ = write!(
            text,
            "{:16}{:12}{:>4}{:>6}  ",
            requirement.id,
            requirement.basis.to_string(),
            entry.code.len(),
            entry.cases.len()
        );
        for (index, width) in widths.iter().enumerate() {
            let _ = write!(text, "{:width$}  ", entry.standing(index).to_string());
        }
        let _ = writeln!(text, "{}", requirement.title);
    }
    let shown = entries.len();
    let _ = match catalogue.entries.len() {
        all if all == shown => writeln!(
            text,
            "\n{all} requirements; `gatespec spec ID` shows one in full"
        ),
        all => writeln!(
            text,
            "\n{shown} of {all} requirements; `gatespec spec ID` shows one in full"
        ),
    };
    text
}

/// Each requirement in full.
pub(super) fn pages(catalogue: &Catalogue, entries: &[&Entry]) -> String {
    let pages: Vec<String> = entries.iter().map(|entry| page(catalogue, entry)).collect();
    pages.join("\n")
}

fn page(catalogue: &Catalogue, entry: &Entry) -> String {
    let requirement = &entry.requirement;
    let (id, basis, title) = (requirement.id, requirement.basis, requirement.title);
    let mut text = format!("{id} ({basis}): {title}\n\n{}\n\n", requirement.statement);
    let _ = writeln!(text, "sources, read {}:", requirement.read());
    for source in requirement.sources() {
        let _ = writeln!(text, "  {source}");
    }
    text.push_str("code:\n");
    match entry.code.is_empty() {
        true => {
            let reason = entry
                .no_code
                .map_or(String::new(), |reason| format!(": {reason}"));
            let _ = writeln!(text, "  none{reason}");
        }
        false => entry.code.iter().for_each(|file| {
            let _ = writeln!(text, "  {file}");
        }),
    }
    text.push_str("cases:\n");
    if entry.cases.is_empty() {
        let reason = entry
            .no_case
            .map_or(String::new(), |reason| format!(": {reason}"));
        let _ = writeln!(text, "  none{reason}");
    }
    for case in &entry.cases {
        let _ = writeln!(text, "  {}: {}", case.id, case.why);
        for (name, verdict, note) in verdicts(catalogue, case) {
            let note = if note.is_empty() {
                String::new()
            } else {
                format!(": {note}")
            };
            let _ = writeln!(text, "    {name:20}{verdict}{note}");
        }
    }
    text
}

/// One JSON object a line.
pub(super) fn jsonl(catalogue: &Catalogue, entries: &[&Entry]) -> String {
    let line = |entry: &&Entry| {
        let requirement = &entry.requirement;
        let cases = entry.cases.iter().map(|case| {
            let verdicts: Map<String, Value> = verdicts(catalogue, case)
                .map(|(name, verdict, note)| {
                    (name.to_owned(), json!({"verdict": verdict, "note": note}))
                })
                .collect();
            json!({"id": case.id, "why": case.why, "verdicts": verdicts})
        });
        let line = json!({
            "id": requirement.id,
            "area": requirement.area,
            "title": requirement.title,
            "statement": requirement.statement,
            "basis": requirement.basis.to_string(),
            "sources": requirement.sources().collect::<Vec<_>>(),
            "read": requirement.read(),
            "code": entry.code,
            "cases": cases.collect::<Vec<_>>(),
        });
        format!("{line}\n")
    };
    entries.iter().map(line).collect()
}

/// Target, verdict and note.
fn verdicts<'a>(
    catalogue: &'a Catalogue,
    case: &'a Covering,
) -> impl Iterator<Item = (&'a str, String, &'a str)> {
    catalogue.targets.iter().enumerate().map(|(index, target)| {
        match case.found.get(index).and_then(Option::as_ref) {
            Some(found) => (&*target.name, found.verdict.to_string(), &*found.note),
            None => (&*target.name, "not run".to_owned(), ""),
        }
    })
}
