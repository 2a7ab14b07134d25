//! Files as they were at one moment, for where the system does not tell of changes.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is in some folders.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<PathBuf, State>);

/// Device, inode, size and time of a file or folder; a folder's time tells nothing of its own.
type State = (u64, u64, Option<(u64, SystemTime)>);

impl Seen {
    /// Looks at all that is in these folders.
    pub(super) fn of<'f>(folders: impl Iterator<Item = &'f PathBuf>) -> Self {
        let entries = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let states = entries.flatten().filter_map(|entry| {
            let path = entry.path();
            Some((path.clone(), state(&path)?))
        });
        Self(states.collect())
    }

    /// What is another one in `now`, or is not in both.
    pub(super) fn differs<'s>(&'s self, now: &'s Self) -> impl Iterator<Item = &'s Path> {
        let changed = now.0.iter();
        let changed = changed.filter(|(path, state)| self.0.get(*path) != Some(state));
        let gone = self.0.keys().filter(|path| !now.0.contains_key(*path));
        let paths = changed.map(|(path, _)| path).chain(gone);
        paths.map(PathBuf::as_path)
    }
}

fn state(path: &Path) -> Option<State> {
    let metadata = fs::symlink_metadata(path).ok()?;
    let content = || Some((metadata.len(), metadata.modified().ok()?));
    let content = (!metadata.is_dir()).then(content).flatten();
    Some((metadata.dev(), metadata.ino(), content))
}
