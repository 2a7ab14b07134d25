use proptest::prelude::*;
use serde_json::json;
use stack::StartingPosition;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_000_000);

fn mapping() -> EventSourceMapping {
    EventSourceMapping {
        logical_id: "M".to_owned(),
        function_arn: String::new(),
        table: String::new(),
        event_source_arn: String::new(),
        starting_position: StartingPosition::Latest,
        batch_size: 3,
        batching_window: Duration::ZERO,
        retries: None,
        record_age: None,
        bisect: false,
        reports_item_failures: false,
        filters: Vec::new(),
    }
}

fn records(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Record> {
    numbers.map(|number| Record {
        sequence_number: number.to_string(),
        created: START,
        event: format!("{{\"n\":{number}}}"),
    })
}

fn numbers(records: &[Record]) -> Vec<usize> {
    let numbers = records.iter().map(|record| &record.sequence_number);
    numbers
        .map(|number| number.parse().expect("a number"))
        .collect()
}

fn returned(text: &str) -> FunctionOutcome {
    FunctionOutcome::Returned(text.to_owned())
}

fn failed() -> FunctionOutcome {
    FunctionOutcome::Failed("{}".to_owned())
}

fn refused() -> FunctionOutcome {
    FunctionOutcome::NotInvocable("it is busy".to_owned())
}

fn fails_at(number: usize) -> FunctionOutcome {
    let failures = json!([{"itemIdentifier": number.to_string()}]);
    returned(&json!({"batchItemFailures": failures}).to_string())
}

/// The numbers of the records that the function is called with.
fn invoked(machine: &mut Machine, now: Timestamp) -> Vec<usize> {
    match machine.step(now) {
        Step::Invoke(records) => numbers(&records),
        other => panic!("a call, not {other:?}"),
    }
}

#[test]
fn a_batch_is_full_or_has_waited_for_its_window() {
    let mut machine = Machine::new(EventSourceMapping {
        batching_window: Duration::from_secs(5),
        ..mapping()
    });
    assert_eq!(machine.step(START), Step::Wait(None));
    machine.push(START, records(0..1));
    let due = START + Duration::from_secs(5);
    assert_eq!(machine.step(START), Step::Wait(Some(due)));
    machine.push(START + Duration::from_secs(4), records(1..2));
    assert_eq!(machine.step(START), Step::Wait(Some(due)));
    assert_eq!(machine.wanted(), 1);
    assert_eq!(invoked(&mut machine, due), [0, 1]);
    assert_eq!(machine.finished(due, &returned("null")), Ended::Done);
    // A full one does not wait.
    machine.push(due, records(2..5));
    assert_eq!(invoked(&mut machine, due), [2, 3, 4]);
    // One batch at a time, and the next window begins behind it.
    machine.push(due, records(5..7));
    assert_eq!(machine.step(due), Step::Wait(None));
    let later = due + Duration::from_secs(60);
    machine.finished(later, &returned("null"));
    let due = later + Duration::from_secs(5);
    assert_eq!(machine.step(later), Step::Wait(Some(due)));
}

#[test]
fn a_batch_is_an_event_of_six_megabytes_at_most() {
    let mut machine = Machine::new(EventSourceMapping {
        batch_size: 100,
        ..mapping()
    });
    let large = |record: Record| Record {
        event: "x".repeat(2_000_000),
        ..record
    };
    machine.push(START, records(0..5).map(large));
    assert_eq!(machine.wanted(), 0);
    assert_eq!(invoked(&mut machine, START), [0, 1, 2]);
    let Some(batch) = &machine.at_work else {
        panic!("it works");
    };
    assert!(event(&batch.records).len() <= EVENT_BYTES);
}

#[test]
fn a_failed_batch_rests_longer_each_time_and_blocks_what_is_behind() {
    let mut machine = Machine::new(EventSourceMapping {
        retries: Some(8),
        ..mapping()
    });
    machine.push(START, records(0..5));
    let mut now = START;
    let mut rests = Vec::new();
    loop {
        assert_eq!(invoked(&mut machine, now), [0, 1, 2]);
        match machine.finished(now, &failed()) {
            Ended::Again(rest) => {
                rests.push(rest.as_secs());
                assert_eq!(machine.step(now), Step::Wait(Some(now + rest)));
                now = now + rest;
            }
            ended => {
                assert_eq!(ended, Ended::GivenUp(3));
                break;
            }
        }
    }
    assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(invoked(&mut machine, now), [3, 4]);
}

#[test]
fn records_that_are_too_old_are_given_up() {
    let mut machine = Machine::new(EventSourceMapping {
        record_age: Some(Duration::from_secs(60)),
        ..mapping()
    });
    machine.push(START, records(0..5));
    invoked(&mut machine, START);
    machine.finished(START, &failed());
    let at_most = START + Duration::from_secs(60);
    let later = at_most + Duration::from_millis(1);
    machine.push(
        later,
        records(5..6).map(|record| Record {
            created: later,
            ..record
        }),
    );
    assert_eq!(machine.step(later), Step::TooOld(5));
    assert_eq!(invoked(&mut machine, later), [5]);
    // A stream has them for a day.
    let mut machine = Machine::new(mapping());
    machine.push(START, records(0..1));
    let day = START + RETENTION;
    assert_eq!(
        machine.step(day + Duration::from_millis(1)),
        Step::TooOld(1)
    );
}

#[test]
fn what_a_function_reports_is_tried_again_from_there_on() {
    let reports = EventSourceMapping {
        reports_item_failures: true,
        retries: Some(1),
        ..mapping()
    };
    let item = |name: &str| json!({"batchItemFailures": [{"itemIdentifier": name}]});
    let again = Ended::Again(FIRST_REST);
    for (answer, expected) in [
        (json!(null), Ended::Done),
        (json!({}), Ended::Done),
        (json!("done"), Ended::Done),
        (json!({"batchItemFailures": []}), Ended::Done),
        (json!({"batchItemFailures": null}), Ended::Done),
        (item("2"), Ended::Partly(2)),
        (item("0"), again.clone()),
        (item(""), again.clone()),
        (item("7"), again.clone()),
        (
            json!({"batchItemFailures": [{"itemIdentifier": null}]}),
            again.clone(),
        ),
        (json!({"batchItemFailures": [{"id": "1"}]}), again.clone()),
        (
            json!({"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "1"}]}),
            Ended::Partly(1),
        ),
    ] {
        let mut machine = Machine::new(reports.clone());
        machine.push(START, records(0..3));
        invoked(&mut machine, START);
        let ended = machine.finished(START, &returned(&answer.to_string()));
        assert_eq!(ended, expected, "{answer}");
    }
    // Unless it is asked to, nobody reads what it reports.
    let mut machine = Machine::new(mapping());
    machine.push(START, records(0..3));
    invoked(&mut machine, START);
    assert_eq!(machine.finished(START, &fails_at(1)), Ended::Done);
}

// As for a function that is throttled:
// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>
#[test]
fn a_call_that_was_not_made_is_no_retry() {
    let mut machine = Machine::new(EventSourceMapping {
        retries: Some(0),
        bisect: true,
        ..mapping()
    });
    machine.push(START, records(0..2));
    let mut now = START;
    for rest in [1, 2, 4] {
        assert_eq!(invoked(&mut machine, now), [0, 1]);
        let rest = Duration::from_secs(rest);
        assert_eq!(machine.finished(now, &refused()), Ended::Again(rest));
        now = now + rest;
    }
    assert_eq!(invoked(&mut machine, now), [0, 1]);
    assert_eq!(machine.finished(now, &failed()), Ended::Split);
    assert_eq!(invoked(&mut machine, now), [0]);
    assert_eq!(machine.finished(now, &failed()), Ended::GivenUp(1));
}

/// All calls until nothing is left, with the numbers of their records and what they came to; `answer`
/// is the function.
fn run(
    machine: &mut Machine,
    count: usize,
    mut answer: impl FnMut(&[usize]) -> FunctionOutcome,
) -> Vec<(Vec<usize>, Ended)> {
    let (mut now, mut next) = (START, 0);
    let mut calls = Vec::new();
    loop {
        let read = machine.wanted().min(count - next);
        machine.push(now, records(next..next + read));
        next += read;
        match machine.step(now) {
            Step::Invoke(records) => {
                let numbers = numbers(&records);
                let ended = machine.finished(now, &answer(&numbers));
                calls.push((numbers, ended));
            }
            Step::Wait(Some(at)) => now = at,
            Step::Wait(None) if next == count => return calls,
            other => panic!("{other:?}"),
        }
    }
}

/// What a function makes of a call.
#[derive(Clone, Copy, Debug)]
enum Makes {
    Success,
    Failure,
    /// The function is not called, such as for its reserved concurrency.
    Refusal,
    /// A report that names the record at this position, if there is one.
    Report(usize),
}

fn makes() -> impl Strategy<Value = Makes> {
    prop_oneof![
        Just(Makes::Success),
        Just(Makes::Failure),
        Just(Makes::Refusal),
        (0_usize..6).prop_map(Makes::Report),
    ]
}

prop_compose! {
    fn settings()(
        batch_size in 1_usize..7,
        retries in prop::option::of(0_u64..3),
        bisect: bool,
        reports_item_failures: bool,
        window in 0_u64..3,
    ) -> EventSourceMapping {
        EventSourceMapping {
            batch_size,
            retries,
            bisect,
            reports_item_failures,
            batching_window: Duration::from_secs(window),
            ..mapping()
        }
    }
}

proptest! {
    // Nothing is lost, nothing is settled twice, and the order is the stream's.
    #[test]
    fn each_call_begins_with_the_first_record_that_is_not_settled(
        settings in settings(),
        count in 0_usize..25,
        script in prop::collection::vec(makes(), 0..30),
    ) {
        let mut script = script.into_iter();
        let mut machine = Machine::new(settings.clone());
        let calls = run(&mut machine, count, |numbers| match script.next() {
            Some(Makes::Failure) => failed(),
            Some(Makes::Refusal) => refused(),
            Some(Makes::Report(position)) if position < numbers.len() => fails_at(numbers[position]),
            _ => returned("null"),
        });
        let mut settled = 0;
        for (numbers, ended) in calls {
            prop_assert!(numbers.len() <= settings.batch_size);
            let expected: Vec<usize> = (settled..settled + numbers.len()).collect();
            prop_assert_eq!(&numbers, &expected);
            settled += match ended {
                Ended::Done | Ended::GivenUp(_) => numbers.len(),
                Ended::Partly(done) => done,
                Ended::Split | Ended::Again(_) => 0,
            };
        }
        prop_assert_eq!(settled, count);
    }

    // Halving finds the records that fail: each of them is tried once more than there are retries,
    // alone, and all others are done.
    #[test]
    fn halving_gives_up_the_bad_records_alone(
        batch_size in 1_usize..9,
        retries in 0_u64..4,
        bad in prop::collection::hash_set(0_usize..20, 0..5),
    ) {
        let settings = EventSourceMapping {
            batch_size,
            retries: Some(retries),
            bisect: true,
            ..mapping()
        };
        let mut machine = Machine::new(settings);
        let calls = run(&mut machine, 20, |numbers| {
            match numbers.iter().any(|number| bad.contains(number)) {
                true => failed(),
                false => returned("null"),
            }
        });
        for number in 0..20 {
            let alone = calls.iter().filter(|(numbers, _)| *numbers == [number]);
            let done = calls
                .iter()
                .any(|(numbers, ended)| numbers.contains(&number) && *ended == Ended::Done);
            prop_assert_eq!(done, !bad.contains(&number));
            if bad.contains(&number) {
                prop_assert_eq!(alone.count() as u64, retries + 1);
            }
        }
    }

    // Without halving, a batch that fails is called with the same records once more than there are
    // retries.
    #[test]
    fn a_batch_that_always_fails_is_called_as_often_as_it_may_be(
        batch_size in 1_usize..7,
        retries in 0_u64..4,
        count in 0_usize..15,
    ) {
        let settings = EventSourceMapping {
            batch_size,
            retries: Some(retries),
            ..mapping()
        };
        let calls = run(&mut Machine::new(settings), count, |_| failed());
        let numbers: Vec<Vec<usize>> = calls.into_iter().map(|(numbers, _)| numbers).collect();
        let all: Vec<usize> = (0..count).collect();
        let expected: Vec<Vec<usize>> = all
            .chunks(batch_size)
            .flat_map(|batch| (0..=retries).map(|_| batch.to_vec()))
            .collect();
        prop_assert_eq!(numbers, expected);
    }
}
