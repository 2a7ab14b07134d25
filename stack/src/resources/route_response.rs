//! `AWS::ApiGatewayV2::RouteResponse`.

use crate::error::ErrorKind;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::resources::route;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::RouteResponse",
    identity: Identity {
        reference: Reference::Id(7),
        attributes: Attributes::Including(&[("RouteResponseId", "{ref}")]),
    },
    known: &["ApiId", "RouteId", "RouteResponseKey"],
    harmless: &[],
    reads: Reads::EachOfApi(read),
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let of = draft.take(properties.required_text("RouteId"));
    let key = draft.take(properties.required_text("RouteResponseKey"));
    let Some((id, span)) = of else {
        return;
    };
    match draft.route_keys.get(&id) {
        Some(route_key) => {
            let routes = &mut draft.api.routes;
            let route = route_key.as_ref().and_then(|key| routes.get_mut(key));
            if let (Some(route), Some((key, _))) = (route, key) {
                route.route_responses.push(key);
            }
        }
        None if draft.incomplete.contains(route::TYPE.name) => {}
        None => {
            let message = format!("`RouteId` `{id}` names no route of the API");
            draft.error(span, ErrorKind::Dangling(message));
        }
    }
}
