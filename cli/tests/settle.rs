//! The command `settle` on the standard input of `gatespec serve`: it is answered once no function is
//! at work, so that what comes next finds everything done.

mod support;

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::SinkExt;
use support::function::Function;
use support::{Served, file};
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
    Properties: {CodeUri: CODE, Handler: bootstrap, Runtime: provided.al2023, Timeout: 60}
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

#[tokio::test]
async fn settle_waits_until_functions_have_finished() {
    let function = Function::new("settle-function");
    let template = TEMPLATE.replace("CODE", &function.code());
    let template = file("settle", "template.yaml", &template);
    let mut served = Served::start(&["--ready", "json", &template], Stdio::null());
    let (mut client, _) = connect_async(served.ready()).await.unwrap();
    let mut stdin = served.stdin();
    writeln!(stdin, "settle").unwrap();
    assert_eq!(served.line(), "settled");

    client.send(Message::text("work")).await.unwrap();
    let call = function.next();
    writeln!(stdin, "settle").unwrap();
    let settled = std::thread::spawn(move || (served.line(), Instant::now(), served));
    // An answer that does not wait for the function is there long before this has passed.
    std::thread::sleep(Duration::from_millis(300));
    let finished = Instant::now();
    call.returns("{}");
    // Its process is at rest when it asks for the next event, and only then.
    let next = std::thread::spawn(move || function.next().event);
    let (line, at, mut served) = settled.join().unwrap();
    assert_eq!(line, "settled");
    assert!(at > finished);
    client.send(Message::text("more")).await.unwrap();
    assert!(next.join().unwrap().contains("more"));
    drop(stdin);
    assert!(served.wait().success());
}

#[tokio::test]
async fn a_function_that_hangs_on_a_frozen_clock_keeps_no_line_and_no_end_waiting() {
    let function = Function::new("settle-hangs");
    let template = TEMPLATE.replace("CODE", &function.code());
    let template = file("settle-hangs", "template.yaml", &template);
    let arguments = ["--ready", "json", "--clock", "1000", &template];
    let mut served = Served::start(&arguments, Stdio::null());
    let (mut client, _) = connect_async(served.ready()).await.unwrap();
    let mut stdin = served.stdin();
    client.send(Message::text("hang")).await.unwrap();
    let _hangs = function.next();
    writeln!(stdin, "settle").unwrap();
    writeln!(stdin, "advance 61").unwrap();
    let answer = served.line();
    assert!(
        answer.starts_with("error: a function was still at work"),
        "{answer}"
    );
    assert_eq!(served.line(), "now 62000");
    // That was its timeout.
    writeln!(stdin, "settle").unwrap();
    assert_eq!(served.line(), "settled");

    std::fs::remove_file(std::path::Path::new(&function.code()).join("api")).unwrap();
    client.send(Message::text("hang")).await.unwrap();
    let _hangs = function.next();
    writeln!(stdin, "settle").unwrap();
    drop(stdin);
    assert!(served.wait().success());
}
