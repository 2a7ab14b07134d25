//! `AWS::ApiGatewayV2::ApiMapping`: a custom domain, or a path on it, that leads to a stage.

use spec::api::ApiMapping;

use crate::error::{Error, ErrorKind, Span};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::ApiMapping",
    identity: Identity {
        reference: Reference::Id(6),
        attributes: Attributes::Only(&[("ApiMappingId", "{ref}")]),
    },
    known: &["ApiId", "DomainName", "Stage", "ApiMappingKey"],
    harmless: &[],
    reads: Reads::EachOfApi(read),
};

/// The most characters of a key.
const KEY_CHARACTERS: usize = 300;

/// Realises: HANDSHAKE-47
fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    match mapping(draft, properties) {
        Ok(None) => {}
        Ok(Some((mapping, span))) => {
            if draft.api.api_mappings.contains(&mapping) {
                let ApiMapping {
                    domain_name,
                    api_mapping_key: key,
                } = mapping;
                let message = format!("`{domain_name}` has several mappings with the key `{key}`");
                return draft.error(span, ErrorKind::Conflict(message));
            }
            draft.api.api_mappings.push(mapping);
        }
        Err(error) if matches!(error.kind(), ErrorKind::Value(_)) => draft.findings.error(error),
        Err(error) => {
            let consequence = "no custom domain leads to the stage by this mapping";
            draft.leave_out(vec![error], consequence);
        }
    }
}

/// A mapping of the stage that is served, and where its key is; `None` for one of another stage.
///
/// Realises: HANDSHAKE-60
fn mapping(
    draft: &Draft<'_>,
    properties: &Properties<'_>,
) -> Result<Option<(ApiMapping, Span)>, Error> {
    let (stage, _) = properties.required_text("Stage")?;
    if stage != draft.api.stage.stage_name {
        return Ok(None);
    }
    let (domain, _) = properties.required_text("DomainName")?;
    let key = properties.text("ApiMappingKey")?.unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.*".contains(c);
    if domain.is_empty() || !domain.chars().all(fits) {
        let message = format!("`DomainName` `{domain}` must be a host name");
        let kind = ErrorKind::Value(message);
        let help = "a custom domain is named as in `chat.example.com`";
        let source = properties.template.source;
        return Err(source.error_with_help(properties.span("DomainName"), kind, help));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "$-_.+!*'()/".contains(c);
    if key.chars().count() > KEY_CHARACTERS || !key.chars().all(fits) {
        let message = format!(
            "`ApiMappingKey` `{key}` must have at most {KEY_CHARACTERS} letters, digits and \
             `$-_.+!*'()`, and slashes between levels"
        );
        let kind = ErrorKind::Value(message);
        let help = "a key is as in `live` or `v1/live`";
        let source = properties.template.source;
        return Err(source.error_with_help(properties.span("ApiMappingKey"), kind, help));
    }
    let mapping = ApiMapping {
        domain_name: domain.to_ascii_lowercase(),
        api_mapping_key: key.trim_matches('/').to_owned(),
    };
    Ok(Some((mapping, properties.span("ApiMappingKey"))))
}
