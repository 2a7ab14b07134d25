//! `$disconnect`: deletes the row of a closed connection.

use std::convert::Infallible;

use serde_json::Value;
use tracing::{error, info};

use crate::aws::Aws;
use crate::connections::Connections;
use crate::environment::{Environment, EnvironmentError};
use crate::status::Status;
use crate::{FromEnvironment, Function, event};

/// The function `disconnect`.
#[derive(Clone, Debug)]
pub struct Disconnect {
    connections: Connections,
}

impl Disconnect {
    /// Deletes connections from this table.
    #[must_use]
    pub fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Deletes the event's connection: 200, or 500 if that fails. Nobody is told, since the
    /// connection is closed; the row then expires with its time to live.
    pub async fn disconnect(&self, event: &Value) -> Status {
        let connection_id = match event::connection_id(event) {
            Ok(connection_id) => connection_id,
            Err(malformed) => {
                error!(error = %malformed, "the connection could not be deleted");
                return Status::INTERNAL_SERVER_ERROR;
            }
        };
        match self.connections.delete(connection_id).await {
            Ok(()) => {
                info!(connection_id, "disconnected");
                Status::OK
            }
            Err(cause) => {
                error!(connection_id, error = %cause, "the connection could not be deleted");
                Status::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl FromEnvironment for Disconnect {
    fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let aws = Aws::from_environment(environment)?;
        Ok(Self::new(Connections::from_environment(environment, &aws)?))
    }
}

impl Function for Disconnect {
    type Output = Status;
    type Error = Infallible;

    async fn call(&self, event: &Value) -> Result<Status, Infallible> {
        Ok(self.disconnect(event).await)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::{always, answers, block_on, connections, logged, mutated_event, requests};

    fn event() -> Value {
        json!({
            "requestContext": {"connectionId": "R1kmxc2VNjMCFIA=", "disconnectStatusCode": 1005},
        })
    }

    #[test]
    fn the_row_is_deleted_by_its_key() {
        let table = answers([(200, "{}")]);
        assert_eq!(
            block_on(Disconnect::new(connections(table.clone())).disconnect(&event())),
            Status::OK
        );
        let [(address, target, body)] = &requests(&table)[..] else {
            panic!("one request")
        };
        assert_eq!(address, "POST https://dynamodb.us-east-1.amazonaws.com/");
        assert_eq!(target, "DynamoDB_20120810.DeleteItem");
        assert_eq!(
            serde_json::from_str::<Value>(body).unwrap(),
            json!({"TableName": "connections", "Key": {"connectionId": {"S": "R1kmxc2VNjMCFIA="}}})
        );
    }

    #[test]
    fn a_refusal_of_the_table_is_500_and_its_cause_only_logged() {
        let table = answers([(
            400,
            r#"{"__type":"AccessDeniedException","message":"role of account 42"}"#,
        )]);
        let (status, log) =
            logged(|| block_on(Disconnect::new(connections(table)).disconnect(&event())));
        assert_eq!(
            serde_json::to_value(status).unwrap(),
            json!({"statusCode": 500})
        );
        assert!(
            log.contains("role of account 42") && log.contains("R1kmxc2VNjMCFIA="),
            "{log}"
        );
    }

    #[test]
    fn an_event_of_another_form_is_500_and_asks_nobody() {
        let table = answers([]);
        let (status, log) =
            logged(|| block_on(Disconnect::new(connections(table.clone())).disconnect(&json!({}))));
        assert_eq!(
            (status, requests(&table).len()),
            (Status::INTERNAL_SERVER_ERROR, 0)
        );
        assert!(log.contains("/requestContext/connectionId"), "{log}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// A row is deleted if and only if the event names a connection.
        #[test]
        fn a_deletion_follows_from_the_event(
            event in mutated_event(event(), &[
                "", "/requestContext", "/requestContext/connectionId",
            ]),
        ) {
            let table = always(200);
            let status = block_on(Disconnect::new(connections(table.clone())).disconnect(&event));
            let id = event["requestContext"]["connectionId"].as_str().unwrap_or("");
            let expected = match id {
                "" => (Status::INTERNAL_SERVER_ERROR, 0),
                _ => (Status::OK, 1),
            };
            prop_assert_eq!((status, requests(&table).len()), expected);
            for (_, _, body) in requests(&table) {
                let body: Value = serde_json::from_str(&body).unwrap();
                prop_assert_eq!(&body["Key"]["connectionId"]["S"], id);
            }
        }
    }
}
