//! `gatespec serve --inspect`: the page on the gateway's port.

use std::path::Path;

use clap::Args;
use gateway::Control;
use inspect::{About, Masks, NoPage, Page, Store};
use tokio::task::JoinHandle;

use super::client::wscat;
use crate::Failure;

#[derive(Args)]
pub(super) struct InspectArgs {
    /// Serve a page on the gateway's port that shows what happens: connections, and each request
    /// with its route, template, event, log, timing and answer. It also sends messages, and renders
    /// templates. The page is for browsers on this machine, at the address that is printed.
    #[arg(long)]
    inspect: bool,
}

/// The page of a gateway, as long as it is kept.
pub(super) struct Inspected {
    /// The address to open.
    pub(super) url: String,
    tasks: [JoinHandle<()>; 2],
}

impl InspectArgs {
    /// Opens the page, if it is wanted.
    pub(super) fn open(
        &self,
        running: &Control,
        template: &Path,
    ) -> Result<Option<Inspected>, Failure> {
        if !self.inspect {
            return Ok(None);
        }
        let store = Store::new(Masks::new(running.assembly().api()));
        let name = template.file_name().unwrap_or(template.as_os_str());
        let about = About {
            wscat,
            served: name.to_string_lossy().into_owned(),
        };
        let page = Page::open(running.clone(), store.clone(), about);
        let page = page.map_err(|error| match error {
            NoPage::NoLoopback => Failure::usage(error),
            NoPage::NoKey(_) => Failure::could_not_run(error),
        })?;
        let url = page.url().to_owned();
        let follow = inspect::follow(running.clone(), store);
        let tasks = [
            watched("answers", tokio::spawn(page.run())),
            watched("follows the gateway", tokio::spawn(follow)),
        ];
        Ok(Some(Inspected { url, tasks }))
    }
}

/// A task that says so if what the page does in another comes to a bad end.
fn watched(does: &'static str, task: JoinHandle<()>) -> JoinHandle<()> {
    let ends = AbortOnDrop(task);
    tokio::spawn(async move {
        let mut ends = ends;
        if let Err(error) = (&mut ends.0).await {
            tracing::error!("the inspect page no longer {does}: {error}; start `serve` again");
        }
    })
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Inspected {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
