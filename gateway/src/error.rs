//! Why a gateway can not be started.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a gateway can not be started. Nothing is left running.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The template. The `Display` is a page with the line and a caret for each error.
    #[error(transparent)]
    Template(#[from] stack::Diagnostics),
    /// What the template says of a function's code. The `Display` is a page with the line and a caret.
    #[error(transparent)]
    Code(#[from] stack::Error),
    /// cargo could not build the functions.
    #[error("the functions of `{}` can not be built: {problem}", manifest.display())]
    Build {
        /// The manifest they are built from.
        manifest: PathBuf,
        /// What cargo said, or how it ended.
        problem: String,
    },
    /// The callers' credentials, or a policy beside them, can not be read.
    #[error("credentials `{}`: {problem}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// The address to serve on can not be had.
    #[error("can not listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// The functions' output has nowhere to go.
    #[error("the file for the functions' output can not be opened: {0}")]
    Output(#[source] io::Error),
    /// The access log has nowhere to go.
    #[error("the file for the access log can not be opened: {0}")]
    AccessLog(#[source] io::Error),
    /// The local DynamoDB did not start, or did not take a table.
    #[error("the local DynamoDB: {0}")]
    DynamoDb(String),
}
