//! `gatespec serve --dry-run`: the API as it would be served, for people and for programs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use spec::api::{
    AuthorizationType, Authorizer, Integration, IntegrationType, Route, function_arn,
    with_stage_variables,
};
use spec::domain;
use stack::{Assembly, Function, Input, WarningKind};

use super::ServeArgs;

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Tables for people.
    Text,
    /// One JSON object.
    Json,
}

/// The API as it would be served.
pub(super) fn print(args: &ServeArgs, input: &Input, stack: &Assembly, format: Format) -> String {
    let plan = plan(args, input, stack);
    match format {
        Format::Json => format!("{plan:#}"),
        Format::Text => text(&plan),
    }
}

fn plan(args: &ServeArgs, input: &Input, stack: &Assembly) -> Value {
    let api = stack.api();
    let stage = &api.stage;
    let base = domain::base(api, "localhost");
    let custom_domains = api.api_mappings.iter().map(|mapping| {
        let ws = address(args, "ws", &mapping.path());
        json!({"host": mapping.domain_name, "ws": ws})
    });
    let routes = api.routes.iter();
    let routes = routes.map(|(key, route)| self::route(stack, key.as_str(), route));
    let authorizers = api.authorizers.values();
    let tables = stack.tables().iter();
    let mappings = stack.event_source_mappings().iter();
    let warnings = stack.warnings().iter();
    json!({
        "template": input.template,
        "stack": input.stack.as_ref().map(|stack| &stack.id),
        "api": {
            "id": api.api_id,
            "region": api.region,
            "stage": stage.stage_name,
            "is_deployed": !stage.undeployed,
            "default_endpoint_is_disabled": api.disable_execute_api_endpoint,
            "route_selection_expression": api.route_selection_expression,
        },
        "addresses": {
            "ws": address(args, "ws", &base),
            "management": address(args, "http", &base),
            "custom_domains": custom_domains.collect::<Vec<_>>(),
        },
        "routes": routes.collect::<Vec<_>>(),
        "authorizers": authorizers.map(|one| authorizer(stack, one)).collect::<Vec<_>>(),
        "functions": stack.functions().iter().map(function).collect::<Vec<_>>(),
        "tables": tables
            .map(|table| json!({"logical_id": table.logical_id, "name": table.name}))
            .collect::<Vec<_>>(),
        "event_source_mappings": mappings
            .map(|mapping| json!({
                "logical_id": mapping.logical_id,
                "table": mapping.table,
                "function": function_of(stack, &mapping.function_arn),
            }))
            .collect::<Vec<_>>(),
        "warnings": warnings
            .map(|warning| json!({
                "kind": kind(&warning.kind),
                "message": warning.message,
                "file": warning.file,
                "line": warning.line,
                "column": warning.column,
            }))
            .collect::<Vec<_>>(),
    })
}

/// Where clients would connect: `base` stands for the stage. The system's port is not known before.
fn address(args: &ServeArgs, scheme: &str, base: &str) -> String {
    let host = match args.host {
        IpAddr::V6(host) if host.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST),
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V6(host) => format!("[{host}]"),
        IpAddr::V4(host) => host.to_string(),
    };
    let port = match args.port {
        0 => "PORT".to_owned(),
        port => port.to_string(),
    };
    format!("{scheme}://{host}:{port}{base}")
}

fn route(stack: &Assembly, key: &str, route: &Route) -> Value {
    let api = stack.api();
    let authorization = match route.authorization_type {
        AuthorizationType::None => "NONE",
        AuthorizationType::Custom => "CUSTOM",
        AuthorizationType::AwsIam => "AWS_IAM",
    };
    let id = route.authorizer_id.as_ref();
    let authorizer = id.and_then(|id| api.authorizers.get(id));
    let target = route.target.as_ref();
    let integration = target.and_then(|id| api.integrations.get(id));
    json!({
        "route_key": key,
        "authorization_type": authorization,
        "authorizer": authorizer.map(|authorizer| &authorizer.name),
        "api_key_required": route.api_key_required,
        "integration": integration.map(|one| self::integration(stack, one)),
        "has_response": !route.route_responses.is_empty(),
    })
}

fn integration(stack: &Assembly, integration: &Integration) -> Value {
    let kind = match integration.integration_type {
        IntegrationType::Aws => "AWS",
        IntegrationType::AwsProxy => "AWS_PROXY",
        IntegrationType::Http => "HTTP",
        IntegrationType::HttpProxy => "HTTP_PROXY",
        IntegrationType::Mock => "MOCK",
    };
    let uri = integration.integration_uri.as_deref();
    let uri = uri.map(|uri| with_stage_variables(uri, &stack.api().stage.stage_variables));
    let function = uri.as_deref().and_then(function_arn);
    let mut described = Map::new();
    described.insert("type".to_owned(), kind.into());
    match (function, uri.as_deref().filter(|uri| !uri.is_empty())) {
        (Some(arn), _) => described.insert("function".to_owned(), function_of(stack, arn).into()),
        (None, Some(uri)) => described.insert("uri".to_owned(), uri.into()),
        (None, None) => None,
    };
    if let Some(reason) = &integration.unavailable {
        described.insert("unavailable".to_owned(), reason.as_str().into());
    }
    let templates = integration.request_templates.keys();
    let templates: Vec<&str> = templates.map(String::as_str).collect();
    described.insert("request_templates".to_owned(), templates.into());
    described.into()
}

fn authorizer(stack: &Assembly, authorizer: &Authorizer) -> Value {
    let variables = &stack.api().stage.stage_variables;
    let uri = with_stage_variables(&authorizer.authorizer_uri, variables);
    json!({
        "name": authorizer.name,
        "function": function_arn(&uri).map(|arn| function_of(stack, arn)),
        "identity_source": authorizer.identity_source,
    })
}

/// The logical id of a function; its ARN, if the stack has none.
fn function_of(stack: &Assembly, arn: &str) -> String {
    let is_it = |function: &&Function| {
        let rest = arn.strip_prefix(&*function.arn);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let found = stack.functions().iter().find(is_it);
    found.map_or_else(|| arn.to_owned(), |function| function.logical_id.clone())
}

fn function(function: &Function) -> Value {
    let code = &function.code;
    let path = (code.inline.is_none() && code.unsupported.is_none()).then_some(&code.directory);
    let layers = function.layers.iter();
    let problem = match (&code.unsupported, path) {
        (Some(problem), _) => Some(problem.clone()),
        (None, Some(path)) if !std::path::Path::new(".").join(path).exists() => {
            Some(format!("there is no `{}`", path.display()))
        }
        _ => None,
    };
    json!({
        "logical_id": function.logical_id,
        "name": function.name,
        "is_called": function.is_called,
        "runtime": function.runtime,
        "handler": function.handler,
        "code": {
            "path": path,
            "is_inline": code.inline.is_some(),
            "is_image": code.is_image,
            "build_method": code.build_method,
            "problem": problem,
        },
        "layers": layers.map(|layer| &layer.logical_id).collect::<Vec<_>>(),
    })
}

fn kind(kind: &WarningKind) -> &'static str {
    match kind {
        WarningKind::NoEffect | WarningKind::NotServed { .. } => "no-effect",
        WarningKind::LeftOut => "left-out",
        WarningKind::Suspicious => "suspicious",
        WarningKind::NotPermitted { .. } => "not-permitted",
        WarningKind::Unavailable => "unavailable",
        _ => "other",
    }
}

/// The same for people: a table for each kind of things.
fn text(plan: &Value) -> String {
    let mut out = about(plan);
    let mut section = |heading: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let heading = heading.iter().map(|&name| name.to_owned()).collect();
            out.push('\n');
            out.push_str(&table(&[vec![heading], rows].concat()));
        }
    };
    let rows = |name: &str, row: &dyn Fn(&Value) -> Vec<String>| -> Vec<Vec<String>> {
        let all = plan[name].as_array();
        all.into_iter().flatten().map(row).collect()
    };
    section(
        &["route", "authorization", "integration", "calls"],
        rows("routes", &route_row),
    );
    section(
        &["authorizer", "function", "identity"],
        rows("authorizers", &|one| {
            vec![
                word(&one["name"]),
                word(&one["function"]),
                words(&one["identity_source"]),
            ]
        }),
    );
    section(
        &["function", "runtime", "handler", "code"],
        rows("functions", &function_row),
    );
    section(
        &["table", "name"],
        rows("tables", &|one| {
            vec![word(&one["logical_id"]), word(&one["name"])]
        }),
    );
    section(
        &["event source mapping", "table", "function"],
        rows("event_source_mappings", &|one| {
            vec![
                word(&one["logical_id"]),
                word(&one["table"]),
                word(&one["function"]),
            ]
        }),
    );
    let warnings = rows("warnings", &|one| {
        let [file, message] = [word(&one["file"]), word(&one["message"])];
        vec![format!(
            "{file}:{}:{}: {message}",
            one["line"], one["column"]
        )]
    });
    section(&["warnings"], warnings);
    out.trim_end().to_owned()
}

/// The API itself, and where it would be.
fn about(plan: &Value) -> String {
    let (api, addresses) = (&plan["api"], &plan["addresses"]);
    let stage = match api["is_deployed"] == true {
        true => word(&api["stage"]),
        false => format!("{} (nothing is deployed: 403)", word(&api["stage"])),
    };
    let domains = addresses["custom_domains"].as_array();
    let is_reached = domains.is_some_and(|domains| !domains.is_empty());
    let clients = match api["default_endpoint_is_disabled"] == true && !is_reached {
        true => format!(
            "{} (disabled, without a custom domain: 403)",
            word(&addresses["ws"])
        ),
        false => word(&addresses["ws"]),
    };
    let mut about = vec![
        ("template", word(&plan["template"])),
        ("stack", word(&plan["stack"])),
        ("stage", stage),
        ("routes by", word(&api["route_selection_expression"])),
        ("clients", clients),
        ("@connections", word(&addresses["management"])),
    ];
    about.extend(domains.into_iter().flatten().map(|one| {
        let called = format!("{} with `Host: {}`", word(&one["ws"]), word(&one["host"]));
        ("custom domain", called)
    }));
    let about = about.into_iter().filter(|(_, value)| !value.is_empty());
    let about: Vec<_> = about
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    table(&about)
}

/// Key, authorization, integration and what it calls, of each route.
pub(super) fn routes(stack: &Assembly) -> Vec<Vec<String>> {
    let routes = stack.api().routes.iter();
    let rows = routes.map(|(key, route)| route_row(&self::route(stack, key.as_str(), route)));
    rows.collect()
}

fn route_row(route: &Value) -> Vec<String> {
    let authorization = match &route["authorizer"] {
        Value::Null => word(&route["authorization_type"]),
        name => format!("{} {}", word(&route["authorization_type"]), word(name)),
    };
    let key = match route["api_key_required"] == true {
        true => ", API key",
        false => "",
    };
    let integration = &route["integration"];
    let calls = match &integration["function"] {
        Value::Null => word(&integration["uri"]),
        function => word(function),
    };
    vec![
        word(&route["route_key"]),
        format!("{authorization}{key}"),
        match integration {
            Value::Null if !["$connect", "$disconnect"].contains(&&*word(&route["route_key"])) => {
                "none: Internal server error".to_owned()
            }
            Value::Null => "none".to_owned(),
            integration => word(&integration["type"]),
        },
        calls,
    ]
}

fn function_row(function: &Value) -> Vec<String> {
    let code = &function["code"];
    let place = match &code["problem"] {
        Value::Null if code["is_inline"] == true => "inline".to_owned(),
        Value::Null => word(&code["path"]),
        problem => word(problem),
    };
    let built = match &code["build_method"] {
        Value::Null => String::new(),
        method => format!(", built by {}", word(method)),
    };
    let layers = match words(&function["layers"]) {
        none if none.is_empty() => none,
        layers => format!(", layers {layers}"),
    };
    let called = match function["is_called"] == true {
        true => "",
        false => ", no route calls it",
    };
    let runtime = match code["is_image"] == true {
        true => "image".to_owned(),
        false => word(&function["runtime"]),
    };
    vec![
        word(&function["logical_id"]),
        runtime,
        word(&function["handler"]),
        format!("{place}{built}{layers}{called}"),
    ]
}

/// A text; nothing, if it is none.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn words(value: &Value) -> String {
    let all = value.as_array().into_iter().flatten();
    all.map(word).collect::<Vec<_>>().join(", ")
}

/// Columns as wide as their widest cell; the last one is as wide as it is.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate();
        let padded = cells.map(|(column, cell)| match column + 1 == row.len() {
            true => cell.clone(),
            false => format!("{cell:<0$}", width(column)),
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}
