//! The function `sendmessage`: replies to the connection that sent the message.

use std::process::ExitCode;

use handlers::sendmessage::SendMessage;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    handlers::runtime::run::<SendMessage>().await
}
