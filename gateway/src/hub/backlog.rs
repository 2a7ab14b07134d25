//! A client's send buffer: what the gateway holds for a client before the operating system does.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::level::{Level, Limits};

/// What waits to be written to a client. The hub adds to it, under its lock; the client's task
/// takes from it.
#[derive(Debug)]
pub(crate) struct Backlog {
    level: Level,
    overflow: Notify,
    closing: Notify,
    is_lost: AtomicBool,
}

/// Send-buffer limit in bytes: beyond it posts are refused with 429. AWS does not say how much its
/// own holds.
///
/// Realises: MANAGEMENT-30
const FULL_BYTES: usize = 1024 * 1024;
/// At this many bytes or fewer, a full buffer has room again.
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
    pub(super) fn new() -> Self {
        Self {
            level: Level::new(Limits {
                full: FULL_BYTES,
                room: ROOM_BYTES,
            }),
            overflow: Notify::new(),
            closing: Notify::new(),
            is_lost: AtomicBool::new(false),
        }
    }

    /// Notes that a message of `bytes` bytes waits. `false` if that is more than may ever wait: the
    /// connection is lost then, and its task is told.
    pub(super) fn add(&self, bytes: usize) -> bool {
        if self.level.add(bytes + OVERHEAD_BYTES) <= LOST_BYTES {
            return true;
        }
        self.is_lost.store(true, Ordering::SeqCst);
        self.overflow.notify_one();
        false
    }

    /// Notes that a message of `bytes` bytes was written. `true` if a full buffer may have room
    /// again, which [`has_room_again`](Self::has_room_again) decides under the hub's lock.
    pub(super) fn take(&self, bytes: usize) -> bool {
        self.level.take(bytes + OVERHEAD_BYTES)
    }

    /// Whether the buffer has just become full. Called under the hub's lock.
    pub(super) fn fills_up(&self) -> bool {
        self.level.fills_up()
    }

    /// Whether a buffer that was full has room again. Called under the hub's lock.
    pub(super) fn has_room_again(&self) -> bool {
        self.level.has_room_again()
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
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    // Race 8 of the review: only payload bytes were counted, so empty posts never filled it.
    #[test]
    fn empty_messages_fill_a_buffer() {
        let backlog = Backlog::new();
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
        let backlog = Backlog::new();
        assert!(backlog.add(LOST_BYTES - OVERHEAD_BYTES));
        assert!(!backlog.is_lost());
        assert!(!backlog.add(0));
        assert!(backlog.is_lost());
    }
}
