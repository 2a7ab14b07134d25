//! Custom domains, and the default endpoint.

use rstest::rstest;

use super::*;

fn read(resources: &str) -> Result<Assembly, Error> {
    let text = format!("Resources:{API}{resources}");
    parse("t.yaml", &text, Path::new("dir"), &settings(&[]))
}

/// The mappings of a stack, each as an address.
fn mappings(resources: &str) -> Vec<String> {
    let stack = read(resources).expect("a right template");
    let mappings = stack.api().api_mappings.iter();
    mappings
        .map(|one| format!("{}{}", one.domain_name, one.path()))
        .collect()
}

/// What the CDK makes of a `DomainName` and an `ApiMapping`, with what other tools add.
const DOMAIN: &str = "
  Domain:
    Type: AWS::ApiGatewayV2::DomainName
    Properties:
      DomainName: Chat.example.com
      DomainNameConfigurations: [{CertificateArn: arn, EndpointType: REGIONAL}]
  Record:
    Type: AWS::Route53::RecordSet
    Properties: {Name: x, Type: A, AliasTarget: {DNSName: !GetAtt Domain.RegionalDomainName, HostedZoneId: !GetAtt Domain.RegionalHostedZoneId}}
  Mapping:
    Type: AWS::ApiGatewayV2::ApiMapping
    DependsOn: [Stage]
    Properties: {ApiId: !Ref Api, ApiMappingKey: live, DomainName: !Ref Domain, Stage: !Ref Stage}
";

#[test]
fn a_mapping_leads_a_domain_to_the_stage() {
    assert_eq!(mappings(DOMAIN), ["chat.example.com/live"]);
    assert_eq!(read(DOMAIN).expect("a right template").warnings(), []);
    let without = DOMAIN.replace("ApiMappingKey: live, ", "");
    assert_eq!(mappings(&without), ["chat.example.com"]);
    let slashes = DOMAIN.replace("Key: live", "Key: /v1/live/");
    assert_eq!(mappings(&slashes), ["chat.example.com/v1/live"]);
    let other = DOMAIN.replace("Stage: !Ref Stage", "Stage: other");
    assert_eq!(mappings(&other), [""; 0]);
    let stack = read(&other).expect("a right template");
    let warnings: Vec<&str> = stack.warnings().iter().map(|one| &*one.message).collect();
    assert_eq!(
        warnings,
        ["the API has no stage `other`: this mapping leads nowhere"]
    );
    let of_rest = DOMAIN.replace(
        "AWS::ApiGatewayV2::DomainName",
        "AWS::ApiGateway::DomainName",
    );
    assert_eq!(mappings(&of_rest), ["chat.example.com/live"]);
}

#[rstest]
#[case::key("ApiMappingKey: live", "ApiMappingKey: 'a b'", "must have at most 300")]
#[case::long("Key: live", &format!("Key: {}", "x".repeat(301)), "must have at most 300")]
#[case::name(
    "DomainName: !Ref Domain",
    "DomainName: 'https://x'",
    "must be a host name"
)]
fn mappings_that_aws_refuses(#[case] from: &str, #[case] to: &str, #[case] message: &str) {
    let text = DOMAIN.replace(from, to);
    assert_ne!(text, DOMAIN);
    let error = read(&text).expect_err("a wrong mapping");
    assert!(error.message().contains(message), "{error}");
}

#[test]
fn a_key_is_mapped_once() {
    let (_, mapping) = DOMAIN.split_once("  Mapping:").expect("it is there");
    let error = read(&format!("{DOMAIN}  Again:{mapping}")).expect_err("two of them");
    assert!(error.message().contains("several mappings"), "{error}");
}

#[test]
fn a_domain_that_cannot_be_read_keeps_nobody_from_serving() {
    let text = DOMAIN.replace("DomainName: !Ref Domain, ", "");
    let stack = read(&text).expect("it is served without");
    assert!(stack.api().api_mappings.is_empty());
    let message = &stack.warnings()[0].message;
    assert!(message.contains("no custom domain leads"), "{message}");
}

#[test]
fn the_default_endpoint_can_be_disabled() {
    let text = format!("Resources:{API}{DOMAIN}");
    let text = text.replace(
        "ProtocolType: WEBSOCKET",
        "DisableExecuteApiEndpoint: true, ProtocolType: WEBSOCKET",
    );
    let read = |text: &str| parse("t.yaml", text, Path::new("dir"), &settings(&[]));
    let stack = read(&text).expect("a right template");
    assert!(stack.api().disable_execute_api_endpoint);
    let body = text.replace("DisableExecuteApiEndpoint: true", "Body: {}");
    let error = read(&body).expect_err("no import of OpenAPI");
    assert!(error.message().contains("OpenAPI"), "{error}");
}

#[test]
fn other_domains_need_a_restart() {
    let (first, key) = (DOMAIN, DOMAIN.replace("Key: live", "Key: more"));
    let name = DOMAIN.replace("Chat.example", "talk.example");
    let plan = |after: &str| {
        let [old, new] = [first, after].map(|text| read(text).expect("a right template"));
        Plan::between(&old, &new)
    };
    assert_eq!(plan(&key).refusals(), []);
    let refusals = plan(&name).refusals();
    let message = refusals[0].to_string();
    let expected = "the API's addresses change from `/test, chat.example.com` to \
                    `/test, talk.example.com`";
    assert_eq!(message, expected);
}

#[rstest]
#[case("ping", true)]
#[case("/sping/", true)]
#[case("ping/live", false)]
#[case("pings", false)]
fn a_key_that_the_health_check_has_is_a_warning(#[case] key: &str, #[case] is_warned: bool) {
    let text = DOMAIN.replace("ApiMappingKey: live", &format!("ApiMappingKey: {key}"));
    let stack = read(&text).expect("AWS makes the mapping");
    assert_eq!(stack.api().api_mappings.len(), 1);
    let warnings = stack.warnings();
    assert_eq!(warnings.len(), usize::from(is_warned), "{warnings:?}");
    let is_of_key = |warning: &Warning| {
        warning.kind == WarningKind::Suspicious && warning.message.contains("`/sping`")
    };
    assert!(warnings.iter().all(is_of_key), "{warnings:?}");
}

#[rstest]
#[case::every_name("'*'")]
#[case::top_level("'*.com'")]
#[case::inside("a.*.com")]
#[case::empty_label("a..b")]
#[case::label_of_70("LABEL.example.com")]
fn a_domain_is_no_wider_than_one_can_have(#[case] name: &str) {
    let name = name.replace("LABEL", &"a".repeat(70));
    let text = DOMAIN.replace(
        "DomainName: Chat.example.com",
        &format!("DomainName: {name}"),
    );
    assert_ne!(text, DOMAIN);
    let error = read(&text).expect_err("no custom domain");
    assert!(error.message().contains("must be a host name"), "{error}");
    let wildcard = DOMAIN.replace("Chat.example.com", "'*.Example.com'");
    assert_eq!(mappings(&wildcard), ["*.example.com/live"]);
}
