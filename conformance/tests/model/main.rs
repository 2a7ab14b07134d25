//! The specification against a small reference model, under random traffic: many clients, functions
//! that fail, answer late or never, and management calls, also from inside a function's run.
//! Nothing may be lost, doubled, sent to somebody else or sent after the close; time is an
//! argument, so two hours pass at once.
//!
//! `traffic.rs` says what can happen, `reference/` what must come of it, `subject.rs` what does, in
//! the surroundings of `setting.rs`. The same traffic and reference judge the gateway's process:
//! `cli/tests/model`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;
mod setting;
mod subject;
mod traffic;

use proptest::test_runner::{Config, RngAlgorithm};
use proptest_state_machine::{StateMachineTest, prop_state_machine};

use reference::Model;
use subject::Subject;
use traffic::{Leave, Outcome, Step, Traffic};

/// The specification beside the model, with an authorizer or without.
struct Specification<const AUTHORIZER: bool>;

impl<const AUTHORIZER: bool> StateMachineTest for Specification<AUTHORIZER> {
    type SystemUnderTest = Subject;
    type Reference = Traffic<AUTHORIZER>;

    fn init_test(model: &Model) -> Subject {
        Subject::new(&model.shape)
    }

    fn apply(mut subject: Subject, model: &Model, _: Step) -> Subject {
        subject.take(model);
        subject
    }

    fn check_invariants(subject: &Subject, model: &Model) {
        subject.check(model);
    }

    /// Everybody leaves, every function answers: then nothing is left, and nothing is due.
    fn teardown(mut subject: Subject, mut model: Model) {
        let mut last = |model: &mut Model, step: Step| {
            if model.allows(&step) {
                model.take(&step);
                subject.take(model);
                subject.check(model);
            }
        };
        for slot in 0..traffic::SLOTS {
            last(
                &mut model,
                Step::Leave {
                    slot,
                    how: Leave::Lost,
                },
            );
        }
        while !model.running().is_empty() {
            last(
                &mut model,
                Step::Answer {
                    pick: 0,
                    outcome: Outcome::Good,
                },
            );
        }
        subject.finish(&model);
    }
}

// 10,000 sequences, on two cores.
prop_state_machine! {
    #![proptest_config(Config {
        failure_persistence: None,
        max_shrink_iters: 50_000,
        // A third of the time in a debug build is otherwise spent on good random numbers.
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::with_cases(5_000)
    })]

    #[test]
    fn the_specification_does_what_the_model_does(sequential 1..20 => Specification<false>);

    #[test]
    fn so_it_does_behind_an_authorizer(sequential 1..20 => Specification<true>);
}
