//! `gatespec events`.

mod answers;
mod client;
mod ids;
mod moment;
mod play;
mod route;

use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use spec::api::{self, IntegrationType};
use spec::http::Headers;
use spec::route::RouteKey;
use spec::{Api, CompiledApi};

use self::answers::AuthorizerArgs;
use self::client::ClientArgs;
use self::ids::IdArgs;
use self::moment::MomentArgs;
use self::play::{Called, Play, What};
use self::route::Asked;
use crate::given::{AppArgs, StackArgs};
use crate::{Failure, eprint, print, serve};

/// Print the event that a function gets, for unit tests.
///
/// The stack's API is run in this process: a client connects, sends the message or leaves, and what
/// the function would be called with is printed. That is the proxy event, or what the request
/// template renders, or the message as it passes through; for HTTP backends and services it is the
/// request. Nothing is built or started. The same arguments give the same text.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct EventsArgs {
    /// Whose event: a route's key (`$connect`, `$disconnect`, `$default`, or your own; the `$` may
    /// be left out), `authorizer`, or `message` for whichever route --message selects.
    #[arg(value_name = "ROUTE")]
    route: String,
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    app: AppArgs,
    /// Use no template: every route has an `AWS_PROXY` integration.
    #[arg(long, conflicts_with_all = ["path", "stack", "api", "parameters", "parameter_overrides"])]
    no_template: bool,
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    authorizer: AuthorizerArgs,
    #[command(flatten)]
    moment: MomentArgs,
    #[command(flatten)]
    ids: IdArgs,
}

const AFTER_HELP: &str =
    "Exit codes: 0 printed; 1 nothing is called, and why; 2 the arguments or the template must be
changed.

Examples:
  gatespec events connect --header 'token: hello' --query room=a
  gatespec events sendmessage --message '{\"action\": \"sendmessage\", \"data\": 1}'
  gatespec events authorizer --no-template --source-ip 203.0.113.7
  gatespec events disconnect --close-code 1001 > tests/disconnect.json
  gatespec events message --message @message.json | gatespec invoke MyFunction --event -";

/// Prints what the function is called with.
pub(crate) fn run(args: &EventsArgs) -> Result<(), Failure> {
    let (api, api_key) = args.api()?;
    let api_key = api_key.as_deref();
    let asked = Asked::read(&args.route, &api, args.client.has_message())?;
    let (connected, now) = args.moment.times(&asked, args.ids.is_random())?;
    let ids = args.ids.source(asked.is_of_the_handshake());
    let (request, added) = args.client.handshake(&api, api_key, connected);
    for what in added {
        eprint(&format!("note: {what}"));
    }
    let answers = args.authorizer.answers(api_key)?;
    let mut play = Play::new(Arc::clone(&api), ids, answers);
    let called = match &asked {
        Asked::Authorizer => play.authorizer(connected, request),
        Asked::Connect => play.connect(connected, request),
        Asked::Disconnect => {
            play.open(connected, now, request)?;
            play.disconnect(now, args.client.close())
        }
        Asked::Message(key) => {
            let message = args.client.message(&api, key.as_ref())?;
            play.open(connected, now, request)?;
            play.message(now, message, key.as_ref())
        }
    }?;
    print(shown(&api, &called).trim_end_matches('\n'));
    Ok(())
}

impl EventsArgs {
    /// The API, and the value of a key that opens it.
    fn api(&self) -> Result<(Arc<CompiledApi>, Option<String>), Failure> {
        if self.no_template {
            return Ok((Arc::new(self.without_template()?), None));
        }
        let found = self.stack.find(Some(&self.app))?;
        let stack = serve::assembly(&self.stack, &found)?;
        let key = stack.usable_api_keys().next();
        Ok((Arc::clone(stack.api()), key.map(|key| key.value.clone())))
    }

    /// An API in which everything calls a function of its own.
    fn without_template(&self) -> Result<CompiledApi, Failure> {
        let stage = self.stack.stage.as_deref().unwrap_or("prod");
        let mut api = Api::new("$request.body.action", stage);
        let uri = |name: &str| {
            let (region, account) = (&api.region, &api.account_id);
            format!("arn:aws:lambda:{region}:{account}:function:{name}")
        };
        let proxy = api::Integration::new(IntegrationType::AwsProxy, Some(uri("function")));
        let authorizer = api::Authorizer {
            name: "authorizer".to_owned(),
            authorizer_uri: uri("authorizer"),
            identity_source: Vec::new(),
            call_permission: api::CallPermission::default(),
        };
        api.integrations.insert("proxy".to_owned(), proxy);
        api.authorizers.insert("authorizer".to_owned(), authorizer);
        let mut keys = vec![RouteKey::Connect, RouteKey::Disconnect, RouteKey::Default];
        if !route::is_reserved(&self.route) {
            keys.push(self.route.parse().map_err(Failure::usage)?);
        }
        for key in keys {
            let route = api::Route {
                target: Some("proxy".to_owned()),
                ..api::Route::default()
            };
            api.routes.insert(key, route);
        }
        if self.route == route::AUTHORIZER || self.authorizer.is_given() {
            let connect = api.routes.get_mut("$connect").into_iter();
            for connect in connect {
                connect.authorization_type = api::AuthorizationType::Custom;
                connect.authorizer_id = Some("authorizer".to_owned());
            }
        }
        api.compile().map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Failure::usage(problems.join("; "))
        })
    }
}

/// What is printed. An event of the gateway's own is laid out for people; what a template rendered,
/// or a client sent, is shown as it is.
fn shown(api: &Api, called: &Called) -> String {
    match &called.what {
        What::Function(payload) => match own_event(api, called.route.as_ref(), payload) {
            Some(event) => pretty(&event),
            None => payload.clone(),
        },
        What::Http(request) => pretty(&json!({
            "method": request.method,
            "url": request.url,
            "headers": fields(&request.headers),
            "body": text(&request.body),
        })),
        What::Service(service) => pretty(&json!({
            "service": service.service,
            "region": service.region,
            "action": service.action,
            "method": service.request.method,
            "path": service.request.url,
            "headers": fields(&service.request.headers),
            "body": text(&service.request.body),
        })),
    }
}

/// The event, if the gateway and not a template wrote it: the authorizer's, and those of `AWS_PROXY`
/// integrations.
fn own_event(api: &Api, route: Option<&RouteKey>, payload: &str) -> Option<Value> {
    if let Some(key) = route {
        let target = api.routes.get(key)?.target.as_ref()?;
        let integration = api.integrations.get(target)?;
        if integration.integration_type != IntegrationType::AwsProxy {
            return None;
        }
    }
    serde_json::from_str(payload).ok()
}

fn fields(headers: &Headers) -> Value {
    let fields = headers.iter();
    fields
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
