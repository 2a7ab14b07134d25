//! The house's first principle: one word on every floor, and no id that does not exist.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "support/coverage.rs"]
mod coverage;

use std::collections::BTreeSet;
use std::fs;

use coverage::{Coverage, Reasons, Uncovered, cited, root, sources};
use gatespec_conformance::case;
use spec::requirement::{self, Basis, PAGES};

/// All that is built from `src`.
const CRATES: [&str; 7] = [
    "spec",
    "velocity",
    "stack",
    "handlers",
    "gateway",
    "conformance",
    "cli",
];

#[test]
fn every_id_that_code_cites_exists() {
    let mut unknown = Vec::new();
    for file in sources(&CRATES) {
        let text = fs::read_to_string(&file).unwrap();
        // The tests of these two speak of ids that do not exist.
        if file.ends_with("requirement.rs") || file.ends_with("case.rs") {
            continue;
        }
        for id in cited(&text) {
            if requirement::find(&id).is_none() {
                unknown.push(format!("{}: {id}", file.display()));
            }
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn every_area_stands_on_every_floor() {
    let cases = case::built_in().unwrap();
    for (area, _) in PAGES {
        assert!(
            root()
                .join(format!("spec/requirements/{area}.md"))
                .is_file(),
            "{area}: no page"
        );
        let module = [
            format!("spec/src/{area}.rs"),
            format!("spec/src/{area}/mod.rs"),
        ];
        assert!(
            module.iter().any(|path| root().join(path).is_file()),
            "{area}: no module"
        );
        assert!(
            cases
                .iter()
                .any(|case| case.id.starts_with(&format!("{area}/"))),
            "{area}: no case"
        );
        assert!(
            root().join("snapshots").join(area).is_dir(),
            "{area}: no snapshots"
        );
    }
}

/// The crates of this workspace that a crate is built from, itself excluded.
fn built_from(name: &str) -> BTreeSet<String> {
    let manifest = |name: &str| -> toml::Table {
        let path = root().join(name).join("Cargo.toml");
        fs::read_to_string(path).unwrap().parse().unwrap()
    };
    let mut found = BTreeSet::new();
    let mut rest = vec![name.to_owned()];
    while let Some(name) = rest.pop() {
        let manifest = manifest(&name);
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for (name, _) in dependencies.into_iter().flatten() {
            let name = name.trim_start_matches("gatespec-");
            if CRATES.contains(&name) && found.insert(name.to_owned()) {
                rest.push(name.to_owned());
            }
        }
    }
    found
}

// A kit that linked the gateway would call it right by its own faults; functions that linked the
// specification would be wrong on both sides.
#[test]
fn the_judge_does_not_link_the_judged() {
    for (name, own) in [
        ("velocity", &[][..]),
        ("handlers", &[]),
        ("spec", &["velocity"]),
        ("stack", &["spec", "velocity"]),
        ("gateway", &["spec", "stack", "velocity"]),
        ("conformance", &["spec", "stack", "velocity"]),
    ] {
        let own: BTreeSet<String> = own.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(built_from(name), own, "{name}");
    }
}

/// The table of `docs/decisions/018-files-over-400-lines.md`.
#[test]
fn a_file_over_400_lines_has_a_reason() {
    let page = root().join("docs/decisions/018-files-over-400-lines.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeSet<String> = rows
        .filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
        .collect();
    let mut long = BTreeSet::new();
    let mut folders = vec![root().join("snapshots")];
    folders.extend(CRATES.map(|name| root().join(name)));
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs")
                && fs::read_to_string(&path).unwrap().lines().count() > 400
            {
                let path = path.strip_prefix(root()).unwrap();
                long.insert(path.display().to_string());
            }
        }
    }
    assert_eq!(long, listed, "left: the files, right: the table");
}

/// What is uncovered without a reason, and what has a reason without need.
fn differences(
    all: &[Coverage],
    list: &str,
    reasons: &Reasons,
    wanted: impl Fn(&Coverage) -> bool,
) -> Vec<String> {
    let mut problems = Vec::new();
    for id in all
        .iter()
        .filter(|one| wanted(one))
        .map(|one| one.requirement.id)
    {
        if !reasons.contains_key(id) {
            problems.push(format!("{id} has no {list} and no reason for that"));
        }
    }
    for id in reasons.keys() {
        let needless = || format!("{id} has its {list}, or needs none: strike it from [[{list}]]");
        match all.iter().find(|one| one.requirement.id == id) {
            None => problems.push(format!("there is no {id}")),
            Some(one) if !wanted(one) => problems.push(needless()),
            Some(_) => {}
        }
    }
    problems
}

// A list of what is missing stays true: what it names must be missing.
#[test]
fn what_is_certain_has_code_and_a_case_or_a_reason() {
    let (all, uncovered) = (coverage::all(), Uncovered::read());
    let mut problems = differences(&all, "code", &uncovered.code(), Coverage::wants_code);
    problems.extend(differences(
        &all,
        "case",
        &uncovered.case(),
        Coverage::wants_case,
    ));
    assert!(
        problems.is_empty(),
        "conformance/uncovered.toml:\n{}",
        problems.join("\n")
    );
}

// A case that also cites what is certain fails a target, and what is assumed must fail none.
#[test]
fn a_case_is_about_what_is_assumed_or_about_what_is_certain() {
    // It sees the close only, which is documented.
    let left_out = "limits/a-message-that-is-too-long-reaches-no-function";
    let is_assumed = |id: &String| {
        let requirement = requirement::find(id).unwrap();
        requirement.basis == Basis::Assumed
    };
    let all = case::built_in().unwrap();
    let mixed = all.iter().filter(|case| {
        let assumed = case.requirements.iter().filter(|id| is_assumed(id));
        !matches!(assumed.count(), count if count == 0 || count == case.requirements.len())
    });
    let mixed: Vec<&str> = mixed.map(|case| &*case.id).collect();
    assert_eq!(mixed, [left_out]);
}

#[test]
fn ids_are_found_in_texts() {
    let text = "see ROUTE-3 and EVENT-12 to EVENT-14; not UN_ROUTE-4, ROUTE-x";
    let ids = ["ROUTE-3", "EVENT-12", "EVENT-13", "EVENT-14"];
    assert_eq!(cited(text), ids.map(str::to_owned).into());
}
