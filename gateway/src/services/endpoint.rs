//! DynamoDB's address, and requests to it: of the engine in this process, or of another one.

use spec::http::{Headers, HttpRequest};

/// Where DynamoDB is, and as whom functions call it: engines may keep the tables of each access key
/// and region apart.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) region: String,
    pub(crate) access_key_id: String,
}

impl Endpoint {
    /// The request of an operation. Engines check no signature, but want to see one.
    pub(super) fn request(&self, operation: &str, body: Vec<u8>) -> HttpRequest {
        let Self {
            url,
            region,
            access_key_id,
        } = self;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={access_key_id}/20240101/{region}/dynamodb/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=0"
        );
        let headers = Headers::from_iter([
            ("Content-Type", "application/x-amz-json-1.0".to_owned()),
            ("X-Amz-Target", format!("DynamoDB_20120810.{operation}")),
            ("X-Amz-Date", "20240101T000000Z".to_owned()),
            ("Authorization", authorization),
        ]);
        HttpRequest {
            method: "POST".to_owned(),
            url: url.clone(),
            headers,
            body,
        }
    }
}
