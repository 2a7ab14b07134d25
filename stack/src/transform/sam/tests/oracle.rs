//! Against the real translator: `cargo test -p gatespec-stack --features oracle`.
//! `SAM_ORACLE_CASES` says how many templates (1,000), `SAM_ORACLE_SEED` where to start. It needs
//! `python3` with aws-sam-translator 1.115.0, as in `.ci/requirements.txt`.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Value as Json, json};

use super::{difference, strategy};

/// The real thing, as a process.
struct Oracle {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    refused: usize,
}

impl Oracle {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/sam_transform.py");
        let mut process = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`python3` can be started");
        let input = process.stdin.take().expect("its input is ours");
        let output = BufReader::new(process.stdout.take().expect("its output is ours"));
        Self {
            process,
            input,
            output,
            refused: 0,
        }
    }

    fn ask(&mut self, template: &Json, parameters: &Json) -> Json {
        let request = json!({ "template": template, "parameters": parameters });
        let sent = writeln!(self.input, "{request}").and_then(|()| self.input.flush());
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        assert!(
            sent.is_ok() && read.is_ok_and(|count| count > 0),
            "the translator ended: install aws-sam-translator as .ci/requirements.txt says"
        );
        let answer: Json = serde_json::from_str(&line).expect("an answer is JSON");
        self.refused += usize::from(answer.get("refused").is_some());
        answer
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn number(variable: &str, default: u32) -> u32 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number"))
    })
}

#[test]
fn generated_templates_become_what_the_translator_makes_of_them() {
    let cases = number("SAM_ORACLE_CASES", 1_000);
    let seed = number("SAM_ORACLE_SEED", 1);
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let oracle = RefCell::new(Oracle::start());
    let result = runner.run(&strategy::template(), |(template, parameters)| {
        let theirs = oracle.borrow_mut().ask(&template, &parameters);
        match difference(&template, &parameters, &theirs) {
            None => Ok(()),
            Some(difference) => Err(TestCaseError::fail(difference)),
        }
    });
    let refused = oracle.borrow().refused;
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, (template, parameters))) => {
            panic!("{template}\n{parameters}\n{reason}\nkeep it: add it to cases.jsonl")
        }
        Err(error) => panic!("{error}"),
    }
    // A grammar of which nothing, or everything, is refused would say little.
    let (refused, cases) = (
        f64::from(u32::try_from(refused).expect("few")),
        f64::from(cases),
    );
    assert!(
        (0.1..0.8).contains(&(refused / cases)),
        "{refused} of {cases} were refused"
    );
}

/// The recorded cases are what the translator says today. `SAM_ORACLE_RECORD=1` writes them anew.
#[test]
fn recorded_answers_are_the_translators() {
    let mut oracle = Oracle::start();
    let mut lines = String::new();
    for mut case in super::recorded::cases() {
        let theirs = oracle.ask(&case["template"], &case["parameters"]);
        // Its words are its own, and change.
        let is_refused = theirs.get("refused").is_some();
        case["theirs"] = if is_refused {
            json!({"refused": true})
        } else {
            theirs
        };
        lines += &format!("{case}\n");
    }
    if std::env::var_os("SAM_ORACLE_RECORD").is_some() {
        std::fs::write(super::recorded::path(), &lines).expect("the cases can be written");
    }
    let recorded = std::fs::read_to_string(super::recorded::path());
    assert!(
        recorded.expect("there are cases") == lines,
        "run it with `SAM_ORACLE_RECORD=1`"
    );
}
