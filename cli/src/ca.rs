//! `gatespec ca`: the file that makes clients trust the gateway's TLS.

use clap::Args;

use crate::{Failure, print};

/// Print where the certificate is that clients of https:// and wss:// are to trust.
///
/// `gatespec serve` signs the certificates of its own addresses with an authority that is made at
/// the first use, in $XDG_CACHE_HOME/gatespec or ~/.cache/gatespec, and that only its owner can
/// read. Functions trust it already; nothing else on this machine does until somebody tells it to.
#[derive(Args)]
#[command(after_help = "Example:\n  wscat --ca \"$(gatespec ca)\" -c wss://localhost:3001/prod")]
pub(crate) struct CaArgs {}

/// Prints the file's place; makes the authority if there is none.
pub(crate) fn run(_: &CaArgs) -> Result<(), Failure> {
    let file = gateway::authority().map_err(Failure::could_not_run)?;
    print(&file.display().to_string());
    Ok(())
}
