//! Where else there is something to serve, for who stands in the wrong folder.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::files::join;

/// So many are named.
const NAMED: usize = 3;
/// So deep it is looked.
const DEPTH: usize = 4;
/// At so many folders at most: somebody may stand in a home folder.
const FOLDERS: usize = 1000;
/// What holds other people's code, or what tools have made.
const LEFT_OUT: [&str; 4] = ["node_modules", "target", "venv", "__pycache__"];

/// What `look` finds of a folder.
type Look<'l> = &'l dyn Fn(&Path) -> Option<PathBuf>;

/// The nearest files that `look` finds in folders below one; else the nearest one above.
pub(super) fn nearest(folder: &Path, look: Look<'_>) -> Vec<PathBuf> {
    match below(folder, look) {
        none if none.is_empty() => above(folder, look).into_iter().collect(),
        found => found,
    }
}

fn below(folder: &Path, look: Look<'_>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = VecDeque::from([(folder.to_owned(), 0)]);
    let mut looked = 0;
    while let Some((folder, depth)) = waiting.pop_front() {
        looked += 1;
        if looked > FOLDERS {
            break;
        }
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let names = folders.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let is_left_out = |name: &String| name.starts_with('.') || LEFT_OUT.contains(&&**name);
        let mut names: Vec<String> = names.filter(|name| !is_left_out(name)).collect();
        names.sort();
        for inner in names.iter().map(|name| join(&folder, name)) {
            match look(&inner) {
                Some(file) => found.push(file),
                None if depth + 1 < DEPTH => waiting.push_back((inner, depth + 1)),
                None => {}
            }
            if found.len() == NAMED {
                return found;
            }
        }
    }
    found
}

fn above(folder: &Path, look: Look<'_>) -> Option<PathBuf> {
    let folder = std::fs::canonicalize(folder).ok()?;
    folder.ancestors().skip(1).take(DEPTH).find_map(look)
}
