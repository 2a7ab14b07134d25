//! `gatespec serve` as a process, behind real sockets and with functions' processes, against the same reference model as the specification
//! (`conformance/tests/model`): many clients, functions that fail, answer late or never, and management calls, also from inside a function's
//! run. Nothing may be lost, doubled, sent to somebody else or sent after the close. Time is the gateway's clock, which is moved.
//!
//! `GATESPEC_SEQUENCES` says how many sequences are tried. Not tried here: a clock that nobody looks at, functions that can not be called, and
//! the end of the process (`processes.rs` does), deployments; nor what depends on the order of two clients' messages, which the model does not have.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
#[path = "../../../conformance/tests/model/reference/mod.rs"]
#[expect(
    dead_code,
    reason = "the specification can be asked more than a process"
)]
mod reference;
mod served;
mod subject;
#[path = "../../../conformance/tests/model/traffic.rs"]
mod traffic;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use tokio::runtime::Runtime;

use reference::Model;
use served::Served;
use subject::Subject;
use traffic::{Leave, Outcome, Shape, Step, Traffic};

/// The traffic of the specification's test, as far as it can be had over sockets.
struct OverSockets<const AUTHORIZER: bool>;

impl<const AUTHORIZER: bool> ReferenceStateMachine for OverSockets<AUTHORIZER> {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Traffic::<AUTHORIZER>::init_state()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let steps = Traffic::<AUTHORIZER>::transitions(model);
        steps.prop_map(possible).boxed()
    }

    fn apply(model: Model, step: &Step) -> Model {
        Traffic::<AUTHORIZER>::apply(model, step)
    }

    fn preconditions(model: &Model, step: &Step) -> bool {
        Traffic::<AUTHORIZER>::preconditions(model, step)
    }
}

/// The step, or what comes near to it.
fn possible(step: Step) -> Step {
    match step {
        Step::Wait { millis, .. } => Step::Wait {
            millis,
            woken: true,
        },
        Step::Shutdown => Step::Wait {
            millis: 1,
            woken: true,
        },
        Step::Answer {
            pick,
            outcome: Outcome::NotInvocable,
        } => Step::Answer {
            pick,
            outcome: Outcome::Failed,
        },
        other => other,
    }
}

/// The gateways that serve nobody at the moment, by the routes that they have.
type Gateways = HashMap<[bool; 5], Served>;

fn key(shape: &Shape) -> [bool; 5] {
    [
        shape.authorizer,
        shape.connect,
        shape.disconnect,
        shape.default,
        shape.echoes,
    ]
}

fn run<const AUTHORIZER: bool>() {
    let sequences = std::env::var("GATESPEC_SEQUENCES").ok();
    let sequences = sequences.map_or(150, |count| {
        count.parse().expect("GATESPEC_SEQUENCES is a number")
    });
    let runtime = Runtime::new().unwrap();
    let gateways = RefCell::new(Gateways::new());
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 300,
        max_shrink_time: 60_000,
        ..Config::with_cases(sequences)
    };
    let strategy = OverSockets::<AUTHORIZER>::sequential_strategy(1..20);
    let result = TestRunner::new(config).run(&strategy, |(model, steps, seen)| {
        let shape = model.shape;
        // One that a sequence fails on is not used again.
        let idle = gateways.borrow_mut().remove(&key(&shape));
        let (served, shape) = runtime.block_on(async {
            let served = match idle {
                Some(served) => served,
                None => Served::start(&shape).await,
            };
            let steps = steps.into_iter().inspect(|_| {
                seen.iter().for_each(|seen| {
                    seen.fetch_add(1, Ordering::SeqCst);
                });
            });
            sequence(Subject::new(served), model, steps).await
        });
        gateways.borrow_mut().insert(key(&shape), served);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    runtime.block_on(async {
        for served in gateways.into_inner().into_values() {
            served.stop().await;
        }
    });
}

/// All the steps; then everybody leaves and every function answers, and the gateway is as it was.
async fn sequence(
    mut subject: Subject,
    mut model: Model,
    steps: impl Iterator<Item = Step>,
) -> (Served, Shape) {
    for step in steps {
        model.take(&step);
        subject.take(&model).await;
    }
    for slot in 0..traffic::SLOTS {
        let last = Step::Leave {
            slot,
            how: Leave::Lost,
        };
        if model.allows(&last) {
            model.take(&last);
            subject.take(&model).await;
        }
    }
    while !model.running().is_empty() {
        model.take(&Step::Answer {
            pick: 0,
            outcome: Outcome::Good,
        });
        subject.take(&model).await;
    }
    (subject.finish(&model).await, model.shape)
}

#[test]
fn the_gateway_does_what_the_model_does() {
    run::<false>();
}

#[test]
fn so_it_does_behind_an_authorizer() {
    run::<true>();
}
