//! `gatespec report`.

use std::path::PathBuf;

use clap::Args;
use conformance::report::{self, Comparison};

use crate::check::write_reports;
use crate::{Failure, print, text_or_file};

/// Put the reports of several runs side by side.
#[derive(Args)]
#[command(
    after_help = "Example:\n  gatespec report --report compared a/report.jsonl b/report.jsonl"
)]
pub(crate) struct ReportArgs {
    /// Reports in JSON Lines, as `gatespec check` writes them.
    #[arg(required = true, value_name = "REPORT.jsonl")]
    reports: Vec<PathBuf>,
    /// Where the merged reports go: report.html, report.md, report.jsonl, junit.xml.
    #[arg(long, value_name = "DIR", default_value = "target/gatespec")]
    report: PathBuf,
}

/// Reads the reports, prints the table, writes the merged reports.
pub(crate) fn run(args: &ReportArgs) -> Result<(), Failure> {
    let mut text = String::new();
    for path in &args.reports {
        let report = text_or_file(&format!("@{}", path.display()))?;
        Comparison::parse(&report)
            .map_err(|problem| Failure::Usage(format!("error: `{}`, {problem}", path.display())))?;
        text.push_str(&report);
        text.push('\n');
    }
    let comparison =
        Comparison::parse(&text).map_err(|problem| Failure::Usage(format!("error: {problem}")))?;
    print(report::table(&comparison).trim_end());
    write_reports(&args.report, &comparison)
}
