//! Throttling by token buckets: one for the account, one for its new connections, one for every
//! route whose stage or route settings limit it. A request takes a token from each that concerns
//! it, the account's first, and is throttled where there is none.
//!
//! Realises: LIMITS-39, LIMITS-41, LIMITS-26

use std::collections::HashMap;
use std::fmt;

use crate::api::Api;
use crate::route::RouteKey;
use crate::time::Timestamp;

/// How many requests may come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Requests a second, in the long run.
    pub rate: f64,
    /// Requests at once, after silence.
    pub burst: u32,
}

/// The limits of an account in a Region, which are no part of an API.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountLimits {
    /// Requests of clients and to `@connections` together.
    pub requests: Limit,
    /// New connections.
    ///
    /// Realises: LIMITS-31
    pub connections: Limit,
}

/// What a new account may do in most regions.
///
/// Realises: LIMITS-30
pub const ACCOUNT: Limit = Limit {
    rate: 10_000.0,
    burst: 5_000,
};

/// How many connections a new account may open: 500 a second, as many at once.
///
/// Realises: LIMITS-31, LIMITS-45
pub const CONNECTIONS: Limit = Limit {
    rate: 500.0,
    burst: 500,
};

/// A token bucket. It is full at first, gains `rate` tokens a second up to `burst`, and has no
/// clock: time is an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// In billionths of a token, like all that follows: whole numbers, so that nothing is lost by
    /// rounding.
    capacity: u64,
    level: u64,
    per_millisecond: u64,
    /// The latest time that was seen.
    at: Timestamp,
}

/// The buckets of an API.
#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    account: Bucket,
    connections: Bucket,
    /// By route key.
    routes: HashMap<RouteKey, Bucket>,
}

/// Whose bucket had no token left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Throttled {
    /// The account's.
    Account,
    /// The account's for new connections.
    Connections,
    /// A route's, by its key.
    Route(RouteKey),
}

/// One token, in the unit of [`Bucket`].
const TOKEN: u64 = 1_000_000_000;

/// The highest rate that is told from no limit at all: a billion requests a second.
const HIGHEST_RATE: f64 = 1e9;

impl Limit {
    /// None at all.
    pub const NONE: Self = Self {
        rate: HIGHEST_RATE,
        burst: u32::MAX,
    };
}

/// A new account's.
impl Default for AccountLimits {
    fn default() -> Self {
        Self {
            requests: ACCOUNT,
            connections: CONNECTIONS,
        }
    }
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(limit: Limit) -> Self {
        let capacity = u64::from(limit.burst) * TOKEN;
        // From tokens a second to billionths of a token a millisecond. A rate that is no number
        // counts as none.
        let rate = limit.rate.clamp(0.0, HIGHEST_RATE) * 1e6;
        Self {
            capacity,
            level: capacity,
            per_millisecond: rate.round() as u64,
            at: Timestamp::default(),
        }
    }

    /// This bucket with the limit of `other` from `now` on: what is in it stays, as far as it fits.
    pub(crate) fn under(mut self, now: Timestamp, other: &Self) -> Self {
        self.refill(now);
        Self {
            capacity: other.capacity,
            level: self.level.min(other.capacity),
            per_millisecond: other.per_millisecond,
            at: self.at,
        }
    }

    /// Lets time pass. Time that runs backwards gives nothing and takes nothing away.
    fn refill(&mut self, now: Timestamp) {
        let millis = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let gained = self.per_millisecond.saturating_mul(millis);
        self.level = self.level.saturating_add(gained).min(self.capacity);
        self.at = self.at.max(now);
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        self.refill(now);
        let left = self.level.checked_sub(TOKEN);
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }
}

impl Throttle {
    /// The full buckets of an API.
    pub(crate) fn new(api: &Api, account: AccountLimits) -> Self {
        let routes = limited_routes(api).map(|(key, limit)| (key.clone(), Bucket::new(limit)));
        Self {
            account: Bucket::new(account.requests),
            connections: Bucket::new(account.connections),
            routes: routes.collect(),
        }
    }

    /// Goes on with another deployment's routes: the bucket of a route that had one is kept.
    pub(crate) fn deploy(&mut self, now: Timestamp, api: &Api) {
        let mut old = std::mem::take(&mut self.routes);
        let routes = limited_routes(api).map(|(key, limit)| {
            let bucket = match old.remove(key) {
                Some(bucket) => bucket.under(now, &Bucket::new(limit)),
                None => Bucket::new(limit),
            };
            (key.clone(), bucket)
        });
        self.routes = routes.collect();
    }

    /// Takes the tokens of a request: one of the account's, for a handshake one of the account's
    /// new connections, then one of the route's. What the account gave is not given back when the
    /// route refuses.
    ///
    /// # Errors
    /// Whose bucket is empty.
    ///
    /// Realises: LIMITS-41
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        route_key: Option<&RouteKey>,
    ) -> Result<(), Throttled> {
        if !self.account.take(now) {
            return Err(Throttled::Account);
        }
        // Every handshake may become a connection (LIMITS-31).
        if route_key == Some(&RouteKey::Connect) && !self.connections.take(now) {
            return Err(Throttled::Connections);
        }
        if let Some(key) = route_key
            && let Some(bucket) = self.routes.get_mut(key)
            && !bucket.take(now)
        {
            return Err(Throttled::Route(key.clone()));
        }
        Ok(())
    }
}

/// The routes with limits of their own, or with the stage's.
fn limited_routes(api: &Api) -> impl Iterator<Item = (&RouteKey, Limit)> {
    let stage = &api.stage;
    api.routes.keys().filter_map(|key| {
        // A route's own entry stands instead of the stage's default, also where it says nothing of
        // throttling (LIMITS-27).
        let own = stage.route_settings.get(key);
        let settings = own.unwrap_or(&stage.default_route_settings);
        let limit = limit(
            settings.throttling_rate_limit,
            settings.throttling_burst_limit,
        )?;
        Some((key, limit))
    })
}

/// The limit that settings give: what they leave open is the account's; `None` when they say
/// nothing of throttling.
///
/// Realises: LIMITS-40
pub(crate) fn limit(rate: Option<f64>, burst: Option<u32>) -> Option<Limit> {
    (rate.is_some() || burst.is_some()).then(|| Limit {
        rate: rate.unwrap_or(ACCOUNT.rate),
        burst: burst.unwrap_or(ACCOUNT.burst),
    })
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("throttled: the account's requests come too fast"),
            Self::Connections => f.write_str("throttled: the account opens connections too fast"),
            Self::Route(key) => write!(f, "throttled: requests of route `{key}` come too fast"),
        }
    }
}

#[cfg(test)]
mod tests;
