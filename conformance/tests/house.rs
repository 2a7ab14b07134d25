//! The house's first principle: one word on every floor, and no id that does not exist.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gatespec_conformance::case;
use spec::requirement::{self, PAGES};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every source file of ours.
fn sources() -> Vec<PathBuf> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    for part in [
        "spec",
        "velocity",
        "handlers",
        "gateway",
        "conformance",
        "cli",
    ] {
        collect(&root().join(part).join("src"), &mut files);
    }
    files
}

/// The ids in a text, such as `ROUTE-3`.
fn cited(text: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (area, _) in PAGES {
        let stem = format!("{}-", area.to_ascii_uppercase());
        for (at, _) in text.match_indices(&stem) {
            let inside_a_word = text[..at]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
            let digits: String = text[at + stem.len()..]
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            if !inside_a_word && !digits.is_empty() {
                ids.insert(format!("{stem}{digits}"));
            }
        }
    }
    ids
}

#[test]
fn every_id_that_code_cites_exists() {
    let mut unknown = Vec::new();
    for file in sources() {
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

#[test]
fn ids_are_found_in_texts() {
    let text = "see ROUTE-3 and EVENT-12; not UN_ROUTE-4, ROUTE-x";
    assert_eq!(
        cited(text),
        BTreeSet::from(["ROUTE-3".to_owned(), "EVENT-12".to_owned()])
    );
}
