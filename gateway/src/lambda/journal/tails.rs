//! The end of an invocation's log, for a caller who asked for it (`X-Amz-Log-Type: Tail`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spec::io::CallId;
use tokio::sync::oneshot;

/// Who waits for the end of which call's log.
#[derive(Clone, Default)]
pub(in crate::lambda) struct Tails(Arc<Mutex<HashMap<CallId, Tail>>>);

/// The log of an invocation that somebody wants the end of.
pub(super) struct Tail {
    text: End,
    reader: oneshot::Sender<String>,
}

/// The end of a text.
#[derive(Clone, Debug, Default)]
pub(super) struct End(String);

/// The last 4 KB of a log are given.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>, `X-Amz-Log-Result`
const TAIL_BYTES: usize = 4 * 1024;

impl Tails {
    /// The end of the call's log will be sent there.
    pub(in crate::lambda) fn expect(&self, call: CallId) -> oneshot::Receiver<String> {
        let (sender, receiver) = oneshot::channel();
        let tail = Tail {
            text: End::default(),
            reader: sender,
        };
        self.lock().insert(call, tail);
        receiver
    }

    /// The call is over: if no process has begun with it, it has no log.
    pub(in crate::lambda) fn forget(&self, call: CallId) {
        self.lock().remove(&call);
    }

    /// The log of a call that begins, if somebody wants it.
    pub(super) fn take(&self, call: CallId) -> Option<Tail> {
        self.lock().remove(&call)
    }

    /// What was written before a call begins: a start that has failed for it.
    pub(super) fn add(&self, call: CallId, lines: &End) {
        if let Some(tail) = self.lock().get_mut(&call) {
            tail.add(lines);
        }
    }

    /// What was written before a call begins by the start that has succeeded, if one has failed.
    pub(super) fn add_to_others(&self, call: CallId, lines: &End) {
        let mut tails = self.lock();
        let tail = tails.get_mut(&call);
        if let Some(tail) = tail.filter(|tail| !tail.text.0.is_empty()) {
            tail.add(lines);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Tail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tail {
    fn add(&mut self, lines: &End) {
        self.text.0.push_str(&lines.0);
        self.text.cut();
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.line(line);
    }

    pub(super) fn send(mut self) {
        self.text.cut();
        // Whoever has asked may have gone.
        let _ = self.reader.send(self.text.0);
    }
}

impl End {
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
        // Now and then, so that not every line moves all of the text.
        if self.0.len() > 16 * TAIL_BYTES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let too_much = self.0.len().saturating_sub(TAIL_BYTES);
        let from = (too_much..=self.0.len()).find(|at| self.0.is_char_boundary(*at));
        self.0.drain(..from.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_4_kb_are_kept_and_no_character_is_cut() {
        let tails = Tails::default();
        let mut reader = tails.expect(CallId(1));
        assert!(tails.take(CallId(2)).is_none());
        let mut tail = tails.take(CallId(1)).unwrap();
        for number in 0..100_000 {
            tail.line(&format!("{number} é"));
        }
        tail.send();
        let text = reader.try_recv().unwrap();
        assert!(text.len() <= TAIL_BYTES && text.len() > TAIL_BYTES - 4);
        assert!(text.ends_with("99998 é\n99999 é\n"), "{text}");
    }

    #[test]
    fn what_was_written_before_a_call_begins_is_a_part_of_its_log() {
        let tails = Tails::default();
        let mut reader = tails.expect(CallId(1));
        let mut before = End::default();
        before.line("before");
        // Nobody wants the other's.
        tails.add(CallId(2), &before);
        tails.add(CallId(1), &before);
        let mut tail = tails.take(CallId(1)).expect("an expected log");
        tail.line("then");
        tail.send();
        assert_eq!(reader.try_recv().as_deref(), Ok("before\nthen\n"));
    }

    #[test]
    fn a_call_that_never_began_has_no_log() {
        let tails = Tails::default();
        let mut reader = tails.expect(CallId(1));
        tails.forget(CallId(1));
        assert!(reader.try_recv().is_err());
    }
}
