//! Why a case stops, and how it ends.

use super::{OBSERVER, Run};
use crate::session::{Session, Trouble};

/// Why a case stops.
pub(super) enum Stop {
    /// The target did something else than the case says.
    Difference(String),
    /// The target can not be asked for this.
    Unsupported(String),
    /// The kit could not go on.
    Broken(String),
}

impl<S: Session> Run<'_, S> {
    /// Nothing has gone wrong with connections that end.
    pub(super) fn no_fault(&mut self) -> Result<(), Stop> {
        match &*self.session.faults() {
            [] => Ok(()),
            faults => Err(Stop::Difference(faults.join(", "))),
        }
    }

    /// Ends what is still open, the observer first; what the others get then, nobody expected.
    pub(super) async fn close_all(&mut self) -> Result<(), Stop> {
        let mut leftover = Vec::new();
        let mut clients = self.session.connected();
        clients.sort_by_key(|client| client != OBSERVER);
        for client in clients {
            let texts = self.session.close(&client, Some(1000), "").await?;
            if client != OBSERVER {
                leftover.extend(texts.into_iter().map(|text| format!("{client}: {text}")));
            }
        }
        if !leftover.is_empty() {
            let leftover = leftover.join(", ");
            let message = format!("messages that nobody expected: {leftover}");
            return Err(Stop::Difference(message));
        }
        let fault = self.no_fault();
        fault.map_err(|stop| stop.of("at the end"))
    }
}

impl Stop {
    /// What keeps the kit from seeing anything.
    pub(super) fn unseen(self) -> Self {
        match self {
            Self::Difference(detail) => Self::Broken(format!("the observer: {detail}")),
            other => other,
        }
    }

    /// Says where, or with whom.
    pub(super) fn of(self, place: &str) -> Self {
        let of = |detail| format!("{place}: {detail}");
        match self {
            Self::Difference(detail) => Self::Difference(of(detail)),
            Self::Unsupported(detail) => Self::Unsupported(of(detail)),
            Self::Broken(detail) => Self::Broken(of(detail)),
        }
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        let detail = trouble.to_string();
        match trouble {
            Trouble::Silence(_) | Trouble::Violation(_) => Self::Difference(detail),
            Trouble::Unsupported(_) => Self::Unsupported(detail),
            Trouble::NotConnected(_) | Trouble::Other(_) => Self::Broken(detail),
        }
    }
}
