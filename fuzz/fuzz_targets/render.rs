//! Any text as a mapping template, rendered with any text as the message: no crash, no hang, no
//! unbounded memory, and errors whose locations are inside the template.
//!
//! The input is the template, a line of `---`, and the message.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use spec::template::{MappingTemplate, Scope, Variables};

static CONTEXT: LazyLock<Variables> = LazyLock::new(|| {
    let context = json!({
        "routeKey": "sendmessage",
        "authorizer": {"principalId": "me", "token": "hello"},
        "connectionId": "R1kmxc2VNjMCFIA=",
        "requestTimeEpoch": 1_705_751_700_453_u64,
        "identity": {"sourceIp": "192.0.2.1"},
    });
    context.as_object().map(Variables::from).unwrap_or_default()
});

fuzz_target!(|input: &str| {
    let (source, body) = input.split_once("\n---\n").unwrap_or((input, r#"{"a": [1, "b", null]}"#));
    let template = match MappingTemplate::parse(source) {
        Ok(template) => template,
        Err(error) => {
            assert!(error.span().end <= source.len(), "{error:?}");
            error.with_source("fuzz", source);
            return;
        }
    };
    match template.render(&Scope::new(body, &CONTEXT)) {
        Ok(_) => {}
        Err(error) => {
            error.with_source("fuzz", source);
        }
    }
});
