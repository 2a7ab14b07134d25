//! What is said of one process and of its invocations: the lines that it writes, each with the
//! request it belongs to, and `START`, `END` and `REPORT` around them.
//!
//! What a process has written before it posts its result is in the pipe, which is read without a
//! pause and once more before the invocation ends: nothing is lost, and no line is taken for the next
//! one's. Pipes block, so that this is so however much it is: Python's and most others' are like
//! that, and the bootstrap for Node makes them (`writeAtOnce`). What a program keeps back itself is
//! read when it writes it: a worker thread's lines in Node, and in Python `sys.stdout.buffer` without
//! `flush` (as with AWS's runtime), for instance.

mod memory;
mod reading;
mod report;
mod tails;

use std::io::{self, PipeWriter};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use spec::Timestamp;
use tokio::net::unix::pipe::Receiver;

use super::failure::{Failure, Phase, Status};
use super::launch::{Format, Launch};
use super::machine::{Event, FailedStart};
use super::output::{InvocationLines, Sink};
use crate::trace::FunctionStep;
use reading::Found;
use report::{InitReport, Report};
pub(super) use tails::Tails;
use tails::{End, Tail};

/// The journal of one process.
pub(super) struct Journal {
    sink: Sink,
    function: String,
    /// The name of the process's log stream.
    process: String,
    arn: String,
    format: Format,
    memory_size: u64,
    timeout: Duration,
    /// What the process writes, once it has been started.
    pipe: OnceLock<Receiver>,
    state: Mutex<State>,
}

struct State {
    pid: Option<i32>,
    started: Instant,
    /// How long it took until the process asked for its first event; reported once.
    init: Option<Duration>,
    has_asked: bool,
    /// What it has written until then. It is a part of the first event's log if a start has failed
    /// for that.
    startup: End,
    /// The most memory that was seen, in KiB.
    peak: Option<u64>,
    /// The beginning of a line that has not ended.
    partial: Vec<u8>,
    invocation: Option<Invocation>,
}

/// An event that the process works on.
struct Invocation {
    request_id: String,
    since: Instant,
    /// When its `Timeout` is reached, on the gateway's clock.
    until: Timestamp,
    tail: Option<Tail>,
}

/// An invocation whose lines are all there, to be reported.
pub(super) struct Ended<'j> {
    journal: &'j Journal,
    invocation: Invocation,
    duration: Duration,
}

/// The log of an invocation that no process has begun with.
pub(super) fn without_lines(request_id: &str) -> String {
    let end = report::end(request_id);
    format!("START RequestId: {request_id} Version: $LATEST\n{end}\n")
}

impl Journal {
    pub(super) fn new(sink: Sink, launch: &Launch, process: &str) -> Self {
        Self {
            sink,
            function: launch.label.clone(),
            process: process.to_owned(),
            arn: launch.arn.clone(),
            format: launch.log_format,
            memory_size: launch.memory_size,
            timeout: launch.timeout,
            pipe: OnceLock::new(),
            state: Mutex::new(State {
                pid: None,
                started: Instant::now(),
                init: None,
                has_asked: false,
                startup: End::default(),
                peak: None,
                partial: Vec::new(),
                invocation: None,
            }),
        }
    }

    /// What the process gets as its standard output and its standard error: one pipe, so that lines
    /// stay in the order in which they were written.
    ///
    /// # Errors
    /// The system has no pipe left.
    pub(super) fn open(&self) -> io::Result<PipeWriter> {
        let (reader, writer) = io::pipe()?;
        // A process is started once.
        let _ = self.pipe.set(Receiver::from_owned_fd(reader.into())?);
        Ok(writer)
    }

    /// The process runs.
    pub(super) fn started(&self, pid: Option<i32>) {
        let mut state = self.lock();
        state.pid = pid;
        state.started = Instant::now();
    }

    /// Passes lines on until nobody can write any more.
    pub(super) async fn forward(&self) {
        let Some(pipe) = self.pipe.get() else { return };
        while pipe.readable().await.is_ok() {
            let found = self.read(&mut self.lock(), |chunk| pipe.try_read(chunk));
            if found == Found::End {
                return;
            }
            // Whoever writes without a pause leaves time for what else there is to do.
            tokio::task::coop::consume_budget().await;
        }
    }

    /// The process asks for an event.
    pub(super) fn asks(&self) {
        let mut state = self.lock();
        if !state.has_asked {
            state.has_asked = true;
            state.init = Some(state.started.elapsed());
        }
    }

    /// The process says why it cannot start, and can still be asked for its memory.
    pub(super) fn gives_up(&self) {
        self.look_at_memory(&mut self.lock());
    }

    /// The process could not start: what it has written, and what is said of that, are a part of the
    /// log of the event that it was started for. That ends with it, or has another start.
    pub(super) fn start_failed(&self, failed: FailedStart, now: Timestamp) {
        let mut state = self.lock();
        self.drain(&mut state);
        self.end_line(&mut state);
        let duration = match failed.phase {
            Phase::Invoke if failed.status == Status::Timeout => self.timeout,
            _ => state.started.elapsed(),
        };
        let init_report = InitReport {
            duration,
            phase: failed.phase,
            status: failed.status.clone(),
        };
        let line = self.format.init_report(now, &init_report);
        let mut log = std::mem::take(&mut state.startup);
        drop(state);
        let request_id = failed.event.as_ref().map(|event| &*event.request_id);
        self.traced(request_id, || FunctionStep::StartFailed(line.clone()));
        log.line(&line);
        let function = &self.function;
        self.sink
            .about_invocation(function, &line, InvocationLines::Report);
        let Some(event) = failed.event else { return };
        self.sink.tails().add(event.call, &log);
        let Some(error) = &event.end else { return };
        let start = self.format.start(now, &event.request_id, &self.arn);
        self.sink
            .about_invocation(function, &start, InvocationLines::All);
        let mut tail = self.sink.tails().take(event.call);
        let reason = match failed.status {
            Status::Timeout => Some(report::timed_out(now, &event.request_id, self.timeout)),
            _ if event.is_told => None,
            _ => Some(report::exited(error)),
        };
        if let Some(tail) = &mut tail {
            tail.line(&start);
            let reason = reason.and_then(|reason| self.format.reason(reason));
            reason.iter().for_each(|reason| tail.line(reason));
        }
        let ended = Ended {
            journal: self,
            invocation: Invocation {
                request_id: event.request_id,
                since: Instant::now(),
                until: now,
                tail,
            },
            duration,
        };
        ended.report(failed.status, now);
    }

    /// The process gets an event.
    pub(super) fn begins(&self, event: &Event, now: Timestamp) {
        let mut state = self.lock();
        // What it wrote before belongs to no request.
        self.drain(&mut state);
        self.sink
            .tails()
            .add_to_others(event.call, &std::mem::take(&mut state.startup));
        state.invocation = Some(Invocation {
            request_id: event.request_id.clone(),
            since: Instant::now(),
            until: now + self.timeout,
            tail: self.sink.tails().take(event.call),
        });
        let step = || FunctionStep::Taken(event.call);
        self.traced(Some(&event.request_id), step);
        let start = self.format.start(now, &event.request_id, &self.arn);
        self.about_invocation(&mut state, &start, InvocationLines::All);
    }

    /// The process says how an event ended. `None` if that is not the one it works on.
    pub(super) fn ends(&self, request_id: &str) -> Option<Ended<'_>> {
        let mut state = self.lock();
        let is_it = |invocation: &Invocation| invocation.request_id == request_id;
        if !state.invocation.as_ref().is_some_and(is_it) {
            return None;
        }
        self.finish(&mut state)
    }

    /// The process is about to be killed, and can be asked no more.
    pub(super) fn is_killed(&self) {
        let mut state = self.lock();
        if state.invocation.is_some() {
            self.look_at_memory(&mut state);
        }
    }

    /// The process has ended, perhaps in the middle of an event.
    pub(super) fn exited(&self, failure: &Failure, now: Timestamp) {
        let ended = self.finish(&mut self.lock());
        let Some(mut ended) = ended else { return };
        let request_id = &ended.invocation.request_id;
        let (status, line) = match now >= ended.invocation.until {
            true => {
                let line = report::timed_out(now, request_id, self.timeout);
                ended.duration = self.timeout;
                (Status::Timeout, line)
            }
            false => (
                failure.status(),
                report::exited(&failure.to_json(request_id)),
            ),
        };
        if let Some(tail) = &mut ended.invocation.tail
            && let Some(line) = self.format.reason(line)
        {
            tail.line(&line);
        }
        ended.report(status, now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A caller's `LineSink` that panics has ended the task that called it; what is behind this
        // lock is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all that an invocation has written.
    fn finish(&self, state: &mut State) -> Option<Ended<'_>> {
        let duration = state.invocation.as_ref().map(|one| one.since.elapsed());
        self.drain(state);
        self.end_line(state);
        Some(Ended {
            journal: self,
            invocation: state.invocation.take()?,
            duration: duration?,
        })
    }

    /// A line of the gateway's about the invocation.
    fn about_invocation(&self, state: &mut State, line: &str, least: InvocationLines) {
        let tail = state.invocation.as_mut().and_then(|one| one.tail.as_mut());
        if let Some(tail) = tail {
            tail.line(line);
        }
        self.sink.about_invocation(&self.function, line, least);
    }

    /// Tells those who watch.
    fn traced(&self, request_id: Option<&str>, what: impl FnOnce() -> FunctionStep) {
        let process = Some(&*self.process);
        let traces = self.sink.traces();
        traces.function(&self.function, process, request_id, what);
    }

    fn look_at_memory(&self, state: &mut State) {
        let seen = state.pid.and_then(memory::peak);
        state.peak = state.peak.max(seen);
    }
}

impl Ended<'_> {
    /// The result that the process has posted was taken.
    pub(super) fn answered(self, now: Timestamp) {
        self.report(Status::Success, now);
    }

    /// The result that the process has posted came too late.
    pub(super) fn timed_out(mut self, now: Timestamp) {
        self.duration = self.journal.timeout;
        self.report(Status::Timeout, now);
    }

    fn report(self, status: Status, now: Timestamp) {
        let Self {
            journal,
            invocation,
            duration,
        } = self;
        let Invocation {
            request_id, tail, ..
        } = invocation;
        if tail.is_none() && journal.sink.is_silent() {
            return;
        }
        let mut state = journal.lock();
        journal.look_at_memory(&mut state);
        let report = Report {
            request_id: &request_id,
            duration,
            init: state.init.take(),
            memory_size: journal.memory_size,
            peak: state.peak,
            status,
        };
        journal.traced(Some(&request_id), || FunctionStep::Report(report.traced()));
        let (end, report) = (
            journal.format.end(now, &report),
            journal.format.report(now, &report),
        );
        drop(state);
        let (sink, function) = (&journal.sink, &journal.function);
        if let Some(end) = &end {
            sink.about_invocation(function, end, InvocationLines::All);
        }
        sink.about_invocation(function, &report, InvocationLines::Report);
        if let Some(mut tail) = tail {
            end.iter().for_each(|end| tail.line(end));
            tail.line(&report);
            tail.send();
        }
    }
}
