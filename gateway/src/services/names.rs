//! What a service is called: signatures have one name for it (`events`), the SDKs' variables another
//! (`AWS_ENDPOINT_URL_EVENTBRIDGE`), and several services may sign as one.

/// The services that sign by a name which is not that of their variable: those that functions call.
///
/// Source: `signingName` (or `endpointPrefix`) and `serviceId` of botocore 1.43.56.
const OTHERS: [(&str, &[&str]); 24] = [
    ("application-autoscaling", &["APPLICATION_AUTO_SCALING"]),
    ("aoss", &["OPENSEARCHSERVERLESS"]),
    ("apigateway", &["API_GATEWAY", "APIGATEWAYV2"]),
    ("appconfig", &["APPCONFIG", "APPCONFIGDATA"]),
    ("aps", &["AMP"]),
    (
        "bedrock",
        &[
            "BEDROCK",
            "BEDROCK_AGENT",
            "BEDROCK_AGENT_RUNTIME",
            "BEDROCK_RUNTIME",
        ],
    ),
    ("cassandra", &["KEYSPACES"]),
    ("cognito-idp", &["COGNITO_IDENTITY_PROVIDER"]),
    ("es", &["ELASTICSEARCH_SERVICE", "OPENSEARCH"]),
    ("events", &["EVENTBRIDGE"]),
    ("geo", &["LOCATION"]),
    ("iotdata", &["IOT_DATA_PLANE"]),
    ("lex", &["LEX_RUNTIME_SERVICE", "LEX_RUNTIME_V2"]),
    ("logs", &["CLOUDWATCH_LOGS"]),
    ("mobiletargeting", &["PINPOINT"]),
    ("monitoring", &["CLOUDWATCH"]),
    ("neptune-db", &["NEPTUNEDATA"]),
    ("route53", &["ROUTE_53"]),
    ("s3", &["S3", "S3_CONTROL"]),
    ("sagemaker", &["SAGEMAKER", "SAGEMAKER_RUNTIME"]),
    ("secretsmanager", &["SECRETS_MANAGER"]),
    ("ses", &["SES", "SESV2"]),
    ("states", &["SFN"]),
    ("timestream", &["TIMESTREAM_QUERY", "TIMESTREAM_WRITE"]),
];

/// The ends of the variables (`AWS_ENDPOINT_URL_{…}`) of a service, by the name in its signatures or
/// by its own: `events` and `eventbridge` are `EVENTBRIDGE`.
pub fn endpoint_variables(service: &str) -> Vec<String> {
    let service = service.to_ascii_lowercase();
    match OTHERS.iter().find(|(name, _)| *name == service) {
        Some((_, variables)) => variables.iter().map(|&name| name.to_owned()).collect(),
        None => vec![service.to_ascii_uppercase().replace('-', "_")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("sqs", &["SQS"])]
    #[case("SecretsManager", &["SECRETS_MANAGER"])]
    #[case("secrets-manager", &["SECRETS_MANAGER"])]
    #[case("secrets_manager", &["SECRETS_MANAGER"])]
    #[case("states", &["SFN"])]
    #[case("sfn", &["SFN"])]
    #[case("ses", &["SES", "SESV2"])]
    fn a_service_goes_by_either_name(#[case] service: &str, #[case] expected: &[&str]) {
        assert_eq!(endpoint_variables(service), expected);
    }
}
