//! `--watch`: what a person saves is served, while connections stay.

mod said;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gateway::{Control, Log, Options};
use stack::{Assembly, Input};

use super::values::EnvVars;
use super::{ServeArgs, serve_options};
use crate::Failure;
use crate::given::Stack;
use crate::watching::{Change, Watching};

/// What is served, and what it was read from.
pub(super) struct Watch<'a> {
    args: &'a ServeArgs,
    log: &'a Log,
    watching: Watching,
    /// The template that was read last.
    template: PathBuf,
    /// What was read for the last try, served or not.
    read: Vec<PathBuf>,
    /// The warnings that were shown.
    warnings: BTreeSet<String>,
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
    pub(super) fn begin(args: &'a ServeArgs, found: &Stack, log: &'a Log) -> Self {
        let mut watch = Self {
            args,
            log,
            watching: Watching::start(),
            template: found.input.template.clone(),
            read: Vec::new(),
            warnings: BTreeSet::new(),
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
            let line = match self.reload(running, &change).await {
                Ok(line) => line,
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
        let found = self.args.stack.find(Some(&self.args.app));
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

    /// What the template of a stack says now, with the values that are given for it now.
    fn assembly(&mut self, found: &Stack) -> Result<Assembly, NotServed> {
        let mut options = serve_options(self.args, found);
        self.read = self.deciding(found, &options);
        if let Some(EnvVars { file, .. }) = &self.args.functions.env_vars {
            let name = file.display().to_string();
            let read = EnvVars::read(&name);
            let read = read.map_err(|problem| NotServed::Wrong(format!("`{name}`: {problem}")));
            options.settings.variables = read?.variables;
        }
        let read = Assembly::read(&options.template, &options.settings);
        let inputs = match &read {
            Ok(assembly) => assembly.inputs(),
            Err(diagnostics) => diagnostics.inputs(),
        };
        self.read.extend(inputs.iter().cloned());
        read.map_err(|diagnostics| NotServed::Wrong(diagnostics.to_string()))
    }

    /// The files that say which template is served, and with which values.
    fn deciding(&self, found: &Stack, options: &Options) -> Vec<PathBuf> {
        let args = &self.args.stack;
        let mut files = Input::deciding(&args.path);
        files.extend(found.input.written.clone());
        files.push(args.configuration());
        files.extend(
            self.args
                .functions
                .env_vars
                .as_ref()
                .map(|given| given.file.clone()),
        );
        files.extend(options.credentials.clone());
        files
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
