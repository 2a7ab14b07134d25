//! Speaks Lambda's Runtime API by hand, and does what the message says: `crash`, `abort`, `sleep`,
//! `fail`, `pause` (a second), `version` (answers its variable `VERSION`), `until:FILE;` (the same, once the file
//! exists), `lines` (writes some more), `flood` (never
//! stops writing); `farewell` and `fresh farewell` answer (the latter on a new connection) and exit without
//! waiting to be heard; else it answers with the sender's connection id. Every event is a line on
//! standard output.
//!
//! `STARTS` names a file that gets a line at each start; `START_MILLIS` says how long a start takes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn main() {
    if let Ok(path) = std::env::var("STARTS") {
        let mut file = File::options().create(true).append(true).open(path).expect("a file");
        writeln!(file, "started").expect("to write");
    }
    if let Ok(millis) = std::env::var("START_MILLIS") {
        std::thread::sleep(Duration::from_millis(millis.parse().expect("a number")));
    }
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("the address of the Runtime API");
    let stream = TcpStream::connect(&api).expect("the Runtime API");
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut writer = stream;
    loop {
        let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: localhost\r\n\r\n";
        writer.write_all(next.as_bytes()).expect("to ask");
        let (headers, event) = response(&mut reader);
        let id = headers
            .iter()
            .find_map(|line| line.strip_prefix("Lambda-Runtime-Aws-Request-Id: "))
            .expect("a request id");
        let connection = member(&event, "connectionId");
        println!("{} {connection}", member(&event, "eventType"));
        if event.contains("lines") {
            print!("[ERROR] one\rtwo\n{}\nunfinished", &id[..8]);
            std::io::stdout().flush().expect("to write");
            eprintln!(" {id}");
        }
        if event.contains("flood") {
            let line = [b"x".repeat(1000), b"\n".to_vec()].concat().repeat(50);
            while std::io::stdout().write_all(&line).is_ok() {}
        }
        let (kind, result) = if event.contains("crash") {
            std::process::exit(1)
        } else if event.contains("abort") {
            std::process::abort()
        } else if event.contains("sleep") {
            loop {
                std::thread::park();
            }
        } else if event.contains("pause") {
            std::thread::sleep(Duration::from_secs(1));
            ("response", format!(r#"{{"statusCode":200,"body":"{connection}"}}"#))
        } else if event.contains("environment") {
            let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
            ("response", format!(r#"{{"statusCode":200,"body":"{}"}}"#, names.join(",")))
        } else if event.contains("version") || event.contains("until:") {
            let file = event.split_once("until:").and_then(|(_, rest)| rest.split_once(';'));
            while file.is_some_and(|(file, _)| !std::path::Path::new(file).exists()) {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let version = std::env::var("VERSION").unwrap_or_default();
            ("response", format!(r#"{{"statusCode":200,"body":"{version}"}}"#))
        } else if event.contains("fail") {
            ("error", r#"{"errorMessage":"as told","errorType":"Told"}"#.to_owned())
        } else {
            ("response", format!(r#"{{"statusCode":200,"body":"{connection}"}}"#))
        };
        let length = result.len();
        let answer = format!(
            "POST /2018-06-01/runtime/invocation/{id}/{kind} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{result}"
        );
        if event.contains("fresh farewell") {
            writer = TcpStream::connect(&api).expect("the Runtime API");
        }
        writer.write_all(answer.as_bytes()).expect("to answer");
        if event.contains("farewell") {
            std::process::exit(0);
        }
        response(&mut reader);
    }
}

/// The header lines and the body of a response. The end of the stream is the end of the function.
fn response(reader: &mut impl BufRead) -> (Vec<String>, String) {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            std::process::exit(0);
        }
        match line.trim_end() {
            "" => break,
            line => headers.push(line.to_owned()),
        }
    }
    let length = headers
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |text| text.parse().expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    (headers, String::from_utf8(body).expect("text"))
}

/// The text of a member of the event, by its name alone.
fn member<'e>(event: &'e str, name: &str) -> &'e str {
    let start = format!("\"{name}\":\"");
    let rest = event.split_once(&start).map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or("")
}
