//! `gatespec falsify`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, value_parser};
use conformance::falsify::{Counterexample, Effort, Search, falsify};
use spec::template::lint::lint_as;
use spec::template::{MappingTemplate, Output};
use stack::MappingTemplates;

use crate::given::{self, AppArgs, HERE};
use crate::{Failure, eprint, print};

/// Search for messages, authorizer results and parameters that break a mapping template.
///
/// Inputs are made for what the template reads, at every location, as text, number, list, map, null
/// and missing. It searches for output that its receiver cannot read (JSON; form encoding for SQS
/// and SNS; XML), a message that does not come back as it was sent, a value that breaks out of its
/// string and forges another, and a template that fails to render. The smallest input of each kind
/// is shown, with the reference that let it through and its cure. A stack needs nothing but its
/// templates: no functions, no values of parameters.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 not falsified; 1 falsified; 2 a file could not be read.\n\n\
         Example:\n  gatespec falsify conformance/fixtures/original-mapping-template.vtl"
)]
pub(crate) struct FalsifyArgs {
    /// A stack's template (.yaml, .yml, or .json with `Resources`), to try all of its mapping
    /// templates, a folder of one, as `gatespec lint` takes it, or a file with one mapping template.
    #[arg(default_value = HERE, value_name = "PATH")]
    file: PathBuf,
    #[command(flatten)]
    app: AppArgs,
    /// How many inputs to try on each template.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..))]
    cases: u32,
    /// Seed of the random numbers: the same seed tries the same inputs.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// One mapping template, and all names that the file has for it.
struct Named {
    names: Vec<String>,
    source: String,
    output: Output,
}

/// Tries every template; fails if one is falsified.
pub(crate) fn run(args: &FalsifyArgs) -> Result<(), Failure> {
    let effort = Effort {
        cases: args.cases,
        seed: args.seed,
    };
    let mut falsified = 0;
    for Named {
        names,
        source,
        output,
    } in templates(args)?
    {
        let name = names.join(", ");
        let template = MappingTemplate::parse(&source)
            .map_err(|error| Failure::Page(error.with_source(&name, &source)))?;
        let progress = Progress::new(&name, args.cases);
        let search = falsify(&template, output, effort, |done| progress.show(done));
        progress.clear();
        if search.found.is_empty() {
            print(
                format!(
                    "{name}: not falsified ({} different inputs, seed {}, output {output})\n{}",
                    search.tried,
                    args.seed,
                    coverage(&source, &search)
                )
                .trim_end(),
            );
        } else {
            falsified += 1;
            print(page(&name, &source, output, &search).trim_end());
        }
    }
    match falsified {
        0 => Ok(()),
        1 => Err(Failure::Unexpected(
            "1 mapping template is falsified".to_owned(),
        )),
        count => Err(Failure::Unexpected(format!(
            "{count} mapping templates are falsified"
        ))),
    }
}

/// The mapping templates of a file, each text once.
fn templates(args: &FalsifyArgs) -> Result<Vec<Named>, Failure> {
    let file = given::written(&args.file, &args.app)?;
    let read = MappingTemplates::read(&file).map_err(|error| Failure::Page(error.to_string()))?;
    let file = file.display();
    if read.templates.is_empty() && read.unread.is_empty() {
        eprint(&format!("{file}: no mapping templates"));
    }
    for unread in &read.unread {
        eprint(&format!(
            "{file}: {}: not tried: {}",
            unread.name, unread.reason
        ));
    }
    let mut all: Vec<Named> = Vec::new();
    for template in read.templates {
        let place = template.place.map(|place| place.to_string());
        let same =
            |named: &&mut Named| named.source == template.text && named.output == template.output;
        match (all.iter_mut().find(same), place) {
            (Some(named), Some(place)) => named.names.push(place),
            (_, place) => all.push(Named {
                names: vec![place.map_or_else(|| file.to_string(), |it| format!("{file}: {it}"))],
                source: template.text,
                output: template.output,
            }),
        }
    }
    Ok(all)
}

/// A line that counts on a terminal.
struct Progress<'n> {
    name: &'n str,
    cases: u32,
    shows: bool,
}

impl<'n> Progress<'n> {
    fn new(name: &'n str, cases: u32) -> Self {
        Self {
            name,
            cases,
            shows: std::io::stderr().is_terminal(),
        }
    }

    fn show(&self, done: u32) {
        if self.shows {
            self.write(&format!("\r\x1b[K{}: {done} of {}", self.name, self.cases));
        }
    }

    fn clear(&self) {
        if self.shows {
            self.write("\r\x1b[K");
        }
    }

    fn write(&self, text: &str) {
        let mut out = std::io::stderr();
        // A terminal that is gone needs no progress.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

/// What was found, as text.
fn page(name: &str, source: &str, output: Output, search: &Search) -> String {
    let mut page = String::new();
    for found in &search.found {
        page.push_str(&counterexample(name, source, output, found));
    }
    page.push_str(&coverage(source, search));
    page
}

/// What was tried where, and what no input reached.
fn coverage(source: &str, search: &Search) -> String {
    let mut text = format!("  tried: {}\n", search.coverage);
    for span in &search.coverage.unreached {
        let line = source[..span.start].matches('\n').count() + 1;
        let reference = visible(&source[span.clone()]);
        text.push_str(&format!("  never rendered: `{reference}` in line {line}\n"));
    }
    text
}

fn counterexample(name: &str, source: &str, output: Output, found: &Counterexample) -> String {
    let Counterexample {
        flaw,
        input,
        rendered,
        detail,
        culprit,
    } = found;
    let mut page = format!(
        "{name}: falsified, {flaw}\n  {}\n  message: {}\n",
        visible(detail),
        visible(&input.body)
    );
    for (place, value) in &input.values {
        page.push_str(&format!("  {place}: {}\n", visible(value)));
    }
    match rendered {
        Ok(text) => {
            page.push_str("  renders to:\n");
            for line in text.lines() {
                page.push_str(&format!("    {}\n", visible(line)));
            }
        }
        Err(error) => page.push_str(&format!("  does not render: {error}\n")),
    }
    if let Some(span) = culprit {
        page.push_str(&velocity::excerpt(
            "this reference lets it through:",
            span.clone(),
            name,
            source,
        ));
        for finding in lint_as(source, output).findings {
            if finding.span.start < span.end && span.start < finding.span.end {
                page.push_str(&format!(
                    "  cure ({}): {}\n",
                    finding.rule.id(),
                    finding.cure
                ));
            }
        }
    }
    page
}

/// The text with what a terminal would obey, or would not show, as an escape.
fn visible(text: &str) -> String {
    let is_hidden = |char: char| {
        char.is_control()
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(char, '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if is_hidden(char) {
            out.extend(char.escape_unicode());
        } else {
            out.push(char);
        }
    }
    out
}
