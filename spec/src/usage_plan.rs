//! API keys and usage plans: which clients `$connect` lets in by their key, how fast they may come,
//! and how often in a day, a week or a month.
//!
//! The limits of a plan are each key's own. Nothing here has a clock: time is an argument.
//!
//! Realises: HANDSHAKE-30, HANDSHAKE-52

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use crate::api::{Api, KEY_FROM_AUTHORIZER, KEY_FROM_HEADER, Period, Quota};
use crate::connection::UsedKey;
use crate::handshake::{HandshakeRequest, Refusal};
use crate::throttle::{self, Bucket};
use crate::time::Timestamp;

/// Where the API key of a handshake is looked for: `ApiKeySelectionExpression`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// `$request.header.x-api-key`.
    ///
    /// Realises: HANDSHAKE-31
    Header,
    /// `$context.authorizer.usageIdentifierKey`.
    ///
    /// Realises: HANDSHAKE-32
    Authorizer,
}

/// A key selection expression that API Gateway does not take.
///
/// Realises: HANDSHAKE-49
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` must be `{KEY_FROM_HEADER}` or `{KEY_FROM_AUTHORIZER}`")]
pub struct InvalidKeySource(pub String);

/// A quota whose `Offset` is outside its period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`Offset` `{offset}` must be from 0 to {highest} for a {period}",
    offset = self.0.offset, highest = self.0.highest_offset(), period = self.0.period
)]
pub struct InvalidQuota(pub Quota);

/// Why a handshake's API key opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyRefusal {
    /// There is none.
    ///
    /// Realises: HANDSHAKE-28
    Missing(KeySource),
    /// No key has this value.
    ///
    /// Realises: HANDSHAKE-29
    Unknown,
    /// The key is not enabled.
    ///
    /// Realises: HANDSHAKE-29
    Disabled(String),
    /// The key is in no usage plan of the stage.
    ///
    /// Realises: HANDSHAKE-29
    WithoutPlan(String),
    /// The key's requests come too fast for its plan.
    ///
    /// Realises: HANDSHAKE-27
    Throttled(String),
    /// The plan's quota is used up.
    ///
    /// Realises: HANDSHAKE-27
    QuotaExceeded(String, Quota),
}

/// What every key has used.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    /// By the key's value.
    keys: HashMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    id: String,
    name: String,
    enabled: bool,
    /// Of the usage plan, if the key is in one.
    meters: Option<Meters>,
}

#[derive(Clone, Debug)]
struct Meters {
    /// The plan's id.
    plan: String,
    bucket: Option<Bucket>,
    /// The quota, the period that is counted, and the requests in it.
    quota: Option<(Quota, i64, u64)>,
}

impl FromStr for KeySource {
    type Err = InvalidKeySource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            KEY_FROM_HEADER => Ok(Self::Header),
            KEY_FROM_AUTHORIZER => Ok(Self::Authorizer),
            _ => Err(InvalidKeySource(text.to_owned())),
        }
    }
}

impl Quota {
    /// Whether the offset is within the period: a day starts at its start, a week has seven days,
    /// and every month has 28.
    ///
    /// # Errors
    /// The quota, when it is not.
    ///
    /// Realises: HANDSHAKE-53
    pub fn check(self) -> Result<(), InvalidQuota> {
        if self.offset <= self.highest_offset() {
            Ok(())
        } else {
            Err(InvalidQuota(self))
        }
    }

    fn highest_offset(self) -> u8 {
        match self.period {
            Period::Day => 0,
            Period::Week => 6,
            Period::Month => 27,
        }
    }

    /// The number of the period that `now` is in: it grows by one where a period starts.
    fn period_of(self, now: Timestamp) -> i64 {
        let offset = i64::from(self.offset);
        let days = now.days();
        match self.period {
            Period::Day => days - offset,
            // The first of January 1970 was a Thursday.
            Period::Week => (days + 4 - offset).div_euclid(7),
            Period::Month => {
                let (year, month, day) = now.date();
                let months = year * 12 + month;
                if day > offset { months } else { months - 1 }
            }
        }
    }
}

impl Usage {
    /// What nobody has used yet.
    pub(crate) fn new(api: &Api) -> Self {
        let keys = api.api_keys.iter().map(|(id, key)| {
            let mut plans = api.usage_plans.iter();
            let plan = plans.find(|(_, plan)| plan.api_keys.contains(id));
            let meters = plan.map(|(plan_id, plan)| Meters {
                plan: plan_id.clone(),
                bucket: throttle::limit(plan.rate_limit, plan.burst_limit).map(Bucket::new),
                quota: plan.quota.map(|quota| (quota, i64::MIN, 0)),
            });
            let entry = Entry {
                id: id.clone(),
                name: key.name.clone(),
                enabled: key.enabled,
                meters,
            };
            (key.value.clone(), entry)
        });
        Self {
            keys: keys.collect(),
        }
    }

    /// Goes on with another deployment's keys and plans: what a key has used of its plan is kept,
    /// as long as it is in that plan.
    pub(crate) fn deploy(&mut self, now: Timestamp, api: &Api) {
        let old = std::mem::replace(self, Self::new(api));
        let mut used: HashMap<String, Meters> = old
            .keys
            .into_values()
            .filter_map(|entry| Some((entry.id, entry.meters?)))
            .collect();
        for entry in self.keys.values_mut() {
            if let Some(meters) = &mut entry.meters
                && let Some(old) = used.remove(&entry.id)
                && old.plan == meters.plan
            {
                meters.follow(now, &old);
            }
        }
    }

    /// Judges the API key of a handshake, looked for in `source`, and counts its use.
    /// `of_authorizer` is the `usageIdentifierKey` that the authorizer gave.
    ///
    /// A request that is refused counts for nothing: it takes no token and no part of the quota.
    ///
    /// # Errors
    /// Why the key opens nothing.
    ///
    /// Realises: HANDSHAKE-54
    pub(crate) fn admit(
        &mut self,
        now: Timestamp,
        source: KeySource,
        request: &HandshakeRequest,
        of_authorizer: Option<&str>,
    ) -> Result<UsedKey, KeyRefusal> {
        let value = match source {
            KeySource::Header => request.headers.get("x-api-key"),
            KeySource::Authorizer => of_authorizer,
        };
        let value = value
            .filter(|value| !value.is_empty())
            .ok_or(KeyRefusal::Missing(source))?;
        let entry = self.keys.get_mut(value).ok_or(KeyRefusal::Unknown)?;
        let name = || entry.name.clone();
        if !entry.enabled {
            return Err(KeyRefusal::Disabled(name()));
        }
        let Some(meters) = &mut entry.meters else {
            return Err(KeyRefusal::WithoutPlan(name()));
        };
        if let Some((quota, period, used)) = &mut meters.quota {
            // Time that runs backwards gives nothing back.
            let current = quota.period_of(now);
            if current > *period {
                (*period, *used) = (current, 0);
            }
            if *used >= quota.limit {
                return Err(KeyRefusal::QuotaExceeded(name(), *quota));
            }
        }
        if let Some(bucket) = &mut meters.bucket
            && !bucket.take(now)
        {
            return Err(KeyRefusal::Throttled(name()));
        }
        if let Some((_, _, used)) = &mut meters.quota {
            *used += 1;
        }
        Ok(UsedKey {
            id: entry.id.clone(),
            value: value.to_owned(),
        })
    }
}

impl Meters {
    /// Takes over what `old` has counted under the same plan, whose limits may have changed.
    fn follow(&mut self, now: Timestamp, old: &Self) {
        if let (Some(bucket), Some(old)) = (&mut self.bucket, &old.bucket) {
            *bucket = old.under(now, bucket);
        }
        if let (Some((quota, period, used)), Some((old_quota, old_period, old_used))) =
            (&mut self.quota, old.quota)
            && (quota.period, quota.offset) == (old_quota.period, old_quota.offset)
        {
            (*period, *used) = (old_period, old_used);
        }
    }
}

impl KeyRefusal {
    /// What the client gets.
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Self::Missing(_) | Self::Unknown | Self::Disabled(_) | Self::WithoutPlan(_) => {
                Refusal::InvalidApiKey
            }
            Self::Throttled(_) => Refusal::TooManyRequests,
            Self::QuotaExceeded(..) => Refusal::QuotaExceeded,
        }
    }
}

/// Keys are secrets: their names are shown, never their values.
impl fmt::Display for KeyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(KeySource::Header) => f.write_str("the header `x-api-key` is missing"),
            Self::Missing(KeySource::Authorizer) => {
                f.write_str("the authorizer gave no `usageIdentifierKey`")
            }
            Self::Unknown => f.write_str("no API key has this value"),
            Self::Disabled(name) => write!(f, "the API key `{name}` is not enabled"),
            Self::WithoutPlan(name) => {
                write!(f, "the API key `{name}` is in no usage plan of the stage")
            }
            Self::Throttled(name) => {
                write!(f, "requests with the API key `{name}` come too fast")
            }
            Self::QuotaExceeded(name, Quota { limit, period, .. }) => write!(
                f,
                "the API key `{name}` has used its {limit} requests of the {period}"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
