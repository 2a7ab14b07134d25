//! The values of `serve`'s options, as they are written.

use std::path::PathBuf;

use spec::throttle::Limit;
use stack::Variables;

/// A host name as it is in `Host`, without a port.
pub(super) fn host_name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err("it must be a host name alone, such as `host.docker.internal`".to_owned()),
    }
}

/// `sqs=http://…`: the service as in `AWS_ENDPOINT_URL_SQS`, and its address.
pub(super) fn endpoint(text: &str) -> Result<(String, String), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match text.split_once('=') {
        Some((service, url))
            if !service.is_empty()
                && service.chars().all(fits)
                && (url.starts_with("http://") || url.starts_with("https://")) =>
        {
            Ok((service.to_owned(), url.to_owned()))
        }
        _ => Err(
            "it must be a service and its address, such as `sqs=http://127.0.0.1:4566`".to_owned(),
        ),
    }
}

/// `MyLink=http://…`: a VPC link, and where it leads.
pub(super) fn vpc_link(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, url))
            if !name.is_empty() && (url.starts_with("http://") || url.starts_with("https://")) =>
        {
            Ok((name.to_owned(), url.to_owned()))
        }
        _ => Err(
            "it must be a VPC link and an address, such as `MyLink=http://127.0.0.1:8080`"
                .to_owned(),
        ),
    }
}

/// `--env-vars`: a file, and what is in it.
#[derive(Clone)]
pub(super) struct EnvVars {
    pub(super) file: PathBuf,
    pub(super) variables: Variables,
}

impl EnvVars {
    /// Reads a file.
    pub(super) fn read(file: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        let variables = Variables::parse(&text).map_err(|error| error.to_string())?;
        let file = file.into();
        Ok(Self { file, variables })
    }
}

pub(super) fn account_rate(text: &str) -> Result<Limit, String> {
    // So are AWS's own: 10,000 a second, 5,000 at once (LIMITS-30).
    limit(text, |rate| rate / 2.0)
}

pub(super) fn connection_rate(text: &str) -> Result<Limit, String> {
    limit(text, |rate| rate)
}

/// A rate, or none. Where something may pass at all, one may pass at once.
fn limit(text: &str, burst: impl Fn(f64) -> f64) -> Result<Limit, String> {
    if text == "off" {
        return Ok(Limit::NONE);
    }
    let rate = text.parse().ok().filter(|rate| (0.0..=1e9).contains(rate));
    let rate: f64 = rate.ok_or("it must be a number from 0 to 1e9, or `off`")?;
    let least = if rate > 0.0 { 1.0 } else { 0.0 };
    Ok(Limit {
        rate,
        burst: burst(rate).ceil().max(least) as u32,
    })
}
