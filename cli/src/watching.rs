//! Files and folders in, changes of them out: when somebody has saved, and has finished saving.
//!
//! ```text
//! noise    what is no change: editors' own files, caches
//! places   which folders must be watched for that, links and all
//! poll     the same where the system does not tell of changes
//! quiet    when what was seen is a change: one save at once, a storm when it is over
//! ```

mod noise;
mod places;
mod poll;
mod quiet;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use places::Places;
use poll::Seen;
use quiet::{Quiet, Sight, Taken};
use tokio::sync::mpsc;

/// Files and folders that are watched.
pub(crate) struct Watching {
    /// `None` where the system does not tell, and the files are looked at.
    watcher: Option<RecommendedWatcher>,
    events: mpsc::UnboundedReceiver<notify::Result<Event>>,
    /// In the order of [`Change::inputs`].
    inputs: Vec<PathBuf>,
    places: Places,
    /// The folders that the system was asked to watch, each as the folder that it was then.
    asked: HashMap<PathBuf, Identity>,
    /// Which inputs were there: those that never were are not waited for.
    was_there: BTreeSet<usize>,
    quiet: Quiet,
    /// The times of [`Quiet`] begin here.
    epoch: Instant,
    /// Inputs with something in a place where something else was, or nothing: look again there.
    moved: BTreeSet<usize>,
    /// What was there at the last look, and when the next one is due.
    seen: (Seen, Instant),
    complaint: Option<String>,
    /// Files whose changes are none.
    left_out: BTreeSet<PathBuf>,
}

/// A change that somebody has finished.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// What of that which is watched has changed, as it was given to [`Watching::set`].
    pub(crate) inputs: BTreeSet<PathBuf>,
    /// The files that were saved, or are gone: absolute, without links.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// When the first of it was seen.
    pub(crate) first: Instant,
}

/// Device and inode of a folder: another one may be where it was.
type Identity = (u64, u64);

/// How often files are looked at where the system does not tell of changes.
const POLL: Duration = Duration::from_millis(500);

impl Watching {
    /// Watches nothing yet.
    pub(crate) fn start() -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let mut watching = Self {
            watcher: None,
            events,
            inputs: Vec::new(),
            places: Places::new(),
            asked: HashMap::new(),
            was_there: BTreeSet::new(),
            quiet: Quiet::default(),
            epoch: Instant::now(),
            moved: BTreeSet::new(),
            seen: (Seen::default(), Instant::now()),
            complaint: None,
            left_out: BTreeSet::new(),
        };
        match notify::recommended_watcher(hand_on(sender)) {
            Ok(watcher) => watching.watcher = Some(watcher),
            Err(error) => watching.complaint = Some(limit_is_reached(&error)),
        }
        watching
    }

    /// Watches these files and folders, in place of those before. They need not be there.
    pub(crate) fn set(&mut self, inputs: &[PathBuf]) {
        if self.inputs != inputs {
            inputs.clone_into(&mut self.inputs);
            self.was_there.clear();
            self.places.clear();
            self.moved = (0..inputs.len()).collect();
            self.look_again();
            if self.watcher.is_none() {
                self.seen = (Seen::of(self.places.folders.keys()), Instant::now() + POLL);
            }
        }
    }

    /// Takes changes of these files for none from now on.
    pub(crate) fn leave_out(&mut self, paths: BTreeSet<PathBuf>) {
        self.left_out.extend(paths);
    }

    /// What a person should know of how files are watched; once.
    pub(crate) fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    /// The next change. Whoever reads the files then reads what was saved. May be dropped and
    /// called again.
    pub(crate) async fn changed(&mut self) -> Change {
        loop {
            let due = self.quiet.due().map(|due| self.epoch + due);
            let quiet = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // What has been seen comes first: it may be that nothing is quiet.
                biased;
                Some(event) = self.events.recv() => {
                    self.note(event);
                    while let Ok(event) = self.events.try_recv() {
                        self.note(event);
                    }
                    if !self.moved.is_empty() && self.quiet.is_missing {
                        self.look_again();
                    }
                }
                () = tokio::time::sleep_until(self.seen.1.into()), if self.watcher.is_none() => {
                    self.look();
                }
                () = quiet => {
                    if let Some(change) = self.take() {
                        return change;
                    }
                }
            }
        }
    }

    fn take(&mut self) -> Option<Change> {
        if !self.moved.is_empty() {
            let was_missing = self.quiet.is_missing;
            self.look_again();
            if self.quiet.is_missing && !was_missing {
                // It may come back in a moment.
                return None;
            }
        }
        let Taken {
            first,
            inputs,
            paths,
        } = self.quiet.take(self.epoch.elapsed())?;
        // What is gone still was waited for long enough.
        self.quiet.is_missing = false;
        self.was_there
            .retain(|input| !self.places.missing.contains(input));
        let input = |number: usize| self.inputs.get(number).cloned();
        Some(Change {
            inputs: inputs.into_iter().filter_map(input).collect(),
            paths,
            first: self.epoch + first,
        })
    }

    fn note(&mut self, event: notify::Result<Event>) {
        let event = match event {
            Ok(event) if event.need_rescan() => return self.note_all(),
            Ok(event) => event,
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                return self.poll(&error);
            }
            // The folder is gone, which its own event tells.
            Err(_) => return,
        };
        for (path, sight) in sights(&event) {
            if self.asked.contains_key(path) {
                if matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_))) {
                    continue;
                }
                // The system may have stopped watching it, and those below it.
                self.asked.retain(|folder, _| !folder.starts_with(path));
                self.moved.extend(self.places.needing(path));
            }
            self.saw(path, sight);
        }
    }

    fn saw(&mut self, path: &Path, sight: Sight) {
        let inputs = self.places.told_by(path);
        if inputs.is_empty() || self.left_out.contains(path) {
            return;
        }
        if !matches!(sight, Sight::Written | Sight::Closed) {
            self.moved.extend(self.places.named(path));
        }
        if path.is_symlink() {
            // What it leads to is to be watched, too.
            self.moved.extend(&inputs);
        }
        if matches!(sight, Sight::Made | Sight::Whole) && path.is_dir() {
            self.places.grow(path);
            self.ask();
        }
        let now = self.epoch.elapsed();
        self.quiet.saw(now, path.to_owned(), sight, inputs);
    }

    /// Looks at all files, and compares them with the last look.
    fn look(&mut self) {
        let began = Instant::now();
        let now = Seen::of(self.places.folders.keys());
        let before = std::mem::take(&mut self.seen.0);
        for path in before.differs(&now) {
            self.saw(path, there(path));
            self.moved.extend(self.places.needing(path));
        }
        // A look takes time: at most a tenth of it all is spent with looks.
        let pause = POLL.max(began.elapsed() * 10);
        self.seen = (now, Instant::now() + pause);
    }

    /// The system has lost count of what happened: anything may be another.
    fn note_all(&mut self) {
        self.moved.extend(0..self.inputs.len());
        let now = self.epoch.elapsed();
        for (number, input) in self.inputs.iter().enumerate() {
            self.quiet.saw(now, input.clone(), Sight::Whole, [number]);
        }
    }

    /// Looks where everything is that has moved, and watches it there.
    fn look_again(&mut self) {
        let moved = std::mem::take(&mut self.moved);
        let had = self.places.forget(&moved);
        self.places.find(&self.inputs, &moved);
        let missing = &self.places.missing;
        self.quiet.is_missing = !missing.is_disjoint(&self.was_there);
        let all = 0..self.inputs.len();
        self.was_there
            .extend(all.filter(|input| !missing.contains(input)));
        let places = &self.places.folders;
        let is_gone = |folder: &PathBuf, was: Identity| {
            !places.contains_key(folder) || (had.contains(folder) && identity(folder) != Some(was))
        };
        let asked = self.asked.iter();
        let gone = asked.filter(|(folder, was)| is_gone(folder, **was));
        let gone: Vec<PathBuf> = gone.map(|(folder, _)| folder.clone()).collect();
        for folder in gone {
            self.asked.remove(&folder);
            // It may be gone from the disk as well.
            let _ = self
                .watcher
                .as_mut()
                .map(|watcher| watcher.unwatch(&folder));
        }
        self.ask();
    }

    /// Asks the system to watch what it does not watch yet.
    fn ask(&mut self) {
        let folders = self.places.folders.keys();
        let new = folders.filter(|folder| !self.asked.contains_key(*folder));
        let new: Vec<PathBuf> = new.cloned().collect();
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for folder in new {
            let Some(identity) = identity(&folder) else {
                continue;
            };
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.asked.insert(folder, identity)),
                Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                    return self.poll(&error);
                }
                // It is gone: so says the folder that it was in.
                Err(_) => {}
            }
        }
    }

    /// Looks at the files from time to time, since the system cannot watch as many as there are.
    fn poll(&mut self, error: &notify::Error) {
        if self.watcher.take().is_some() {
            self.complaint = Some(limit_is_reached(error));
            self.asked.clear();
            self.seen = (Seen::of(self.places.folders.keys()), Instant::now() + POLL);
        }
    }
}

fn identity(folder: &Path) -> Option<Identity> {
    let metadata = fs::metadata(folder).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Hands on what is no mere look at a file.
fn hand_on(
    sender: mpsc::UnboundedSender<notify::Result<Event>>,
) -> impl FnMut(notify::Result<Event>) + Send + 'static {
    move |event| {
        let is_look = event.as_ref().is_ok_and(|event| {
            matches!(event.kind, EventKind::Access(kind)
                if kind != AccessKind::Close(AccessMode::Write))
        });
        if !is_look {
            // Nobody watches any more.
            let _ = sender.send(event);
        }
    }
}

/// What was seen of which files.
fn sights(event: &Event) -> impl Iterator<Item = (&Path, Sight)> {
    let kind = event.kind;
    let paths = event.paths.iter().enumerate();
    paths.map(move |(at, path)| {
        let sight = match kind {
            EventKind::Create(_) if !closes() || path.is_dir() => Sight::Whole,
            EventKind::Create(_) => Sight::Made,
            EventKind::Access(_) => Sight::Closed,
            EventKind::Remove(_) => Sight::Gone,
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Sight::Gone,
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Sight::Whole,
            // Both names, the old one first: the same is told of each by itself.
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) if at == 0 => Sight::Gone,
            EventKind::Modify(ModifyKind::Data(_)) if closes() => Sight::Written,
            _ => there(path),
        };
        (&**path, sight)
    })
}

/// What a look at a path tells of it.
fn there(path: &Path) -> Sight {
    match path.symlink_metadata() {
        Ok(_) => Sight::Whole,
        Err(_) => Sight::Gone,
    }
}

/// Whether the system tells when a file that was written to is closed.
fn closes() -> bool {
    cfg!(target_os = "linux")
}

/// What to do about it.
fn limit_is_reached(error: &notify::Error) -> String {
    let limit = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/fs/inotify/{name}"));
        text.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
    };
    let (name, why) = match error.kind {
        ErrorKind::MaxFilesWatch => ("max_user_watches", "folders"),
        _ => ("max_user_instances", "programs that watch"),
    };
    format!(
        "the system watches no more {why} (fs.inotify.{name} is {}): files are looked at every {} \
         ms instead. `sudo sysctl fs.inotify.{name}=524288` makes it quick again, at the next start",
        limit(name),
        POLL.as_millis()
    )
}

#[cfg(test)]
mod tests;
