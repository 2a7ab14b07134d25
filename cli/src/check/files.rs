//! What `gatespec check` writes.

use std::fs::OpenOptions;
use std::path::Path;

use conformance::recording::Recording;
use conformance::report::{Comparison, FORMATS};
use conformance::{Report, sign};

use crate::{Caused, Failure, print};

/// How long `2026-11-23` is.
const DAY: usize = 10;

/// The help of an argument that says where reports go.
pub(crate) fn reports_help(whose: &str) -> String {
    let files: Vec<&str> = FORMATS.iter().map(|format| format.file).collect();
    format!("Where {whose} go: {}.", files.join(", "))
}

/// Writes every form of report into a folder.
pub(crate) fn write_reports(folder: &Path, comparison: &Comparison) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| could_not_write(folder, error))?;
    for format in FORMATS {
        let path = folder.join(format.file);
        std::fs::write(&path, (format.write)(comparison))
            .map_err(|error| could_not_write(&path, error))?;
    }
    let files: Vec<&str> = FORMATS.iter().map(|format| format.file).collect();
    print(&format!(
        "reports: {}/{{{}}}",
        folder.display(),
        files.join(",")
    ));
    Ok(())
}

/// Writes what a target answered.
pub(super) fn record(path: &Path, report: &Report) -> Result<(), Failure> {
    let now = sign::now().iso_8601();
    let recording = Recording::of(report, &now[..DAY]);
    std::fs::write(path, recording.to_toml()).map_err(|error| could_not_write(path, error))?;
    print(&format!(
        "{}: what {} answered in {} cases",
        path.display(),
        report.target,
        recording.cases.len()
    ));
    Ok(())
}

/// Whether reports will be written into a folder, which is made.
pub(super) fn try_reports(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| could_not_write(folder, error))?;
    FORMATS
        .iter()
        .try_for_each(|format| try_file(&folder.join(format.file)))
}

/// Whether a file will be written. What it says stays, and one that was not there is not there
/// afterwards.
pub(super) fn try_file(path: &Path) -> Result<(), Failure> {
    if path.exists() && !path.is_file() && !path.is_dir() {
        return Ok(()); // who reads from a pipe would take the end of the trial for the end
    }
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options
        .append(true)
        .create(true)
        .open(path)
        .and_then(|_| match is_new {
            true => std::fs::remove_file(path),
            false => Ok(()),
        })
        .map_err(|error| could_not_write(path, error))
}

pub(super) fn could_not_write(path: &Path, error: std::io::Error) -> Failure {
    let what = format!("cannot write to `{}`", path.display());
    Failure::could_not_run(Caused::new(what, error))
}
