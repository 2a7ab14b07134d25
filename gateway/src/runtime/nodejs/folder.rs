//! Whether a folder of JavaScript can be run as it is, or has to be built first.

use std::path::{Path, PathBuf};

use serde_json::Value;
use stack::Function;

use crate::runtime::Missing;

/// What a handler's file may be called after its name.
const RUN: [&str; 4] = ["", ".js", ".mjs", ".cjs"];
/// What has to be compiled first.
const SOURCES: [&str; 4] = [".ts", ".mts", ".cts", ".tsx"];

/// Looks for what would keep every event from being answered, and that a command can make. A
/// handler that is nowhere is the function's own mistake, which its first event reports, as on AWS.
///
/// # Errors
/// The command.
pub(super) fn check(function: &Function, root: &Path, packages: &[PathBuf]) -> Result<(), Missing> {
    if !root.is_dir() {
        return Err(Missing::Folder {
            folder: root.to_owned(),
        });
    }
    let Some(module) = module(root, &function.handler) else {
        return Ok(());
    };
    let with = |extension: &&&str| beside(&module, extension).is_file();
    if let Some(extension) = RUN.iter().find(with) {
        return installed(root, &beside(&module, extension), packages);
    }
    let Some(extension) = SOURCES.iter().find(with) else {
        return match function.code.build_method.as_deref() {
            Some(method) => Err(Missing::NotBuilt {
                problem: format!(
                    "`{}.js` is missing, and its build method `{method}` was not run",
                    module.display()
                ),
                command: "`sam build`, and serve `.aws-sam/build/template.yaml`".to_owned(),
            }),
            None => Ok(()),
        };
    };
    Err(Missing::NotBuilt {
        problem: format!(
            "`{}` is TypeScript that was not compiled",
            beside(&module, extension).display()
        ),
        command: match function.code.build_method {
            Some(_) => "`sam build`, and serve `.aws-sam/build/template.yaml`".to_owned(),
            None => compiler(root),
        },
    })
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

/// Whether the packages that the handler's file names, and `package.json` lists, are installed.
fn installed(root: &Path, handler: &Path, packages: &[PathBuf]) -> Result<(), Missing> {
    let Some(folder) = package_folder(root) else {
        return Ok(());
    };
    let package = read_json(&folder.join("package.json"));
    let listed = package["dependencies"].as_object();
    let listed = listed.into_iter().flat_map(|all| all.keys());
    let text = std::fs::read_to_string(handler).unwrap_or_default();
    let is_named = |name: &&String| {
        let quotes = ['"', '\'', '`'];
        quotes
            .iter()
            .any(|quote| text.contains(&format!("{quote}{name}")))
    };
    let is_missing = |name: &&String| {
        let above = root.ancestors().map(|folder| folder.join("node_modules"));
        let mut all = above.chain(packages.iter().cloned());
        !all.any(|folder| folder.join(name).exists())
    };
    match listed.filter(is_named).find(is_missing) {
        None => Ok(()),
        Some(name) => Err(Missing::NotBuilt {
            problem: format!(
                "the package `{name}` of `{}` is not installed",
                folder.join("package.json").display()
            ),
            command: format!("`{} install` in `{}`", tool(folder), folder.display()),
        }),
    }
}

/// The folder of the code's `package.json`, at it or above.
fn package_folder(root: &Path) -> Option<&Path> {
    root.ancestors()
        .find(|folder| folder.join("package.json").is_file())
}

fn compiler(root: &Path) -> String {
    let Some(folder) = package_folder(root) else {
        return format!("`npx tsc` in `{}`", root.display());
    };
    let package = read_json(&folder.join("package.json"));
    let command = match package["scripts"]["build"].is_string() {
        true => format!("{} run build", tool(folder)),
        false => "npx tsc".to_owned(),
    };
    format!("`{command}` in `{}`", folder.display())
}

/// Whose packages a folder has, by the lock file.
fn tool(folder: &Path) -> &'static str {
    let has = |name: &str| folder.join(name).is_file();
    match () {
        () if has("pnpm-lock.yaml") => "pnpm",
        () if has("yarn.lock") => "yarn",
        () => "npm",
    }
}

/// `null` if it cannot be read: Node will say why.
fn read_json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}
