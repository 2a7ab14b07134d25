//! The table of open connections.

use std::error::Error;

use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::aws::Aws;
use crate::environment::{Environment, EnvironmentError};

/// How long a row lives if it is not deleted: two hours, the longest that API Gateway keeps a
/// connection, plus ten minutes for clock skew and a late `$disconnect`.
const LIFETIME_SECONDS: u64 = 2 * 60 * 60 + 10 * 60;

/// The table `TABLE_NAME`, with one row for each connection.
///
/// | attribute | type | what |
/// | --- | --- | --- |
/// | `connectionId` | S | the key |
/// | `connectedAt` | N | when it was opened, in milliseconds since 1970 |
/// | `expiresAt` | N | when DynamoDB may delete the row, in seconds since 1970 |
#[derive(Clone, Debug)]
pub struct Connections {
    client: aws_sdk_dynamodb::Client,
    table_name: String,
}

/// Why a row could not be written or deleted. The text is for the log only: it may name tables and
/// accounts.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TableError(String);

impl Connections {
    /// The table named by the environment.
    ///
    /// # Errors
    ///
    /// If `TABLE_NAME` is missing, or the variable that overrides DynamoDB's address is not a URL.
    pub fn from_environment(
        environment: &Environment,
        aws: &Aws,
    ) -> Result<Self, EnvironmentError> {
        let table_name = environment.required("TABLE_NAME")?.to_owned();
        Ok(Self {
            client: aws.dynamodb(environment)?,
            table_name,
        })
    }

    /// Puts a connection into the table. Doing so again leaves the same row.
    ///
    /// # Errors
    ///
    /// If DynamoDB refuses or cannot be reached.
    pub async fn put(&self, connection_id: &str, connected_at: u64) -> Result<(), TableError> {
        let expires_at = connected_at / 1000 + LIFETIME_SECONDS;
        self.client
            .put_item()
            .table_name(&self.table_name)
            .item("connectionId", AttributeValue::S(connection_id.to_owned()))
            .item("connectedAt", AttributeValue::N(connected_at.to_string()))
            .item("expiresAt", AttributeValue::N(expires_at.to_string()))
            .send()
            .await
            .map(|_| ())
            .map_err(TableError::from_sdk)
    }

    /// Deletes a connection. It is not an error if there is no such connection.
    ///
    /// # Errors
    ///
    /// If DynamoDB refuses or cannot be reached.
    pub async fn delete(&self, connection_id: &str) -> Result<(), TableError> {
        self.client
            .delete_item()
            .table_name(&self.table_name)
            .key("connectionId", AttributeValue::S(connection_id.to_owned()))
            .send()
            .await
            .map(|_| ())
            .map_err(TableError::from_sdk)
    }
}

impl TableError {
    fn from_sdk(error: impl Error) -> Self {
        Self(DisplayErrorContext(error).to_string())
    }
}
