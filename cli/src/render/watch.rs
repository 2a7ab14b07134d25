//! `gatespec render --watch`: a template at each save.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};

use super::{RenderArgs, page};
use crate::watching::Watching;
use crate::{Failure, eprint, runtime, text_or_file};

/// Moves the cursor home, and clears the screen and what has scrolled away.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// Shows what the template renders to now, and again after each save, until Ctrl-C or until nobody
/// reads any more.
pub(super) fn run(args: &RenderArgs, file: &Path) -> Result<(), Failure> {
    // All below a folder would be watched, and nothing of it can be shown.
    if let Some(folder) = files(args, file).iter().find(|file| file.is_dir()) {
        return Err(Failure::usage(format!(
            "`{}` is a folder: `--watch` takes the file of a template, and `@` a file",
            folder.display()
        )));
    }
    // Standard input comes once.
    let input = match args.values().any(|value| value == "@-") {
        true => text_or_file("@-")?,
        false => String::new(),
    };
    runtime()?.block_on(async {
        // Before anything is shown: whoever has seen it may end it.
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::could_not_run)?;
        let mut watching = Watching::start();
        watching.set(&files(args, file));
        let mut saves = 0;
        loop {
            if let Some(complaint) = watching.complaint() {
                eprint(&format!("warning: {complaint}"));
            }
            let text = block(args, file, &input);
            match show(&text, saves, file) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(Failure::could_not_run(error)),
            }
            tokio::select! {
                _ = watching.changed() => saves += 1,
                _ = interrupt.recv() => return Ok(()),
            }
        }
    })
}

/// All that is read: the template, and the files of the other values.
fn files(args: &RenderArgs, file: &Path) -> Vec<PathBuf> {
    let values = args.values().filter(|value| *value != "@-");
    let others = values.filter_map(|value| value.strip_prefix('@').map(PathBuf::from));
    [file.to_owned()].into_iter().chain(others).collect()
}

/// What there is to see now. What cannot be read is an error until it is saved again.
fn block(args: &RenderArgs, file: &Path, input: &str) -> String {
    let name = file.display().to_string();
    let read = |value: &str| match value {
        "@-" => Ok(input.to_owned()),
        value => text_or_file(value),
    };
    let request = std::fs::read_to_string(file)
        .map_err(|error| Failure::unreadable(&name, error))
        .and_then(|template| args.request(template, read));
    match request {
        Ok(request) => page::whole(&name, &request.template, &request.judge()),
        Err(failure) => format!("{failure}\n"),
    }
}

/// A terminal shows the last block alone; others get one behind the other, each with a heading.
fn show(block: &str, saves: usize, file: &Path) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.is_terminal() {
        true => write!(
            out,
            "{CLEAR}{block}\n(watching {}; Ctrl-C ends)\n",
            file.display()
        )?,
        false if saves == 0 => write!(out, "=== {}\n{block}\n", file.display())?,
        false => write!(out, "=== {}, save {saves}\n{block}\n", file.display())?,
    }
    out.flush()
}
