//! What a process writes, read as lines.

use std::io;

use super::{Journal, State};
use crate::trace::FunctionStep;

/// What a read found.
#[derive(PartialEq, Eq)]
pub(super) enum Found {
    Something,
    Nothing,
    /// Nobody can write any more.
    End,
}

/// The most bytes of a line that are looked at together.
const LINE_BYTES: usize = 256 * 1024;
/// How many bytes are read at once.
const CHUNK: usize = 16 * 1024;
/// How many chunks are read at the end of an invocation, more than a pipe holds: whoever writes on
/// without a pause does not hold its result up.
const CHUNKS: usize = 64;

impl Journal {
    pub(super) fn drain(&self, state: &mut State) {
        let Some(pipe) = self.pipe.get() else { return };
        for _ in 0..CHUNKS {
            // Past tokio, which may not know yet that there is something.
            let read = |chunk: &mut [u8]| Ok(rustix::io::read(pipe, chunk)?);
            if self.read(state, read) != Found::Something {
                return;
            }
        }
    }

    /// Reads what is there, once, and passes the lines on that are complete. Never waits.
    pub(super) fn read(
        &self,
        state: &mut State,
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> Found {
        let mut chunk = [0; CHUNK];
        let read = loop {
            match read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Found::Nothing,
                Ok(0) | Err(_) => {
                    self.end_line(state);
                    return Found::End;
                }
                Ok(read) => break read,
            }
        };
        state.partial.extend_from_slice(&chunk[..read]);
        let complete = state.partial.iter().rposition(|byte| *byte == b'\n');
        let complete = match complete {
            Some(end) => end + 1,
            None if state.partial.len() >= LINE_BYTES => state.partial.len(),
            None => return Found::Something,
        };
        let rest = state.partial.split_off(complete);
        let lines = std::mem::replace(&mut state.partial, rest);
        self.written(state, &String::from_utf8_lossy(&lines));
        Found::Something
    }

    /// Passes on what has no end of line.
    pub(super) fn end_line(&self, state: &mut State) {
        if !state.partial.is_empty() {
            let line = std::mem::take(&mut state.partial);
            self.written(state, &String::from_utf8_lossy(&line));
        }
    }

    /// Passes on what the process has written: whole lines.
    fn written(&self, state: &mut State, text: &str) {
        // Runtimes write a record of several lines with carriage returns between them.
        let records = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let records: Vec<Vec<&str>> = records
            .map(|record| record.trim_end_matches('\r').split('\r').collect())
            .collect();
        let lines = records.iter().flatten();
        if !state.has_asked {
            lines.for_each(|line| state.startup.line(line));
        } else if let Some(tail) = state.invocation.as_mut().and_then(|one| one.tail.as_mut()) {
            lines.for_each(|line| tail.line(line));
        }
        let request_id = state.invocation.as_ref().map(|one| &*one.request_id);
        for line in records.iter().flatten() {
            self.traced(request_id, || FunctionStep::Line((*line).to_owned()));
        }
        self.sink.written(&self.function, request_id, &records);
    }
}
