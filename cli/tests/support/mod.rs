//! What the tests of the command share: how it is run, and where it may write.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder of its own for a test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file of its own for a test.
pub(crate) fn file(folder_name: &str, name: &str, text: &str) -> String {
    let path = folder(folder_name).join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// The command in the repository, with nothing to read.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatespec"));
    command.args(arguments).current_dir(root());
    command.stdin(Stdio::null());
    command
}

/// Runs the command to its end.
pub(crate) fn gatespec(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
