//! The environment variables that Lambda gives to a function, as far as they make sense here.
//!
//! Realises: INTEGRATION-82.

use std::ffi::OsString;
use std::path::Path;

use super::{Surroundings, logs_json};
use crate::runtime::Program;
use stack::Function;

/// Variables of this process that a function gets to see: what finding and debugging programs
/// takes, and nothing else.
const KEPT: [&str; 5] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "RUST_LOG",
    "RUST_BACKTRACE",
];

/// Everything but what differs from process to process.
pub(super) fn of(
    function: &Function,
    program: &Program,
    surroundings: &Surroundings,
) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> = KEPT
        .iter()
        .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
        .collect();
    let root = program.task_root.to_string_lossy();
    let mut set = |name: &str, value: &str| variables.push((name.into(), value.into()));
    set("_HANDLER", &function.handler);
    set("AWS_REGION", &surroundings.region);
    set("AWS_DEFAULT_REGION", &surroundings.region);
    set("AWS_LAMBDA_FUNCTION_NAME", &function.name);
    set(
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        &function.memory_size.to_string(),
    );
    set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    set("AWS_LAMBDA_LOG_GROUP_NAME", &function.log_group);
    set(
        "AWS_LAMBDA_LOG_FORMAT",
        if logs_json(function) { "JSON" } else { "Text" },
    );
    if logs_json(function) {
        set(
            "AWS_LAMBDA_LOG_LEVEL",
            function.log_level.as_deref().unwrap_or("INFO"),
        );
    }
    // Of a role that does not exist; the gateway knows its signatures.
    let credentials = &surroundings.credentials;
    set("AWS_ACCESS_KEY_ID", &credentials.access_key_id);
    set("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key);
    if let Some(token) = &credentials.session_token {
        set("AWS_SESSION_TOKEN", token);
    }
    set("LAMBDA_TASK_ROOT", &root);
    set("LAMBDA_RUNTIME_DIR", &root);
    set("TZ", ":UTC");
    set("LANG", "en_US.UTF-8");
    set("AWS_ENDPOINT_URL_DYNAMODB", &surroundings.dynamodb_url);
    set(
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
        &surroundings.dynamodb_url,
    );
    set(
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
        &surroundings.management_url(),
    );
    set("AWS_ENDPOINT_URL_LAMBDA", &surroundings.lambda_url());
    // Whoever calls another service hears that there is none, instead of calling the internet.
    // aws-lite takes its scheme for every host: with `http`, it cannot call the API's own any more.
    let any = surroundings.lambda_url();
    let any = match program.is_preloaded {
        true => any.replace("http://", "https://"),
        // Not all of the others trust the certificate.
        false => any,
    };
    set("AWS_ENDPOINT_URL", &any);
    for (service, url) in &surroundings.endpoints {
        set(&format!("AWS_ENDPOINT_URL_{service}"), url);
    }
    // Node adds a file to what it trusts; for all others, a file replaces it.
    let trust = &surroundings.trust;
    let mut set = |name: &str, file: &Path| variables.push((name.into(), file.into()));
    set("NODE_EXTRA_CA_CERTS", &trust.authority);
    set("AWS_CA_BUNDLE", &trust.bundle);
    set("REQUESTS_CA_BUNDLE", &trust.bundle);
    set("SSL_CERT_FILE", &trust.bundle);
    variables.extend(program.env.iter().cloned());
    // The template's own come last: a stack that names its endpoints itself means it.
    let home = &surroundings.home;
    let own = function.environment.iter();
    variables.extend(own.map(|(name, value)| {
        let value = match program.is_preloaded {
            true => value.clone(),
            false => home.value(function, name, value),
        };
        (name.into(), value.into())
    }));
    home.preload(&mut variables);
    variables
}
