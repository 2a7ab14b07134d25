//! `gatespec render`.

use clap::Args;
use serde_json::{Map, Value};
use spec::template::{MappingTemplate, Params, Scope, Variables, example_context};

use crate::{Caused, Failure, jsonl, print, text_or_file};

/// Render a mapping template as API Gateway would.
///
/// Every value may be given literally, as `@file`, or as `@-` for standard input.
#[derive(Args)]
#[command(after_help = "Example:\n  gatespec render --template '{\"said\": \
        \"$util.escapeJavaScript($input.body)\"}' --body 'it works'")]
pub(crate) struct RenderArgs {
    /// The mapping template.
    #[arg(long, value_name = "TEXT|@FILE", required_unless_present = "jsonl")]
    template: Option<String>,
    /// The message (`$input`).
    #[arg(long, value_name = "TEXT|@FILE", default_value = "")]
    body: String,
    /// The members of `$context` as a JSON object. Default: the example of a message's context.
    #[arg(long, value_name = "JSON|@FILE")]
    context: Option<String>,
    /// The members of `$stageVariables` as a JSON object.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    stage_variables: String,
    /// The parameters in `$input.params()`: `{"path": {}, "querystring": {}, "header": {}}`.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    params: String,
    /// Answer requests from standard input, one JSON object per line: `id`, `template`, `body`,
    /// `context`, `stageVariables`, `params`, `variables` (further references), `profile`
    /// (api-gateway or velocity). Each gets one line: `{"id", "ok": true, "output"}` or `{"id",
    /// "ok": false, "stage": "request" | "parse" | "render", "error", "line", "column"}`.
    #[arg(long, conflicts_with_all = ["template", "body", "context", "stage_variables", "params"])]
    jsonl: bool,
}

/// Prints the rendered text, or the error with its caret.
pub(crate) fn run(args: &RenderArgs) -> Result<(), Failure> {
    let Some(template) = &args.template else {
        return jsonl::run(std::io::stdin().lock(), std::io::stdout().lock())
            .map_err(Failure::could_not_run);
    };
    let source = text_or_file(template)?;
    let name = template.strip_prefix('@').unwrap_or("template");
    let body = text_or_file(&args.body)?;
    let context = match &args.context {
        Some(text) => object("--context", &text_or_file(text)?)?,
        None => example_context(),
    };
    let stage_variables = object("--stage-variables", &text_or_file(&args.stage_variables)?)?;
    let params = Params::read(&object("--params", &text_or_file(&args.params)?)?)
        .map_err(|problem| Failure::usage(Caused::new("`--params`", problem)))?;
    let template = MappingTemplate::parse(&source)
        .map_err(|error| Failure::Unexpected(error.with_source(name, &source)))?;
    let (context, stage_variables) = (Variables::from(context), Variables::from(stage_variables));
    let scope = Scope::new(&body, &context)
        .stage_variables(&stage_variables)
        .params(&params);
    let text = template
        .render(&scope)
        .map_err(|error| Failure::Unexpected(error.with_source(name, &source)))?;
    print(&text);
    Ok(())
}

fn object(option: &str, text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(Caused::new(
            format!("`{option}` must be a JSON object"),
            error,
        ))
    })
}
