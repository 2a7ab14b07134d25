//! The end of the log that comes with the answer to who wants it.

use std::fs;

use gateway::{Control, FunctionOutput, InvocationLines};

use super::{options, request, serve, start};

/// The log that comes with the answer to an event.
async fn tail(running: &Control, name: &str, event: &str) -> String {
    let line = format!("POST /2015-03-31/functions/{name}/invocations");
    let fields = "X-Amz-Log-Type: Tail\r\n";
    let (status, head, _) = request(running, &line, fields, event.as_bytes()).await;
    assert_eq!(status, 200);
    let log = head
        .lines()
        .find_map(|line| line.strip_prefix("x-amz-log-result: "));
    let log = spec::base64::decode(log.unwrap()).unwrap();
    String::from_utf8(log).unwrap()
}

#[tokio::test]
async fn the_end_of_the_log_comes_with_the_answer_to_who_wants_it() {
    let (running, _) = serve("invoke-tail").await;
    let log = tail(&running, "Alone", "[1]").await;
    let lines: Vec<&str> = log.lines().collect();
    let id = lines[0].split(' ').nth(2).unwrap();
    assert_eq!(lines[0], format!("START RequestId: {id} Version: $LATEST"));
    let (own, end) = ("it got [1]", format!("END RequestId: {id}"));
    assert_eq!(lines[1..3], [own, &end]);
    assert!(
        lines[3].starts_with(&format!("REPORT RequestId: {id}\tDuration: ")),
        "{log}"
    );
    assert!(lines[3].contains("\tInit Duration: "), "{log}");
    assert_eq!(lines.len(), 4, "{log}");
    // Of a process that ends, too.
    let log = tail(&running, "Alone", "\"exit\"").await;
    assert!(
        log.contains("Error: Runtime exited with error: exit status 4\nRuntime.ExitError\nEND "),
        "{log}"
    );
    assert!(
        log.ends_with("\tStatus: error\tError Type: Runtime.ExitError\n"),
        "{log}"
    );
    let line = "POST /2015-03-31/functions/Alone/invocations";
    let (status, _, body) = request(&running, line, "X-Amz-Log-Type: All\r\n", b"{}").await;
    assert!(
        status == 400 && body.contains("Value 'All' at 'logType'"),
        "{body}"
    );
    running.shutdown().await;
}

/// A line without its numbers and its request id.
fn shown(line: &str, id: &str) -> String {
    let shown = line.replace(id, "ID");
    let number = |word: &str| match word.parse::<f64>() {
        Ok(_) => "N".to_owned(),
        Err(_) => word.to_owned(),
    };
    let fields = shown
        .split('\t')
        .map(|field| field.split(' ').map(number).collect::<Vec<_>>().join(" "));
    fields.collect::<Vec<_>>().join("\t")
}

// As it was recorded from AWS: both starts, then the invocation that never began.
#[tokio::test]
async fn a_start_that_fails_is_in_the_log_of_its_event() {
    let (mut options, folder) = options("invoke-init");
    let file = folder.join("../log");
    options.function_output = FunctionOutput::File(file.clone());
    options.invocation_lines = InvocationLines::All;
    let running = start(options).await;
    let log = tail(&running, "telling", "{}").await;
    let id = log.split("START RequestId: ").nth(1).expect("a start");
    let id = &id[..36];
    let lines: Vec<String> = log.lines().map(|line| shown(line, id)).collect();
    let tells = |phase: &str| {
        format!(
            "INIT_REPORT Init Duration: N ms\tPhase: {phase}\tStatus: error\tError Type: Runtime.ImportModuleError"
        )
    };
    let expected = [
        "it cannot".to_owned(),
        tells("init"),
        "it cannot".to_owned(),
        tells("invoke"),
        "START RequestId: ID Version: $LATEST".to_owned(),
        "END RequestId: ID".to_owned(),
    ];
    assert_eq!(lines[..6], expected, "{log}");
    let report = "REPORT RequestId: ID\tDuration: N ms\tBilled Duration: N ms\tMemory Size: N MB\tMax Memory Used: N MB\tStatus: error\tError Type: Runtime.ImportModuleError";
    assert_eq!(lines[6..], [report], "{log}");

    // One that ends without a word, and logs JSON.
    let log = tail(&running, "ending", "{}").await;
    let lines: Vec<serde_json::Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let types: Vec<_> = lines.iter().map(|line| line["type"].clone()).collect();
    let expected = ["initReport", "initReport", "start", "runtimeDone", "report"];
    assert_eq!(
        types,
        expected.map(|kind| format!("platform.{kind}")),
        "{log}"
    );
    assert_eq!(lines[0]["record"]["phase"], "init");
    assert_eq!(lines[1]["record"]["phase"], "invoke");
    let record = &lines[4]["record"];
    assert_eq!(
        (&record["status"], &record["errorType"]),
        (&"error".into(), &"Runtime.ExitError".into())
    );
    assert_eq!(log.matches("it ends\n").count(), 2, "{log}");

    // A start that succeeds after one that has failed: the log of both is the event's.
    let (_, _, body) = super::invoke(&running, "ending", "RequestResponse", "{}").await;
    assert!(body.contains("Runtime.ExitError"), "{body}");
    fs::write(folder.join("once"), "").expect("a file");
    let log = tail(&running, "ending", "[1]").await;
    let shown = |line: &str| line.split('"').nth(7).unwrap_or("plain").to_owned();
    let shown: Vec<_> = log.lines().map(shown).collect();
    let expected = [
        "plain",
        "platform.initReport",
        "plain",
        "platform.start",
        "plain",
        "platform.report",
    ];
    assert_eq!(shown, expected, "{log}");
    let begin = log.split('{').next();
    assert_eq!(
        (begin, log.matches("it ends\n").count()),
        (Some("it ends\n"), 2),
        "{log}"
    );
    running.shutdown().await;
    // In the log that people read, too.
    let log = fs::read_to_string(file).expect("a log");
    let of = |text: &str| log.lines().filter(|line| line.starts_with(text)).count();
    assert_eq!(of("telling: INIT_REPORT Init Duration: "), 2, "{log}");
    assert_eq!(of("telling: REPORT RequestId: "), 1, "{log}");
    assert_eq!(of("ending: {\"time\":"), 5 + 5 + 3, "{log}");
}
