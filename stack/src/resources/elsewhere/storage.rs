//! Storage, and what guards it: people, secrets, keys.

use super::forms::{Row, lower, made, name, of};

pub(super) const TYPES: &[Row] = &[
    // Storage.
    (
        "AWS::S3::Bucket",
        lower(
            "BucketName",
            &[
                ("Arn", "arn:{partition}:s3:::{ref}"),
                ("DomainName", "{ref}.s3.amazonaws.com"),
                (
                    "DualStackDomainName",
                    "{ref}.s3.dualstack.{region}.amazonaws.com",
                ),
                ("RegionalDomainName", "{ref}.s3.{region}.amazonaws.com"),
                (
                    "WebsiteURL",
                    "http://{ref}.s3-website-{region}.amazonaws.com",
                ),
            ],
        ),
    ),
    (
        "AWS::ECR::Repository",
        lower(
            "RepositoryName",
            &[
                (
                    "Arn",
                    "arn:{partition}:ecr:{region}:{account}:repository/{ref}",
                ),
                (
                    "RepositoryUri",
                    "{account}.dkr.ecr.{region}.amazonaws.com/{ref}",
                ),
            ],
        ),
    ),
    (
        "AWS::EFS::FileSystem",
        made(
            "fs-{hex:17}",
            &[
                (
                    "Arn",
                    "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{ref}",
                ),
                ("FileSystemId", "{ref}"),
            ],
        ),
    ),
    (
        "AWS::RDS::DBInstance",
        lower(
            "DBInstanceIdentifier",
            &[
                (
                    "DBInstanceArn",
                    "arn:{partition}:rds:{region}:{account}:db:{ref}",
                ),
                (
                    "Endpoint.Address",
                    "{ref}.{id:12}.{region}.rds.amazonaws.com",
                ),
            ],
        ),
    ),
    (
        "AWS::RDS::DBCluster",
        lower(
            "DBClusterIdentifier",
            &[
                (
                    "DBClusterArn",
                    "arn:{partition}:rds:{region}:{account}:cluster:{ref}",
                ),
                (
                    "Endpoint.Address",
                    "{ref}.cluster-{id:12}.{region}.rds.amazonaws.com",
                ),
                (
                    "ReadEndpoint.Address",
                    "{ref}.cluster-ro-{id:12}.{region}.rds.amazonaws.com",
                ),
            ],
        ),
    ),
    (
        "AWS::OpenSearchService::Domain",
        lower(
            "DomainName",
            &[
                ("Arn", "arn:{partition}:es:{region}:{account}:domain/{ref}"),
                (
                    "DomainArn",
                    "arn:{partition}:es:{region}:{account}:domain/{ref}",
                ),
                (
                    "DomainEndpoint",
                    "search-{ref}-{id:26}.{region}.es.amazonaws.com",
                ),
            ],
        ),
    ),
    // People, secrets, keys.
    (
        "AWS::Cognito::UserPool",
        made(
            "{region}_{id:9}",
            &[
                (
                    "Arn",
                    "arn:{partition}:cognito-idp:{region}:{account}:userpool/{ref}",
                ),
                ("ProviderName", "cognito-idp.{region}.amazonaws.com/{ref}"),
                (
                    "ProviderURL",
                    "https://cognito-idp.{region}.amazonaws.com/{ref}",
                ),
                ("UserPoolId", "{ref}"),
            ],
        ),
    ),
    (
        "AWS::Cognito::UserPoolClient",
        made("{id:26}", &[("ClientId", "{ref}")]),
    ),
    ("AWS::Cognito::UserPoolDomain", name("Domain", &[])),
    ("AWS::Cognito::UserPoolGroup", name("GroupName", &[])),
    (
        "AWS::Cognito::IdentityPool",
        made("{region}:{uuid}", &[("Id", "{ref}")]),
    ),
    (
        "AWS::SecretsManager::Secret",
        of(
            "Name",
            "arn:{partition}:secretsmanager:{region}:{account}:secret:{ref}-{id:6}",
            &[("Id", "{ref}")],
        ),
    ),
    (
        "AWS::SSM::Parameter",
        name("Name", &[("Type", "{=Type}"), ("Value", "{=Value}")]),
    ),
    (
        "AWS::KMS::Key",
        made(
            "{uuid}",
            &[
                ("Arn", "arn:{partition}:kms:{region}:{account}:key/{ref}"),
                ("KeyId", "{ref}"),
            ],
        ),
    ),
    ("AWS::KMS::Alias", name("AliasName", &[])),
    (
        "AWS::IAM::User",
        name(
            "UserName",
            &[("Arn", "arn:{partition}:iam::{account}:user/{ref}")],
        ),
    ),
    (
        "AWS::IAM::Group",
        name(
            "GroupName",
            &[("Arn", "arn:{partition}:iam::{account}:group/{ref}")],
        ),
    ),
    (
        "AWS::CertificateManager::Certificate",
        made(
            "arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
            &[("Id", "{ref}")],
        ),
    ),
];
