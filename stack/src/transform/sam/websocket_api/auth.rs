//! `Auth`: who may connect.

use crate::document::yaml::{Key, Node};
use crate::transform::nodes::{Kind, is_function, reference, sub, text, text_of, truthy};

use super::api::Api;
use super::route::{CONNECT, function_uri};
use super::shape::shown;

const PROPERTIES: &[&str] = &[
    "AuthArn",
    "AuthType",
    "IdentitySource",
    "InvokeRole",
    "Name",
];

impl Api<'_, '_> {
    /// `AuthorizationType` and `AuthorizerId` of a route.
    pub(super) fn authorization(&mut self, key: &Key) -> (Option<Node>, Option<Node>) {
        let Some(auth) = self.auth() else {
            return (None, None);
        };
        let kind = auth.get("AuthType").filter(|_| key.text == CONNECT);
        match kind.and_then(|kind| Some((kind, text_of(kind)?))) {
            Some((kind, "CUSTOM")) if auth.get("AuthArn").is_some_and(truthy) => {
                let authorizer = reference(&kind.span, &self.authorizer_id());
                (Some(kind.clone()), Some(authorizer))
            }
            Some((kind, "AWS_IAM" | "NONE")) => (Some(kind.clone()), None),
            // An error is noted with the authorizer.
            _ => (None, None),
        }
    }

    /// The authorizer and its permission, and what is wrong with `Auth`.
    pub(super) fn authorizer(&mut self) {
        let Some(auth) = self.auth() else {
            return;
        };
        let at = self.key_span("Auth");
        if Kind::of(&auth) != Kind::Map || auth.tag.is_some() || is_function(&auth) {
            let message = "`Auth` must be a map: SAM does not evaluate functions here".to_owned();
            self.refuse(
                &auth.span,
                message,
                "write the map out; its values may be functions",
            );
            return;
        }
        self.warn_of_others(&auth, "`Auth`", PROPERTIES);
        let routes = self.property("Routes");
        if routes.is_some_and(|routes| routes.get(CONNECT).is_none()) {
            let message = format!(
                "`Auth` is of `{CONNECT}`, a route that `{}` has not",
                self.id.text
            );
            self.refuse(
                &at,
                message,
                "add the route `$connect`, or leave `Auth` out",
            );
            return;
        }
        let arn = auth.get("AuthArn").filter(|arn| truthy(arn));
        let kind = auth.get("AuthType").filter(|kind| truthy(kind));
        let Some(kind) = kind else {
            let message = "`Auth` has no `AuthType`: `CUSTOM`, `AWS_IAM` or `NONE`".to_owned();
            self.refuse(
                &at,
                message,
                "`CUSTOM` for a function that decides, `AWS_IAM` for signed requests",
            );
            return;
        };
        match (text_of(kind), arn) {
            (Some("CUSTOM"), Some(arn)) => self.custom(&auth, arn),
            (Some("CUSTOM"), None) => {
                let message = "`AuthType` `CUSTOM` needs `AuthArn`, the function's ARN".to_owned();
                self.refuse(&kind.span, message, "add `AuthArn: !GetAtt Function.Arn`");
            }
            (Some(name @ ("AWS_IAM" | "NONE")), _) => {
                if let Some((other, _)) = auth
                    .entries()
                    .iter()
                    .find(|(key, _)| key.text != "AuthType")
                {
                    let message = format!("`AuthType` `{name}` goes without `{}`", other.text);
                    self.refuse(&other.span, message, "leave it out, or use `CUSTOM`");
                }
            }
            _ => {
                let shown = shown(kind);
                let why = self.sam.why_unknown(kind);
                let message = match why {
                    Some(why) => format!("`AuthType` must be known before all resources: {why}"),
                    None => {
                        format!("`AuthType` must be `CUSTOM`, `AWS_IAM` or `NONE`, not {shown}")
                    }
                };
                self.refuse(&kind.span, message, "`CUSTOM` is a function that decides");
            }
        }
    }

    fn custom(&mut self, auth: &Node, arn: &Node) {
        let at = &arn.span;
        let id = self.authorizer_id();
        if !self.sam.claim(&id, "the authorizer", at) {
            return;
        }
        let is_there = |node: &&Node| Kind::of(node) != Kind::Null;
        let role = auth.get("InvokeRole").filter(is_there);
        let name = auth.get("Name").filter(|name| truthy(name)).cloned();
        let properties = [
            ("ApiId", Some(reference(at, &self.id.text))),
            ("AuthorizerCredentialsArn", role.cloned()),
            ("AuthorizerType", Some(text(at, "REQUEST"))),
            ("AuthorizerUri", Some(function_uri("AuthArn", arn))),
            (
                "IdentitySource",
                auth.get("IdentitySource").filter(is_there).cloned(),
            ),
            ("Name", Some(name.unwrap_or_else(|| text(at, id.clone())))),
        ];
        self.add((&id, at), "AWS::ApiGatewayV2::Authorizer", None, properties);
        if role.is_some_and(truthy) {
            return;
        }
        let id = format!("{}AuthorizerPermission", self.id.text);
        if self.sam.claim(&id, "the authorizer", at) {
            let source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:\
                          ${__ApiId__}/authorizers/*";
            let source = sub(at, source, [("__ApiId__", reference(at, &self.id.text))]);
            self.call_permission((&id, at), arn.clone(), source);
        }
    }

    fn auth(&self) -> Option<Node> {
        self.property("Auth").filter(|auth| truthy(auth)).cloned()
    }

    fn authorizer_id(&self) -> String {
        format!("{}ConnectAuthorizer", self.id.text)
    }
}
