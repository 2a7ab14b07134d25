//! A gateway whose clock is frozen until it is moved: what takes minutes, or a function that hangs,
//! takes a test no time.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

#[cfg(target_os = "linux")]
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use gateway::{Control, FunctionOutput, TimeSource};
use spec::Timestamp;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use support::{Client, PATIENCE, closed, connect, open, probe, receive, start};

/// A gateway, and who writes lines among its functions.
struct Served {
    running: Control,
    lines: mpsc::UnboundedReceiver<(String, String)>,
}

const START: Timestamp = Timestamp::from_millis(1_705_751_697_419);
const MILLISECOND: Duration = Duration::from_millis(1);

async fn serve(clock: TimeSource) -> Served {
    let (sender, lines) = mpsc::unbounded_channel();
    let mut options = probe("patient.yaml");
    options.clock = clock;
    options.function_output = FunctionOutput::Each(Arc::new(move |name, line| {
        let _ = sender.send((name.to_owned(), line.to_owned()));
    }));
    let running = start(options).await;
    Served { running, lines }
}

impl Served {
    async fn client(&mut self) -> Client {
        let client = connect(&self.running).await.unwrap();
        self.has_begun("CONNECT").await;
        client
    }

    /// Waits until a function works on an event of this type: the function's name.
    async fn has_begun(&mut self, event_type: &str) -> String {
        let line = timeout(PATIENCE, self.lines.recv());
        let (name, line) = line.await.expect(event_type).unwrap();
        assert!(line.starts_with(event_type), "{line}");
        name
    }

    async fn advance(&self, time: Duration) -> Timestamp {
        let advanced = timeout(PATIENCE, self.running.advance(time));
        advanced.await.unwrap().expect("a clock that stands")
    }
}

/// Sends a message that a function has to work on.
async fn give(client: &mut Client, action: &str, what: &str) {
    let message = format!(r#"{{"action":"{action}","what":"{what}"}}"#);
    client.send(Message::text(message)).await.unwrap();
}

/// The processes that run the probe, of whichever test.
#[cfg(target_os = "linux")]
fn probes() -> HashSet<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            // One that has ended and was not waited for has no executable any more.
            std::fs::read_link(entry.path().join("exe")).is_ok_and(|path| path.ends_with("probe"))
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hanging_function_is_given_up_after_29_seconds_and_not_a_millisecond_before() {
    let mut served = serve(TimeSource::Standing(START)).await;
    let mut client = served.client().await;
    give(&mut client, "patient", "sleep").await;
    served.has_begun("MESSAGE").await;
    let limit = Duration::from_secs(29);
    served.advance(limit - MILLISECOND).await;
    // Had it been given up, the error frame would be before this answer.
    give(&mut client, "patient", "anything").await;
    assert!(!receive(&mut client).await.contains("message"));
    assert_eq!(served.advance(MILLISECOND).await, START + limit);
    let frame = receive(&mut client).await;
    assert!(frame.contains("Endpoint request timed out"), "{frame}");
    served.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connect_that_hangs_is_a_504() {
    let mut served = serve(TimeSource::Standing(START)).await;
    let url = format!("{}?x=sleep", served.running.ws_url());
    let client = tokio::spawn(open(url));
    served.has_begun("CONNECT").await;
    served.advance(Duration::from_secs(29)).await;
    let refusal = timeout(PATIENCE, client).await.unwrap().unwrap().err();
    assert_eq!(refusal.unwrap().status().as_u16(), 504);
    served.running.shutdown().await;
}

// One leap over both moments: the function's own `Timeout` comes first, as it would without the
// leap.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_due_first_happens_first() {
    let mut served = serve(TimeSource::Standing(START)).await;
    let mut client = served.client().await;
    give(&mut client, "hasty", "sleep").await;
    served.has_begun("MESSAGE").await;
    served.advance(Duration::from_secs(29)).await;
    let frame = receive(&mut client).await;
    assert!(frame.contains("Internal server error"), "{frame}");
    // The process is gone, and another one takes its place.
    give(&mut client, "hasty", "anything").await;
    assert!(!receive(&mut client).await.contains("message"));
    served.running.shutdown().await;
}

// The clock wakes everybody who waits for it. Whoever is woken must not take what expires before
// the machine hears of it: the call would end at the integration's limit instead. Many connections
// end at the same moment, so that there is time to be woken in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_one_leap_every_call_of_a_burst_ends_at_its_own_timeout() {
    let mut served = serve(TimeSource::Standing(START)).await;
    // Threads that sleep would be woken too late to take anything.
    for _ in 0..3 {
        tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
    }
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(served.client().await);
    }
    let mut client = served.client().await;
    served.advance(Duration::from_secs(599)).await;
    for _ in 0..8 {
        give(&mut client, "hasty", "sleep").await;
    }
    for _ in 0..8 {
        served.has_begun("MESSAGE").await;
    }
    // A second later, the calls reach their `Timeout`, and the idle connections their end.
    served.advance(Duration::from_secs(60)).await;
    for call in 0..8 {
        let frame = receive(&mut client).await;
        assert!(frame.contains("Internal server error"), "{call}: {frame}");
    }
    drop(client);
    served.running.shutdown().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_function_s_process_is_killed_when_its_timeout_is_reached() {
    let mut served = serve(TimeSource::Standing(START)).await;
    let mut client = served.client().await;
    let before = probes();
    give(&mut client, "hasty", "sleep").await;
    served.has_begun("MESSAGE").await;
    let started: Vec<u32> = probes().difference(&before).copied().collect();
    served.advance(Duration::from_secs(1)).await;
    assert!(receive(&mut client).await.contains("Internal server error"));
    // The error does not wait for the process's end, so that is waited for here.
    let gone = async {
        while started.iter().any(|process| probes().contains(process)) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("its process ends");
    served.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_minutes_pass_in_no_time() {
    let mut served = serve(TimeSource::Standing(START)).await;
    let mut client = served.client().await;
    served.advance(Duration::from_secs(600) - MILLISECOND).await;
    assert_eq!(served.running.snapshot().connections, 1);
    served.advance(MILLISECOND).await;
    assert_eq!(served.running.snapshot().connections, 0);
    assert_eq!(closed(&mut client).await.0, 1001);
    served.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_system_s_time_is_nobody_s_to_move() {
    let served = serve(TimeSource::System).await;
    assert_eq!(served.running.advance(Duration::from_secs(600)).await, None);
    served.running.shutdown().await;
}
