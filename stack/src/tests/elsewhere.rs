//! Names, ARNs and addresses of resources that are not served here.

use rstest::rstest;

use super::*;

/// An output of a stack that has this resource.
fn output(resource: &str, value: &str) -> String {
    let text = format!(
        "Outputs: {{O: {{Value: {value}}}}}\nResources:\n{API}\n  Thing: {{Type: {resource}}}\n"
    );
    let stack = parse("t.yaml", &text, Path::new(""), &settings(&[])).expect("it can be served");
    stack.outputs()["O"].clone()
}

#[rstest]
#[case::queue(
    "AWS::SQS::Queue",
    "!Ref Thing",
    "https://sqs.us-east-1.amazonaws.com/000000000000/gatespec-Thing"
)]
#[case::queue_arn(
    "AWS::SQS::Queue, Properties: {QueueName: q}",
    "!GetAtt Thing.Arn",
    "arn:aws:sqs:us-east-1:000000000000:q"
)]
#[case::queue_name(
    "AWS::SQS::Queue, Properties: {FifoQueue: true}",
    "!GetAtt Thing.QueueName",
    "gatespec-Thing.fifo"
)]
#[case::topic(
    "AWS::SNS::Topic",
    "!Ref Thing",
    "arn:aws:sns:us-east-1:000000000000:gatespec-Thing"
)]
#[case::topic_name("AWS::SNS::Topic", "!GetAtt Thing.TopicName", "gatespec-Thing")]
#[case::machine(
    "AWS::StepFunctions::StateMachine, Properties: {StateMachineName: m}",
    "!Sub '${Thing} ${Thing.Name}'",
    "arn:aws:states:us-east-1:000000000000:stateMachine:m m"
)]
#[case::bus(
    "AWS::Events::EventBus, Properties: {Name: b}",
    "!Sub '${Thing} ${Thing.Arn}'",
    "b arn:aws:events:us-east-1:000000000000:event-bus/b"
)]
#[case::stream(
    "AWS::Kinesis::Stream",
    "!GetAtt Thing.Arn",
    "arn:aws:kinesis:us-east-1:000000000000:stream/gatespec-Thing"
)]
#[case::bucket(
    "AWS::S3::Bucket",
    "!Sub '${Thing} ${Thing.RegionalDomainName}'",
    "gatespec-thing gatespec-thing.s3.us-east-1.amazonaws.com"
)]
#[case::parameter(
    "AWS::SSM::Parameter, Properties: {Value: v}",
    "!GetAtt Thing.Value",
    "v"
)]
#[case::bus_name(
    "AWS::Events::EventBus, Properties: {Name: b}",
    "!GetAtt Thing.Name",
    "b"
)]
fn what_a_template_names_has_aws_s_form(
    #[case] resource: &str,
    #[case] value: &str,
    #[case] expected: &str,
) {
    assert_eq!(output(resource, value), expected);
}

// Made up, but the same at every start, and in AWS's form.
#[rstest]
#[case::pool("AWS::Cognito::UserPool", "us-east-1_#########")]
#[case::client("AWS::Cognito::UserPoolClient", "##########################")]
#[case::key("AWS::KMS::Key", "########-####-4###-a###-############")]
#[case::vpc("AWS::EC2::VPC", "vpc-#################")]
#[case::distribution("AWS::CloudFront::Distribution", "E#############")]
#[case::secret(
    "AWS::SecretsManager::Secret, Properties: {Name: s}",
    "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-######"
)]
fn what_aws_makes_up_has_aws_s_form(#[case] resource: &str, #[case] form: &str) {
    let made = output(resource, "!Ref Thing");
    assert_eq!(made.len(), form.len(), "{made}");
    let fits = |(made, form): (char, char)| match form {
        '#' => made.is_ascii_alphanumeric(),
        _ => made == form,
    };
    assert!(made.chars().zip(form.chars()).all(fits), "{made}");
    assert_eq!(made, output(resource, "!Ref Thing"));
}

// The same thing has the same id wherever it is named.
#[test]
fn an_arn_has_the_id_that_ref_gives() {
    let both = output("AWS::KMS::Key", "!Sub '${Thing} ${Thing.Arn}'");
    let (id, arn) = both.split_once(' ').expect("two texts");
    assert_eq!(arn, format!("arn:aws:kms:us-east-1:000000000000:key/{id}"));
    let both = output(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "!Sub '${Thing} ${Thing.LoadBalancerFullName}'",
    );
    let (arn, name) = both.split_once(' ').expect("two texts");
    assert!(arn.ends_with(&format!(":loadbalancer/{name}")), "{both}");
}

// That nothing serves it is still said.
#[test]
fn a_resource_with_a_name_has_no_effect_all_the_same() {
    let text = format!("Resources:\n{API}\n  Queue: {{Type: AWS::SQS::Queue}}\n");
    let stack = parse("t.yaml", &text, Path::new(""), &settings(&[])).expect("it can be served");
    let [warning] = stack.warnings() else {
        panic!("{:?}", stack.warnings())
    };
    assert!(
        warning.message.contains("`Queue` (`AWS::SQS::Queue`)"),
        "{warning}"
    );
}

#[rstest]
#[case(
    "AWS::Route53::HostedZone",
    "!Join [' ', !GetAtt Thing.NameServers]",
    "ns-101.awsdns"
)]
#[case(
    "AWS::EC2::VPCEndpoint",
    "!Select [1, !Split [':', !Select [0, !GetAtt Thing.DnsEntries]]]",
    "vpce-"
)]
#[case(
    "AWS::EC2::VPC",
    "!Select [0, !GetAtt Thing.CidrBlockAssociations]",
    "vpc-cidr-assoc-"
)]
#[case(
    "AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/8}",
    "!GetAtt Thing.CidrBlock",
    "10.0"
)]
fn attributes_that_are_lists_have_items(
    #[case] resource: &str,
    #[case] value: &str,
    #[case] begin: &str,
) {
    let given = output(resource, value);
    assert!(given.starts_with(begin) && !given.contains('{'), "{given}");
}
