//! Functions in JavaScript, over real sockets. Needs Node (feature `runtimes`).

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use gateway::{Control, FunctionOutput, InvocationLines, Options};
use stack::Assembly;
use support::{Client, ask, code_folder, connect, javascript, receive, start};

type Lines = Arc<Mutex<Vec<String>>>;

/// A gateway, a client, and the lines that the function writes.
async fn serve(folder: &Path, runtime: &str) -> (Control, Client, Lines) {
    let lines = Lines::default();
    let sink = Arc::clone(&lines);
    let mut options = Options::new(javascript(folder, runtime, "app.handler"));
    options.function_output = FunctionOutput::Each(Arc::new(move |_: &str, line: &str| {
        sink.lock().unwrap().push(line.to_owned());
    }));
    let running = start(options).await;
    let client = connect(&running).await.unwrap();
    (running, client, lines)
}

fn is_error_frame(text: &str) -> bool {
    text.contains("Internal server error")
}

/// Runs what the message says, and answers with what comes of it.
const ANYTHING: &str = "
export const handler = async (event, context) => {
  const body = await eval(`(async () => { ${JSON.parse(event.body).code} })()`);
  return { statusCode: 200, body: JSON.stringify(body ?? null) };
};";

async fn run(client: &mut Client, code: &str) -> String {
    let message = serde_json::json!({ "code": code }).to_string();
    ask(client, &message).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_bad_answer_the_next_message_works() {
    let bad = [
        "throw new TypeError('t')",
        "throw 'text'",
        "throw null",
        "return Promise.reject()",
        "process.exit(3)",
        "process.kill(process.pid, 'SIGKILL'); await new Promise((r) => setTimeout(r, 60000))",
        "Promise.reject(new Error('left')); await new Promise((r) => setTimeout(r, 1000))",
        "setTimeout(() => { throw new Error('timer') }); await new Promise((r) => setTimeout(r, 1000))",
        "await new Promise(() => setInterval(() => {}, 1000))",
        "return 1n",
        "const o = {}; o.o = o; return o",
        "return 'x'.repeat(7 * 1024 * 1024)",
    ];
    for runtime in ["nodejs22.x", "nodejs24.x"] {
        let folder = code_folder(&format!("bad-{runtime}"), &[("app.mjs", ANYTHING)]);
        let (running, mut client, _) = serve(&folder, runtime).await;
        for code in bad {
            let reply = run(&mut client, code).await;
            assert!(is_error_frame(&reply), "{runtime}, {code}: {reply}");
            assert_eq!(
                run(&mut client, "return 'fine'").await,
                "\"fine\"",
                "{runtime}, {code}"
            );
        }
        // These are results.
        for code in ["return NaN", "return undefined"] {
            assert_eq!(run(&mut client, code).await, "null", "{runtime}, {code}");
        }
        running.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_surroundings_are_lambdas() {
    let folder = code_folder(
        "surroundings",
        &[
            ("app.mjs", ANYTHING),
            (
                "../layer/nodejs/node_modules/layered/index.js",
                "exports.name = 'layered';",
            ),
        ],
    );
    let (running, mut client, _) = serve(&folder, "nodejs22.x").await;
    let root = serde_json::json!(folder.to_str().unwrap()).to_string();
    for (code, expected) in [
        ("return process.env.OWN", "\"value\""),
        (
            "return process.env.AWS_EXECUTION_ENV",
            "\"AWS_Lambda_nodejs22.x\"",
        ),
        ("return process.env._HANDLER", "\"app.handler\""),
        ("return process.env.LAMBDA_TASK_ROOT", &root),
        ("return process.cwd()", &root),
        ("return (await import('layered')).name", "\"layered\""),
        ("return context.getRemainingTimeInMillis() > 1000", "true"),
    ] {
        assert_eq!(run(&mut client, code).await, expected, "{code}");
    }
    let post = "
        const { connectionId } = event.requestContext;
        const base = process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI;
        const url = `${base}/@connections/${encodeURIComponent(connectionId)}`;
        return (await fetch(url, { method: 'POST', body: 'posted' })).status;";
    assert_eq!(run(&mut client, post).await, "posted");
    assert_eq!(receive(&mut client).await, "200");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_syntax_error_is_an_error_frame_and_its_place_is_in_the_log() {
    let folder = code_folder(
        "syntax",
        &[("app.mjs", "export const handler = () => {\n  return }};")],
    );
    let (running, mut client, lines) = serve(&folder, "nodejs22.x").await;
    let reply = ask(&mut client, "{}").await;
    assert!(is_error_frame(&reply), "{reply}");
    running.shutdown().await;
    let lines = lines.lock().unwrap().join("\n");
    assert!(lines.contains("Runtime.UserCodeSyntaxError"), "{lines}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_changed_file_is_a_new_deployment() {
    let code = |text: &str| {
        format!("export const handler = async () => ({{ statusCode: 200, body: '{text}' }});")
    };
    let folder = code_folder("changed", &[("app.mjs", &code("one")), ("lib/a.mjs", "")]);
    let (running, mut client, _) = serve(&folder, "nodejs22.x").await;
    assert_eq!(ask(&mut client, "{}").await, "one");
    fs::write(folder.join("app.mjs"), code("another")).unwrap();
    let template = folder.parent().unwrap().join("template.yaml");
    let assembly = Assembly::read(&template, &stack::Settings::default()).unwrap();
    running.apply(assembly).await.unwrap();
    assert_eq!(ask(&mut client, "{}").await, "another");
    running.shutdown().await;
}

/// How many lines a function has written, since this was last asked.
fn counted(lines: &Lines) -> usize {
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    lines.iter().filter(|line| line.ends_with("xxx")).count()
}

// Node itself keeps back what a pipe does not take, and a result overtakes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_function_writes_before_its_result_is_read_before_its_end() {
    // 300 kB, more than a pipe holds.
    let write = |by: &str| format!("for (let i = 0; i < 300; i += 1) {by}('x'.repeat(1000));");
    let line = "((text) => process.stdout.write(text + '\\n'))";
    let error = "((text) => process.stderr.write(text + '\\n'))";
    for runtime in ["nodejs22.x", "nodejs24.x"] {
        let folder = code_folder(&format!("much-{runtime}"), &[("app.mjs", ANYTHING)]);
        let (running, client, lines) = serve(&folder, runtime).await;
        let invoke = async |code: &str| {
            let body = serde_json::json!({ "code": code }).to_string();
            let event = serde_json::json!({ "body": body }).to_string();
            running.invoke("Function", event).await.unwrap();
        };
        for by in ["console.log", line, error] {
            invoke(&write(by)).await;
            assert_eq!(counted(&lines), 300, "{runtime}, {by}");
        }
        for end in ["process.exit(1)", "process.abort()", "throw new Error('')"] {
            invoke(&format!("{}; {end}", write("console.log"))).await;
            assert_eq!(counted(&lines), 300, "{runtime}, {end}");
        }
        // The process is replaced.
        invoke(&write("console.log")).await;
        fs::write(folder.join("app.mjs"), format!("{ANYTHING}\n")).unwrap();
        let template = folder.parent().unwrap().join("template.yaml");
        let assembly = Assembly::read(&template, &stack::Settings::default()).unwrap();
        running.apply(assembly).await.unwrap();
        invoke(&write(error)).await;
        assert_eq!(counted(&lines), 600, "{runtime}");
        drop(client);
        running.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_20_mb_every_line_is_in_the_log_or_counted_in_it() {
    let folder = code_folder("20-mb", &[("app.mjs", ANYTHING)]);
    let mut options = Options::new(javascript(&folder, "nodejs22.x", "app.handler"));
    let log = folder.join("log");
    options.function_output = FunctionOutput::File(log.clone());
    options.invocation_lines = InvocationLines::All;
    let running = start(options).await;
    let code = "for (let i = 0; i < 20000; i += 1) console.log('x'.repeat(1000))";
    let body = serde_json::json!({ "code": code }).to_string();
    let event = serde_json::json!({ "body": body }).to_string();
    running.invoke("Function", event).await.unwrap();
    running.shutdown().await;
    let log = fs::read_to_string(log).unwrap();
    // A busy machine may write a log more slowly than a function does.
    let (dropped, lines): (Vec<_>, Vec<_>) =
        log.lines().partition(|line| line.starts_with("gatespec: "));
    let dropped = dropped.iter().map(|line| line.split(' ').nth(1));
    let dropped = dropped.map(|count| count.unwrap().parse::<usize>().unwrap());
    // With START, END and REPORT.
    assert_eq!(lines.len() + dropped.sum::<usize>(), 20_003);
}

/// A function that answers with its own name and its variable, a route that leads to `arn`, and a
/// permission.
fn own_name(value: &str) -> String {
    format!(
        "
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      Code:
        ZipFile: |
          exports.handler = async () => ({{
            statusCode: 200,
            body: `${{process.env.AWS_LAMBDA_FUNCTION_NAME}} ${{process.env.TABLE}}`,
          }});
      Environment: {{Variables: {{TABLE: {value}}}}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: apigateway.amazonaws.com
"
    )
}

// The same logical id in three stacks: in the served one, one nested in it, and one of its app.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_functions_of_other_stacks_are_called() {
    let folder = code_folder("stacks", &[]);
    let route = |key: &str, arn: &str| {
        format!(
            "
  {key}Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Join
        - ''
        - ['arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/', {arn}, /invocations]
  {key}Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: {key}
      RouteResponseSelectionExpression: $default
      Target: !Sub 'integrations/${{{key}Integration}}'
  {key}Response:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {{ApiId: !Ref Api, RouteId: !Ref {key}Route, RouteResponseKey: $default}}
"
        )
    };
    let chat = format!(
        "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: nested.yaml, Parameters: {{Table: !ImportValue rows}}}}
{}{}{}{}",
        own_name("!GetStackOutput {StackName: Data, OutputName: Rows}"),
        route("own", "!GetAtt Function.Arn"),
        route("nested", "!GetAtt Nested.Outputs.Arn"),
        route("sibling", "!ImportValue function"),
    );
    let nested = format!(
        "
Parameters: {{Table: {{Type: String}}}}
Resources:
{}
Outputs: {{Arn: {{Value: !GetAtt Function.Arn}}}}
",
        own_name("!Ref Table")
    );
    let data = format!(
        "
Resources:
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: k, AttributeType: S}}]
      KeySchema: [{{AttributeName: k, KeyType: HASH}}]
{}
Outputs:
  Rows: {{Value: !Ref Rows, Export: {{Name: rows}}}}
  Arn: {{Value: !GetAtt Function.Arn, Export: {{Name: function}}}}
",
        own_name("!Ref Rows")
    );
    for (name, text) in [("chat", chat), ("nested", nested), ("data", data)] {
        fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
    }
    let mut options = Options::new(folder.join("chat.yaml"));
    options.settings.stacks = vec![stack::StackTemplate {
        name: "Data".to_owned(),
        id: "Data".to_owned(),
        template: folder.join("data.yaml"),
        parent: None,
        region: None,
        account: None,
    }];
    options.function_output = FunctionOutput::Discard;
    let running = start(options).await;
    let mut client = connect(&running).await.unwrap();
    for (action, name) in [
        ("own", "gatespec-Function"),
        ("nested", "gatespec-Nested-Function"),
        ("sibling", "Data-Function"),
    ] {
        let reply = ask(&mut client, &format!("{{\"action\": \"{action}\"}}")).await;
        assert_eq!(reply, format!("{name} Data-Rows"));
    }
    running.shutdown().await;
}
