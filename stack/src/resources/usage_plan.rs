//! `AWS::ApiGateway::UsagePlan`, of those that name the stage: throttle and quota.

use spec::api::{Period, Quota, UsagePlan};

use crate::document::value::Value;
use crate::document::yaml::Content;
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::locations::PartLocations;
use crate::resources::properties::{Properties, number};
use crate::template::call::call;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGateway::UsagePlan",
    identity: Identity {
        reference: Reference::Id(6),
        attributes: Attributes::Only(&[("Id", "{ref}")]),
    },
    known: &["ApiStages", "Quota", "Throttle", "UsagePlanName"],
    harmless: &["Description", "Tags"],
    reads: Reads::Each(read),
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    if !names_the_stage(draft, properties) {
        return;
    }
    let resource = properties.resource;
    let name = properties
        .template
        .named(resource, "UsagePlanName", &resource.id_span);
    let mut plan = UsagePlan {
        name: draft.known(name, "it is only told").unwrap_or_default(),
        ..UsagePlan::default()
    };
    if let Some(value) = draft.optional(properties.get("Throttle")) {
        throttle(draft, &value, &mut plan);
    }
    if let Some(value) = draft.optional(properties.get("Quota")) {
        plan.quota = quota(draft, &value);
    }
    let id = draft.id(properties);
    let locations = PartLocations::new(properties, TYPE.known);
    draft.locations.usage_plans.insert(id.clone(), locations);
    draft.api.usage_plans.insert(id, plan);
}

/// Whether `ApiStages` has the stage that is served. A stage that is not known here is another one.
fn names_the_stage(draft: &mut Draft<'_>, properties: &Properties<'_>) -> bool {
    let name = "ApiStages";
    let node = properties.node(name).filter(|node| call(node).is_none());
    let stages = match node.map(|node| &node.content) {
        Some(Content::Sequence(items)) => {
            let items = items.iter();
            items.map(|item| properties.template.eval(item)).collect()
        }
        _ => {
            let stages = properties.get(name).and_then(|stages| match stages {
                Some(stages) => Ok(stages.expect_list(draft.source(), "`ApiStages`")?.to_vec()),
                None => Ok(Vec::new()),
            });
            match stages {
                Ok(stages) => stages.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            }
        }
    };
    let consequence = format!(
        "a stage of the usage plan `{}` is taken for another API's",
        properties.resource.id
    );
    let mut found = false;
    for stage in stages {
        let is_it = stage.and_then(|stage| is_the_stage(draft, &stage));
        found |= draft.known(is_it, &consequence).unwrap_or(false);
    }
    found
}

/// Whether an entry of `ApiStages` is the stage that is served.
fn is_the_stage(draft: &mut Draft<'_>, stage: &Value) -> Result<bool, Error> {
    let source = draft.source();
    if stage.is_nothing() {
        return Ok(false);
    }
    let mut texts = [None, None];
    for (key, value) in stage.expect_map(source, "an entry of `ApiStages`")? {
        let text = match &*key.text {
            "ApiId" => &mut texts[0],
            "Stage" => &mut texts[1],
            other => {
                let message = format!("`{other}` of `ApiStages` has no effect here");
                draft.warn(key.span.clone(), WarningKind::NoEffect, message);
                continue;
            }
        };
        *text = Some(value.expect_text(source, &format!("`{}`", key.text))?);
    }
    let api = &draft.api;
    Ok(texts == [Some(&*api.api_id), Some(&*api.stage.stage_name)])
}

fn throttle(draft: &mut Draft<'_>, value: &Value, plan: &mut UsagePlan) {
    let entries = value.expect_map(draft.source(), "`Throttle`");
    for (key, value) in draft.take(entries).unwrap_or_default() {
        match &*key.text {
            "RateLimit" => {
                let expected = "a number of requests a second";
                let rate = number(draft.template, value, "RateLimit", expected);
                plan.rate_limit = draft.take(rate);
            }
            "BurstLimit" => {
                let expected = "a whole number of requests";
                let burst = number(draft.template, value, "BurstLimit", expected);
                plan.burst_limit = draft.take(burst);
            }
            other => unknown(draft, other, "Throttle", &key.span),
        }
    }
}

fn quota(draft: &mut Draft<'_>, value: &Value) -> Option<Quota> {
    let entries = value.expect_map(draft.source(), "`Quota`");
    let entries = draft.take(entries)?;
    let before = draft.findings.count();
    let (mut limit, mut of, mut offset) = (None, None, None);
    for (key, value) in entries {
        match &*key.text {
            "Limit" => {
                let expected = "a whole number of requests";
                let read = number(draft.template, value, "Limit", expected);
                limit = draft.take(read);
            }
            "Offset" => {
                let read = number(draft.template, value, "Offset", "a number of days");
                offset = draft.take(read);
            }
            "Period" => {
                let read = period(draft, value);
                of = draft.take(read);
            }
            other => unknown(draft, other, "Quota", &key.span),
        }
    }
    if draft.findings.count() > before {
        return None;
    }
    let (Some(limit), Some(period)) = (limit, of) else {
        let message = "`Quota` must have a `Limit` and a `Period`";
        draft.error(value.span.clone(), ErrorKind::Value(message.to_owned()));
        return None;
    };
    Some(Quota {
        limit,
        offset: offset.unwrap_or(0),
        period,
    })
}

fn period(draft: &Draft<'_>, value: &Value) -> Result<Period, Error> {
    let source = draft.source();
    match value.expect_text(source, "`Period`")? {
        "DAY" => Ok(Period::Day),
        "WEEK" => Ok(Period::Week),
        "MONTH" => Ok(Period::Month),
        other => {
            let message = format!("`Period` `{other}` must be `DAY`, `WEEK` or `MONTH`");
            Err(source.error(value.span.clone(), ErrorKind::Value(message)))
        }
    }
}

fn unknown(draft: &mut Draft<'_>, name: &str, of: &str, span: &Span) {
    let message = format!("`{of}` has no member `{name}`");
    draft.error(span.clone(), ErrorKind::Value(message));
}
