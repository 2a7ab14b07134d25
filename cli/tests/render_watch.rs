//! `gatespec render --watch`: a block for each save, however an editor saves.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use support::{PATIENCE, command, folder};

/// The command at work on `send.vtl` and `message.json` of a folder.
struct Watched {
    folder: PathBuf,
    child: Child,
    lines: Receiver<String>,
}

impl Watched {
    fn start(name: &str, template: &str, message: &str) -> Self {
        let folder = folder(&support::name(name));
        fs::write(folder.join("send.vtl"), template).unwrap();
        fs::write(folder.join("message.json"), message).unwrap();
        let mut child = command(&["render", "--watch", "send.vtl", "--body", "@message.json"])
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            lines
                .take_while(|line| sender.send(line.clone()).is_ok())
                .count()
        });
        Self {
            folder,
            child,
            lines,
        }
    }

    /// The lines up to one that begins so.
    fn until(&self, beginning: &str) -> String {
        let mut seen = String::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("`{beginning}` does not come: {seen}"));
            seen = seen + &line + "\n";
            if line.starts_with(beginning) {
                return seen;
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SAID: &str = r#"{"said": $input.json('$.a')}"#;

#[test]
fn output_json_check_and_findings_are_shown() {
    let quoted = r#"{"said": "$input.path('$.a')"}"#;
    let watched = Watched::start("render-shown", quoted, r#"{"a": "it \"works\""}"#);
    let block = watched.until("  cure: ");
    assert!(
        block.starts_with("=== send.vtl\n{\"said\": \"it \"works\"\"}\n"),
        "{block}"
    );
    assert!(
        block.contains("\nnot JSON: `,` or `}` is expected (line 1, column 15)\n"),
        "{block}"
    );
    assert!(
        block.contains("\nsend.vtl:1:11: unescaped-value: "),
        "{block}"
    );
    assert!(
        block.contains("\n1 | {\"said\": \"$input.path('$.a')\"}\n"),
        "{block}"
    );
}

#[test]
fn every_way_of_saving_is_a_save() {
    let watched = Watched::start("render-saves", SAID, r#"{"a": 0}"#);
    let template = watched.path("send.vtl");
    assert!(
        watched
            .until("no findings")
            .contains("{\"said\": 0}\n\nJSON\n")
    );

    // Truncated and written.
    fs::write(&template, SAID.replace("said", "one")).unwrap();
    assert!(
        watched
            .until("no findings")
            .contains("=== send.vtl, save 1\n{\"one\": 0}\n")
    );

    // Renamed over, as many editors do.
    fs::write(watched.path("send.vtl.tmp"), SAID.replace("said", "two")).unwrap();
    fs::rename(watched.path("send.vtl.tmp"), &template).unwrap();
    assert!(
        watched
            .until("no findings")
            .contains("save 2\n{\"two\": 0}\n")
    );

    // Moved away for a backup, and written anew, as vim does.
    fs::rename(&template, watched.path("send.vtl~")).unwrap();
    fs::write(&template, SAID.replace("said", "three")).unwrap();
    fs::remove_file(watched.path("send.vtl~")).unwrap();
    assert!(watched.until("no findings").contains("{\"three\": 0}\n"));

    // In pieces.
    let mut file = fs::File::create(&template).unwrap();
    for piece in ["{\"four\": $input", ".json('$.a')", "}"] {
        file.write_all(piece.as_bytes()).unwrap();
    }
    drop(file);
    assert!(watched.until("no findings").contains("{\"four\": 0}\n"));
}

#[test]
fn the_files_of_other_values_are_watched_and_mistakes_are_mended() {
    let watched = Watched::start("render-values", SAID, r#"{"a": 0}"#);
    watched.until("no findings");
    fs::write(watched.path("message.json"), r#"{"a": [1, 2]}"#).unwrap();
    assert!(
        watched
            .until("no findings")
            .contains("save 1\n{\"said\": [1,2]}\n")
    );

    fs::write(watched.path("send.vtl"), "#if(").unwrap();
    let broken = watched.until("  |     ^");
    assert!(
        broken.contains("save 2\nerror: expected a value"),
        "{broken}"
    );

    fs::write(watched.path("send.vtl"), SAID).unwrap();
    let mended = watched.until("no findings");
    // What is told as the error is not told again as a finding.
    assert_eq!(mended.matches("#if(").count(), 0, "{mended}");
    assert!(mended.contains("save 3\n{\"said\": [1,2]}\n"), "{mended}");
}

#[test]
fn it_ends_with_ctrl_c() {
    let mut watched = Watched::start("render-ends", SAID, "{}");
    watched.until("no findings");
    let pid = watched.child.id().to_string();
    let sent = Command::new("kill").args(["-s", "INT", &pid]).status();
    assert!(sent.unwrap().success());
    assert_eq!(watched.child.wait().unwrap().code(), Some(0));
}

// Everything below it would be watched, and nothing of it shown.
#[test]
fn a_folder_is_no_template() {
    let folder = folder(&support::name("watch-folder"));
    fs::write(folder.join("send.vtl"), "x").unwrap();
    let ways = [
        vec!["render", "--watch", "."],
        vec!["render", "--watch", "send.vtl", "--body", "@."],
    ];
    for arguments in ways {
        let ended = command(&arguments).current_dir(&folder).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(
            said.contains("`.` is a folder: `--watch` takes the file"),
            "{said}"
        );
    }
}
