//! Calls that went astray: where they went, and where they should have gone.

use std::fmt;

/// What is wrong with the address of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misdirection {
    /// `/@connections/{id}`: the endpoint lacks the stage.
    NoStage,
    /// `/other/…`: the endpoint has another stage.
    OtherStage,
    /// `/{stage}/…` on a custom domain, whose addresses have no stage.
    ///
    /// Realises: MANAGEMENT-41
    StageOnDomain,
    /// `/other/…` on a custom domain.
    OtherKey,
    /// `/{stage}/…` where only custom domains lead to the API.
    DisabledEndpoint,
    /// `/{stage}/@connections/@connections/{id}`: the endpoint has what SDKs add themselves.
    ConnectionsTwice,
    /// `/{stage}//@connections/{id}`: the endpoint ends in a slash, and the call is served.
    DoubleSlash,
    /// `/{stage}/…/@connections/{id}`: the endpoint has more after the stage.
    BehindTheStage,
    /// `/{stage}/@connections`: no connection is named.
    NoConnection,
    /// A method that the API does not have.
    Method,
    /// Another path below the stage.
    OtherPath,
}

/// A call that went astray, with what its log line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misdirected {
    /// What is wrong.
    pub kind: Misdirection,
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The host that was called: its `Host` header.
    pub host: String,
    /// What stands for the stage on the host: `/{stage}`, or the key of a custom domain's mapping.
    pub base: String,
}

impl fmt::Display for Misdirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            method,
            path,
            host,
            base,
        } = self;
        match kind {
            Misdirection::DoubleSlash => write!(f, "`{method} {path}` is served: ")?,
            _ => write!(f, "`{method} {path}` matches no method of `@connections`: ")?,
        }
        match kind {
            Misdirection::NoStage => f.write_str("the endpoint lacks the stage"),
            Misdirection::OtherStage => f.write_str("the endpoint has another stage"),
            Misdirection::StageOnDomain => {
                f.write_str("the stage is no part of an address on a custom domain")
            }
            Misdirection::OtherKey => f.write_str("no mapping of the custom domain has this key"),
            Misdirection::DisabledEndpoint => {
                f.write_str("the API has disabled its default endpoint")
            }
            Misdirection::ConnectionsTwice => {
                f.write_str("the endpoint ends in `@connections`, which SDKs add themselves")
            }
            Misdirection::DoubleSlash => {
                f.write_str("the endpoint ends in `/`, and whether AWS serves that is not known")
            }
            Misdirection::BehindTheStage => f.write_str("the endpoint has more after the stage"),
            Misdirection::NoConnection => f.write_str("it names no connection"),
            Misdirection::Method => f.write_str("the methods are POST, GET and DELETE"),
            Misdirection::OtherPath => f.write_str("there is nothing else below the stage"),
        }?;
        // Without a port, it is the host that the API has on AWS.
        let scheme = if host.contains(':') { "http" } else { "https" };
        write!(
            f,
            "; the right endpoint is `{scheme}://{host}{base}`, to which SDKs add \
             `/@connections/{{connectionId}}`"
        )
    }
}
