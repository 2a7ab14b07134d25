//! Against the real Velocity 1.7: `cargo test -p gatespec-spec --features oracle`. `ORACLE_CASES` says how many templates (20,000), `ORACLE_SEED`
//! where to start. Without Java and its packages it fails and says what to install.

#![cfg(feature = "oracle")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use support::{Answer, BODIES, PROFILES, Request, root};
use velocity::strategy::template_of;

/// The real thing, as a process.
struct Oracle {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// How many requests are on the way together.
const BATCH: usize = 500;
/// How many differences are worth looking at in one run.
const SHOWN: usize = 25;

impl Oracle {
    fn start() -> Self {
        let mut process = Command::new(root().join("velocity/oracle/run"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("velocity/oracle/run can be started");
        let input = process.stdin.take().expect("its input is ours");
        let output = BufReader::new(process.stdout.take().expect("its output is ours"));
        Self {
            process,
            input,
            output,
        }
    }

    /// The answers to `requests`, in order.
    fn ask(&mut self, requests: &[Value]) -> Vec<Value> {
        let Self { input, output, .. } = self;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let text: String = requests
                    .iter()
                    .map(|request| format!("{request}\n"))
                    .collect();
                input
                    .write_all(text.as_bytes())
                    .and_then(|()| input.flush())
            });
            requests
                .iter()
                .map(|_| {
                    let mut line = String::new();
                    output.read_line(&mut line).expect("an answer");
                    serde_json::from_str(&line).unwrap_or_else(|_| {
                        panic!("the oracle ended; its last words are above: {line}")
                    })
                })
                .collect()
        })
    }

    fn answer(&mut self, request: &Request) -> Answer {
        Answer::of(&self.ask(&[request.json(0)])[0])
    }

    /// The smallest request that still shows a difference.
    fn shrink(&mut self, mut request: Request) -> Request {
        let mut run = request.template.chars().count();
        let mut asked = 0;
        while run > 0 {
            let mut at = 0;
            let mut cut = false;
            loop {
                let chars: Vec<char> = request.template.chars().collect();
                if at >= chars.len() {
                    break;
                }
                let end = (at + run).min(chars.len());
                let mut smaller = request.clone();
                asked += 1;
                if asked > 400 {
                    return request; // small enough to look at; the oracle is slow with macros
                }
                smaller.template = chars[..at].iter().chain(&chars[end..]).collect();
                if smaller.render() != self.answer(&smaller) {
                    request = smaller;
                    cut = true;
                } else {
                    at = end;
                }
            }
            if run > 1 || !cut {
                run /= 2;
            }
        }
        request
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number"))
    })
}

/// The request of a number: the profiles take turns, and so do the bodies.
fn generated(at: u64) -> Request {
    Request {
        profile: PROFILES[usize::from(at % 2 == 1)].to_owned(),
        template: template_of(at),
        body: BODIES[usize::try_from(at / 2 % 5).unwrap_or(0)].to_owned(),
        variables: support::variables(),
    }
}

#[test]
fn generated_templates_render_as_velocity_renders_them() {
    let (cases, seed) = (number("ORACLE_CASES", 20_000), number("ORACLE_SEED", 0));
    let mut oracle = Oracle::start();
    let mut differences: Vec<String> = Vec::new();
    let (mut count, mut at) = (0, seed);
    while at < seed + cases && differences.len() < SHOWN {
        let batch: Vec<Request> = (at..(seed + cases).min(at + BATCH as u64))
            .map(generated)
            .collect();
        at += batch.len() as u64;
        let asked: Vec<Value> = batch
            .iter()
            .enumerate()
            .map(|(id, request)| request.json(id))
            .collect();
        let answers = oracle.ask(&asked);
        for (request, answer) in batch.into_iter().zip(answers) {
            let theirs = Answer::of(&answer);
            if request.render() == theirs {
                continue;
            }
            count += 1;
            let small = oracle.shrink(request);
            let (ours, theirs) = (small.render(), oracle.ask(&[small.json(0)]).remove(0));
            let page = format!(
                "{} `{}`\n  ours:   {ours:?}\n  theirs: {theirs}",
                small.profile, small.template
            );
            if differences.len() < SHOWN && !differences.contains(&page) {
                differences.push(page);
            }
        }
    }
    println!("{} templates, {count} differences", at - seed);
    assert!(
        differences.is_empty(),
        "{count} of {} differ:\n\n{}",
        at - seed,
        differences.join("\n\n")
    );
}

// The recorded answers are the real ones. With `ORACLE_RECORD=1` they are written anew, and a sample of generated templates with them.
#[test]
fn recorded_answers_are_velocitys() {
    let mut oracle = Oracle::start();
    let folder = root().join("velocity/oracle/cases");
    let record = std::env::var_os("ORACLE_RECORD").is_some();
    for name in ["found.jsonl", "generated.jsonl"] {
        let requests: Vec<(Request, Value)> = if record && name == "generated.jsonl" {
            (0..400).map(|at| (generated(at), Value::Null)).collect()
        } else {
            let text =
                std::fs::read_to_string(folder.join(name)).expect("the recorded cases are there");
            let values = text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).expect("a case is JSON"));
            values
                .map(|value| (Request::of(&value), value["answer"].clone()))
                .collect()
        };
        let asked: Vec<Value> = requests
            .iter()
            .enumerate()
            .map(|(id, (request, _))| request.json(id))
            .collect();
        let mut text = String::new();
        for ((request, recorded), mut answer) in requests.into_iter().zip(oracle.ask(&asked)) {
            if record {
                // The words of an error, and the number of the request, are no part of the answer.
                if let Some(fields) = answer.as_object_mut() {
                    fields.retain(|name, _| name != "id" && name != "error");
                }
                let line = json!({"profile": request.profile, "template": request.template, "body": request.body, "answer": answer});
                text.push_str(&format!("{line}\n"));
            } else {
                assert_eq!(
                    Answer::of(&recorded),
                    Answer::of(&answer),
                    "`{}`",
                    request.template
                );
            }
        }
        if record {
            std::fs::write(folder.join(name), text).expect("the cases can be written");
        }
    }
}

// Every scalar value, one by one inside of a text: the rule is the same for all texts.
#[test]
fn every_character_is_escaped_as_commons_lang_escapes_it() {
    let characters: Vec<char> = ('\0'..=char::MAX).collect();
    assert_eq!(characters.len(), 1_112_064);
    let mut oracle = Oracle::start();
    let texts: Vec<String> = characters
        .chunks(4_096)
        .map(|chunk| chunk.iter().collect())
        .collect();
    for text in texts {
        let answer = oracle.ask(&[json!({"id": 0, "escape": text})]).remove(0);
        assert_eq!(
            answer["output"].as_str(),
            Some(&*spec::template::escape_java_script(&text))
        );
    }
}
