//! The registry of resource types, in the order in which they are read: what a type refers to
//! comes before it.
//!
//! A new type is a file beside this one, with its entry and its reader, and a line in [`TYPES`].

mod alias;
mod api;
mod api_key;
mod api_mapping;
mod authorizer;
pub(crate) mod code;
mod deployment;
mod domain_name;
pub(crate) mod draft;
mod elsewhere;
mod event_invoke_config;
mod event_source_mapping;
pub(crate) mod function;
pub(crate) mod given;
mod global_table;
mod harmless;
pub(crate) mod integration;
pub(crate) mod integration_response;
mod layer;
mod locations;
mod meant;
mod model;
mod nested_stack;
mod order;
pub(crate) mod permission;
mod properties;
pub(crate) mod route;
mod route_response;
mod runtime;
mod shape;
mod simple_table;
pub(crate) mod stage;
mod table;
mod usage_plan;
mod usage_plan_key;

use std::collections::HashMap;

use velocity::suggest::nearest;

use crate::diagnostics::Findings;
use crate::error::{ErrorKind, WarningKind};
use crate::template::names::Identity;
use crate::template::{Resource, Template};
use draft::{Draft, ResourceType};

/// All types that are known, but for the [`harmless`] ones.
const TYPES: &[&ResourceType] = &[
    &nested_stack::STACK,
    &nested_stack::APPLICATION,
    &api::TYPE,
    &model::TYPE,
    &authorizer::TYPE,
    &integration::TYPE,
    &integration_response::TYPE,
    &route::TYPE,
    &route_response::TYPE,
    &stage::TYPE,
    &deployment::TYPE,
    &domain_name::TYPE,
    &api_mapping::TYPE,
    &api_key::TYPE,
    &usage_plan::TYPE,
    &usage_plan_key::TYPE,
    &layer::SERVERLESS,
    &layer::LAMBDA,
    &function::SERVERLESS,
    &function::LAMBDA,
    &permission::TYPE,
    &event_invoke_config::TYPE,
    &alias::VERSION,
    &alias::ALIAS,
    &table::TYPE,
    &global_table::TYPE,
    &simple_table::TYPE,
    &event_source_mapping::TYPE,
];

/// Reads all resources of an assembly's stacks, of which the served one is the first.
pub(crate) fn read<'a>(
    served: &'a Template<'a>,
    templates: Vec<&'a Template<'a>>,
    findings: Findings,
) -> Draft<'a> {
    let mut draft = Draft::new(served, templates, findings);
    for of in TYPES {
        draft.read(of);
    }
    in_order_of_the_text(&mut draft);
    warn_of_other_types(&mut draft);
    draft
}

/// What a type of resources is called by; `None` for a type that nothing is known of.
pub(crate) fn identity(kind: &str) -> Option<&'static Identity> {
    let registered = registered(kind).map(|of| &of.identity);
    registered.or_else(|| elsewhere::identity(kind))
}

fn registered(kind: &str) -> Option<&'static ResourceType> {
    let known = TYPES.iter().copied();
    let mut all = known.chain(harmless::TYPES.iter().copied());
    all.find(|of| of.name == kind)
}

/// Functions and tables of several types are in the templates' order.
fn in_order_of_the_text(draft: &mut Draft<'_>) {
    let templates = draft.templates.iter();
    let ids = templates.flat_map(|one| one.resources.keys().map(|id| one.path_of(id)));
    let order: HashMap<String, usize> = ids.zip(0..).collect();
    let order = |id: &str| order.get(id).copied();
    draft.functions.sort_by_key(|one| order(&one.logical_id));
    draft.tables.sort_by_key(|one| order(&one.logical_id));
}

/// SAM's own type of WebSocket APIs, of which its transform leaves none.
const WEBSOCKET_API: &str = "AWS::Serverless::WebSocketApi";

/// The type that one of the same service was likely to be.
fn misspelt(kind: &str) -> Option<&'static str> {
    let (service, name) = kind.rsplit_once("::")?;
    if elsewhere::identity(kind).is_some() {
        return None;
    }
    let known = || {
        let registered = TYPES.iter().chain(harmless::TYPES).map(|of| of.name);
        registered.chain([WEBSOCKET_API])
    };
    let names = known().filter_map(|known| known.strip_prefix(service)?.strip_prefix("::"));
    let meant = nearest(name, names)?;
    known().find(|known| known.rsplit_once("::") == Some((service, meant)))
}

fn warn_of_other_types(draft: &mut Draft<'_>) {
    // What siblings have that is not served is none of this stack's business.
    let served = draft
        .templates
        .iter()
        .filter(|template| template.stack.is_served);
    let resources: Vec<_> = served.flat_map(|one| one.resources.values()).collect();
    for resource in resources {
        if resource.kind.is_empty() || registered(&resource.kind).is_some() {
            continue;
        }
        let Resource { id, kind, .. } = resource;
        let span = resource.id_span.clone();
        match misspelt(kind) {
            Some(meant) => {
                let message = format!("`{id}` is of the type `{kind}`, which does not exist");
                let help = format!("did you mean `{meant}`?");
                draft.error_with_help(span, ErrorKind::UnknownName(message), &help);
            }
            None => {
                let message = format!("`{id}` (`{kind}`) has no effect here");
                let (id, kind) = (id.clone(), kind.clone());
                draft.warn(span, WarningKind::NotServed { id, kind }, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_registered_once() {
        let mut names: Vec<&str> = TYPES.iter().map(|of| of.name).collect();
        names.extend(harmless::TYPES.iter().map(|of| of.name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_property_is_read_or_harmless() {
        for of in TYPES {
            let both = of.known.iter().find(|name| of.harmless.contains(name));
            assert_eq!(both, None, "{}", of.name);
        }
    }
}
