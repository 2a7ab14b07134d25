//! `gatespec serve --record`: what clients and functions do becomes case files.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use gateway::{Control, FunctionStep, Log, Step, Trace, Traced};
use inspect::case::{How, Origin, Recorder, Rules, Session};
use spec::{Input, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{Caused, Failure};

/// What is written down.
#[derive(Args, Default)]
pub(super) struct RecordArgs {
    /// Write what clients do and what comes of it into this folder, as cases for `gatespec check
    /// --target local --cases DIR`: a file for the connections that are open at the same time,
    /// NNN.toml, and a new one once all are closed. Files that are there are never touched. They have what clients sent, also
    /// what let them in, and only their owner may read them. Ids and times are left open.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

/// A recording under way. It ends with the gateway.
pub(super) struct Recording(JoinHandle<()>);

/// Where cases go.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

/// The file of a session, once something of it can be a case.
struct CaseFile {
    path: PathBuf,
    id: String,
}

/// What records.
struct Recorded {
    folder: Folder,
    /// What is served, for the files' first lines.
    served: String,
    rules: Rules,
    recorder: Recorder,
    file: Option<CaseFile>,
    log: Log,
    has_failed: bool,
}

/// How long something that happened may be in memory only, at least.
const SOON: Duration = Duration::from_millis(100);
/// How long until writing is tried again when it has failed.
const AGAIN: Duration = Duration::from_secs(5);
/// The share of its time that writing may take: one in so many.
const SHARE: u32 = 20;

impl RecordArgs {
    /// Opens the folder, if that is wanted: before anything is started that it would end.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub(super) fn open(&self, log: &Log) -> Result<Option<Folder>, Failure> {
        let Some(path) = &self.record else {
            return Ok(None);
        };
        let name = path.display();
        if path.exists() && !path.is_dir() {
            return Err(Failure::usage(format!(
                "`--record {name}` is no folder: name one for the cases, made if it is missing"
            )));
        }
        let folder = Folder::open(path).map_err(|error| {
            let what = format!("cannot write cases into `{name}`, the folder of `--record`");
            Failure::could_not_run(Caused::new(what, error))
        })?;
        log.line(&format!("recording cases into {name}"));
        Ok(Some(folder))
    }
}

impl Folder {
    /// Records what a gateway does from now on.
    pub(super) fn record(self, running: &Control, served: &Path, log: &Log) -> Recording {
        let recorded = Recorded {
            folder: self,
            served: served.display().to_string(),
            rules: Rules::of(running.assembly().api()),
            recorder: Recorder::new(),
            file: None,
            log: log.clone(),
            has_failed: false,
        };
        Recording(tokio::spawn(recorded.run(running.trace())))
    }
}

impl Recording {
    /// Waits until all is written, once the gateway is gone.
    pub(super) async fn finish(self, patience: Duration) {
        // What is not written by then, the log has told of or will not be.
        let _ = timeout(patience, self.0).await;
    }
}

impl Recorded {
    /// Records until the gateway is gone.
    async fn run(mut self, mut trace: Trace) {
        let mut due: Option<Instant> = None;
        let mut pause = SOON;
        loop {
            let traced = tokio::select! {
                traced = trace.next() => traced,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    let began = Instant::now();
                    self.write(None);
                    pause = SOON.max(began.elapsed() * SHARE);
                    due = self.has_failed.then(|| Instant::now() + pause.max(AGAIN));
                    continue;
                }
            };
            let Some(traced) = traced else {
                break;
            };
            self.take(&traced);
            match self.recorder.finished() {
                Some(session) => {
                    self.write(Some(&session));
                    self.tell(&session);
                    due = None;
                }
                None => due = due.or_else(|| Some(Instant::now() + pause)),
            }
        }
        if let Some(session) = self.recorder.end() {
            self.write(Some(&session));
            self.tell(&session);
        }
    }

    fn take(&mut self, traced: &Traced) {
        match traced {
            Traced::Step(step) => {
                let Step {
                    at, input, outputs, ..
                } = &**step;
                if let Some(Input::Deploy(rules)) = input {
                    self.rules = Rules::of(rules.api());
                }
                self.recorder.step(*at, input.as_ref(), outputs);
            }
            Traced::Function(event) => match (&event.what, &event.request_id) {
                (FunctionStep::Queued(call), Some(id)) => self.recorder.queued(*call, id),
                (FunctionStep::Taken(call), Some(id)) => self.recorder.taken(event.at, *call, id),
                (FunctionStep::Report(_), Some(id)) => self.recorder.returned(id),
                _ => {}
            },
            Traced::Missed(count) => {
                self.log.line(&format!(
                    "warning: {count} steps are not recorded: they came too fast"
                ));
                self.recorder.missed(*count);
            }
            Traced::Advanced(_) => {}
        }
    }

    /// Writes a session that is over, or the one that goes on.
    fn write(&mut self, ended: Option<&Session>) {
        let mut written = self.try_to_write(ended);
        // Another gateway that records into the folder may have taken the number.
        while matches!(&written, Err(error) if error.kind() == ErrorKind::AlreadyExists) {
            written = self.try_to_write(ended);
        }
        match written {
            Ok(()) => self.has_failed = false,
            Err(error) => self.complain(&error),
        }
    }

    fn try_to_write(&mut self, ended: Option<&Session>) -> io::Result<()> {
        let session = ended.unwrap_or_else(|| self.recorder.session());
        let id = match &self.file {
            Some(file) => file.id.clone(),
            None => id_of(self.folder.next()?),
        };
        let origin = Origin {
            id,
            how: How::Recorded,
            served: self.served.clone(),
            at: now(),
        };
        let Some(text) = session.case(&self.rules, &origin) else {
            return Ok(());
        };
        match &self.file {
            Some(file) => write_whole(&file.path, &text)?,
            None => self.file = Some(self.folder.create(&origin.id, &text)?),
        }
        Ok(())
    }

    /// A session is over: its file is told, and closed.
    fn tell(&mut self, session: &Session) {
        if session.is_full() {
            self.log
                .line(&"warning: the case is too long: its end is not recorded");
        }
        if let Some(file) = self.file.take() {
            let who: Vec<&str> = session.clients().collect();
            let who = match &*who {
                [] => "nobody was let in".to_owned(),
                who => who.join(", "),
            };
            let (id, path) = (&file.id, file.path.display());
            self.log.line(&format!("recorded `{id}` ({who}): {path}"));
            if session.is_unsteady() {
                self.log.line(&format!(
                    "warning: `{id}` may fail when it is played back: somebody connected or left \
                     while functions were at work for others; the file says where"
                ));
            }
        }
    }

    /// Says once that nothing can be written.
    fn complain(&mut self, error: &io::Error) {
        if !self.has_failed {
            self.has_failed = true;
            let folder = self.folder.0.display();
            self.log.line(&format!(
                "warning: cannot write cases into {folder}: {error}"
            ));
        }
    }
}

impl Folder {
    /// Opens a folder, made if it is missing: its owner's alone.
    fn open(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let folder = Self(path.to_owned());
        folder.next()?;
        // It must be possible to write there.
        let probe = folder.0.join(format!(".{}", std::process::id()));
        let _file: File = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&probe)?;
        fs::remove_file(&probe)?;
        Ok(folder)
    }

    /// The number behind all that are there.
    fn next(&self) -> io::Result<u32> {
        let mut next = 1;
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let number = Path::new(&name).file_stem().and_then(|stem| stem.to_str());
            let number = number.and_then(|stem| stem.parse::<u32>().ok());
            next = next.max(number.map_or(0, |number| number.saturating_add(1)));
        }
        Ok(next)
    }

    /// Writes the file of a case that has none yet; nothing that is there is replaced.
    fn create(&self, id: &str, text: &str) -> io::Result<CaseFile> {
        let stem = id.rsplit('/').next().unwrap_or(id);
        let path = self.0.join(format!("{stem}.toml"));
        let part = part_of(&path);
        write_part(&part, text)?;
        // A link takes no name that is taken, as a rename does.
        let linked = fs::hard_link(&part, &path);
        fs::remove_file(&part)?;
        linked?;
        let id = id.to_owned();
        Ok(CaseFile { path, id })
    }
}

/// The id of a case by its number: as its file is called.
fn id_of(number: u32) -> String {
    format!("recorded/{number:03}")
}

/// Replaces a file of our own, as a whole or not at all.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let part = part_of(path);
    write_part(&part, text)?;
    fs::rename(&part, path)
}

/// Where the text of a file is until it is whole; no case file by its name.
fn part_of(path: &Path) -> PathBuf {
    path.with_extension(format!("{}.part", std::process::id()))
}

fn write_part(part: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(part)?;
    file.write_all(text.as_bytes())
}

/// The system's time: a frozen clock says nothing about when this was recorded.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let name = format!("gatespec-record-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn files_are_numbered_and_never_replaced() {
        let path = folder("numbers");
        let folder = Folder::open(&path.join("deep")).expect("it can be made");
        let mode = |path: &Path| {
            fs::metadata(path)
                .expect("it is there")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode(&folder.0), 0o700);
        assert_eq!(folder.next().expect("it can be read"), 1);
        let file = folder.create("recorded/001", "one").expect("it is free");
        assert_eq!(mode(&file.path), 0o600);
        write_whole(&file.path, "more").expect("it is ours");
        assert_eq!(mode(&file.path), 0o600);
        let taken = folder.create("recorded/001", "other");
        assert_eq!(
            taken.map(drop).expect_err("it is taken").kind(),
            ErrorKind::AlreadyExists
        );
        assert_eq!(fs::read_to_string(&file.path).expect("it is text"), "more");
        fs::write(folder.0.join("0041.toml"), "").expect("a file of somebody's");
        fs::write(folder.0.join("notes.toml"), "").expect("another");
        assert_eq!(folder.next().expect("it can be read"), 42);
        let left = fs::read_dir(&folder.0).expect("it can be read").count();
        assert_eq!(left, 3, "nothing is left of what was written");
        fs::remove_dir_all(&path).expect("it can be removed");
    }
}
