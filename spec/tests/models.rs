//! Against the real json-schema-validator: `cargo test -p gatespec-spec --features oracle --test
//! models`. `MODEL_ORACLE_CASES` says how many pairs of schema and value (5,000), and how many
//! patterns; `MODEL_ORACLE_SEED` where to start. Without Java and its packages it fails and says
//! what to install.

#![cfg(feature = "oracle")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use spec::model::library::{Verdict, hash_set, is_found, judge};
use spec::strategy::{format_pair_of, pair_of, pattern_of};
use velocity::Text;

/// The real thing, as a process.
struct Oracle {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// How many requests are on the way together.
const BATCH: usize = 200;
/// How many differences are worth looking at in one run.
const SHOWN: usize = 40;

impl Oracle {
    fn start() -> Self {
        let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/run");
        let mut process = Command::new(run)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("spec/tests/oracle/run can be started");
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
                let lines = requests.iter().map(|request| format!("{request}\n"));
                // When it fails, the oracle ended, and there will be no answers.
                input
                    .write_all(lines.collect::<String>().as_bytes())
                    .and_then(|()| input.flush())
            });
            let mut lines = output.lines();
            let mut answer = |request: &Value| {
                let line = lines.next().and_then(Result::ok);
                let line = line.unwrap_or_else(|| panic!("the oracle ended: {request}"));
                serde_json::from_str(&line).expect("an answer is JSON")
            };
            requests.iter().map(&mut answer).collect()
        })
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

/// The texts, each once, in their order; a lone surrogate is `?`.
fn each_once(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

/// The messages of a level in an answer.
fn messages(list: &Value, level: &str) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let of_level = list.iter().filter(|message| message["level"] == level);
    each_once(of_level.map(|message| message["text"].as_str().unwrap_or_default().to_owned()))
}

/// Why ours may differ from theirs.
fn explained(theirs: &Value, ours: &Verdict) -> Option<&'static str> {
    let error = theirs["error"].as_str().unwrap_or_default();
    match ours {
        Verdict::Bounded => Some("more steps than we take"),
        _ if theirs["verdict"] == "error" && error.contains("RuntimeException") => {
            Some("the library ends with an exception of its own")
        }
        _ if theirs["verdict"] == "error" => Some("the library ends with an exception"),
        _ => None,
    }
}

/// How both answers to a pair differ.
fn difference(pair: &(String, String), theirs: &Value) -> Result<(), String> {
    let ours = judge(&pair.0, &pair.1).expect("both are JSON");
    let (verdict, errors, set) = match ours.verdict.clone() {
        Verdict::Pass => ("pass", Vec::new(), "[]".to_owned()),
        Verdict::Fail(errors) => {
            let texts = errors.iter().map(|text| text.to_str().into_owned());
            let set = hash_set(errors.clone()).to_str().into_owned();
            ("fail", each_once(texts), set)
        }
        Verdict::Refused | Verdict::Bounded => ("schema-refused", Vec::new(), String::new()),
    };
    let mut syntax: Vec<_> = ours.syntax.iter().map(|(_, text)| text.clone()).collect();
    let mut expected: Vec<_> = theirs["syntax"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter(|message| message["level"] == "error")
        .map(|message| message["text"].as_str().unwrap_or_default().to_owned())
        .collect();
    syntax.sort();
    expected.sort();
    let same = theirs["verdict"] == verdict
        && messages(&theirs["messages"], "error") == errors
        && theirs["set"].as_str().unwrap_or_default() == set
        && syntax == expected;
    if same {
        return Ok(());
    }
    Err(format!(
        "{}\n  {}\n  ours:   {ours:?}\n  theirs: {theirs}",
        pair.0, pair.1
    ))
}

#[test]
fn generated_pairs_are_judged_as_the_library_judges_them() {
    let (cases, seed) = (
        number("MODEL_ORACLE_CASES", 5_000),
        number("MODEL_ORACLE_SEED", 0),
    );
    let mut oracle = Oracle::start();
    let mut differences = Vec::new();
    let mut verdicts: BTreeMap<String, u64> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    let mut at = seed;
    while at < seed + cases && differences.len() < SHOWN {
        let end = (seed + cases).min(at + BATCH as u64);
        // Every fifth is about a format.
        let pair = |number| {
            if number % 5 == 4 {
                format_pair_of(number)
            } else {
                pair_of(number)
            }
        };
        let pairs: Vec<_> = (at..end).map(pair).collect();
        let asked: Vec<_> = pairs
            .iter()
            .map(|(schema, instance)| json!({"schema": schema, "instance": instance}))
            .collect();
        for (number, (pair, theirs)) in (at..).zip(pairs.iter().zip(oracle.ask(&asked))) {
            let verdict = theirs["verdict"].as_str().unwrap_or_default();
            *verdicts.entry(verdict.to_owned()).or_default() += 1;
            if let Err(page) = difference(pair, &theirs) {
                let ours = judge(&pair.0, &pair.1).map(|answer| answer.verdict);
                match ours.and_then(|ours| explained(&theirs, &ours)) {
                    Some(reason) => *reasons.entry(reason).or_default() += 1,
                    None => differences.push(format!("{number}: {page}")),
                }
            }
        }
        at = end;
    }
    println!(
        "{} pairs from {seed}: {verdicts:?}; explained: {reasons:?}",
        at - seed
    );
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n\n{}",
        differences.len(),
        at - seed,
        differences.join("\n\n")
    );
}

#[test]
fn generated_patterns_match_as_rhino_matches_them() {
    let (cases, seed) = (
        number("MODEL_ORACLE_CASES", 5_000),
        number("MODEL_ORACLE_SEED", 0),
    );
    let mut oracle = Oracle::start();
    let mut differences = Vec::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut at = seed;
    while at < seed + cases && differences.len() < SHOWN {
        let end = (seed + cases).min(at + BATCH as u64);
        let pairs: Vec<_> = (at..end).map(pattern_of).collect();
        let asked: Vec<_> = pairs
            .iter()
            .map(|(pattern, input)| json!({"pattern": pattern, "input": input}))
            .collect();
        for (number, ((pattern, input), theirs)) in (at..).zip(pairs.iter().zip(oracle.ask(&asked)))
        {
            let ours = is_found(&Text::borrowed(pattern), &Text::borrowed(input));
            // A pattern that ends in the engine's own exception is one that we refuse.
            let expected = match theirs["verdict"].as_str() {
                Some(_) => None,
                None => theirs["matches"].as_bool(),
            };
            *counts.entry(format!("{expected:?}")).or_default() += 1;
            // What an empty assertion says is left over in Rhino from the instruction before it.
            let leftover = pattern.contains("(?=)") || pattern.contains("(?!)");
            if ours != expected && leftover {
                *counts.entry("an empty assertion".to_owned()).or_default() += 1;
            } else if ours != expected {
                differences.push(format!("{number}: {pattern:?} {input:?} {ours:?} {theirs}"));
            }
        }
        at = end;
    }
    println!("{} patterns from {seed}: {counts:?}", at - seed);
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n{}",
        differences.len(),
        at - seed,
        differences.join("\n")
    );
}

// Sets of words, of which pairs have the same hash, and of as many as make a set grow.
#[test]
fn sets_print_as_java_prints_them() {
    let mut oracle = Oracle::start();
    let word = |number: usize| format!("{}é{}", ["Aa", "BB"][number % 2], number / 2 * 7919);
    for count in (0..14).chain([24, 25, 40, 48, 49, 60, 97, 400]) {
        let words: Vec<_> = (0..count).map(word).collect();
        let theirs = oracle.ask(&[json!({"set": words})]).remove(0);
        let texts = words.iter().map(|word| Text::from(word.clone()));
        let ours = hash_set(texts.collect());
        assert_eq!(Some(&*ours.to_str()), theirs["text"].as_str());
    }
}
