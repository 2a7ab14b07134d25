//! What the modules of a crate use of each other, read out of their files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module uses, by path (`resources::api`); the crate itself is the empty path.
pub(crate) type Uses = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn source(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(name).join("src")
}

/// What the modules under `root` use of each other, without tests.
pub(crate) fn uses(root: &Path) -> Uses {
    let mut texts = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                texts.insert(module(root, &path), text);
            }
        }
    }
    Names::read(&texts).uses()
}

/// The path of a file's module.
fn module(root: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let names = relative.iter().map(|name| name.to_str().unwrap());
    let names: Vec<&str> = names
        .filter(|name| !["mod", "lib", "main"].contains(name))
        .collect();
    names.join("::")
}

/// Whether an item with this attribute is there in tests only.
fn is_for_tests(attribute: &str) -> bool {
    ["#[cfg(test)]", "#[cfg(all(test"]
        .iter()
        .any(|start| attribute.starts_with(start))
}

/// The modules that `text`, the file of `own`, declares for tests only.
fn test_modules(own: &str, text: &str) -> Vec<String> {
    let lines = text.lines().zip(text.lines().skip(1));
    let declared = lines.filter(|(attribute, _)| is_for_tests(attribute));
    let names = declared.filter_map(|(_, line)| line.strip_prefix("mod ")?.strip_suffix(';'));
    names.map(|name| inside(own, name)).collect()
}

/// The path of an item of a module.
fn inside(module: &str, name: &str) -> String {
    match module {
        "" => name.to_owned(),
        module => format!("{module}::{name}"),
    }
}

/// What the modules of a crate name.
pub(crate) struct Names {
    /// The paths that each module names, and under which name it knows them.
    paths: BTreeMap<String, Vec<(String, String)>>,
}

impl Names {
    pub(crate) fn read(texts: &BTreeMap<String, String>) -> Self {
        let tests = texts.iter().flat_map(|(own, text)| test_modules(own, text));
        let tests: Vec<String> = tests.collect();
        let is_test = |module: &str| {
            let within = |test: &String| module == test || module.starts_with(&inside(test, ""));
            tests.iter().any(within)
        };
        let texts = texts.iter().filter(|(module, _)| !is_test(module));
        Self {
            paths: texts
                .map(|(own, text)| (own.clone(), named(text)))
                .collect(),
        }
    }

    pub(crate) fn uses(&self) -> Uses {
        let of = |own: &String, paths: &[(String, String)]| {
            let used = paths.iter().filter_map(|(path, _)| self.resolve(own, path));
            used.filter(|used| used != own).collect()
        };
        let all = self.paths.iter();
        all.map(|(own, paths)| (own.clone(), of(own, paths)))
            .collect()
    }

    /// The module that owns what `path` names in `own`; `None` if it leads out of the crate.
    pub(crate) fn resolve(&self, own: &str, path: &str) -> Option<String> {
        let parent = |module: &str| {
            let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
            parent.to_owned()
        };
        let mut names: Vec<&str> = path.split("::").filter(|name| *name != "self").collect();
        let mut at = own.to_owned();
        let mut is_own = names.len() < path.split("::").count();
        if names.first() == Some(&"crate") {
            names.remove(0);
            (at, is_own) = (String::new(), true);
        }
        while names.first() == Some(&"super") {
            names.remove(0);
            (at, is_own) = (parent(&at), true);
        }
        for name in names {
            let child = inside(&at, name);
            if self.paths.contains_key(&child) {
                (at, is_own) = (child, true);
                continue;
            }
            // Names that `at` knows from elsewhere belong to where they come from.
            let known = self.paths.get(&at).into_iter().flatten();
            let mut known = known.filter(|(_, known)| known == name && at != own);
            return match known.next() {
                Some((path, _)) => self.resolve(&at, path),
                None => is_own.then_some(at),
            };
        }
        is_own.then_some(at)
    }
}

/// The paths that a file names, each with the name that it gives to it.
fn named(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.starts_with("//"));
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if is_for_tests(line) {
            match lines.next() {
                Some(module) if module.starts_with("mod ") && module.ends_with('{') => break,
                _ => continue,
            }
        }
        let item = match line.strip_prefix("pub") {
            Some(rest) => rest.trim_start_matches(|c| c != ' ').trim_start(),
            None => line,
        };
        if let Some(tree) = item.strip_prefix("use ") {
            let mut tree = tree.to_owned();
            while !tree.ends_with(';') {
                tree += lines.next().unwrap();
            }
            found.extend(paths(tree.trim_end_matches(';')));
        } else if let Some(child) = item.strip_prefix("mod ")
            && let Some(child) = child.strip_suffix(';')
        {
            found.push((format!("self::{child}"), child.to_owned()));
        } else {
            // Paths that are written out where they are used.
            for start in ["crate::", "super::"] {
                for (at, _) in line.match_indices(start) {
                    let is_part = |c: char| c.is_alphanumeric() || "_:".contains(c);
                    let starts = !line[..at].ends_with(is_part);
                    let path = line[at..].split(|c| !is_part(c)).next();
                    let path = path
                        .filter(|_| starts)
                        .map(|path| path.trim_end_matches(':'));
                    found.extend(path.map(|path| (path.to_owned(), String::new())));
                }
            }
        }
    }
    found
}

/// The paths of a `use`, each with its name: `a::{b, c::{d as e, self}}` is `a::b`, `a::c::d` with
/// the name `e`, and `a::c::self`.
pub(crate) fn paths(tree: &str) -> Vec<(String, String)> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        let (path, name) = tree
            .split_once(" as ")
            .unwrap_or_else(|| (tree, tree.rsplit("::").next().unwrap()));
        return vec![(path.to_owned(), name.to_owned())];
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
        .map(|(path, name)| (format!("{}{path}", prefix.trim()), name))
        .collect()
}

/// Without what modules use of their own children.
pub(crate) fn without_children(mut uses: Uses) -> Uses {
    for (module, used) in &mut uses {
        let child = inside(module, "");
        used.retain(|used| !used.starts_with(&child));
    }
    uses
}

/// The groups of modules that each use all of the others, by way of any modules.
pub(crate) fn cycles(uses: &Uses) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let mut reached = BTreeSet::new();
        let mut rest = vec![from];
        while let Some(at) = rest.pop() {
            for used in uses.get(at).into_iter().flatten() {
                if reached.insert(used) {
                    rest.push(used);
                }
            }
        }
        reached
    };
    let all: BTreeMap<&String, BTreeSet<&String>> = uses
        .keys()
        .map(|module| (module, reached(module)))
        .collect();
    let is_used =
        |by: &String, module: &String| all.get(by).is_some_and(|all| all.contains(module));
    let groups: BTreeSet<Vec<String>> = all
        .keys()
        .filter(|module| is_used(module, module))
        .map(|module| {
            let others = all.keys();
            let group = others.filter(|other| is_used(module, other) && is_used(other, module));
            group.map(|&module| module.clone()).collect()
        })
        .collect();
    groups.into_iter().collect()
}
