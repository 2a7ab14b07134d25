//! The probe as a Lambda function: a process that asks the Runtime API for one event after the
//! other.

use spec::percent;

use super::{End, Plan};
use crate::http::{self, Answer};
use crate::session::SessionError;

/// Runs until the process is ended, or the Runtime API is gone.
///
/// # Errors
/// What is missing in the environment, or went wrong between the process and the Runtime API.
pub async fn run() -> Result<(), SessionError> {
    let variable = |name: &str| {
        std::env::var(name).map_err(|_| {
            let missing = "is missing in the environment: is this a Lambda function?";
            SessionError::other(format!("`{name}` {missing}"))
        })
    };
    let runtime = format!(
        "http://{}/2018-06-01/runtime/invocation",
        variable("AWS_LAMBDA_RUNTIME_API")?
    );
    let management = variable("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI")?;
    loop {
        let event = http::request("GET", &format!("{runtime}/next"), &[], "").await?;
        let id = event
            .header("Lambda-Runtime-Aws-Request-Id")
            .ok_or_else(|| {
                SessionError::Violation(format!(
                    "the Runtime API answered {} without a request id",
                    event.status
                ))
            })?;
        let plan = Plan::of_invocation(&event.body);
        perform(&plan, &management).await?;
        let (path, result) = match plan.end {
            End::Returns(result) => ("response", result),
            End::Fails(error) => ("error", error),
            End::Exits => return Ok(()),
        };
        http::request("POST", &format!("{runtime}/{id}/{path}"), &[], &result).await?;
    }
}

/// Posts, reports, waits.
///
/// # Errors
/// A `@connections` API that cannot be reached.
pub(crate) async fn perform(plan: &Plan, management: &str) -> Result<(), SessionError> {
    let mut posted = Vec::new();
    for post in &plan.posts {
        posted.push(self::post(management, &post.to, &post.data).await?.status);
    }
    if let Some(observer) = &plan.observer {
        post(management, observer, &plan.report(&posted)).await?;
    }
    tokio::time::sleep(plan.wait).await;
    Ok(())
}

async fn post(management: &str, connection_id: &str, data: &str) -> Result<Answer, SessionError> {
    let url = format!(
        "{management}/@connections/{}",
        percent::encode(connection_id.as_bytes())
    );
    http::request("POST", &url, &[], data).await
}
