//! The files of a function's code, as they were at one moment.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The state of files and folders: it is another one once any file of them has changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State(Vec<(PathBuf, File)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct File {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Another file may have been moved here, of the same size and time.
    inode: u64,
}

/// Folders that are large, and that packages' tools write: one file tells of all their changes.
const PACKAGES: [(&str, &str); 3] = [
    ("node_modules", ".package-lock.json"),
    (".venv", "pyvenv.cfg"),
    ("__pycache__", ""),
];

/// The most files that are looked at: whoever serves a home folder must not wait for it.
const FILES: usize = 20_000;

impl State {
    /// What cannot be looked at is left out: starting it will say why.
    pub(crate) fn of(code: &[PathBuf]) -> Self {
        let mut files = Vec::new();
        code.iter().for_each(|path| add(path, &mut files));
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(files)
    }

    /// The state of every file in these folders, in those of packages too. A link counts by itself.
    pub(crate) fn of_all_in(folders: &[PathBuf]) -> Self {
        let mut files = Vec::new();
        folders.iter().for_each(|path| add_all(path, &mut files));
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(files)
    }
}

fn add_all(folder: &Path, files: &mut Vec<(PathBuf, File)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => add_all(&entry.path(), files),
            Ok(metadata) => files.push((entry.path(), File::of(&metadata))),
            Err(_) => {}
        }
    }
}

fn add(path: &Path, files: &mut Vec<(PathBuf, File)>) {
    if files.len() >= FILES {
        return;
    }
    let Ok(metadata) = std::fs::metadata(path) else {
        return;
    };
    if !metadata.is_dir() {
        files.push((path.to_owned(), File::of(&metadata)));
        return;
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let packages = PACKAGES.iter().find(|(folder, _)| *folder == name);
        match packages {
            Some((_, "")) => {}
            Some((_, told_by)) => add(&entry.path().join(told_by), files),
            None if name.starts_with('.') => {}
            // A link may lead back up.
            None if entry.file_type().is_ok_and(|kind| kind.is_symlink()) => {
                if let Ok(metadata) = std::fs::metadata(entry.path())
                    && metadata.is_file()
                {
                    files.push((entry.path(), File::of(&metadata)));
                }
            }
            None => add(&entry.path(), files),
        }
    }
}

impl File {
    fn of(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            inode: metadata.ino(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_changed_file_is_another_state_and_a_changed_package_is_not() {
        let folder = std::env::temp_dir().join(format!("gatespec-code-{}", std::process::id()));
        fs::create_dir_all(folder.join("lib/node_modules/left-pad")).unwrap();
        fs::write(folder.join("lib/a.js"), "1").unwrap();
        let state = || State::of(std::slice::from_ref(&folder));
        let before = state();
        assert_eq!(before, state());
        fs::write(folder.join("lib/node_modules/left-pad/index.js"), "1").unwrap();
        assert_eq!(before, state());
        fs::write(folder.join("lib/a.js"), "22").unwrap();
        assert_ne!(before, state());
        let before = state();
        fs::write(folder.join("lib/node_modules/.package-lock.json"), "{}").unwrap();
        assert_ne!(before, state());
        fs::remove_dir_all(&folder).unwrap();
    }
}
