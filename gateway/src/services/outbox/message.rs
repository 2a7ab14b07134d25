//! What a request to a service says: its action, and the parameters of its form or query string.

use std::collections::BTreeMap;

use spec::io::ServiceRequest;
use spec::percent::{Plus, decode};

/// What a request says.
pub(super) struct Message {
    /// The action: the address's, that of `X-Amz-Target`, or the parameter `Action`.
    pub(super) action: Option<String>,
    /// The parameters of the query string, and of a body that is a form.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Message {
    pub(super) fn new(request: &ServiceRequest) -> Self {
        let mut parameters = BTreeMap::new();
        let http = &request.request;
        if let Some((_, query)) = http.url.split_once('?') {
            read(query, &mut parameters);
        }
        let content_type = http.headers.get("Content-Type").unwrap_or_default();
        if content_type.starts_with("application/x-www-form-urlencoded") {
            read(&String::from_utf8_lossy(&http.body), &mut parameters);
        }
        let target = http.headers.get("X-Amz-Target");
        let target = target.map(|target| target.rsplit('.').next().unwrap_or(target));
        let action = request.action.as_deref().or(target);
        let action = action.or_else(|| parameters.get("Action").map(String::as_str));
        Self {
            action: action.map(str::to_owned),
            parameters,
        }
    }
}

fn read(text: &str, parameters: &mut BTreeMap<String, String>) {
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.insert(decode(name, Plus::Space), decode(value, Plus::Space));
    }
}
