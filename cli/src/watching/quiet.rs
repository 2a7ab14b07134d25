//! When what was seen of files is a change to be taken: a machine of sightings and times, without
//! files and clocks.
//!
//! 1. Whatever is seen is taken later than it, so that who reads the files then reads it.
//! 2. One save is taken at once: when nothing has been seen for [`SAVED`], or for [`OPEN`] while a
//!    file is still being written.
//! 3. A storm (more than [`FEW`] files within [`RECENT`]) is one change: it is taken when it is
//!    over.
//! 4. What is watched and is not there is waited for: who deletes it and writes it anew, as builds
//!    do, has made one change.
//! 5. Who saves without an end is not waited for for longer than [`MOST`], a storm not longer than
//!    [`MOST_OF_STORM`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// What was seen of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It is new, by this name.
    Made,
    /// It was written to, and may not be whole.
    Written,
    /// Who wrote to it has closed it.
    Closed,
    /// Its content is there at once: it was moved here, or its mode is another one.
    Whole,
    /// It is gone.
    Gone,
}

/// What was seen since the last change was taken. Times begin at any fixed moment.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    files: BTreeMap<PathBuf, File>,
    /// Files of the changes before, and when each was seen last.
    recent: BTreeMap<PathBuf, Duration>,
    /// Which of what is watched.
    inputs: BTreeSet<usize>,
    first: Duration,
    last: Duration,
    /// Something that is watched is not there.
    pub(super) is_missing: bool,
}

#[derive(Clone, Copy, Debug)]
struct File {
    /// It is new since the last change.
    is_new: bool,
    is_open: bool,
    is_there: bool,
}

/// What is taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// When the first of it was seen.
    pub(super) first: Duration,
    /// Which of what is watched.
    pub(super) inputs: BTreeSet<usize>,
    pub(super) paths: BTreeSet<PathBuf>,
}

/// How long nothing may be seen after a save.
pub(super) const SAVED: Duration = Duration::from_millis(10);
/// How long nothing may be seen of a file that is being written.
pub(super) const OPEN: Duration = Duration::from_millis(100);
/// How many files a person saves at once.
pub(super) const FEW: usize = 8;
/// How long nothing may be seen after more than these.
pub(super) const STORM: Duration = Duration::from_millis(150);
/// How long a file counts as part of a storm.
pub(super) const RECENT: Duration = Duration::from_secs(1);
/// How long something is waited for that is gone.
pub(super) const GONE: Duration = Duration::from_secs(1);
/// The longest that a save waits.
pub(super) const MOST: Duration = Duration::from_millis(250);
/// The longest that a storm waits, and what is gone.
pub(super) const MOST_OF_STORM: Duration = Duration::from_secs(10);

impl Quiet {
    /// Something of a file was seen, which belongs to these of what is watched.
    pub(super) fn saw(
        &mut self,
        now: Duration,
        path: PathBuf,
        sight: Sight,
        inputs: impl IntoIterator<Item = usize>,
    ) {
        if sight == Sight::Closed && !self.files.contains_key(&path) {
            // Nothing was written to it.
            return;
        }
        if self.inputs.is_empty() && self.files.is_empty() {
            self.first = now;
        }
        self.last = now;
        self.inputs.extend(inputs);
        let file = self.files.entry(path).or_insert(File {
            is_new: sight == Sight::Made,
            is_open: false,
            is_there: true,
        });
        file.is_there = sight != Sight::Gone;
        file.is_open = matches!(sight, Sight::Made | Sight::Written);
    }

    /// When to [`take`](Self::take) what was seen.
    pub(super) fn due(&self) -> Option<Duration> {
        if self.files.is_empty() {
            return None;
        }
        let is_recent = |(path, seen): &(&PathBuf, &Duration)| {
            **seen + RECENT > self.last && !self.files.contains_key(*path)
        };
        let recent = self.recent.iter().filter(is_recent).count();
        let is_storm = self.files.len() + recent > FEW;
        let is_open = self.files.values().any(|file| file.is_open);
        let (quiet, most) = match (self.is_missing, is_storm, is_open) {
            (true, ..) => (GONE, MOST_OF_STORM),
            (_, true, _) => (STORM, MOST_OF_STORM),
            (_, _, true) => (OPEN, MOST),
            _ => (SAVED, MOST),
        };
        Some((self.last + quiet).min(self.first + most))
    }

    /// What was seen, once it is due. Files that came and went are nothing.
    pub(super) fn take(&mut self, now: Duration) -> Option<Taken> {
        if self.due()? > now {
            return None;
        }
        let files = std::mem::take(&mut self.files);
        let last = self.last;
        self.recent.retain(|_, seen| *seen + RECENT > last);
        self.recent
            .extend(files.keys().map(|path| (path.clone(), last)));
        let inputs = std::mem::take(&mut self.inputs);
        let stays = |file: &File| file.is_there || !file.is_new;
        let paths = files.into_iter().filter(|(_, file)| stays(file));
        let paths: BTreeSet<PathBuf> = paths.map(|(path, _)| path).collect();
        (!paths.is_empty()).then_some(Taken {
            first: self.first,
            inputs,
            paths,
        })
    }
}

#[cfg(test)]
mod tests;
