//! Finds what would break a mapping template in production, before it is deployed.
//!
//! ```
//! use spec::template::lint::{Rule, lint};
//!
//! let report = lint(r#"{"body": "$util.escapeJavaScript($input.body)"}"#);
//! assert_eq!(report.findings[0].rule, Rule::SingleQuote);
//! assert!(!report.json_safe());
//!
//! let report = lint(r#"{"body": "$util.escapeJavaScript($input.body).replaceAll("\\'","'")"}"#);
//! assert!(report.findings.is_empty() && report.json_safe());
//! ```
//!
//! ```text
//! text -> parts -> flow: every path through the template, with what each variable may hold (env)
//!                        and where in the JSON it is (json) -> values that leave their string
//!               -> names: unknown references and directives -> what renders as nothing or as text
//!               -> conditions: what is always true
//!         renders for harmless input (probe)                -> what cannot be JSON
//! ```

mod builtin;
mod conditions;
mod env;
mod flow;
mod guard;
mod json;
mod judge;
mod names;
mod notes;
mod place;
mod probe;
mod reads;
mod rule;
mod steps;
mod value;

use std::ops::Range;

pub use self::rule::Rule;
use super::{MappingTemplate, Output};

/// The largest template: 300 KB (documented; that a KB is 1,024 bytes is assumed).
pub const MAX_BYTES: usize = 300 * 1024;

/// The linter's report on a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What the output has to be.
    pub output: Output,
    /// The findings, in the order of the text.
    pub findings: Vec<Finding>,
    /// Why the linter does not guarantee that the output is what it has to be, in the order found.
    /// Empty if it does.
    pub doubts: Vec<Doubt>,
}

/// Something that breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that it violates.
    pub rule: Rule,
    /// The span in the template, in bytes.
    pub span: Range<usize>,
    /// What is wrong here.
    pub message: String,
    /// What happens then.
    pub why: String,
    /// What to write instead.
    pub cure: String,
}

/// Something that the linter cannot analyse, though it may be correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The span in the template in bytes, if known.
    pub span: Option<Range<usize>>,
    /// What is not known.
    pub reason: String,
}

impl Report {
    /// Whether the template renders to JSON for every message, every context that the gateway
    /// sends, every result of an authorizer and all parameters. Route keys, stage names and ids are
    /// assumed to contain neither quotes nor backslashes.
    ///
    /// A message that begins as a JSON object or array does and is not JSON is refused before
    /// anything is called. A string that holds JSON holds it for every message, too.
    ///
    /// False only means that the linter cannot guarantee it.
    pub fn json_safe(&self) -> bool {
        self.output == Output::Json && self.doubts.is_empty()
    }
}

impl Finding {
    /// Line and column of its first character in the template, both counted from 1, the column in
    /// characters.
    pub fn line_and_column(&self, source: &str) -> (usize, usize) {
        crate::json::position(source, self.span.start)
    }
}

/// Checks a mapping template of which nothing is known but its text. A text that is not a template
/// gives a finding too.
pub fn lint(source: &str) -> Report {
    lint_as(source, Output::of_text(source).unwrap_or(Output::Json))
}

/// Checks a mapping template whose output has to be this.
pub fn lint_as(source: &str, output: Output) -> Report {
    let mut findings = names::directives(source);
    let mut doubts = Vec::new();
    if source.len() > MAX_BYTES {
        let bytes = source.len();
        findings.push(Finding::new(
            Rule::TooLarge,
            0..0,
            format!("the template has {bytes} bytes, but at most {MAX_BYTES} are allowed"),
            "make it smaller, or move work to the integration",
        ));
        doubts.push(Doubt::new(None, "the template is too large"));
    }
    match MappingTemplate::parse(source) {
        Err(error) => {
            let end = source.trim_end_matches(['$', '#', '\\']).len();
            let finding = if source.ends_with(['$', '#']) && error.span().end >= end {
                Finding::new(
                    Rule::TrailingSign,
                    source.len() - 1..source.len(),
                    format!("the template ends in `{}`", &source[end..]),
                    "remove the sign, or put something after it, such as a line break",
                )
            } else {
                let message = error.message().to_owned();
                let cure = "fix the syntax; `gatespec render` shows what a template renders to";
                Finding::new(Rule::Syntax, error.span(), message, cure)
            };
            findings.push(finding);
            doubts.push(Doubt::new(Some(error.span()), "it is no template"));
        }
        Ok(template) => {
            let parts = template.parts();
            names::references(&template, &parts, &mut findings);
            conditions::check(source, &parts, &mut findings);
            let flow = flow::walk(source, &parts, output);
            findings.extend(flow.findings);
            doubts.extend(flow.doubts);
            if output == Output::Json
                && let Some(broken) = probe::check(&template, flow.broken)
            {
                doubts.push(Doubt::new(
                    Some(broken.span.clone()),
                    "the output is no JSON",
                ));
                findings.push(broken);
            }
        }
    }
    order(&mut findings);
    Report {
        output,
        findings,
        doubts,
    }
}

/// Sorts the findings by their location, and leaves one of each value.
fn order(findings: &mut Vec<Finding>) {
    // Of several levels, the cure for all of them: what is wrong inside is cured last.
    let of_value = |rule| (Rule::SingleQuote..=Rule::JsonInString).contains(&rule);
    findings.sort_by_key(|finding| {
        let Range { start, end } = finding.span;
        let deepest = std::cmp::Reverse((finding.rule, finding.cure.len()));
        (start, end, of_value(finding.rule), deepest)
    });
    findings.dedup_by(|a, b| {
        let is_same = a.rule == b.rule || of_value(a.rule) && of_value(b.rule);
        is_same && a.span == b.span
    });
}

impl Finding {
    fn new(
        rule: Rule,
        span: Range<usize>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Finding {
            rule,
            span,
            message: message.into(),
            why: rule.why().to_owned(),
            cure: cure.into(),
        }
    }
}

impl Doubt {
    fn new(span: Option<Range<usize>>, reason: impl Into<String>) -> Self {
        Doubt {
            span,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod cures;
#[cfg(test)]
mod encodings;
#[cfg(test)]
mod tests;
