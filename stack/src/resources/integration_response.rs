//! `AWS::ApiGatewayV2::IntegrationResponse`.

use spec::api::IntegrationResponse;

use crate::error::ErrorKind;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::integration::{self, content_handling, mapping_templates};
use crate::resources::locations::PartLocations;
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::IntegrationResponse",
    identity: Identity {
        reference: Reference::Id(7),
        attributes: Attributes::Including(&[("IntegrationResponseId", "{ref}")]),
    },
    known: &[
        "ApiId",
        "IntegrationId",
        "IntegrationResponseKey",
        "ResponseTemplates",
        "TemplateSelectionExpression",
        "ContentHandlingStrategy",
    ],
    harmless: &[],
    reads: Reads::EachOfApi(read),
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let of = draft.take(properties.required_text("IntegrationId"));
    let key = draft.take(properties.required_text("IntegrationResponseKey"));
    let id = of.as_ref().map(|(id, _)| id.clone()).unwrap_or_default();
    let known = draft.locations.integrations.remove(&id);
    let is_known = known.is_some();
    let mut locations = known.unwrap_or_else(|| PartLocations::new(properties, &[]));
    let response = IntegrationResponse {
        response_templates: mapping_templates(
            draft,
            properties,
            "ResponseTemplates",
            &mut locations,
        ),
        template_selection_expression: draft
            .optional(properties.text("TemplateSelectionExpression")),
        content_handling_strategy: content_handling(draft, properties),
    };
    let mut conflict = None;
    if let (Some(integration), Some((key, span))) = (draft.api.integrations.get_mut(&id), key) {
        if integration.integration_responses.contains_key(&key) {
            conflict = Some((
                span,
                format!("the integration has several responses `{key}`"),
            ));
        } else {
            integration
                .integration_responses
                .insert(key.clone(), response);
            locations.keys.insert(key, span);
        }
    }
    if is_known {
        draft.locations.integrations.insert(id, locations);
    } else if let Some((id, span)) = of
        && !draft.incomplete.contains(integration::TYPE.name)
    {
        let message = format!("`IntegrationId` `{id}` names no integration of the API");
        draft.error(span, ErrorKind::Dangling(message));
    }
    if let Some((span, message)) = conflict {
        draft.error(span, ErrorKind::Conflict(message));
    }
}
