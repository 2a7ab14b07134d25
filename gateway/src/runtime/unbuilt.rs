//! Code that a command has to make before it can be run: what the command is.

use std::path::{Path, PathBuf};

use serde_json::Value;
use stack::{Function, Layer};

use super::Missing;

/// How far above the code its project's own files may be.
const LEVELS: usize = 4;

/// The folders and files of layers that runtimes look for. Any of them, and the layer is built.
const OF_LAYERS: [&str; 8] = [
    "bin",
    "bootstrap",
    "dotnetcore",
    "java",
    "lib",
    "nodejs",
    "python",
    "ruby",
];

/// The command that makes what is missing.
///
/// `problem` says what, and where.
pub(super) fn by_sam(problem: String) -> Missing {
    Missing::NotBuilt {
        problem,
        command: "`sam build`, and serve `.aws-sam/build/template.yaml`".to_owned(),
    }
}

/// There is no folder for a function's code: one that a build makes, or none that anybody knows.
pub(super) fn no_folder(function: &Function) -> Missing {
    let folder = function.code.directory.clone();
    match made_by(function, &folder) {
        None => Missing::Folder { folder },
        Some(command) => Missing::NotBuilt {
            problem: format!("there is no folder `{}`", folder.display()),
            command,
        },
    }
}

/// The command that makes a function's code, as far as its project says one.
pub(super) fn made_by(function: &Function, folder: &Path) -> Option<String> {
    if function.code.build_method.is_some() {
        return Some("`sam build`, and serve `.aws-sam/build/template.yaml`".to_owned());
    }
    let folder = std::path::absolute(folder).ok()?;
    let package = package_folder(&folder)?;
    let has_script = read_json(&package.join("package.json"))["scripts"]["build"].is_string();
    has_script.then(|| format!("`{} run build` in `{}`", tool(package), package.display()))
}

/// Whether a layer's folder is one that `sam build` has to make first.
///
/// # Errors
/// It is.
pub(super) fn check_layer(layer: &Layer) -> Result<(), Missing> {
    let Some(method) = &layer.build_method else {
        return Ok(());
    };
    let is_built = OF_LAYERS
        .iter()
        .any(|name| layer.content.join(name).exists());
    match layer.content.is_dir() && !is_built {
        true => Err(by_sam(format!(
            "the layer `{}` holds nothing that a runtime finds, and its build method `{method}` was \
             not run",
            layer.logical_id
        ))),
        false => Ok(()),
    }
}

/// The folder of the code's `package.json`, at it or above.
pub(super) fn package_folder(root: &Path) -> Option<&Path> {
    let mut folders = root.ancestors().take(LEVELS);
    folders.find(|folder| folder.join("package.json").is_file())
}

/// The command that compiles TypeScript.
pub(super) fn compiler(root: &Path) -> String {
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
pub(super) fn tool(folder: &Path) -> &'static str {
    let has = |name: &str| folder.join(name).is_file();
    match () {
        () if has("pnpm-lock.yaml") => "pnpm",
        () if has("yarn.lock") => "yarn",
        () => "npm",
    }
}

/// The packages that a folder's `package.json` wants, and which a program cannot do without.
pub(super) fn dependencies(folder: &Path) -> Vec<String> {
    let package = read_json(&folder.join("package.json"));
    let listed = package["dependencies"].as_object();
    listed
        .into_iter()
        .flat_map(|all| all.keys().cloned())
        .collect()
}

/// `null` if it cannot be read: Node will say why.
fn read_json(path: &PathBuf) -> Value {
    let text = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}
