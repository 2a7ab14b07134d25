//! Whether a folder of JavaScript can be run as it is, or has to be built first.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use stack::Function;

use crate::runtime::{Missing, unbuilt};

/// What a handler's file may be called after its name.
const RUN: [&str; 4] = ["", ".js", ".mjs", ".cjs"];
/// What has to be compiled first.
const SOURCES: [&str; 4] = [".ts", ".mts", ".cts", ".tsx"];
/// What a module's file may be called after the name that it is imported by.
const MODULES: [&str; 8] = [
    "",
    ".js",
    ".mjs",
    ".cjs",
    ".json",
    "/index.js",
    "/index.mjs",
    "/index.cjs",
];
/// The most files of the code that are looked at.
const FILES: usize = 500;

/// Looks for what would keep every event from being answered, and that a command can make. A
/// handler that is nowhere is the function's own mistake, which its first event reports, as on AWS.
///
/// # Errors
/// The command.
pub(super) fn check(function: &Function, root: &Path, packages: &[PathBuf]) -> Result<(), Missing> {
    if !root.is_dir() {
        return Err(unbuilt::no_folder(function));
    }
    let Some(module) = module(root, &function.handler) else {
        return Ok(());
    };
    let with = |extension: &&&str| beside(&module, extension).is_file();
    if let Some(extension) = RUN.iter().find(with) {
        return installed(function, root, &beside(&module, extension), packages);
    }
    if let Some(extension) = SOURCES.iter().find(with) {
        let file = beside(&module, extension);
        let problem = format!("`{}` is TypeScript that was not compiled", file.display());
        return Err(match function.code.build_method {
            Some(_) => unbuilt::by_sam(problem),
            None => Missing::NotBuilt {
                problem,
                command: unbuilt::compiler(root),
            },
        });
    }
    match unbuilt::made_by(function, root) {
        None => Ok(()),
        Some(command) => Err(Missing::NotBuilt {
            problem: format!("`{}.js` is missing", module.display()),
            command,
        }),
    }
}

/// The file that `Handler` names, without its extension; `None` if it names none.
fn module(root: &Path, handler: &str) -> Option<PathBuf> {
    let (folder, name) = handler.rsplit_once('/').unwrap_or(("", handler));
    let (name, _) = name.split_once('.')?;
    Some(root.join(folder).join(name))
}

fn beside(module: &Path, extension: &str) -> PathBuf {
    let mut path = module.as_os_str().to_owned();
    path.push(extension);
    path.into()
}

/// Whether the packages are installed that the code imports and `package.json` lists.
fn installed(
    function: &Function,
    root: &Path,
    handler: &Path,
    packages: &[PathBuf],
) -> Result<(), Missing> {
    let Some(folder) = unbuilt::package_folder(root) else {
        return Ok(());
    };
    let is_missing = |name: &&String| {
        let above = root.ancestors().map(|folder| folder.join("node_modules"));
        let mut all = above.chain(packages.iter().cloned());
        !all.any(|folder| folder.join(name).exists())
    };
    let listed = unbuilt::dependencies(folder);
    let missing: Vec<&String> = listed.iter().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let imports = imports(root, handler);
    let is_imported = |name: &&&String| {
        let inside = format!("{name}/");
        imports
            .iter()
            .any(|import| import == **name || import.starts_with(&inside))
    };
    let Some(name) = missing.iter().find(is_imported) else {
        return Ok(());
    };
    let is_zip = function.code.directory.is_file();
    Err(Missing::NotBuilt {
        problem: format!(
            "the package `{name}` of `{}` is not installed",
            match is_zip {
                true => function.code.directory.join("package.json"),
                false => folder.join("package.json"),
            }
            .display()
        ),
        command: match is_zip {
            true => format!(
                "`{} install` in the folder that the zip is made from, and make it anew",
                unbuilt::tool(folder)
            ),
            false => format!(
                "`{} install` in `{}`",
                unbuilt::tool(folder),
                folder.display()
            ),
        },
    })
}

/// What a file imports, and the files of the code that it imports: their texts in quotes, roughly.
fn imports(root: &Path, handler: &Path) -> HashSet<String> {
    let mut all = HashSet::new();
    let mut files = vec![handler.to_owned()];
    let mut seen = HashSet::new();
    while let Some(file) = files.pop() {
        if seen.len() >= FILES || !file.starts_with(root) || !seen.insert(file.clone()) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for name in quoted(&text) {
            if name.starts_with("./") || name.starts_with("../") {
                let named = file.parent().unwrap_or(root).join(name);
                let named = MODULES.iter().map(|extension| beside(&named, extension));
                files.extend(named.filter(|file| file.is_file()).take(1));
            } else {
                all.insert(name.to_owned());
            }
        }
    }
    all
}

/// What stands in quotes behind `from`, `import` or `require`.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let quotes = ['"', '\'', '`'];
    let words = ["from", "import", "require"].into_iter();
    let places =
        words.flat_map(move |word| text.match_indices(word).map(move |(at, _)| at + word.len()));
    places.filter_map(move |at| {
        let rest = text[at..].trim_start_matches([' ', '(', '\t', '\n']);
        let quote = rest.chars().next().filter(|quote| quotes.contains(quote))?;
        let (name, _) = rest[1..].split_once(quote)?;
        (!name.is_empty() && name.len() < 200).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_imports_is_seen_however_it_is_written() {
        let text = "
import a from \"a\";
import { b } from 'b/x';
import 'c';
const d = require( `d` ), e = await import('./e.mjs');
from here 'not this', important('nor this'); const pad = 'nor that';
export * from\t'f';
";
        let mut names: Vec<&str> = quoted(text).collect();
        names.sort_unstable();
        assert_eq!(names, ["./e.mjs", "a", "b/x", "c", "d", "f"]);
    }
}
