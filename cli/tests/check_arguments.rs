//! What `gatespec check` and `gatespec report` say of arguments, before anything runs, and of runs
//! that say nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use rstest::rstest;

use support::{code, folder, gatespec, root, stderr, stdout};

/// Nothing listens there.
const NOWHERE: &str = "ws://127.0.0.1:1/stage";
/// A case that the target `spec` has, and one that it has not.
const PASSES: &str = "route/an-unknown-action-is-forbidden";
const UNSUPPORTED: &str = "lifecycle/pings-are-answered";
/// A case of a user's own, which an endpoint does not have without `clock`.
const WAITS: &str = r#"
[[case]]
id = "own/waits"
why = "w"
features = ["clock"]
steps = [{ do = "connect", client = "a" }]
"#;

/// The exit code, what is on standard output, what on standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = gatespec(arguments);
    (code(&output), stdout(&output), stderr(&output))
}

/// A folder of its own for a test, empty.
fn empty_folder(name: &str) -> PathBuf {
    let folder = folder(&format!("arguments-{name}"));
    std::fs::remove_dir_all(&folder).unwrap();
    self::folder(&format!("arguments-{name}"))
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

// What nothing would look at is refused, with the argument's name, before the stack is read.
#[rstest]
#[case(&["--target", "spec", "--stack", "foo"], "`--stack` is for the target `aws`, and what is checked is `spec`")]
#[case(&["--target", "endpoint", "--stack", "foo"], "`--stack`")]
#[case(&["--target", "spec", "--ws", NOWHERE], "`--ws` is for the target `endpoint`")]
#[case(&["--target", "local", "--sign"], "`--sign`")]
#[case(&["--target", "local", "--patience", "1"], "`--patience`")]
#[case(&["--name", "x"], "`--name` is for the target `endpoint` or `aws`, and what is checked is `spec` and `local`")]
#[case(&["--target", "local", "--features", "limits"], "`--features`")]
#[case(&["--target", "spec", "--fixture", "probe@ws://127.0.0.1:1/x"], "`--fixture`")]
#[case(&["--stack", "foo", "--sign"], "`--sign`")]
#[case(&["--ws", NOWHERE, "--parameter", "A=b"], "`--parameter` is for the target `spec` or `local`")]
#[case(&["--ws", NOWHERE, "--no-build"], "`--no-build`")]
#[case(&["--ws", NOWHERE, "--node", "n"], "`--node` is for the target `local`")]
#[case(&["--target", "spec", "--python", "p"], "`--python`")]
#[case(&["--target", "spec", "--runtime", "java21=java"], "`--runtime`")]
#[case(&["--management", "http://127.0.0.1:1/x"], "--ws <WS_URL>")]
#[case(&["--target", "endpoint"], "needs `--ws URL`")]
#[case(&["--target", "spec,spec"], "the target `spec` is there twice")]
#[case(&["--target", "spec,endpoint", "--name", "spec", "--ws", NOWHERE], "two targets are called `spec`")]
#[case(&["--ws", NOWHERE, "--name", ""], "--name")]
#[case(&["--fixture", "probe@ws://127.0.0.1:1/x", "--fixture", "probe@ws://127.0.0.1:2/x"], "says twice where `probe` is")]
#[case(&["--list", "--explain"], "cannot be used with")]
#[case(&["--list", "--bless", "x"], "cannot be used with")]
#[case(&["--explain", "--record", "x"], "cannot be used with")]
#[case(&["--target", "spec", "--bless", "x", "--expect", "y"], "cannot be used with")]
#[case(&["--bless", "x"], "give one `--target`")]
#[case(&["--record", "x"], "give one `--target`")]
#[case(&["--target", "spec", "--bless", "x", "--case", "route/"], "leave the selection out")]
#[case(&["--repeat", "0"], "--repeat")]
#[case(&["--values", "0"], "--values")]
#[case(&["--ws", NOWHERE, "--patience", "0"], "--patience")]
#[case(&["--ws", NOWHERE, "--patience", "18446744073709551615"], "--patience")]
#[case(&["--ws", "http://127.0.0.1:1/stage"], "must begin with ws:// or wss://")]
#[case(&["--ws", "127.0.0.1:1"], "must begin with ws:// or wss://")]
#[case(&["--ws", NOWHERE, "--management", NOWHERE], "must begin with http:// or https://")]
#[case(&["--fixture", "probe@127.0.0.1:1"], "must begin with ws:// or wss://")]
#[case(&["--feature", "clock"], "unexpected argument")]
#[case(&["--requirement", "LIMITS-999"], "the requirement `LIMITS-999` does not exist")]
#[case(&["--case", "no/such", "--needs", "clock"], "error: no case begins with `no/such` and needs `clock`")]
fn arguments_that_cannot_be_meant_are_usage_errors(
    #[case] arguments: &[&str],
    #[case] words: &str,
) {
    let (code, _, error) = run(&[&["check"], arguments].concat());
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains(words), "{error}");
    assert!(!error.contains(" cases\n"), "nothing has run: {error}");
}

// Nothing runs unsigned that was to be signed, nor before that is known.
#[test]
fn to_sign_takes_a_key() {
    let output = Command::new(env!("CARGO_BIN_EXE_gatespec"))
        .args([
            "check",
            "--target",
            "spec,endpoint",
            "--ws",
            NOWHERE,
            "--sign",
        ])
        .current_dir(root())
        .env_remove("AWS_ACCESS_KEY_ID")
        .output()
        .unwrap();
    assert_eq!(code(&output), Some(2), "{}", stderr(&output));
    assert_eq!(
        stderr(&output),
        "error: the environment has no `AWS_ACCESS_KEY_ID` to sign with\n"
    );
}

#[test]
fn arguments_that_belong_together_are_taken() {
    let folder = empty_folder("together");
    let own = path(&folder, "own.toml");
    std::fs::write(&own, WAITS).unwrap();
    let reports = folder.display().to_string();
    let there = "http://127.0.0.1:1/stage";
    let (code, _, error) = run(&[
        "check",
        "template.yaml",
        "--cases",
        &own,
        "--report",
        &reports,
        "--ws",
        NOWHERE,
        "--management",
        there,
        "--name",
        "n",
        "--features",
        "limits",
        "--patience",
        "1",
        "--repeat",
        "2",
        "--values",
        "1",
        "--jobs",
        "2",
    ]);
    assert_eq!(code, Some(1), "it has run: {error}");
    assert!(error.contains("n: 1 cases"), "{error}");
}

// A run may take minutes: what cannot be read or written is told before it.
#[test]
fn files_are_tried_before_the_run() {
    let folder = empty_folder("tried");
    let reports = folder.display().to_string();
    let file = path(&folder, "file");
    std::fs::write(&file, "[[expect]]\ncase = 1").unwrap();
    let below = path(&folder, "file/x");
    let own_cases = path(&folder, "own.toml");
    std::fs::write(&own_cases, WAITS).unwrap();
    std::fs::create_dir_all(folder.join("taken/junit.xml")).unwrap();
    let taken = path(&folder, "taken");
    let tries: [(&[&str], i32, &str); 7] = [
        (&["--expect", "no/such.toml"], 2, "no/such.toml"),
        (&["--expect", &file], 2, &file),
        (&["--bless", &file], 2, &file),
        (&["--bless", &below], 3, &below),
        (&["--record", &below], 3, &below),
        (&["--report", &below], 3, &below),
        (&["--report", &taken], 3, "junit.xml"),
    ];
    for (arguments, expected, words) in tries {
        let mut all = vec!["check", "--target", "spec", "--cases", &own_cases];
        if !arguments.contains(&"--report") {
            all.extend(["--report", &reports]);
        }
        let (code, output, error) = run(&[&all[..], arguments].concat());
        assert_eq!(code, Some(expected), "{arguments:?}: {error}");
        assert!(error.contains(words), "{arguments:?}: {error}");
        assert!(!error.contains("spec: 1 cases"), "{arguments:?}: {error}");
        assert_eq!(output, "", "{arguments:?}");
    }
}

// The trial leaves nothing behind, and takes nothing away.
#[test]
fn a_run_that_is_refused_leaves_files_as_they_were() {
    let folder = empty_folder("untouched");
    let (record, below) = (path(&folder, "record.toml"), path(&folder, "report.md/x"));
    std::fs::write(folder.join("report.md"), "as it was").unwrap();
    let reports = folder.display().to_string();
    let on_spec = ["check", "--target", "spec", "--case", PASSES];
    let more = ["--report", &reports, "--record", &below];
    let (code, _, error) = run(&[&on_spec[..], &more].concat());
    assert_eq!(code, Some(3), "{error}");
    let names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["report.md"]);
    let kept = std::fs::read_to_string(folder.join("report.md")).unwrap();
    assert_eq!(kept, "as it was");
    let more = ["--report", &reports, "--record", &record];
    let (code, _, error) = run(&[&on_spec[..], &more].concat());
    assert_eq!(code, Some(0), "{error}");
    assert!(
        std::fs::read_to_string(&record)
            .unwrap()
            .contains("target = \"spec\"")
    );
}

// All unsupported is no success, unless it is known to be so, or another of the kit's targets
// judged it.
#[test]
fn a_run_that_judged_nothing_is_not_green() {
    let folder = empty_folder("idle");
    let own = path(&folder, "own.toml");
    std::fs::write(&own, WAITS).unwrap();
    let reports = folder.display().to_string();
    let check = |more: &[&str]| run(&[&["check", "--report", &reports], more].concat());

    let (code, output, error) = check(&["--cases", &own, "--ws", NOWHERE, "--name", "nobody"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(!output.contains("all as expected"), "{output}");
    let last = error.lines().last().unwrap_or_default();
    let words = "nothing was judged on `nobody`: its only case is unsupported (`own/waits`: ";
    assert!(last.starts_with(words), "{error}");

    let known = path(&folder, "known.toml");
    let entry =
        "[[expect]]\ncase = \"own/waits\"\nverdict = \"unsupported\"\nreason = \"no clock\"\n";
    std::fs::write(&known, entry).unwrap();
    let (code, output, error) = check(&["--cases", &own, "--ws", NOWHERE, "--expect", &known]);
    assert_eq!(code, Some(0), "{error}");
    assert!(output.ends_with("all as expected\n"), "{output}");

    // Beside a target of the kit's that judges it, a deployed one is still looked at in vain.
    let both = [
        "--target",
        "spec,endpoint",
        "--cases",
        &own,
        "--ws",
        NOWHERE,
    ];
    let (code, _, error) = check(&both);
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains("nothing was judged on `endpoint`"),
        "{error}"
    );
    assert!(!error.contains("on `spec`"), "{error}");

    let blessed = path(&folder, "blessed.toml");
    let (code, _, error) = check(&["--cases", &own, "--ws", NOWHERE, "--bless", &blessed]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("nothing was judged"), "{error}");
}

#[test]
fn what_the_specification_cannot_show_is_judged_on_the_local_gateway() {
    let reports = empty_folder("idle-spec").display().to_string();
    let check = |more: &[&str]| {
        let all = ["check", "--report", &reports, "--case", UNSUPPORTED];
        run(&[&all[..], more].concat())
    };
    let (code, _, error) = check(&["--target", "spec"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("nothing was judged on `spec`"), "{error}");
    let (code, output, error) = check(&[]);
    assert_eq!(code, Some(0), "{error}");
    assert!(output.contains("nothing was judged on `spec`"), "{output}");
    assert!(output.ends_with("all as expected\n"), "{output}");
}

#[test]
fn a_folder_or_file_without_cases_says_so() {
    let folder = empty_folder("empty");
    let cases = folder.display().to_string();
    let (code, _, error) = run(&["check", "--list", "--cases", &cases]);
    assert_eq!(code, Some(2));
    assert!(
        error.contains("no *.toml file is in the folder `"),
        "{error}"
    );
    std::fs::write(folder.join("none.toml"), "case = []").unwrap();
    let (code, _, error) = run(&["check", "--list", "--cases", &cases]);
    assert_eq!(code, Some(2));
    assert!(error.contains("has no case"), "{error}");
}

#[test]
fn a_report_without_an_outcome_is_an_error_and_one_target_twice_a_warning() {
    let folder = empty_folder("merged");
    let [empty, first, second, to] = ["g2", "a", "b", "to"].map(|name| path(&folder, name));
    let line = |verdict: &str| {
        format!(
            r#"{{"target":"t","case":"a/b","why":"w","verdict":"{verdict}","detail":"","requirements":[],"millis":1,"transcript":[]}}"#
        )
    };
    std::fs::write(&empty, "\n").unwrap();
    std::fs::write(&first, line("pass")).unwrap();
    std::fs::write(&second, line("fail")).unwrap();
    let (code, _, error) = run(&["report", "--report", &to, &first, &empty]);
    assert_eq!(code, Some(2));
    assert!(
        error.contains(&format!("no outcome in `{empty}`")),
        "{error}"
    );
    assert!(!Path::new(&to).exists(), "nothing is written");
    let (code, output, error) = run(&["report", "--report", &to, &first, &second]);
    assert_eq!(code, Some(0), "{error}");
    let words = format!("warning: `t` is in `{first}`, `{second}`: one column, in which the later");
    assert!(error.contains(&words), "{error}");
    assert!(output.contains("t: 1 fail"), "{output}");
    let (code, _, error) = run(&["report", "--report", &to, &first]);
    assert_eq!((code, &*error), (Some(0), ""));
    assert!(run(&["report", "--help"]).1.contains("the later"));
}

// Nothing is built and nothing runs before that is said.
#[test]
fn a_deployed_stack_needs_its_name_and_a_program_that_finds_it() {
    let output = gatespec(&["check", "--target", "local,aws"]);
    assert_eq!(code(&output), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("the target `aws` needs `--stack NAME`"));
    let output = gatespec(&["check", "--stack", "mine", "--ws", "ws://127.0.0.1:1/stage"]);
    assert_eq!(code(&output), Some(2), "{}", stderr(&output));
    if cfg!(not(feature = "live")) {
        let output = gatespec(&["check", "--stack", "mine"]);
        assert_eq!(code(&output), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("cargo run --features live -- check --stack mine"));
    }
}
