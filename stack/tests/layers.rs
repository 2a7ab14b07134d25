//! The crate's modules use each other in one direction, and none of them pulls in the gateway's
//! dependencies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each module uses, by path (`resources::api`); the crate itself is the empty path.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The path of a file's module.
fn module(root: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let names = relative.iter().map(|name| name.to_str().unwrap());
    let names: Vec<&str> = names
        .filter(|name| !["mod", "lib"].contains(name))
        .collect();
    names.join("::")
}

/// The code of a file: without comments and without what follows `#[cfg(test)]`.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of a `use`: `a::{b, c::{d, self}}` is `a::b`, `a::c::d` and `a::c`.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap().trim();
        return vec![path.to_owned()];
    };
    let inner = rest.rsplit_once('}').unwrap().0;
    let (mut items, mut depth, mut start) = (Vec::new(), 0_u32, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&inner[start..]);
    let items = items.into_iter().filter(|item| !item.trim().is_empty());
    items
        .flat_map(paths)
        .map(|path| format!("{}{path}", prefix.trim()))
        .collect()
}

/// What the modules under `root` use of each other.
fn uses(root: &Path) -> Uses {
    let all = files(root);
    let known: BTreeSet<String> = all.iter().map(|file| module(root, file)).collect();
    let mut uses = Uses::new();
    for file in &all {
        let own = module(root, file);
        if own == "tests" || own.starts_with("tests::") {
            continue;
        }
        let code = code(file);
        let mut targets = Vec::new();
        for statement in code.split(';') {
            let words = statement.trim();
            let words = words
                .rsplit_once(")]")
                .map_or(words, |(_, rest)| rest.trim());
            let statement = words
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub ");
            if let Some(tree) = statement.strip_prefix("use ") {
                targets.extend(paths(tree));
            } else if let Some(child) = statement.strip_prefix("mod ") {
                targets.push(child.trim().to_owned());
            } else {
                // Paths that are written out where they are used.
                for (at, _) in statement.match_indices("crate::") {
                    let is_part = |c: char| c.is_alphanumeric() || "_:".contains(c);
                    let path = statement[at..].split(|c| !is_part(c)).next();
                    targets.extend(path.map(str::to_owned));
                }
            }
        }
        let used = targets
            .iter()
            .filter_map(|path| resolve(&known, &own, path));
        let used = used.filter(|used| *used != own).collect();
        uses.insert(own, used);
    }
    uses
}

/// The module that a path leads to or into; `None` if it leads out of the crate.
fn resolve(known: &BTreeSet<String>, own: &str, path: &str) -> Option<String> {
    let parent = own.rsplit_once("::").map_or("", |(parent, _)| parent);
    let (start, path) = match path.split_once("::") {
        Some(("crate", rest)) => ("", rest),
        Some(("super", rest)) => (parent, rest),
        Some(("self", rest)) => (own, rest),
        // A child, or another crate.
        _ => (own, path),
    };
    let mut found = None;
    let mut whole = start.to_owned();
    for name in path.split("::") {
        whole = match whole.as_str() {
            "" => name.to_owned(),
            outer => format!("{outer}::{name}"),
        };
        if known.contains(&whole) {
            found = Some(whole.clone());
        }
    }
    // `use super::Thing` is a use of the parent itself.
    let names_parent = path == "super" || found.is_none() && start == parent && start != own;
    found.or_else(|| names_parent.then(|| start.to_owned()))
}

/// The first circle: modules that use each other, one after another.
fn circle(uses: &Uses) -> Option<Vec<String>> {
    fn follow(uses: &Uses, at: &str, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        if let Some(first) = way.iter().position(|seen| seen == at) {
            way.drain(..first);
            way.push(at.to_owned());
            return true;
        }
        if !done.contains(at) {
            way.push(at.to_owned());
            for next in uses.get(at).into_iter().flatten() {
                if follow(uses, next, way, done) {
                    return true;
                }
            }
            way.pop();
            done.insert(at.to_owned());
        }
        false
    }
    let (mut way, mut done) = (Vec::new(), BTreeSet::new());
    let found = uses.keys().any(|at| follow(uses, at, &mut way, &mut done));
    found.then_some(way)
}

#[test]
fn modules_use_each_other_in_one_direction() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let uses = uses(&root);
    // The parser sees what there is.
    assert!(uses["assembly"].contains("resources::draft"));
    assert!(uses["resources"].contains("resources::stage"));
    assert!(uses["resources::stage"].contains("resources::stage::access_log"));
    assert!(uses["template"].contains("template::parameters"));
    assert_eq!(circle(&uses), None);
}

#[test]
fn no_layer_uses_one_above_it() {
    // As in the crate's documentation, from the lowest.
    let layers = [
        &["error", "diagnostics", "settings"][..],
        &["document"],
        &["template"],
        &["declared", "resources"],
        &["calls", "assembly", "plan", "mapping"],
    ];
    let layer = |module: &str| {
        let top = module.split("::").next().unwrap();
        let layer = layers.iter().position(|layer| layer.contains(&top));
        layer.unwrap_or_else(|| panic!("`{module}` is in no layer"))
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (module, used) in uses(&root).iter().filter(|(module, _)| !module.is_empty()) {
        for used in used {
            assert!(layer(used) <= layer(module), "`{module}` uses `{used}`");
        }
    }
}

#[test]
fn circles_are_found() {
    let of = |pairs: &[(&str, &str)]| {
        let mut uses = Uses::new();
        for (from, to) in pairs {
            uses.entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        uses
    };
    assert_eq!(circle(&of(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let found = circle(&of(&[("a", "b"), ("b", "c"), ("c", "b")])).unwrap();
    assert_eq!(found, ["b", "c", "b"]);
    let known = ["a", "a::b", "c"].map(str::to_owned).into();
    let to = |own: &str, path: &str| resolve(&known, own, path);
    assert_eq!(to("a::b", "super::Thing").as_deref(), Some("a"));
    assert_eq!(to("a::b", "crate::c::Thing").as_deref(), Some("c"));
    assert_eq!(to("a", "b::Thing").as_deref(), Some("a::b"));
    assert_eq!(to("a", "std::fmt"), None);
    assert_eq!(
        paths("crate::a::{self, b::{C, D}}"),
        ["crate::a::self", "crate::a::b::C", "crate::a::b::D"]
    );
}

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
