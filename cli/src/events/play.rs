//! The machine at work, up to the call that is asked for: the same rules that the gateway runs.

use std::sync::Arc;
use std::time::Duration;

use spec::api::AuthorizationType;
use spec::handshake::HandshakeRequest;
use spec::http::HttpRequest;
use spec::io::{ClientClose, Outcome, PeerId, Reason, ServiceRequest};
use spec::route::RouteKey;
use spec::{CompiledApi, Gateway, Input, Output, Timestamp};

use super::answers::Answers;
use super::ids::Ids;
use crate::Failure;

/// The gateway, with the one client that it has.
pub(super) struct Play {
    gateway: Gateway,
    answers: Answers,
    has_authorizer: bool,
    /// What was decided, in words.
    decisions: Vec<String>,
    /// The route of the message.
    routed: Option<RouteKey>,
}

/// A call.
pub(super) struct Called {
    /// For which route; `None` if it is the authorizer's.
    pub(super) route: Option<RouteKey>,
    pub(super) what: What,
}

/// What is called, and with what.
pub(super) enum What {
    /// A function, with this event.
    Function(String),
    Http(HttpRequest),
    Service(ServiceRequest),
}

/// What came of an input.
#[derive(Default)]
struct Came {
    calls: Vec<What>,
    /// The status of the handshake's answer, if it is no success.
    refused: Option<u16>,
}

const PEER: PeerId = PeerId(1);

/// How often a client says something that is to be connected for long.
const OFTEN: Duration = Duration::from_secs(5 * 60);

impl Play {
    pub(super) fn new(api: Arc<CompiledApi>, ids: Ids, answers: Answers) -> Self {
        let connect = api.routes.get("$connect");
        let has_authorizer =
            connect.is_some_and(|route| route.authorization_type == AuthorizationType::Custom);
        Self {
            gateway: Gateway::new(api, ids),
            answers,
            has_authorizer,
            decisions: Vec::new(),
            routed: None,
        }
    }

    /// The authorizer's call.
    pub(super) fn authorizer(
        &mut self,
        now: Timestamp,
        request: HandshakeRequest,
    ) -> Result<Called, Failure> {
        if !self.has_authorizer {
            return Err(Failure::usage("`$connect` has no authorizer"));
        }
        let came = self.input(
            now,
            Input::Handshake {
                peer: PEER,
                request,
            },
        );
        self.called(came.calls.into_iter().next(), None)
    }

    /// The call of `$connect`.
    pub(super) fn connect(
        &mut self,
        now: Timestamp,
        request: HandshakeRequest,
    ) -> Result<Called, Failure> {
        let before = usize::from(self.has_authorizer);
        let came = self.input(
            now,
            Input::Handshake {
                peer: PEER,
                request,
            },
        );
        let call = came.calls.into_iter().nth(before);
        self.called(call, Some(RouteKey::Connect))
    }

    /// Opens the connection, and keeps it open.
    pub(super) fn open(
        &mut self,
        connected: Timestamp,
        until: Timestamp,
        request: HandshakeRequest,
    ) -> Result<(), Failure> {
        let handshake = Input::Handshake {
            peer: PEER,
            request,
        };
        if let Some(status) = self.input(connected, handshake).refused {
            let why = self.decisions.join("\n");
            return Err(Failure::Unexpected(format!(
                "the connection is refused with {status}:\n{why}"
            )));
        }
        let mut at = connected + OFTEN;
        while at < until {
            let text = String::new();
            self.input(at, Input::Message { peer: PEER, text });
            at = at + OFTEN;
        }
        self.decisions.clear();
        Ok(())
    }

    /// The call for a message, which has to be of the route that is asked for.
    pub(super) fn message(
        &mut self,
        now: Timestamp,
        text: String,
        asked: Option<&RouteKey>,
    ) -> Result<Called, Failure> {
        let came = self.input(now, Input::Message { peer: PEER, text });
        let routed = self.routed.clone();
        if let Some(asked) = asked
            && routed.as_ref() != Some(asked)
        {
            let why = self.decisions.join("\n");
            return Err(Failure::usage(format!(
                "the message does not select the route `{asked}`:\n{why}"
            )));
        }
        self.called(came.calls.into_iter().next(), routed)
    }

    /// The call of `$disconnect`.
    pub(super) fn disconnect(
        &mut self,
        now: Timestamp,
        close: ClientClose,
    ) -> Result<Called, Failure> {
        let close = Some(close);
        let came = self.input(now, Input::PeerClosed { peer: PEER, close });
        let call = came.calls.into_iter().next();
        self.called(call, Some(RouteKey::Disconnect))
    }

    fn called(&self, what: Option<What>, route: Option<RouteKey>) -> Result<Called, Failure> {
        match what {
            Some(what) => Ok(Called { route, what }),
            None => {
                let why = self.decisions.join("\n");
                let nothing = format!("nothing is called:\n{why}");
                Err(Failure::Unexpected(
                    nothing.trim_end().trim_end_matches(':').to_owned(),
                ))
            }
        }
    }

    /// Lets something happen, and answers all calls that it leads to.
    fn input(&mut self, now: Timestamp, input: Input) -> Came {
        let is_handshake = matches!(input, Input::Handshake { .. });
        let mut came = Came::default();
        self.gateway.handle_input(now, input);
        while let Some(output) = self.gateway.poll_output() {
            let (id, outcome) = match output {
                Output::Invoke(call) => {
                    let is_authorizer =
                        is_handshake && self.has_authorizer && came.calls.is_empty();
                    came.calls.push(What::Function(call.payload));
                    let outcome = match is_authorizer {
                        true => self.answers.authorizer.clone(),
                        false => Answers::function(),
                    };
                    (call.id, outcome)
                }
                Output::HttpRequest(call) => {
                    came.calls.push(What::Http(call.request));
                    (call.id, Outcome::Http(Answers::backend()))
                }
                Output::CallService(call) => {
                    came.calls.push(What::Service(call.request));
                    (call.id, Outcome::Service(Answers::backend()))
                }
                Output::Reject { response, .. } => {
                    came.refused = Some(response.status);
                    continue;
                }
                Output::Decision(decision) => {
                    if let Reason::Routed(choice) = &decision.reason {
                        self.routed.clone_from(&choice.route_key);
                    }
                    self.decisions.push(decision.to_string());
                    continue;
                }
                _ => continue,
            };
            self.gateway
                .handle_input(now, Input::CallFinished { id, outcome });
        }
        came
    }
}
