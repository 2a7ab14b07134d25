//! Which files functions write beside their own code: each start of one would lead to the next.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::watching::Change;

/// What changes again and again, right after a reload, and only then.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// When the last reload began and was over.
    reload: Option<(Instant, Instant)>,
    /// What has changed before it.
    paths: BTreeSet<PathBuf>,
    /// How many times the same files have changed right after a reload.
    times: u32,
}

/// How soon after a reload a function writes that it has started. Who types saves later.
const SOON: Duration = Duration::from_secs(1);
/// How many times that is no chance any more.
const TIMES: u32 = 4;
/// Files that a function runs from, by their names' ends. People and tools save them in a row.
const CODE: [&str; 14] = [
    "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "py", "rb", "rs", "go", "so", "zip",
];

impl Own {
    /// Whether a change is a function's own doing: of nothing but files in folders, since what is
    /// watched by its name is written by people.
    pub(super) fn is_own(&mut self, change: &Change) -> bool {
        let is_soon = self
            .reload
            .is_some_and(|(began, over)| change.first >= began && change.first <= over + SOON);
        let is_again = is_soon
            && change.paths.is_subset(&self.paths)
            && change.inputs.iter().all(|input| input.is_dir())
            && !change.paths.iter().any(|path| is_code(path));
        self.times = if is_again { self.times + 1 } else { 0 };
        self.paths.clone_from(&change.paths);
        self.times >= TIMES
    }

    /// The change was served, by a reload that began then and is over now.
    pub(super) fn reloaded(&mut self, began: Instant, now: Instant) {
        self.reload = Some((began, now));
    }
}

fn is_code(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_program = || {
        let metadata = path.metadata();
        metadata.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    extension.is_some_and(|extension| CODE.contains(&extension)) || is_program()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(paths: &[&str], first: Instant) -> Change {
        Change {
            inputs: [std::env::temp_dir()].into(),
            paths: paths.iter().map(PathBuf::from).collect(),
            first,
        }
    }

    /// Which of several changes is found to be a function's own, each `pause` after the reload
    /// before it.
    fn found(changes: &[&[&str]], pause: Duration) -> Option<usize> {
        let mut own = Own::default();
        let mut now = Instant::now();
        changes.iter().position(|paths| {
            now += pause;
            let is_own = own.is_own(&change(paths, now));
            own.reloaded(now, now);
            is_own
        })
    }

    #[test]
    fn only_what_each_start_changes_again_is_a_functions_own() {
        let soon = Duration::from_millis(80);
        let saved: &[&str] = &["/src/app.js"];
        let log: &[&str] = &["/src/out.txt"];
        let both: &[&str] = &["/src/out.txt", "/src/app.js"];
        let wal: &[&str] = &["/src/a.db", "/src/a.db-wal"];
        assert_eq!(found(&[saved, log, log, log, log, log], soon), Some(5));
        assert_eq!(
            found(&[wal, wal, log, wal, wal, wal, wal, &wal[..1]], soon),
            Some(7)
        );
        // Whoever saves has time to think.
        assert_eq!(found(&[log; 20], Duration::from_millis(1100)), None);
        // What people and builds save in a row.
        assert_eq!(found(&[saved; 20], soon), None);
        assert_eq!(found(&[both; 20], soon), None);
        let built: [&[&str]; 6] = [
            &["/a.html"],
            &["/b.html"],
            &["/c.html"],
            &["/d.html"],
            log,
            wal,
        ];
        assert_eq!(found(&built, soon), None);
    }
}
