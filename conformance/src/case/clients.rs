//! Who is connected, step by step: as far as the case says.

use std::collections::BTreeSet;

use super::{Connect, Send, Step};
use crate::runner::OBSERVER;

/// The clients that are connected.
#[derive(Default)]
pub(super) struct Clients<'a>(BTreeSet<&'a str>);

impl<'a> Clients<'a> {
    /// Carries out a step.
    ///
    /// # Errors
    /// A client that cannot do this now.
    pub(super) fn follow(&mut self, step: &'a Step) -> Result<(), String> {
        match step {
            Step::Connect(Connect { client, status, .. }) => {
                if client == OBSERVER {
                    return Err(format!("`{OBSERVER}` is the kit's own client"));
                }
                if self.0.contains(&**client) {
                    return Err(format!("the client `{client}` is connected already"));
                }
                if *status == 101 {
                    self.0.insert(client);
                }
            }
            Step::Observe(_) => {
                if !self.0.insert(OBSERVER) {
                    return Err("there is an observer already".to_owned());
                }
            }
            Step::Send(Send { client, .. })
            | Step::SendBinary { client, .. }
            | Step::SendRaw { client, .. }
            | Step::Receive { client, .. }
            | Step::Drain { client }
            | Step::Ping { client, .. }
            | Step::Pong { client, .. } => self.is_there(client)?,
            Step::Close { client, .. } | Step::Closed { client, .. } => {
                self.is_there(client)?;
                self.0.remove(&**client);
            }
            Step::Event(_) | Step::Unseen { .. } => {
                if !self.0.contains(OBSERVER) {
                    return Err("there is no observer: `observe` comes first".to_owned());
                }
            }
            Step::Manage(_) | Step::Row { .. } | Step::AccessLog { .. } | Step::Wait { .. } => {}
        }
        Ok(())
    }

    fn is_there(&self, client: &str) -> Result<(), String> {
        if self.0.contains(client) {
            Ok(())
        } else {
            Err(format!("the client `{client}` is not connected"))
        }
    }
}
