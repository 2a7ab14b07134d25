//! `gatespec render`.

mod page;
mod watch;

use std::io;
use std::path::PathBuf;

use clap::Args;
use inspect::console::Request;
use serde_json::{Map, Value};
use spec::template::{Output, Params};
use velocity::Text;

use crate::{Caused, Failure, jsonl, print, text_or_file};

/// Render a mapping template as API Gateway would.
///
/// Every value may be given literally, as `@file`, or as `@-` for standard input.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 rendered; 1 the template cannot be rendered; 2 the arguments \
        must be changed.\n\n\
        Examples:\n  gatespec render --template '{\"said\": \
        \"$util.escapeJavaScript($input.body)\"}' --body 'it works'\n  \
        gatespec render --watch send.vtl --body @message.json"
)]
pub(crate) struct RenderArgs {
    /// The mapping template.
    #[arg(long, value_name = "TEXT|@FILE", required_unless_present_any = ["jsonl", "watch"])]
    template: Option<String>,
    /// Render a template again whenever its file is saved, or a `@file` of the other options, and
    /// show besides whether the output is JSON and what `gatespec lint` finds; until Ctrl-C. A
    /// terminal shows the last time, a pipe gets each.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["template", "jsonl"])]
    watch: Option<PathBuf>,
    /// What the output has to be, for --watch: a media type [default: as the template's text
    /// begins].
    #[arg(long, value_name = "TYPE", requires = "watch")]
    content_type: Option<String>,
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
    if let Some(file) = &args.watch {
        return watch::run(args, file);
    }
    let Some(template) = &args.template else {
        return match jsonl::run(io::stdin().lock(), io::stdout().lock()) {
            // Whoever asked has gone away.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            answered => answered.map_err(Failure::could_not_run),
        };
    };
    let source = text_or_file(template)?;
    let name = template.strip_prefix('@').unwrap_or("template");
    let request = args.request(source, text_or_file)?;
    let text = request
        .render()
        .map_err(|problem| Failure::Unexpected(page::error(name, &request.template, &problem)))?;
    print(&text);
    Ok(())
}

impl RenderArgs {
    /// The template, and what it sees. `read` reads a value.
    fn request(
        &self,
        template: String,
        read: impl Fn(&str) -> Result<String, Failure>,
    ) -> Result<Request, Failure> {
        let mut request = Request::new(template);
        request.body = Text::from(read(&self.body)?);
        if let Some(text) = &self.context {
            request.context = object("--context", &read(text)?)?.into();
        }
        request.stage_variables =
            object("--stage-variables", &read(&self.stage_variables)?)?.into();
        request.params = Params::read(&object("--params", &read(&self.params)?)?)
            .map_err(|problem| Failure::usage(Caused::new("`--params`", problem)))?;
        let content_type = self.content_type.as_deref();
        request.output = content_type.and_then(Output::of_media_type);
        Ok(request)
    }

    /// The values that may be files.
    fn values(&self) -> impl Iterator<Item = &str> {
        let all = [&self.body, &self.stage_variables, &self.params];
        all.into_iter().chain(&self.context).map(String::as_str)
    }
}

fn object(option: &str, text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(Caused::new(
            format!("`{option}` must be a JSON object"),
            error,
        ))
    })
}
