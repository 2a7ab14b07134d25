//! What `gatespec serve` says of the DynamoDB engine.

mod support;

use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use support::{Served, file, folder};

const TEMPLATE: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: quiet}
";

/// A gateway with these options, where its DynamoDB is, and what it says of the tables.
fn serve(options: &[&str]) -> (Served, String, String) {
    let template = file("dynamodb", "template.yaml", TEMPLATE);
    let arguments = [&[&*template], options].concat();
    let mut served = Served::start(&arguments, Stdio::piped());
    loop {
        let line = served.line();
        if let Some(said) = line.strip_prefix("DynamoDB: http://") {
            let (address, tables) = said.split_once(", ").expect("it says where they are");
            return (served, address.to_owned(), tables.to_owned());
        }
    }
}

// The engine's own line says neither which table nor which error.
#[test]
fn what_it_refuses_is_one_line() {
    let (mut served, address, tables) = serve(&[]);
    assert_eq!(tables, "tables in memory (--data FILE keeps them)");
    let mut client = TcpStream::connect(address).unwrap();
    let body = r#"{"TableName":"nobody","Key":{"id":{"S":"x"}}}"#;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n\
         X-Amz-Date: 20240101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=a/20240101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, \
         Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 400"), "{response}");
    served.signal("TERM");
    let lines: Vec<String> = served.stderr().lines().map(Result::unwrap).collect();
    let said: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("DynamoDB"))
        .collect();
    let [refusal] = said[..] else {
        panic!("{lines:?}");
    };
    let expected = "DynamoDB refuses GetItem of `nobody` with ResourceNotFoundException: ";
    assert!(refusal.contains(expected), "{refusal}");
    assert!(served.wait().success());
}

#[test]
fn tables_are_in_the_file_that_was_asked_for() {
    let rows = folder("dynamodb-rows").join(format!("{}.sqlite", std::process::id()));
    let rows = rows.to_str().expect("a text");
    let (_served, _, tables) = serve(&["--data", rows]);
    assert_eq!(tables, format!("tables in {rows}"));
}
