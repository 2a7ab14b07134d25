//! What belongs to the shell: completions and manual pages. `.ci/shell.py` tries them in bash and
//! groff.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::collections::BTreeSet;

use support::{code, command, folder, gatespec, stderr, stdout};

/// The commands that `gatespec --help` lists, without `help` itself.
fn commands() -> BTreeSet<String> {
    let help = stdout(&gatespec(&["--help"]));
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn every_shell_gets_a_script_with_every_command() {
    let commands = commands();
    assert!(commands.contains("serve"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = gatespec(&["completions", shell]);
        assert_eq!(code(&output), Some(0), "{}", stderr(&output));
        for command in &commands {
            assert!(stdout(&output).contains(command), "{shell}: {command}");
        }
        assert!(stdout(&output).contains("version"), "{shell}");
        assert!(!stdout(&output).contains("probe"), "{shell}");
    }
    let output = gatespec(&["completions", "tcsh"]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("possible values: bash"));
}

#[test]
fn every_command_has_a_page_and_nothing_else_has() {
    let folder = folder("man").join("man1");
    let _ = std::fs::remove_dir_all(&folder);
    let output = gatespec(&["man", "--dir", &folder.display().to_string()]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let files: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let pages = commands()
        .into_iter()
        .map(|command| format!("gatespec-{command}.1"))
        .chain(["gatespec.1".to_owned()]);
    assert_eq!(files, pages.collect());
    // The same is printed.
    let printed = stdout(&gatespec(&["man", "serve"]));
    let written = std::fs::read_to_string(folder.join("gatespec-serve.1")).unwrap();
    assert_eq!(printed.trim_end(), written.trim_end());
    assert!(written.contains(concat!("gatespec ", env!("CARGO_PKG_VERSION"))));
    assert!(stdout(&gatespec(&["man"])).contains(".TH gatespec 1"));
    // `probe` is the kit's own.
    for unknown in ["probe", "nope"] {
        let output = gatespec(&["man", unknown]);
        assert_eq!(code(&output), Some(2));
        assert!(stderr(&output).contains("is not a command: there are check, serve"));
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let output = gatespec(&["man", "--dir", "Cargo.toml/man1"]);
    assert_eq!(code(&output), Some(3));
    let error = stderr(&output);
    assert!(
        error.starts_with("error: cannot write the pages into `Cargo.toml/man1`: "),
        "{error}"
    );
}

// A script that is cut, and an exit code that says nothing of it, would be found much later.
#[test]
fn a_full_disk_is_an_error_and_a_reader_that_has_gone_is_none() {
    let full = || std::fs::File::create("/dev/full").unwrap();
    for arguments in [vec!["completions", "bash"], vec!["man"]] {
        let ended = command(&arguments).stdout(full()).output().unwrap();
        assert_eq!(code(&ended), Some(3), "{}", stderr(&ended));
        assert!(stderr(&ended).contains("cannot write to standard output: No space left"));
        // Nobody reads the other end.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = command(&arguments).stdout(writer).output().unwrap();
        assert_eq!(code(&ended), Some(0), "{}", stderr(&ended));
    }
}
