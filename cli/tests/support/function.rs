//! A function that the test plays: its process only says where its Runtime API is.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{PATIENCE, folder};

/// The code of a function, in a folder of its own.
pub(crate) struct Function {
    folder: PathBuf,
}

/// What the function is called with.
pub(crate) struct Call {
    /// JSON text.
    pub(crate) event: String,
    request_id: String,
    api: String,
}

/// It lives until the gateway ends it. The name appears when the file is whole.
const BOOTSTRAP: &str = r#"#!/bin/sh
echo "$AWS_LAMBDA_RUNTIME_API" > "$LAMBDA_TASK_ROOT/api.part"
mv "$LAMBDA_TASK_ROOT/api.part" "$LAMBDA_TASK_ROOT/api"
exec sleep 600
"#;

impl Function {
    pub(crate) fn new(name: &str) -> Self {
        let folder = folder(name);
        let bootstrap = folder.join("bootstrap");
        std::fs::write(&bootstrap, BOOTSTRAP).unwrap();
        std::fs::set_permissions(&bootstrap, PermissionsExt::from_mode(0o755)).unwrap();
        let _ = std::fs::remove_file(folder.join("api"));
        Self { folder }
    }

    /// The folder of its code.
    pub(crate) fn code(&self) -> String {
        self.folder.display().to_string()
    }

    /// Its next event, for which its process is started if there is none.
    pub(crate) fn next(&self) -> Call {
        let end = Instant::now() + PATIENCE;
        let api = loop {
            if let Ok(api) = std::fs::read_to_string(self.folder.join("api")) {
                break api.trim().to_owned();
            }
            assert!(Instant::now() < end, "no process is started");
            std::thread::sleep(Duration::from_millis(10));
        };
        let (head, event) = request(&api, "GET", "invocation/next", "");
        let id = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_id = name.eq_ignore_ascii_case("lambda-runtime-aws-request-id");
            is_id.then(|| value.to_owned())
        });
        Call {
            event,
            request_id: id.unwrap(),
            api,
        }
    }
}

impl Call {
    pub(crate) fn returns(&self, result: &str) {
        self.answer("response", result);
    }

    pub(crate) fn fails(&self, error: &str) {
        self.answer("error", error);
    }

    fn answer(&self, kind: &str, body: &str) {
        let path = format!("invocation/{}/{kind}", self.request_id);
        let (head, _) = request(&self.api, "POST", &path, body);
        assert!(head.starts_with("HTTP/1.1 202"), "{head}");
    }
}

/// Head and body of an answer of the Runtime API.
fn request(api: &str, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(api).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {api}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}
