//! What becomes of handlers that fail, on a page: what the client gets, and what is in the log. After
//! each, the next message works. Needs Node and Python (feature `runtimes`).

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gateway::{FunctionOutput, Options};
use insta::{Settings, assert_snapshot};
use support::{ask, code_folder, connect, javascript, start};

/// Runs what the message says, behind a line that names it.
const NODE: &str = "
export const handler = async (event) => {
  const { name, code } = JSON.parse(event.body);
  process.stdout.write(`case ${name}\\n`);
  const body = await eval(`(async () => { ${code} })()`);
  return code.startsWith('return 1') ? { statusCode: 200, body: 'fine' } : body;
};";
const PYTHON: &str = "
import json, os, sys, time
def handler(event, context):
    case = json.loads(event['body'])
    print('case', case['name'], flush=True)
    if case['code'] == 'return 1':
        return {'statusCode': 200, 'body': 'fine'}
    names = dict(globals())
    exec('def run():\\n    ' + case['code'], names)
    return names['run']()
";

/// What handlers do: a name, in JavaScript, in Python.
const BAD: [(&str, &str, &str); 8] = [
    (
        "throws an error",
        "throw new TypeError('as told')",
        "raise TypeError('as told')",
    ),
    ("throws a string", "throw 'text'", "raise 'text'"),
    ("exits", "process.exit(3)", "sys.exit(3)"),
    (
        "is killed",
        "process.kill(process.pid, 'SIGKILL'); await new Promise((r) => setTimeout(r, 60000))",
        "os.kill(os.getpid(), 9)",
    ),
    (
        "never answers",
        "await new Promise(() => setInterval(() => {}, 1000))",
        "time.sleep(1000)",
    ),
    ("returns NaN", "return NaN", "return float('nan')"),
    ("returns a function", "return () => 1", "return run"),
    (
        "returns 6 MB",
        "return 'x'.repeat(6 * 1024 * 1024 + 100)",
        "return 'x' * (6 * 1024 * 1024 + 100)",
    ),
];

/// A stack whose function answers every message within two seconds; its log goes beside it.
fn options(folder: &Path, runtime: &str, handler: &str) -> (Options, PathBuf) {
    let template = javascript(folder, runtime, handler);
    let text = fs::read_to_string(&template).unwrap();
    fs::write(&template, text.replace("Timeout: 5", "Timeout: 2")).unwrap();
    let mut options = Options::new(template);
    let log = folder.parent().unwrap().join("log");
    options.function_output = FunctionOutput::File(log.clone());
    (options, log)
}

/// The page of a function for these messages: the frames, and the log's lines for each.
async fn frames(options: Options, messages: &[String]) -> Vec<String> {
    let running = start(options).await;
    let mut client = connect(&running).await.unwrap();
    let mut frames = Vec::new();
    for message in messages {
        frames.push(ask(&mut client, message).await);
    }
    drop(client);
    running.shutdown().await;
    frames
}

/// The log's lines by request, under the name in its first line.
fn by_case(log: &Path, folder: &Path) -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(log).unwrap();
    let named = text.lines().filter_map(|line| {
        let (prefix, name) = line.split_once(": case ")?;
        Some((prefix.split(' ').nth(1)?, name))
    });
    let lines = |id: &str| {
        let own = text.lines().filter(|line| line.contains(id));
        let own = own.filter(|line| !line.contains(": case "));
        own.map(|line| shown(line, id, folder)).collect()
    };
    named
        .map(|(id, name)| (name.to_owned(), lines(id)))
        .collect()
}

/// A line without what differs from run to run, from machine to machine, from version to version.
fn shown(line: &str, id: &str, folder: &Path) -> String {
    let line = line
        .replace(id, "ID")
        .replace(folder.to_str().unwrap(), "CODE");
    if let Some((_, report)) = line.split_once(": INIT_REPORT ") {
        let fields = report.split_once('\t').map_or("", |(_, fields)| fields);
        return format!("INIT_REPORT … {}", fields.replace('\t', " "));
    }
    if let Some((_, report)) = line.split_once(": REPORT ") {
        let status = report
            .split_once("\tStatus: ")
            .map_or("", |(_, status)| status);
        return format!("REPORT … {}", status.replace('\t', " "))
            .trim_end()
            .to_owned();
    }
    let (_, text) = line.split_once(": ").unwrap();
    // Node's console begins with the time.
    let text = match text.split_once("Z\t") {
        Some((time, rest)) if time.len() == 23 => format!("TIME {}", rest.replace('\t', " ")),
        _ => text.to_owned(),
    };
    let Some(at) = text.find("{\"errorType\"") else {
        return text;
    };
    let mut error: serde_json::Value = serde_json::from_str(&text[at..]).unwrap();
    let frames = error["stack"].as_array_mut().map(std::mem::take);
    let frames = frames.unwrap_or_default();
    let place = |frame: &serde_json::Value| {
        let frame = frame.as_str()?;
        let place = &frame[frame.find("CODE")?..];
        Some(place.split([')', ',']).next()?.to_owned())
    };
    let mut places: Vec<String> = frames.iter().filter_map(place).collect();
    places.dedup();
    error["stack"] = places.into();
    // Where the runtime is.
    let message = error["errorMessage"].as_str().unwrap();
    let message = message.split("\nRequire stack").next().unwrap();
    error["errorMessage"] = message.to_owned().into();
    format!("{}{error}", &text[..at])
}

/// Whether a line is about the code, and not about the interpreter.
fn is_about_the_code(line: &str) -> bool {
    let own = [
        "importlib",
        "_bootstrap",
        "node:",
        "Node.js v",
        "/gatespec-",
        "LAMBDA_WARNING",
    ];
    !line.trim().is_empty() && !own.iter().any(|own| line.contains(own))
}

fn without_ids(frame: &str) -> String {
    let mut frame: serde_json::Value = serde_json::from_str(frame).unwrap();
    for id in ["connectionId", "requestId"] {
        frame[id] = "…".into();
    }
    frame.to_string()
}

fn page(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/runtimes");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!(name, text));
}

#[rstest::rstest]
#[case("nodejs22.x", "app.mjs", NODE)]
#[case("nodejs24.x", "app.mjs", NODE)]
#[case("python3.12", "app.py", PYTHON)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_a_handler_does_the_client_hears_of_it_and_the_next_message_works(
    #[case] runtime: &str,
    #[case] file: &str,
    #[case] code: &str,
) {
    let folder = code_folder(&format!("failures-{runtime}"), &[(file, code)]);
    let (options, log) = options(&folder, runtime, "app.handler");
    let message =
        |name: &str, code: &str| serde_json::json!({"name": name, "code": code}).to_string();
    let messages = BAD.iter().flat_map(|(name, javascript, python)| {
        let code = if file == "app.py" { python } else { javascript };
        [message(name, code), message("fine", "return 1")]
    });
    let messages: Vec<String> = messages.collect();
    let frames = frames(options, &messages).await;
    let lines = by_case(&log, &folder);
    let mut text = String::new();
    for (pair, (name, javascript, python)) in frames.chunks(2).zip(BAD) {
        let code = if file == "app.py" { python } else { javascript };
        assert_eq!(pair[1], "fine", "after one that {name}");
        let said = lines[name].join("\n  ");
        text += &format!(
            "{name}: {code}\nclient: {}\nlog:\n  {said}\n\n",
            without_ids(&pair[0])
        );
    }
    page(&format!("failures-{runtime}"), &text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_cannot_be_loaded_is_an_error_frame_and_its_place_is_in_the_log() {
    let mut text = String::new();
    for (runtime, file, handler, code) in [
        (
            "nodejs22.x",
            "app.mjs",
            "app.handler",
            "export const handler = () => {\n  return }};",
        ),
        (
            "nodejs22.x",
            "app.js",
            "app.handler",
            "exports.handler = () => {\n  return }};",
        ),
        (
            "nodejs24.x",
            "app.mjs",
            "app.handler",
            "export const handler = () => {\n  return }};",
        ),
        (
            "nodejs22.x",
            "app.mjs",
            "app.nothing",
            "export const handler = () => {};",
        ),
        ("nodejs22.x", "app.mjs", "nowhere.handler", ""),
        (
            "nodejs22.x",
            "app.mjs",
            "app.handler",
            "throw new RangeError('at the start');",
        ),
        (
            "python3.12",
            "app.py",
            "app.handler",
            "def handler(event, context):\n    return = 1\n",
        ),
        (
            "python3.12",
            "app.py",
            "app.nothing",
            "def handler(event, context): pass\n",
        ),
        ("python3.12", "app.py", "nowhere.handler", ""),
        (
            "python3.12",
            "app.py",
            "app.handler",
            "raise ValueError('at the start')\n",
        ),
    ] {
        let folder = code_folder(&format!("start-{runtime}"), &[(file, code)]);
        let _ = fs::remove_file(folder.parent().unwrap().join("log"));
        let (options, log) = options(&folder, runtime, handler);
        let frames = frames(options, &["{}".to_owned()]).await;
        let log = fs::read_to_string(log).unwrap();
        let mut lines: Vec<String> = log
            .lines()
            .map(|line| shown(line, "none", &folder))
            .filter(|line| is_about_the_code(line))
            .collect();
        // It is started twice.
        lines.truncate(lines.len() / 2);
        let (frame, lines) = (without_ids(&frames[0]), lines.join("\n  "));
        text += &format!(
            "{runtime}, {handler} of {file}:\n{code}\nclient: {frame}\nlog:\n  {lines}\n\n"
        );
    }
    page("failures-at-the-start", &text);
}

/// Answers with its own name for itself, or ends.
const SHELL: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
head=$(mktemp) body=$(mktemp)
while curl --silent --fail --dump-header "$head" --output "$body" "$api/next"; do
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$head")
  echo "it works on $id"
  grep --quiet '"body":"exit"' "$body" && echo "it is told to end" >&2 && exit 4
  curl --silent --output /dev/null --data "{\"statusCode\": 200, \"body\": \"$1\"}" "$api/$id/response"
done
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shell_script_is_a_runtime_and_a_node_that_is_missing_is_named() {
    let folder = code_folder("failures-shell", &[("run.sh", SHELL)]);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.join("run.sh"), mode).unwrap();
    let (mut with_shell, log) = options(&folder, "ruby3.4", "app.main");
    let command = ("ruby3.4".to_owned(), "./run.sh \"$_HANDLER\"".to_owned());
    with_shell.interpreters.commands.extend([command]);
    let messages = ["hello", "exit", "hello"].map(str::to_owned);
    let frames = frames(with_shell, &messages).await;
    assert_eq!(frames[0], frames[2]);
    let (answer, frame) = (&frames[0], without_ids(&frames[1]));
    let lines = fs::read_to_string(log).unwrap();
    let lines = lines.lines().map(|line| {
        let id = line
            .split([' ', '\t'])
            .find(|word| word.trim_end_matches(':').len() == 36);
        shown(line, id.unwrap().trim_end_matches(':'), &folder)
    });
    let lines: Vec<String> = lines.collect();
    let lines = lines.join("\n  ");
    let shell = format!(
        "serve --runtime ruby3.4='./run.sh \"$_HANDLER\"', asked `hello`, `exit`, `hello`\n\
         client: {answer}\nclient: {frame}\nclient: {answer}\nlog:\n  {lines}\n"
    );
    let (mut without_node, _) = options(&folder, "nodejs22.x", "app.handler");
    without_node.interpreters.node = Some("/nowhere/node".into());
    let Err(error) = gateway::start(without_node).await else {
        panic!("it has started");
    };
    let template = folder.parent().unwrap().to_str().unwrap();
    let error = error.to_string().replace(template, "STACK");
    page(
        "custom-and-missing",
        &format!("{shell}\nserve --node /nowhere/node\n{error}\n"),
    );
}
