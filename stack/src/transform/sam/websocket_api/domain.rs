//! `Domain`: a custom domain, its mappings to the stage, and its records in Route 53.

use crate::document::yaml::{Content, Node};
use crate::error::{Span, WarningKind};
use crate::transform::nodes::{Kind, attribute, list, map, reference, text, text_of, truthy};
use crate::transform::sam::hash::digits;

use super::api::{Api, CREATED_BY};

const PROPERTIES: &[&str] = &[
    "BasePath",
    "CertificateArn",
    "DomainName",
    "EndpointConfiguration",
    "MutualTlsAuthentication",
    "OwnershipVerificationCertificateArn",
    "Route53",
    "SecurityPolicy",
];

const ROUTE53: &[&str] = &[
    "EvaluateTargetHealth",
    "HostedZoneId",
    "HostedZoneName",
    "IpV6",
    "Region",
    "SetIdentifier",
];

impl Api<'_, '_> {
    pub(super) fn domain(&mut self) {
        let Some(domain) = self.property("Domain").cloned() else {
            return;
        };
        let at = self.key_span("Domain");
        if Kind::of(&domain) != Kind::Map {
            self.refuse(
                &domain.span,
                "`Domain` must be a map".to_owned(),
                "give `DomainName` and `CertificateArn`",
            );
            return;
        }
        let is_there = |node: &&Node| Kind::of(node) != Kind::Null;
        let property = |name: &str| domain.get(name).filter(is_there);
        if let Some(tls) = property("MutualTlsAuthentication").filter(|tls| truthy(tls)) {
            let message = "WebSocket APIs have no `MutualTlsAuthentication`".to_owned();
            self.refuse(&tls.span, message, "leave it out");
        }
        let (Some(name), Some(certificate)) = (property("DomainName"), property("CertificateArn"))
        else {
            let message = "`Domain` needs both `DomainName` and `CertificateArn`".to_owned();
            self.refuse(&at, message, "give both, the certificate as an ARN of ACM");
            return;
        };
        self.warn_of_others(&domain, "`Domain`", PROPERTIES);
        let endpoint = property("EndpointConfiguration").cloned();
        let endpoint = endpoint.unwrap_or_else(|| text(&at, "REGIONAL"));
        if text_of(&endpoint) != Some("REGIONAL") {
            let message = "`EndpointConfiguration` of a WebSocket API is `REGIONAL`".to_owned();
            self.refuse(&endpoint.span, message, "leave it out");
        }
        let id = format!("ApiGatewayDomainNameV2{}", digits(name));
        let mut configuration = vec![
            ("CertificateArn", certificate.clone()),
            ("EndpointType", endpoint),
        ];
        for name in ["OwnershipVerificationCertificateArn", "SecurityPolicy"] {
            let value = property(name).filter(|value| truthy(value));
            configuration.extend(value.map(|value| (name, value.clone())));
        }
        let configurations = list(&at, vec![map(&at, configuration)]);
        let properties = [
            ("DomainName", Some(name.clone())),
            ("DomainNameConfigurations", Some(configurations)),
            ("Tags", Some(map(&at, [(CREATED_BY, text(&at, "SAM"))]))),
        ];
        if self.is_declared(&id, &at) {
            return;
        }
        self.add(
            (&id, &name.span),
            "AWS::ApiGatewayV2::DomainName",
            None,
            properties,
        );
        self.mappings(&domain, &id);
        if let Some(route53) = property("Route53") {
            self.records(name, route53, &id);
        }
        self.sam.references.add(&self.id.text, "DomainName", id);
    }

    /// Whether a resource of the template has the logical id, which is an error. Several APIs may
    /// share a domain, so that ids of other APIs are none.
    fn is_declared(&mut self, id: &str, at: &Span) -> bool {
        let Some(declared) = self.sam.declared.get(id).cloned() else {
            return false;
        };
        let line = self.sam.source.line(&declared);
        let message = format!("the resource `{id}` in line {line} has the logical id of this");
        self.refuse(at, message, "rename the resource");
        true
    }

    fn mappings(&mut self, domain: &Node, domain_id: &str) {
        let at = self.key_span("Domain");
        let paths = domain.get("BasePath").filter(|path| truthy(path)).cloned();
        let paths = match paths {
            Some(path) if Kind::of(&path) == Kind::Text => vec![Some(path)],
            Some(Node {
                content: Content::Sequence(paths),
                tag: None,
                ..
            }) => paths.into_iter().map(Some).collect(),
            Some(other) => {
                let message = "SAM takes text or a list for `BasePath`: this is passed over, and \
                               the API is at the root of the domain";
                self.sam
                    .warn(&other.span, WarningKind::Suspicious, message.to_owned());
                vec![None]
            }
            None => vec![None],
        };
        for path in paths {
            let at = path.as_ref().map_or(&at, |path| &path.span);
            let key = match path.as_ref().map(text_of) {
                None => None,
                Some(Some(key)) if key.chars().all(is_allowed) => Some(key),
                Some(_) => {
                    let message =
                        "`BasePath` is text of letters, digits, `-`, `_` and `/`".to_owned();
                    self.refuse(at, message, "leave other characters out");
                    continue;
                }
            };
            let part = key.unwrap_or_default().replace(['-', '_', '/'], "");
            let id = format!("{}{part}ApiMapping", self.id.text);
            let what = key.map_or("the mapping".to_owned(), |key| {
                format!("the base path `{key}`")
            });
            if !self.sam.claim(&id, &what, at) {
                continue;
            }
            let key = key.map(|key| text(at, key.trim_matches('/')));
            let properties = [
                ("ApiId", Some(reference(at, &self.id.text))),
                ("ApiMappingKey", key),
                ("DomainName", Some(reference(at, domain_id))),
                (
                    "Stage",
                    Some(reference(at, &format!("{}.Stage", self.id.text))),
                ),
            ];
            self.add((&id, at), "AWS::ApiGatewayV2::ApiMapping", None, properties);
        }
    }

    fn records(&mut self, name: &Node, route53: &Node, domain_id: &str) {
        let at = &route53.span;
        if Kind::of(route53) != Kind::Map {
            self.refuse(
                at,
                "`Domain.Route53` must be a map".to_owned(),
                "give `HostedZoneId` or `HostedZoneName`",
            );
            return;
        }
        let is_there = |node: &&Node| Kind::of(node) != Kind::Null;
        let property = |name: &str| route53.get(name).filter(is_there).cloned();
        let (zone_id, zone_name) = (property("HostedZoneId"), property("HostedZoneName"));
        let zone = zone_id.clone().filter(truthy).or_else(|| zone_name.clone());
        if zone_id.is_none() && zone_name.is_none() {
            let message = "`Domain.Route53` needs `HostedZoneId` or `HostedZoneName`".to_owned();
            self.refuse(at, message, "give one of them, or leave `Route53` out");
            return;
        }
        self.warn_of_others(route53, "`Domain.Route53`", ROUTE53);
        let record = |kind: &str| {
            let mut target = Vec::new();
            let health = property("EvaluateTargetHealth");
            target.extend(health.map(|health| ("EvaluateTargetHealth", health)));
            target.push((
                "HostedZoneId",
                attribute(at, domain_id, "RegionalHostedZoneId"),
            ));
            target.push(("DNSName", attribute(at, domain_id, "RegionalDomainName")));
            let mut record = vec![
                ("Name", name.clone()),
                ("Type", text(at, kind)),
                ("AliasTarget", map(at, target)),
            ];
            for name in ["Region", "SetIdentifier"] {
                record.extend(property(name).map(|value| (name, value)));
            }
            map(at, record)
        };
        let has_ipv6 = property("IpV6").is_some_and(|node| Kind::of(&node) == Kind::Bool(true));
        let kinds: &[&str] = if has_ipv6 { &["A", "AAAA"] } else { &["A"] };
        let records = kinds.iter().map(|kind| record(kind)).collect();
        let zone_name = zone_name.filter(|_| route53.get("HostedZoneId").is_none());
        let properties = [
            ("HostedZoneId", zone_id),
            ("HostedZoneName", zone_name),
            ("RecordSets", Some(list(at, records))),
        ];
        let id = format!(
            "RecordSetGroup{}",
            zone.map_or_else(String::new, |zone| digits(&zone))
        );
        if self.is_declared(&id, at) {
            return;
        }
        self.add((&id, at), "AWS::Route53::RecordSetGroup", None, properties);
    }
}

fn is_allowed(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '/' | '-' | '_')
}
