//! The access log's lines: one a request, with what was measured.

use super::*;
use crate::api::{AccessLogSettings, RouteSettings};

/// An API that logs in this format, behind the request's id.
fn logging(mut api: Api, format: &str) -> Gateway {
    api.stage.access_log_settings = Some(AccessLogSettings {
        format: format!("$context.requestId {format}"),
        destination_arn: None,
    });
    serving(api)
}

fn millis(millis: u64) -> Timestamp {
    START + std::time::Duration::from_millis(millis)
}

/// The lines that came out, without the ids (each is another one), and the calls that were made.
fn lines(gateway: &mut Gateway, ids: &mut Vec<String>) -> (Vec<String>, Vec<Invocation>) {
    let (mut lines, mut calls) = (Vec::new(), Vec::new());
    for output in outputs(gateway) {
        match output {
            Output::AccessLog(line) => {
                let (id, line) = line.split_once(' ').unwrap();
                assert!(!ids.iter().any(|seen| seen == id), "{id} is there twice");
                ids.push(id.to_owned());
                lines.push(line.to_owned());
            }
            Output::Invoke(call) => calls.push(call),
            _ => {}
        }
    }
    (lines, calls)
}

struct Log {
    gateway: Gateway,
    ids: Vec<String>,
    calls: Vec<Invocation>,
}

impl Log {
    fn new(api: Api, format: &str) -> Self {
        Self {
            gateway: logging(api, format),
            ids: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// What is logged for an input.
    fn after(&mut self, now: u64, input: Input) -> Vec<String> {
        self.gateway.handle_input(millis(now), input);
        let (lines, calls) = lines(&mut self.gateway, &mut self.ids);
        self.calls.extend(calls);
        lines
    }

    /// What is logged when the function that was called first, of those that have not answered,
    /// does.
    fn answered(&mut self, now: u64, outcome: FunctionOutcome) -> Vec<String> {
        let input = Input::CallFinished {
            id: self.calls.remove(0).id,
            outcome: Outcome::Function(outcome),
        };
        self.after(now, input)
    }

    fn returned(&mut self, now: u64, result: &Value) -> Vec<String> {
        self.answered(now, FunctionOutcome::Returned(result.to_string()))
    }

    /// A client that is in at 30 milliseconds: the authorizer took 10, `$connect` 20. Gives the
    /// line.
    fn connected(&mut self) -> Vec<String> {
        assert_eq!(self.after(0, upgrade(ALICE, Some("hello"))), [""; 0]);
        assert_eq!(self.returned(10, &allow()), [""; 0]);
        self.returned(30, &json!({"statusCode": 201}))
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_connections_life_is_a_line_a_request() {
    let format = "$context.eventType $context.routeKey $context.status \
        $context.authorizer.principalId $context.authorizer.token \
        $context.integration.status/$context.integration.integrationStatus \
        $context.integrationLatency=$context.integration.latency $context.authorizer.latency \
        $context.error.message";
    let mut log = Log::new(api(), format);
    assert_eq!(
        log.connected(),
        ["CONNECT $connect 200 me hello 201/200 20=20 10 -"]
    );
    assert_eq!(log.after(40, message(r#"{"action":"echo"}"#)), NOTHING);
    assert_eq!(
        log.returned(47, &json!({"statusCode": 418, "body": "x"})),
        ["MESSAGE echo 200 me hello 418/200 7=7 - -"]
    );
    assert_eq!(
        log.after(50, message(r#"{"action":"dance"}"#)),
        ["MESSAGE - 403 me hello -/- -=- - Forbidden"]
    );
    log.after(60, message(r#"{"action":"echo"}"#));
    let failed = r#"{"errorMessage":"it broke","errorType":"Error"}"#.to_owned();
    assert_eq!(
        log.answered(61, FunctionOutcome::Failed(failed)),
        ["MESSAGE echo 500 me hello -/200 1=1 - Internal server error"]
    );
    let close = Input::PeerClosed {
        peer: ALICE,
        close: None,
    };
    assert_eq!(log.after(70, close), NOTHING);
    assert_eq!(
        log.returned(80, &json!({"statusCode": 200})),
        ["DISCONNECT $disconnect 200 me hello 200/200 10=10 - -"]
    );
}

#[test]
fn a_refused_handshake_says_why() {
    let format = "$context.status $context.error.responseType $context.error.messageString \
        $context.authorizer.status \
        $context.authorize.status $context.authorizer.principalId $context.integration.status";
    let mut log = Log::new(api(), format);
    assert_eq!(
        log.after(0, upgrade(ALICE, None)),
        [r#"401 UNAUTHORIZED "Unauthorized" - - - -"#]
    );
    log.after(0, upgrade(PeerId(2), Some("hello")));
    let deny = json!({"principalId": "you", "policyDocument": {"Statement": []}});
    assert_eq!(
        log.returned(1, &deny),
        [r#"403 ACCESS_DENIED "Forbidden" 200 403 you -"#]
    );
    log.after(0, upgrade(PeerId(3), Some("hello")));
    assert_eq!(
        log.returned(1, &json!("nonsense")),
        ["500 AUTHORIZER_CONFIGURATION_ERROR - 500 - - -"]
    );
    // The integration's own refusal is no error of the gateway's.
    log.after(0, upgrade(PeerId(4), Some("hello")));
    log.returned(1, &allow());
    assert_eq!(
        log.returned(2, &json!({"statusCode": 402})),
        ["402 - - 200 200 me 402"]
    );
    log.after(0, upgrade(PeerId(5), Some("hello")));
    log.returned(1, &allow());
    assert_eq!(
        log.answered(2, FunctionOutcome::NotInvocable("no permission".to_owned())),
        [r#"500 API_CONFIGURATION_ERROR "Internal server error" 200 200 me -"#]
    );
}

#[test]
fn a_time_out_and_a_throttle_have_their_names() {
    let mut api = api();
    let settings = RouteSettings {
        throttling_rate_limit: Some(1.0),
        throttling_burst_limit: Some(1),
    };
    api.stage
        .route_settings
        .insert("echo".parse().unwrap(), settings);
    let mut log = Log::new(
        api,
        "$context.routeKey $context.status $context.error.responseType \
         $context.integration.latency $context.integration.error",
    );
    log.connected();
    assert_eq!(log.after(40, message(r#"{"action":"echo"}"#)), NOTHING);
    assert_eq!(
        log.after(41, message(r#"{"action":"echo"}"#)),
        ["echo 429 THROTTLED - -"]
    );
    log.gateway.handle_timeout(millis(29_040));
    assert_eq!(
        lines(&mut log.gateway, &mut log.ids).0,
        ["echo 504 INTEGRATION_TIMEOUT 29000 the integration timed out"]
    );
}

// A client that leaves while the handshake is under way gets no answer, so there is no status; the
// line is there all the same, and once.
#[test]
fn who_leaves_early_is_logged_too() {
    let gone = |peer| Input::PeerClosed { peer, close: None };
    let mut log = Log::new(api(), "$context.eventType $context.status");
    log.after(0, upgrade(ALICE, Some("hello")));
    assert_eq!(log.after(1, gone(ALICE)), ["CONNECT -"]);
    assert_eq!(log.returned(1, &allow()), NOTHING);
    log.after(2, upgrade(PeerId(2), Some("hello")));
    log.returned(3, &allow());
    assert_eq!(log.after(4, gone(PeerId(2))), NOTHING);
    assert_eq!(log.returned(5, &json!({"statusCode": 200})), ["CONNECT -"]);
    assert_eq!(
        log.returned(6, &json!({"statusCode": 200})),
        ["DISCONNECT 200"]
    );
    log.after(7, upgrade(PeerId(3), Some("hello")));
    log.returned(8, &allow());
    log.after(9, gone(PeerId(3)));
    assert_eq!(log.returned(10, &json!({"statusCode": 500})), ["CONNECT -"]);
    assert!(log.gateway.is_idle());
}

#[test]
fn no_stage_no_line() {
    let mut log = Log::new(api(), "$context.status");
    let Input::Handshake { peer, mut request } = upgrade(ALICE, Some("hello")) else {
        unreachable!()
    };
    request.target = "/nowhere".to_owned();
    assert_eq!(log.after(0, Input::Handshake { peer, request }), NOTHING);
}

#[test]
fn routes_without_integrations_are_logged() {
    let mut api = api();
    api.routes.shift_remove("$connect");
    api.routes.shift_remove("$disconnect");
    let mut log = Log::new(api, "$context.eventType $context.routeKey $context.status");
    assert_eq!(log.after(0, upgrade(ALICE, None)), ["CONNECT $connect 200"]);
    assert_eq!(
        log.after(1, Input::Shutdown),
        ["DISCONNECT $disconnect 200"]
    );
}

#[test]
fn a_bad_format_has_its_place() {
    let mut api = api();
    api.stage.access_log_settings = Some(AccessLogSettings {
        format: "$context.status".to_owned(),
        destination_arn: None,
    });
    let problems = problems(api);
    let places: Vec<_> = problems
        .iter()
        .map(|it| (&it.location, it.property()))
        .collect();
    assert_eq!(places, [(&Location::AccessLogSettings, "Format")]);
}

#[test]
fn the_types_of_keys_and_signatures_are_those_of_gateway_responses() {
    use crate::access_log::{Entry, Format};
    use crate::handshake::Refusal;
    use crate::signature::Rejection;

    let format = Format::parse("$context.error.responseType $context.requestId").unwrap();
    let line = |refusal: &Refusal| {
        let mut entry = Entry::new();
        entry.refused(refusal);
        format.line(&entry)
    };
    for (refusal, expected) in [
        (Refusal::InvalidApiKey, "INVALID_API_KEY"),
        (Refusal::QuotaExceeded, "QUOTA_EXCEEDED"),
        (
            Refusal::Signature(Rejection::Missing),
            "MISSING_AUTHENTICATION_TOKEN",
        ),
        (
            Refusal::Signature(Rejection::UnknownCaller),
            "INVALID_SIGNATURE",
        ),
        (Refusal::AccessDenied("no".to_owned()), "ACCESS_DENIED"),
    ] {
        assert_eq!(line(&refusal), format!("{expected} -"), "{refusal}");
    }
}
