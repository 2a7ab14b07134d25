//! What the tests of the command share: how it is run, a gateway that it serves, and where tests
//! may write.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod function;
pub(crate) mod raw;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{
    Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// `gatespec serve` at work, and its standard output behind what was read of it.
pub(crate) struct Served {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

/// How long anything may take on a busy machine before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

impl Served {
    /// On a port that the system chooses.
    pub(crate) fn start(arguments: &[&str], stderr: Stdio) -> Self {
        Self::start_in(&root(), arguments, stderr)
    }

    /// In a folder.
    pub(crate) fn start_in(folder: &Path, arguments: &[&str], stderr: Stdio) -> Self {
        let mut child = command(&["serve", "--port", "0"])
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next line that is not empty.
    pub(crate) fn line(&mut self) -> String {
        let mut lines = self.stdout.by_ref().lines().map(Result::unwrap);
        lines.find(|line| !line.is_empty()).expect("one more line")
    }

    /// Where clients connect, which `--ready json` tells first.
    pub(crate) fn ready(&mut self) -> String {
        let ready: serde_json::Value = serde_json::from_str(&self.line()).unwrap();
        ready["ws"].as_str().unwrap().to_owned()
    }

    /// Its standard error, if it is piped.
    pub(crate) fn stderr(&mut self) -> BufReader<ChildStderr> {
        BufReader::new(self.child.stderr.take().unwrap())
    }

    /// The other end of its standard input.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Sends it a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end while its standard input stays open.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Closes its standard input, with which it ends; gives the rest of its standard output, and
    /// its standard error.
    pub(crate) fn end(mut self) -> (String, String) {
        drop(self.child.stdin.take());
        let (mut out, mut error) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut error).unwrap();
        }
        assert!(self.child.wait().unwrap().success(), "{error}");
        (out, error)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder of its own for a test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A name that no other case of a test has.
pub(crate) fn name(of: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{of}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A file of its own for a test.
pub(crate) fn file(folder_name: &str, name: &str, text: &str) -> String {
    let path = folder(folder_name).join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Runs the command to its end.
pub(crate) fn gatespec(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The command in the repository, with nothing to read.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatespec"));
    command.args(arguments).current_dir(root());
    command.stdin(Stdio::null());
    command
}
