//! The pattern's functions as the target `spec` plays them: what they do, in a few lines each,
//! without the handlers' code. They are the model that the real handlers are held to.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spec::io::FunctionOutcome;

/// One of the pattern's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Lets in who shows the accepted token.
    Authorizer,
    /// Notes the connection.
    Connect,
    /// Forgets the connection.
    Disconnect,
    /// Answers the sender.
    SendMessage,
}

/// What a function can reach.
pub trait World {
    /// PostToConnection: the status.
    fn post(&mut self, connection_id: &str, text: &str) -> u16;
    /// The table of connections.
    fn table(&mut self) -> &mut BTreeMap<String, Value>;
}

/// The token that the authorizer accepts.
pub const ACCEPTED_TOKEN: &str = "hello";
/// What `sendmessage` answers.
pub const REPLY: &str = "good job on deploying this template, keep slaying!!";

impl Function {
    /// The function of a binary of the `handlers` crate.
    pub(crate) fn of_binary(name: &str) -> Option<Self> {
        Some(match name {
            "authorizer" => Self::Authorizer,
            "connect" => Self::Connect,
            "disconnect" => Self::Disconnect,
            "sendmessage" => Self::SendMessage,
            _ => return None,
        })
    }

    /// Calls the function with an event (JSON text).
    pub fn call(self, event: &str, world: &mut dyn World) -> FunctionOutcome {
        let Ok(event) = serde_json::from_str::<Value>(event) else {
            return failed("the event is not JSON");
        };
        let connection_id = event["requestContext"]["connectionId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        match self {
            Self::Authorizer => match authorize(&event) {
                Some(result) => returned(&result),
                None => failed("Unauthorized"),
            },
            Self::Connect => {
                let connected_at = event["requestContext"]["connectedAt"].clone();
                world.table().insert(connection_id, connected_at);
                returned(&json!({"statusCode": 200}))
            }
            Self::Disconnect => {
                world.table().remove(&connection_id);
                returned(&json!({"statusCode": 200}))
            }
            Self::SendMessage => {
                let body = event["body"].as_str().unwrap_or_default();
                if serde_json::from_str::<serde::de::IgnoredAny>(body).is_err() {
                    return failed("the body is not JSON");
                }
                match world.post(&connection_id, REPLY) {
                    200 => {}
                    410 => {
                        world.table().remove(&connection_id);
                    }
                    status => return failed(&format!("post answered {status}")),
                }
                returned(&json!({"statusCode": 200}))
            }
        }
    }
}

/// The authorizer's model: an allow for exactly the method's ARN when there is a header `token`,
/// whatever its name's case, and every one of them is the accepted one.
pub fn authorize(event: &Value) -> Option<Value> {
    let headers = event["headers"].as_object()?;
    let tokens: Vec<&Value> = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("token"))
        .map(|(_, value)| value)
        .collect();
    let accepted = !tokens.is_empty() && tokens.iter().all(|token| *token == ACCEPTED_TOKEN);
    accepted.then(|| {
        json!({
            "principalId": "me",
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
            },
            "context": {"token": ACCEPTED_TOKEN},
        })
    })
}

fn returned(result: &Value) -> FunctionOutcome {
    FunctionOutcome::Returned(result.to_string())
}

fn failed(message: &str) -> FunctionOutcome {
    FunctionOutcome::Failed(json!({"errorMessage": message, "errorType": "Error"}).to_string())
}
