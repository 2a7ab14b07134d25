use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::api::{ApiKey, UsagePlan};
use crate::http::Headers;

/// 2024-01-20T11:54:57.419Z, a Saturday.
const START: u64 = 1_705_751_697_419;
const DAY: u64 = 86_400_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(START + millis)
}

fn quota(limit: u64, offset: u8, period: Period) -> Quota {
    Quota {
        limit,
        offset,
        period,
    }
}

/// A key of each sort: in the plan, not enabled, in no plan.
fn api(plan: UsagePlan) -> Api {
    let mut api = Api::new("$request.body.action", "stage");
    for (id, enabled) in [("good", true), ("off", false), ("loose", true)] {
        let key = ApiKey {
            name: format!("{id} key"),
            value: format!("value-of-{id}"),
            enabled,
        };
        api.api_keys.insert(id.to_owned(), key);
    }
    let api_keys = vec!["good".to_owned(), "off".to_owned()];
    let plan = UsagePlan { api_keys, ..plan };
    api.usage_plans.insert("plan".to_owned(), plan);
    api
}

fn request(key: Option<&str>) -> HandshakeRequest {
    HandshakeRequest {
        headers: key
            .map(|key| ("X-API-Key", key))
            .into_iter()
            .collect::<Headers>(),
        ..HandshakeRequest::default()
    }
}

fn admit(usage: &mut Usage, now: Timestamp, key: &str) -> Result<UsedKey, KeyRefusal> {
    usage.admit(now, KeySource::Header, &request(Some(key)), None)
}

#[rstest]
#[case(Some("value-of-good"), Ok("good"))]
#[case(None, Err("the header `x-api-key` is missing"))]
#[case(Some(""), Err("the header `x-api-key` is missing"))]
#[case(Some("Value-of-good"), Err("no API key has this value"))]
#[case(Some("value-of-off"), Err("the API key `off key` is not enabled"))]
#[case(
    Some("value-of-loose"),
    Err("the API key `loose key` is in no usage plan of the stage")
)]
fn a_key_opens_or_is_forbidden(#[case] key: Option<&str>, #[case] expected: Result<&str, &str>) {
    let mut usage = Usage::new(&api(UsagePlan::default()));
    let judged = usage.admit(
        at(0),
        KeySource::Header,
        &request(key),
        Some("value-of-good"),
    );
    if let Err(refused) = &judged {
        assert_eq!(refused.refusal(), Refusal::InvalidApiKey);
    }
    let judged = judged
        .map(|key| key.id)
        .map_err(|refused| refused.to_string());
    assert_eq!(judged, expected.map(str::to_owned).map_err(str::to_owned));
}

#[test]
fn the_key_may_come_from_the_authorizer_and_then_comes_from_nowhere_else() {
    let mut usage = Usage::new(&api(UsagePlan::default()));
    let with_header = request(Some("value-of-good"));
    let given = usage.admit(
        at(0),
        KeySource::Authorizer,
        &request(None),
        Some("value-of-good"),
    );
    assert_eq!(given.map(|key| key.id), Ok("good".to_owned()));
    assert_eq!(
        usage.admit(at(0), KeySource::Authorizer, &with_header, None),
        Err(KeyRefusal::Missing(KeySource::Authorizer))
    );
}

#[test]
fn a_plan_throttles_each_key() {
    let plan = UsagePlan {
        rate_limit: Some(0.5),
        burst_limit: Some(2),
        ..UsagePlan::default()
    };
    let mut api = api(plan);
    api.api_keys["off"].enabled = true;
    let mut usage = Usage::new(&api);
    for _ in 0..2 {
        assert!(admit(&mut usage, at(0), "value-of-good").is_ok());
    }
    let refused = admit(&mut usage, at(1_999), "value-of-good").unwrap_err();
    assert_eq!(refused.refusal(), Refusal::TooManyRequests);
    assert!(admit(&mut usage, at(1_999), "value-of-off").is_ok());
    assert!(admit(&mut usage, at(2_000), "value-of-good").is_ok());
}

#[test]
fn a_quota_is_used_up_until_its_period_ends() {
    let plan = UsagePlan {
        quota: Some(quota(2, 0, Period::Day)),
        ..UsagePlan::default()
    };
    let mut usage = Usage::new(&api(plan));
    let midnight = DAY - START % DAY;
    for _ in 0..2 {
        assert!(admit(&mut usage, at(0), "value-of-good").is_ok());
    }
    let refused = admit(&mut usage, at(midnight - 1), "value-of-good").unwrap_err();
    assert_eq!(refused.refusal(), Refusal::QuotaExceeded);
    assert_eq!(
        refused.to_string(),
        "the API key `good key` has used its 2 requests of the day"
    );
    assert!(admit(&mut usage, at(midnight), "value-of-good").is_ok());
    // Time that runs backwards opens no old period again.
    assert!(admit(&mut usage, at(0), "value-of-good").is_ok());
    assert!(admit(&mut usage, at(midnight), "value-of-good").is_err());
}

#[test]
fn what_the_throttle_refuses_is_not_counted() {
    let plan = UsagePlan {
        rate_limit: Some(1.0),
        burst_limit: Some(1),
        quota: Some(quota(2, 0, Period::Month)),
        ..UsagePlan::default()
    };
    let mut usage = Usage::new(&api(plan));
    let mut status = |millis| {
        let judged = admit(&mut usage, at(millis), "value-of-good");
        judged.map(drop).map_err(|refused| refused.refusal())
    };
    assert_eq!(status(0), Ok(()));
    assert_eq!(status(0), Err(Refusal::TooManyRequests));
    assert_eq!(status(1_000), Ok(()));
    assert_eq!(status(2_000), Err(Refusal::QuotaExceeded));
}

// The START is Saturday the 20th: where the next period starts, in days from the midnight behind
// it.
#[rstest]
#[case(Period::Day, 0, 0)]
#[case(Period::Week, 0, 0)]
#[case(Period::Week, 1, 1)]
#[case(Period::Week, 6, 6)]
#[case(Period::Month, 0, 11)]
#[case(Period::Month, 19, 30)]
#[case(Period::Month, 20, 0)]
#[case(Period::Month, 27, 7)]
fn periods_start_on_the_day_of_their_offset(
    #[case] period: Period,
    #[case] offset: u8,
    #[case] days: u64,
) {
    let quota = quota(1, offset, period);
    let start = DAY - START % DAY + days * DAY;
    let current = quota.period_of(at(0));
    assert_eq!(quota.period_of(at(start - 1)), current);
    assert_eq!(quota.period_of(at(start)), current + 1);
}

#[rstest]
#[case(Period::Day, 0)]
#[case(Period::Week, 6)]
#[case(Period::Month, 27)]
fn an_offset_is_a_day_of_its_period(#[case] period: Period, #[case] highest: u8) {
    assert_eq!(quota(1, highest, period).check(), Ok(()));
    let error = quota(1, highest + 1, period).check().unwrap_err();
    let offset = highest + 1;
    assert_eq!(
        error.to_string(),
        format!("`Offset` `{offset}` must be from 0 to {highest} for a {period}")
    );
}

#[rstest]
#[case(KEY_FROM_HEADER, Ok(KeySource::Header))]
#[case(KEY_FROM_AUTHORIZER, Ok(KeySource::Authorizer))]
#[case(
    "$request.header.X-Api-Key",
    Err("`$request.header.X-Api-Key` must be `$request.header.x-api-key` or \
         `$context.authorizer.usageIdentifierKey`"
        .to_owned())
)]
fn two_key_selection_expressions_are_taken(
    #[case] text: &str,
    #[case] expected: Result<KeySource, String>,
) {
    let parsed = text.parse::<KeySource>();
    assert_eq!(parsed.map_err(|error| error.to_string()), expected);
}

proptest! {
    // In one period, of any requests in any order, exactly as many are admitted as the quota has; a
    // day later as many again.
    #[test]
    fn a_quota_is_kept_exactly(limit in 0_u64..20, attempts in 0_usize..40, days in 1_u64..1_000) {
        let plan = UsagePlan { quota: Some(quota(limit, 0, Period::Day)), ..UsagePlan::default() };
        let mut usage = Usage::new(&api(plan));
        for day in [0, days] {
            let now = at(day * DAY);
            let admitted =
                (0..attempts).filter(|_| admit(&mut usage, now, "value-of-good").is_ok());
            prop_assert_eq!(admitted.count(), attempts.min(limit as usize));
        }
    }

    // Periods follow each other: a day later it is the same or the next, and a whole cycle later
    // always another.
    #[test]
    fn periods_never_go_back(
        day in 0_u64..100_000,
        offset in 0_u8..=6,
        period in prop::sample::select(vec![Period::Week, Period::Month]),
    ) {
        let quota = quota(1, offset, period);
        let number = |day: u64| quota.period_of(Timestamp::from_millis(day * DAY));
        prop_assert!((0..=1).contains(&(number(day + 1) - number(day))));
        let cycle = if period == Period::Week { 7 } else { 31 };
        prop_assert!(number(day + cycle) > number(day));
    }

    #[test]
    fn no_request_panics(key: String, given: Option<String>, millis: u64) {
        let plan = UsagePlan {
            quota: Some(quota(1, 27, Period::Month)),
            rate_limit: Some(1.0),
            ..UsagePlan::default()
        };
        let mut usage = Usage::new(&api(plan));
        let now = Timestamp::from_millis(millis);
        let _ = usage.admit(now, KeySource::Header, &request(Some(&key)), given.as_deref());
        let _ = usage.admit(now, KeySource::Header, &request(Some("value-of-good")), None);
    }
}
