//! `gatespec spec`.

mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use conformance::catalogue::{Catalogue, Entry};
use conformance::report::Comparison;
use spec::requirement::{self, PAGES};

use crate::{Caused, Failure, print, text_or_file};

/// Read the specification: what API Gateway does, where that is known from, and how known targets
/// do on the cases.
///
/// Without words all requirements are listed. An id shows its requirement in full, other words
/// search statements, sources and cases.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct SpecArgs {
    /// Ids such as ROUTE-3, or words that a requirement must all have.
    #[arg(value_name = "ID|WORD")]
    words: Vec<String>,
    /// How to print the requirements.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write the whole catalogue as one page of HTML that loads nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "format"])]
    html: Option<PathBuf>,
    /// Add the verdicts of a report in JSON Lines, as `gatespec check` writes it; may be repeated.
    #[arg(long = "report", value_name = "REPORT.jsonl")]
    reports: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people.
    Text,
    /// One JSON object a line.
    Jsonl,
}

const AFTER_HELP: &str = "Exit codes: 0 something was found; 1 nothing was found; 2 there is no such id, or a file cannot be read.

Examples:
  gatespec spec ROUTE-3
  gatespec spec selection expression
  gatespec spec --html spec.html --report target/gatespec/report.jsonl";

/// Prints what was asked for, or writes the page.
pub(crate) fn run(args: &SpecArgs) -> Result<(), Failure> {
    let mut catalogue = Catalogue::built_in().map_err(Failure::could_not_run)?;
    for path in &args.reports {
        let shown = path.display().to_string();
        let report = Comparison::parse(&text_or_file(&format!("@{shown}"))?)
            .map_err(|problem| Failure::usage(Caused::new(format!("`{shown}`"), problem)))?;
        catalogue.add(&report);
    }
    if let Some(path) = &args.html {
        let page = catalogue.to_html();
        std::fs::write(path, &page).map_err(|error| {
            let what = format!("cannot write to `{}`", path.display());
            Failure::could_not_run(Caused::new(what, error))
        })?;
        let count = catalogue.entries.len();
        print(&format!(
            "{}: {count} requirements, {} KB",
            path.display(),
            page.len() / 1000
        ));
        return Ok(());
    }
    let ids = ids(&args.words)?;
    let is_wanted = |entry: &&Entry| match ids.is_empty() {
        true => entry.has_words(&args.words),
        false => ids.iter().any(|id| id == entry.requirement.id),
    };
    let found: Vec<&Entry> = catalogue.entries.iter().filter(is_wanted).collect();
    if found.is_empty() {
        return Err(Failure::Unexpected(format!(
            "no requirement has all of these words: `{}`",
            args.words.join(" ")
        )));
    }
    print(
        match args.format {
            Format::Jsonl => text::jsonl(&catalogue, &found),
            Format::Text if !ids.is_empty() => text::pages(&catalogue, &found),
            Format::Text => text::table(&catalogue, &found),
        }
        .trim_end(),
    );
    Ok(())
}

/// The ids that were asked for, if all words are ids.
fn ids(words: &[String]) -> Result<Vec<String>, Failure> {
    let words: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    if !words.iter().all(|word| area(word).is_some()) {
        return Ok(Vec::new());
    }
    match words.iter().find(|id| requirement::find(id).is_none()) {
        None => Ok(words),
        Some(id) => {
            let area = area(id).unwrap_or_default();
            let count = requirement::registry()
                .iter()
                .filter(|one| one.area == area)
                .count();
            let stem = area.to_ascii_uppercase();
            Err(Failure::usage(format!(
                "there is no requirement `{id}`: the area has {stem}-1 to {stem}-{count}"
            )))
        }
    }
}

/// The area of what has the form of an id.
fn area(word: &str) -> Option<&'static str> {
    let (stem, number) = word.split_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let areas = PAGES.iter().map(|(area, _)| *area);
    areas
        .filter(|_| is_number)
        .find(|area| area.eq_ignore_ascii_case(stem))
}
