//! The pattern's table, where the kit can look into it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::http;
use crate::session::SessionError;

/// A DynamoDB table behind an endpoint that wants no signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableEndpoint {
    /// `http://…`.
    pub url: String,
    /// The table's name.
    pub name: String,
}

/// A local engine wants the form of a signature, and checks no more of it.
const HEADERS: [(&str, &str); 4] = [
    ("x-amz-date", "20240120T000000Z"),
    ("content-type", "application/x-amz-json-1.0"),
    ("x-amz-target", "DynamoDB_20120810.GetItem"),
    (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=local/20240120/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0",
    ),
];

impl TableEndpoint {
    /// Whether the table has a row for a connection.
    ///
    /// # Errors
    /// What kept the kit from looking.
    pub(super) async fn has(&self, id: &str, patience: Duration) -> Result<bool, SessionError> {
        let body = json!({
            "TableName": self.name,
            "Key": {"connectionId": {"S": id}},
            "ConsistentRead": true,
        });
        let body = body.to_string();
        let request = http::request("POST", &self.url, &HEADERS, &body);
        let answer = timeout(patience, request)
            .await
            .map_err(|_| SessionError::Silence(patience))??;
        if answer.status != 200 {
            return Err(SessionError::other(format!(
                "the table answered {}: {}",
                answer.status, answer.body
            )));
        }
        let item: Value = serde_json::from_str(&answer.body).map_err(SessionError::other)?;
        Ok(item.get("Item").is_some())
    }
}
