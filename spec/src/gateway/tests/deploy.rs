//! Deployments: what changes for what begins, and what goes on as it began.

use std::time::Duration;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::api::{AccessLogSettings, ApiKey, Period, Quota, RouteSettings, UsagePlan};
use crate::compile::CannotDeploy;

const ECHO: &str = r#"{"action":"echo"}"#;
const KEY: &str = "01234567890123456789";

fn compiled(api: Api) -> Arc<CompiledApi> {
    Arc::new(api.compile().unwrap())
}

fn deploy(gateway: &mut Gateway, now: Timestamp, change: impl FnOnce(&mut Api)) {
    let mut api = gateway.api().api().clone();
    change(&mut api);
    gateway.handle_input(now, Input::Deploy(compiled(api)));
    assert_eq!(outputs(gateway), []);
}

fn one_way(api: &mut Api) {
    api.routes["echo"].route_response_selection_expression = None;
}

fn frames(outputs: &[Output]) -> Vec<&str> {
    let frames = outputs.iter().filter_map(|output| match output {
        Output::Send { text, .. } => Some(&**text),
        _ => None,
    });
    frames.collect()
}

// LIFECYCLE-32
#[test]
fn an_answer_is_judged_by_the_rules_of_its_request_and_the_next_message_by_the_new() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    gateway.handle_input(START, message(ECHO));
    let before = invocation(&mut gateway);
    deploy(&mut gateway, START, one_way);
    gateway.handle_input(START, message(ECHO));
    let after = invocation(&mut gateway);
    let reply = json!({"statusCode": 200, "body": "hi"});
    assert_eq!(answer(&mut gateway, START, after.id, &reply), []);
    let outputs = answer(&mut gateway, START, before.id, &reply);
    assert_eq!(frames(&outputs), ["hi"]);
}

#[test]
fn a_call_ends_by_its_own_deadline_and_rules_when_its_route_is_gone() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    gateway.handle_input(START, message(ECHO));
    let call = invocation(&mut gateway);
    deploy(&mut gateway, START, |api| {
        api.routes.shift_remove("echo");
    });
    gateway.handle_timeout(call.deadline);
    let ended = outputs(&mut gateway);
    assert!(frames(&ended)[0].starts_with(r#"{"message": "Endpoint request timed out""#));
    // ROUTE-30
    gateway.handle_input(call.deadline, message(ECHO));
    let forbidden = outputs(&mut gateway);
    assert!(frames(&forbidden)[0].starts_with(r#"{"message": "Forbidden""#));
}

#[test]
fn a_handshake_goes_on_as_it_began() {
    let mut gateway = gateway();
    gateway.handle_input(START, upgrade(ALICE, Some("hello")));
    let authorizer = invocation(&mut gateway);
    deploy(&mut gateway, START, |api| {
        api.routes.shift_remove("$connect");
    });
    let [Output::Invoke(connect)] = &answer(&mut gateway, START, authorizer.id, &allow())[..]
    else {
        panic!("`$connect` is not called")
    };
    let refused = answer(&mut gateway, START, connect.id, &json!({"statusCode": 418}));
    assert!(matches!(&refused[..], [Output::Reject { response, .. }] if response.status == 418));
    gateway.handle_input(START, upgrade(PeerId(2), None));
    assert!(matches!(
        &outputs(&mut gateway)[..],
        [Output::Accept { .. }]
    ));
}

// LIFECYCLE-30
#[test]
fn connections_stay_and_end_by_the_new_rules() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    let old = Arc::downgrade(gateway.api());
    deploy(&mut gateway, START, |api| {
        api.integrations["disconnect"].integration_uri = Some(uri("farewell"));
    });
    assert_eq!(gateway.connections(), 1);
    assert!(
        old.upgrade().is_none(),
        "an open connection holds on to what it began with"
    );
    gateway.handle_input(
        START,
        Input::PeerClosed {
            peer: ALICE,
            close: None,
        },
    );
    assert_eq!(invocation(&mut gateway).function_arn, "farewell");
}

#[test]
fn the_line_in_the_access_log_has_the_format_of_its_request() {
    let format = |format: &str| {
        let format = format!("{format} $context.requestId");
        move |api: &mut Api| {
            api.stage.access_log_settings = Some(AccessLogSettings {
                destination_arn: None,
                format,
            });
        }
    };
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    deploy(&mut gateway, START, format("old"));
    gateway.handle_input(START, message(ECHO));
    let call = invocation(&mut gateway);
    deploy(&mut gateway, START, format("new"));
    let mut logged = answer(&mut gateway, START, call.id, &json!({"statusCode": 200}));
    gateway.handle_input(START, message("{}"));
    logged.extend(outputs(&mut gateway));
    let words = logged.iter().filter_map(|output| match output {
        Output::AccessLog(line) => line.split(' ').next(),
        _ => None,
    });
    assert_eq!(words.collect::<Vec<_>>(), ["old", "new"]);
}

// LIFECYCLE-33
#[test]
fn buckets_are_not_filled_up() {
    let burst = |burst: u32| {
        move |api: &mut Api| {
            let settings = RouteSettings {
                throttling_rate_limit: Some(0.0),
                throttling_burst_limit: Some(burst),
            };
            api.stage
                .route_settings
                .insert("echo".parse().unwrap(), settings);
        }
    };
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    let calls = |gateway: &mut Gateway| {
        let call = |_: &i32| {
            gateway.handle_input(START, message(ECHO));
            matches!(&outputs(gateway)[..], [Output::Invoke(_)])
        };
        (0..9).filter(call).count()
    };
    deploy(&mut gateway, START, burst(3));
    gateway.handle_input(START, message(ECHO));
    invocation(&mut gateway);
    deploy(&mut gateway, START, burst(2));
    assert_eq!(calls(&mut gateway), 2);
    deploy(&mut gateway, START, burst(9));
    assert_eq!(calls(&mut gateway), 0);
    // What was not limited begins with a full bucket.
    deploy(&mut gateway, START, |api| api.stage.route_settings.clear());
    deploy(&mut gateway, START, burst(1));
    assert_eq!(calls(&mut gateway), 1);
}

fn keyed() -> Api {
    let mut api = api();
    api.routes["$connect"].api_key_required = true;
    let key = ApiKey {
        name: "key".to_owned(),
        value: KEY.to_owned(),
        enabled: true,
    };
    api.api_keys.insert("id".to_owned(), key);
    let plan = UsagePlan {
        api_keys: vec!["id".to_owned()],
        rate_limit: Some(1.0),
        burst_limit: Some(2),
        quota: Some(Quota {
            limit: 3,
            offset: 0,
            period: Period::Day,
        }),
        ..UsagePlan::default()
    };
    api.usage_plans.insert("plan".to_owned(), plan);
    api
}

// LIFECYCLE-33
#[test]
fn quotas_go_on() {
    let mut gateway = serving(keyed());
    let mut knock = |second: u64, change: fn(&mut Api)| {
        let now = START + Duration::from_secs(second);
        deploy(&mut gateway, now, change);
        let peer = PeerId(second);
        gateway.handle_input(now, with_key(upgrade(peer, Some("hello"))));
        let authorizer = invocation(&mut gateway);
        match &answer(&mut gateway, now, authorizer.id, &allow())[..] {
            [Output::Invoke(_)] => 200,
            [Output::Reject { response, .. }] => response.status,
            other => panic!("{other:?}"),
        }
    };
    let value = |api: &mut Api| api.api_keys["id"].value.push('x');
    assert_eq!([0, 2, 4].map(|second| knock(second, |_| ())), [200; 3]);
    assert_eq!(knock(6, |_| ()), 429);
    // Another value is still the same key, which has used its quota.
    assert_eq!(knock(8, value), 403);
    assert_eq!(
        knock(10, |api| api.api_keys["id"].value = KEY.to_owned()),
        429
    );
    // A higher limit counts what was used.
    let limit = |api: &mut Api| api.usage_plans["plan"].quota.as_mut().unwrap().limit = 4;
    assert_eq!(knock(12, limit), 200);
    assert_eq!(knock(14, limit), 429);
    // Another plan counts for itself.
    let plan = |api: &mut Api| {
        let plan = api.usage_plans.shift_remove("plan").unwrap();
        api.usage_plans.insert("other".to_owned(), plan);
    };
    assert_eq!(knock(16, plan), 200);
}

fn with_key(input: Input) -> Input {
    let Input::Handshake { peer, mut request } = input else {
        panic!("no handshake")
    };
    request.headers.push("x-api-key", KEY);
    Input::Handshake { peer, request }
}

#[rstest]
#[case("stage", |api: &mut Api| api.stage.stage_name = "other".to_owned(), "stage", "other")]
#[case("API id", |api: &mut Api| api.api_id = "other".to_owned(), "local00000", "other")]
#[case("Region", |api: &mut Api| api.region = "eu-west-1".to_owned(), "us-east-1", "eu-west-1")]
fn another_api_is_not_deployed(
    #[case] what: &'static str,
    #[case] change: fn(&mut Api),
    #[case] from: &str,
    #[case] to: &str,
) {
    let mut gateway = gateway();
    let mut other = api();
    change(&mut other);
    let other = compiled(other);
    let error = other.can_follow(gateway.api()).unwrap_err();
    let (from, to) = (from.to_owned(), to.to_owned());
    assert_eq!(error, CannotDeploy { what, from, to });
    let before = Arc::clone(gateway.api());
    gateway.handle_input(START, Input::Deploy(other));
    assert!(Arc::ptr_eq(gateway.api(), &before));
}

/// Something that happens; calls are picked among those that are under way.
#[derive(Clone, Debug)]
enum Step {
    Knock(usize, bool),
    Say(usize, &'static str),
    Answer(usize, Option<&'static str>),
    Leave(usize),
    Post(usize),
    Wait(u64),
    Shutdown,
}

fn step() -> impl Strategy<Value = Step> {
    let result = prop_oneof![
        4 => Just(Some(r#"{"statusCode": 200, "body": "hi"}"#)),
        6 => Just(Some(ALLOW)),
        1 => Just(Some("[]")),
        1 => Just(None),
    ];
    let text = prop::sample::select(vec![ECHO, r#"{"action":"other"}"#, "hi"]);
    prop_oneof![
        6 => (0..4_usize, prop::bool::weighted(0.9)).prop_map(|(peer, key)| Step::Knock(peer, key)),
        6 => (0..4_usize, text).prop_map(|(peer, text)| Step::Say(peer, text)),
        12 => (0..3_usize, result).prop_map(|(pick, result)| Step::Answer(pick, result)),
        2 => (0..4_usize).prop_map(Step::Leave),
        1 => (0..4_usize).prop_map(Step::Post),
        3 => prop::sample::select(vec![1, 400, 10_000, 29_000, 600_000, 86_400_000])
            .prop_map(Step::Wait),
        1 => Just(Step::Shutdown),
    ]
}

/// Both what an authorizer and what an integration may answer.
const ALLOW: &str = r#"{"statusCode": 200, "principalId": "me", "policyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}"#;

/// A gateway on its way through some steps.
struct Course {
    gateway: Gateway,
    now: Timestamp,
    /// Under way.
    calls: Vec<CallId>,
    /// By slot.
    peers: [PeerId; 4],
    /// Of connections, some of them several times.
    ids: Vec<String>,
    seen: Vec<Output>,
}

impl Course {
    fn new() -> Self {
        let mut api = keyed();
        if let Some(quota) = &mut api.usage_plans["plan"].quota {
            quota.limit = 1;
        }
        api.stage.access_log_settings = Some(AccessLogSettings {
            destination_arn: None,
            format: "$context.requestId $context.status $context.integration.latency".to_owned(),
        });
        api.stage.default_route_settings = RouteSettings {
            throttling_rate_limit: Some(0.5),
            throttling_burst_limit: Some(4),
        };
        Self {
            gateway: serving(api),
            now: START,
            calls: Vec::new(),
            peers: [PeerId(0); 4],
            ids: Vec::new(),
            seen: Vec::new(),
        }
    }

    fn deploy(&mut self) {
        let api = self.gateway.api().api().clone();
        let input = Input::Deploy(compiled(api));
        self.gateway.handle_input(self.now, input);
    }

    fn take(&mut self, number: u64, step: &Step) {
        if let Step::Wait(millis) = step {
            self.now = self.now + Duration::from_millis(*millis);
            self.gateway.handle_timeout(self.now);
        } else if let Some(input) = self.input(number, step) {
            self.gateway.handle_input(self.now, input);
        }
        while let Some(output) = self.gateway.poll_output() {
            match &output {
                Output::Invoke(invocation) => self.calls.push(invocation.id),
                Output::Decision(decision) => self.ids.push(decision.connection_id.clone()),
                _ => {}
            }
            self.seen.push(output);
        }
    }

    fn input(&mut self, number: u64, step: &Step) -> Option<Input> {
        Some(match step {
            Step::Knock(slot, key) => {
                let peer = PeerId(number + 1);
                self.peers[*slot] = peer;
                let plain = upgrade(peer, Some("hello"));
                if *key { with_key(plain) } else { plain }
            }
            Step::Say(slot, text) => Input::Message {
                peer: self.peers[*slot],
                text: (*text).to_owned(),
            },
            Step::Answer(pick, result) => {
                let at = pick.checked_rem(self.calls.len())?;
                let outcome = result.map_or(Outcome::TimedOut, |result| {
                    FunctionOutcome::Returned(result.to_owned()).into()
                });
                let id = self.calls.remove(at);
                Input::CallFinished { id, outcome }
            }
            Step::Leave(slot) => Input::PeerClosed {
                peer: self.peers[*slot],
                close: None,
            },
            Step::Post(pick) => Input::Management {
                id: ManagementId(number),
                request: ManagementRequest {
                    method: "POST".to_owned(),
                    path: format!("/stage/@connections/{}", self.ids.get(*pick)?),
                    ..ManagementRequest::default()
                },
            },
            Step::Wait(_) => return None,
            Step::Shutdown => Input::Shutdown,
        })
    }
}

/// All that comes out, the reasons too, of a gateway that is deployed anew where `deploys` says so
/// of a step.
fn course(steps: &[(Step, bool)], deploys: impl Fn(bool) -> bool) -> Vec<Output> {
    let mut course = Course::new();
    for (number, (step, deploy)) in (0..).zip(steps) {
        if deploys(*deploy) {
            course.deploy();
        }
        course.take(number, step);
    }
    course.seen
}

proptest! {
    // Deployments of the same rules are not to be seen, whatever is under way.
    #[test]
    fn the_same_rules_again_change_nothing(
        steps in prop::collection::vec((step(), any::<bool>()), 1..60),
    ) {
        prop_assert_eq!(course(&steps, |deploy| deploy), course(&steps, |_| false));
    }
}
