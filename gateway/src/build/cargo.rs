//! cargo: its call, and what it says.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use stack::Function;
use tokio::process::Command;

use super::Build;

/// An executable that cargo has built, or knows of.
pub(super) struct Binary {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// The call of cargo.
pub(super) fn command<'f>(
    manifest: &Path,
    functions: impl Iterator<Item = &'f Function>,
    build: &Build,
) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--message-format", "json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(manifest);
    // What `cargo run` says of its own package is not true of the functions': build scripts that
    // look at it (ring's does) would run anew each time, here and there in turn.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let of_package = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if of_package.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }
    if build.release {
        command.arg("--release");
    }
    if let Some(target) = &build.target_dir {
        command.arg("--target-dir").arg(target);
    }
    for function in functions {
        match &function.code.binary {
            Some(name) => command.arg("--bin").arg(name),
            None => command.arg("--bins"),
        };
    }
    let stderr = if build.quiet {
        Stdio::piped()
    } else {
        Stdio::inherit()
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .kill_on_drop(true);
    command
}

/// The executable that a message from cargo names.
pub(super) fn artifact(message: &Value) -> Option<Binary> {
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    Some(Binary {
        name: message["target"]["name"].as_str()?.to_owned(),
        path: message["executable"].as_str()?.into(),
    })
}

/// The executables that the package of a manifest has, without paths; none when cargo does not say.
pub(super) async fn binaries(manifest: &Path) -> Vec<Binary> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(manifest)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let metadata: Value = output
        .ok()
        .and_then(|output| serde_json::from_slice(&output.stdout).ok())
        .unwrap_or_default();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| {
            package["manifest_path"]
                .as_str()
                .is_some_and(|path| Path::new(path) == manifest)
        })
        .flat_map(|package| package["targets"].as_array().into_iter().flatten())
        .filter(|target| target["kind"][0] == "bin")
        .filter_map(|target| {
            Some(Binary {
                name: target["name"].as_str()?.to_owned(),
                path: PathBuf::new(),
            })
        })
        .collect()
}
