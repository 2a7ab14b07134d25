//! Templates as people write and name them.

use std::path::{Path, PathBuf};

use super::files::join;

/// What a template is called, in the order in which it is looked for.
pub(super) const NAMES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];

/// The template of a folder: the first that has `Resources`, or the first at all, whose reading will
/// say what it lacks.
pub(super) fn template(folder: &Path) -> Option<PathBuf> {
    let files = NAMES.map(|name| join(folder, name)).into_iter();
    let files: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
    let is_template = |file: &&PathBuf| has_resources(file);
    let found = files.iter().find(is_template);
    found.or_else(|| files.first()).cloned()
}

/// Whether a file has the section that every template has. Whatever writes it begins a line with it,
/// or a member.
pub(super) fn has_resources(file: &Path) -> bool {
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines();
    lines.any(|line| line.starts_with("Resources:")) || text.contains("\"Resources\"")
}
