//! The paths below `/@inspect` on the gateway's port, for whoever mounts something there: a page
//! about the gateway. Requests come over a channel, so that nothing in the gateway knows what
//! answers them, or keeps it alive.

use std::sync::{Mutex, MutexGuard, PoisonError};

use spec::http::Headers;
use tokio::sync::{mpsc, oneshot};

/// How many requests wait for their answer to begin; more wait in their connections.
const CAPACITY: usize = 64;

/// The requests below `/@inspect` of a gateway, from [`Control::mount`](crate::Control::mount) on.
/// Dropped, the paths are like any others again.
#[derive(Debug)]
pub struct Mount(mpsc::Receiver<Visit>);

/// One request, by somebody on this machine, of no web page but those of the mount itself.
#[derive(Debug)]
pub struct Visit {
    /// The method.
    pub method: String,
    /// The path below `/@inspect`: empty, or from its `/` on. As it came, not decoded.
    pub path: String,
    /// The query string, without its `?`; empty if there is none.
    pub query: String,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    answer: oneshot::Sender<Answer>,
}

/// What a request is answered with.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields, without those that framing adds.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// Its pieces as they come. Whoever sends them waits while the client does not read, and finds
    /// the channel closed once it is gone. The connection ends with them.
    Stream(mpsc::Receiver<Vec<u8>>),
}

/// Where requests go, if anywhere.
#[derive(Debug, Default)]
pub(crate) struct Mounted(Mutex<Option<mpsc::Sender<Visit>>>);

impl Mount {
    /// The next request; `None` once the gateway goes down, or something else is mounted. Safe to
    /// cancel.
    pub async fn next(&mut self) -> Option<Visit> {
        self.0.recv().await
    }
}

impl Visit {
    /// Answers; whoever does not, has the client told that nothing answers there.
    pub fn answer(self, answer: Answer) {
        // The client may have gone.
        let _ = self.answer.send(answer);
    }
}

impl Mounted {
    /// Mounts something new, in place of what was there.
    pub(crate) fn replace(&self) -> Mount {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        *self.lock() = Some(sender);
        Mount(receiver)
    }

    /// Tells what is mounted that no more requests come.
    pub(crate) fn remove(&self) {
        self.lock().take();
    }

    /// Whether something is there to answer.
    pub(crate) fn is_there(&self) -> bool {
        let sender = self.lock();
        sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// The answer to a request; `None` if nobody gives one.
    pub(crate) async fn ask(
        &self,
        (method, path, query): (String, String, String),
        headers: Headers,
        body: Vec<u8>,
    ) -> Option<Answer> {
        let sender = self.lock().clone()?;
        let (answer, answered) = oneshot::channel();
        let visit = Visit {
            method,
            path,
            query,
            headers,
            body,
            answer,
        };
        sender.send(visit).await.ok()?;
        // Nothing of this request may keep the mount from seeing its end.
        drop(sender);
        answered.await.ok()
    }

    /// Nothing is done under the lock that could panic.
    fn lock(&self) -> MutexGuard<'_, Option<mpsc::Sender<Visit>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(mounted: &Mounted) -> Option<u16> {
        let line = ("GET".to_owned(), "/".to_owned(), String::new());
        let answer = mounted.ask(line, Headers::new(), Vec::new()).await;
        answer.map(|answer| answer.status)
    }

    #[tokio::test]
    async fn requests_go_to_what_is_mounted() {
        let mounted = Mounted::default();
        assert!(!mounted.is_there());
        assert_eq!(ask(&mounted).await, None);
        let mut first = mounted.replace();
        let mut second = mounted.replace();
        assert!(first.next().await.is_none() && mounted.is_there());
        let answers = async {
            let visit = second.next().await.expect("a request");
            assert_eq!((&*visit.method, &*visit.path), ("GET", "/"));
            visit.answer(Answer {
                status: 204,
                headers: Headers::new(),
                body: Body::Whole(Vec::new()),
            });
            drop(second.next().await.expect("another"));
        };
        let asks = async { (ask(&mounted).await, ask(&mounted).await) };
        let (got, ()) = tokio::join!(asks, answers);
        assert_eq!(got, (Some(204), None));
        mounted.remove();
        assert!(second.next().await.is_none() && !mounted.is_there());
        // What is gone is not asked.
        drop(mounted.replace());
        assert!(!mounted.is_there());
    }
}
