//! The modules of each crate depend on each other in one direction.
//!
//! A module uses what its `use` lines and its written-out paths name. A name that a module only
//! passes on (`pub use`) counts as its owner's. That a module declares its children and passes
//! their names on is no use; that a child uses its parent is one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/modules.rs"]
mod modules;

use std::collections::BTreeSet;

use modules::{Names, Uses, cycles, paths, source, uses, without_children};

const CRATES: [&str; 8] = [
    "spec",
    "velocity",
    "stack",
    "handlers",
    "gateway",
    "inspect",
    "conformance",
    "cli",
];

/// Modules that may depend on each other, by crate, and why. An entry that is no longer true fails
/// the test.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[];

#[test]
fn modules_depend_on_each_other_in_one_direction() {
    let allowed: BTreeSet<(String, Vec<String>)> = EXCEPTIONS
        .iter()
        .map(|(name, modules, reason)| {
            assert!(!reason.is_empty(), "an exception needs a reason");
            let modules = modules.iter().map(|&module| module.to_owned());
            ((*name).to_owned(), modules.collect())
        })
        .collect();
    let mut found = BTreeSet::new();
    let mut edges = String::new();
    for name in CRATES {
        let uses = without_children(uses(&source(name)));
        for group in cycles(&uses) {
            for module in &group {
                let within = uses[module].iter().filter(|used| group.contains(used));
                let within: Vec<&str> = within.map(String::as_str).collect();
                edges += &format!("{name}: {module} -> {}\n", within.join(", "));
            }
            found.insert((name.to_owned(), group));
        }
    }
    assert_eq!(
        found, allowed,
        "left: the circular dependencies, right: `EXCEPTIONS`\n{edges}"
    );
}

// The parser sees what there is.
#[test]
fn uses_are_found() {
    let stack = uses(&source("stack"));
    assert!(stack["assembly"].contains("resources::draft"));
    assert!(stack["resources"].contains("resources::stage"));
    assert!(stack["resources::stage"].contains("resources::stage::access_log"));
    assert!(stack["template"].contains("template::parameters"));
    let spec = uses(&source("spec"));
    // By `spec::api`'s own name, by a name passed on, by a path that is written out.
    assert!(spec["usage_plan"].contains("api"));
    assert!(spec["gateway"].contains("call"));
    assert!(spec["integration"].contains("limits"));
    for (module, used) in spec.iter().chain(&stack) {
        assert!(!used.contains(module), "`{module}` uses itself");
    }
}

// In this crate, a module that has children is on top of them: they do not use it.
#[test]
fn no_module_of_stack_uses_its_parent() {
    let none = Vec::<Vec<String>>::new();
    assert_eq!(cycles(&uses(&source("stack"))), none);
}

#[test]
fn no_layer_of_stack_uses_one_above_it() {
    // As in the crate's documentation, from the lowest.
    let layers = [
        &["error", "diagnostics", "input", "variables", "settings"][..],
        &["document"],
        &["template"],
        &["transform"],
        &["stacks"],
        &["event_pattern", "declared", "resources"],
        &["load", "connected", "calls", "assembly", "plan", "mapping"],
    ];
    let layer = |module: &str| {
        let top = module.split("::").next().unwrap();
        let layer = layers.iter().position(|layer| layer.contains(&top));
        layer.unwrap_or_else(|| panic!("`{module}` is in no layer"))
    };
    let uses = uses(&source("stack"));
    for (module, used) in uses.iter().filter(|(module, _)| !module.is_empty()) {
        for used in used {
            assert!(layer(used) <= layer(module), "`{module}` uses `{used}`");
        }
    }
}

#[test]
fn circular_dependencies_are_found() {
    let of = |pairs: &[(&str, &str)]| {
        let mut uses = Uses::new();
        for (from, to) in pairs {
            let used = uses.entry((*from).to_owned()).or_default();
            used.insert((*to).to_owned());
        }
        uses
    };
    let none = Vec::<Vec<String>>::new();
    assert_eq!(cycles(&of(&[("a", "b"), ("b", "c"), ("a", "c")])), none);
    let uses = of(&[("a", "b"), ("b", "c"), ("c", "b"), ("d", "e"), ("e", "d")]);
    assert_eq!(cycles(&uses), [["b", "c"], ["d", "e"]]);
    let uses = of(&[("a", "a::b"), ("a::b", "a")]);
    assert_eq!(cycles(&uses), [["a", "a::b"]]);
    assert_eq!(cycles(&without_children(uses)), none);
    let uses = of(&[("a::b", "c"), ("c", "d"), ("d", "a::b")]);
    assert_eq!(cycles(&without_children(uses)), [["a::b", "c", "d"]]);
}

#[test]
fn paths_lead_to_modules() {
    let texts = [
        ("", "mod a;\npub use a::Thing;"),
        (
            "a",
            "mod b;\npub(crate) use self::b::{Deep, Other as Alias};",
        ),
        ("a::b", "struct Deep;"),
        (
            "c",
            "use std::fmt;\nuse super::{\n    a::b,\n};\nfn f() { crate::a::g() }",
        ),
    ];
    let texts = texts.map(|(module, text)| (module.to_owned(), text.to_owned()));
    let names = Names::read(&texts.into());
    let to = |own: &str, path: &str| names.resolve(own, path);
    assert_eq!(to("a::b", "super::Thing").as_deref(), Some("a"));
    assert_eq!(to("a::b", "crate::c::Thing").as_deref(), Some("c"));
    assert_eq!(to("a", "b::Thing").as_deref(), Some("a::b"));
    assert_eq!(to("c", "super::a::Deep").as_deref(), Some("a::b"));
    assert_eq!(to("c", "crate::a::Alias").as_deref(), Some("a::b"));
    assert_eq!(to("c", "crate::Thing").as_deref(), Some("a"));
    assert_eq!(to("a", "std::fmt"), None);
    let used = |module: &str| names.uses()[module].iter().cloned().collect::<Vec<_>>();
    assert_eq!(used("c"), ["a", "a::b"]);
    assert_eq!(used("a"), ["a::b"]);
    assert_eq!(
        paths("crate::a::{self, b::{C, D as E}}"),
        [
            ("crate::a::self".to_owned(), "self".to_owned()),
            ("crate::a::b::C".to_owned(), "C".to_owned()),
            ("crate::a::b::D".to_owned(), "E".to_owned()),
        ]
    );
}
