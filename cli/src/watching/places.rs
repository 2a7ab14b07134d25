//! Which folders must be watched to see files and folders change, whatever way they are replaced:
//! the folder that holds a name, the one that each symbolic link on the way is in, and all folders
//! below a folder.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::noise;

/// Folders to watch, each by its real path, and what they tell of.
#[derive(Debug)]
pub(super) struct Places {
    /// Where relative paths begin: the folder at the start, also when it is deleted and made anew.
    start: PathBuf,
    pub(super) folders: HashMap<PathBuf, Folder>,
    /// Which of what is to be watched is not there.
    pub(super) missing: BTreeSet<usize>,
}

/// A folder to watch. Inputs are numbered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Folder {
    /// Which it belongs to as a part of them.
    trees: BTreeSet<usize>,
    /// Which depend on a name in it.
    names: BTreeMap<OsString, BTreeSet<usize>>,
}

/// Links in links: more than these have no end.
const LINKS: usize = 40;

impl Places {
    pub(super) fn new() -> Self {
        Self {
            start: std::env::current_dir().unwrap_or_default(),
            folders: HashMap::new(),
            missing: BTreeSet::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.folders.clear();
        self.missing.clear();
    }

    /// Finds the places of files and folders, which need not be there; of those with these numbers.
    pub(super) fn find(&mut self, inputs: &[PathBuf], numbers: &BTreeSet<usize>) {
        for (number, input) in inputs.iter().enumerate() {
            if !numbers.contains(&number) {
                continue;
            }
            match self.follow(&self.start.join(input), number) {
                None => drop(self.missing.insert(number)),
                Some(real) if real.is_dir() => self.add_tree(&real, &[number].into()),
                Some(_) => {}
            }
        }
    }

    /// Forgets the places of these inputs; gives the folders that they had.
    pub(super) fn forget(&mut self, numbers: &BTreeSet<usize>) -> HashSet<PathBuf> {
        self.missing.retain(|number| !numbers.contains(number));
        let mut had = HashSet::new();
        self.folders.retain(|path, folder| {
            if folder.inputs().any(|number| numbers.contains(number)) {
                had.insert(path.clone());
                folder.forget(numbers);
            }
            folder.inputs().next().is_some()
        });
        had
    }

    /// The inputs that a folder is watched for.
    pub(super) fn needing(&self, folder: &Path) -> BTreeSet<usize> {
        let folder = self.folders.get(folder).into_iter();
        folder.flat_map(Folder::inputs).copied().collect()
    }

    /// The inputs that a change of what is at `path` is a change of.
    pub(super) fn told_by(&self, path: &Path) -> BTreeSet<usize> {
        let mut inputs = BTreeSet::new();
        if let (Some(around), Some(name)) = (path.parent(), path.file_name())
            && let Some(folder) = self.folders.get(around)
        {
            inputs.extend(folder.names.get(name).into_iter().flatten());
            let is_left_out =
                || noise::is_file(name) || (!path.is_file() && noise::is_folder(path));
            if !folder.trees.is_empty() && !is_left_out() {
                inputs.extend(&folder.trees);
            }
        }
        inputs
    }

    /// Which inputs depend on a name: a link, a folder or a file that is replaced under it.
    pub(super) fn named(&self, path: &Path) -> BTreeSet<usize> {
        let folder = path.parent().and_then(|around| self.folders.get(around));
        let name = path.file_name().unwrap_or(OsStr::new(""));
        let inputs = folder.and_then(|folder| folder.names.get(name));
        inputs.cloned().unwrap_or_default()
    }

    /// Adds a folder that is new in a watched one, with all below it.
    pub(super) fn grow(&mut self, path: &Path) {
        let around = path.parent().and_then(|around| self.folders.get(around));
        let trees = around.map(|folder| folder.trees.clone());
        if let Some(trees) = trees.filter(|trees| !trees.is_empty())
            && !noise::is_folder(path)
        {
            self.add_tree(path, &trees);
        }
    }

    /// Walks to a path, through links; `None` if it is not there.
    fn follow(&mut self, path: &Path, input: usize) -> Option<PathBuf> {
        let mut rest: VecDeque<OsString> = parts(path).collect();
        let mut at = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            if part == "/" {
                at = PathBuf::from("/");
                continue;
            }
            if part == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&part);
            let found = fs::symlink_metadata(&next);
            let is_link = found.as_ref().is_ok_and(fs::Metadata::is_symlink);
            if is_link || rest.is_empty() || found.is_err() {
                let folder = self.folders.entry(at.clone()).or_default();
                folder.names.entry(part).or_default().insert(input);
            }
            found.ok()?;
            match is_link {
                false => at = next,
                true => {
                    links += 1;
                    let target = fs::read_link(&next).ok().filter(|_| links <= LINKS)?;
                    for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                        rest.push_front(part);
                    }
                }
            }
        }
        Some(at)
    }

    /// Adds a folder and those below it, through links too: a package may be one.
    fn add_tree(&mut self, root: &Path, inputs: &BTreeSet<usize>) {
        let mut seen = BTreeSet::new();
        let mut folders = vec![root.to_owned()];
        while let Some(path) = folders.pop() {
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            if !metadata.is_dir() || !seen.insert((metadata.dev(), metadata.ino())) {
                continue;
            }
            for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                let below = entry.path();
                if kind.is_dir() && !noise::is_folder(&below) {
                    folders.push(below);
                } else if kind.is_symlink()
                    && !noise::is_folder(&below)
                    && let Ok(real) = fs::canonicalize(&below)
                {
                    match real.is_dir() {
                        true => folders.push(real),
                        false => self.add_name(&real, inputs),
                    }
                }
            }
            self.folders.entry(path).or_default().trees.extend(inputs);
        }
    }

    /// Adds a file, by its real path.
    fn add_name(&mut self, real: &Path, inputs: &BTreeSet<usize>) {
        if let (Some(around), Some(name)) = (real.parent(), real.file_name()) {
            let folder = self.folders.entry(around.to_owned()).or_default();
            let of_name = folder.names.entry(name.to_owned()).or_default();
            of_name.extend(inputs);
        }
    }
}

impl Folder {
    fn inputs(&self) -> impl Iterator<Item = &usize> {
        self.trees.iter().chain(self.names.values().flatten())
    }

    fn forget(&mut self, numbers: &BTreeSet<usize>) {
        self.trees.retain(|number| !numbers.contains(number));
        self.names.retain(|_, inputs| {
            inputs.retain(|number| !numbers.contains(number));
            !inputs.is_empty()
        });
    }
}

/// The names in a path; `/` if it begins at the root.
fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    let parts = path.components().filter_map(|part| match part {
        Component::RootDir => Some("/".into()),
        Component::ParentDir => Some("..".into()),
        Component::Normal(name) => Some(name.to_owned()),
        Component::CurDir | Component::Prefix(_) => None,
    });
    parts.collect::<Vec<_>>().into_iter()
}
