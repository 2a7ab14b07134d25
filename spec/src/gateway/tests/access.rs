//! Signed handshakes, and signed calls of `@connections`.

use std::time::Duration;

use super::*;
use crate::http::HttpResponse;
use crate::policy::PolicyDocument;
use crate::signature::{Access, Caller, Signatures, presign};

/// `$connect` wants a signature and calls `connect`; `echo` is a proxy.
fn signed_api() -> Api {
    let mut api = api();
    let connect = api.routes.get_mut("$connect").unwrap();
    connect.authorization_type = AuthorizationType::AwsIam;
    connect.authorizer_id = None;
    api
}

fn accessed(api: Api, change: impl FnOnce(&mut Access)) -> Gateway {
    let mut access = Access::new(&api);
    change(&mut access);
    serving(api).with_access(access)
}

fn policy(statement: &Value) -> Option<PolicyDocument> {
    Some(PolicyDocument::from_json(&json!({ "Statement": statement })).unwrap())
}

/// A handshake that the local functions' role has signed in the query string.
fn signed_upgrade() -> Input {
    let Input::Handshake { peer, mut request } = upgrade(ALICE, None) else {
        panic!()
    };
    let caller = Caller::functions(&signed_api());
    let minute = Some(Duration::from_secs(60));
    request.target = presign(
        &caller,
        "us-east-1",
        request.host(),
        "/stage?room=7",
        START,
        minute,
    );
    Input::Handshake { peer, request }
}

fn rejected(gateway: &mut Gateway) -> HttpResponse {
    match &outputs(gateway)[..] {
        [Output::Reject { response, .. }] => response.clone(),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

// Who signed is told to `$connect` and to every later event; the order is that of REST APIs'
// events.
#[test]
fn a_signed_handshake_has_a_caller() {
    let mut gateway = accessed(signed_api(), |_| {});
    gateway.handle_input(START, signed_upgrade());
    let call = invocation(&mut gateway);
    let event: Value = serde_json::from_str(&call.payload).unwrap();
    assert_eq!(
        event["requestContext"]["identity"].to_string(),
        r#"{"userArn":"arn:aws:sts::000000000000:assumed-role/local/local","accountId":"000000000000","caller":"AROALOCALLOCALLOCALL:local","sourceIp":"192.0.2.1","accessKey":"ASIALOCALLOCALLOCALL","user":"AROALOCALLOCALLOCALL:local"}"#
    );
    let accepted = answer(&mut gateway, START, call.id, &json!({"statusCode": 200}));
    assert!(matches!(accepted[..], [Output::Accept { .. }]));
    gateway.handle_input(START, message(r#"{"action":"echo"}"#));
    let call = invocation(&mut gateway);
    let later: Value = serde_json::from_str(&call.payload).unwrap();
    assert_eq!(
        later["requestContext"]["identity"],
        event["requestContext"]["identity"]
    );
}

#[test]
fn an_unsigned_handshake_calls_nobody() {
    let mut gateway = accessed(signed_api(), |_| {});
    gateway.handle_input(START, upgrade(ALICE, None));
    let response = rejected(&mut gateway);
    assert_eq!(response.status, 403);
    assert_eq!(
        response.body,
        r#"{"message":"Missing Authentication Token"}"#
    );
    let kind = response.headers.get("x-amzn-errortype");
    assert_eq!(kind, Some("MissingAuthenticationTokenException"));
    // Late: the minute is over.
    let later = START + Duration::from_secs(62);
    gateway.handle_input(later, signed_upgrade());
    let response = rejected(&mut gateway);
    let kind = response.headers.get("x-amzn-errortype");
    assert_eq!(
        (response.status, kind),
        (403, Some("InvalidSignatureException"))
    );
    assert!(
        response
            .body
            .starts_with(r#"{"message":"Signature expired: "#),
        "{}",
        response.body
    );
}

#[test]
fn a_policy_decides_about_connecting_and_about_nothing_later() {
    let arn = |key: &str| signed_api().route_arn(&key.parse().unwrap());
    let denied = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": arn("$connect")}]);
    let mut gateway = accessed(signed_api(), |access| {
        access.callers[0].policy = policy(&denied);
    });
    gateway.handle_input(START, signed_upgrade());
    let response = rejected(&mut gateway);
    let kind = response.headers.get("x-amzn-errortype");
    assert_eq!(
        (response.status, kind),
        (403, Some("AccessDeniedException"))
    );
    assert_eq!(
        response.body,
        r#"{"Message":"User: arn:aws:sts::000000000000:assumed-role/local/local is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:local00000/stage/$connect with an explicit deny in an identity-based policy"}"#
    );
    // The guide's own policy: all but one route. The route is asked for after the handshake, and
    // nobody asks IAM.
    let guide = json!([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn("*")}, {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": arn("echo")}]);
    let mut gateway = accessed(signed_api(), |access| {
        access.callers[0].policy = policy(&guide);
    });
    gateway.handle_input(START, signed_upgrade());
    let call = invocation(&mut gateway);
    answer(&mut gateway, START, call.id, &json!({"statusCode": 200}));
    gateway.handle_input(START, message(r#"{"action":"echo"}"#));
    assert_eq!(invocation(&mut gateway).function_arn, "echo");
}

/// A call of `@connections` for the connection of `ALICE`, signed or not: the answer, and what was
/// noted.
fn call(gateway: &mut Gateway, path: &str, sign: bool) -> (HttpResponse, Vec<String>) {
    let caller = Caller::functions(&signed_api());
    let minute = Some(Duration::from_secs(60));
    let target = match sign {
        true => presign(&caller, "us-east-1", "localhost:3001", path, START, minute),
        false => path.to_owned(),
    };
    let request = ManagementRequest {
        method: "GET".to_owned(),
        path: target,
        headers: Headers::from_iter([("Host", "localhost:3001")]),
        ..ManagementRequest::default()
    };
    let id = ManagementId(1);
    gateway.handle_input(START, Input::Management { id, request });
    let (mut response, mut noted) = (None, Vec::new());
    while let Some(output) = gateway.poll_output() {
        match output {
            Output::ManagementReply { response: one, .. } => response = Some(one),
            Output::Decision(decision) => noted.push(decision.to_string()),
            other => panic!("{other:?}"),
        }
    }
    (response.unwrap(), noted)
}

/// A gateway with one connection, and the path of it.
fn connected(change: impl FnOnce(&mut Access)) -> (Gateway, String) {
    let mut gateway = accessed(api(), change);
    connect(&mut gateway, ALICE, START);
    let connection_id = gateway.peers[&ALICE].connection.connection_id.clone();
    let path = format!(
        "/stage/%40connections/{}",
        connection_id.replace('=', "%3D")
    );
    while gateway.poll_output().is_some() {}
    (gateway, path)
}

#[test]
fn calls_need_a_signature_where_signatures_are_required() {
    let (mut gateway, path) = connected(|access| access.management = Signatures::Required);
    assert_eq!(call(&mut gateway, &path, true).0.status, 200);
    let (response, noted) = call(&mut gateway, &path, false);
    let kind = response.headers.get("x-amzn-errortype");
    assert_eq!(
        (response.status, kind),
        (403, Some("MissingAuthenticationTokenException"))
    );
    assert_eq!(
        response.body,
        r#"{"message":"Missing Authentication Token"}"#
    );
    assert!(
        noted[0].ends_with("call of `@connections` refused: the request is not signed"),
        "{noted:?}"
    );
    let wrong = call(&mut gateway, &format!("{path}?X-Amz-Algorithm=x"), false).0;
    let kind = wrong.headers.get("x-amzn-errortype");
    assert_eq!(
        (wrong.status, kind),
        (403, Some("IncompleteSignatureException"))
    );
    // The signature is looked at before the id, and after the path.
    assert_eq!(
        call(&mut gateway, "/stage/@connections/odd", false)
            .0
            .status,
        403
    );
    assert_eq!(
        call(&mut gateway, "/stage/@connections/odd", true).0.status,
        400
    );
    let elsewhere = call(&mut gateway, "/other/@connections/odd", false).0;
    assert_eq!(
        elsewhere.headers.get("x-amzn-errortype"),
        Some("ForbiddenException")
    );
}

#[test]
fn a_call_needs_the_permission() {
    let only_post = json!({"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": "*/stage/POST/@connections/*"});
    let (mut gateway, path) = connected(|access| {
        access.management = Signatures::Required;
        access.callers[0].policy = policy(&only_post);
    });
    let (response, noted) = call(&mut gateway, &path, true);
    let kind = response.headers.get("x-amzn-errortype");
    assert_eq!(
        (response.status, kind),
        (403, Some("AccessDeniedException"))
    );
    let message = "User: arn:aws:sts::000000000000:assumed-role/local/local is not authorized to \
        perform: execute-api:ManageConnections on resource: \
        arn:aws:execute-api:us-east-1:********0000:local00000/stage/GET/@connections/{connectionId}";
    assert_eq!(response.body, json!({ "Message": message }).to_string());
    assert!(noted[0].ends_with(message), "{noted:?}");
    // The connection's own id decides, too.
    let own = json!({"Effect": "Allow", "Action": "execute-api:*", "Resource": format!("*/GET/@connections/{}", gateway.peers[&ALICE].connection.connection_id)});
    gateway.access.callers[0].policy = policy(&own);
    assert_eq!(call(&mut gateway, &path, true).0.status, 200);
}

// The endpoint of an SDK that ends in `@connections`: both answers were published.
#[test]
fn a_path_without_a_method_needs_the_permission_to_invoke() {
    let (mut gateway, _) = connected(|access| access.management = Signatures::Required);
    let path = "/stage/@connections/@connections/Bw91Ye3FjoECFKw%3D";
    let message = "No method found matching route @connections/@connections/Bw91Ye3FjoECFKw= for \
        http method GET.";
    let (response, noted) = call(&mut gateway, path, true);
    let body = json!({ "message": message }).to_string();
    assert_eq!((response.status, response.body), (403, body));
    assert!(noted[0].contains("the endpoint ends in `@connections`, which SDKs add themselves"));
    // Of the same kind nothing more is said; of another, once.
    assert_eq!(call(&mut gateway, path, true).1, Vec::<String>::new());
    assert_eq!(call(&mut gateway, "/stage/foo", true).1.len(), 1);
    let unsigned = call(&mut gateway, "/stage/foo", false).0;
    let body = r#"{"message":"Missing Authentication Token"}"#;
    assert_eq!((unsigned.status, &*unsigned.body), (403, body));
    let manage =
        json!({"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": "*"});
    gateway.access.callers[0].policy = policy(&manage);
    let denied = call(&mut gateway, path, true).0;
    let message = "User: arn:aws:sts::000000000000:assumed-role/local/local is not authorized to \
        perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:\
        local00000/stage/GET/@connections/@connections/Bw91Ye3FjoECFKw%3D";
    assert_eq!(denied.status, 403);
    assert_eq!(
        denied.headers.get("x-amzn-errortype"),
        Some("AccessDeniedException")
    );
    assert_eq!(denied.body, json!({ "Message": message }).to_string());
    // Where nobody looks at signatures, the answer is the one to a caller who may.
    let (mut gateway, _) = connected(|_| {});
    let response = call(&mut gateway, path, false).0;
    assert!(
        response
            .body
            .contains("No method found matching route @connections/@connections/")
    );
}

#[test]
fn where_signatures_are_noted_calls_are_served_and_each_kind_is_told_once() {
    let (mut gateway, path) = connected(|access| access.management = Signatures::Noted);
    let (response, noted) = call(&mut gateway, &path, false);
    assert_eq!(response.status, 200);
    assert!(
        noted[0].contains(
            "call of `@connections` served, though AWS would refuse it: the request is not signed"
        ),
        "{noted:?}"
    );
    assert_eq!(call(&mut gateway, &path, false).1, Vec::<String>::new());
    assert_eq!(call(&mut gateway, &path, true).1, Vec::<String>::new());
    let (response, noted) = call(&mut gateway, &format!("{path}?X-Amz-Algorithm=x"), false);
    assert_eq!((response.status, noted.len()), (200, 1));
    let (mut gateway, path) = connected(|_| {});
    assert_eq!(call(&mut gateway, &path, false).1, Vec::<String>::new());
}

#[test]
fn only_connect_can_want_a_signature() {
    let route = |api: &mut Api| {
        api.routes.get_mut("echo").unwrap().authorization_type = AuthorizationType::AwsIam;
    };
    assert_eq!(
        broken(route),
        "route `echo`: only `$connect` can have the authorization type `AWS_IAM`"
    );
}
