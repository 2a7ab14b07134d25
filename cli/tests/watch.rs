//! `gatespec serve --watch`, beside what `.ci/watch.py` tries with Node and Python: files that a
//! function writes itself, a folder that is made anew, and `apply`, which reads as a save does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, io};

use futures_util::SinkExt;
use support::{PATIENCE, Served, folder};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 60
      Environment: {Variables: {WORD: template}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: lambda:InvokeFunction, Principal: apigateway.amazonaws.com}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${Integration}'}
";

/// A process that writes beside its code as soon as it starts, and then waits to be ended.
const WRITES: &str = "#!/bin/sh\necho $$ > \"$LAMBDA_TASK_ROOT/out.txt\"\nexec sleep 600\n";

/// A stack in a folder of its own.
struct App(PathBuf);

impl App {
    fn new(name: &str) -> Self {
        let app = Self(folder(name));
        app.make().unwrap();
        app
    }

    fn make(&self) -> io::Result<()> {
        let _ = fs::remove_dir_all(&self.0);
        fs::create_dir_all(self.0.join("src"))?;
        fs::write(self.0.join("template.yaml"), TEMPLATE)?;
        fs::write(self.0.join("env.json"), variables("one"))?;
        self.bootstrap(WRITES)
    }

    fn bootstrap(&self, text: &str) -> io::Result<()> {
        let file = self.0.join("src/bootstrap");
        fs::write(&file, text)?;
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755))
    }

    fn serve(&self, more: &[&str]) -> (Served, Log) {
        let mut arguments = vec!["--watch", "--ready", "json"];
        arguments.extend(more);
        let mut served = Served::start_in(&self.0, &arguments, Stdio::piped());
        let log = Log::of(served.stderr());
        (served, log)
    }
}

/// The lines of standard error, behind what was read of them.
struct Log(mpsc::Receiver<String>);

impl Log {
    fn of(stderr: BufReader<ChildStderr>) -> Self {
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // Nobody reads any more once the test is over.
                let _ = sender.send(line);
            }
        });
        Self(lines)
    }

    /// The lines up to one that has a word.
    fn until(&self, word: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.0.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no `{word}` in {lines:?}"));
            let is_last = line.contains(word);
            lines.push(line);
            if is_last {
                return lines;
            }
        }
    }
}

fn variables(word: &str) -> String {
    format!(r#"{{"Function": {{"WORD": "{word}"}}}}"#)
}

fn save(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_file_that_a_function_writes_beside_its_code_is_left_out_once_that_is_seen() {
    let app = App::new("watch-own");
    let (mut served, log) = app.serve(&[]);
    let (mut client, _) = connect_async(served.ready()).await.unwrap();
    client.send(Message::text("start")).await.unwrap();
    let lines = log.until("not watched any more: src/out.txt");
    let reloads = lines.iter().filter(|line| line.starts_with("reloaded"));
    assert!(reloads.count() < 10, "{lines:?}");
    // The process of this start writes the file, too; the next reload is the next save.
    app.bootstrap(&format!("{WRITES}# saved\n")).unwrap();
    log.until("(src/bootstrap)");
    save(&app.0.join("template.yaml"), &TEMPLATE.replace("60", "50"));
    let lines = log.until("(template.yaml)");
    assert!(
        !lines.iter().any(|line| line.contains("out.txt")),
        "{lines:?}"
    );
    served.end();
}

#[test]
fn a_folder_that_is_deleted_and_made_anew_is_served_on() {
    let app = App::new("watch-anew");
    let (mut served, log) = app.serve(&["--env-vars", "env.json", "."]);
    served.ready();
    // The answer to a save says that all is watched.
    save(&app.0.join("env.json"), &variables("two"));
    log.until("(env.json)");
    app.make().unwrap();
    // What is made anew may be several changes: a save after them is seen by itself.
    let is_served = (1..30).any(|timeout| {
        let text = TEMPLATE.replace("60", &timeout.to_string());
        save(&app.0.join("template.yaml"), &text);
        let line = log.0.recv_timeout(Duration::from_secs(2));
        line.is_ok_and(|line| line.starts_with("reloaded") && line.contains("timeout"))
    });
    assert!(is_served);
    served.end();
}

#[test]
fn apply_takes_back_nothing_that_a_save_has_changed() {
    let app = App::new("watch-apply");
    let (mut served, log) = app.serve(&["--env-vars", "env.json"]);
    served.ready();
    let env = app.0.join("env.json");
    save(&env, &variables("two"));
    log.until("changed (environment) (env.json)");
    let mut stdin = served.stdin();
    writeln!(stdin, "apply").unwrap();
    assert_eq!(served.line(), "applied: nothing");
    // Programs delete the file that they gave: its values stay.
    fs::remove_file(&env).unwrap();
    writeln!(stdin, "apply").unwrap();
    assert_eq!(served.line(), "applied: nothing");
    log.until("env.json` is gone");
    save(&env, "{");
    writeln!(stdin, "apply").unwrap();
    let answer = served.line();
    assert!(
        answer.starts_with("error: ") && answer.contains("env.json"),
        "{answer}"
    );
    drop(stdin);
    served.end();
}
