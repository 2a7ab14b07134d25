//! A small API, and clients of it that read and write frames themselves.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use super::{PATIENCE, Served, file};

pub(crate) const TEMPLATE: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: quiet}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: test
      AutoDeploy: true
      AccessLogSettings:
        Format: $context.requestId $context.eventType $context.status $context.error.responseType
";

/// The header fields of a handshake.
pub(crate) const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A gateway with these options, and where it listens.
pub(crate) fn serve(name: &str, options: &[&str]) -> (Served, String) {
    let template = file("serve", &format!("{name}.yaml"), TEMPLATE);
    let arguments = [&["--ready", "json", &template], options].concat();
    let mut served = Served::start(&arguments, Stdio::piped());
    let address = served.ready().split('/').nth(2).unwrap().to_owned();
    (served, address)
}

/// A client, let in, that reads and writes frames itself.
pub(crate) fn client(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /test HTTP/1.1\r\nHost: {address}\r\n{UPGRADE}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream
}

/// Sends a frame whose mask changes nothing.
pub(crate) fn send(stream: &mut TcpStream, opcode: u8, payload: &[u8]) {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [0x80 | opcode, 0x80 | 126, length[0], length[1], 0, 0, 0, 0];
    stream.write_all(&[&head, payload].concat()).unwrap();
}

/// The next frame: opcode and payload.
pub(crate) fn receive(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let mut payload = vec![0; head[1].into()];
    assert!(payload.len() < 126, "the tests' frames are short");
    stream.read_exact(&mut payload).unwrap();
    (head[0] & 0x0f, payload)
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
