//! What `gatespec serve` prints when it is ready: lines for people, or one line for programs.

use std::io::{IsTerminal, Write};

use gateway::{Control, Options};
use serde_json::{Map, Value, json};
use stack::{Assembly, WarningKind};

use super::client::{message, required_keys, wscat};
use super::{Ready, dry_run};
use crate::{Caused, Failure, print};

/// So many routes, and so many resources without effect, are shown: all fits on a screen.
const SHOWN: usize = 8;

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

/// The address and a line to paste, each alone on its line; then what is served, and the other
/// addresses.
fn for_people(running: &Control, options: &Options, page: Option<&str>) {
    let stack = &running.assembly();
    let url = emphasized(&running.ws_url());
    print(&format!("\n{url}\n{}", wscat(running)));
    for key in required_keys(stack) {
        print(&format!("API key `{}`: {}", key.name, key.value));
    }
    if let Some(message) = message(stack) {
        print(&format!("then send, with your own fields: {message}"));
    }
    print(&format!("\n{}", served(stack)));
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
    if let Some(resources) = without_effect(stack) {
        print(&format!("no effect here: {resources}"));
    }
}

/// The routes with what they call, and the tables.
fn served(stack: &Assembly) -> String {
    let runtime = |function: &str| {
        let functions = stack.functions().iter();
        let mut functions = functions.filter(|one| one.logical_id == function);
        functions.next().map(|one| match one.code.is_image {
            true => "image".to_owned(),
            false => one.runtime.clone(),
        })
    };
    let routes = dry_run::routes(stack);
    let count = routes.len();
    let shown = routes.into_iter().take(SHOWN).map(|row| match &*row {
        [key, authorization, kind, called] => {
            let by = match authorization.split_once(' ') {
                Some(("CUSTOM", authorizer)) => format!(", authorizer {authorizer}"),
                _ => match authorization.strip_prefix("NONE") {
                    Some(key) => key.to_owned(),
                    None => format!(", {authorization}"),
                },
            };
            let called = match (called.as_str(), runtime(called)) {
                ("", _) => kind.clone(),
                (called, Some(runtime)) => format!("{called} ({runtime})"),
                (called, None) => format!("{kind} {called}"),
            };
            vec!["route".to_owned(), key.clone(), format!("{called}{by}")]
        }
        _ => row,
    });
    let mut rows: Vec<Vec<String>> = shown.collect();
    if let Some(more @ 1..) = count.checked_sub(SHOWN) {
        let more = format!("{more} more: `gatespec serve --dry-run` lists them");
        rows.push(vec!["route".to_owned(), "…".to_owned(), more]);
    }
    let tables = stack.tables().iter();
    let tables: Vec<&str> = tables.map(|table| &*table.logical_id).collect();
    let tables = match &*tables.join(", ") {
        "" => String::new(),
        tables => format!("table  {tables}\n"),
    };
    format!("{}{tables}", dry_run::table(&rows))
}

/// The resources that are there on AWS and not here.
fn without_effect(stack: &Assembly) -> Option<String> {
    let warnings = stack.warnings().iter();
    let resources = warnings.filter_map(|warning| match &warning.kind {
        WarningKind::NotServed { id, kind } => Some(format!("{id} ({kind})")),
        _ => None,
    });
    let resources: Vec<String> = resources.collect();
    let (shown, rest) = resources.split_at(resources.len().min(SHOWN));
    match (shown, rest.len()) {
        ([], _) => None,
        (shown, 0) => Some(shown.join(", ")),
        (shown, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// In bold on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
fn emphasized(text: &str) -> String {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match std::io::stdout().is_terminal() && !is_plain {
        true => format!("\x1b[1m{text}\x1b[0m"),
        false => text.to_owned(),
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
