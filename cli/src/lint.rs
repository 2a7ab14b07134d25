//! `gatespec lint`.

mod report;

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use spec::template::Output;
use spec::template::lint::{self, Doubt, Finding, Rule};
use stack::MappingTemplates;

use crate::given::{self, AppArgs, HERE};
use crate::{Failure, eprint, print};

/// Find what would break mapping templates in production.
///
/// A file is a mapping template, or, if it ends in .yaml or .yml, or in .json and has `Resources`, a
/// stack's template with all of its `RequestTemplates` and `ResponseTemplates`, and those of the
/// stacks nested in it. In a folder, the
/// template is read that `gatespec serve` would serve, or what it was built from.
///
/// It finds what breaks in production, with the line in the file, the reason and the fix: the quote
/// that `escapeJavaScript` makes invalid in JSON, unescaped values from clients and authorizers, JSON
/// inside of a JSON string that is escaped once, names that WebSocket APIs do not have, conditions that
/// are always true. A template without findings gives JSON for every message, or fields of a form, or
/// XML, as its receiver reads it.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 no findings; 1 findings; 2 a file could not be read.\n\n\
         Example:\n  gatespec lint --format sarif > lint.sarif"
)]
pub(crate) struct LintArgs {
    /// Mapping templates, stacks' templates, or folders.
    #[arg(default_value = HERE, value_name = "PATH")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    app: AppArgs,
    /// Omit the findings of this rule; may be repeated. "Renders to JSON" is judged as before.
    #[arg(long, value_name = "RULE", value_parser = rule())]
    allow: Vec<Rule>,
    /// How to print the findings.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// One mapping template that was checked.
struct Linted {
    file: String,
    /// Which of the stack's templates it is, if any.
    name: Option<String>,
    /// What its output has to be; `None` if it could not be read.
    output: Option<Output>,
    /// Where it starts.
    start: Place,
    findings: Vec<Placed>,
    doubts: Vec<Doubt>,
}

/// A finding in its file.
struct Placed {
    finding: Finding,
    /// The bytes of the file.
    span: Range<usize>,
    start: Place,
    end: Place,
    /// The line with its caret.
    excerpt: String,
}

/// Counted from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
}

/// Prints the findings of all files.
pub(crate) fn run(args: &LintArgs) -> Result<(), Failure> {
    let mut linted = Vec::new();
    for file in &args.files {
        let before = linted.len();
        let mut files = vec![given::written(file, &args.app)?];
        // The templates of nested stacks come behind those of the stacks around them.
        let mut next = 0;
        while let Some(file) = files.get(next) {
            let (found, nested) = lint_file(file)?;
            linted.extend(found);
            for one in nested {
                if !files.contains(&one) {
                    files.push(one);
                }
            }
            next += 1;
        }
        if linted.len() == before {
            eprint(&format!("{}: no mapping templates", files[0].display()));
        }
    }
    for each in &mut linted {
        let shown = |placed: &Placed| !args.allow.contains(&placed.finding.rule);
        each.findings.retain(shown);
    }
    print(
        match args.format {
            Format::Text => report::text(&linted),
            Format::Json => report::json(&linted),
            Format::Sarif => report::sarif(&linted),
        }
        .trim_end(),
    );
    match linted
        .iter()
        .map(|linted| linted.findings.len())
        .sum::<usize>()
    {
        0 => Ok(()),
        1 => Err(Failure::Unexpected("1 finding".to_owned())),
        count => Err(Failure::Unexpected(format!("{count} findings"))),
    }
}

/// The rule of this name.
fn rule() -> impl TypedValueParser<Value = Rule> {
    PossibleValuesParser::new(Rule::ALL.map(Rule::id)).try_map(|id| {
        let mut rules = Rule::ALL.into_iter();
        rules.find(|rule| rule.id() == id).ok_or("no such rule")
    })
}

/// What is found in a file, and the templates of the stacks nested in it.
fn lint_file(path: &Path) -> Result<(Vec<Linted>, Vec<PathBuf>), Failure> {
    let file = path.display().to_string();
    let read = MappingTemplates::read(path).map_err(|error| Failure::Page(error.to_string()))?;
    let all = read.templates.iter().map(|template| {
        let report = lint::lint_as(&template.text, template.output);
        let place = |finding: Finding| {
            let span = read.locate(template, finding.span.clone());
            Placed::new(span, finding, &file, read.text())
        };
        Linted {
            file: file.clone(),
            name: template.place.as_ref().map(ToString::to_string),
            output: Some(report.output),
            start: Place::of(read.text(), read.locate(template, 0..0).start),
            findings: report.findings.into_iter().map(place).collect(),
            doubts: report.doubts,
        }
    });
    let unread = read.unread.iter().map(|unread| Linted {
        file: file.clone(),
        name: Some(unread.name.clone()),
        output: None,
        start: Place::of(read.text(), unread.span.start),
        findings: Vec::new(),
        doubts: vec![Doubt {
            span: None,
            reason: unread.reason.clone(),
        }],
    });
    let linted = all.chain(unread).collect();
    Ok((linted, read.nested))
}

/// The line of a span with its caret, without heading and location, which a line above it has.
pub(crate) fn excerpt(span: Range<usize>, file: &str, text: &str) -> String {
    let page = velocity::excerpt("", span, file, text);
    let lines = page.lines().skip(2);
    lines.map(|line| format!("{line}\n")).collect()
}

impl Placed {
    fn new(span: Range<usize>, finding: Finding, file: &str, text: &str) -> Self {
        Placed {
            start: Place::of(text, span.start),
            end: Place::of(text, span.end),
            excerpt: excerpt(span.clone(), file, text),
            span,
            finding,
        }
    }
}

impl Place {
    fn of(text: &str, at: usize) -> Self {
        let (line, column) = spec::json::position(text, at);
        Place { line, column }
    }
}
