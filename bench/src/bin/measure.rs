//! Measures the Rust engines, writes the input of the others, and prints one table of all results.
//!
//! `measure inputs DIR` writes templates, context, bodies and the expected outputs. `measure run`
//! prints lines of `subject TAB case TAB script TAB size TAB renders TAB CPU nanoseconds TAB output
//! bytes`. `measure table FILE…` prints the table of such lines.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bench::{Out, Subject, Writes, bodies, cases, context, escapers, renderers};
use cpu_time::ThreadTime;
use serde_json::{Map, Value};

/// Each figure is the best of several rounds, so that other users of the caches matter least.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(120);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["inputs", directory] => inputs(Path::new(directory)),
        ["run"] => run(),
        ["table", files @ ..] => table(files),
        _ => Err("usage: measure inputs DIR | run | table FILE…".into()),
    }
}

/// `<case>.vtl`, `context.json`, `context.properties` (lines of `key.key TAB value`),
/// `<script>-<size>.body` and `<case>-<script>-<size>.expected`.
fn inputs(directory: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let context = context();
    fs::write(
        directory.join("context.json"),
        serde_json::to_string(&context)?,
    )?;
    let mut properties = String::new();
    flatten(&context, "", &mut properties);
    fs::write(directory.join("context.properties"), properties)?;
    let bodies = bodies();
    for body in &bodies {
        fs::write(
            directory.join(format!("{}-{}.body", body.script, body.size)),
            &body.text,
        )?;
    }
    for case in cases() {
        fs::write(directory.join(format!("{}.vtl", case.name)), &case.velocity)?;
        for body in &bodies {
            let mut out = Out::default();
            (renderers(&case, &context, body)[0].run)(&mut out);
            let name = format!("{}-{}-{}.expected", case.name, body.script, body.size);
            fs::write(directory.join(name), out.as_bytes())?;
        }
    }
    Ok(())
}

fn flatten(map: &Map<String, Value>, prefix: &str, out: &mut String) {
    for (key, value) in map {
        match value {
            Value::Object(inner) => flatten(inner, &format!("{prefix}{key}."), out),
            Value::String(text) => *out += &format!("{prefix}{key}\t{text}\n"),
            other => *out += &format!("{prefix}{key}\t{other}\n"),
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (context, bodies) = (context(), bodies());
    for case in cases() {
        for body in &bodies {
            let mut expected = None;
            for subject in renderers(&case, &context, body) {
                let is_rendered = subject.writes == Writes::Rendered;
                let output = measure(subject, case.name, body);
                if is_rendered && *expected.get_or_insert_with(|| output.clone()) != output {
                    return Err("an engine renders something else than the others".into());
                }
            }
        }
    }
    for body in &bodies {
        for subject in escapers(body) {
            measure(subject, "escape", body);
        }
    }
    Ok(())
}

/// Prints the best round, and returns the output.
fn measure(mut subject: Subject<'_>, case: &str, body: &bench::Body) -> Vec<u8> {
    let mut out = Out::default();
    let mut best: Option<(Duration, u64)> = None;
    let mut batch = 1;
    for _ in 0..ROUNDS {
        let start = ThreadTime::now();
        let mut renders = 0;
        let elapsed = loop {
            for _ in 0..batch {
                out.clear();
                (subject.run)(&mut out);
                std::hint::black_box(out.as_bytes().len());
            }
            renders += batch;
            let elapsed = start.elapsed();
            if elapsed >= ROUND {
                break elapsed;
            }
            // The clock is read about every millisecond.
            if elapsed < ROUND / 100 {
                batch *= 2;
            }
        };
        let faster = |(time, count): (Duration, u64)| {
            elapsed.as_secs_f64() / (renders as f64) < time.as_secs_f64() / (count as f64)
        };
        if best.is_none_or(faster) {
            best = Some((elapsed, renders));
        }
    }
    if let Some((time, renders)) = best {
        println!(
            "{}\t{case}\t{}\t{}\t{renders}\t{}\t{}",
            subject.name,
            body.script,
            body.size,
            time.as_nanos(),
            out.as_bytes().len()
        );
    }
    out.as_bytes().to_vec()
}

/// A block for each template and body: renders and megabytes of body per second of CPU, and how
/// many times slower than the first line.
fn table(files: &[&str]) -> Result<(), Box<dyn Error>> {
    type Key = (usize, &'static str, usize);
    let mut blocks: BTreeMap<Key, Vec<(String, f64)>> = BTreeMap::new();
    for file in files {
        for line in fs::read_to_string(file)?.lines() {
            let [subject, case, script, size, renders, nanos, _] =
                line.split('\t').collect::<Vec<_>>()[..]
            else {
                return Err(format!("`{file}` has a line that is no measurement: `{line}`").into());
            };
            let case = ["cured", "original", "escape"]
                .iter()
                .position(|known| *known == case);
            let script = ["ascii", "cjk"].into_iter().find(|known| *known == script);
            let key = (
                case.ok_or("an unknown case")?,
                script.ok_or("an unknown script")?,
                size.parse()?,
            );
            let second = renders.parse::<f64>()? / nanos.parse::<f64>()? * 1e9;
            blocks
                .entry(key)
                .or_default()
                .push((subject.to_owned(), second));
        }
    }
    println!(
        "{:<28} {:>14} {:>12} {:>10}",
        "", "per CPU-second", "MB/s", "ours is"
    );
    for ((case, script, size), lines) in &blocks {
        let what = [
            "the cured template",
            "the original template",
            "escaping alone",
        ][*case];
        println!("\n{what}, a body of {size} bytes, {script}");
        let ours = lines.first().map_or(1.0, |(_, second)| *second);
        for (subject, second) in lines {
            println!(
                "  {subject:<26} {second:>14.0} {:>12.1} {:>9.2}x",
                second * *size as f64 / 1e6,
                ours / second
            );
        }
    }
    Ok(())
}
