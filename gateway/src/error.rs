//! Why a gateway cannot be started.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a gateway cannot be started. Nothing is left running.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The template. The `Display` is a page with the line and a caret for each error.
    #[error(transparent)]
    Template(#[from] stack::Diagnostics),
    /// What the template says of a function's code. The `Display` is a page with the line and a
    /// caret.
    #[error(transparent)]
    Code(#[from] stack::Error),
    /// cargo could not build the functions.
    #[error("the functions of `{}` cannot be built", manifest.display())]
    Build {
        /// The manifest they are built from.
        manifest: PathBuf,
        /// Why not.
        #[source]
        error: BuildError,
    },
    /// The callers' credentials, or a policy beside them, cannot be read.
    #[error("credentials `{}`: {problem}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// The address to serve on cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// There is no TLS.
    #[error("TLS is not possible")]
    Tls(#[from] crate::tls::AuthorityError),
    /// What leads functions to the gateway cannot be written.
    #[error("the files that lead functions to the gateway cannot be written")]
    Home(#[source] io::Error),
    /// The functions' output has nowhere to go.
    #[error("the file for the functions' output cannot be opened")]
    Output(#[source] io::Error),
    /// The access log has nowhere to go.
    #[error("the file for the access log cannot be opened")]
    AccessLog(#[source] io::Error),
    /// The local DynamoDB did not start, or did not take a table.
    #[error("the local DynamoDB: {0}")]
    DynamoDb(String),
}

/// Why cargo could not build the functions.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// cargo cannot be run.
    #[error(
        "cargo, which builds functions in Rust, cannot be started: install it \
         (https://rustup.rs), or serve what is built already with `--no-build`"
    )]
    NotStarted(#[source] io::Error),
    /// Nobody knows how it ended.
    #[error("cargo was lost")]
    Lost(#[source] io::Error),
    /// It found an error.
    #[error("cargo ended with {status}{said}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// What it said, on lines of its own, if that was not shown already.
        said: String,
    },
}

/// An error with all its causes, for a line of the log.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
