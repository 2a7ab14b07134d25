//! `--watch`: what a person saves is served, while connections stay.

mod own;
mod said;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gateway::{Control, Log};
use own::Own;
use stack::Assembly;

use super::ServeArgs;
use super::again::{Again, Unread};
use crate::Failure;
use crate::given::Stack;
use crate::watching::{Change, Watching};

/// What is served, and what it was read from.
pub(super) struct Watch<'a> {
    args: &'a ServeArgs,
    again: &'a Again<'a>,
    log: &'a Log,
    watching: Watching,
    /// The template that was read last.
    template: PathBuf,
    /// What was read for the last try, served or not.
    read: Vec<PathBuf>,
    /// The warnings that were shown.
    warnings: BTreeSet<String>,
    own: Own,
}

/// Why something that was saved is not served.
enum NotServed {
    /// A page, or a line.
    Wrong(String),
    /// It is being written.
    Gone(PathBuf),
}

impl<'a> Watch<'a> {
    /// Watches what the gateway is about to read: what is saved while it starts is seen, too.
    pub(super) fn begin(
        args: &'a ServeArgs,
        again: &'a Again<'a>,
        found: &Stack,
        log: &'a Log,
    ) -> Self {
        let mut watch = Self {
            args,
            again,
            log,
            watching: Watching::start(),
            template: found.input.template.clone(),
            read: Vec::new(),
            warnings: BTreeSet::new(),
            own: Own::default(),
        };
        if let Ok(assembly) = watch.assembly(found) {
            let warnings = assembly.warnings().iter().map(ToString::to_string);
            watch.warnings = warnings.collect();
        }
        watch.watching.set(&watch.read);
        if let Some(complaint) = watch.watching.complaint() {
            log.line(&format!("warning: {complaint}"));
        }
        watch
    }

    /// Serves what is saved. Never ends.
    pub(super) async fn serve(mut self, running: &Control) {
        loop {
            self.watch(running).await;
            let change = self.watching.changed().await;
            if self.own.is_own(&change) {
                self.log.line(&said::own(&change, &self.template));
                self.watching.leave_out(change.paths);
                continue;
            }
            let began = Instant::now();
            let line = match self.reload(running, &change).await {
                Ok(line) => {
                    self.own.reloaded(began, Instant::now());
                    line
                }
                Err(NotServed::Wrong(problem)) => {
                    tracing::error!("{problem}");
                    format!(
                        "not reloaded, the old one is served: {}",
                        said::files(&change, &self.template)
                    )
                }
                Err(NotServed::Gone(file)) => format!(
                    "`{}` is gone: what was read of it is served until it is back",
                    file.display()
                ),
            };
            self.log.line(&line);
            self.restart_is_due(&change);
        }
    }

    /// Watches all that is served from, and what was read in vain.
    async fn watch(&mut self, running: &Control) {
        let mut inputs = self.read.clone();
        let assembly = running.assembly();
        let code = running.code().await;
        // What cargo builds here is another one by each build; its sources are what people save.
        let (built, code): (Vec<PathBuf>, Vec<PathBuf>) =
            code.into_iter().partition(|path| self.is_built(path));
        let sources = built.iter().flat_map(|executable| sources(executable));
        let all = assembly.inputs().iter().cloned();
        for input in all.chain(code).chain(sources) {
            let is_new = || {
                let absolute = |path: &Path| std::path::absolute(path).ok();
                let mut inputs = inputs.iter();
                inputs.all(|other| absolute(other) != absolute(&input))
            };
            if is_new() {
                inputs.push(input);
            }
        }
        self.watching.set(&inputs);
        if let Some(complaint) = self.watching.complaint() {
            self.log.line(&format!("warning: {complaint}"));
        }
    }

    /// Whether it is an executable that a reload builds.
    fn is_built(&self, path: &Path) -> bool {
        !self.args.stack.no_build && path.with_extension("d").is_file()
    }

    /// Reads everything again and serves it; the line that says so.
    async fn reload(&mut self, running: &Control, change: &Change) -> Result<String, NotServed> {
        let found = self.again.find();
        let is_there = found
            .as_ref()
            .is_ok_and(|found| found.input.template.is_file());
        if !is_there && !self.template.is_file() {
            return Err(NotServed::Gone(self.template.clone()));
        }
        let found = found?;
        self.template.clone_from(&found.input.template);
        let assembly = self.assembly(&found)?;
        for warning in assembly.warnings() {
            if self.warnings.insert(warning.to_string()) {
                tracing::warn!("{warning}");
            }
        }
        let saved: Vec<PathBuf> = change.inputs.iter().cloned().collect();
        let reloaded = running.reload(assembly, &saved).await;
        let reloaded = reloaded.map_err(|error| NotServed::Wrong(said::refused(&error)))?;
        Ok(said::reloaded(&reloaded, change, &self.template))
    }

    /// What the template of a stack says now.
    fn assembly(&mut self, found: &Stack) -> Result<Assembly, NotServed> {
        let read = self.again.read(found);
        self.read = read.inputs;
        read.assembly.map_err(|unread| match unread {
            Unread::Template(diagnostics) => NotServed::Wrong(diagnostics.to_string()),
            Unread::Values(problem) => NotServed::Wrong(problem),
        })
    }

    /// Names what only a start takes up.
    fn restart_is_due(&self, change: &Change) {
        if let Some(file) = &self.args.credentials
            && change.inputs.contains(file)
        {
            self.log.line(&format!(
                "`{}` is read at the start: restart `gatespec serve` for who may sign now",
                file.display()
            ));
        }
    }
}

/// The files that cargo built an executable from, as it says beside it; its own and those of the
/// packages that it depends on by path.
///
/// Source: <https://doc.rust-lang.org/cargo/reference/build-cache.html#dep-info-files>
fn sources(executable: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(executable.with_extension("d")).unwrap_or_default();
    let Some((_, sources)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    // A space in a path has a backslash before it.
    let sources = sources.replace("\\ ", "\0");
    let paths = sources.split(' ').filter(|path| !path.is_empty());
    paths.map(|path| path.replace('\0', " ").into()).collect()
}

impl From<Failure> for NotServed {
    fn from(failure: Failure) -> Self {
        Self::Wrong(failure.to_string())
    }
}
