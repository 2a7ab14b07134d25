//! The function `connect`: records a new connection.

use std::process::ExitCode;

use handlers::connect::Connect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    handlers::runtime::run::<Connect>().await
}
