//! `AWS::ApiGatewayV2::ApiMapping`: a custom domain, or a path on it, that leads to a stage.

use spec::api::ApiMapping;

use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::resources::draft::{API_MAPPING, Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::resources::stage;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: API_MAPPING,
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
/// The most octets of a label, and of a name.
const LABEL_OCTETS: usize = 63;
const NAME_OCTETS: usize = 255;

/// The keys whose path AWS's health check has.
const RESERVED: [&str; 2] = ["ping", "sping"];

/// Realises: HANDSHAKE-47, HANDSHAKE-61
fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    match mapping(draft, properties) {
        Ok(None) => warn_of_no_stage(draft, properties),
        Ok(Some((mapping, span))) => {
            if draft.api.api_mappings.contains(&mapping) {
                let ApiMapping {
                    domain_name,
                    api_mapping_key: key,
                } = mapping;
                let message = format!("`{domain_name}` has several mappings with the key `{key}`");
                return draft.error(span, ErrorKind::Conflict(message));
            }
            if RESERVED.contains(&&*mapping.api_mapping_key) {
                let message = "no client reaches the stage by this key on AWS: `/ping` and \
                               `/sping` of a custom domain are API Gateway's own";
                draft.warn(span, WarningKind::Suspicious, message);
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
    if !is_domain(&domain) {
        let message = format!(
            "`DomainName` `{domain}` must be a host name, or `*.` in front of one of two labels \
             or more"
        );
        let kind = ErrorKind::Value(message);
        let help = "a custom domain is named as in `chat.example.com` or `*.example.com`";
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

/// Warns of a mapping to a stage that the API does not have.
fn warn_of_no_stage(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let named = properties.text("Stage").ok().flatten().unwrap_or_default();
    let stages = draft.of_api(stage::TYPE.name);
    // One whose name is not known may be it.
    let may_be = |stage: &Properties<'_>| {
        let name = stage.text("StageName").ok().flatten();
        name.is_none_or(|name| name == named)
    };
    if !stages.iter().any(may_be) {
        let message = format!("the API has no stage `{named}`: this mapping leads nowhere");
        let span = properties.span("Stage");
        draft.warn(span, WarningKind::Suspicious, message);
    }
}

/// Whether a custom domain can have a name. A wildcard opens the gateway to pages of all the names
/// that it stands for, and must not stand for everybody's.
///
/// Realises: HANDSHAKE-62, HANDSHAKE-63
fn is_domain(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_label =
        |label: &str| (1..=LABEL_OCTETS).contains(&label.len()) && label.bytes().all(fits);
    let labels = name.strip_prefix("*.");
    let is_narrow = labels.is_none_or(|parent| parent.contains('.'));
    is_narrow && name.len() <= NAME_OCTETS && labels.unwrap_or(name).split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("chat.example.com", true)]
    #[case::capitals("Chat.Example-2.com", true)]
    #[case::one_label("chat", true)]
    #[case::wildcard("*.example.com", true)]
    #[case::label_of_63(&format!("{}.example.com", "a".repeat(63)), true)]
    #[case::label_of_64(&format!("{}.example.com", "a".repeat(64)), false)]
    #[case::name_of_256(&format!("{}.info", vec!["a".repeat(62); 4].join(".")), false)]
    #[case::nothing("", false)]
    #[case::dot(".", false)]
    #[case::empty_label("a..b", false)]
    #[case::roots_dot("example.com.", false)]
    #[case::star("*", false)]
    #[case::top_level("*.com", false)]
    #[case::top_level_with_dot("*.com.", false)]
    #[case::star_inside("a.*.com", false)]
    #[case::star_in_label("a*.example.com", false)]
    #[case::stars("*.*.example.com", false)]
    #[case::address("https://example.com", false)]
    fn domains_are_host_names_or_narrow_wildcards(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(is_domain(name), expected);
    }
}
