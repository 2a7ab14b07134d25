//! `gatespec report`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use conformance::report::{self, Comparison};

use crate::check::{reports_help, write_reports};
use crate::{Caused, Failure, eprint, print, text_or_file};

/// Put the reports of several runs side by side.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ReportArgs {
    /// Reports in JSON Lines, as `gatespec check` writes them.
    #[arg(required = true, value_name = "REPORT.jsonl")]
    reports: Vec<PathBuf>,
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/gatespec",
        help = reports_help("the merged reports")
    )]
    report: PathBuf,
}

const AFTER_HELP: &str = "A target has one column, by its name: where two runs of it have a case, the later in the order of the arguments holds, and a
warning says so. `gatespec check --name` tells runs apart.

Example:
  gatespec report --report compared a/report.jsonl b/report.jsonl";

/// Reads the reports, prints the table, writes the merged reports.
pub(crate) fn run(args: &ReportArgs) -> Result<(), Failure> {
    let mut text = String::new();
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in &args.reports {
        let shown = path.display().to_string();
        let report = text_or_file(&format!("@{shown}"))?;
        let run = Comparison::parse(&report)
            .map_err(|problem| Failure::usage(Caused::new(format!("`{shown}`"), problem)))?;
        if run.rows.is_empty() {
            return Err(Failure::usage(format!(
                "no outcome in `{shown}`: `gatespec check` writes one a line into report.jsonl"
            )));
        }
        for target in run.targets {
            runs.entry(target).or_default().push(format!("`{shown}`"));
        }
        text.push_str(&report);
        text.push('\n');
    }
    let comparison = Comparison::parse(&text).map_err(Failure::usage)?;
    for (target, paths) in runs.iter().filter(|(_, paths)| paths.len() > 1) {
        eprint(&format!(
            "warning: `{target}` is in {}: one column, in which the later run of a case holds",
            paths.join(", ")
        ));
    }
    print(report::table(&comparison, report::Shown::All).trim_end());
    write_reports(&args.report, &comparison)
}
