//! HTTP/1.1 to targets, one connection for each request.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;

use crate::net::Address;
pub use crate::session::Answer;
use crate::session::SessionError;

/// Sends a request to an `http://` or `https://` address and reads the whole answer.
///
/// # Errors
/// [`SessionError::Violation`] when what came is not a complete HTTP response, else what kept the
/// kit from asking.
pub async fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, SessionError> {
    let address = Address::parse(url).map_err(SessionError::other)?;
    let stream = address.connect().await.map_err(SessionError::other)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(SessionError::other)?;
    let connection = tokio::spawn(connection);
    let named = headers.iter().find(|(name, _)| *name == "Host");
    let host = named.map_or(&*address.authority, |(_, host)| host);
    let mut request = hyper::Request::builder()
        .method(method)
        .uri(address.target)
        .header("host", host);
    for (name, value) in headers.iter().filter(|(name, _)| *name != "Host") {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(Bytes::from(body.to_owned())))
        .map_err(SessionError::other)?;
    let broken =
        |error| SessionError::Violation(format!("no complete HTTP response came: {error}"));
    let response = sender.send_request(request).await.map_err(broken)?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(broken)?.to_bytes();
    connection.abort();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Ok(Answer {
        status: head.status.as_u16(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
