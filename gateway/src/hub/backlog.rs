//! A client's send buffer: what the gateway holds for a client before the operating system does.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// What waits to be written to a client. The hub adds to it, under its lock; the client's task
/// takes from it.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    bytes: AtomicUsize,
    /// Whether the machine was told that it is full. Changed under the hub's lock only.
    is_full: AtomicBool,
    overflow: Notify,
    closing: Notify,
    is_lost: AtomicBool,
}

/// Send-buffer limit in bytes: beyond it posts are refused with 429. AWS does not say how much its
/// own holds.
///
/// Realises: MANAGEMENT-30
const FULL_BYTES: usize = 1024 * 1024;
/// With so little left, a full buffer has room again.
const ROOM_BYTES: usize = FULL_BYTES / 2;
/// More than this can only be answers to a client's own messages, which are never refused: the
/// client asks and does not read. Its connection counts as lost.
///
/// Realises: LIMITS-46
pub(super) const LOST_BYTES: usize = 8 * 1024 * 1024;
/// What a waiting message costs besides its text: its place in the queue and the frame's header.
/// Without it, empty messages would cost nothing and could wait without limit.
const OVERHEAD_BYTES: usize = 64;

impl Backlog {
    /// Notes that a message of `bytes` bytes waits. `false` if that is more than may ever wait: the
    /// connection is lost then, and its task is told.
    pub(super) fn add(&self, bytes: usize) -> bool {
        let cost = bytes + OVERHEAD_BYTES;
        let waiting = self.bytes.fetch_add(cost, Ordering::SeqCst) + cost;
        if waiting <= LOST_BYTES {
            return true;
        }
        self.is_lost.store(true, Ordering::SeqCst);
        self.overflow.notify_one();
        false
    }

    /// Notes that a message of `bytes` bytes was written. `true` if a full buffer may have room
    /// again, which [`has_room_again`](Self::has_room_again) decides under the hub's lock.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let cost = bytes + OVERHEAD_BYTES;
        let left = self.bytes.fetch_sub(cost, Ordering::SeqCst) - cost;
        left <= ROOM_BYTES && self.is_full.load(Ordering::SeqCst)
    }

    /// Whether the buffer has just become full. Called under the hub's lock.
    pub(super) fn fills_up(&self) -> bool {
        if self.waiting() < FULL_BYTES || self.is_full.swap(true, Ordering::SeqCst) {
            return false;
        }
        // The client's task may have written everything between the look and the note, without
        // seeing the note.
        let is_still = self.waiting() > ROOM_BYTES;
        self.is_full.store(is_still, Ordering::SeqCst);
        is_still
    }

    /// Whether a buffer that was full has room again. Called under the hub's lock, where nothing is
    /// added: what is true here is still true when the machine hears of it.
    pub(super) fn has_room_again(&self) -> bool {
        self.waiting() <= ROOM_BYTES && self.is_full.swap(false, Ordering::SeqCst)
    }

    /// A close was put behind what waits.
    pub(super) fn close(&self) {
        self.closing.notify_one();
    }

    /// Whether more waited than may, so that something was dropped: the connection must not live on.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::SeqCst)
    }

    /// Resolves when more waits than may.
    pub(crate) async fn overflow(&self) {
        self.overflow.notified().await;
    }

    /// Resolves when a close waits behind what is being written.
    pub(crate) async fn closing(&self) {
        self.closing.notified().await;
    }

    fn waiting(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Race 8 of the review: only payload bytes were counted, so empty posts never filled it.
    #[test]
    fn empty_messages_fill_a_buffer() {
        let backlog = Backlog::default();
        let fits = FULL_BYTES / OVERHEAD_BYTES;
        for _ in 1..fits {
            assert!(backlog.add(0));
            assert!(!backlog.fills_up());
        }
        assert!(backlog.add(0));
        assert!(backlog.fills_up());
        assert!(!backlog.fills_up(), "it is full already");
        while !backlog.take(0) {}
        assert!(backlog.has_room_again());
        assert!(!backlog.has_room_again(), "said once");
    }

    #[test]
    fn more_than_may_ever_wait_is_a_lost_connection() {
        let backlog = Backlog::default();
        assert!(backlog.add(LOST_BYTES - OVERHEAD_BYTES));
        assert!(!backlog.is_lost());
        assert!(!backlog.add(0));
        assert!(backlog.is_lost());
    }
}
