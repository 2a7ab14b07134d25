//! How full a send buffer is: the numbers that the hub and a client's task share without a lock.

#[cfg(feature = "loom")]
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[cfg(not(feature = "loom"))]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The bytes that wait, and whether that was noted as full. The hub adds, under its lock; the
/// client's task takes, without it.
#[derive(Debug)]
pub(super) struct Level {
    bytes: AtomicUsize,
    /// Whether the machine was told that the buffer is full. Changed under the hub's lock only.
    is_full: AtomicBool,
    limits: Limits,
}

/// In bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// With this many waiting, the buffer is full.
    pub(super) full: usize,
    /// With this many left, a full buffer has room again.
    pub(super) room: usize,
}

impl Level {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            limits,
        }
    }

    /// Notes that `bytes` more wait: how many that makes. Called under the hub's lock.
    pub(super) fn add(&self, bytes: usize) -> usize {
        self.bytes.fetch_add(bytes, Ordering::AcqRel) + bytes
    }

    /// Notes that `bytes` were written. `true` if a full buffer may have room again, which
    /// [`has_room_again`](Self::has_room_again) decides.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let left = self.bytes.fetch_sub(bytes, Ordering::AcqRel) - bytes;
        // One side writes the bytes and then looks at the flag, the other writes the flag and then
        // looks at the bytes. Read-modify-writes see the latest value, so one of them sees the
        // other's: a plain load could miss it on both sides.
        left <= self.limits.room && self.is_full.fetch_or(false, Ordering::AcqRel)
    }

    /// Whether the buffer has just become full. Called under the hub's lock.
    pub(super) fn fills_up(&self) -> bool {
        if self.waiting() < self.limits.full || self.is_full.swap(true, Ordering::AcqRel) {
            return false;
        }
        // The client's task may have written everything between the look and the note, without
        // seeing the note.
        let is_still = self.waiting() > self.limits.room;
        self.is_full.store(is_still, Ordering::Release);
        is_still
    }

    /// Whether a buffer that was full has room again. Called under the hub's lock, where nothing is
    /// added: what is true here is still true when the machine hears of it.
    pub(super) fn has_room_again(&self) -> bool {
        self.waiting() <= self.limits.room && self.is_full.swap(false, Ordering::AcqRel)
    }

    fn waiting(&self) -> usize {
        self.bytes.fetch_add(0, Ordering::AcqRel)
    }
}

#[cfg(all(test, feature = "loom"))]
mod tests {
    use super::*;
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    const LIMITS: Limits = Limits { full: 2, room: 1 };

    // Every interleaving of a hub that posts and a client's task that writes: once everything is
    // written, the machine does not believe that the buffer is full, or nobody could ever post to
    // that client again.
    #[test]
    fn no_interleaving_leaves_an_empty_buffer_full() {
        loom::model(|| {
            let level = Arc::new(Level::new(LIMITS));
            let machine = Arc::new(Mutex::new(false));
            let (sender, inbox) = loom::sync::mpsc::channel();
            let client = {
                let (level, machine) = (Arc::clone(&level), Arc::clone(&machine));
                thread::spawn(move || {
                    for _ in 0..3 {
                        inbox.recv().expect("a post");
                        if level.take(1) {
                            let mut believes_full = machine.lock().expect("nobody panicked");
                            if level.has_room_again() {
                                *believes_full = false;
                            }
                        }
                    }
                })
            };
            for _ in 0..3 {
                let mut believes_full = machine.lock().expect("nobody panicked");
                level.add(1);
                sender.send(()).expect("the client reads");
                if level.fills_up() {
                    *believes_full = true;
                }
            }
            client.join().expect("nobody panicked");
            assert!(!*machine.lock().expect("nobody panicked"));
        });
    }
}
