//! The outbox: what integrations send to services that are nowhere. Each request is kept as it would
//! go out, for `GET /@outbox`, and answered as the service might.

mod answer;
mod checks;
mod message;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use spec::Timestamp;
use spec::io::{HttpOutcome, ServiceRequest};

use crate::ids::Random;
pub(crate) use answer::answers;
use message::Message;

/// The requests that were kept, the latest last. Its lock is held for moments only: the hub waits
/// for it.
#[derive(Default)]
pub(crate) struct Outbox(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    requests: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// How many are gone because others came.
    dropped: u64,
}

/// A request that was kept.
pub(super) struct Entry {
    at: Timestamp,
    request: ServiceRequest,
}

/// The most requests that are kept, and the most bytes of them.
const REQUESTS: usize = 1_000;
const BYTES: usize = 8 * 1024 * 1024;

impl Outbox {
    /// Keeps a request. Shown and answered it is later: the hub is locked.
    pub(super) fn keep(&self, at: Timestamp, request: ServiceRequest) -> Arc<Entry> {
        // Evaluated only where somebody listens.
        tracing::info!(target: "gateway::outbox", "outbox: {}", line(&request));
        let entry = Arc::new(Entry { at, request });
        self.lock().push(Arc::clone(&entry));
        entry
    }

    /// All that is kept, as JSON. Takes its time.
    pub(crate) fn to_json(&self) -> String {
        let (dropped, entries) = {
            let kept = self.lock();
            (kept.dropped, kept.requests.clone())
        };
        let requests: Vec<String> = entries.iter().map(|one| one.shown().to_string()).collect();
        let requests = requests.join(",");
        format!(r#"{{"dropped":{dropped},"requests":[{requests}]}}"#)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let forgotten = std::mem::take(&mut *self.lock());
        // Now that nobody has to wait for it.
        drop(forgotten);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Each change is whole, whatever panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, entry: Arc<Entry>) {
        self.bytes += entry.bytes();
        self.requests.push_back(entry);
        while self.requests.len() > REQUESTS || self.bytes > BYTES {
            let Some(oldest) = self.requests.pop_front() else {
                return;
            };
            self.bytes -= oldest.bytes();
            self.dropped += 1;
        }
    }
}

impl Entry {
    /// The service's answer, as it might be; why not, if no answer of its action is known.
    pub(super) fn answer(&self) -> HttpOutcome {
        let message = Message::new(&self.request);
        match answer::answer(self.at, &self.request, &message, &mut Random::new()) {
            Ok(answer) => HttpOutcome::Answered(answer),
            Err(reason) => HttpOutcome::Failed(reason),
        }
    }

    /// How much of the outbox's room it takes.
    fn bytes(&self) -> usize {
        let request = &self.request.request;
        let headers = request.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        request.url.len() + headers + request.body.len()
    }

    /// As the outbox shows it.
    fn shown(&self) -> Value {
        shown(self.at, &self.request, &Message::new(&self.request))
    }
}

/// A request in one line.
fn line(request: &ServiceRequest) -> String {
    let message = Message::new(request);
    let action = message.action.as_deref().unwrap_or("without an action");
    let http = &request.request;
    let body = String::from_utf8_lossy(&http.body);
    let line = format!(
        "{} {action}: {} {} {body}",
        request.service, http.method, http.url
    );
    crate::log::escape(&line).into_owned()
}

fn shown(now: Timestamp, service: &ServiceRequest, message: &Message) -> Value {
    let ServiceRequest {
        service: name,
        region,
        credentials_arn,
        request,
        ..
    } = service;
    let mut headers = Map::new();
    for (field, value) in request.headers.iter() {
        headers.insert(field.to_owned(), value.into());
    }
    let (body, is_base64) = match std::str::from_utf8(&request.body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (spec::base64::encode(&request.body), true),
    };
    let mut shown = json!({
        "time": now.iso_8601(),
        "service": name,
        "action": message.action,
        "region": region,
        "credentialsArn": credentials_arn,
        "method": request.method,
        "path": request.url,
        "headers": headers,
        "body": body,
        "isBase64Encoded": is_base64,
    });
    // What a form or a query string says is easier to compare than its spelling.
    if !message.parameters.is_empty() {
        let parameters = message.parameters.iter();
        let parameters: Map<String, Value> = parameters
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        shown["parameters"] = parameters.into();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::http::{Headers, HttpRequest};

    fn publish(body: Vec<u8>) -> ServiceRequest {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        ServiceRequest {
            service: "sns".to_owned(),
            region: "us-east-1".to_owned(),
            action: None,
            credentials_arn: Some("role".to_owned()),
            request: HttpRequest {
                method: "POST".to_owned(),
                url: "/".to_owned(),
                headers: Headers::from_iter(form),
                body,
            },
        }
    }

    fn listed(outbox: &Outbox) -> Value {
        serde_json::from_str(&outbox.to_json()).expect("it is JSON")
    }

    #[test]
    fn a_request_is_kept_as_it_would_go_out() {
        let outbox = Outbox::default();
        let request = publish(b"Action=Publish&TopicArn=t&Message=a%26b+c".to_vec());
        let outcome = outbox.keep(Timestamp::from_millis(0), request).answer();
        assert!(matches!(outcome, HttpOutcome::Answered(answer) if answer.status == 200));
        let kept = &listed(&outbox)["requests"][0];
        assert_eq!(kept["time"], "1970-01-01T00:00:00.000Z");
        assert_eq!(kept["service"], "sns");
        assert_eq!(kept["action"], "Publish");
        assert_eq!(kept["credentialsArn"], "role");
        assert_eq!(kept["path"], "/");
        assert_eq!(kept["body"], "Action=Publish&TopicArn=t&Message=a%26b+c");
        assert_eq!(kept["parameters"]["Message"], "a&b c");
        outbox.clear();
        assert_eq!(listed(&outbox), json!({"dropped": 0, "requests": []}));
    }

    #[test]
    fn the_outbox_keeps_the_latest_requests_within_bounds() {
        let outbox = Outbox::default();
        for count in 0..REQUESTS + 5 {
            outbox.keep(Timestamp::from_millis(0), publish(count.to_string().into()));
        }
        let kept = listed(&outbox);
        assert_eq!(kept["dropped"], 5);
        assert_eq!(kept["requests"][0]["body"], "5");
        outbox.keep(Timestamp::from_millis(0), publish(vec![b'x'; BYTES]));
        let kept = listed(&outbox);
        let requests = kept["requests"].as_array().expect("a list");
        assert!(requests.is_empty(), "more than all together may be");
        outbox.keep(Timestamp::from_millis(0), publish(vec![255, 0]));
        let kept = listed(&outbox);
        assert_eq!(kept["requests"][0]["body"], "/wA=");
        assert_eq!(kept["requests"][0]["isBase64Encoded"], true);
    }
}
