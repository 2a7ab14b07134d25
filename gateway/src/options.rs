//! What to serve, and how.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use spec::signature::{Access, Signatures};
use spec::throttle::{self, Limit};
use stack::{Assembly, Settings};

use crate::access_log::AccessLog;
use crate::build::Build;
use crate::clock::TimeSource;
use crate::lambda::{FunctionOutput, InvocationLines};
#[cfg(feature = "mutations")]
use crate::mutation::Mutation;
use crate::runtime::Interpreters;
use crate::{Error, credentials, tls};

/// What to serve, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The template.
    pub template: PathBuf,
    /// What the template leaves open: parameters, region, which API and stage.
    pub settings: Settings,
    /// The address to listen on. Only this machine can reach a loopback address.
    pub host: IpAddr,
    /// Further names, without port, that requests may call this machine by in their `Host` header.
    /// Loopback names, the API's own and `host` are always allowed; others are refused, because a
    /// web page can make any name point here. Containers say `host.docker.internal`.
    pub allowed_hosts: Vec<String>,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// How the functions' executables are obtained.
    pub build: Build,
    /// What runs functions that are not executables.
    pub interpreters: Interpreters,
    /// Where the lines that functions write go.
    pub function_output: FunctionOutput,
    /// Which lines about invocations stand among them.
    pub invocation_lines: InvocationLines,
    /// Where the lines of the stage's access log go, if it has `AccessLogSettings`.
    pub access_log: AccessLog,
    /// How many requests the account may make, instead of AWS's quota.
    ///
    /// Realises: LIMITS-30
    pub account_limit: Limit,
    /// How many connections the account may open, instead of AWS's quota.
    ///
    /// Realises: LIMITS-31
    pub connection_limit: Limit,
    /// Who may sign, besides the functions: a file in the form of AWS's shared credentials.
    pub credentials: Option<PathBuf>,
    /// Whether calls of the `@connections` API and of Lambda's must be signed.
    pub require_signatures: bool,
    /// Another DynamoDB for the functions than the one in this process. The tables that it
    /// does not have are made there.
    pub dynamodb_url: Option<String>,
    /// The port of the DynamoDB in this process, on loopback; 0 lets the system choose.
    pub dynamodb_port: u16,
    /// The file in which the DynamoDB in this process keeps its tables over a restart; made if it is
    /// missing. Without one they are in memory. Not with a frozen clock.
    pub data: Option<PathBuf>,
    /// Where functions find other services: values of `AWS_ENDPOINT_URL_{SERVICE}`, by `SERVICE` as
    /// SDKs spell it there. The gateway's own address answers for all others that it has none.
    pub endpoints: BTreeMap<String, String>,
    /// The folder of the authority that TLS clients are to trust; made at the first use. Without one,
    /// each gateway has an authority of its own, which goes with it.
    pub authority: Option<PathBuf>,
    /// The most processes of one function; [`MAX_PROCESSES`] by default.
    pub max_processes: usize,
    /// Where the time comes from.
    pub clock: TimeSource,
    /// What the gateway is to do wrong, for tests of the kit.
    #[cfg(feature = "mutations")]
    pub mutation: Option<Mutation>,
}

/// The most processes of one function, unless another number is wished for. Lambda has up to 1,000
/// environments; a process of Node takes some 60 MB.
pub const MAX_PROCESSES: usize = 64;

impl Options {
    /// The defaults for a template: loopback, a port of the system's choice, everything built;
    /// region, services and the folder of the authority as this process's environment says
    /// (`AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_*`; `XDG_CACHE_HOME`, `HOME`).
    pub fn new(template: impl Into<PathBuf>) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut settings = Settings::default();
        if let Some(region) = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")) {
            settings.region = region;
        }
        Self {
            template: template.into(),
            settings,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allowed_hosts: Vec::new(),
            port: 0,
            build: Build::default(),
            interpreters: Interpreters::default(),
            function_output: FunctionOutput::default(),
            invocation_lines: InvocationLines::default(),
            access_log: AccessLog::default(),
            account_limit: throttle::ACCOUNT,
            connection_limit: throttle::CONNECTIONS,
            credentials: None,
            require_signatures: false,
            dynamodb_url: variable("AWS_ENDPOINT_URL_DYNAMODB"),
            dynamodb_port: 0,
            data: None,
            endpoints: endpoints(),
            authority: tls::cache_folder(),
            max_processes: MAX_PROCESSES,
            clock: TimeSource::default(),
            #[cfg(feature = "mutations")]
            mutation: None,
        }
    }

    /// Whose signatures hold, and what becomes of unsigned calls: noted, if somebody could have
    /// signed them.
    pub(crate) fn access(&self, stack: &Assembly) -> Result<Access, Error> {
        let mut access = Access::new(stack.api());
        access.management = match self.require_signatures {
            true => Signatures::Required,
            false if self.credentials.is_some() => Signatures::Noted,
            false => Signatures::Ignored,
        };
        if let Some(path) = &self.credentials {
            let own = credentials::read(path, stack.api())?;
            // A profile with the functions' own access key is meant.
            access.callers.retain(|caller| {
                own.iter()
                    .all(|own| own.access_key_id != caller.access_key_id)
            });
            access.callers.splice(0..0, own);
        }
        Ok(access)
    }
}

/// Those of this process's environment, but for the services that the gateway has.
fn endpoints() -> BTreeMap<String, String> {
    let own = ["DYNAMODB", "LAMBDA", "APIGATEWAYMANAGEMENTAPI"];
    let variables = std::env::vars_os().filter_map(|(name, url)| {
        let service = name.to_str()?.strip_prefix("AWS_ENDPOINT_URL_")?.to_owned();
        let is_meant = !own.contains(&&*service) && !url.is_empty();
        is_meant.then_some((service, url.into_string().ok()?))
    });
    variables.collect()
}
