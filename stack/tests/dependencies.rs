//! Reading a template pulls in none of the gateway's dependencies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

/// Packages that reading a template must not need.
const FORBIDDEN: [&str; 7] = [
    "tokio",
    "hyper",
    "hyper-util",
    "rusqlite",
    "libsqlite3-sys",
    "rustls",
    "dynoxide-rs",
];

/// The names in what `cargo tree --prefix none` prints.
fn packages(tree: &str) -> BTreeSet<&str> {
    let names = tree.lines().map(|line| line.split(' ').next().unwrap());
    names.filter(|name| !name.is_empty()).collect()
}

fn tree(package: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(["-e", "normal", "-p", package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn reading_a_template_pulls_in_no_sockets_and_no_database() {
    let tree = tree("gatespec-stack");
    let packages = packages(&tree);
    assert!(packages.contains("gatespec-spec") && packages.contains("saphyr-parser"));
    let found: Vec<&&str> = FORBIDDEN
        .iter()
        .filter(|name| packages.contains(*name))
        .collect();
    assert_eq!(found, Vec::<&&str>::new());
}

// The list means packages that are there: the gateway needs them.
#[test]
fn the_gateway_pulls_in_all_that_reading_must_not() {
    let tree = tree("gatespec-gateway");
    let packages = packages(&tree);
    for name in FORBIDDEN {
        assert!(packages.contains(name), "{name}");
    }
}
