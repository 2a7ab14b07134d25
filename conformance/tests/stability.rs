//! What `docs/stability.md` promises about reports and case files.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::{BTreeMap, BTreeSet};

use gatespec_conformance::case::{self, Feature};
use gatespec_conformance::report::{Comparison, FORMATS, InvalidReport};
use gatespec_conformance::{Outcome, Report, Stopped, Verdict};
use serde_json::Value;

/// Lines that were written once, and one that is still to come.
const REPORTS: &str = include_str!("stability/reports.jsonl");
/// What people read of steps and fields.
const PAGE: &str = include_str!("../../docs/cases.md");
/// Every step with all its fields.
const CASES: &str = include_str!("stability/cases.toml");

/// A line as this version writes it.
fn line() -> Value {
    let case = case::built_in().unwrap().remove(0);
    let outcome = Outcome {
        stopped: Some(Stopped {
            step: 1,
            steps: vec!["s".to_owned()],
            expected: "e".to_owned(),
            came: "c".to_owned(),
        }),
        known: Some("k".to_owned()),
        command: Some("c".to_owned()),
        ..Outcome::without_a_run(&case, Verdict::Fail, "d".to_owned())
    };
    let report = Report {
        target: "t".to_owned(),
        outcomes: vec![outcome],
    };
    let jsonl = FORMATS.iter().find(|format| format.file == "report.jsonl");
    let text = (jsonl.unwrap().write)(&Comparison::of(&[report], &[case]));
    serde_json::from_str(&text).unwrap()
}

fn fields(object: &Value) -> BTreeSet<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

// A field that goes, comes or is renamed: read docs/stability.md first.
#[test]
fn a_line_of_a_report_has_the_promised_fields() {
    let line = line();
    let promised = [
        "schema",
        "target",
        "case",
        "why",
        "verdict",
        "detail",
        "stopped",
        "known",
        "command",
        "requirements",
        "millis",
        "retries",
        "transcript",
    ];
    assert_eq!(fields(&line), promised.into());
    assert_eq!(line["schema"], 1);
    let cited = &line["requirements"][0];
    assert_eq!(fields(cited), ["id", "title", "basis", "sources"].into());
    let schema: Value = serde_json::from_str(include_str!("../report.schema.json")).unwrap();
    assert_eq!(fields(&schema["properties"]), fields(&line));
    let stopped = fields(&line["stopped"]);
    assert_eq!(stopped, ["step", "steps", "expected", "came"].into());
    assert_eq!(
        fields(&schema["properties"]["stopped"]["properties"]),
        stopped
    );
    let cited = &schema["properties"]["requirements"]["items"]["properties"];
    assert_eq!(fields(cited), fields(&line["requirements"][0]));
}

#[test]
fn reports_of_earlier_and_later_minor_versions_are_read() {
    let read = Comparison::parse(REPORTS).unwrap();
    let targets = ["before 0.2.0", "0.2.0", "a later minor version"];
    assert_eq!(read.targets, targets);
    let verdicts = read.rows[0].outcomes.iter().flatten();
    let verdicts: Vec<Verdict> = verdicts.map(|outcome| outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Fail, Verdict::Error]);
    let schema = serde_json::from_str(include_str!("../report.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for line in REPORTS.lines() {
        assert!(
            schema.is_valid(&serde_json::from_str(line).unwrap()),
            "{line}"
        );
    }
}

#[test]
fn a_report_of_a_later_major_version_is_refused_by_its_version() {
    let later = REPORTS.replace("\"schema\":1", "\"schema\":2");
    let error = Comparison::parse(&later).unwrap_err();
    assert!(
        matches!(error, InvalidReport::Later { line: 2, schema: 2 }),
        "{error}"
    );
}

/// The names that serde offers instead of one that does not exist.
fn offered(problem: &str) -> BTreeSet<String> {
    let (_, names) = problem.split_once("expected ").unwrap();
    let names = names.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

fn problem(step: &str) -> String {
    let text = format!("[[case]]\nid = \"a/b\"\nwhy = \"w\"\nsteps = [{step}]\n");
    case::parse("x.toml", None, &text)
        .unwrap_err()
        .problem
        .to_string()
}

// The file has all that there is, so whatever goes or is renamed can no longer be read.
#[test]
fn every_step_and_field_of_a_case_stays_readable() {
    let cases = case::parse("cases.toml", None, CASES).unwrap();
    assert_eq!(
        BTreeSet::from_iter(&cases[0].features),
        Feature::ALL.iter().collect()
    );
    let table: toml::Table = CASES.parse().unwrap();
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for step in table["case"][0]["steps"].as_array().unwrap() {
        let step = step.as_table().unwrap();
        let names = step.keys().filter(|name| *name != "do").cloned();
        used.entry(step["do"].as_str().unwrap())
            .or_default()
            .extend(names);
    }
    let steps = offered(&problem("{ do = \"?\" }"));
    assert_eq!(
        used.keys()
            .map(|step| (*step).to_owned())
            .collect::<BTreeSet<_>>(),
        steps
    );
    for (step, used) in used {
        let there = offered(&problem(&format!("{{ do = \"{step}\", unknown = 1 }}")));
        assert_eq!(used, there, "the fields of `{step}`");
    }
}

/// The fields in the tables of a section of the page of cases: what stands in backticks in the first
/// cell of each row.
fn documented(section: &str) -> BTreeSet<String> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.flat_map(|row| {
        let (cell, _) = row.split_once(" |").unwrap();
        cell.trim_end_matches('`').split("`, `")
    });
    names.map(str::to_owned).collect()
}

// Who has the program alone reads nowhere else what a step takes.
#[test]
fn every_step_and_field_of_a_case_is_documented() {
    let mut sections = PAGE.split("\n### `");
    let keys = sections.next().unwrap().split("\n## ").next().unwrap();
    let text = "[[case]]\nid = \"a/b\"\nwhy = \"w\"\nsteps = []\nunknown = 1\n";
    let unknown = case::parse("x.toml", None, text).unwrap_err();
    assert_eq!(documented(keys), offered(&unknown.problem.to_string()));
    let sections: BTreeMap<&str, &str> = sections
        .map(|section| section.split_once("`\n").unwrap())
        .collect();
    let steps: BTreeSet<String> = sections.keys().map(|step| (*step).to_owned()).collect();
    assert_eq!(steps, offered(&problem("{ do = \"?\" }")));
    for (step, section) in sections {
        let section = section.split("\n## ").next().unwrap();
        let there = offered(&problem(&format!("{{ do = \"{step}\", unknown = 1 }}")));
        assert_eq!(documented(section), there, "the fields of `{step}`");
    }
}
