//! A route: with its integration, and the permission to call the function.

use velocity::suggest::nearest;

use crate::document::yaml::{Key, Node};
use crate::error::{ErrorKind, Span};
use crate::transform::nodes::{Kind, list, map, reference, sub, text, truthy};

use super::api::{Api, DEFAULT_STAGE};

pub(super) const CONNECT: &str = "$connect";

const PROPERTIES: &[&str] = &[
    "ApiKeyRequired",
    "FunctionArn",
    "IntegrationTimeout",
    "ModelSelectionExpression",
    "OperationName",
    "RequestModels",
    "RequestParameters",
    "RouteResponseSelectionExpression",
];

const FUNCTION_ARN: &str = "add `FunctionArn: !GetAtt Function.Arn`";

impl Api<'_, '_> {
    /// The routes' own resources; gives the logical ids of the routes.
    pub(super) fn routes(&mut self) -> Vec<String> {
        let routes = self.checked_routes();
        let entries = routes.iter().flat_map(Node::entries);
        let made: Vec<String> = entries
            .filter_map(|(key, route)| self.route(key, route))
            .collect();
        if made.is_empty() {
            // An error has been noted, which is not that there is no route.
            let at = &self.id.span;
            let id = format!("{}Route", self.id.text);
            let properties = [
                ("ApiId", Some(reference(at, &self.id.text))),
                ("RouteKey", Some(text(at, "$default"))),
            ];
            self.add((&id, at), "AWS::ApiGatewayV2::Route", None, properties);
        }
        made
    }

    /// `Routes`, if they are a map.
    fn checked_routes(&mut self) -> Option<Node> {
        let routes = self.property("Routes").cloned()?;
        if routes.tag.is_some() || Kind::of(&routes) != Kind::Map {
            let message = "`Routes` must be a map of route keys: SAM does not evaluate functions";
            self.refuse(
                &routes.span,
                message.to_owned(),
                "write the routes out; their values may be functions",
            );
            return None;
        }
        if routes.entries().is_empty() {
            let message = format!("`{}` has no route", self.id.text);
            let span = self.key_span("Routes");
            self.refuse(
                &span,
                message,
                "add one, such as `$default: {FunctionArn: !GetAtt Function.Arn}`",
            );
        }
        Some(routes)
    }

    fn route(&mut self, key: &Key, route: &Node) -> Option<String> {
        let at = &key.span;
        let part = self.part_of_ids(key)?;
        if Kind::of(route) != Kind::Map || route.tag.is_some() {
            let message = format!("the route `{}` must be a map with `FunctionArn`", key.text);
            self.refuse(
                &route.span,
                message,
                "write `{FunctionArn: !GetAtt Function.Arn}`",
            );
            return None;
        }
        self.warn_of_others(route, &format!("the route `{}`", key.text), PROPERTIES);
        let is_there = |node: &&Node| Kind::of(node) != Kind::Null;
        let property = |name: &str| route.get(name).filter(is_there).cloned();
        let mut parameters = property("RequestParameters").filter(truthy);
        if key.text != CONNECT
            && let Some(parameters) = parameters.take()
        {
            let message = format!(
                "only `{CONNECT}` can have `RequestParameters`, not `{}`",
                key.text
            );
            self.refuse(&parameters.span, message, "leave them out");
        }
        let Some(function) = property("FunctionArn") else {
            let kind =
                ErrorKind::Structure(format!("the route `{}` has no `FunctionArn`", key.text));
            self.sam.error_with_help(at, kind, FUNCTION_ARN);
            return None;
        };
        let [route_id, integration, permission] =
            ["Route", "Integration", "Permission"].map(|kind| format!("{part}{kind}"));
        let what = format!("the route `{}`", key.text);
        // One conflict says enough.
        if ![&route_id, &integration, &permission]
            .into_iter()
            .all(|id| self.sam.claim(id, &what, at))
        {
            return None;
        }
        let target = vec![text(at, "integrations"), reference(at, &integration)];
        let target = list(at, vec![text(at, "/"), list(at, target)]);
        let (authorization, authorizer) = self.authorization(key);
        let properties = [
            ("ApiId", Some(reference(at, &self.id.text))),
            ("ApiKeyRequired", property("ApiKeyRequired")),
            ("AuthorizationType", authorization),
            ("AuthorizerId", authorizer),
            (
                "ModelSelectionExpression",
                property("ModelSelectionExpression"),
            ),
            ("OperationName", property("OperationName")),
            ("RequestModels", property("RequestModels")),
            ("RequestParameters", parameters),
            ("RouteKey", Some(text(at, key.text.clone()))),
            (
                "RouteResponseSelectionExpression",
                property("RouteResponseSelectionExpression"),
            ),
            ("Target", Some(map(at, [("Fn::Join", target)]))),
        ];
        self.add(
            (&route_id, at),
            "AWS::ApiGatewayV2::Route",
            None,
            properties,
        );
        let timeout = property("IntegrationTimeout");
        self.integration((&integration, at), &function, timeout);
        self.permission((&permission, at), &key.text, function);
        Some(route_id)
    }

    /// What the logical ids of a route begin with.
    fn part_of_ids(&mut self, key: &Key) -> Option<String> {
        let word = match &*key.text {
            special @ (CONNECT | "$disconnect" | "$default") => &special[1..],
            word => word,
        };
        if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphanumeric()) {
            let message = format!("the route `{}` has more than letters and digits", key.text);
            let special = [CONNECT, "$disconnect", "$default"];
            let meant = nearest(&key.text, special).filter(|_| key.text.starts_with('$'));
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "SAM makes logical ids of routes; an `AWS::ApiGatewayV2::Route` takes any \
                         key"
                .to_owned(),
            };
            let kind = ErrorKind::Value(message);
            self.sam.error_with_help(&key.span, kind, &help);
            return None;
        }
        let (first, rest) = word.split_at(1);
        let word = first.to_ascii_uppercase() + &rest.to_ascii_lowercase();
        Some(format!("{}{word}", self.id.text))
    }

    fn integration(&mut self, (id, at): (&str, &Span), function: &Node, timeout: Option<Node>) {
        let properties = [
            ("ApiId", Some(reference(at, &self.id.text))),
            ("IntegrationType", Some(text(at, "AWS_PROXY"))),
            (
                "IntegrationUri",
                Some(function_uri("FunctionArn", function)),
            ),
            ("TimeoutInMillis", timeout),
        ];
        self.add((id, at), "AWS::ApiGatewayV2::Integration", None, properties);
    }

    fn permission(&mut self, (id, at): (&str, &Span), route: &str, function: Node) {
        let api = &self.id.text;
        let stage = self.property("StageName").cloned();
        let stage = stage.unwrap_or_else(|| text(at, DEFAULT_STAGE));
        let (name, variable) = match stage.plain_text() {
            Some(name) => (name.to_owned(), None),
            None => (
                "${__StageName__}".to_owned(),
                Some(("__StageName__", stage)),
            ),
        };
        let arn = format!(
            "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{api}.ApiId}}\
             /{name}/{route}"
        );
        let source = sub(at, arn, variable);
        self.call_permission((id, at), function, source);
    }

    /// Lets API Gateway call a function.
    pub(super) fn call_permission(&mut self, at: (&str, &Span), function: Node, source: Node) {
        let properties = [
            ("Action", Some(text(at.1, "lambda:InvokeFunction"))),
            ("FunctionName", Some(function)),
            ("Principal", Some(text(at.1, "apigateway.amazonaws.com"))),
            ("SourceArn", Some(source)),
        ];
        self.add(at, "AWS::Lambda::Permission", None, properties);
    }
}

/// The address by which API Gateway calls a function; the variable has the name of the property.
pub(super) fn function_uri(property: &'static str, function: &Node) -> Node {
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/\
         ${{{property}}}/invocations"
    );
    sub(&function.span, uri, [(property, function.clone())])
}
