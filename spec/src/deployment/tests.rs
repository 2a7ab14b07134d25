use std::ops::Range;

use indexmap::IndexMap;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::Map;

use super::*;
use crate::api::Route;

/// A step of a stack's life: what it declares then. `version` is the API's, and the stage's.
#[derive(Clone, Debug)]
struct Step {
    auto_deploy: bool,
    deployment_id: Option<u8>,
    deployments: Vec<u8>,
    names_the_stage: bool,
    late: bool,
}

const IDS: Range<u8> = 0..4;

fn step() -> impl Strategy<Value = Step> {
    let ids = btree_set(IDS, 0..3).prop_map(|ids| ids.into_iter().collect());
    let some = (
        proptest::bool::weighted(0.2),
        proptest::option::of(IDS),
        ids,
    );
    let flags = (proptest::bool::weighted(0.2), any::<bool>());
    (some, flags).prop_map(
        |((auto_deploy, deployment_id, deployments), (names_the_stage, late))| Step {
            auto_deploy,
            deployment_id,
            deployments,
            names_the_stage,
            late,
        },
    )
}

/// What the stack declares at a step: an API whose every part names the step.
fn declared(version: usize, step: &Step) -> Declared {
    let mut api = Api::new(&format!("$request.body.v{version}"), "test");
    let keys = [
        "always".to_owned(),
        "late".to_owned(),
        format!("r{version}"),
    ];
    for key in keys {
        api.routes
            .insert(key.parse().expect("a route key"), Route::default());
    }
    let variables = [("version".to_owned(), version.into())];
    api.stage.stage_variables = Map::from_iter(variables);
    let late = match step.late {
        true => vec!["late".parse().expect("a route key")],
        false => Vec::new(),
    };
    let deployment = Deployment {
        names_the_stage: step.names_the_stage,
        made_before: late,
    };
    let ids = step.deployments.iter();
    Declared {
        api: Arc::new(api),
        auto_deploy: step.auto_deploy,
        deployment_id: step.deployment_id.map(|id| id.to_string()),
        deployments: ids.map(|id| (id.to_string(), deployment.clone())).collect(),
    }
}

/// The step at which deployment `id`, which exists at step `now`, was made.
fn made(steps: &[Step], now: usize, id: u8) -> usize {
    let missing = |step: &Step| !step.deployments.contains(&id);
    steps[..now]
        .iter()
        .rposition(missing)
        .map_or(0, |gap| gap + 1)
}

/// By the whole history: the step whose API is served at its end, and whether as a deployment that
/// was made before the route `late`.
fn expected(steps: &[Step]) -> Option<(usize, bool)> {
    (0..steps.len()).rev().find_map(|now| {
        let step = &steps[now];
        let of = |id| {
            let version = made(steps, now, id);
            (version, steps[version].late)
        };
        if step.auto_deploy {
            return Some((now, false));
        }
        let new = step.deployments.iter().rev().copied();
        let mut new = new.filter(|id| made(steps, now, *id) == now);
        if step.names_the_stage
            && let Some(id) = new.next()
        {
            return Some(of(id));
        }
        let before = now
            .checked_sub(1)
            .and_then(|before| steps[before].deployment_id);
        let id = step.deployment_id.filter(|id| before != Some(*id))?;
        match step.deployments.contains(&id) {
            true => Some(of(id)),
            false => Some((now, false)),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    // ROUTE-30, ROUTE-31, ROUTE-62 to ROUTE-64
    #[test]
    fn what_is_served_is_what_was_declared_at_the_last_deployment(
        steps in vec(step(), 1..12)
    ) {
        let mut deployments = Deployments::default();
        for (now, step) in steps.iter().enumerate() {
            let declared = declared(now, step);
            deployments = deployments.updated(&declared);
            let served = deployments.served(&declared);
            // The stage's own settings are those of now.
            prop_assert_eq!(&served.stage.stage_variables["version"], now);
            let Some((version, late)) = expected(&steps[..=now]) else {
                prop_assert!(served.stage.undeployed);
                continue;
            };
            prop_assert!(!served.stage.undeployed);
            let expression = format!("$request.body.v{version}");
            prop_assert_eq!(&served.route_selection_expression, &expression);
            let own = format!("r{version}");
            let mut routes = vec!["always", "late", &own];
            routes.retain(|key| !late || *key != "late");
            let keys: Vec<&str> = served.routes.keys().map(RouteKey::as_str).collect();
            prop_assert_eq!(keys, routes);
        }
    }
}

#[test]
fn what_waits_is_named() {
    let step = Step {
        auto_deploy: false,
        deployment_id: Some(1),
        deployments: vec![1],
        names_the_stage: false,
        late: false,
    };
    let first = declared(1, &step);
    let deployments = Deployments::default().updated(&first);
    assert_eq!(waiting(&first.api, &deployments.served(&first)), [""; 0]);
    let mut second = declared(2, &step);
    let mut api = (*second.api).clone();
    api.routes["always"].target = Some("mock".to_owned());
    // Not part of a deployment.
    api.routes["late"].call_permission = CallPermission::Missing {
        reason: "none".to_owned(),
    };
    api.api_keys = IndexMap::default();
    second.api = Arc::new(api);
    let served = deployments.updated(&second).served(&second);
    let expected = [
        "the route selection expression",
        "changes of the route `always`",
        "the route `r2`",
        "the end of the route `r1`",
    ];
    assert_eq!(waiting(&second.api, &served), expected);
}
