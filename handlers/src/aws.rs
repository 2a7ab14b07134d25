//! How the functions call AWS: the settings of the SDK, and why.
//!
//! The clients are built without `aws-config`: what it adds (profiles, SSO, STS, instance metadata)
//! does not exist inside a Lambda function, whose region and credentials are environment variables
//! for the whole life of the process. That saves a good part of the build, of the binary and of the
//! cold start.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, IdentityCache, Region, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

use crate::environment::{Environment, EnvironmentError};

/// The SDK's behaviour is tuned below, so it is pinned: a new default comes with a commit, not with
/// an update.
fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Three attempts, waiting up to 50 and then up to 100 ms (the SDK's default waits up to 1 and 2
/// s): a client waits for the handshake, or for a reply, and the function is billed by the
/// millisecond.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
}

/// Less than the function's own timeout of 10 s, so that a call that hangs ends in a result and a
/// log line instead of a killed process.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(7))
        .build()
}

/// The configuration that all calls to AWS share.
pub struct Aws {
    region: Region,
    credentials: Credentials,
    http_client: Option<SharedHttpClient>,
}

impl Aws {
    /// Region and credentials as Lambda gives them to a function.
    ///
    /// # Errors
    ///
    /// If a variable is missing.
    pub fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            region: Region::new(environment.required("AWS_REGION")?.to_owned()),
            credentials: Credentials::new(
                environment.required("AWS_ACCESS_KEY_ID")?,
                environment.required("AWS_SECRET_ACCESS_KEY")?,
                environment.get("AWS_SESSION_TOKEN").map(str::to_owned),
                None,
                "lambda-environment",
            ),
            http_client: None,
        })
    }

    /// The same with another HTTP client, such as the SDK's test doubles.
    #[must_use]
    pub fn with_http_client(self, http_client: SharedHttpClient) -> Self {
        Self {
            http_client: Some(http_client),
            ..self
        }
    }

    /// A DynamoDB client.
    ///
    /// # Errors
    ///
    /// If the variable that overrides its address is not a URL.
    pub fn dynamodb(
        &self,
        environment: &Environment,
    ) -> Result<aws_sdk_dynamodb::Client, EnvironmentError> {
        let endpoint = endpoint_override(environment, "DYNAMODB")?;
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(behavior_version())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            // The credentials never change in a process: there is nothing to cache or renew.
            .identity_cache(IdentityCache::no_cache())
            .http_client(self.http_client(endpoint))
            .retry_config(retries())
            .timeout_config(timeouts())
            // It watches the throughput of long bodies. Ours have a few hundred bytes, and the
            // timeouts limit them.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(endpoint.map(str::to_owned));
        Ok(aws_sdk_dynamodb::Client::from_conf(config.build()))
    }

    /// A client of the `@connections` API of one API and stage.
    ///
    /// # Errors
    ///
    /// If `API_ID` or `STAGE` is missing, or the variable that overrides the address is not a URL.
    pub fn management(
        &self,
        environment: &Environment,
    ) -> Result<aws_sdk_apigatewaymanagement::Client, EnvironmentError> {
        let endpoint = match endpoint_override(environment, "APIGATEWAYMANAGEMENTAPI")? {
            Some(endpoint) => endpoint.to_owned(),
            None => self.management_endpoint(
                environment.required("API_ID")?,
                environment.required("STAGE")?,
            ),
        };
        let config = aws_sdk_apigatewaymanagement::Config::builder()
            .behavior_version(behavior_version())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .identity_cache(IdentityCache::no_cache())
            .http_client(self.http_client(Some(&endpoint)))
            .retry_config(retries())
            .timeout_config(timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .endpoint_url(endpoint);
        Ok(aws_sdk_apigatewaymanagement::Client::from_conf(
            config.build(),
        ))
    }

    /// The address of the `@connections` API of a deployed stage.
    fn management_endpoint(&self, api_id: &str, stage: &str) -> String {
        let region = self.region.as_ref();
        let suffix = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        format!("https://{api_id}.execute-api.{region}.{suffix}/{stage}/")
    }

    /// Rustls with ring, which compiles in half the time of the SDK's default (aws-lc). If the
    /// address is plain `http`, the system's root certificates are not read at all.
    fn http_client(&self, endpoint: Option<&str>) -> SharedHttpClient {
        if let Some(http_client) = &self.http_client {
            return http_client.clone();
        }
        let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
            let without_roots = TlsContext::builder()
                .with_trust_store(TrustStore::empty())
                .build();
            return match without_roots {
                Ok(context) => builder.tls_context(context).build_https(),
                Err(_) => builder.build_https(),
            };
        }
        builder.build_https()
    }
}

/// The address that replaces the service's own: `AWS_ENDPOINT_URL_…`, else `AWS_ENDPOINT_URL`,
/// unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`. Source: the SDKs' reference guide.
fn endpoint_override<'e>(
    environment: &'e Environment,
    service: &str,
) -> Result<Option<&'e str>, EnvironmentError> {
    if environment
        .get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return Ok(None);
    }
    let of_the_service = format!("AWS_ENDPOINT_URL_{service}");
    for name in [of_the_service.as_str(), "AWS_ENDPOINT_URL"] {
        if let Some(url) = environment.get(name) {
            if url.starts_with("http://") || url.starts_with("https://") {
                return Ok(Some(url));
            }
            let problem = "is not a URL: it has to start with `http://` or `https://`";
            return Err(EnvironmentError {
                name: name.to_owned(),
                problem,
            });
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn environment(extra: &[(&'static str, &'static str)]) -> Environment {
        let base = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
        ];
        base.iter().chain(extra).copied().collect()
    }

    #[rstest]
    #[case::none(&[], None)]
    #[case::of_the_service(
        &[("AWS_ENDPOINT_URL_DYNAMODB", "http://a"), ("AWS_ENDPOINT_URL", "http://b")],
        Some("http://a")
    )]
    #[case::of_all_services(&[("AWS_ENDPOINT_URL", "http://b")], Some("http://b"))]
    #[case::of_another_service(&[("AWS_ENDPOINT_URL_S3", "http://c")], None)]
    #[case::empty(&[("AWS_ENDPOINT_URL_DYNAMODB", "")], None)]
    #[case::switched_off(
        &[("AWS_ENDPOINT_URL", "http://b"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
        None
    )]
    fn the_endpoint_is_overridden_as_in_every_sdk(
        #[case] extra: &[(&'static str, &'static str)],
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(
            endpoint_override(&environment(extra), "DYNAMODB"),
            Ok(expected)
        );
    }

    #[test]
    fn an_address_without_a_scheme_is_refused_by_name() {
        let environment = environment(&[("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000")]);
        let aws = Aws::from_environment(&environment).unwrap();
        let error = aws.dynamodb(&environment).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("environment variable `AWS_ENDPOINT_URL_DYNAMODB` is not a URL"),
            "{error}"
        );
    }

    #[rstest]
    #[case(
        "eu-central-1",
        "https://abc123.execute-api.eu-central-1.amazonaws.com/stage/"
    )]
    #[case(
        "cn-north-1",
        "https://abc123.execute-api.cn-north-1.amazonaws.com.cn/stage/"
    )]
    fn the_address_of_a_deployed_stage(#[case] region: &'static str, #[case] expected: &str) {
        let aws = Aws {
            region: Region::new(region),
            ..Aws::from_environment(&environment(&[])).unwrap()
        };
        assert_eq!(aws.management_endpoint("abc123", "stage"), expected);
    }

    #[rstest]
    #[case::api_id(&[("STAGE", "stage")], "API_ID")]
    #[case::stage(&[("API_ID", "abc123")], "STAGE")]
    fn without_an_override_the_address_needs_both(
        #[case] extra: &[(&'static str, &'static str)],
        #[case] missing: &str,
    ) {
        let environment = environment(extra);
        let error = Aws::from_environment(&environment)
            .unwrap()
            .management(&environment)
            .unwrap_err();
        assert_eq!(error.name, missing);
    }

    #[test]
    fn a_call_ends_before_the_function_is_killed() {
        let template = include_str!("../../template.yaml");
        let timeout = template
            .lines()
            .find_map(|line| line.trim().strip_prefix("Timeout: "))
            .unwrap();
        let function_timeout = Duration::from_secs(timeout.parse().unwrap());
        assert!(timeouts().operation_timeout().unwrap() < function_timeout);
    }
}
