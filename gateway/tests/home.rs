//! Functions that call the address which they have on AWS. Needs Node and Python (feature
//! `runtimes`).

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::sync::{Arc, Mutex};

use gateway::{Control, FunctionOutput, Options};
use rstest::rstest;
use support::{Client, ask, code_folder, connect, javascript, open, receive, start};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A language's function, which calls in many ways.
struct Language {
    runtime: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// What the stack's author has the interpreter load.
    variable: &'static str,
    clients: &'static [&'static str],
    /// What the client `connect` says of a host that is led somewhere.
    led: &'static str,
}

const NODE: Language = Language {
    runtime: "nodejs22.x",
    files: &[
        ("app.mjs", include_str!("home/app.mjs")),
        ("own.cjs", "globalThis.own = 'loaded';"),
    ],
    variable: "NODE_OPTIONS: --require ./own.cjs",
    clients: &["https", "fetch", "tls"],
    led: "connected",
};
const PYTHON: Language = Language {
    runtime: "python3.12",
    files: &[
        ("app.py", include_str!("home/app.py")),
        (
            "own/sitecustomize.py",
            "import builtins; builtins.own = 'loaded'",
        ),
    ],
    variable: "PYTHONPATH: own",
    clients: &["urllib", "socket", "asyncio"],
    led: "127.71.84.",
};

/// Of a deployed API, which `--allow-host` names.
const DEPLOYED: &str = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com";

fn options(name: &str, language: &Language) -> Options {
    let folder = code_folder(&format!("home-{name}-{}", language.runtime), language.files);
    let path = javascript(&folder, language.runtime, "app.handler");
    let text = std::fs::read_to_string(&path).unwrap();
    let callback = "!Sub 'https://${Api}.execute-api.${AWS::Region}.amazonaws.com/test'";
    let variables = format!("{}, CALLBACK: {callback}", language.variable);
    std::fs::write(&path, text.replace("OWN: value", &variables)).unwrap();
    let mut options = Options::new(path);
    options.settings.region = "us-east-1".to_owned();
    options.allowed_hosts = vec![DEPLOYED.to_owned(), "host.docker.internal".to_owned()];
    options
}

/// What the function answers, behind what it has posted, if that came.
async fn call(client: &mut Client, message: &str) -> (bool, String) {
    let first = ask(client, message).await;
    match &*first {
        "home" => (true, receive(client).await),
        _ => (false, first),
    }
}

#[rstest]
#[case::node(NODE)]
#[case::python(PYTHON)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_to_name_the_api_leads_home(#[case] language: Language) {
    let running = start(options("ways", &language)).await;
    let mut client = connect(&running).await.unwrap();
    for way in ["variable", "apiId", "china", "hardCoded"] {
        for name in language.clients {
            let message = format!(r#"{{"way": "{way}", "client": "{name}"}}"#);
            let posted = call(&mut client, &message).await;
            assert_eq!(posted, (true, "200".to_owned()), "{way} by {name}");
        }
    }
    // What has a port of its own needs nobody's help, and is not hindered either.
    let name = language.clients[0];
    let message = format!(r#"{{"way": "event", "client": "{name}"}}"#);
    let posted = call(&mut client, &message).await;
    assert_eq!(posted, (true, "200".to_owned()));
    // The client's name for this machine is the event's domain name, which nothing else knows here.
    let mut handshake = running.ws_url().into_client_request().unwrap();
    let host = format!("host.docker.internal:{}", running.local_addr().port());
    handshake
        .headers_mut()
        .insert("Host", host.parse().unwrap());
    let mut client = open(handshake).await.unwrap();
    let posted = call(&mut client, &message).await;
    assert_eq!(posted, (true, "200".to_owned()));
    running.shutdown().await;
}

const DOMAINS: &str = "
  Chat:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Api, DomainName: chat.example.com, Stage: test, ApiMappingKey: live}
  Rooms:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Api, DomainName: '*.rooms.example', Stage: test, ApiMappingKey: live}
";

// HANDSHAKE-47, MANAGEMENT-41: the name resolves to nothing here.
#[rstest]
#[case::node(NODE)]
#[case::python(PYTHON)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_custom_domain_leads_home(#[case] language: Language) {
    let options = options("domain", &language);
    let text = std::fs::read_to_string(&options.template).unwrap();
    let text = text.replacen("\nResources:\n", &format!("\nResources:{DOMAINS}"), 1);
    std::fs::write(&options.template, text).unwrap();
    let running = start(options).await;
    let port = running.local_addr().port();
    for (number, (domain, url)) in running.custom_domains().into_iter().enumerate() {
        for port in [String::new(), format!(":{port}")] {
            let host = format!("{}{port}", domain.replace('*', "red"));
            let mut handshake = url.as_str().into_client_request().unwrap();
            handshake
                .headers_mut()
                .insert("Host", host.parse().unwrap());
            let mut client = open(handshake).await.unwrap();
            let name = language.clients[number];
            let message = format!(r#"{{"way": "domain", "client": "{name}"}}"#);
            let posted = call(&mut client, &message).await;
            assert_eq!(posted, (true, "200".to_owned()), "{host} by {name}");
        }
    }
    assert_eq!(running.custom_domains().len(), 2);
    running.shutdown().await;
}

// SDKs that know no variable for it used to call the internet.
#[rstest]
#[case::node(NODE)]
#[case::python(PYTHON)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_hosts_of_services_that_are_here_lead_home(#[case] language: Language) {
    let running = start(options("services", &language)).await;
    let mut client = connect(&running).await.unwrap();
    for service in ["dynamodb", "streams.dynamodb", "lambda"] {
        let url = format!("https://{service}.us-east-1.amazonaws.com");
        let message = format!(r#"{{"way": 0, "client": "connect", "url": "{url}"}}"#);
        let (_, answer) = call(&mut client, &message).await;
        assert!(answer.starts_with(language.led), "{url}: {answer}");
    }
    running.shutdown().await;
}

#[rstest]
#[case::node(NODE)]
#[case::python(PYTHON)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_author_has_loaded_is_loaded_too(#[case] language: Language) {
    let running = start(options("own", &language)).await;
    let mut client = connect(&running).await.unwrap();
    let own = call(&mut client, r#"{"way": "own"}"#).await;
    assert_eq!(own, (false, "loaded".to_owned()));
    running.shutdown().await;
}

#[rstest]
#[case::node(NODE, "Error: NAME is looked up")]
#[case::python(PYTHON, "gaierror(")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn other_hosts_are_left_alone(#[case] language: Language, #[case] expected: &str) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut options = options("others", &language);
    let heard = Arc::clone(&lines);
    options.function_output = FunctionOutput::Each(Arc::new(move |_, line| {
        heard.lock().unwrap().push(line.to_owned());
    }));
    let running = start(options).await;
    let api = own_host(&running);
    let other = "other.execute-api.us-east-1.amazonaws.com";
    let mut client = connect(&running).await.unwrap();
    let left = [
        other.to_owned(),
        other.to_owned(),
        format!("{api}:8443"),
        format!("x{api}"),
        format!("{api}.evil.example"),
        "example.com".to_owned(),
        "sqs.us-east-1.amazonaws.com".to_owned(),
        "dynamodb.eu-west-1.amazonaws.com".to_owned(),
    ];
    for host in left {
        let message = format!(r#"{{"way": 0, "client": "connect", "url": "https://{host}"}}"#);
        let (_, answer) = call(&mut client, &message).await;
        let name = host.split(':').next().unwrap();
        let expected = expected.replace("NAME", name);
        assert!(answer.starts_with(&expected), "{host}: {answer}");
    }
    running.shutdown().await;
    let lines = lines.lock().unwrap().clone();
    let of = |name: &str| {
        let warning = format!(
            "gatespec: `{name}` is called, which is not the API of this stack (`{api}`): the call \
             leaves for the internet. If this stack is meant, start the gateway with `--allow-host \
             {name}`"
        );
        lines.iter().filter(|line| **line == warning).count()
    };
    assert_eq!([of(other), of(&format!("x{api}"))], [1, 1], "{lines:?}");
    for service in ["sqs.us-east-1", "dynamodb.eu-west-1"] {
        let warning = format!(
            "gatespec: `{service}.amazonaws.com` is called, which is not served here: the call \
             leaves for the internet"
        );
        assert!(lines.contains(&warning), "{lines:?}");
    }
    let all = lines.iter().filter(|line| line.contains("gatespec: "));
    assert_eq!(all.count(), 4, "{lines:?}");
}

/// A client of the Runtime API that is no interpreter, and starts some.
const SCRIPT: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
head=$(mktemp)
while curl --silent --show-error --fail --dump-header "$head" --output /dev/null "$api/next"; do
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$head")
  said="$CALLBACK $(node node.cjs) $(python3 python.py)"
  curl --silent --output /dev/null --data "{\"statusCode\": 200, \"body\": \"$said\"}" "$api/$id/response"
done
"#;
const CHILDREN: [(&str, &str); 2] = [
    (
        "node.cjs",
        "const host = `${process.env.HOST}.execute-api.us-east-1.amazonaws.com`;
         const socket = require('net').connect(443, host, () => {
             console.log(socket.remotePort);
             socket.destroy();
         });",
    ),
    (
        "python.py",
        "import os, socket
host = os.environ['HOST'] + '.execute-api.us-east-1.amazonaws.com'
print(socket.create_connection((host, 443)).getpeername()[1])",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_finds_home_and_so_do_the_interpreters_that_it_starts() {
    let command = Language {
        runtime: "ruby3.4",
        files: &[],
        variable: "HOST: !Ref Api",
        ..NODE
    };
    let mut options = options("command", &command);
    let folder = options.template.parent().unwrap().join("src");
    for (name, text) in CHILDREN.into_iter().chain([("run.sh", SCRIPT)]) {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let shell = ("ruby3.4".to_owned(), "sh run.sh".to_owned());
    options.interpreters.commands.extend([shell]);
    let running = start(options).await;
    let mut client = connect(&running).await.unwrap();
    let address = running.local_addr();
    let port = address.port();
    let expected = format!("https://{address}/test {port} {port}");
    assert_eq!(ask(&mut client, "{}").await, expected);
    running.shutdown().await;
}

/// The host that the API has on AWS.
fn own_host(running: &Control) -> String {
    let assembly = running.assembly();
    format!(
        "{}.execute-api.us-east-1.amazonaws.com",
        assembly.api().api_id
    )
}
