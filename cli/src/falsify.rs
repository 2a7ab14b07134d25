//! `gatespec falsify`.

use std::path::{Path, PathBuf};

use clap::Args;
use conformance::falsify::{Counterexample, Effort, falsify};
use spec::template::MappingTemplate;
use spec::template::lint::lint;

use crate::{Failure, StackArgs, eprint, print, serve};

/// Search for messages, authorizer results and parameters that break a mapping template.
///
/// It searches for output that is not JSON, a message that does not come back as it was sent, a
/// value that breaks out of its string and forges another, and a template that fails to render. The
/// smallest input of each kind is shown, with the reference that let it through.
#[derive(Args)]
#[command(
    after_help = "Example:\n  gatespec falsify conformance/fixtures/original-mapping-template.vtl"
)]
pub(crate) struct FalsifyArgs {
    /// A stack's template (.yaml, .yml, .json), to try all of its request templates, or a file with
    /// one mapping template.
    #[arg(default_value = "template.yaml")]
    file: PathBuf,
    /// How many inputs to try for each kind of flaw.
    #[arg(long, default_value_t = 10_000)]
    cases: u32,
    /// Seed of the random numbers: the same seed tries the same inputs.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// One mapping template and its name.
struct Named {
    name: String,
    source: String,
}

/// Tries every template; fails if one is falsified.
pub(crate) fn run(args: &FalsifyArgs) -> Result<(), Failure> {
    let effort = Effort {
        cases: args.cases,
        seed: args.seed,
    };
    let mut falsified = 0;
    for Named { name, source } in templates(&args.file)? {
        let template = MappingTemplate::parse(&source)
            .map_err(|error| Failure::Page(error.with_source(&name, &source)))?;
        let found = falsify(&template, effort);
        if found.is_empty() {
            print(&format!(
                "{name}: not falsified ({} inputs for each kind of flaw, seed {})",
                args.cases, args.seed
            ));
        } else {
            falsified += 1;
            for counterexample in &found {
                print(&page(&name, &source, counterexample));
            }
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

/// The mapping templates of a file.
fn templates(file: &Path) -> Result<Vec<Named>, Failure> {
    let is_stack = file.extension().is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    let called = file.display();
    if !is_stack {
        let source = std::fs::read_to_string(file)
            .map_err(|error| Failure::unreadable(&called.to_string(), error))?;
        return Ok(vec![Named {
            name: called.to_string(),
            source,
        }]);
    }
    let stack = serve::read_stack(&StackArgs::of(file))?;
    let mut named = Vec::new();
    for (id, integration) in &stack.api().integrations {
        for (key, source) in &integration.request_templates {
            named.push(Named {
                name: format!("{called}, {id}, {key}"),
                source: source.clone(),
            });
        }
    }
    if named.is_empty() {
        eprint(&format!("{called}: no request templates"));
    }
    Ok(named)
}

/// The counterexample as text.
fn page(name: &str, source: &str, found: &Counterexample) -> String {
    let Counterexample {
        flaw,
        input,
        rendered,
        detail,
        culprit,
    } = found;
    let mut page = format!(
        "{name}: falsified, {flaw}\n  {detail}\n  message: {}\n",
        input.body
    );
    for (place, value) in &input.values {
        page.push_str(&format!("  {place}: {value}\n"));
    }
    page.push_str("  renders to:\n");
    for line in rendered.lines() {
        page.push_str(&format!("    {line}\n"));
    }
    if let Some(span) = culprit {
        page.push_str(&velocity::excerpt(
            "this reference lets it through:",
            span.clone(),
            name,
            source,
        ));
        for finding in lint(source).findings {
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
