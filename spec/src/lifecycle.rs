#![doc = include_str!("../requirements/lifecycle.md")]

use crate::connection::{CloseInfo, Connection};
use crate::io::ClientClose;
use crate::limits;
use crate::time::Timestamp;

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The authorizer runs.
    Authorizing,
    /// The `$connect` integration runs; the upgrade is held back.
    Connecting,
    /// The client has its 101.
    Open,
    /// The client left while its handshake was under way: what `$connect` did must be undone.
    Abandoned,
    /// Nothing is left.
    Closed,
}

/// What can happen to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The authorizer let the client in.
    Allowed,
    /// The handshake failed: authorizer, integration, or time.
    Refused,
    /// `$connect` succeeded, or there is none.
    Connected,
    /// A text message came.
    Message,
    /// The client broke a rule.
    Violation,
    /// The client's socket is gone.
    PeerClosed,
    /// Silent for too long, or there for too long.
    Expired,
    /// A backend called DeleteConnection.
    Deleted,
    /// The gateway goes down.
    Shutdown,
}

/// What follows from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Nothing,
    /// Call the `$connect` integration.
    CallConnect,
    /// Answer the handshake with an error.
    Reject,
    /// Upgrade.
    Accept,
    /// Choose a route for the message.
    Dispatch,
    /// Send a close frame, then run `$disconnect`.
    CloseAndDisconnect,
    /// Run `$disconnect`: there is nobody to send a frame to.
    Disconnect,
}

/// The state machine of a connection, as a table: the state after `event`, and what to do.
/// `$disconnect` follows once on every end of an open connection, and never on a refused handshake.
/// Impossible pairs change nothing.
///
/// Realises: LIFECYCLE-9, LIFECYCLE-12, LIFECYCLE-21
pub(crate) const fn transition(state: State, event: Event) -> (State, Effect) {
    use Effect as Do;
    use Event as On;
    use State as In;
    match (state, event) {
        (In::Authorizing, On::Allowed) => (In::Connecting, Do::CallConnect),
        (In::Authorizing | In::Connecting, On::Refused) => (In::Closed, Do::Reject),
        (In::Connecting, On::Connected) => (In::Open, Do::Accept),
        // Nobody is there to answer, and no function has noted the connection yet.
        (In::Authorizing, On::PeerClosed) => (In::Closed, Do::Nothing),
        (In::Connecting, On::PeerClosed) => (In::Abandoned, Do::Nothing),
        (In::Authorizing, On::Shutdown) => (In::Closed, Do::Reject),
        (In::Connecting, On::Shutdown) => (In::Abandoned, Do::Reject),
        // What `$connect` has noted, `$disconnect` takes back (LIFECYCLE-31).
        (In::Abandoned, On::Connected) => (In::Closed, Do::Disconnect),
        (In::Abandoned, On::Refused) => (In::Closed, Do::Nothing),
        (In::Open, On::Message) => (In::Open, Do::Dispatch),
        (In::Open, On::Violation | On::Expired | On::Deleted | On::Shutdown) => {
            (In::Closed, Do::CloseAndDisconnect)
        }
        (In::Open, On::PeerClosed) => (In::Closed, Do::Disconnect),
        (state, _) => (state, Do::Nothing),
    }
}

/// When an open connection expires if nothing happens before: ten minutes of silence, or two hours.
///
/// Realises: LIFECYCLE-1, LIFECYCLE-3
pub(crate) fn expires_at(connection: &Connection) -> Timestamp {
    let idle = connection.last_active_at + limits::IDLE_TIMEOUT;
    idle.min(connection.connected_at + limits::CONNECTION_DURATION)
}

/// The close of an expired connection: of a silent one, and of one that is two hours old;
/// `$disconnect` is told the same.
///
/// Realises: LIFECYCLE-2, LIFECYCLE-4, LIFECYCLE-17
pub(crate) fn going_away() -> CloseInfo {
    CloseInfo::new(1001, "Going away")
}

/// The close that DeleteConnection causes, always the same, and what `$disconnect` is told of it.
///
/// Realises: LIFECYCLE-7, LIFECYCLE-8, LIFECYCLE-18
pub(crate) fn deleted() -> CloseInfo {
    CloseInfo::new(1000, "Connection Closed Normally")
}

/// What `$disconnect` is told of a close by the client: its own code and reason; 1005 and AWS's
/// text for a frame without a code; 1006 for a lost socket.
///
/// Realises: LIFECYCLE-15, LIFECYCLE-16, LIFECYCLE-14, LIFECYCLE-19
pub(crate) fn client_closed(close: Option<&ClientClose>) -> CloseInfo {
    match close {
        Some(ClientClose {
            code: Some(code),
            reason,
        }) => CloseInfo::new(*code, reason.as_str()),
        Some(ClientClose { code: None, .. }) => {
            CloseInfo::new(1005, "Client-side close frame status not set")
        }
        None => CloseInfo::new(1006, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const STATES: [State; 5] = [
        State::Authorizing,
        State::Connecting,
        State::Open,
        State::Abandoned,
        State::Closed,
    ];
    const EVENTS: [Event; 9] = [
        Event::Allowed,
        Event::Refused,
        Event::Connected,
        Event::Message,
        Event::Violation,
        Event::PeerClosed,
        Event::Expired,
        Event::Deleted,
        Event::Shutdown,
    ];

    // The whole machine on one page, to be reviewed like code.
    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for state in STATES {
            for event in EVENTS {
                let (next, effect) = transition(state, event);
                if (next, effect) != (state, Effect::Nothing) {
                    table.push_str(&format!("{state:?} on {event:?} -> {next:?}, {effect:?}\n"));
                }
            }
        }
        crate::snapshots::page(
            "lifecycle",
            "the connection's state machine; pairs that are not listed change nothing",
        )
        .bind(|| insta::assert_snapshot!("state-machine", table));
    }

    #[test]
    fn closed_is_final() {
        for event in EVENTS {
            assert_eq!(
                transition(State::Closed, event),
                (State::Closed, Effect::Nothing)
            );
        }
    }
}
