//! The function `authorizer`: admits clients with the accepted token.

use std::process::ExitCode;

use handlers::authorizer::Authorizer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    handlers::runtime::run::<Authorizer>().await
}
