//! What the page can do with the gateway, and what it asks of a request.

use std::time::Duration;

use gateway::ConnectionCall;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spec::http::{Headers, HttpResponse};

use super::answers::Problem;
use super::shared::Shared;
use crate::console;

/// The longest time that may pass at once: a year. Everything that is due in it happens one by one.
const LONGEST: f64 = 366.0 * 24.0 * 60.0 * 60.0;

/// A connection, and perhaps a message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToConnection {
    connection_id: String,
    #[serde(default)]
    text: String,
}

/// A client to open.
#[derive(Deserialize)]
struct Connect {
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// Without its `?`.
    #[serde(default)]
    query: String,
}

/// A time that is to pass.
#[derive(Deserialize)]
struct Advance {
    seconds: f64,
}

/// What came of something.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Done {
    /// `null` where nobody connected.
    connection_id: Option<String>,
    /// With which status it was answered, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "String::is_empty")]
    body: String,
}

impl Shared {
    /// Sends a message as the client of a connection.
    pub(super) fn send(&self, body: &[u8]) -> Result<Done, Problem> {
        let ToConnection {
            connection_id,
            text,
        } = read(body)?;
        if self.control.send_as_client(&connection_id, text) {
            return Ok(Done::default());
        }
        let why = format!("the connection `{connection_id}` is not open");
        Err(Problem::new(410, why))
    }

    /// Posts a message to a connection, as a backend does.
    pub(super) async fn post(&self, body: &[u8]) -> Result<Done, Problem> {
        let ToConnection {
            connection_id,
            text,
        } = read(body)?;
        let call = ConnectionCall::Post(text.into_bytes());
        Ok(self
            .control
            .call_connections(call, &connection_id)
            .await
            .into())
    }

    /// Disconnects a client, as a backend does.
    pub(super) async fn disconnect(&self, body: &[u8]) -> Result<Done, Problem> {
        let ToConnection { connection_id, .. } = read(body)?;
        let call = ConnectionCall::Delete;
        Ok(self
            .control
            .call_connections(call, &connection_id)
            .await
            .into())
    }

    /// Opens a client, and keeps it open.
    pub(super) async fn connect(&self, body: &[u8]) -> Result<Done, Problem> {
        let Connect { headers, query } = read(body)?;
        let is_name = |name: &str| {
            let is_token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            !name.is_empty() && name.bytes().all(is_token)
        };
        if let Some((name, _)) = headers.iter().find(|(name, _)| !is_name(name)) {
            return Err(Problem::new(
                400,
                format!("`{name}` is no name of a header"),
            ));
        }
        if let Some((name, _)) = headers
            .iter()
            .find(|(_, value)| value.contains(char::is_control))
        {
            let why = format!("the value of the header `{name}` has control characters");
            return Err(Problem::new(400, why));
        }
        if query.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
            let why = "a query string has no spaces and no `#`: write `%20` and `%23`";
            return Err(Problem::new(400, why));
        }
        if !self.clients.has_room() {
            let why = "this page has opened as many clients as it may: disconnect some";
            return Err(Problem::new(429, why));
        }
        let headers: Headers = headers.into_iter().collect();
        match self.control.connect(&headers, &query).await {
            Ok(client) => {
                let connection_id = Some(client.connection_id().to_owned());
                self.clients.keep(client);
                Ok(Done {
                    connection_id,
                    ..Done::default()
                })
            }
            Err(response) => Ok(response.into()),
        }
    }

    /// Lets time pass on a frozen clock.
    pub(super) async fn advance(&self, body: &[u8]) -> Result<Value, Problem> {
        let Advance { seconds } = read(body)?;
        if !(0.0..=LONGEST).contains(&seconds) {
            return Err(Problem::new(
                400,
                "the time to let pass is from 0 seconds to a year",
            ));
        }
        let passed = self.control.advance(Duration::from_secs_f64(seconds)).await;
        let now = passed.ok_or_else(|| {
            Problem::new(
                409,
                "the gateway's clock runs by itself: start it with `--clock MILLIS`",
            )
        })?;
        Ok(json!({"now": now.as_millis()}))
    }

    /// What a template makes of a message.
    pub(super) async fn console(&self, body: Vec<u8>) -> Result<console::Answer, Problem> {
        let text =
            String::from_utf8(body).map_err(|_| Problem::new(400, "the body is no UTF-8"))?;
        let _turn = self.console.acquire().await;
        // Long, perhaps: for a thread that nobody else needs.
        let judged = tokio::task::spawn_blocking(move || console::answer(&text)).await;
        judged.map_err(|error| Problem::new(500, error.to_string()))
    }
}

impl From<HttpResponse> for Done {
    fn from(response: HttpResponse) -> Self {
        Self {
            connection_id: None,
            status: Some(response.status),
            body: response.body,
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(400, format!("the body is no such request: {error}")))
}
