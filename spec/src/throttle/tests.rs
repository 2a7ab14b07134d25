use super::*;
use crate::api::{Route, RouteSettings};
use proptest::prelude::*;

const START: u64 = 1_705_751_697_419;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(START + millis)
}

fn key(text: &str) -> RouteKey {
    text.parse().unwrap()
}

fn settings(rate: Option<f64>, burst: Option<u32>) -> RouteSettings {
    RouteSettings {
        throttling_rate_limit: rate,
        throttling_burst_limit: burst,
    }
}

#[test]
fn a_burst_then_the_rate() {
    let mut bucket = Bucket::new(Limit {
        rate: 2.0,
        burst: 3,
    });
    let mut taken = |millis, times: usize| (0..times).filter(|_| bucket.take(at(millis))).count();
    assert_eq!(taken(0, 10), 3);
    assert_eq!(taken(499, 10), 0);
    assert_eq!(taken(500, 10), 1);
    assert_eq!(taken(1_500, 10), 2);
    assert_eq!(taken(60_000, 10), 3);
}

#[test]
fn a_slow_rate_is_exact() {
    let mut bucket = Bucket::new(Limit {
        rate: 0.1,
        burst: 1,
    });
    assert!(bucket.take(at(0)));
    assert!(!bucket.take(at(9_999)));
    assert!(bucket.take(at(10_000)));
}

#[test]
fn a_route_has_its_own_bucket_with_its_own_settings_or_the_stages() {
    let mut api = Api::new("$request.body.action", "stage");
    for key in ["a", "b", "c", "d", "e"] {
        api.routes.insert(key.parse().unwrap(), Route::default());
    }
    api.stage.default_route_settings = settings(Some(0.0), Some(2));
    let own = &mut api.stage.route_settings;
    own.insert(key("b"), settings(None, Some(4)));
    own.insert(key("c"), settings(None, Some(0)));
    own.insert(key("e"), settings(None, None));
    let mut throttle = Throttle::new(&api, AccountLimits::default());
    let mut taken = |text| {
        (0..9)
            .filter(|_| throttle.take(at(0), Some(&key(text))).is_ok())
            .count()
    };
    let counts = ["a", "b", "c", "d", "e", "no route"].map(&mut taken);
    assert_eq!(counts, [2, 4, 0, 2, 9, 9]);
}

#[test]
fn nothing_set_leaves_the_accounts_limit() {
    let mut api = Api::new("$request.body.action", "stage");
    api.routes.insert(key("a"), Route::default());
    let mut throttle = Throttle::new(&api, AccountLimits::default());
    for n in 0..5_000 {
        assert_eq!(throttle.take(at(0), Some(&key("a"))), Ok(()), "{n}");
    }
    assert_eq!(
        throttle.take(at(0), Some(&key("a"))),
        Err(Throttled::Account)
    );
    assert_eq!(throttle.take(at(1), None), Ok(()));
}

fn limits() -> impl Strategy<Value = Limit> {
    let rate = prop_oneof![
        0.0..50.0,
        Just(0.0),
        Just(0.001),
        Just(1e12),
        Just(f64::NAN)
    ];
    (rate, 0..20_u32).prop_map(|(rate, burst)| Limit { rate, burst })
}

proptest! {
    // In any window of time: at most the burst and what the rate gives meanwhile.
    #[test]
    fn no_window_has_more_than_burst_and_rate(
        limit in limits(),
        steps in prop::collection::vec(0..400_u64, 1..80),
    ) {
        let mut bucket = Bucket::new(limit);
        let mut now = 0;
        let mut taken = Vec::new();
        for step in steps {
            now += step;
            if bucket.take(at(now)) {
                taken.push(now);
            }
        }
        for (first, from) in taken.iter().enumerate() {
            for (last, to) in taken.iter().enumerate().skip(first) {
                let count = u128::from((last - first + 1) as u64 * TOKEN);
                let gained = u128::from(bucket.per_millisecond) * u128::from(to - from);
                prop_assert!(count <= u128::from(bucket.capacity) + gained);
            }
        }
    }

    // A token is refused only where the burst is used up: a client that waits for one token's
    // time gets one.
    #[test]
    fn patience_is_always_served(
        rate in 0.01..50.0_f64,
        burst in 1..20_u32,
        tries in 0..200_usize,
    ) {
        let mut bucket = Bucket::new(Limit { rate, burst });
        let taken = (0..tries).filter(|_| bucket.take(at(0))).count();
        prop_assert_eq!(taken, tries.min(burst as usize));
        let wait = TOKEN.div_ceil(bucket.per_millisecond);
        prop_assert!(bucket.take(at(wait)));
    }

    // Looking on the way changes nothing, and neither does the order of the looks.
    #[test]
    fn only_the_latest_time_counts(
        limit in limits(),
        taken in 0..20_usize,
        looks in prop::collection::vec(0..5_000_u64, 1..20),
    ) {
        let mut once = Bucket::new(limit);
        let _ = (0..taken).filter(|_| once.take(at(0))).count();
        let mut often = once;
        for look in &looks {
            often.refill(at(*look));
        }
        once.refill(at(looks.iter().copied().max().unwrap_or_default()));
        prop_assert_eq!(often, once);
    }

    // The requests that pass do not depend on the order in which equally late ones come, nor on
    // time that runs backwards.
    #[test]
    fn totals_do_not_depend_on_order(
        limit in limits(),
        mut times in prop::collection::vec(0..3_000_u64, 1..60),
        last in 3_000..5_000_u64,
    ) {
        let total = |times: &[u64]| {
            let mut bucket = Bucket::new(limit);
            // The latest first: all the others come late.
            bucket.refill(at(last));
            times.iter().filter(|time| bucket.take(at(**time))).count()
        };
        let before = total(&times);
        times.reverse();
        prop_assert_eq!(total(&times), before);
        prop_assert_eq!(before, times.len().min(limit.burst as usize));
    }
}
