//! The ids in an event.

use clap::Args;
use gateway::RandomIds;
use spec::Timestamp;
use spec::ids::{Counter, IdSource};

/// The ids in an event.
#[derive(Args, Clone)]
pub(crate) struct IdArgs {
    /// `connectionId`.
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    /// `requestId`, and `extendedRequestId`.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// `messageId`.
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// `X-Amzn-Trace-Id`, which the events of `$connect` have.
    #[arg(long, value_name = "ID")]
    trace_id: Option<String>,
    /// New ids and the time of now in place of those that are always the same.
    #[arg(long)]
    random: bool,
}

/// Gives the ids that are asked for, and others for the rest.
pub(super) struct Ids {
    given: IdArgs,
    /// Whether the request of the handshake is the one whose id is given; the message's is otherwise.
    of_the_handshake: bool,
    requests: usize,
    rest: Box<dyn IdSource + Send>,
}

impl IdArgs {
    pub(super) fn is_random(&self) -> bool {
        self.random
    }

    pub(super) fn source(&self, of_the_handshake: bool) -> Ids {
        Ids {
            given: self.clone(),
            of_the_handshake,
            requests: 0,
            rest: match self.random {
                true => Box::new(RandomIds::new()),
                false => Box::new(Counter::default()),
            },
        }
    }
}

impl IdSource for Ids {
    fn next_u64(&mut self) -> u64 {
        self.rest.next_u64()
    }

    fn connection_id(&mut self, now: Timestamp) -> String {
        let generated = self.rest.connection_id(now);
        self.given.connection_id.clone().unwrap_or(generated)
    }

    fn request_id(&mut self, now: Timestamp) -> String {
        let generated = self.rest.request_id(now);
        self.requests += 1;
        let is_meant = self.of_the_handshake || self.requests > 1;
        let given = self.given.request_id.clone().filter(|_| is_meant);
        given.unwrap_or(generated)
    }

    fn message_id(&mut self, now: Timestamp, connection_id: &str) -> String {
        let generated = self.rest.message_id(now, connection_id);
        self.given.message_id.clone().unwrap_or(generated)
    }

    fn trace_id(&mut self, now: Timestamp) -> String {
        let generated = self.rest.trace_id(now);
        self.given.trace_id.clone().unwrap_or(generated)
    }
}
