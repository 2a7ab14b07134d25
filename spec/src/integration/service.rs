//! AWS service integrations: what their address names, and the request that the service gets.

use super::http::Backend;
use super::invalid::METHODS;
use super::parameter::Parameter;
use super::{Failure, InvalidIntegration, Request};
use crate::api;
use crate::call::ServiceRequest;
use crate::http::Headers;

/// What an `AWS` integration calls that calls no function.
#[derive(Clone, Debug)]
pub(super) struct Service {
    name: String,
    region: String,
    action: Option<String>,
    credentials_arn: Option<String>,
    backend: Backend,
}

/// The services of the JSON protocol: name, the prefix of `X-Amz-Target`, and the protocol's version.
/// All others are asked for their actions in the query string.
///
/// Source: `targetPrefix` and `jsonVersion` of botocore 1.43.56.
const JSON: [(&str, &str, &str); 8] = [
    ("dynamodb", "DynamoDB_20120810", "1.0"),
    ("events", "AWSEvents", "1.1"),
    ("firehose", "Firehose_20150804", "1.1"),
    ("kinesis", "Kinesis_20131202", "1.1"),
    ("logs", "Logs_20140328", "1.1"),
    ("secretsmanager", "secretsmanager", "1.1"),
    ("ssm", "AmazonSSM", "1.1"),
    ("states", "AWSStepFunctions", "1.0"),
];

impl Service {
    /// As addresses name it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What `uri` names, `arn:{partition}:apigateway:{region}:{service}:{action|path}/…`.
    ///
    /// Realises: INTEGRATION-66, INTEGRATION-105
    pub(super) fn new(uri: &str, declared: &api::Integration) -> Result<Self, InvalidIntegration> {
        let method = declared.integration_method.as_deref().unwrap_or("POST");
        if !METHODS.contains(&method) {
            return Err(InvalidIntegration::Method(method.to_owned()));
        }
        let invalid = || InvalidIntegration::Uri(uri.to_owned());
        let (region, name, kind, rest) = parts(uri).ok_or_else(invalid)?;
        let mut headers = Headers::new();
        let (action, url) = match kind {
            "action" => {
                let json = JSON.iter().find(|(service, ..)| *service == name);
                if let Some((_, prefix, version)) = json {
                    let content_type = format!("application/x-amz-json-{version}");
                    headers.push("Content-Type", content_type); // INTEGRATION-106
                    headers.push("X-Amz-Target", format!("{prefix}.{rest}"));
                }
                (Some(rest.to_owned()), format!("/?Action={rest}"))
            }
            _ => (None, format!("/{}", rest.trim_start_matches('/'))),
        };
        Ok(Self {
            name: name.to_owned(),
            region: region.to_owned(),
            action,
            credentials_arn: declared.credentials_arn.clone(),
            backend: Backend {
                method: method.to_owned(),
                url,
                proxy: false,
                headers,
            },
        })
    }

    /// The request to the service, with `body` in it.
    ///
    /// Realises: INTEGRATION-107
    pub(super) fn request(
        &self,
        request: Request<'_>,
        trace_id: &str,
        parameters: &[Parameter],
        body: Vec<u8>,
    ) -> Result<ServiceRequest, Failure> {
        let request = self.backend.request(request, trace_id, parameters, body)?;
        Ok(ServiceRequest {
            service: self.name.clone(),
            region: self.region.clone(),
            action: self.action.clone(),
            credentials_arn: self.credentials_arn.clone(),
            request,
        })
    }
}

/// Region, service, `action` or `path`, and what follows: an action's name, or a path that a request
/// line can hold.
fn parts(uri: &str) -> Option<(&str, &str, &str, &str)> {
    let mut parts = uri.strip_prefix("arn:")?.splitn(5, ':');
    let (_, api_gateway, region) = (parts.next()?, parts.next()?, parts.next()?);
    let (service, target) = (parts.next()?, parts.next()?);
    let (kind, rest) = target.split_once('/')?;
    let is_name = |text: &str, others: &[u8]| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
        !text.is_empty() && text.bytes().all(fits)
    };
    let fits = match kind {
        "action" => is_name(rest, b""),
        "path" => rest
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#'),
        _ => false,
    };
    let is_service = is_name(service, b"-") && service != "lambda";
    (api_gateway == "apigateway" && is_service && fits).then_some((region, service, kind, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("us-east-1:dynamodb:action/PutItem", Some("action/PutItem"))]
    #[case(
        "us-east-1:sqs:path/000000000000/queue.fifo",
        Some("path/000000000000/queue.fifo")
    )]
    #[case("eu-west-1:sns:path//", Some("path//"))]
    #[case("us-east-1:dynamodb:action/", None)]
    #[case("us-east-1:dynamodb:action/Put\r\nItem", None)]
    #[case("us-east-1:sqs:path/a b", None)]
    #[case("us-east-1:s3:path/bucket/a%23b", Some("path/bucket/a%23b"))]
    #[case("us-east-1:s3:path/bucket/a#b", None)]
    #[case("us-east-1:sqs:queue/SendMessage", None)]
    #[case("us-east-1:lambda:action/Invoke", None)]
    #[case("us-east-1:sqs", None)]
    fn addresses_name_an_action_or_a_path(#[case] rest: &str, #[case] expected: Option<&str>) {
        let uri = format!("arn:aws:apigateway:{rest}");
        let found = parts(&uri).map(|(_, _, kind, rest)| format!("{kind}/{rest}"));
        assert_eq!(found.as_deref(), expected);
        assert_eq!(parts(&uri.replace("apigateway", "sqs")), None);
    }
}
