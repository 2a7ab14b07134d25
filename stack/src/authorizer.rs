//! `AWS::ApiGatewayV2::Authorizer`.

use indexmap::IndexMap;
use spec::api::{Authorizer, CallPermission};

use super::api::Reader;
use super::source::Error;
use super::template::Template;
use super::value::Value;

impl Reader<'_> {
    pub(super) fn authorizers(&mut self) -> Result<IndexMap<String, Authorizer>, Error> {
        let mut authorizers = IndexMap::new();
        for properties in self.of_type("Authorizer")? {
            properties.warn_of_others(
                &[
                    "ApiId",
                    "AuthorizerType",
                    "AuthorizerUri",
                    "IdentitySource",
                    "Name",
                    "AuthorizerCredentialsArn",
                    "AuthorizerResultTtlInSeconds",
                ],
                &[],
                self.warnings,
            );
            let (kind, _) = properties.required_text("AuthorizerType")?;
            if kind != "REQUEST" {
                // AUTHORIZER-49
                let message =
                    format!("`AuthorizerType` `{kind}` must be `REQUEST` for a WebSocket API");
                return Err(properties.error("AuthorizerType", message));
            }
            if properties.get("AuthorizerResultTtlInSeconds")?.is_some() {
                // AUTHORIZER-50
                let message = "`AuthorizerResultTtlInSeconds` is for HTTP APIs: the authorizer of a WebSocket API is called at every handshake";
                return Err(properties.error("AuthorizerResultTtlInSeconds", message));
            }
            let (authorizer_uri, _) = properties.required_text("AuthorizerUri")?;
            let identity_source = match properties.get("IdentitySource")? {
                Some(value) => texts(self.template, &value, "`IdentitySource`")?,
                None => Vec::new(),
            };
            let id = self.id(&properties)?;
            if properties.get("AuthorizerCredentialsArn")?.is_some() {
                self.authorizers_with_role.push(id.clone());
            }
            self.places.authorizers.insert(
                id.clone(),
                (
                    properties.span("AuthorizerUri"),
                    properties.span("IdentitySource"),
                ),
            );
            authorizers.insert(
                id,
                Authorizer {
                    name: properties.text("Name")?.unwrap_or_default(),
                    authorizer_uri,
                    identity_source,
                    call_permission: CallPermission::Granted,
                },
            );
        }
        Ok(authorizers)
    }
}

/// A text, or a list of them.
fn texts(template: &Template<'_>, value: &Value, what: &str) -> Result<Vec<String>, Error> {
    if let Some(text) = value.as_text() {
        return Ok(text.split(',').map(|item| item.trim().to_owned()).collect());
    }
    let items = value.expect_list(template.source, what)?;
    items
        .iter()
        .map(|item| item.expect_text(template.source, what).map(str::to_owned))
        .collect()
}
