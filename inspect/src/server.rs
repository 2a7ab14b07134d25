//! The inspect page on the gateway's port: its files, and what it asks for.
//!
//! The gateway lets only programs of this machine through, that call it by a loopback name, and no
//! other web page (`gateway::Control::mount`). What the page asks for needs its key besides, which
//! stands in the printed address behind `#`: browsers send that to nobody, and the page sends it in a
//! header. Without the key there are only the page's files, which are the same for everybody.

mod actions;
mod answers;
mod clients;
mod key;
mod live;
mod requests;
mod shared;
mod summary;

use std::fmt;
use std::sync::Arc;

use gateway::{Answer, Control, Mount, Visit};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, spawn_blocking};

use crate::page;
use crate::store::Store;
use answers::{Problem, json, problem, redirect, text};
use clients::Clients;
use key::Key;
use shared::{CONSOLES, Shared};

pub use shared::About;

/// The header in which the page sends its key.
const HEADER: &str = "x-gatespec-inspect";

/// The inspect page of a gateway.
pub struct Page {
    url: String,
    mount: Mount,
    shared: Arc<Shared>,
}

/// Why a gateway has no inspect page.
#[derive(Debug)]
pub enum NoPage {
    /// It listens on no loopback address, where alone the page may be.
    NoLoopback,
    /// The system gives no random bytes for the key.
    NoKey(std::io::Error),
}

impl Page {
    /// Opens the page of a gateway whose exchanges are in `store`.
    ///
    /// # Errors
    /// See [`NoPage`].
    pub fn open(control: Control, store: Store, about: About) -> Result<Self, NoPage> {
        let base = control.mount_url().ok_or(NoPage::NoLoopback)?;
        let key = Key::random().map_err(NoPage::NoKey)?;
        Ok(Self {
            url: format!("{base}/#key={}", key.text()),
            mount: control.mount(),
            shared: Arc::new(Shared {
                control,
                store,
                about,
                key,
                clients: Clients::default(),
                console: Semaphore::new(CONSOLES),
                ends: watch::Sender::new(false),
            }),
        })
    }

    /// The address to open in a browser on this machine. Whoever knows it sees all that clients send,
    /// and acts on the gateway.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers until the gateway goes down.
    pub async fn run(mut self) {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                visit = self.mount.next() => match visit {
                    Some(mut visit) => {
                        let shared = Arc::clone(&self.shared);
                        tasks.spawn(async move {
                            let answer = answer(&shared, &mut visit).await;
                            visit.answer(answer);
                        });
                    }
                    None => break,
                },
                Some(ended) = tasks.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!("a request of the inspect page failed: {error}");
                    }
                }
            }
        }
        self.shared.ends.send_replace(true);
    }
}

/// Answers a request.
async fn answer(shared: &Arc<Shared>, visit: &mut Visit) -> Answer {
    let path = std::mem::take(&mut visit.path);
    match path.strip_prefix("/api/") {
        Some(path) => {
            let asked = api(shared, path, visit).await;
            asked.unwrap_or_else(|refused| problem(&refused))
        }
        None if visit.method != "GET" => problem(&Problem::new(405, "the page is read by GET")),
        None if path.is_empty() => redirect("/@inspect/"),
        None => match page::file(&path) {
            Some(file) => text(file.kind, file.text),
            None => problem(&Problem::new(404, "the page has no such file")),
        },
    }
}

/// Answers what the page asks for.
async fn api(shared: &Arc<Shared>, path: &str, visit: &mut Visit) -> Result<Answer, Problem> {
    let given = visit.headers.get(HEADER).unwrap_or_default();
    if !shared.key.is(given) {
        let why = match given {
            "" => "the request has no key",
            _ => "the request's key is not this gateway's",
        };
        return Err(Problem::new(401, why));
    }
    let body = std::mem::take(&mut visit.body);
    let (name, number) = path.split_once('/').unwrap_or((path, ""));
    match (&*visit.method, name) {
        ("GET", "live") => live::answer(Arc::clone(shared), &visit.query),
        ("GET", "exchanges" | "case" | "event") => {
            let (shared, query) = (Arc::clone(shared), std::mem::take(&mut visit.query));
            let (name, number) = (name.to_owned(), number.to_owned());
            // Long, perhaps: for a thread that nobody else needs.
            let asked = spawn_blocking(move || match &*name {
                "exchanges" => shared.exchange(&number, &query).map(|it| json(&it)),
                "case" => shared.case(&number, &query).map(|it| json(&it)),
                _ => shared.event(&number, &query).map(|it| json(&it)),
            });
            asked
                .await
                .unwrap_or_else(|error| Err(Problem::new(500, error.to_string())))
        }
        ("GET", "wscat") => Ok(json(&shared.line())),
        ("POST", "send") => shared.send(&body).map(|it| json(&it)),
        ("POST", "post") => shared.post(&body).await.map(|it| json(&it)),
        ("POST", "disconnect") => shared.disconnect(&body).await.map(|it| json(&it)),
        ("POST", "connect") => shared.connect(&body).await.map(|it| json(&it)),
        ("POST", "advance") => shared.advance(&body).await.map(|it| json(&it)),
        ("POST", "console") => shared.console(body).await.map(|it| json(&it)),
        _ => {
            let why = format!("nothing answers {} {path}", visit.method);
            Err(Problem::new(404, why))
        }
    }
}

impl fmt::Display for NoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLoopback => f.write_str(
                "the inspect page is for this machine only, and the gateway listens on no loopback \
                 address: use `--host 127.0.0.1`, or `--host 0.0.0.0` to listen on all of them",
            ),
            Self::NoKey(_) => {
                f.write_str("the inspect page has no key: the system gives no random bytes")
            }
        }
    }
}

impl std::error::Error for NoPage {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoLoopback => None,
            Self::NoKey(error) => Some(error),
        }
    }
}
