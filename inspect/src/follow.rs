//! From a running gateway into a store.

use std::time::Duration;

use gateway::{Control, Traced};
use spec::Input;
use tokio::time::{Instant, sleep, sleep_until};

use crate::connection::Connections;
use crate::fold::Fold;
use crate::store::Store;

/// How long what a gateway does is collected: most requests are over by then, and change once.
const PAUSE: Duration = Duration::from_millis(20);
/// How many steps are taken at once, before others may have this thread.
const BATCH: usize = 512;
/// How often connections are looked at, at most: that takes the machine's lock.
const LOOK: Duration = Duration::from_millis(500);

/// Puts what a gateway does from now on into a store, until the gateway is gone.
pub async fn follow(control: Control, store: Store) {
    let mut trace = control.trace();
    let open = control.connections().into_iter();
    let mut fold = Fold::new(open.map(|one| (one.peer, one.connection_id)));
    let mut connections = Connections::default();
    // When connections are to be looked at, if something may have changed about them.
    let mut look = None;
    loop {
        let traced = tokio::select! {
            traced = trace.next() => traced,
            () = sleep_until(look.unwrap_or_else(Instant::now)), if look.is_some() => {
                look = None;
                store.connect(connections.refresh(&control));
                continue;
            }
        };
        let Some(traced) = traced else { return };
        take(&mut fold, &store, &traced);
        sleep(PAUSE).await;
        let mut taken = 0;
        while let Some(traced) = trace.try_next() {
            take(&mut fold, &store, &traced);
            taken += 1;
            if taken % BATCH == 0 {
                tokio::task::yield_now().await;
            }
        }
        for exchange in fold.changes() {
            store.put(exchange);
        }
        look = look.or_else(|| Some(Instant::now() + LOOK));
    }
}

fn take(fold: &mut Fold, store: &Store, traced: &Traced) {
    match traced {
        Traced::Missed(steps) => store.lose(*steps),
        Traced::Step(step) => {
            if let Some(Input::Deploy(rules)) = &step.input {
                store.deploy(rules.api());
            }
        }
        _ => {}
    }
    fold.take(traced);
}
