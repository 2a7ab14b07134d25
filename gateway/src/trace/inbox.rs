//! What waits for those who watch, bounded in number and in bytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spec::http::{Headers, HttpRequest};
use spec::io::{About, FunctionOutcome, HttpOutcome, Outcome, Rendering};
use spec::{Input, Output};
use tokio::sync::Notify;

use super::{Step, Traced};

/// What waits for one reader.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Each with its size in bytes.
    waiting: VecDeque<(Traced, usize)>,
    bytes: usize,
    missed: u64,
    /// Nothing comes any more.
    is_closed: bool,
}

/// All readers.
#[derive(Debug, Default)]
pub(super) struct Inboxes {
    all: Mutex<Vec<Arc<Inbox>>>,
    /// How many there are.
    readers: AtomicUsize,
}

/// How much may wait for a reader: the oldest are dropped beyond that.
const CAPACITY: usize = 16 * 1024;
const CAPACITY_BYTES: usize = 16 * 1024 * 1024;
/// What each costs besides its texts.
const OVERHEAD: usize = 512;

impl Inbox {
    pub(super) async fn next(&self) -> Option<Traced> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut state = self.lock();
                if let Some(next) = state.take() {
                    return Some(next);
                }
                if state.is_closed {
                    return None;
                }
            }
            arrived.await;
        }
    }

    pub(super) fn try_next(&self) -> Option<Traced> {
        self.lock().take()
    }

    fn put(&self, traced: Traced, bytes: usize) {
        let mut state = self.lock();
        state.bytes += bytes;
        state.waiting.push_back((traced, bytes));
        while state.waiting.len() > CAPACITY
            || (state.bytes > CAPACITY_BYTES && state.waiting.len() > 1)
        {
            if let Some((_, bytes)) = state.waiting.pop_front() {
                state.bytes -= bytes;
                state.missed += 1;
            }
        }
        drop(state);
        self.arrived.notify_one();
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Option<Traced> {
        if self.missed > 0 {
            return Some(Traced::Missed(std::mem::take(&mut self.missed)));
        }
        let (traced, bytes) = self.waiting.pop_front()?;
        self.bytes -= bytes;
        Some(traced)
    }
}

impl Inboxes {
    pub(super) fn add(&self) -> Arc<Inbox> {
        let inbox = Arc::<Inbox>::default();
        let mut all = self.lock();
        all.push(Arc::clone(&inbox));
        self.readers.store(all.len(), Ordering::Relaxed);
        inbox
    }

    pub(super) fn remove(&self, inbox: &Arc<Inbox>) {
        let mut all = self.lock();
        all.retain(|other| !Arc::ptr_eq(other, inbox));
        self.readers.store(all.len(), Ordering::Relaxed);
    }

    pub(super) fn is_watched(&self) -> bool {
        self.readers.load(Ordering::Relaxed) > 0
    }

    pub(super) fn publish(&self, traced: &Traced, bytes: usize) {
        for inbox in &*self.lock() {
            inbox.put(traced.clone(), bytes + OVERHEAD);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Inbox>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inboxes {
    fn drop(&mut self) {
        self.lock().iter().for_each(|inbox| inbox.close());
    }
}

/// How many bytes of text a step holds, about.
pub(super) fn bytes_of(step: &Step) -> usize {
    let outputs = step.outputs.iter().map(of_output);
    step.input.as_ref().map_or(0, of_input) + outputs.sum::<usize>()
}

fn of_input(input: &Input) -> usize {
    match input {
        Input::Handshake { request, .. } => request.target.len() + of_headers(&request.headers),
        Input::Message { text, .. } => text.len(),
        Input::CallFinished { outcome, .. } => match outcome {
            Outcome::Function(
                FunctionOutcome::Returned(text)
                | FunctionOutcome::Failed(text)
                | FunctionOutcome::NotInvocable(text),
            ) => text.len(),
            Outcome::Http(outcome) | Outcome::Service(outcome) => match outcome {
                HttpOutcome::Answered(answer) => answer.body.len() + of_headers(&answer.headers),
                HttpOutcome::Failed(text) => text.len(),
            },
            Outcome::TimedOut => 0,
        },
        Input::Management { request, .. } => {
            request.path.len() + request.body.len() + of_headers(&request.headers)
        }
        _ => 0,
    }
}

fn of_output(output: &Output) -> usize {
    const EACH: usize = 128;
    EACH + match output {
        Output::Invoke(invocation) => invocation.payload.len(),
        Output::HttpRequest(call) => of_request(&call.request),
        Output::CallService(call) => of_request(&call.request.request),
        Output::Accept { headers, .. } => of_headers(headers),
        Output::Send { text, .. } | Output::AccessLog(text) => text.len(),
        Output::Reject { response, .. } | Output::ManagementReply { response, .. } => {
            response.body.len() + of_headers(&response.headers)
        }
        Output::Explanation(explanation) => match &explanation.about {
            About::Rendered(rendering) => of_rendering(rendering),
            _ => 0,
        },
        _ => 0,
    }
}

fn of_rendering(rendering: &Rendering) -> usize {
    let rendered = rendering.rendered.as_ref();
    let rendered = rendered.map_or_else(String::len, String::len);
    rendering.context.bytes() + rendering.source.len() + rendered + rendering.body.len()
}

fn of_request(request: &HttpRequest) -> usize {
    request.url.len() + request.body.len() + of_headers(&request.headers)
}

fn of_headers(headers: &Headers) -> usize {
    let fields = headers.iter();
    fields.map(|(name, value)| name.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::super::Traces;
    use super::*;
    use crate::clock::{Clock, TimeSource};
    use spec::Timestamp;
    use spec::io::PeerId;

    fn traces() -> Traces {
        Traces::new(Clock::start(TimeSource::System))
    }

    fn message(text: &str) -> Step {
        Step {
            at: Timestamp::default(),
            input: Some(Input::Message {
                peer: PeerId(0),
                text: text.to_owned(),
            }),
            outputs: Vec::new(),
            arrived: 0,
        }
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_missed_and_then_goes_on() {
        let traces = traces();
        traces.step(message("before anybody watches"));
        let mut trace = traces.subscribe(0);
        assert_eq!(trace.try_next(), None);
        for number in 1..=CAPACITY + 3 {
            traces.step(message(&number.to_string()));
        }
        assert_eq!(trace.next().await, Some(Traced::Missed(3)));
        let fourth = Traced::Step(Arc::new(message("4")));
        assert_eq!(trace.next().await, Some(fourth));
        drop(traces);
        for _ in 5..=CAPACITY + 3 {
            assert!(matches!(trace.next().await, Some(Traced::Step(_))));
        }
        assert_eq!(trace.next().await, None);
    }

    #[test]
    fn large_texts_are_dropped_before_they_are_many() {
        let traces = traces();
        let mut trace = traces.subscribe(0);
        let large = "x".repeat(CAPACITY_BYTES / 4);
        for _ in 0..10 {
            traces.step(message(&large));
        }
        assert_eq!(trace.try_next(), Some(Traced::Missed(7)));
        let rest = std::iter::from_fn(|| trace.try_next());
        assert_eq!(rest.count(), 3);
        // What is larger than all that may wait is still told.
        traces.step(message(&large.repeat(5)));
        assert!(matches!(trace.try_next(), Some(Traced::Step(_))));
    }

    #[test]
    fn nobody_watches_once_the_last_reader_has_gone() {
        let traces = traces();
        assert!(!traces.is_watched());
        let first = traces.subscribe(0);
        let second = traces.subscribe(0);
        drop(first);
        assert!(traces.is_watched());
        drop(second);
        assert!(!traces.is_watched());
        traces.function("f", None, None, || panic!("nobody wants it"));
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_the_next_thing() {
        let traces = traces();
        let mut trace = traces.subscribe(0);
        let waiting = tokio::spawn(async move { trace.next().await });
        tokio::task::yield_now().await;
        traces.advanced(Timestamp::from_millis(7));
        let next = waiting.await.expect("no panic");
        assert_eq!(next, Some(Traced::Advanced(Timestamp::from_millis(7))));
    }
}
