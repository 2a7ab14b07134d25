//! The function `disconnect`: forgets a connection that closed.

use std::process::ExitCode;

use handlers::disconnect::Disconnect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    handlers::runtime::run::<Disconnect>().await
}
