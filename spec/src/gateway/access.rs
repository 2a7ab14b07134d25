//! Whose signature a handshake or a call of `@connections` carries, and what the caller may do.

use super::{Gateway, Peer, Timestamp};
use crate::handshake::Refusal;
use crate::io::{ManagementRequest, PeerId, Reason};
use crate::limits;
use crate::management;
use crate::policy::{Context, INVOKE};
use crate::route::RouteKey;
use crate::signature::{self, Access, Destination, MANAGE_CONNECTIONS, Request, Signatures};

impl Gateway {
    /// The same gateway with other callers, or stricter with calls of `@connections`. From the
    /// start it knows [`Access::new`].
    #[must_use]
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// A handshake on `$connect` with `AWS_IAM`: the caller must have signed it and may
    /// `execute-api:Invoke` the route. Nothing is asked again later.
    ///
    /// Realises: AUTHORIZER-54, AUTHORIZER-55, AUTHORIZER-56, AUTHORIZER-57
    pub(super) fn check_signature(&mut self, now: Timestamp, peer: PeerId) {
        let Some(Peer {
            connection,
            handshake: Some(handshake),
            ..
        }) = self.peers.get_mut(&peer)
        else {
            return;
        };
        let request = Request {
            method: &handshake.request.method,
            target: &handshake.request.target,
            headers: &handshake.request.headers,
            body: b"",
        };
        let api = &*handshake.rules;
        let destination = Destination::api(&api.region);
        let caller = match signature::verify(&request, &self.access.callers, destination, now) {
            Ok(caller) => caller,
            Err(rejection) => {
                let cause = rejection.to_string();
                return self.refuse(peer, &Refusal::Signature(rejection), cause);
            }
        };
        let resource = api.route_arn(&RouteKey::Connect);
        let shown = signature::masked(api, &resource);
        let context = Context::of_handshake(&handshake.request, now);
        let evaluation = match caller.authorize(INVOKE, &resource, &shown, context) {
            Ok(evaluation) => evaluation,
            Err(message) => {
                let cause = message.clone();
                return self.refuse(peer, &Refusal::AccessDenied(message), cause);
            }
        };
        connection.caller = Some(caller.identity());
        let reason = Reason::Signed {
            arn: caller.arn.clone(),
            evaluation,
        };
        let (connection_id, request_id) = (
            connection.connection_id.clone(),
            handshake.identity.request_id.clone(),
        );
        self.decide(&connection_id, &request_id, reason);
        self.allowed(now, peer);
    }

    /// What IAM has against a call of `@connections`: a signature that does not hold, or a caller
    /// without the permission: on the connection, or to invoke whatever else is below the stage. On
    /// another stage nobody is asked, and of data that are too large the shell keeps only a part.
    ///
    /// Realises: MANAGEMENT-32, MANAGEMENT-34, MANAGEMENT-36, MANAGEMENT-37, MANAGEMENT-38,
    /// MANAGEMENT-49
    pub(super) fn objection(
        &self,
        now: Timestamp,
        request: &ManagementRequest,
        parsed: &Result<(management::Operation, String), management::Refusal>,
    ) -> Option<management::Refusal> {
        use management::Refusal;
        let is_cut = request.body.len() > limits::MESSAGE_BYTES;
        let none = match parsed {
            Err(Refusal::Forbidden | Refusal::PayloadTooLarge) => true,
            Err(Refusal::NoMethod { .. }) => is_cut,
            _ => false,
        };
        if none || self.access.management == Signatures::Ignored {
            return None;
        }
        let signed = Request {
            method: &request.method,
            target: &request.path,
            headers: &request.headers,
            body: &request.body,
        };
        let api = &*self.rules;
        let destination = Destination::api(&api.region);
        let caller = match signature::verify(&signed, &self.access.callers, destination, now) {
            Ok(caller) => caller,
            Err(rejection) => return Some(Refusal::Signature(rejection)),
        };
        let (action, resource, shown) = if let Err(Refusal::NoMethod { .. }) = parsed {
            let below = management::below(api, request);
            let resource = api.below_arn(&request.method, &below);
            (INVOKE, resource.clone(), resource)
        } else {
            let arn = |id: &str| api.connections_arn(&request.method, id);
            // Published refusals show the operation's path as it is declared.
            let resource = arn(&management::connection_id(&request.path));
            (MANAGE_CONNECTIONS, resource, arn("{connectionId}"))
        };
        let shown = signature::masked(api, &shown);
        let context = Context::of_request(&request.headers, &request.source_ip, now);
        let refused = caller.authorize(action, &resource, &shown, context);
        refused.err().map(Refusal::AccessDenied)
    }

    /// The objection to a call, where it counts.
    pub(super) fn heeded(
        &self,
        objection: &Option<management::Refusal>,
    ) -> Option<management::Refusal> {
        let required = self.access.management == Signatures::Required;
        objection.clone().filter(|_| required)
    }

    /// Says of an objection why; of those that were not heeded, the first of each kind.
    pub(super) fn note(
        &mut self,
        objection: &management::Refusal,
        request: &ManagementRequest,
        request_id: &str,
    ) {
        let (kind, cause) = match objection {
            management::Refusal::Signature(rejection) => {
                (rejection.error_type(), rejection.to_string())
            }
            management::Refusal::AccessDenied(message) => ("", message.clone()),
            _ => return,
        };
        let indeed = self.access.management == Signatures::Required;
        if !indeed {
            if self.noted.contains(&kind) {
                return;
            }
            self.noted.push(kind);
        }
        let connection_id = management::connection_id(&request.path);
        let reason = Reason::CallRefused { cause, indeed };
        self.decide(&connection_id, request_id, reason);
    }

    /// Says of a call that went astray where it should have gone, of the first of each kind.
    ///
    /// Realises: MANAGEMENT-50, MANAGEMENT-51
    pub(super) fn redirect(
        &mut self,
        refusal: Option<&management::Refusal>,
        request: &ManagementRequest,
        request_id: &str,
    ) {
        let found = management::misdirected(&self.rules, request, refusal);
        let Some(misdirected) = found else { return };
        if self.misdirected.contains(&misdirected.kind) {
            return;
        }
        self.misdirected.push(misdirected.kind);
        let connection_id = management::connection_id(&request.path);
        self.decide(&connection_id, request_id, Reason::Misdirected(misdirected));
    }
}
