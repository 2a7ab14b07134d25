//! AWS services that integrations call: where each is, and the signature that its requests have.

use std::collections::BTreeMap;

use spec::Timestamp;
use spec::api::{IntegrationType, with_stage_variables};
use spec::http::{Headers, HttpRequest};
use spec::io::ServiceRequest;
use spec::signature::{Caller, Request, Signer};
use stack::Assembly;

use super::names::endpoint_variables;
use super::outbox::{self, Outbox};

/// Where services are, and who calls them.
pub(crate) struct Services {
    pub(crate) dynamodb_url: String,
    /// By the end of their variable, as in [`Options::endpoints`](crate::Options::endpoints).
    pub(crate) endpoints: BTreeMap<String, String>,
    /// Who signs: the functions' own, since there are no roles.
    pub(crate) caller: Caller,
    /// What takes the requests to services that are nowhere.
    pub(crate) outbox: Outbox,
}

/// The fields that a signature adds or covers: the role's, whatever a mapping says.
const SIGNING: [&str; 4] = [
    "Authorization",
    "Host",
    "X-Amz-Date",
    "X-Amz-Security-Token",
];

impl Services {
    /// The address of a service, if it has one.
    pub(super) fn address(&self, service: &str) -> Option<&str> {
        if service == "dynamodb" {
            return Some(&self.dynamodb_url);
        }
        address(&self.endpoints, service)
    }

    /// The request as it goes to the service at `url`, signed at `at`. What a mapping made of the
    /// fields that sign it is dropped.
    ///
    /// Realises: INTEGRATION-108
    pub(super) fn signed(&self, url: &str, service: ServiceRequest, at: Timestamp) -> HttpRequest {
        let mut request = service.request;
        request.url = format!("{}{}", url.trim_end_matches('/'), request.url);
        let rest = request.url.split_once("://").map_or("", |(_, rest)| rest);
        let (host, target) = rest.find(['/', '?']).map_or((rest, "/"), |at| {
            let (host, target) = rest.split_at(at);
            (host, target)
        });
        let signer = Signer {
            caller: &self.caller,
            region: &service.region,
            service: &service.service,
            at,
        };
        let is_signing = |name: &str| SIGNING.iter().any(|own| own.eq_ignore_ascii_case(name));
        let own = request.headers.iter().filter(|(name, _)| !is_signing(name));
        request.headers = own.collect();
        let headers: Headers = [("Host", host)]
            .into_iter()
            .chain(request.headers.iter())
            .collect();
        let signature = signer.in_headers(&Request {
            method: &request.method,
            target,
            headers: &headers,
            body: &request.body,
        });
        for (name, value) in signature.iter() {
            request.headers.set(name, value);
        }
        request
    }
}

/// The address of a service among `endpoints`.
fn address<'a>(endpoints: &'a BTreeMap<String, String>, service: &str) -> Option<&'a str> {
    let variables = endpoint_variables(service);
    let mut known = variables.iter().filter_map(|name| endpoints.get(name));
    known.next().map(String::as_str)
}

/// The services that a stack's routes call and that have no address, each once.
pub(crate) fn without_address(
    stack: &Assembly,
    endpoints: &BTreeMap<String, String>,
) -> Vec<String> {
    let api = stack.api();
    let targets = api
        .routes
        .values()
        .filter_map(|route| route.target.as_ref());
    let mut services: Vec<String> = targets
        .filter_map(|target| api.integrations.get(target))
        .filter(|integration| integration.integration_type == IntegrationType::Aws)
        .filter_map(|integration| {
            let uri = integration.integration_uri.as_deref()?;
            let uri = with_stage_variables(uri, &api.stage.stage_variables);
            let service = uri.split(':').nth(4)?;
            let is_elsewhere = !matches!(service, "lambda" | "dynamodb");
            (is_elsewhere && address(endpoints, service).is_none()).then(|| service.to_owned())
        })
        .collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// Warns of the services without an address, and says what becomes of requests to them.
pub(crate) fn warn(stack: &Assembly, endpoints: &BTreeMap<String, String>) {
    for service in without_address(stack, endpoints) {
        let cure = format!("`--endpoint {service}=URL` says where it is");
        if outbox::answers(&service) {
            tracing::warn!(
                "no {service} here: requests to it are kept in the outbox, and answered with \
                 success; {cure}"
            );
        } else {
            tracing::warn!("no {service} here: its routes answer with an error; {cure}");
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use spec::signature::{Destination, Rejection, verify};

    use super::*;

    fn caller() -> Caller {
        Caller::functions(&spec::Api::new("$request.body.action", "test"))
    }

    #[test]
    fn services_of_routes_are_told_by_their_names_in_this_stage() {
        let text = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, StageVariables: {to: 'sqs:path/1/q'}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS
      CredentialsArn: role
      IntegrationUri: 'arn:aws:apigateway:us-east-1:${stageVariables.to}'
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: x, Target: !Sub 'integrations/${Integration}'}
  Unused:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS
      CredentialsArn: role
      IntegrationUri: 'arn:aws:apigateway:us-east-1:s3:path/bucket/key'
";
        let settings = stack::Settings::default();
        let stack = Assembly::parse("t.yaml", text, std::path::Path::new("."), &settings);
        let stack = stack.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(without_address(&stack, &BTreeMap::new()), ["sqs"]);
    }

    #[test]
    fn a_request_goes_to_the_endpoint_below_its_path() {
        let endpoints = [("SFN".to_owned(), "http://localhost:1/base/".to_owned())];
        let services = Services {
            dynamodb_url: "http://127.0.0.1:2".to_owned(),
            endpoints: endpoints.into(),
            caller: caller(),
            outbox: Outbox::default(),
        };
        assert_eq!(services.address("sqs"), None);
        assert_eq!(services.address("dynamodb"), Some("http://127.0.0.1:2"));
        let url = services.address("states").expect("`states` is `SFN`, too");
        let request = ServiceRequest {
            service: "states".to_owned(),
            region: "eu-west-1".to_owned(),
            action: Some("StartExecution".to_owned()),
            credentials_arn: None,
            request: HttpRequest {
                method: "POST".to_owned(),
                url: "/?Action=StartExecution".to_owned(),
                headers: Headers::new(),
                body: b"{}".to_vec(),
            },
        };
        let signed = services.signed(url, request, Timestamp::from_millis(0));
        assert_eq!(signed.url, "http://localhost:1/base/?Action=StartExecution");
        assert_eq!(signed.headers.get("Host"), None);
    }

    /// Whose signature a request has for the service, which sees the host of its address.
    fn signer(request: &HttpRequest, at: Timestamp) -> Result<Caller, Rejection> {
        let (_, rest) = request.url.split_once("://").expect("an address");
        let (host, path) = rest.split_once('/').expect("a path");
        let target = format!("/{path}");
        let headers = [("Host", host)].into_iter().chain(request.headers.iter());
        let headers: Headers = headers.collect();
        let request = Request {
            method: &request.method,
            target: &target,
            headers: &headers,
            body: &request.body,
        };
        let destination = Destination {
            region: "eu-west-1",
            service: "states",
        };
        let callers = [caller()];
        verify(&request, &callers, destination, at).cloned()
    }

    #[rstest]
    #[case::base("http://localhost:1/base/", "/?Action=StartExecution", &[])]
    #[case::path("http://localhost:1", "/000000000000/queue.fifo", &[])]
    #[case::encoded("http://localhost:1", "/a%20b//c%23d/~?b=%2B%20%26&a=~%C3%A9*", &[])]
    #[case::fields_of_a_service(
        "http://localhost:1",
        "/",
        &[("X-Amz-Target", "A.B"), ("Content-Type", "application/x-amz-json-1.0")]
    )]
    #[case::mapped_date("http://localhost:1", "/", &[("x-amz-date", "20200101T000000Z")])]
    #[case::mapped_host("http://localhost:1", "/", &[("host", "elsewhere")])]
    #[case::mapped_token("http://localhost:1", "/", &[("x-amz-security-token", "theirs")])]
    #[case::mapped_signature("http://localhost:1", "/", &[("authorization", "Bearer x")])]
    fn the_signature_is_one_that_a_service_takes(
        #[case] endpoint: &str,
        #[case] target: &str,
        #[case] headers: &[(&str, &str)],
    ) {
        let services = Services {
            dynamodb_url: String::new(),
            endpoints: BTreeMap::new(),
            caller: caller(),
            outbox: Outbox::default(),
        };
        let request = ServiceRequest {
            service: "states".to_owned(),
            region: "eu-west-1".to_owned(),
            action: None,
            credentials_arn: None,
            request: HttpRequest {
                method: "POST".to_owned(),
                url: target.to_owned(),
                headers: headers.iter().copied().collect(),
                body: b"{\"a\":1}".to_vec(),
            },
        };
        let at = Timestamp::from_millis(1_800_000_000_000);
        let mut signed = services.signed(endpoint, request, at);
        assert_eq!(signer(&signed, at).expect("it is signed"), caller());
        signed.body.push(b' ');
        let refused = signer(&signed, at).expect_err("another body");
        assert!(matches!(refused, Rejection::Mismatch { .. }), "{refused:?}");
    }
}
