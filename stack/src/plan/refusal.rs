//! What keeps a plan from being applied while the gateway serves.

use spec::api::Api;
use spec::domain::base;

/// What cannot change while it serves: the old value and the new one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NeedsRestart {
    /// The API's id.
    #[error("the API's id changes from `{old}` to `{new}`")]
    ApiId {
        /// Until now.
        old: String,
        /// From now on.
        new: String,
    },
    /// The stage's name.
    #[error("the stage's name changes from `{old}` to `{new}`")]
    StageName {
        /// Until now.
        old: String,
        /// From now on.
        new: String,
    },
    /// `AWS::Region`.
    #[error("the region changes from `{old}` to `{new}`")]
    Region {
        /// Until now.
        old: String,
        /// From now on.
        new: String,
    },
    /// `AWS::AccountId`.
    #[error("the account changes from `{old}` to `{new}`")]
    AccountId {
        /// Until now.
        old: String,
        /// From now on.
        new: String,
    },
    /// Its custom domains, or whether its default endpoint is disabled.
    #[error("the API's addresses change from `{old}` to `{new}`")]
    Addresses {
        /// Until now.
        old: String,
        /// From now on.
        new: String,
    },
    /// `AWS::Partition`.
    #[error("the partition changes from `{old}` to `{new}`")]
    Partition {
        /// Until now.
        old: String,
        /// From now on.
        new: String,
    },
}

/// Why a plan cannot be applied to a gateway that serves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What a restart would take.
    #[error(transparent)]
    NeedsRestart(#[from] NeedsRestart),
    /// A table's key schema changes.
    #[error("the key schema of the table `{name}` changes: give the table another name")]
    KeySchema {
        /// `TableName`.
        name: String,
    },
}

/// What only a restart can change.
pub(super) fn restart(old: &Api, new: &Api) -> Vec<NeedsRestart> {
    let pair = |old: &String, new: &String| (old != new).then(|| (old.clone(), new.clone()));
    let stages = (&old.stage.stage_name, &new.stage.stage_name);
    let addresses = (addresses(old), addresses(new));
    let same_stage = stages.0 == stages.1;
    let changes = [
        pair(&old.api_id, &new.api_id).map(|(old, new)| NeedsRestart::ApiId { old, new }),
        pair(stages.0, stages.1).map(|(old, new)| NeedsRestart::StageName { old, new }),
        pair(&addresses.0, &addresses.1)
            .filter(|_| same_stage)
            .map(|(old, new)| NeedsRestart::Addresses { old, new }),
        pair(&old.region, &new.region).map(|(old, new)| NeedsRestart::Region { old, new }),
        pair(&old.account_id, &new.account_id)
            .map(|(old, new)| NeedsRestart::AccountId { old, new }),
        pair(&old.partition, &new.partition).map(|(old, new)| NeedsRestart::Partition { old, new }),
    ];
    changes.into_iter().flatten().collect()
}

/// The paths and custom domains by which clients and functions know the API.
fn addresses(api: &Api) -> String {
    let mut domains: Vec<&str> = Vec::new();
    for mapping in &api.api_mappings {
        if !domains.contains(&&*mapping.domain_name) {
            domains.push(&mapping.domain_name);
        }
    }
    let own = base(api, "localhost");
    [&[&*own], &domains[..]].concat().join(", ")
}
