//! A process that is started before an event comes, since somebody has saved the function's code.

use super::*;

/// A pool whose one process has answered, and idles.
fn used() -> Pool {
    let mut pool = Pool::new();
    pool.invoke();
    assert_eq!(pool.actions(), ["start 1"]);
    assert_eq!(pool.next(1), Some(1));
    pool.returns(1, 1);
    assert_eq!(pool.next(1), None);
    pool.actions();
    pool
}

#[test]
fn a_function_that_was_called_has_a_process_before_the_next_event() {
    let mut pool = used();
    pool.machine.replace(pool.now, LIMITS);
    assert_eq!(pool.actions(), ["kill 1"]);
    pool.machine.warm(pool.now);
    assert_eq!(pool.actions(), ["start 2"]);
    // Not twice, and the event that comes takes it.
    pool.machine.warm(pool.now);
    pool.invoke();
    assert_eq!(pool.actions(), [""; 0]);
    assert_eq!(pool.next(2), Some(2));
}

#[test]
fn nothing_is_started_for_a_function_that_nobody_has_called() {
    let mut pool = Pool::new();
    pool.machine.warm(pool.now);
    assert_eq!(pool.actions(), [""; 0]);
}

#[test]
fn what_fails_to_start_for_nobody_counts_for_no_event() {
    let mut pool = used();
    pool.machine.replace(pool.now, LIMITS);
    pool.machine.warm(pool.now);
    pool.exits(1);
    pool.exits(2);
    pool.actions();
    // It gets the two starts of every event, and an answer.
    pool.invoke();
    assert_eq!(pool.actions(), ["start 3"]);
    pool.exits(3);
    assert_eq!(pool.actions(), ["start 4"]);
    pool.exits(4);
    let [end] = &pool.actions()[..] else {
        panic!("one end");
    };
    assert!(end.starts_with("call 2: "), "{end}");
}
