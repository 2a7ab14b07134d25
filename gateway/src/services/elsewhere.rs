//! A DynamoDB that is not in this process: the template's tables are made there.

use std::time::Duration;

use serde_json::{Value as Json, json};
use stack::Table;
use tokio::time::timeout;

use super::backend;
use super::endpoint::Endpoint;
use crate::error::with_causes;

/// Why an operation was not done.
enum Undone {
    /// Nobody answers.
    Unreachable(String),
    /// `ResourceInUseException`, and what is said of it.
    Refused(String, String),
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Endpoint {
    /// Makes the tables that are missing there: what could not be done, in sentences. Tables that
    /// exist stay as they are.
    pub(crate) async fn create<'t>(
        &self,
        tables: impl IntoIterator<Item = &'t Table>,
    ) -> Vec<String> {
        let mut problems = Vec::new();
        for table in tables {
            let created = match self.create_one(table).await {
                Ok(()) => continue,
                Err(undone) => undone,
            };
            let (id, url) = (&table.logical_id, &self.url);
            match created {
                Undone::Unreachable(why) => {
                    problems.push(format!(
                        "the DynamoDB at {url} does not answer: {why}. The template's tables must be \
                         made there"
                    ));
                    // Nor for the others.
                    break;
                }
                Undone::Refused(kind, _) if kind == "ResourceInUseException" => {}
                Undone::Refused(kind, message) => problems.push(format!(
                    "the table `{id}` cannot be made at {url}: {kind}: {message}"
                )),
            }
        }
        problems
    }

    async fn create_one(&self, table: &Table) -> Result<(), Undone> {
        self.ask("CreateTable", &table.definition).await?;
        if let Some(attribute) = &table.time_to_live {
            let specification = json!({"AttributeName": attribute, "Enabled": true});
            let asked = json!({
                "TableName": table.name,
                "TimeToLiveSpecification": specification,
            });
            self.ask("UpdateTimeToLive", &asked).await?;
        }
        Ok(())
    }

    async fn ask(&self, operation: &str, asked: &Json) -> Result<(), Undone> {
        let request = self.request(operation, asked.to_string().into_bytes());
        let answer = match timeout(PATIENCE, backend::answer(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(Undone::Unreachable(with_causes(&error))),
            Err(_) => return Err(Undone::Unreachable(format!("{PATIENCE:?} have passed"))),
        };
        if answer.status == 200 {
            return Ok(());
        }
        let error: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        let kind = error["__type"].as_str().unwrap_or_default();
        let kind = kind.rsplit_once('#').map_or(kind, |(_, kind)| kind);
        let message = error["message"].as_str().or(error["Message"].as_str());
        let message = message.map_or_else(|| format!("status {}", answer.status), str::to_owned);
        Err(Undone::Refused(kind.to_owned(), message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn that_nobody_answers_is_said_once() {
        // A port that nobody listens on: one that was just given back.
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", closed.local_addr().expect("it is bound"));
        drop(closed);
        let endpoint = Endpoint {
            url: url.clone(),
            region: "us-east-1".to_owned(),
            access_key_id: "key".to_owned(),
        };
        let table = Table {
            logical_id: "Rows".to_owned(),
            name: "rows".to_owned(),
            definition: json!({}),
            time_to_live: None,
        };
        let problems = endpoint.create([&table, &table]).await;
        let [problem] = &problems[..] else {
            panic!("{problems:?}");
        };
        let expected = format!("the DynamoDB at {url} does not answer: cannot connect to");
        assert!(problem.starts_with(&expected), "{problem}");
    }
}
