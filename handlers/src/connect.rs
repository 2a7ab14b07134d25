//! `$connect`: a client that the authorizer admitted gets its row in the table.

use std::convert::Infallible;

use serde_json::Value;
use tracing::{error, info};

use crate::aws::Aws;
use crate::connections::Connections;
use crate::environment::{Environment, EnvironmentError};
use crate::status::Status;
use crate::{FromEnvironment, Function, event};

/// The function `connect`.
#[derive(Clone, Debug)]
pub struct Connect {
    connections: Connections,
}

impl Connect {
    /// Records connections in this table.
    #[must_use]
    pub fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Puts the event's connection into the table: 200, or 500 if that fails. Then the handshake
    /// fails too, so the client knows that it is not connected; the cause is only logged.
    pub async fn connect(&self, event: &Value) -> Status {
        let (connection_id, connected_at) =
            match (event::connection_id(event), event::connected_at(event)) {
                (Ok(connection_id), Ok(connected_at)) => (connection_id, connected_at),
                (Err(malformed), _) | (_, Err(malformed)) => {
                    error!(error = %malformed, "the connection could not be recorded");
                    return Status::INTERNAL_SERVER_ERROR;
                }
            };
        match self.connections.put(connection_id, connected_at).await {
            Ok(()) => {
                info!(connection_id, "connected");
                Status::OK
            }
            Err(cause) => {
                error!(connection_id, error = %cause, "the connection could not be recorded");
                Status::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl FromEnvironment for Connect {
    fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let aws = Aws::from_environment(environment)?;
        Ok(Self::new(Connections::from_environment(environment, &aws)?))
    }
}

impl Function for Connect {
    type Output = Status;
    type Error = Infallible;

    async fn call(&self, event: &Value) -> Result<Status, Infallible> {
        Ok(self.connect(event).await)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::testing::{always, answers, block_on, connections, logged, mutated_event, requests};

    const REFUSED: &str = concat!(
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","#,
        r#""message":"no table in account 42"}"#
    );

    fn event() -> Value {
        json!({
            "requestContext": {
                "connectionId": "R1kmxc2VNjMCFIA=",
                "connectedAt": 1_705_751_697_419_u64,
            },
        })
    }

    #[test]
    fn a_connection_is_put_with_its_time_and_its_end() {
        let table = answers([(200, "{}")]);
        assert_eq!(
            block_on(Connect::new(connections(table.clone())).connect(&event())),
            Status::OK
        );
        let [(address, target, body)] = &requests(&table)[..] else {
            panic!("one request")
        };
        assert_eq!(address, "POST https://dynamodb.us-east-1.amazonaws.com/");
        assert_eq!(target, "DynamoDB_20120810.PutItem");
        assert_eq!(
            serde_json::from_str::<Value>(body).unwrap(),
            json!({
                "TableName": "connections",
                "Item": {
                    "connectionId": {"S": "R1kmxc2VNjMCFIA="},
                    "connectedAt": {"N": "1705751697419"},
                    // Two hours and ten minutes later, in seconds.
                    "expiresAt": {"N": "1705759497"},
                },
            })
        );
    }

    #[test]
    fn connecting_again_puts_the_same_row() {
        let table = answers([(200, "{}"), (200, "{}")]);
        let connect = Connect::new(connections(table.clone()));
        assert_eq!(block_on(connect.connect(&event())), Status::OK);
        assert_eq!(block_on(connect.connect(&event())), Status::OK);
        let rows: Vec<Value> = requests(&table)
            .iter()
            .map(|(_, _, body)| serde_json::from_str(body).unwrap())
            .collect();
        assert_eq!(rows[0], rows[1]);
    }

    #[test]
    fn a_refusal_of_the_table_is_500_and_its_cause_only_logged() {
        let table = answers([(400, REFUSED)]);
        let (status, log) = logged(|| block_on(Connect::new(connections(table)).connect(&event())));
        assert_eq!(
            serde_json::to_value(status).unwrap(),
            json!({"statusCode": 500})
        );
        assert!(
            log.contains("no table in account 42") && log.contains("R1kmxc2VNjMCFIA="),
            "{log}"
        );
    }

    #[test]
    fn a_passing_failure_of_the_table_is_tried_again() {
        let table = answers([(500, "{}"), (503, "{}"), (200, "{}")]);
        assert_eq!(
            block_on(Connect::new(connections(table)).connect(&event())),
            Status::OK
        );
    }

    #[test]
    fn a_lasting_failure_of_the_table_is_500_after_three_attempts() {
        let table = answers([(500, "{}"), (500, "{}"), (500, "{}"), (200, "{}")]);
        let status = block_on(Connect::new(connections(table.clone())).connect(&event()));
        assert_eq!(
            (status, requests(&table).len()),
            (Status::INTERNAL_SERVER_ERROR, 3)
        );
    }

    #[rstest]
    #[case::no_id(json!({"requestContext": {"connectedAt": 1}}), "/requestContext/connectionId")]
    #[case::no_time(
        json!({"requestContext": {"connectionId": "a"}}),
        "/requestContext/connectedAt"
    )]
    fn an_event_of_another_form_is_500_and_asks_nobody(#[case] event: Value, #[case] path: &str) {
        let table = answers([]);
        let (status, log) =
            logged(|| block_on(Connect::new(connections(table.clone())).connect(&event)));
        assert_eq!(
            (status, requests(&table).len()),
            (Status::INTERNAL_SERVER_ERROR, 0)
        );
        assert!(log.contains(path), "{log}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// A row is put if and only if the event has a connection and its time.
        #[test]
        fn a_row_follows_from_the_event(
            event in mutated_event(event(), &[
                "",
                "/requestContext",
                "/requestContext/connectionId",
                "/requestContext/connectedAt",
            ]),
        ) {
            let table = always(200);
            let status = block_on(Connect::new(connections(table.clone())).connect(&event));
            let id = event["requestContext"]["connectionId"].as_str().unwrap_or("");
            let is_complete = !id.is_empty() && event["requestContext"]["connectedAt"].is_u64();
            let expected = if is_complete {
                (Status::OK, 1)
            } else {
                (Status::INTERNAL_SERVER_ERROR, 0)
            };
            prop_assert_eq!((status, requests(&table).len()), expected);
            for (_, _, body) in requests(&table) {
                let body: Value = serde_json::from_str(&body).unwrap();
                prop_assert_eq!(&body["Item"]["connectionId"]["S"], id);
            }
        }

        #[test]
        fn the_row_outlives_the_connection(connected_at: u64) {
            let table = answers([(200, "{}")]);
            let event =
                json!({"requestContext": {"connectionId": "a", "connectedAt": connected_at}});
            let status = block_on(Connect::new(connections(table.clone())).connect(&event));
            prop_assert_eq!(status, Status::OK);
            let body: Value = serde_json::from_str(&requests(&table)[0].2).unwrap();
            let expires_at: u64 = body["Item"]["expiresAt"]["N"].as_str().unwrap().parse().unwrap();
            prop_assert!(expires_at >= connected_at / 1000 + 7200);
        }
    }
}
