//! How far a run is.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::eprint;

/// A bar on a terminal, one line elsewhere.
pub(super) fn progress(target: &str, cases: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        eprint(&format!("{target}: {cases} cases"));
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(cases as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_prefix(target.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
