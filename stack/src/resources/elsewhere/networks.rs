//! Other APIs, the web, networks, containers.

use super::forms::{Row, made, name, of};

pub(super) const TYPES: &[Row] = &[
    // Other APIs, the web.
    (
        "AWS::ApiGateway::RestApi",
        made(
            "{id:10}",
            &[("RestApiId", "{ref}"), ("RootResourceId", "{upper:10}")],
        ),
    ),
    (
        "AWS::Serverless::Api",
        made("{id:10}", &[("RootResourceId", "{upper:10}")]),
    ),
    (
        "AWS::Serverless::HttpApi",
        made(
            "{id:10}",
            &[(
                "ApiEndpoint",
                "https://{ref}.execute-api.{region}.amazonaws.com",
            )],
        ),
    ),
    ("AWS::ApiGateway::Stage", name("StageName", &[])),
    (
        "AWS::AppSync::GraphQLApi",
        made(
            "arn:{partition}:appsync:{region}:{account}:apis/{id:26}",
            &[
                ("ApiId", "{id:26}"),
                ("Arn", "{ref}"),
                (
                    "GraphQLUrl",
                    "https://{id:26}.appsync-api.{region}.amazonaws.com/graphql",
                ),
            ],
        ),
    ),
    (
        "AWS::CloudFront::Distribution",
        made(
            "E{upper:13}",
            &[("DomainName", "d{id:13}.cloudfront.net"), ("Id", "{ref}")],
        ),
    ),
    (
        "AWS::Route53::HostedZone",
        made("Z{upper:20}", &[("Id", "{ref}")]),
    ),
    ("AWS::Route53::RecordSet", name("Name", &[])),
    (
        "AWS::Lambda::Url",
        of(
            "TargetFunctionArn",
            "{ref}",
            &[
                ("FunctionArn", "{ref}"),
                ("FunctionUrl", "https://{id:32}.lambda-url.{region}.on.aws/"),
            ],
        ),
    ),
    // Networks and containers.
    (
        "AWS::EC2::VPC",
        made(
            "vpc-{hex:17}",
            &[("VpcId", "{ref}"), ("CidrBlock", "{=CidrBlock}")],
        ),
    ),
    (
        "AWS::EC2::Subnet",
        made(
            "subnet-{hex:17}",
            &[
                ("SubnetId", "{ref}"),
                ("VpcId", "{=VpcId}"),
                ("CidrBlock", "{=CidrBlock}"),
                ("AvailabilityZone", "{region}a"),
            ],
        ),
    ),
    (
        "AWS::EC2::SecurityGroup",
        made(
            "sg-{hex:17}",
            &[("GroupId", "{ref}"), ("Id", "{ref}"), ("VpcId", "{=VpcId}")],
        ),
    ),
    (
        "AWS::EC2::InternetGateway",
        made("igw-{hex:17}", &[("InternetGatewayId", "{ref}")]),
    ),
    (
        "AWS::EC2::NatGateway",
        made("nat-{hex:17}", &[("NatGatewayId", "{ref}")]),
    ),
    (
        "AWS::EC2::RouteTable",
        made("rtb-{hex:17}", &[("RouteTableId", "{ref}")]),
    ),
    (
        "AWS::EC2::VPCEndpoint",
        made("vpce-{hex:17}", &[("Id", "{ref}")]),
    ),
    (
        "AWS::ECS::Cluster",
        name(
            "ClusterName",
            &[(
                "Arn",
                "arn:{partition}:ecs:{region}:{account}:cluster/{ref}",
            )],
        ),
    ),
    (
        "AWS::ECS::TaskDefinition",
        of(
            "Family",
            "arn:{partition}:ecs:{region}:{account}:task-definition/{ref}:1",
            &[("TaskDefinitionArn", "{ref}")],
        ),
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        of(
            "Name",
            "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/app/{ref}/{hex:16}",
            &[
                ("LoadBalancerArn", "{ref}"),
                ("LoadBalancerName", "{name}"),
                ("LoadBalancerFullName", "app/{name}/{hex:16}"),
                ("DNSName", "{name}-{digits:10}.{region}.elb.amazonaws.com"),
            ],
        ),
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        of(
            "Name",
            "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{ref}/{hex:16}",
            &[
                ("TargetGroupArn", "{ref}"),
                ("TargetGroupName", "{name}"),
                ("TargetGroupFullName", "targetgroup/{name}/{hex:16}"),
            ],
        ),
    ),
    (
        "AWS::WAFv2::WebACL",
        of(
            "Name",
            "{ref}|{uuid}|REGIONAL",
            &[
                (
                    "Arn",
                    "arn:{partition}:wafv2:{region}:{account}:regional/webacl/{name}/{uuid}",
                ),
                ("Id", "{uuid}"),
            ],
        ),
    ),
];
