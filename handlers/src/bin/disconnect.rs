//! The function `disconnect`: deletes a closed connection.

use std::process::ExitCode;

use handlers::disconnect::Disconnect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    handlers::runtime::run::<Disconnect>().await
}
