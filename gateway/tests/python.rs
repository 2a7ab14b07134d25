//! Functions in Python. What needs a real Python is behind the feature `runtimes`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gateway::Options;

/// A folder that is this test's own, empty but for the function's files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}"));
    let _ = fs::remove_dir_all(&path);
    for (file, text) in files {
        let file = path.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    path
}

/// A stack whose function answers every message with this handler.
fn options(folder: &Path, handler: &str) -> Options {
    let template = support::two_way(folder, folder, "");
    let text = fs::read_to_string(&template).unwrap();
    let text = text
        .replace("    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties: {Binary: probe}\n", "")
        .replace("Handler: bootstrap", &format!("Handler: {handler}"))
        .replace("provided.al2023", "python3.12");
    fs::write(&template, text).unwrap();
    Options::new(template)
}

/// A program that says this when it is asked what Python it is.
fn pretended(folder: &Path, says: &str) -> PathBuf {
    let path = folder.join("pretended");
    fs::write(&path, format!("#!/bin/sh\ncat <<'END'\n{says}\nEND\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn refusal(options: Options) -> String {
    match gateway::start(options).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn without_a_python_one_error_says_what_to_install() {
    let folder = folder("none", &[("app.py", "")]);
    let mut options = options(&folder, "app.handler");
    options.interpreters.python = Some(folder.join("nothing"));
    let page = refusal(options.clone()).await;
    assert!(
        page.contains("the function `Function` cannot be run"),
        "{page}"
    );
    assert!(page.contains("install Python 3.8 or newer"), "{page}");
    assert!(page.contains("`--python PATH`"), "{page}");
    let old = pretended(&folder, r#"{"executable": "/x", "version": [3, 7, 1]}"#);
    options.interpreters.python = Some(old);
    let page = refusal(options.clone()).await;
    assert!(page.contains("it is Python 3.7"), "{page}");
    options.interpreters.python = Some(pretended(&folder, "hello"));
    let page = refusal(options).await;
    assert!(page.contains("it is no Python"), "{page}");
}

#[tokio::test]
async fn packages_that_were_not_installed_are_named_with_the_command_that_does() {
    let folder = folder("missing", &[("app.py", "")]);
    let mut options = options(&folder, "app.handler");
    let says =
        r#"{"executable": "/p/bin/python3", "version": [3, 12, 1], "missing": ["requests", "x"]}"#;
    options.interpreters.python = Some(pretended(&folder, says));
    let page = refusal(options.clone()).await;
    assert!(page.contains("`requests`, `x` of"), "{page}");
    assert!(page.contains("/p/bin/python3 -m venv"), "{page}");
    assert!(page.contains("requirements.txt"), "{page}");
    let says = r#"{"executable": "/p/bin/python3", "version": [3, 12, 1], "brought": ["boto3"]}"#;
    options.interpreters.python = Some(pretended(&folder, says));
    let page = refusal(options).await;
    assert!(
        page.contains("imports `boto3`, which Lambda's Python brings along"),
        "{page}"
    );
    assert!(page.contains(".venv/bin/pip install boto3"), "{page}");
}

#[cfg(feature = "runtimes")]
mod real {
    use std::process::Command;
    use std::sync::{Arc, Mutex};

    use gateway::FunctionOutput;

    use super::support::{ask, connect, start};
    use super::*;

    /// What answers, and what it has written.
    async fn answers(mut options: Options, messages: &[&str]) -> (Vec<String>, Vec<String>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        options.function_output = FunctionOutput::Each(Arc::new(move |_, line| {
            written.lock().unwrap().push(line.to_owned());
        }));
        let running = start(options).await;
        let mut client = connect(&running).await.unwrap();
        let mut replies = Vec::new();
        for message in messages {
            replies.push(ask(&mut client, message).await);
        }
        drop(client);
        running.shutdown().await;
        let lines = lines.lock().unwrap().clone();
        (replies, lines)
    }

    /// An environment beside the code, which has no packages: our own runtime is used then.
    fn environment(folder: &Path) {
        let made = Command::new("python3")
            .args(["-m", "venv", "--without-pip"])
            .arg(folder.join(".venv"))
            .status();
        assert!(made.unwrap().success());
    }

    const ANSWERS: &str = "
import logging, os, sys
def handler(event, context):
    print('printed')
    logging.warning('logged')
    return {'statusCode': 200, 'body': '|'.join([
        event['body'], sys.prefix, os.environ['AWS_EXECUTION_ENV'], context.function_name[:6],
        __file__, os.getcwd(), str(0 < context.get_remaining_time_in_millis() <= 20000)])}
";

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_function_answers_in_the_environment_beside_its_code() {
        let folder = folder("answers", &[("src/app.py", ANSWERS)]);
        environment(&folder);
        let (replies, lines) = answers(options(&folder, "src/app.handler"), &["a", "b"]).await;
        let at = folder.display();
        let rest = format!("|{at}/.venv|AWS_Lambda_python3.12|templa|{at}/src/app.py|{at}|True");
        let rest = rest.replace("templa", replies[0].split('|').nth(3).unwrap());
        assert_eq!(replies, [format!("a{rest}"), format!("b{rest}")]);
        assert_eq!(lines[0], "printed");
        assert!(
            lines[1].starts_with("[WARNING]\t") && lines[1].ends_with("\tlogged"),
            "{lines:?}"
        );
    }

    const FAILS: &str = "
import os, sys, time
def handler(event, context):
    what = event['body']
    if what == 'raise': deeper()
    if what == 'exit': sys.exit(3)
    if what == 'os': os._exit(4)
    if what == 'sleep': time.sleep(1000)
    if what == 'nan': return float('nan')
    if what == 'function': return handler
    if what == 'large': return {'statusCode': 200, 'body': 'x' * 6291556}
    if what == 'deep': return handler(event, context)
    return {'statusCode': 200, 'body': 'good'}
def deeper(): raise KeyError('no such')
";

    #[rstest::rstest]
    #[case::ours(true)]
    #[case::as_it_is(false)]
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn whatever_a_handler_does_the_next_message_is_answered(#[case] beside: bool) {
        let folder = folder(&format!("fails-{beside}"), &[("app.py", FAILS)]);
        if beside {
            environment(&folder);
        }
        let mut options = options(&folder, "app.handler");
        let text = fs::read_to_string(&options.template).unwrap();
        fs::write(&options.template, text.replace("Timeout: 20", "Timeout: 2")).unwrap();
        options.interpreters.python = None;
        let bad = [
            "raise", "exit", "os", "sleep", "nan", "function", "large", "deep",
        ];
        let messages: Vec<&str> = bad.iter().flat_map(|bad| [*bad, "good"]).collect();
        let (replies, lines) = answers(options, &messages).await;
        for (message, reply) in messages.iter().zip(&replies) {
            match *message {
                "good" => assert_eq!(reply, "good"),
                // A number is no proxy result: that is the integration's affair, not the runtime's.
                _ => assert!(
                    reply.contains("Internal server error"),
                    "{message}: {reply}"
                ),
            }
        }
        let text = lines.join("\n");
        assert!(
            text.contains("[ERROR] KeyError: 'no such'\nTraceback"),
            "{text}"
        );
        assert!(text.contains("line 14, in deeper"), "{text}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_syntax_error_is_in_the_log_with_its_place() {
        let folder = folder(
            "syntax",
            &[("app.py", "def handler(event, context):\n    return (\n")],
        );
        let (replies, lines) = answers(options(&folder, "app.handler"), &["a"]).await;
        assert!(replies[0].contains("Internal server error"), "{replies:?}");
        let text = lines.join("\n");
        assert!(text.contains("Runtime.UserCodeSyntaxError"), "{text}");
        assert!(text.contains("app.py\" Line 2"), "{text}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn what_a_caller_says_of_its_client_is_there() {
        let code = "def handler(event, context):\n    return repr(context.client_context.client)\n";
        let folder = folder("client-context", &[("app.py", code)]);
        let running = start(options(&folder, "app.handler")).await;
        for (context, expected) in [
            (r#"{"client": {"app_title": "a"}}"#, "app_title=a"),
            (r#"{}"#, "\"None\""),
        ] {
            let context = spec::base64::encode(context.as_bytes());
            let fields = format!("X-Amz-Client-Context: {context}\r\n");
            let line = "POST /2015-03-31/functions/Function/invocations";
            let answer = support::send(&running, line, &fields, "{}").await;
            assert!(answer.body.contains(expected), "{}", answer.body);
        }
        running.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn modules_of_layers_are_found_behind_the_codes_own() {
        let code = "
import both, one, two
def handler(event, context):
    return {'statusCode': 200, 'body': ' '.join([both.x, one.x, two.x])}
";
        let files = [
            ("app.py", code),
            ("both.py", "x = 'own'"),
            ("layer/python/both.py", "x = 'not this'"),
            ("layer/python/one.py", "x = 'one'"),
            ("layer/python/two.py", "x = 'not this either'"),
            (
                "layer/python/lib/python3.12/site-packages/two.py",
                "x = 'two'",
            ),
        ];
        let folder = folder("layers", &files);
        let options = options(&folder, "app.handler");
        let text = fs::read_to_string(&options.template).unwrap();
        let layer = "  Layer:\n    Type: AWS::Serverless::LayerVersion\n    Properties: {ContentUri: layer}\n";
        let text = text
            .replace("  Function:\n", &format!("{layer}  Function:\n"))
            .replace(
                "      Timeout: 20\n",
                "      Timeout: 20\n      Layers: [!Ref Layer]\n",
            );
        fs::write(&options.template, text).unwrap();
        let (replies, _) = answers(options, &["a"]).await;
        assert_eq!(replies, ["own one two"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn what_a_real_python_cannot_import_is_named() {
        let files = [
            ("app.py", ""),
            (
                "requirements.txt",
                "elsewhere; sys_platform == 'win32'\n-r more.txt\n-c never.txt\n# x\n",
            ),
            ("more.txt", "pip-is-not-it>=1 # no\n-r requirements.txt\n"),
        ];
        let folder = folder("requirements", &files);
        environment(&folder);
        let page = refusal(options(&folder, "app.handler")).await;
        assert!(page.contains("`pip-is-not-it` of"), "{page}");
        let command = format!("{}/.venv/bin/python -m pip install -r", folder.display());
        assert!(page.contains(&command), "{page}");
        // Beside the code, as `pip install --target` and `sam build` leave it.
        fs::create_dir_all(folder.join("pip_is_not_it")).unwrap();
        fs::write(folder.join("pip_is_not_it/__init__.py"), "").unwrap();
        fs::write(
            folder.join("app.py"),
            "import pip_is_not_it\ndef handler(e, c): return {'statusCode': 200, 'body': 'good'}\n",
        )
        .unwrap();
        let (replies, _) = answers(options(&folder, "app.handler"), &["a"]).await;
        assert_eq!(replies, ["good"]);
    }
}
