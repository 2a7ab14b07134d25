//! The target `aws`: stacks that CloudFormation deployed, found by their outputs.
//!
//! Region and credentials come from where AWS's SDKs look for them: the environment, profiles, SSO.
//! With `AWS_ENDPOINT_URL` the same works on an emulator of CloudFormation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{Stack, StackStatus};
use aws_sdk_dynamodb::types::AttributeValue;

use super::endpoint::{FEATURES, Place, Target};
use crate::case::Feature;
use crate::sign::Credentials;

/// The output that says where clients connect to.
pub const ADDRESS: &str = "WebSocketUrl";
/// The output that says of which fixture a stack is, as
/// [`deployed_as`](super::endpoint::deployed_as) names it.
pub const FIXTURE: &str = "GatespecFixture";
/// How long an answer may take on the way to a region and back, a cold start of two functions
/// included.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Why a deployed stack could not be found, or looked into.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The configuration names no region.
    #[error("no region is set: give `AWS_REGION`, or a profile that has one by `AWS_PROFILE`")]
    NoRegion,
    /// The configuration has no source of credentials.
    #[error("there are no credentials to sign with")]
    NoProvider,
    /// No source of credentials had any.
    #[error("there are no credentials to sign with")]
    NoCredentials(#[source] CredentialsError),
    /// A service refused the request.
    #[error("cannot read {what}: {said}")]
    Refused {
        /// What was asked for.
        what: String,
        /// What the service said.
        said: String,
    },
    /// A service could not be asked, or gave no reason.
    #[error("cannot read {what}")]
    NotAsked {
        /// What was asked for.
        what: String,
        /// Why not.
        #[source]
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A stack without the output [`ADDRESS`].
    #[error(
        "the stack `{stack}` has no output `{ADDRESS}`, which says where clients connect to; it \
         has {there}"
    )]
    NoAddress {
        /// The stack.
        stack: String,
        /// The names of its outputs.
        there: String,
    },
    /// An address of another kind.
    #[error(
        "the output `{ADDRESS}` of the stack `{stack}` is `{address}`, and must begin with wss:// \
         or ws://"
    )]
    Scheme {
        /// The stack.
        stack: String,
        /// The output's value.
        address: String,
    },
    /// Two stacks are the same fixture.
    #[error(
        "the stacks `{}` and `{}` both are the fixture `{fixture}`: remove one",
        stacks[0],
        stacks[1]
    )]
    Twice {
        /// The stacks.
        stacks: [String; 2],
        /// The fixture.
        fixture: String,
    },
}

/// Rows of tables: the table, and the id in its `connectionId`.
pub type Rows = BTreeSet<(String, String)>;

/// An account in a region.
#[derive(Clone, Debug)]
pub struct Account {
    config: SdkConfig,
    cloudformation: Client,
}

impl Account {
    /// The one that the environment leads to.
    pub async fn of_environment() -> Self {
        Self::new(aws_config::load_from_env().await)
    }

    /// The one of a configuration.
    pub fn new(config: SdkConfig) -> Self {
        Self {
            cloudformation: Client::new(&config),
            config,
        }
    }

    /// The target: the stack of this name, and all fixtures that are deployed in the account and
    /// region.
    ///
    /// # Errors
    /// No credentials, a stack that is not there or does not say where it is, two stacks of one
    /// fixture.
    pub async fn target(&self, stack: &str) -> Result<Target, AwsError> {
        let credentials = self.credentials().await?;
        let stacks = self.stacks(Some(stack)).await?;
        let found = stacks.first().map(outputs).unwrap_or_default();
        let place = place(stack, &found)?;
        let fixtures = fixtures(&self.stacks(None).await?)?;
        let features = FEATURES.into_iter().chain([Feature::Sockets]);
        Ok(Target {
            name: "aws".to_owned(),
            stack: Some(place),
            fixtures,
            features: features.collect(),
            patience: PATIENCE,
            credentials: Some(credentials),
            ..Target::new("", None)
        })
    }

    /// Who signs: whoever the SDK's chain of providers finds.
    ///
    /// # Errors
    /// Nobody, or no region.
    pub async fn credentials(&self) -> Result<Credentials, AwsError> {
        let region = self.config.region().ok_or(AwsError::NoRegion)?;
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or(AwsError::NoProvider)?;
        let found = provider
            .provide_credentials()
            .await
            .map_err(AwsError::NoCredentials)?;
        Ok(Credentials {
            access_key_id: found.access_key_id().to_owned(),
            secret_access_key: found.secret_access_key().to_owned(),
            session_token: found.session_token().map(str::to_owned),
            region: region.to_string(),
        })
    }

    /// The rows of a stack's tables that have a `connectionId`.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub async fn rows(&self, stack: &str) -> Result<Rows, AwsError> {
        const KEY: &str = "connectionId";
        let resources = self
            .cloudformation
            .describe_stack_resources()
            .stack_name(stack)
            .send()
            .await
            .map_err(|error| {
                AwsError::service(format!("the resources of the stack `{stack}`"), error)
            })?;
        let tables = resources.stack_resources().iter();
        let tables = tables
            .filter(|resource| resource.resource_type() == Some("AWS::DynamoDB::Table"))
            .filter_map(|resource| resource.physical_resource_id());
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        let mut rows = BTreeSet::new();
        for table in tables {
            let scan = client.scan().table_name(table).consistent_read(true);
            let mut items = scan.into_paginator().items().send();
            while let Some(item) = items.next().await {
                let item = item.map_err(|error| {
                    AwsError::service(format!("the table `{table}` of the stack `{stack}`"), error)
                })?;
                if let Some(AttributeValue::S(id)) = item.get(KEY) {
                    rows.insert((table.to_owned(), id.clone()));
                }
            }
        }
        Ok(rows)
    }

    /// The stack of a name, or all.
    async fn stacks(&self, name: Option<&str>) -> Result<Vec<Stack>, AwsError> {
        let request = self
            .cloudformation
            .describe_stacks()
            .set_stack_name(name.map(str::to_owned));
        let mut pages = request.into_paginator().send();
        let mut stacks = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let what = match name {
                    Some(name) => format!("the outputs of the stack `{name}`"),
                    None => "the list of stacks".to_owned(),
                };
                AwsError::service(what, error)
            })?;
            stacks.extend_from_slice(page.stacks());
        }
        Ok(stacks)
    }
}

impl AwsError {
    fn service<E>(what: String, error: E) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // What the service says itself is clearer than the SDK's chain of errors.
        let said = error.message().or(error.code()).map(str::to_owned);
        match said {
            Some(said) => Self::Refused { what, said },
            None => Self::NotAsked {
                what,
                error: Box::new(error),
            },
        }
    }
}

fn outputs(stack: &Stack) -> BTreeMap<&str, &str> {
    let outputs = stack.outputs().iter();
    outputs
        .filter_map(|output| Some((output.output_key()?, output.output_value()?)))
        .collect()
}

/// Where a stack is, as its outputs say. Its `@connections` API has the same host and path.
fn place(stack: &str, outputs: &BTreeMap<&str, &str>) -> Result<Place, AwsError> {
    let Some(ws) = outputs.get(ADDRESS) else {
        let there: Vec<String> = outputs.keys().map(|name| format!("`{name}`")).collect();
        return Err(AwsError::NoAddress {
            stack: stack.to_owned(),
            there: if there.is_empty() {
                "none".to_owned()
            } else {
                there.join(", ")
            },
        });
    };
    let management = ws.strip_prefix("ws").map(|rest| format!("http{rest}"));
    let management = management.ok_or_else(|| AwsError::Scheme {
        stack: stack.to_owned(),
        address: (*ws).to_owned(),
    })?;
    Ok(Place {
        ws: (*ws).to_owned(),
        management: Some(management),
    })
}

/// Where the fixtures are: all stacks that are up and say that they are one.
fn fixtures(stacks: &[Stack]) -> Result<BTreeMap<String, Place>, AwsError> {
    let mut found = BTreeMap::new();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for stack in stacks.iter().filter(|stack| is_up(stack)) {
        let (outputs, stack) = (outputs(stack), stack.stack_name().unwrap_or_default());
        let Some(fixture) = outputs.get(FIXTURE) else {
            continue;
        };
        if let Some(other) = names.insert(fixture, stack) {
            return Err(AwsError::Twice {
                stacks: [other, stack].map(str::to_owned),
                fixture: (*fixture).to_owned(),
            });
        }
        found.insert((*fixture).to_owned(), place(stack, &outputs)?);
    }
    Ok(found)
}

fn is_up(stack: &Stack) -> bool {
    use StackStatus::{CreateComplete, UpdateComplete, UpdateRollbackComplete};
    let status = stack.stack_status();
    [CreateComplete, UpdateComplete, UpdateRollbackComplete]
        .iter()
        .any(|up| Some(up) == status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::Output;

    fn stack(name: &str, status: StackStatus, outputs: &[(&str, &str)]) -> Stack {
        let outputs = outputs.iter().map(|(key, value)| {
            Output::builder()
                .output_key(*key)
                .output_value(*value)
                .build()
        });
        Stack::builder()
            .stack_name(name)
            .stack_status(status)
            .set_outputs(Some(outputs.collect()))
            .build()
    }

    #[test]
    fn a_stack_says_where_it_is() {
        let of = |outputs: &[(&'static str, &'static str)]| {
            place("mine", &outputs.iter().copied().collect())
        };
        let there = of(&[(ADDRESS, "wss://a.example/stage"), ("Other", "x")]).unwrap();
        assert_eq!(there.ws, "wss://a.example/stage");
        assert_eq!(there.management.as_deref(), Some("https://a.example/stage"));
        let emulated = of(&[(ADDRESS, "ws://127.0.0.1:1/x/test")]).unwrap();
        assert_eq!(
            emulated.management.as_deref(),
            Some("http://127.0.0.1:1/x/test")
        );
    }

    #[test]
    fn a_stack_that_does_not_say_is_an_error_with_what_it_says() {
        let of = |outputs: &[(&'static str, &'static str)]| {
            let place = place("mine", &outputs.iter().copied().collect());
            place.unwrap_err().to_string()
        };
        let error = of(&[("Url", "x"), ("Arn", "y")]);
        assert!(
            error.contains("`mine` has no output `WebSocketUrl`"),
            "{error}"
        );
        assert!(error.ends_with("it has `Arn`, `Url`"), "{error}");
        assert!(of(&[]).ends_with("it has none"));
        assert!(of(&[(ADDRESS, "https://a.example")]).contains("must begin with wss://"));
    }

    #[test]
    fn fixtures_are_found_by_their_output_alone() {
        let bare = "connect?Connect=bare";
        let up = StackStatus::CreateComplete;
        let stacks = [
            stack("a", up.clone(), &[(FIXTURE, bare), (ADDRESS, "wss://a")]),
            stack("b", up.clone(), &[(ADDRESS, "wss://b")]),
            stack(
                "c",
                StackStatus::UpdateComplete,
                &[(FIXTURE, "probe"), (ADDRESS, "wss://c")],
            ),
            stack(
                "d",
                StackStatus::DeleteInProgress,
                &[(FIXTURE, "probe"), (ADDRESS, "wss://d")],
            ),
        ];
        let found = fixtures(&stacks).unwrap();
        let places: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, place)| (&**name, &*place.ws))
            .collect();
        assert_eq!(places, [(bare, "wss://a"), ("probe", "wss://c")]);

        let twice = stack("e", up.clone(), &[(FIXTURE, "probe"), (ADDRESS, "wss://e")]);
        let error = fixtures(&[&stacks[..], &[twice]].concat());
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("`c` and `e` both are the fixture `probe`"),
            "{error}"
        );
        let nowhere = stack("f", up, &[(FIXTURE, "models")]);
        assert!(
            fixtures(&[nowhere])
                .unwrap_err()
                .to_string()
                .contains("`f` has no output `WebSocketUrl`")
        );
    }
}
