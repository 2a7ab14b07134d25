//! Compares with the real Velocity 1.7: `cargo test -p gatespec-spec --features oracle`.
//! `ORACLE_CASES` says how many templates (20,000), `ORACLE_SEED` where to start. Without Java and
//! its packages it fails and says what to install.

#![cfg(feature = "oracle")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use support::{Answer, BODIES, FILES, PROFILES, Request, Verdict, root};
use velocity::strategy::{document_of, template_of, variables_of};

/// The real Velocity, as a process.
struct Oracle {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// How many requests are in flight at once.
const BATCH: usize = 500;
/// How many differences are reported in one run.
const SHOWN: usize = 60;

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

    /// The answers to `requests`, in order, while `meanwhile` runs. After a template that does not
    /// end, a new oracle continues.
    fn ask<T>(&mut self, requests: &[Value], meanwhile: impl FnOnce() -> T) -> (Vec<Value>, T) {
        let mut answers = Vec::with_capacity(requests.len());
        let ours = self.ask_for_some(requests, &mut answers, meanwhile);
        while answers.len() < requests.len() {
            assert!(
                answers.last().is_some_and(|last| last["timeout"] == true),
                "the oracle ended; its last words are above: {}",
                requests[answers.len()]
            );
            *self = Self::start();
            self.ask_for_some(&requests[answers.len()..], &mut answers, || ());
        }
        (answers, ours)
    }

    fn ask_for_some<T>(
        &mut self,
        requests: &[Value],
        answers: &mut Vec<Value>,
        meanwhile: impl FnOnce() -> T,
    ) -> T {
        let Self { input, output, .. } = self;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let text: String = requests
                    .iter()
                    .map(|request| format!("{request}\n"))
                    .collect();
                // If it fails, the oracle has ended, and there will be no answers.
                input
                    .write_all(text.as_bytes())
                    .and_then(|()| input.flush())
            });
            scope.spawn(move || {
                for _ in requests {
                    let mut line = String::new();
                    match output.read_line(&mut line) {
                        Ok(1..) => {
                            answers.push(serde_json::from_str(&line).expect("an answer is JSON"));
                        }
                        _ => break,
                    }
                }
            });
            meanwhile()
        })
    }

    fn answer(&mut self, request: &Request) -> Value {
        self.ask(&[request.json(0)], || ()).0.remove(0)
    }

    /// The kinds of both answers, if they differ.
    fn difference(&mut self, request: &Request) -> Option<(&'static str, &'static str)> {
        let (ours, theirs) = (request.render(), Answer::of(&self.answer(request)));
        (ours.against(&theirs) == Verdict::Different).then(|| (ours.name(), theirs.name()))
    }

    /// The smallest request that still shows a difference.
    fn shrink(&mut self, mut request: Request) -> Request {
        let mut run = request.template.chars().count();
        let mut asked = 0;
        let kinds = self.difference(&request);
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
                if self.difference(&smaller) == kinds {
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

/// The request of a seed: the profiles take turns, and the body is one of the usual ones or a
/// generated document.
fn generated(at: u64) -> Request {
    let body = usize::try_from(at / 2 % 10).unwrap_or(0);
    Request {
        profile: PROFILES[usize::from(at % 2 == 1)].to_owned(),
        template: template_of(at),
        body: BODIES
            .get(body)
            .map_or_else(|| document_of(at), |&body| body.to_owned()),
        variables: serde_json::from_str(&variables_of(at)).expect("the variables are JSON"),
    }
}

#[test]
fn generated_templates_render_as_velocity_renders_them() {
    let (cases, seed) = (number("ORACLE_CASES", 20_000), number("ORACLE_SEED", 0));
    let mut oracle = Oracle::start();
    let mut differences: Vec<String> = Vec::new();
    let mut explained: BTreeMap<&str, u64> = BTreeMap::new();
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut count, mut at) = (0, seed);
    while at < seed + cases && differences.len() < SHOWN {
        let batch: Vec<Request> = (at..(seed + cases).min(at + BATCH as u64))
            .map(generated)
            .collect();
        let first = at;
        at += batch.len() as u64;
        let asked: Vec<Value> = batch
            .iter()
            .enumerate()
            .map(|(id, request)| request.json(id))
            .collect();
        let render = || batch.iter().map(Request::render).collect::<Vec<_>>();
        let (answers, ours) = oracle.ask(&asked, render);
        for (number, ((request, ours), answer)) in
            (first..).zip(batch.iter().zip(ours).zip(answers))
        {
            let theirs = Answer::of(&answer);
            *outcomes.entry(theirs.name()).or_default() += 1;
            match ours.against(&theirs) {
                Verdict::Same => continue,
                Verdict::Explained(line) => *explained.entry(line).or_default() += 1,
                Verdict::Different => {
                    count += 1;
                    let small = oracle.shrink(request.clone());
                    let (ours, theirs) = (small.render(), oracle.answer(&small));
                    let page = format!(
                        "{number} {} `{}`\n  ours:   {ours:?}\n  theirs: {theirs}\n  \
                         variables: {}\n  body: {}",
                        small.profile, small.template, small.variables, small.body
                    );
                    if differences.len() < SHOWN {
                        differences.push(page);
                    }
                }
            }
        }
    }
    println!(
        "{} templates from {seed}, {count} differences; velocity: {outcomes:?}; \
         explained: {explained:?}",
        at - seed
    );
    assert!(
        differences.is_empty(),
        "{count} of {} differ:\n\n{}",
        at - seed,
        differences.join("\n\n")
    );
}

/// The recorded requests of a file, with their answers and names.
fn recorded(path: &Path) -> Vec<(Request, Value, Option<Value>)> {
    let text = std::fs::read_to_string(path).expect("the recorded cases are there");
    let cases = text.lines().map(|line| {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let request = Request::of(&case);
        (request, case["answer"].clone(), case.get("name").cloned())
    });
    cases.collect()
}

// The recorded answers are the real ones. With `ORACLE_RECORD=1` they are recorded again, together
// with a sample of generated templates.
#[test]
fn recorded_answers_are_velocitys() {
    let mut oracle = Oracle::start();
    let folder = root().join("velocity/oracle/cases");
    let record = std::env::var_os("ORACLE_RECORD").is_some();
    for name in FILES {
        let requests = if record && name == "generated.jsonl" {
            let sample = (0..400).map(|at| generated(at).with_few_variables());
            sample.map(|request| (request, Value::Null, None)).collect()
        } else {
            recorded(&folder.join(name))
        };
        let asked: Vec<Value> = requests
            .iter()
            .enumerate()
            .map(|(id, (request, ..))| request.json(id))
            .collect();
        let mut text = String::new();
        for ((request, recorded, name), mut answer) in
            requests.into_iter().zip(oracle.ask(&asked, || ()).0)
        {
            if record {
                // The words of an error and the id of the request are not part of the answer.
                if let Some(fields) = answer.as_object_mut() {
                    fields.retain(|name, _| name != "id" && name != "error");
                }
                let mut line = json!({
                    "profile": request.profile,
                    "template": request.template,
                    "body": request.body,
                });
                if request.variables != support::variables() {
                    line["variables"] = request.variables;
                }
                if let Some(name) = name {
                    line["name"] = name;
                }
                line["answer"] = answer;
                text.push_str(&format!("{line}\n"));
            } else {
                let (known, now) = (Answer::of(&recorded), Answer::of(&answer));
                assert!(
                    known.agrees(&now),
                    "`{}`: {known:?}, {now:?}",
                    request.template
                );
            }
        }
        if record {
            std::fs::write(folder.join(name), text).expect("the cases can be written");
        }
    }
}

// Other people's template files, such as `test/templates` in Velocity's own sources, rendered by
// both.
#[test]
#[ignore = "ORACLE_TEMPLATES names the folder of the .vm files"]
fn templates_of_a_folder_render_as_velocity_renders_them() {
    let folder = std::env::var_os("ORACLE_TEMPLATES").expect("ORACLE_TEMPLATES names a folder");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "vm"))
        .collect();
    paths.sort();
    let mut oracle = Oracle::start();
    let mut differences = Vec::new();
    for path in &paths {
        let template = String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned();
        for profile in PROFILES {
            let request = Request {
                profile: profile.to_owned(),
                template: template.clone(),
                body: BODIES[0].to_owned(),
                variables: support::variables(),
            };
            let (ours, theirs) = (request.render(), oracle.answer(&request));
            match ours.against(&Answer::of(&theirs)) {
                Verdict::Same => {}
                Verdict::Explained(line) => println!("{}: {line}", path.display()),
                Verdict::Different => {
                    differences.push(format!("{} {profile}: {ours:?}\n{theirs}", path.display()));
                }
            }
        }
    }
    println!("{} files, {} differences", paths.len(), differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

// Every scalar value, one by one inside a text: the rule is the same for all texts.
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
        let answer = oracle
            .ask(&[json!({"id": 0, "escape": text})], || ())
            .0
            .remove(0);
        assert_eq!(
            answer["output"].as_str(),
            Some(&*spec::template::escape_java_script(&text))
        );
    }
}
