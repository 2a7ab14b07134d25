//! Who is connected, step by step: as far as the case says.

use std::collections::BTreeSet;

use super::{Connect, Send, Step, Violation};
use crate::runner::OBSERVER;

/// The clients that are connected.
#[derive(Default)]
pub(super) struct Clients<'a>(BTreeSet<&'a str>);

impl<'a> Clients<'a> {
    /// Carries out a step.
    ///
    /// # Errors
    /// A client that cannot do this now.
    pub(super) fn follow(&mut self, step: &'a Step) -> Result<(), Violation> {
        match step {
            Step::Connect(Connect { client, status, .. }) => {
                if client == OBSERVER {
                    return Err(Violation::OwnClient);
                }
                if self.0.contains(&**client) {
                    return Err(Violation::Connected(client.clone()));
                }
                if *status == 101 {
                    self.0.insert(client);
                }
            }
            Step::Observe(_) => {
                if !self.0.insert(OBSERVER) {
                    return Err(Violation::Observed);
                }
            }
            Step::Send(Send { client, .. })
            | Step::SendBinary { client, .. }
            | Step::SendRaw { client, .. }
            | Step::Receive { client, .. }
            | Step::ReceiveAll { client, .. }
            | Step::Drain { client }
            | Step::Ping { client, .. }
            | Step::Pong { client, .. } => self.is_there(client)?,
            Step::Close { client, .. } | Step::Closed { client, .. } => {
                self.is_there(client)?;
                self.0.remove(&**client);
            }
            Step::Event(_) | Step::Unseen { .. } => {
                if !self.0.contains(OBSERVER) {
                    return Err(Violation::NoObserver);
                }
            }
            Step::Manage(_) | Step::Row { .. } | Step::AccessLog { .. } | Step::Wait { .. } => {}
        }
        Ok(())
    }

    fn is_there(&self, client: &str) -> Result<(), Violation> {
        if self.0.contains(client) {
            Ok(())
        } else {
            Err(Violation::NotConnected(client.to_owned()))
        }
    }
}
