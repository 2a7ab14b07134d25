//! Gateways that are wrong on purpose: what the conformance kit must find. Only with the feature `mutations`, which is for tests.
//!
//! A mutation changes what the template declares ([`Mutation::change`]), what goes into the machine or comes out of it ([`Mutant`]), or
//! what the shell does with a socket (it asks the hub). Everything else is the gateway as it is.

mod mutant;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use spec::CompiledApi;
use spec::api::{Api, AuthorizationType};
use spec::route::RouteKey;

pub(crate) use mutant::{Mutant, leave_open};

/// One list for the type, the names and [`Mutation::ALL`], so that none of them can lack a mutation.
macro_rules! mutations {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// One thing that a gateway does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutation {
            $($(#[$doc])+ $variant,)+
        }

        impl Mutation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// What it is called on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

mutations! {
    /// A client is let in before `$connect` has answered, and closed when the answer is no.
    UpgradeAtOnce = "upgrade-at-once",
    /// A handshake that should get 401 is refused with 403.
    ForbiddenForUnauthorized = "forbidden-for-unauthorized",
    /// No authorizer is asked.
    AuthorizerNotAsked = "authorizer-not-asked",
    /// A message that names `$connect` runs its function.
    ConnectByMessage = "connect-by-message",
    /// No frame says that a message found no route.
    ForbiddenSwallowed = "forbidden-swallowed",
    /// Error frames are printed as a JSON library prints them: without spaces.
    ErrorFramesWithoutSpaces = "error-frames-without-spaces",
    /// Texts go to another client, if there is one.
    RepliesToAnotherClient = "replies-to-another-client",
    /// Texts go to every client.
    RepliesToEveryClient = "replies-to-every-client",
    /// Every text is sent twice.
    RepliesTwice = "replies-twice",
    /// The results of one-way routes are sent.
    OneWayRoutesReply = "one-way-routes-reply",
    /// Integrations have no templates: the message passes through.
    TemplatesNotEvaluated = "templates-not-evaluated",
    /// A message that is not JSON is empty for templates.
    TextLost = "text-lost",
    /// Names of headers arrive in lower case.
    HeadersInLowerCase = "headers-in-lower-case",
    /// A message that is JSON is parsed and written anew.
    BodiesWrittenAnew = "bodies-written-anew",
    /// Binary messages are ignored.
    BinaryIgnored = "binary-ignored",
    /// What is too large ends the connection with 1008 (policy violation).
    PolicyViolationForTooLarge = "policy-violation-for-too-large",
    /// An idle connection is closed a second late.
    IdleCloseLate = "idle-close-late",
    /// The TCP connection is left open behind the client's close.
    SocketLeftOpen = "socket-left-open",
    /// `$disconnect` is told 1000 whatever the client said.
    EveryCloseIsNormal = "every-close-is-normal",
    /// `$disconnect` is not called.
    DisconnectNotCalled = "disconnect-not-called",
    /// `@connections` answers 404 for a connection that is gone.
    NotFoundForGone = "not-found-for-gone",
    /// `GET @connections` answers in one line.
    StatusInOneLine = "status-in-one-line",
    /// `DELETE @connections` answers 204 and does nothing.
    DeleteDoesNothing = "delete-does-nothing",
    /// A path without a method is answered with a bare `Forbidden`.
    PathNotTold = "path-not-told",
    /// Whoever may not invoke a path without a method is told of `execute-api:ManageConnections`.
    AnotherPermissionTold = "another-permission-told",
    /// The event of an empty message has an empty `body`.
    EmptyBodyPresent = "empty-body-present",
    /// The items and members of a value that fits no model are looked at twice: what is wrong with
    /// them is told twice.
    ChildrenLookedAtTwice = "children-looked-at-twice",
    /// What is wrong with a message that fits no model is told in another order.
    MessagesInAnotherOrder = "messages-in-another-order",
}

/// The key of the route that stands for `$connect` where a message may choose it.
const CONNECT_BY_MESSAGE: &str = "connect-by-message";

impl Mutation {
    /// The API with what the template declares changed.
    pub(crate) fn changed(self, api: &Arc<CompiledApi>) -> Arc<CompiledApi> {
        match self.change(api.api().clone()).compile() {
            Ok(changed) => Arc::new(changed),
            // No mutation makes an API that cannot be served; its test would say so.
            Err(_) => Arc::clone(api),
        }
    }

    fn change(self, mut api: Api) -> Api {
        match self {
            Self::AuthorizerNotAsked => {
                if let Some(connect) = api.routes.get_mut("$connect") {
                    connect.authorization_type = AuthorizationType::None;
                    connect.authorizer_id = None;
                }
            }
            Self::ConnectByMessage => {
                if let Some(mut connect) = api.routes.get("$connect").cloned() {
                    connect.authorization_type = AuthorizationType::None;
                    connect.authorizer_id = None;
                    let key = RouteKey::Named(CONNECT_BY_MESSAGE.to_owned());
                    api.routes.insert(key, connect);
                }
            }
            Self::OneWayRoutesReply => {
                for (_, route) in api.routes.iter_mut().filter(|(key, _)| !key.is_lifecycle()) {
                    route.route_response_selection_expression = Some("$default".to_owned());
                    route.route_responses = vec!["$default".to_owned()];
                }
            }
            Self::TemplatesNotEvaluated => {
                for integration in api.integrations.values_mut() {
                    integration.request_templates.clear();
                }
            }
            Self::DisconnectNotCalled => {
                api.routes.shift_remove("$disconnect");
            }
            _ => {}
        }
        api
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mutation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|mutation| mutation.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|mutation| mutation.name()).collect();
            format!("`{name}` is no mutation; there are: {}", names.join(", "))
        })
    }
}
