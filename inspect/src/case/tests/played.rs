//! A gateway that does what a test says, seen by a recorder.

use serde_json::json;
use spec::io::{
    CallId, Decision, FunctionOutcome, Invocation, InvocationType, ManagementId, PeerId, Reason,
};
use spec::{Api, Input, Output};

use super::super::*;

pub(super) const START: u64 = 1_705_751_697_419;
pub(super) const IDS: [&str; 3] = ["XDmENcnwIE0CFEQ=", "XDmFNcnwIE0CFEQ=", "XDmGNcnwIE0CFEQ="];

/// A gateway that does what a test says, seen by a recorder.
pub(super) struct Gateway {
    pub(super) recorder: Recorder,
    pub(super) millis: u64,
    calls: u64,
}

impl Gateway {
    pub(super) fn new() -> Self {
        Self {
            recorder: Recorder::new(),
            millis: START,
            calls: 0,
        }
    }

    pub(super) fn step(&mut self, input: Option<&Input>, outputs: &[Output]) {
        let at = Timestamp::from_millis(self.millis);
        self.recorder.step(at, input, outputs);
    }

    /// Time passes.
    pub(super) fn pass(&mut self, millis: u64) -> &mut Self {
        self.millis += millis;
        self
    }

    pub(super) fn connect(
        &mut self,
        peer: usize,
        target: &str,
        fields: &[(&str, &str)],
    ) -> &mut Self {
        self.step(Some(&handshake(peer, target, fields)), &[]);
        self.accept(peer, &[("Sec-WebSocket-Protocol", "chat")])
    }

    /// A handshake for which a function is called; it works until [`Self::done`].
    pub(super) fn ask(&mut self, peer: usize) -> CallId {
        let (call, invocation) = self.invocation();
        let outputs = vec![Output::Invoke(invocation)];
        self.step(Some(&handshake(peer, "/prod", &[])), &outputs);
        call
    }

    pub(super) fn accept(&mut self, peer: usize, fields: &[(&str, &str)]) -> &mut Self {
        let outputs = vec![
            Output::Decision(Decision {
                connection_id: IDS[peer].to_owned(),
                request_id: "XDmENHdwIE0FFEQ=".to_owned(),
                reason: Reason::Connected,
            }),
            Output::Accept {
                peer: id(peer),
                headers: Headers::from_iter(fields.iter().copied()),
            },
        ];
        self.step(None, &outputs);
        self
    }

    pub(super) fn refuse(&mut self, peer: usize, fields: &[(&str, &str)]) -> &mut Self {
        let response = HttpResponse::new(401).message("Unauthorized");
        let peer_id = id(peer);
        let rejected = Output::Reject {
            peer: peer_id,
            response,
        };
        self.step(Some(&handshake(peer, "/prod", fields)), &[rejected]);
        self
    }

    /// A message for which a function is called; it works until [`Self::done`].
    pub(super) fn say(&mut self, peer: usize, text: &str) -> CallId {
        let (call, invocation) = self.invocation();
        let text = text.to_owned();
        let input = Input::Message {
            peer: id(peer),
            text,
        };
        self.step(Some(&input), &[Output::Invoke(invocation)]);
        call
    }

    pub(super) fn invocation(&mut self) -> (CallId, Invocation) {
        self.calls += 1;
        let id = CallId(self.calls);
        let payload = json!({"requestContext": {"messageId": "XDmMNHdwIE0CFEQ="}});
        let invocation = Invocation {
            id,
            function_arn: "arn".to_owned(),
            payload: payload.to_string(),
            trace_id: String::new(),
            deadline: Timestamp::from_millis(self.millis + 29_000),
            invocation_type: InvocationType::RequestResponse,
        };
        (id, invocation)
    }

    pub(super) fn post(&mut self, peer: usize, text: &str) -> &mut Self {
        let sent = Output::Send {
            peer: id(peer),
            text: text.to_owned(),
        };
        self.manage("POST", peer, text, vec![sent])
    }

    pub(super) fn manage(
        &mut self,
        method: &str,
        peer: usize,
        body: &str,
        mut outputs: Vec<Output>,
    ) -> &mut Self {
        let request = ManagementRequest {
            method: method.to_owned(),
            path: format!("/prod/@connections/{}", IDS[peer].replace('=', "%3D")),
            body: body.as_bytes().to_vec(),
            ..ManagementRequest::default()
        };
        let number = ManagementId(1);
        outputs.push(Output::ManagementReply {
            id: number,
            response: HttpResponse::new(200),
        });
        let input = Input::Management {
            id: number,
            request,
        };
        self.step(Some(&input), &outputs);
        self
    }

    pub(super) fn done(&mut self, call: CallId) -> &mut Self {
        let outcome = FunctionOutcome::Returned("{}".to_owned()).into();
        self.step(Some(&Input::CallFinished { id: call, outcome }), &[]);
        self
    }

    pub(super) fn leave(&mut self, peer: usize) -> &mut Self {
        let close = Some(ClientClose {
            code: Some(1000),
            reason: String::new(),
        });
        let peer = id(peer);
        self.step(Some(&Input::PeerClosed { peer, close }), &[]);
        self
    }

    pub(super) fn close(&mut self, peer: usize, code: u16, input: Option<&Input>) -> &mut Self {
        let close = Output::Close {
            peer: id(peer),
            close: CloseInfo::new(code, "Going away"),
        };
        self.step(input, &[close]);
        self
    }

    /// The case of the session so far.
    pub(super) fn case(&self) -> String {
        let case = self.recorder.session().case(&rules(), &origin());
        case.expect("something can be a step")
    }
}

pub(super) fn id(peer: usize) -> PeerId {
    PeerId(peer as u64)
}

pub(super) fn handshake(peer: usize, target: &str, fields: &[(&str, &str)]) -> Input {
    let request = HandshakeRequest {
        method: "GET".to_owned(),
        target: target.to_owned(),
        headers: Headers::from_iter(fields.iter().copied()),
        source_ip: "127.0.0.1".to_owned(),
    };
    Input::Handshake {
        peer: id(peer),
        request,
    }
}

pub(super) fn rules() -> Rules {
    Rules::of(&Api::new("$request.body.action", "prod"))
}

pub(super) fn origin() -> Origin {
    Origin {
        id: "recorded/001".to_owned(),
        how: How::Recorded,
        served: "template.yaml".to_owned(),
        at: Timestamp::from_millis(START),
    }
}
