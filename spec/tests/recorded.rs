//! Recorded answers of the real Velocity: these tests run without Java.
//! `velocity/oracle/cases/*.jsonl`: every difference that was ever found (`found.jsonl`), and a
//! sample of generated templates. The feature `oracle` checks the recorded answers against the real
//! Velocity.

mod support;

use support::{Answer, EXPLANATIONS, Verdict, recorded};

#[test]
fn recorded_templates_render_as_velocity_rendered_them() {
    let cases = recorded();
    assert!(cases.len() >= 400, "{} cases", cases.len());
    let mut differences = Vec::new();
    for (file, line, request, answer) in cases {
        let ours = request.render();
        if ours.against(&Answer::of(&answer)) == Verdict::Different {
            differences.push(format!(
                "{file}:{line}: `{}`\n  ours: {ours:?}\n  theirs: {answer}",
                request.template
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

// Every explanation of a difference can be read in COMPATIBILITY.md.
#[test]
fn explanations_are_lines_of_the_page() {
    let path = support::root().join("velocity/COMPATIBILITY.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    for line in EXPLANATIONS {
        assert!(page.contains(&format!("\n| {line} |")), "{line}");
    }
}
