//! Templates that are nearly valid, and texts that are none: each is read, or explained at its place.

use std::path::Path;

use proptest::prelude::*;
use stack::{Assembly, Diagnostics, Error, Settings};

/// The repository's template.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// A change of a template that leaves it close to a valid one.
#[derive(Clone, Debug)]
enum Mutation {
    DeleteLine(usize),
    DuplicateLine(usize),
    /// Another line's text, at its own indentation.
    ReplaceLine(usize, usize),
    /// The value behind the `:` or `-` of a line is another one.
    ReplaceScalar(usize, String),
}

impl Mutation {
    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let count = lines.len();
        match self {
            Self::DeleteLine(at) => {
                lines.remove(at % count);
            }
            Self::DuplicateLine(at) => lines.insert(at % count, lines[at % count].clone()),
            Self::ReplaceLine(at, other) => {
                let line = &lines[at % count];
                let indentation = &line[..line.len() - line.trim_start().len()];
                let other = format!("{indentation}{}", lines[other % count].trim_start());
                lines[at % count] = other;
            }
            Self::ReplaceScalar(at, value) => {
                let line = &lines[at % count];
                let end = line.find(": ").or_else(|| line.find("- "));
                let kept = end.map_or("", |end| &line[..=end + 1]);
                lines[at % count] = format!("{kept}{value}");
            }
        }
        lines.join("\n") + "\n"
    }
}

/// Values that something in a template may be, in the wrong place.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "~",
            "''",
            "true",
            "0",
            "-1",
            "1.5",
            "x",
            "$x",
            "$default",
            "$connect",
            "[]",
            "[a, b]",
            "{}",
            "{a: b}",
            "!Ref WebsocketApi",
            "!Ref Nowhere",
            "!Ref AWS::NoValue",
            "!Ref AWS::StackName",
            "!GetAtt AuthFunction.Arn",
            "!GetAtt AuthFunction.Name",
            "!Sub '${Nowhere}'",
            "!Sub ${WebsocketApi}/${StageName}",
            "!ImportValue x",
            "!If [a, b, c]",
            "!Select [7, [a]]",
            "!Transform x",
            "|",
            "'#if(', ",
            "AWS_IAM",
            "HTTP",
            "AWS::ApiGatewayV2::Route",
            "AWS::Lambda::Function",
            "AWS::Some::Thing",
        ])
        .prop_map(str::to_owned),
        "[a-z$!&*{}\\[\\]#|>'\"-]{0,6}",
    ]
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let line = || 0..TEMPLATE.lines().count();
    prop_oneof![
        1 => line().prop_map(Mutation::DeleteLine),
        1 => line().prop_map(Mutation::DuplicateLine),
        1 => (line(), line()).prop_map(|(at, other)| Mutation::ReplaceLine(at, other)),
        4 => (line(), value()).prop_map(|(at, value)| Mutation::ReplaceScalar(at, value)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    // A template that is nearly valid: what still reads compiles, and every error can be shown.
    #[test]
    fn a_mutated_template_is_read_or_explained(
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let all = mutations.iter();
        let text = all.fold(TEMPLATE.to_owned(), |text, mutation| mutation.apply(&text));
        match Assembly::parse("template.yaml", &text, Path::new(""), &Settings::default()) {
            Ok(assembly) => {
                prop_assert!(assembly.api().api().clone().compile().is_ok());
                for warning in assembly.warnings() {
                    prop_assert!(text.get(warning.span.clone()).is_some(), "{warning}");
                }
            }
            Err(diagnostics) => shown(&text, &diagnostics)?,
        }
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = Assembly::parse("template.yaml", &text, Path::new(""), &Settings::default());
    }
}

/// Every error has its span in the text, and its page shows the line; they are sorted, and none is
/// reported twice.
fn shown(text: &str, diagnostics: &Diagnostics) -> Result<(), TestCaseError> {
    let errors = diagnostics.errors();
    prop_assert!(!errors.is_empty());
    for error in errors {
        let span = error.span();
        prop_assert!(text.get(span.clone()).is_some(), "{span:?}");
        prop_assert_eq!(text[..span.start].matches('\n').count() + 1, error.line());
        let page = error.to_string();
        let at = format!("template.yaml:{}:{}", error.line(), error.column());
        prop_assert!(page.contains(&at), "{}", page);
        let line = text.lines().nth(error.line() - 1).unwrap_or_default();
        // A long line is cut: its words are there.
        let words = line.trim().get(..12).unwrap_or(line.trim());
        let cut = line.chars().count() > 80;
        prop_assert!(
            cut || page.contains(words),
            "`{}` is not in\n{}",
            words,
            page
        );
    }
    let order = |error: &Error| {
        (
            error.span().start,
            error.span().end,
            error.message().to_owned(),
        )
    };
    prop_assert!(
        errors
            .windows(2)
            .all(|pair| order(&pair[0]) < order(&pair[1]))
    );
    let last = diagnostics.to_string();
    let count = format!("{} errors", errors.len());
    prop_assert!(errors.len() == 1 || last.ends_with(&count), "{}", last);
    Ok(())
}
