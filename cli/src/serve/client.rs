//! What a person needs to talk to the API: the line for wscat, and a message that has a route.

use std::time::Duration;

use gateway::Control;
use spec::api::{ApiKey, AuthorizationType, KEY_FROM_HEADER};
use spec::route::RouteKey;
use spec::selection::SelectionExpression;
use stack::Assembly;

/// How long the address works that is shown for a `$connect` with `AWS_IAM`.
const SIGNED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// What stands for a value that nobody knows here.
const UNKNOWN: &str = "VALUE";

/// The line for wscat, with what `$connect` wants to see, as far as that is known.
pub(super) fn wscat(running: &Control) -> String {
    let stack = &running.assembly();
    let key = key_option(stack);
    if let Some(signed) = running.signed_ws_url(SIGNED_FOR) {
        // Quoted, because it has ampersands.
        return format!("wscat {key}-c '{signed}'");
    }
    let headers: String = identities(stack, "header")
        .map(|(name, value)| format!("--header {name}:{value} "))
        .collect();
    let parameters: Vec<String> = identities(stack, "querystring")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let url = running.ws_url();
    let url = match parameters.is_empty() {
        true => url,
        false => format!("'{url}?{}'", parameters.join("&")),
    };
    format!("wscat {headers}{key}-c {url}")
}

/// The API keys that open `$connect`, where it requires one.
pub(super) fn required_keys(stack: &Assembly) -> impl Iterator<Item = &ApiKey> {
    let connect = stack.api().routes.get("$connect");
    let required = connect.is_some_and(|route| route.api_key_required);
    stack.usable_api_keys().filter(move |_| required)
}

/// A message that the first of the routes takes which can be chosen by a message, preferably one
/// without a model: the smallest that the route selection expression finds the route's key in.
pub(super) fn message(stack: &Assembly) -> Option<String> {
    let api = stack.api();
    let expression = SelectionExpression::parse(&api.route_selection_expression).ok()?;
    let is_named = |key: &RouteKey| matches!(key, RouteKey::Named(_));
    let named = || api.routes.iter().filter(|(key, _)| is_named(key));
    let free = named().find(|(_, route)| route.request_models.is_empty());
    match free.or_else(|| named().next()) {
        Some((key, _)) => expression.smallest_message(key.as_str()),
        None if api.routes.contains_key("$default") => Some("any text".to_owned()),
        None => None,
    }
}

/// `--header x-api-key:VALUE ` with the first key that opens `$connect`, where it is to be sent as
/// a header.
fn key_option(stack: &Assembly) -> String {
    let in_header = stack.api().api_key_selection_expression == KEY_FROM_HEADER;
    let key = required_keys(stack).next().filter(|_| in_header);
    key.map_or_else(String::new, |key| {
        format!("--header x-api-key:{} ", key.value)
    })
}

/// The identity sources of one kind that the authorizer of `$connect` wants to see, each with its
/// value: the one in the stack's outputs, where they hold a line for wscat, else [`UNKNOWN`].
fn identities(stack: &Assembly, kind: &str) -> impl Iterator<Item = (String, String)> {
    let lines = stack.outputs().values();
    let line = lines
        .into_iter()
        .find(|value| value.starts_with("wscat "))
        .cloned();
    let known = move |name: &str| {
        let mut words = line.as_ref()?.split([' ', '?', '&', '\'', '"']);
        let value = words.find_map(|word| {
            let (field, value) = word.split_once([':', '='])?;
            (field == name).then_some(value)
        });
        value.map(str::to_owned)
    };
    let prefix = format!("route.request.{kind}.");
    let connect = stack.api().routes.get("$connect");
    let authorizer = connect
        .filter(|route| route.authorization_type == AuthorizationType::Custom)
        .and_then(|route| stack.api().authorizers.get(route.authorizer_id.as_ref()?));
    let sources = authorizer.map(|authorizer| authorizer.identity_source.clone());
    sources
        .unwrap_or_default()
        .into_iter()
        .filter_map(move |source| {
            let name = source.strip_prefix(&prefix)?.to_owned();
            let value = known(&name).unwrap_or_else(|| UNKNOWN.to_owned());
            Some((name, value))
        })
}
