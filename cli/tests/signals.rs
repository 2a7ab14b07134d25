//! How `gatespec serve` ends when it is told to.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rstest::rstest;
use support::raw::{CLOSE, TEMPLATE, client, receive, serve};
use support::{Served, file};

// What keeps its standard input open, such as `serve --ready json < <(sleep 60)`, keeps nothing
// else.
#[rstest]
fn a_signal_ends_it_while_its_standard_input_stays_open(
    #[values(&["--ready", "json"], &["--ready", "json", "--clock", "0"], &["--clock", "0"])]
    options: &[&str],
    #[values("TERM", "INT")] signal: &str,
) {
    let template = file("serve", "signal.yaml", TEMPLATE);
    let arguments = [options, &[&*template]].concat();
    let mut served = Served::start(&arguments, Stdio::null());
    served.line();
    served.signal(signal);
    assert!(served.wait().success());
}

// Its answers used to be written where signals are listened for.
#[rstest]
fn a_signal_ends_it_while_nobody_reads_its_answers(#[values("TERM", "INT")] signal: &str) {
    let template = file("serve", "answers.yaml", TEMPLATE);
    let mut served = Served::start(&["--ready", "json", &template], Stdio::null());
    served.line();
    let mut stdin = served.stdin();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    std::thread::spawn(move || {
        // More than the pipes of lines and of answers hold.
        for _ in 0..100_000 {
            if stdin.write_all(b"junk\n").is_err() {
                return;
            }
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    // Until nothing moves: were it too early, the test would only be weaker.
    let mut before = usize::MAX;
    while before != written.load(Ordering::SeqCst) {
        before = written.load(Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(300));
    }
    served.signal(signal);
    assert!(served.wait().success());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    // If the machine is so slow that the gateway has ended by itself before, it is tried again.
    for _ in 0..10 {
        let (mut served, address) = serve("twice", &[]);
        let mut alice = client(&address);
        served.signal("INT");
        // Alice is told, and keeps the gateway waiting for her own close frame.
        assert_eq!(receive(&mut alice).0, CLOSE);
        std::thread::sleep(SAME_WISH);
        served.signal("INT");
        assert!(served.wait().success());
        if log(&mut served).contains(AT_ONCE) {
            return;
        }
    }
    panic!("it always ended by itself");
}

// At Ctrl-C under `npx` or `npm run` there are two: the terminal's, and npm's own.
#[test]
fn two_signals_at_the_same_moment_end_it_in_an_orderly_way() {
    for _ in 0..10 {
        let (mut served, address) = serve("same-wish", &[]);
        let mut alice = client(&address);
        let first = Instant::now();
        served.signal("INT");
        assert_eq!(receive(&mut alice).0, CLOSE);
        served.signal("INT");
        let is_same = first.elapsed() < SAME_WISH;
        drop(alice);
        assert!(served.wait().success());
        if is_same {
            assert!(!log(&mut served).contains(AT_ONCE));
            return;
        }
    }
    panic!("the machine is too slow for two signals in {SAME_WISH:?}");
}

/// As long as signals ask for the same.
const SAME_WISH: Duration = Duration::from_millis(300);
const AT_ONCE: &str = "ended at once, since it was asked twice";

/// Its standard error, once it has ended.
fn log(served: &mut Served) -> String {
    let mut log = String::new();
    served.stderr().read_to_string(&mut log).unwrap();
    log
}
