//! `gatespec spec` as a user meets it.

mod support;

use support::{code, folder, gatespec, stderr, stdout};

// A requirement by its id, whatever its letters, with sources and verdicts; words; the page.
#[test]
fn the_specification_can_be_read() {
    let output = gatespec(&["spec", "route-3"]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    for part in [
        "ROUTE-3 (observed): ",
        "sources, read ",
        "spec/src/route.rs",
        "route/an-unknown-action-is-forbidden",
        "serverless-offline  fail: a message that no route takes is dropped",
    ] {
        assert!(
            stdout(&output).contains(part),
            "{part}: {}",
            stdout(&output)
        );
    }
    let output = gatespec(&["spec", "selection", "expression", "--format", "jsonl"]);
    let lines: Vec<serde_json::Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().any(|line| line["id"] == "ROUTE-1"));
    assert!(lines.iter().all(|line| line["sources"].is_array()));
    let all = stdout(&gatespec(&["spec"]));
    assert!(all.lines().count() > lines.len() + 300, "{all}");

    let none = gatespec(&["spec", "no requirement says this"]);
    assert_eq!(code(&none), Some(1));
    let unknown = gatespec(&["spec", "ROUTE-0"]);
    assert_eq!(code(&unknown), Some(2));
    assert!(stderr(&unknown).contains("the area has ROUTE-1 to ROUTE-"));

    let page = folder("spec").join("spec.html");
    let output = gatespec(&["spec", "--html", page.to_str().unwrap()]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<article id=ROUTE-3 "));
}
