//! What the kit's own tests share: the pattern's templates, its authorizer, and a random source
//! that is the same every time.

#![allow(dead_code, reason = "every test binary uses its own part")]

use gatespec_conformance::target::functions::ACCEPTED_TOKEN;
use handlers::authorizer::Authorizer;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;
use spec::api::Api;
use spec::handshake::HandshakeRequest;
use spec::http::Headers;
use spec::template::MappingTemplate;

/// The repository's template.yaml.
pub(crate) const TEMPLATE_YAML: &str = include_str!("../../../template.yaml");
/// The mapping template that the original sample's README prints.
pub(crate) const ORIGINAL: &str = include_str!("../../fixtures/original-mapping-template.vtl");

/// The text of the stack's one mapping template: the block behind `application/json: |`, without
/// its indentation.
pub(crate) fn mapping_template_text() -> String {
    let mut lines = TEMPLATE_YAML
        .lines()
        .skip_while(|line| !line.ends_with("application/json: |"));
    let key = lines.next().expect("template.yaml has a mapping template");
    let indent = |line: &str| line.len() - line.trim_start().len();
    let block: Vec<&str> = lines
        .take_while(|line| line.trim().is_empty() || indent(line) > indent(key))
        .collect();
    let margin = indent(block[0]);
    block
        .iter()
        .map(|line| format!("{}\n", line.get(margin..).unwrap_or_default()))
        .collect::<String>()
        .trim_end()
        .to_owned()
        + "\n"
}

pub(crate) fn mapping_template() -> MappingTemplate {
    MappingTemplate::parse(&mapping_template_text()).expect("the stack's mapping template is sound")
}

pub(crate) fn original_template() -> MappingTemplate {
    MappingTemplate::parse(ORIGINAL).expect("the original mapping template has no syntax error")
}

/// The authorizer's event for a handshake with these headers.
pub(crate) fn authorizer_event(headers: &[(String, String)]) -> Value {
    let api = Api::new("$request.body.action", "stage");
    let request = HandshakeRequest {
        method: "GET".to_owned(),
        target: "/stage".to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| (name, value))
            .collect::<Headers>(),
        source_ip: "192.0.2.1".to_owned(),
    };
    spec::event::authorizer(&api, &request, "Root=1-0-0", serde_json::Map::new())
}

/// What the real authorizer returns for an event; `None` for its `Unauthorized`.
pub(crate) fn authorize(event: &Value) -> Option<Value> {
    let authorization = Authorizer::new(ACCEPTED_TOKEN).authorize(event).ok()?;
    Some(serde_json::to_value(authorization).expect("an authorization is JSON"))
}

/// Random, but the same every time: a test that looks for a counterexample must not depend on luck.
pub(crate) fn fixed_rng() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}
