//! `AWS::ApiGateway::ApiKey`, `UsagePlan`, `UsagePlanKey`: resources of REST APIs that WebSocket APIs use, too.

use indexmap::IndexMap;
use spec::api::Api;
use spec::route::RouteKey;
use spec::usage_plan::{ApiKey, Period, Quota, UsagePlan};

use super::api::Reader;
use super::names;
use super::properties::Properties;
use super::settings::number;
use super::source::{Error, Span};
use super::value::Value;

/// How many characters the value of an API key may have (HANDSHAKE-56).
const VALUE_CHARACTERS: std::ops::RangeInclusive<usize> = 20..=128;

/// The API keys that open `$connect`: enabled, and in a usage plan of the stage.
pub(super) fn usable(api: &Api) -> impl Iterator<Item = &ApiKey> {
    let in_a_plan = |id: &String| {
        api.usage_plans
            .values()
            .any(|plan| plan.api_keys.contains(id))
    };
    let keys = api.api_keys.iter();
    keys.filter(move |(id, key)| key.enabled && in_a_plan(id))
        .map(|(_, key)| key)
}

impl<'a> Reader<'a> {
    /// Reads the keys, and the usage plans that name the stage of the API.
    pub(super) fn usage_plans(&mut self, api: &mut Api) -> Result<(), Error> {
        api.api_keys = self.api_keys()?;
        api.usage_plans = self.plans(api)?;
        self.plan_keys(api)?;
        let connect = api.routes.get(&RouteKey::Connect);
        if connect.is_some_and(|route| route.api_key_required) && usable(api).next().is_none() {
            let place = self
                .places
                .routes
                .get(RouteKey::Connect.as_str())
                .cloned()
                .unwrap_or_default();
            let message = "`$connect` requires an API key, and no enabled key is in a usage plan of the stage: every client will be refused, as on AWS";
            self.warnings
                .push(self.template.source.warning(place, message.to_owned()));
        }
        Ok(())
    }

    fn api_keys(&mut self) -> Result<IndexMap<String, ApiKey>, Error> {
        let mut keys: IndexMap<String, ApiKey> = IndexMap::new();
        for properties in self.v1("ApiKey") {
            properties.warn_of_others(
                &["Enabled", "Name", "Value"],
                &["CustomerId", "Description", "GenerateDistinctId", "Tags"],
                self.warnings,
            );
            let resource = properties.resource;
            let enabled = properties.parsed("Enabled", "`true` or `false`")?;
            if enabled.is_none() {
                let message = format!(
                    "the API key `{}` opens nothing, as on AWS: it has no `Enabled: true`",
                    resource.id
                );
                let place = resource.id_span.clone();
                self.warnings
                    .push(self.template.source.warning(place, message));
            }
            let value = match properties.text("Value")? {
                Some(value) => value,
                None => names::generated_key(&resource.id),
            };
            if !VALUE_CHARACTERS.contains(&value.chars().count()) {
                let message = "`Value` of an API key must have from 20 to 128 characters";
                return Err(properties.error("Value", message));
            }
            if keys.values().any(|other| other.value == value) {
                let message = "another API key has the same `Value`"; // HANDSHAKE-56
                return Err(properties.error("Value", message));
            }
            let key = ApiKey {
                name: names::named(self.template, resource, "Name", &resource.id_span)?,
                value,
                enabled: enabled.unwrap_or(false), // HANDSHAKE-55
            };
            keys.insert(self.id(&properties)?, key);
        }
        Ok(keys)
    }

    /// The plans that name the stage, still without keys.
    fn plans(&mut self, api: &Api) -> Result<IndexMap<String, UsagePlan>, Error> {
        let mut plans = IndexMap::new();
        for properties in self.v1("UsagePlan") {
            properties.warn_of_others(
                &["ApiStages", "Quota", "Throttle", "UsagePlanName"],
                &["Description", "Tags"],
                self.warnings,
            );
            if !self.names_the_stage(&properties, api)? {
                continue;
            }
            let resource = properties.resource;
            let mut plan = UsagePlan {
                name: names::named(self.template, resource, "UsagePlanName", &resource.id_span)?,
                ..UsagePlan::default()
            };
            if let Some(throttle) = properties.get("Throttle")? {
                self.throttle(&throttle, &mut plan)?;
            }
            if let Some(quota) = properties.get("Quota")? {
                plan.quota = Some(self.quota(&quota)?);
            }
            let id = self.id(&properties)?;
            let places = (properties.span("Throttle"), properties.span("Quota"));
            self.places.usage_plans.insert(id.clone(), places);
            plans.insert(id, plan);
        }
        Ok(plans)
    }

    /// Whether `ApiStages` has the stage that is served.
    fn names_the_stage(&mut self, properties: &Properties<'_>, api: &Api) -> Result<bool, Error> {
        let source = self.template.source;
        let mut found = false;
        let Some(stages) = properties.get("ApiStages")? else {
            return Ok(false);
        };
        for stage in stages.expect_list(source, "`ApiStages`")? {
            let mut texts = [None, None];
            for (key, value) in stage.expect_map(source, "an entry of `ApiStages`")? {
                let place = match &*key.text {
                    "ApiId" => &mut texts[0],
                    "Stage" => &mut texts[1],
                    other => {
                        let message = format!("`{other}` of `ApiStages` has no effect here");
                        self.warnings
                            .push(source.warning(key.span.clone(), message));
                        continue;
                    }
                };
                *place = Some(value.expect_text(source, &format!("`{}`", key.text))?);
            }
            found |= texts == [Some(&*api.api_id), Some(&*api.stage.stage_name)];
        }
        Ok(found)
    }

    fn throttle(&mut self, value: &Value, plan: &mut UsagePlan) -> Result<(), Error> {
        for (key, value) in value.expect_map(self.template.source, "`Throttle`")? {
            match &*key.text {
                "RateLimit" => {
                    let kind = "a number of requests a second";
                    plan.rate_limit = Some(number(self.template, value, "RateLimit", kind)?);
                }
                "BurstLimit" => {
                    let kind = "a whole number of requests";
                    plan.burst_limit = Some(number(self.template, value, "BurstLimit", kind)?);
                }
                _ => return Err(self.unknown(&key.text, "Throttle", &key.span)),
            }
        }
        Ok(())
    }

    fn quota(&mut self, value: &Value) -> Result<Quota, Error> {
        let source = self.template.source;
        let (mut limit, mut period, mut offset) = (None, None, 0);
        for (key, value) in value.expect_map(source, "`Quota`")? {
            match &*key.text {
                "Limit" => {
                    let kind = "a whole number of requests";
                    limit = Some(number(self.template, value, "Limit", kind)?);
                }
                "Offset" => offset = number(self.template, value, "Offset", "a number of days")?,
                "Period" => {
                    period = Some(match value.expect_text(source, "`Period`")? {
                        "DAY" => Period::Day,
                        "WEEK" => Period::Week,
                        "MONTH" => Period::Month,
                        other => {
                            let message =
                                format!("`Period` `{other}` must be `DAY`, `WEEK` or `MONTH`");
                            return Err(source.error(value.span.clone(), message));
                        }
                    });
                }
                _ => return Err(self.unknown(&key.text, "Quota", &key.span)),
            }
        }
        match (limit, period) {
            (Some(limit), Some(period)) => Ok(Quota {
                limit,
                offset,
                period,
            }),
            _ => {
                let message = "`Quota` must have a `Limit` and a `Period`";
                Err(source.error(value.span.clone(), message))
            }
        }
    }

    /// Puts the keys into their plans.
    fn plan_keys(&mut self, api: &mut Api) -> Result<(), Error> {
        let source = self.template.source;
        let plans = self.v1("UsagePlan");
        let plans = plans.iter().map(|plan| self.id(plan));
        let all_plans = plans.collect::<Result<Vec<_>, _>>()?;
        for properties in self.v1("UsagePlanKey") {
            properties.warn_of_others(&["KeyId", "KeyType", "UsagePlanId"], &[], self.warnings);
            let (kind, span) = properties.required_text("KeyType")?;
            if kind != "API_KEY" {
                let message = format!("`KeyType` `{kind}` must be `API_KEY`");
                return Err(source.error(span, message));
            }
            let (key_id, key_span) = properties.required_text("KeyId")?;
            if !api.api_keys.contains_key(&key_id) {
                let message = format!("`KeyId` `{key_id}` names no API key of the template");
                return Err(source.error(key_span, message));
            }
            let (plan_id, span) = properties.required_text("UsagePlanId")?;
            if !all_plans.contains(&plan_id) {
                let message =
                    format!("`UsagePlanId` `{plan_id}` names no usage plan of the template");
                return Err(source.error(span, message));
            }
            // A plan of another API, or of another stage, concerns nobody here.
            if !api.usage_plans.contains_key(&plan_id) {
                continue;
            }
            let mut others = api.usage_plans.values();
            if let Some(other) = others.find(|plan| plan.api_keys.contains(&key_id)) {
                let message = format!(
                    "the API key is in the usage plan `{}` of the stage already",
                    other.name
                ); // HANDSHAKE-56
                return Err(source.error(key_span, message));
            }
            if let Some(plan) = api.usage_plans.get_mut(&plan_id) {
                plan.api_keys.push(key_id);
            }
        }
        Ok(())
    }

    /// The resources of a type of REST APIs; they name no API that they belong to.
    fn v1(&self, name: &str) -> Vec<Properties<'a>> {
        let kind = format!("AWS::ApiGateway::{name}");
        let template = self.template;
        let resources = template.resources.values();
        resources
            .filter(|resource| resource.kind == kind)
            .map(|resource| Properties::new(template, resource))
            .collect()
    }

    fn unknown(&self, name: &str, of: &str, place: &Span) -> Error {
        let message = format!("`{of}` has no member `{name}`");
        self.template.source.error(place.clone(), message)
    }
}
