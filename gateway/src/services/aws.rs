//! AWS services that integrations call: where each is, and the signature that its requests have.

use std::collections::BTreeMap;

use spec::Timestamp;
use spec::api::IntegrationType;
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

impl Services {
    /// The address of a service, if it has one.
    pub(super) fn address(&self, service: &str) -> Option<&str> {
        if service == "dynamodb" {
            return Some(&self.dynamodb_url);
        }
        address(&self.endpoints, service)
    }

    /// The request as it goes to the service at `url`, signed at `at`.
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

/// The services that a stack's integrations call and that have no address, each once.
pub(crate) fn without_address(
    stack: &Assembly,
    endpoints: &BTreeMap<String, String>,
) -> Vec<String> {
    let all = stack.api().integrations.values();
    let mut services: Vec<String> = all
        .filter(|integration| integration.integration_type == IntegrationType::Aws)
        .filter_map(|integration| {
            let uri = integration.integration_uri.as_deref()?;
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
    use super::*;

    #[test]
    fn a_request_goes_to_the_endpoint_below_its_path_with_a_signature() {
        let endpoints = [("SFN".to_owned(), "http://localhost:1/base/".to_owned())];
        let services = Services {
            dynamodb_url: "http://127.0.0.1:2".to_owned(),
            endpoints: endpoints.into(),
            caller: Caller::functions(&spec::Api::new("$request.body.action", "test")),
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
        let authorization = signed.headers.get("Authorization").expect("it is signed");
        let scope = "/19700101/eu-west-1/states/aws4_request";
        assert!(authorization.contains(scope), "{authorization}");
        assert_eq!(signed.headers.get("Host"), None);
    }
}
