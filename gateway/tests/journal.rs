//! The lines of functions in a log: whose they are, and what is said of their invocations.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::SinkExt;
use gateway::{Control, FunctionOutput, InvocationLines, Options};
use support::{Client, ask, connect, probe, start, two_way};
use tokio_tungstenite::tungstenite::Message;

/// A gateway whose function is the probe, a client, and where the log is.
async fn serve(name: &str, lines: InvocationLines) -> (Control, Client, PathBuf) {
    let (options, log) = options(name, lines);
    let running = start(options).await;
    let client = connect(&running).await.unwrap();
    (running, client, log)
}

fn options(name: &str, lines: InvocationLines) -> (Options, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("journal-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe");
    let mut options = probe("template.yaml");
    options.template = two_way(&folder, &code, "");
    let text = fs::read_to_string(&options.template).unwrap();
    let text = text.replace("Timeout: 20", "Timeout: 1");
    fs::write(&options.template, text).unwrap();
    let log = folder.join("log");
    options.function_output = FunctionOutput::File(log.clone());
    options.invocation_lines = lines;
    (options, log)
}

/// The log when all is over; its function's name is `F`.
async fn logged(running: Control, client: Client, log: &Path) -> Vec<String> {
    drop(client);
    running.shutdown().await;
    let text = fs::read_to_string(log).unwrap();
    let named = |line: &str| format!("F{}", line.strip_prefix("Function").unwrap_or(line));
    text.lines().map(named).collect()
}

/// A line's fields behind `F: REPORT RequestId: …`, with `N` for numbers.
fn report(line: &str) -> String {
    let mut fields = line.split('\t');
    let head = fields.next().unwrap();
    assert!(head.starts_with("F: REPORT RequestId: "), "{line}");
    let fields = fields.map(|field| {
        let number = |word: &str| match word.parse::<f64>() {
            Ok(number) => {
                assert!(number > 0.0, "{line}");
                "N".to_owned()
            }
            Err(_) => word.to_owned(),
        };
        field.split(' ').map(number).collect::<Vec<_>>().join(" ")
    });
    fields.collect::<Vec<_>>().join("; ")
}

const FIGURES: &str =
    "Duration: N ms; Billed Duration: N ms; Memory Size: N MB; Max Memory Used: N MB";

// A result may be here before the lines that were written before it are read.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_stand_behind_their_function_and_request_between_start_and_end() {
    let (running, mut client, log) = serve("lines", InvocationLines::All).await;
    for _ in 0..50 {
        ask(&mut client, r#"{"x":"lines"}"#).await;
    }
    let lines = logged(running, client, &log).await;
    assert_eq!(lines.len(), 50 * 8);
    for (number, lines) in lines.chunks(8).enumerate() {
        let id = lines[0].split(' ').nth(3).unwrap();
        assert_eq!(
            lines[0],
            format!("F: START RequestId: {id} Version: $LATEST")
        );
        assert!(
            lines[1].starts_with(&format!("F {id}: MESSAGE ")),
            "{}",
            lines[1]
        );
        let expected = [
            format!("F {id}: [ERROR] one"),
            format!("F {id}: two"),
            format!("F {id}: {}", &id[..8]),
            // In the order of writing, whatever stream it was, and with the id once.
            format!("F: unfinished {id}"),
            format!("F: END RequestId: {id}"),
        ];
        assert_eq!(lines[2..7], expected);
        let init = if number == 0 {
            "; Init Duration: N ms"
        } else {
            ""
        };
        assert_eq!(report(&lines[7]), format!("{FIGURES}{init}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invocation_that_ends_with_its_process_is_reported_too() {
    let (running, mut client, log) = serve("ends", InvocationLines::default()).await;
    for message in ["fail", "crash", "sleep"] {
        ask(&mut client, &format!(r#"{{"x":"{message}"}}"#)).await;
    }
    // Once the process that was too slow has been killed.
    ask(&mut client, "{}").await;
    let lines = logged(running, client, &log).await;
    let (lines, reports): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .partition(|line| line.contains(": MESSAGE "));
    assert_eq!(lines.len(), 4, "{lines:?}");
    let mut reports: Vec<String> = reports.iter().map(|line| report(line)).collect();
    reports.sort();
    let expected = [
        format!("{FIGURES}; Init Duration: N ms"),
        format!("{FIGURES}; Init Duration: N ms"),
        format!("{FIGURES}; Init Duration: N ms; Status: timeout"),
        // What has ended by itself cannot be asked for its memory any more: it is the last one seen.
        format!("{FIGURES}; Status: error; Error Type: Runtime.ExitError"),
    ];
    assert_eq!(reports, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_lines_about_invocations_there_are_the_functions_own() {
    let (running, mut client, log) = serve("own", InvocationLines::None).await;
    client.send(Message::text("{}")).await.unwrap();
    support::receive(&mut client).await;
    let lines = logged(running, client, &log).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("F ") && lines[0].contains(": MESSAGE "),
        "{lines:?}"
    );
}

// What is always there to be read must not keep its process from being killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_never_stops_writing_is_ended_by_its_timeout() {
    let (mut options, _) = options("flood", InvocationLines::None);
    options.function_output = FunctionOutput::Discard;
    let running = start(options).await;
    let mut client = connect(&running).await.unwrap();
    for _ in 0..3 {
        let frame = ask(&mut client, r#"{"x":"flood"}"#).await;
        assert!(frame.contains("Internal server error"), "{frame}");
        let answer = ask(&mut client, "{}").await;
        assert!(!answer.contains("error"), "{answer}");
    }
    let figures = running.snapshot().functions;
    // The one that was killed for the last message may not be collected yet.
    assert!(
        figures.values().all(|figures| figures.busy <= 1),
        "{figures:?}"
    );
    drop(client);
    running.shutdown().await;
}
