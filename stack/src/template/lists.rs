//! Attributes that are lists: patterns of their items, as those of [`super::names::Attributes`].
//!
//! Source: "Return values" of each type in
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>

/// Patterns of a list's items.
type Items = &'static [&'static str];

const ADDRESSES: Items = &["10.0.0.10", "10.0.1.10"];
const V6: Items = &["2600:1f13:{hex:4}:{hex:4}::/64"];

/// The items of an attribute; `None` if it is no list.
pub(super) fn items(kind: &str, attribute: &str) -> Option<Items> {
    let found = LISTS
        .iter()
        .find(|(of, name, _)| *of == kind && *name == attribute);
    found.map(|(_, _, items)| *items)
}

const LISTS: &[(&str, &str, Items)] = &[
    (
        "AWS::Route53::HostedZone",
        "NameServers",
        &[
            "ns-101.awsdns-12.com",
            "ns-620.awsdns-13.net",
            "ns-1122.awsdns-12.org",
            "ns-1630.awsdns-11.co.uk",
        ],
    ),
    (
        "AWS::EC2::VPC",
        "CidrBlockAssociations",
        &["vpc-cidr-assoc-{hex:17}"],
    ),
    ("AWS::EC2::VPC", "Ipv6CidrBlocks", V6),
    ("AWS::EC2::Subnet", "Ipv6CidrBlocks", V6),
    (
        "AWS::EC2::VPCEndpoint",
        "DnsEntries",
        &["Z{upper:13}:{ref}-{id:8}.vpce.{region}.vpce.amazonaws.com"],
    ),
    (
        "AWS::EC2::VPCEndpoint",
        "NetworkInterfaceIds",
        &["eni-{hex:17}"],
    ),
    (
        "AWS::EC2::NetworkInterface",
        "SecondaryPrivateIpAddresses",
        &["10.0.0.11"],
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "SecurityGroups",
        &["sg-{hex:17}"],
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "LoadBalancerArns",
        &[
            "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex:16}",
        ],
    ),
    (
        "AWS::NetworkFirewall::Firewall",
        "EndpointIds",
        &["{region}a:vpce-{hex:17}"],
    ),
    (
        "AWS::GlobalAccelerator::Accelerator",
        "Ipv4Addresses",
        &["192.0.2.10", "192.0.2.20"],
    ),
    (
        "AWS::DirectoryService::MicrosoftAD",
        "DnsIpAddresses",
        ADDRESSES,
    ),
    (
        "AWS::DirectoryService::SimpleAD",
        "DnsIpAddresses",
        ADDRESSES,
    ),
    (
        "AWS::ElastiCache::ReplicationGroup",
        "ReadEndPoint.Addresses.List",
        &["{ref}-001.{id:6}.0001.use1.cache.amazonaws.com"],
    ),
    (
        "AWS::ElastiCache::ReplicationGroup",
        "ReadEndPoint.Ports.List",
        &["6379"],
    ),
    ("AWS::AmazonMQ::Broker", "IpAddresses", &["10.0.0.10"]),
    (
        "AWS::AmazonMQ::Broker",
        "AmqpEndpoints",
        &["amqp+ssl://{ref}-1.mq.{region}.amazonaws.com:5671"],
    ),
    (
        "AWS::AmazonMQ::Broker",
        "MqttEndpoints",
        &["mqtt+ssl://{ref}-1.mq.{region}.amazonaws.com:8883"],
    ),
    (
        "AWS::AmazonMQ::Broker",
        "OpenWireEndpoints",
        &["ssl://{ref}-1.mq.{region}.amazonaws.com:61617"],
    ),
    (
        "AWS::AmazonMQ::Broker",
        "StompEndpoints",
        &["stomp+ssl://{ref}-1.mq.{region}.amazonaws.com:61614"],
    ),
    (
        "AWS::AmazonMQ::Broker",
        "WssEndpoints",
        &["wss://{ref}-1.mq.{region}.amazonaws.com:61619"],
    ),
];
