//! What a deployed stack's resources would be called: `!Ref` and `!GetAtt`.
//!
//! CloudFormation makes up ids when it deploys; here they follow from the logical ids, so that they are the same at every start.

use super::source::{Error, Span};
use super::template::{Resource, Template};

/// `!Ref` of a resource.
pub(crate) fn reference(
    template: &Template<'_>,
    resource: &Resource<'_>,
    span: &Span,
) -> Result<String, Error> {
    match &*resource.kind {
        "AWS::ApiGatewayV2::Api" => Ok(api_id(&resource.id)),
        "AWS::ApiGatewayV2::Stage" => named(template, resource, "StageName", span),
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
            named(template, resource, "FunctionName", span)
        }
        "AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable" => {
            named(template, resource, "TableName", span)
        }
        "AWS::Logs::LogGroup" => named(template, resource, "LogGroupName", span),
        "AWS::IAM::Role" => named(template, resource, "RoleName", span),
        "AWS::ApiGateway::ApiKey" => Ok(stable_id(&resource.id, 10)),
        "AWS::ApiGateway::UsagePlan" => Ok(stable_id(&resource.id, 6)),
        kind if kind.starts_with("AWS::ApiGatewayV2::") => Ok(child_id(&resource.id)),
        _ => Ok(made_up(template, &resource.id)),
    }
}

/// `!GetAtt` of a resource.
pub(crate) fn attribute(
    template: &Template<'_>,
    resource: &Resource<'_>,
    attribute: &str,
    span: &Span,
) -> Result<String, Error> {
    let arn = |service: &str, resource: &str| {
        let settings = template.settings;
        let region = if service == "iam" {
            ""
        } else {
            &settings.region
        };
        format!(
            "arn:{}:{service}:{region}:{}:{resource}",
            settings.partition, settings.account_id
        )
    };
    let name = reference(template, resource, span)?;
    match (&*resource.kind, attribute) {
        ("AWS::ApiGatewayV2::Api", "ApiId") => Ok(name),
        ("AWS::ApiGatewayV2::Api", "ApiEndpoint") => Ok(format!(
            "wss://{name}.execute-api.{}.amazonaws.com",
            template.settings.region
        )),
        ("AWS::ApiGatewayV2::Integration", "IntegrationId")
        | ("AWS::ApiGatewayV2::Route", "RouteId")
        | ("AWS::ApiGatewayV2::Authorizer", "AuthorizerId")
        | ("AWS::ApiGatewayV2::Deployment", "DeploymentId")
        | ("AWS::ApiGateway::ApiKey", "APIKeyId")
        | ("AWS::ApiGateway::UsagePlan", "Id") => Ok(name),
        ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => {
            Ok(arn("lambda", &format!("function:{name}")))
        }
        ("AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable", "Arn") => {
            Ok(arn("dynamodb", &format!("table/{name}")))
        }
        ("AWS::DynamoDB::Table", "StreamArn") => Ok(arn(
            "dynamodb",
            &format!("table/{name}/stream/1970-01-01T00:00:00.000"),
        )),
        ("AWS::Logs::LogGroup", "Arn") => Ok(arn("logs", &format!("log-group:{name}:*"))),
        ("AWS::IAM::Role", "Arn") => Ok(arn("iam", &format!("role/{name}"))),
        (
            kind @ ("AWS::ApiGatewayV2::Api"
            | "AWS::ApiGatewayV2::Integration"
            | "AWS::ApiGatewayV2::Route"
            | "AWS::ApiGatewayV2::Authorizer"
            | "AWS::ApiGatewayV2::Stage"
            | "AWS::ApiGatewayV2::Deployment"
            | "AWS::ApiGateway::ApiKey"
            | "AWS::ApiGateway::UsagePlan"
            | "AWS::Serverless::Function"
            | "AWS::Lambda::Function"
            | "AWS::DynamoDB::Table"
            | "AWS::Serverless::SimpleTable"),
            _,
        ) => Err(template.source.error(
            span.clone(),
            format!(
                "`{}` (`{kind}`) has no attribute `{attribute}` that is known here",
                resource.id
            ),
        )),
        // Resources that are not run here: a name is all that anything local can do with them.
        _ => Ok(format!("{name}.{attribute}")),
    }
}

/// The name that the property `property` gives, or one made up.
pub(crate) fn named(
    template: &Template<'_>,
    resource: &Resource<'_>,
    property: &str,
    span: &Span,
) -> Result<String, Error> {
    let what = format!("`{}` of `{}`", property, resource.id);
    let value = template.visit(&what, span, || template.property(resource, property))?;
    match value {
        Some(value) => Ok(value.expect_text(template.source, &what)?.to_owned()),
        None => Ok(made_up(template, &resource.id)),
    }
}

/// An API's id: ten lower-case letters and digits, always the same for a logical id.
fn api_id(logical_id: &str) -> String {
    stable_id(logical_id, 10)
}

/// The id of what belongs to an API.
fn child_id(logical_id: &str) -> String {
    stable_id(logical_id, 7)
}

/// The value of an API key that the template gives none: forty lower-case letters and digits, always the same for a logical id.
pub(crate) fn generated_key(logical_id: &str) -> String {
    (0..4)
        .map(|part| stable_id(&format!("{logical_id}/{part}"), 10))
        .collect()
}

/// CloudFormation adds a random suffix; here there is none, so that the name stays.
fn made_up(template: &Template<'_>, logical_id: &str) -> String {
    format!("{}-{logical_id}", template.settings.stack_name)
}

fn stable_id(text: &str, length: usize) -> String {
    // FNV-1a: well spread, and the same on every machine.
    let mut hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut id = String::with_capacity(length);
    for _ in 0..length {
        let digit = (hash % 36) as u32;
        id.push(char::from_digit(digit, 36).unwrap_or('0'));
        hash /= 36;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_api_gateways_and_differ() {
        let id = api_id("WebsocketApi");
        assert_eq!(id.len(), 10);
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
        assert_eq!(id, api_id("WebsocketApi"));
        assert_ne!(id, api_id("WebsocketApi2"));
    }
}
