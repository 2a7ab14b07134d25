//! Ends functions whose gateway was killed, and removes its files.
//!
//! A shell reads from a pipe which process groups run. When the gateway is gone, however it ended,
//! the pipe is closed, and the shell kills the groups that are left and removes the private folder. No function holds the pipe's
//! write end: it is close-on-exec. A function that is started and not yet announced when its
//! gateway is killed finds no Runtime API, and ends by itself.

use std::io::{self, PipeWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustix::process::Pid;
use tokio::process::{Child, Command};

/// Knows of the functions' process groups. Its shell is started with the first of them.
#[derive(Debug)]
pub(super) struct Watchdog {
    state: Mutex<State>,
    /// What goes with the gateway.
    folder: PathBuf,
}

#[derive(Debug)]
enum State {
    /// There was no process yet.
    Idle,
    Watching(Shell),
    /// There is no shell, or none any more.
    Off,
}

#[derive(Debug)]
struct Shell {
    groups: PipeWriter,
    child: Child,
}

/// A process group that is ended with its gateway until this is dropped.
#[derive(Debug)]
pub(super) struct Watched {
    watchdog: Arc<Watchdog>,
    group: Pid,
}

/// A group leaves the list before its number can be another's. Signals from the terminal are the
/// gateway's, which tells functions itself.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
groups=' '
while read -r word group; do
  case $word in
    start) groups="$groups$group " ;;
    end) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do
  kill -s KILL -- "-$group"
done
rm -rf -- "$1"
"#;

/// How long the shell may take to end when nothing is left to be killed.
const PATIENCE: Duration = Duration::from_secs(2);

impl Watchdog {
    /// With the folder of the gateway's files.
    pub(super) fn new(folder: PathBuf) -> Arc<Self> {
        let state = Mutex::new(State::Idle);
        Arc::new(Self { state, folder })
    }

    /// Ends this process group if the gateway is killed.
    pub(super) fn watch(self: &Arc<Self>, group: Pid) -> Watched {
        let mut state = self.lock();
        if matches!(*state, State::Idle) {
            *state = match Shell::start(&self.folder) {
                Ok(shell) => State::Watching(shell),
                Err(error) => {
                    tracing::warn!(
                        "functions may survive a killed gateway: `/bin/sh` cannot be run: {error}"
                    );
                    State::Off
                }
            };
        }
        state.tell("start", group);
        Watched {
            watchdog: Arc::clone(self),
            group,
        }
    }

    /// Ends the shell, when all processes have ended.
    pub(super) async fn finish(&self) {
        let state = std::mem::replace(&mut *self.lock(), State::Off);
        if let State::Watching(Shell { groups, mut child }) = state {
            drop(groups);
            // Whatever keeps it, it holds nothing of the gateway's.
            let _ = tokio::time::timeout(PATIENCE, child.wait()).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().expect("the watchdog's lock is poisoned")
    }
}

impl State {
    fn tell(&mut self, word: &str, group: Pid) {
        if let Self::Watching(shell) = self {
            let line = format!("{word} {}\n", group.as_raw_nonzero());
            // A line is written whole or not at all, and nobody waits for a shell that hangs.
            if let Err(error) = shell.groups.write_all(line.as_bytes()) {
                tracing::warn!("functions may survive a killed gateway: the watchdog: {error}");
                *self = Self::Off;
            }
        }
    }
}

impl Shell {
    fn start(folder: &Path) -> io::Result<Self> {
        let (reader, groups) = io::pipe()?;
        rustix::io::ioctl_fionbio(&groups, true)?;
        let child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(folder)
            .env_clear()
            .current_dir("/")
            .stdin(reader)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not the terminal's: Ctrl-C must not end it before the gateway.
            .process_group(0)
            .spawn()?;
        Ok(Self { groups, child })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watchdog.lock().tell("end", self.group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Signal, kill_process};
    use std::os::unix::process::ExitStatusExt;

    fn sleeper() -> (Child, Pid) {
        let child = Command::new("sleep")
            .arg("1000")
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
        (child, pid)
    }

    // The processes that are started behind it do not hold its pipe open: it would wait for ever.
    #[tokio::test]
    async fn a_closed_pipe_ends_the_groups_that_are_left_and_no_other() {
        let name = format!("gatespec-watchdog-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("home")).unwrap();
        let watchdog = Watchdog::new(folder.clone());
        let (mut ended, ended_group) = sleeper();
        let ended_watch = watchdog.watch(ended_group);
        let (mut left, left_group) = sleeper();
        let _left_watch = watchdog.watch(left_group);
        let (mut stranger, _) = sleeper();
        drop(ended_watch);
        // As from a terminal.
        let (shell, unread) = match &*watchdog.lock() {
            State::Watching(shell) => {
                let groups = shell.groups.try_clone().unwrap();
                (shell.child.id().unwrap(), groups)
            }
            other => panic!("{other:?}"),
        };
        // Whoever reads has its traps: a signal before them is the end of any shell.
        while rustix::io::ioctl_fionread(&unread).unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(unread);
        let shell = Pid::from_raw(shell.try_into().unwrap()).unwrap();
        for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
            kill_process(shell, signal).unwrap();
        }
        watchdog.finish().await;
        let status = left.wait().await.unwrap();
        assert_eq!(status.signal(), Some(9));
        assert!(
            ended.try_wait().unwrap().is_none(),
            "its number may be another's"
        );
        assert!(stranger.try_wait().unwrap().is_none());
        assert!(!folder.exists());
    }
}
