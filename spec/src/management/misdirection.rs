//! Calls that went astray: where they went, and where they should have gone.

use std::fmt;

use super::{Refusal, below_the_stage, stage};
use crate::api::Api;
use crate::io::ManagementRequest;
use crate::percent::{Plus, decode};

/// What is wrong with the address of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misdirection {
    /// `/@connections/{id}`: the endpoint lacks the stage.
    NoStage,
    /// `/other/…`: the endpoint has another stage.
    OtherStage,
    /// `/{stage}/@connections/@connections/{id}`: the endpoint has what SDKs add themselves.
    ConnectionsTwice,
    /// `/{stage}/…/@connections/{id}`: the endpoint goes on behind the stage.
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
    /// The API's stage.
    pub stage: String,
}

impl Misdirected {
    /// What was wrong with a request that was refused so; `None` if it was not its address.
    pub fn find(api: &Api, request: &ManagementRequest, refusal: &Refusal) -> Option<Self> {
        let below = decode(below_the_stage(&request.path), Plus::Literal);
        let mut segments = below.split('/');
        let kind = match refusal {
            Refusal::Forbidden if stage(&request.path) == "@connections" => Misdirection::NoStage,
            Refusal::Forbidden => Misdirection::OtherStage,
            Refusal::NoMethod { .. } => match (segments.next(), segments.next(), segments.next()) {
                (Some("@connections"), Some("@connections"), _) => Misdirection::ConnectionsTwice,
                (Some("@connections"), None | Some(""), None) => Misdirection::NoConnection,
                (Some("@connections"), Some(_), None) => Misdirection::Method,
                _ if below.split('/').skip(1).any(|part| part == "@connections") => {
                    Misdirection::BehindTheStage
                }
                _ => Misdirection::OtherPath,
            },
            _ => return None,
        };
        Some(Self {
            kind,
            method: request.method.clone(),
            path: request
                .path
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned(),
            host: request.headers.get("Host").unwrap_or("{host}").to_owned(),
            stage: api.stage.stage_name.clone(),
        })
    }
}

impl fmt::Display for Misdirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            method,
            path,
            host,
            stage,
        } = self;
        write!(f, "`{method} {path}` is no call of `@connections`: ")?;
        match kind {
            Misdirection::NoStage => f.write_str("the endpoint lacks the stage"),
            Misdirection::OtherStage => f.write_str("the endpoint has another stage"),
            Misdirection::ConnectionsTwice => {
                f.write_str("the endpoint ends in `@connections`, which SDKs add themselves")
            }
            Misdirection::BehindTheStage => f.write_str("the endpoint goes on behind the stage"),
            Misdirection::NoConnection => f.write_str("it names no connection"),
            Misdirection::Method => f.write_str("the methods are POST, GET and DELETE"),
            Misdirection::OtherPath => f.write_str("there is nothing else below the stage"),
        }?;
        write!(
            f,
            "; the endpoint of an SDK is `http://{host}/{stage}`, the whole address \
             `http://{host}/{stage}/@connections/{{connectionId}}`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::http::Headers;
    use rstest::rstest;

    #[rstest]
    #[case("POST", "/@connections/R1kmxc2VNjMCFIA=", Misdirection::NoStage)]
    #[case("POST", "/test/@connections/x", Misdirection::OtherStage)]
    #[case(
        "POST",
        "/dev/@connections/%40connections/x",
        Misdirection::ConnectionsTwice
    )]
    #[case("POST", "/dev/dev/@connections/x", Misdirection::BehindTheStage)]
    #[case("POST", "/dev//@connections/x", Misdirection::BehindTheStage)]
    #[case("GET", "/dev/@connections/", Misdirection::NoConnection)]
    #[case("GET", "/dev/%40connections?x", Misdirection::NoConnection)]
    #[case("PUT", "/dev/@connections/R1kmxc2VNjMCFIA=", Misdirection::Method)]
    #[case("POST", "/dev/foo", Misdirection::OtherPath)]
    #[case("POST", "/dev/@connections/a/b", Misdirection::OtherPath)]
    fn each_kind_is_told(#[case] method: &str, #[case] path: &str, #[case] kind: Misdirection) {
        let api = Api::new("$request.body.action", "dev");
        let request = ManagementRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Headers::from_iter([("Host", "localhost:3001")]),
            ..ManagementRequest::default()
        };
        let refusal = parse(&api, &request).unwrap_err();
        let found = Misdirected::find(&api, &request, &refusal).unwrap();
        assert_eq!(found.kind, kind);
        assert!(
            found
                .to_string()
                .contains("is `http://localhost:3001/dev`, the whole")
        );
    }
}
