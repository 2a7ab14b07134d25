//! What `gatespec serve` prints when it is ready: lines for people, or one line for programs.

use std::io::Write;
use std::time::Duration;

use gateway::{Control, Options};
use serde_json::{Map, Value, json};
use spec::api::AuthorizationType;
use spec::api::{ApiKey, KEY_FROM_HEADER};
use stack::Assembly;

use super::Ready;
use crate::{Caused, Failure, print};

/// How long the address works that is shown for a `$connect` with `AWS_IAM`.
const SIGNED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Prints where the gateway is.
///
/// `page` is the address of the inspect page, if there is one.
pub(super) fn announce(
    running: &Control,
    options: &Options,
    form: Ready,
    page: Option<&str>,
) -> Result<(), Failure> {
    match form {
        Ready::Text => for_people(running, options, page),
        Ready::Json => for_programs(running, page),
    }
    std::io::stdout().flush().map_err(|error| {
        Failure::could_not_run(Caused::new("cannot write to standard output", error))
    })
}

/// The address and a line to paste, each alone on its line; then keys and the other addresses.
fn for_people(running: &Control, options: &Options, page: Option<&str>) {
    let stack = &running.assembly();
    let url = running.ws_url();
    print(&format!("\n{url}\n{}\n", wscat(running)));
    for key in required_keys(stack) {
        print(&format!("API key `{}`: {}", key.name, key.value));
    }
    print(&format!(
        "@connections: {}\nDynamoDB: {}{}",
        running.management_url(),
        running.dynamodb_url(),
        tables_are(options)
    ));
    for (domain, url) in running.custom_domains() {
        print(&format!("custom domain: {url} with `Host: {domain}`"));
    }
    if let Some(page) = page {
        print(&format!("inspect: {page}"));
    }
    if let Some(url) = running.outbox_url() {
        print(&format!("outbox of services that are not here: {url}"));
    }
    print(&format!(
        "TLS on the same port, for clients that trust {}",
        running.authority().display()
    ));
}

/// A line to paste that connects a client.
pub(super) fn wscat(running: &Control) -> String {
    let stack = &running.assembly();
    let key = key_option(stack);
    match running.signed_ws_url(SIGNED_FOR) {
        None => format!("wscat {}{key}-c {}", header_options(stack), running.ws_url()),
        // Quoted, because it has ampersands.
        Some(signed) => format!("wscat {key}-c '{signed}'"),
    }
}

/// Where the rows are.
fn tables_are(options: &Options) -> String {
    match (&options.dynamodb_url, &options.data) {
        (Some(_), _) => String::new(),
        (None, Some(file)) => format!(", tables in {}", file.display()),
        (None, None) => ", tables in memory (--data FILE keeps them)".to_owned(),
    }
}

/// One JSON object on one line.
fn for_programs(running: &Control, page: Option<&str>) {
    let stack = &running.assembly();
    let tables: Vec<&str> = stack.tables().iter().map(|table| &*table.name).collect();
    let api_keys: Map<String, Value> = required_keys(stack)
        .map(|key| (key.name.clone(), key.value.as_str().into()))
        .collect();
    let custom_domains = running.custom_domains().into_iter();
    let custom_domains: Vec<Value> = custom_domains
        .map(|(host, ws)| json!({"host": host, "ws": ws}))
        .collect();
    let line = json!({
        "ws": running.ws_url(),
        "management": running.management_url(),
        "custom_domains": custom_domains,
        "dynamodb": running.dynamodb_url(),
        "ca": running.authority(),
        "tables": tables,
        "api_keys": api_keys,
        "inspect": page,
    });
    print(&line.to_string());
}

/// The API keys that open `$connect`, where it requires one.
fn required_keys(stack: &Assembly) -> impl Iterator<Item = &ApiKey> {
    let connect = stack.api().routes.get("$connect");
    let required = connect.is_some_and(|route| route.api_key_required);
    stack.usable_api_keys().filter(move |_| required)
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

/// `--header NAME:VALUE ` for each header that the authorizer wants to see. The value is the one in
/// the stack's outputs, where they hold a wscat line; nobody else knows it.
fn header_options(stack: &Assembly) -> String {
    let wscat = stack
        .outputs()
        .values()
        .find(|value| value.starts_with("wscat "));
    let known = |name: &str| {
        let words = wscat?.split_whitespace();
        words
            .filter_map(|word| word.split_once(':'))
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    };
    let connect = stack.api().routes.get("$connect");
    connect
        .filter(|route| route.authorization_type == AuthorizationType::Custom)
        .and_then(|route| stack.api().authorizers.get(route.authorizer_id.as_ref()?))
        .into_iter()
        .flat_map(|authorizer| &authorizer.identity_source)
        .filter_map(|source| source.strip_prefix("route.request.header."))
        .map(|name| format!("--header {name}:{} ", known(name).unwrap_or("VALUE")))
        .collect()
}
