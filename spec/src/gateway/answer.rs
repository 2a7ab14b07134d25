//! How a handshake is answered: accepted, or refused.

use super::{Gateway, Peer, Timer, Timestamp};
use crate::handshake::Refusal;
use crate::http::Headers;
use crate::ids;
use crate::integration::{Answer, Failure};
use crate::io::{Output, PeerId, Reason};
use crate::lifecycle::{self, Effect, Event};

impl Gateway {
    /// `$connect` has its result.
    pub(super) fn connected(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        answer: Result<Answer, Failure>,
    ) {
        let refusal = match &answer {
            Ok(answer) if (200..300).contains(&answer.status) => None, // HANDSHAKE-4, HANDSHAKE-11
            Ok(answer) => {
                let refusal = Refusal::Status(answer.status, answer.body.clone());
                Some((refusal, "its own status".to_owned()))
            }
            Err(failure) => {
                let refusal = match failure {
                    Failure::TimedOut => Refusal::IntegrationTimedOut,
                    Failure::NotInvocable(_) => Refusal::NotInvocable,
                    Failure::Unreachable(_) => Refusal::Unreachable,
                    _ => Refusal::IntegrationFailed,
                };
                Some((refusal, failure.to_string()))
            }
        };
        if let Some((refusal, cause)) = refusal {
            return self.refuse(peer, &refusal, cause);
        }
        match self.step(peer, Event::Connected) {
            Effect::Accept => self.accept(now, peer, &answer.unwrap_or_default()),
            Effect::Disconnect => {
                self.log_handshake(peer, |_| ());
                let close = lifecycle::client_closed(None);
                self.disconnect(now, peer, &close, None);
            }
            _ => {}
        }
        self.forget_if_closed(peer);
    }

    fn accept(&mut self, now: Timestamp, peer: PeerId, answer: &Answer) {
        let Some(Peer {
            connection,
            handshake: Some(handshake),
            ..
        }) = self.peers.get_mut(&peer)
        else {
            return;
        };
        // The time that the handshake took is no silence.
        connection.last_active_at = now;
        let (connection_id, request_id) = (
            connection.connection_id.clone(),
            handshake.identity.request_id.clone(),
        );
        self.timers
            .set(lifecycle::expires_at(connection), Timer::Connection(peer));
        let mut headers = Headers::new();
        // The only field that is known to reach the client (HANDSHAKE-14, HANDSHAKE-15,
        // HANDSHAKE-34).
        if let Some(protocol) = answer.headers.get("Sec-WebSocket-Protocol") {
            headers.push("Sec-WebSocket-Protocol", protocol);
        }
        self.outputs.push_back(Output::Accept { peer, headers });
        self.decide(&connection_id, &request_id, Reason::Connected);
        self.by_connection_id.insert(connection_id, peer);
        self.log_handshake(peer, |entry| entry.status(200));
        if let Some(entry) = self.peers.get_mut(&peer) {
            entry.handshake = None;
        }
    }

    /// The handshake fails.
    pub(super) fn refuse(&mut self, peer: PeerId, refusal: &Refusal, cause: String) {
        if self.step(peer, Event::Refused) == Effect::Reject {
            self.reject(peer, refusal, cause);
        }
        self.forget_if_closed(peer);
    }

    /// Answers the handshake with an error.
    pub(super) fn reject(&mut self, peer: PeerId, refusal: &Refusal, cause: String) {
        let Some(Peer {
            connection,
            handshake: Some(handshake),
            ..
        }) = self.peers.get(&peer)
        else {
            return;
        };
        let connection_id = connection.connection_id.clone();
        let request_id = handshake.identity.request_id.clone();
        let uuid = ids::uuid(&mut *self.ids);
        let reason = Reason::Refused {
            refusal: refusal.clone(),
            cause,
        };
        self.decide(&connection_id, &request_id, reason);
        let response = refusal.response(&request_id, &uuid);
        self.outputs.push_back(Output::Reject { peer, response });
        self.log_handshake(peer, |entry| entry.refused(refusal));
    }
}
