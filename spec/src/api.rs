//! What a stack declares: the API, its routes, integrations, authorizers and stage, under
//! CloudFormation's own names (`AWS::ApiGatewayV2::*`). Plain data: [`Api::compile`] checks it and
//! makes it ready to run.

mod integration;
mod key;
mod stage;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::route::RouteKey;

pub use integration::{
    ContentHandling, Integration, IntegrationResponse, IntegrationType, PassthroughBehavior,
};
pub use key::{ApiKey, KEY_FROM_AUTHORIZER, KEY_FROM_HEADER, Period, Quota, UsagePlan};
pub use stage::{AccessLogSettings, ApiMapping, RouteSettings, Stage};

/// A WebSocket API with the one stage that is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    /// The API's id, the first label of its default domain name.
    pub api_id: String,
    /// `AWS::AccountId`, twelve digits.
    pub account_id: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::Partition`.
    pub partition: String,
    /// `RouteSelectionExpression`.
    pub route_selection_expression: String,
    /// `DisableExecuteApiEndpoint`: only custom domains lead to the API.
    pub disable_execute_api_endpoint: bool,
    /// The custom domains that lead to the stage, in the order of the template.
    pub api_mappings: Vec<ApiMapping>,
    /// The stage that is served.
    pub stage: Stage,
    /// By route key; the order is the template's.
    pub routes: IndexMap<RouteKey, Route>,
    /// By id.
    pub integrations: IndexMap<String, Integration>,
    /// By id.
    pub authorizers: IndexMap<String, Authorizer>,
    /// By `Name`.
    pub models: IndexMap<String, Model>,
    /// `ApiKeySelectionExpression`: where the API key of a handshake is looked for.
    pub api_key_selection_expression: String,
    /// The API keys, by id.
    pub api_keys: IndexMap<String, ApiKey>,
    /// The usage plans that name the stage, by id.
    pub usage_plans: IndexMap<String, UsagePlan>,
}

/// `AWS::ApiGatewayV2::Route` with its `RouteResponse`s.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// `AuthorizationType`; only `$connect` may have another than `NONE`.
    pub authorization_type: AuthorizationType,
    /// `AuthorizerId`, a key of [`Api::authorizers`].
    pub authorizer_id: Option<String>,
    /// `ApiKeyRequired`, which has an effect on `$connect` only.
    pub api_key_required: bool,
    /// The integration of `Target` (`integrations/{id}`), a key of [`Api::integrations`].
    pub target: Option<String>,
    /// `RequestParameters`, of `$connect` only: whether each parameter, such as
    /// `route.request.header.token`, is required.
    pub request_parameters: IndexMap<String, bool>,
    /// `RouteResponseSelectionExpression`; `$default` makes the route two-way.
    pub route_response_selection_expression: Option<String>,
    /// The keys of the route's `RouteResponse`s; `$default` is the only one there can be.
    pub route_responses: Vec<String>,
    /// `ModelSelectionExpression`: chooses among [`request_models`](Self::request_models); without
    /// one nothing is validated.
    pub model_selection_expression: Option<String>,
    /// `RequestModels`: names of models, keys of [`Api::models`], by what the expression gives;
    /// `$default` takes the rest.
    pub request_models: IndexMap<String, String>,
    /// Whether the route may call the function of its integration.
    pub call_permission: CallPermission,
}

/// Whether API Gateway may call a function for a route or an authorizer: by a permission of the
/// function, or by a role of the caller. Each caller needs its own. A call without a permission
/// fails like the call of a function that cannot be called at all.
///
/// Realises: AUTHORIZER-52, INTEGRATION-74
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallPermission {
    /// It may, by a permission.
    #[default]
    Granted,
    /// It may, by a role: it needs no permission.
    ByRole,
    /// It may not.
    Missing {
        /// Why not, for logs: who has no permission to call which function.
        reason: String,
    },
}

/// `AWS::ApiGatewayV2::Model`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// `ContentType`. Messages carry none, so nothing depends on it.
    pub content_type: Option<String>,
    /// `Schema`: the text of a JSON Schema, draft 4.
    pub schema: String,
}

/// How a route is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorizationType {
    /// Open.
    #[default]
    None,
    /// A Lambda REQUEST authorizer.
    Custom,
    /// `AWS_IAM`: the handshake must be signed by a caller who may connect.
    AwsIam,
}

/// `AWS::ApiGatewayV2::Authorizer` of type `REQUEST`.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorizer {
    /// `Name`.
    pub name: String,
    /// `AuthorizerUri`: the Lambda invocation path of the function.
    pub authorizer_uri: String,
    /// `IdentitySource`, as written.
    pub identity_source: Vec<String>,
    /// Whether it may be called.
    pub call_permission: CallPermission,
}

impl Api {
    /// An API without routes, to be filled in: for tests and for the kit's fixtures.
    pub fn new(route_selection_expression: &str, stage_name: &str) -> Self {
        Self {
            api_id: "local00000".to_owned(),
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            partition: "aws".to_owned(),
            route_selection_expression: route_selection_expression.to_owned(),
            disable_execute_api_endpoint: false,
            api_mappings: Vec::new(),
            stage: Stage {
                stage_name: stage_name.to_owned(),
                ..Stage::default()
            },
            routes: IndexMap::new(),
            integrations: IndexMap::new(),
            authorizers: IndexMap::new(),
            models: IndexMap::new(),
            api_key_selection_expression: KEY_FROM_HEADER.to_owned(),
            api_keys: IndexMap::new(),
            usage_plans: IndexMap::new(),
        }
    }

    /// The ARN of a route, which an authorizer's policy must allow (AUTHORIZER page):
    /// `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{route key}`, without an HTTP method.
    pub fn route_arn(&self, route_key: &RouteKey) -> String {
        self.execute_arn(route_key.as_str())
    }

    /// The ARN of an operation of the `@connections` API, which a caller's policy must allow
    /// (MANAGEMENT page):
    /// `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{method}/@connections/{connection
    /// id}`.
    pub(crate) fn connections_arn(&self, method: &str, connection_id: &str) -> String {
        self.execute_arn(&format!("{method}/@connections/{connection_id}"))
    }

    /// The ARN of a path below the stage that is none of the API's, as it was sent.
    ///
    /// Realises: MANAGEMENT-49
    pub(crate) fn below_arn(&self, method: &str, path: &str) -> String {
        self.execute_arn(&format!("{method}/{path}"))
    }

    fn execute_arn(&self, path: &str) -> String {
        let Self {
            partition,
            region,
            account_id,
            api_id,
            stage,
            ..
        } = self;
        let stage = &stage.stage_name;
        format!("arn:{partition}:execute-api:{region}:{account_id}:{api_id}/{stage}/{path}")
    }
}

/// The function's ARN out of a Lambda invocation path
/// (`arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function ARN}/invocations`), if
/// it is one, or the function's ARN by itself.
///
/// Realises: INTEGRATION-64
pub fn function_arn(uri: &str) -> Option<&str> {
    if uri.starts_with("arn:") && uri.split(':').nth(2) == Some("lambda") {
        return uri.contains(":function:").then_some(uri);
    }
    let (_, path) = uri.split_once(":lambda:path/")?;
    let (_, path) = path.split_once("/functions/")?;
    path.strip_suffix("/invocations")
        .filter(|arn| !arn.is_empty())
}

/// `text` with every `${stageVariables.name}` replaced by the stage variable. A variable that the
/// stage does not have is replaced by nothing.
///
/// Realises: INTEGRATION-65, INTEGRATION-83
pub fn with_stage_variables(text: &str, stage_variables: &Map<String, Value>) -> String {
    const OPENING: &str = "${stageVariables.";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(OPENING) {
        let Some((name, after)) = behind.split_once('}') else {
            break;
        };
        out.push_str(before);
        let value = stage_variables.get(name).and_then(Value::as_str);
        out.push_str(value.unwrap_or_default());
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_named_inside_the_invocation_path() {
        let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
                   arn:aws:lambda:us-east-1:000000000000:function:f/invocations";
        assert_eq!(
            function_arn(uri),
            Some("arn:aws:lambda:us-east-1:000000000000:function:f")
        );
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
        assert_eq!(function_arn(arn), Some(arn));
        assert_eq!(
            function_arn("arn:aws:lambda:us-east-1:000000000000:layer:l"),
            None
        );
        assert_eq!(function_arn("https://example.com"), None);
        assert_eq!(
            function_arn("arn:aws:apigateway:us-east-1:dynamodb:action/PutItem"),
            None
        );
    }

    #[test]
    fn stage_variables_stand_in_addresses() {
        let variables = Map::from_iter([("host".to_owned(), Value::from("example.com"))]);
        for (text, expected) in [
            (
                "https://${stageVariables.host}/a${stageVariables.none}b",
                "https://example.com/ab",
            ),
            ("${stageVariables.host", "${stageVariables.host"),
            ("${other}", "${other}"),
        ] {
            assert_eq!(with_stage_variables(text, &variables), expected);
        }
    }

    #[test]
    fn a_route_arn_has_no_method() {
        assert_eq!(
            Api::new("$request.body.action", "stage").route_arn(&RouteKey::Connect),
            "arn:aws:execute-api:us-east-1:000000000000:local00000/stage/$connect"
        );
    }
}
