//! What `gatespec check` writes.

use std::fs::OpenOptions;
use std::path::Path;

use conformance::recording::Recording;
use conformance::report::{self, Comparison};
use conformance::{Report, sign};

use crate::{Failure, print};

/// The forms of report: files of a folder.
const REPORTS: [&str; 4] = ["report.html", "report.md", "report.jsonl", "junit.xml"];
/// How long `2026-11-23` is.
const DAY: usize = 10;

/// Writes every form of report into a folder.
pub(crate) fn write_reports(folder: &Path, comparison: &Comparison) -> Result<(), Failure> {
    let texts = [
        report::html(comparison),
        report::markdown(comparison),
        comparison.jsonl(),
        report::junit(comparison),
    ];
    std::fs::create_dir_all(folder).map_err(|error| could_not_write(folder, &error))?;
    for (name, text) in REPORTS.iter().zip(texts) {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| could_not_write(&path, &error))?;
    }
    print(&format!(
        "reports: {}/{{{}}}",
        folder.display(),
        REPORTS.join(",")
    ));
    Ok(())
}

/// Writes what a target answered.
pub(super) fn record(path: &Path, report: &Report) -> Result<(), Failure> {
    let now = sign::now().iso_8601();
    let recording = Recording::of(report, &now[..DAY]);
    std::fs::write(path, recording.to_toml()).map_err(|error| could_not_write(path, &error))?;
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
    std::fs::create_dir_all(folder).map_err(|error| could_not_write(folder, &error))?;
    REPORTS
        .iter()
        .try_for_each(|name| try_file(&folder.join(name)))
}

/// Whether a file will be written. What it says stays, and one that was not there is not there afterwards.
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
        .map_err(|error| could_not_write(path, &error))
}

pub(super) fn could_not_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::CouldNotRun(format!(
        "error: can not write to `{}`: {error}",
        path.display()
    ))
}
