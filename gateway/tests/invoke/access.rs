//! Who may call which functions, and which there are.

use std::fs;

use gateway::Control;
use spec::http::Headers;
use spec::signature::{Caller, Request, Signer};
use stack::{Assembly, Settings};

use crate::support::start;
use crate::{invoke, options, request, serve};

#[tokio::test]
async fn a_function_that_a_deployment_removes_is_not_found() {
    let (running, folder) = serve("invoke-removed").await;
    assert_eq!(invoke(&running, "by-itself", "DryRun", "").await.0, 204);
    let template = folder.parent().unwrap().join("template.yaml");
    let text = fs::read_to_string(&template).unwrap();
    let end = text.find("  Alone:").unwrap();
    let apply = async |text: &str| {
        fs::write(&template, text).unwrap();
        let assembly = Assembly::read(&template, &Settings::default()).unwrap();
        running.apply(assembly).await.unwrap();
    };
    apply(&text[..end]).await;
    for name in ["by-itself", "Alone", "Foreign"] {
        assert_eq!(invoke(&running, name, "DryRun", "").await.0, 404, "{name}");
    }
    assert_eq!(invoke(&running, "Function", "DryRun", "").await.0, 204);
    apply(&text).await;
    assert_eq!(invoke(&running, "by-itself", "DryRun", "").await.0, 204);
    running.shutdown().await;
}

/// The answer to a call that a caller has signed for a service.
async fn signed_call(running: &Control, caller: &Caller, service: &str) -> (u16, String, String) {
    let path = "/2015-03-31/functions/by-itself/invocations";
    let region = running.assembly().api().region.clone();
    let signer = Signer {
        caller,
        region: &region,
        service,
        at: running.snapshot().now,
    };
    let headers = Headers::from_iter([("Host", "localhost")]);
    let signed = signer.in_headers(&Request {
        method: "POST",
        target: path,
        headers: &headers,
        body: b"{}",
    });
    let kind = [("X-Amz-Invocation-Type", "DryRun")];
    let fields = signed.iter().chain(kind);
    let fields: String = fields
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    request(running, &format!("POST {path}"), &fields, b"{}").await
}

#[tokio::test]
async fn calls_must_be_signed_where_those_of_connections_must() {
    let mut options = options("invoke-signed").0;
    let folder = options.template.parent().unwrap().to_owned();
    let file = folder.join("credentials");
    let profile = |name: &str, policy: &str| {
        format!("[{name}]\naws_access_key_id = AKIA{name}\naws_secret_access_key = s\n{policy}")
    };
    let text = profile("any", "") + &profile("none", "policy = none.json\n");
    fs::write(&file, text).unwrap();
    let policy = r#"{"Statement": {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*:function:other"}}"#;
    fs::write(folder.join("none.json"), policy).unwrap();
    options.credentials = Some(file);
    options.require_signatures = true;
    let running = start(options).await;
    let (status, head, body) = invoke(&running, "by-itself", "DryRun", "{}").await;
    assert_eq!(status, 403);
    let missing = "x-amzn-errortype: MissingAuthenticationTokenException";
    assert!(head.contains(missing), "{head}");
    assert_eq!(body, r#"{"message":"Missing Authentication Token"}"#);
    let api = running.assembly().api().clone();
    let functions = Caller::functions(&api);
    let of_file = |name: &str| Caller {
        access_key_id: format!("AKIA{name}"),
        secret_access_key: "s".to_owned(),
        session_token: None,
        ..functions.clone()
    };
    for caller in [&functions, &of_file("any")] {
        let (status, _, body) = signed_call(&running, caller, "lambda").await;
        assert_eq!((status, &*body), (204, ""));
    }
    let (status, _, body) = signed_call(&running, &functions, "execute-api").await;
    let service = "Credential should be scoped to correct service: 'lambda'.";
    assert!(status == 403 && body.contains(service), "{body}");
    let (status, head, body) = signed_call(&running, &of_file("none"), "lambda").await;
    assert_eq!(status, 403);
    assert!(
        head.contains("x-amzn-errortype: AccessDeniedException"),
        "{head}"
    );
    let text = "is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:";
    assert!(
        body.contains(text) && body.contains(":function:by-itself"),
        "{body}"
    );
    running.shutdown().await;
}
