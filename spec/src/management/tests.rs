use super::*;
use crate::time::Timestamp;
use proptest::prelude::*;
use rstest::rstest;

fn parsed(method: &str, path: &str, body: &[u8]) -> Result<(Operation, String), Refusal> {
    let request = ManagementRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        body: body.to_vec(),
        ..ManagementRequest::default()
    };
    parse(&Api::new("$request.body.action", "stage"), &request)
}

// `@` and `=` arrive encoded (SDKs) or as they are (curl).
#[rstest]
#[case("/stage/@connections/R1kmxc2VNjMCFIA=")]
#[case("/stage/%40connections/R1kmxc2VNjMCFIA%3D")]
#[case("/stage/@connections/R1kmxc2VNjMCFIA%3d?x=y")]
fn encoded_paths_are_read(#[case] path: &str) {
    let id = "R1kmxc2VNjMCFIA=".to_owned();
    assert!(is_management(path, &Headers::new()));
    assert_eq!(parsed("GET", path, b""), Ok((Operation::Get, id.clone())));
    assert_eq!(
        parsed("POST", path, b"hi"),
        Ok((Operation::Post("hi".to_owned()), id.clone()))
    );
    assert_eq!(parsed("DELETE", path, b""), Ok((Operation::Delete, id)));
}

#[rstest]
#[case("POST", "/other/@connections/R1kmxc2VNjMCFIA=", Refusal::Forbidden)]
#[case("POST", "/@connections/R1kmxc2VNjMCFIA=", Refusal::Forbidden)]
#[case(
    "PUT",
    "/stage/@connections/R1kmxc2VNjMCFIA=",
    no_method("PUT", "@connections/R1kmxc2VNjMCFIA=")
)]
#[case("POST", "/stage/@connections", no_method("POST", "@connections"))]
#[case("GET", "/stage/@connections/", no_method("GET", "@connections/"))]
#[case(
    "POST",
    "/stage/@connections/a/b",
    no_method("POST", "@connections/a/b")
)]
#[case(
    "POST",
    "/stage/@connections/%40connections/ID%3D?x",
    no_method("POST", "@connections/@connections/ID=")
)]
#[case("POST", "/stage/foo", no_method("POST", "foo"))]
#[case(
    "POST",
    "/stage/@connections/WDGT8fY4joECJrQ=test",
    Refusal::InvalidConnectionId("WDGT8fY4joECJrQ=test".to_owned())
)]
fn the_rest_is_refused(#[case] method: &str, #[case] path: &str, #[case] refusal: Refusal) {
    assert_eq!(parsed(method, path, b""), Err(refusal));
}

fn no_method(method: &str, route: &str) -> Refusal {
    Refusal::NoMethod {
        route: route.to_owned(),
        method: method.to_owned(),
    }
}

#[test]
fn a_path_without_a_method_is_named_decoded() {
    let response = no_method("POST", "@connections/@connections/ID=").response();
    assert_eq!(response.status, 403);
    assert_eq!(
        response.body,
        r#"{"message":"No method found matching route @connections/@connections/ID= for http method POST."}"#
    );
}

#[rstest]
#[case("/stage/@connections/x", true, true)]
#[case("/@connections/x", false, true)]
#[case("/@connections/x", true, false)]
#[case("/stage/foo", false, true)]
#[case("/stage/foo", true, false)]
#[case("/stage", false, false)]
#[case("/stage/", false, false)]
fn an_upgrade_is_no_call(#[case] path: &str, #[case] upgrade: bool, #[case] expected: bool) {
    let mut headers = Headers::new();
    if upgrade {
        headers.push("Upgrade", "websocket");
    }
    assert_eq!(is_management(path, &headers), expected);
}

#[rstest]
#[case("POST", "/@connections/R1kmxc2VNjMCFIA=", Misdirection::NoStage)]
#[case("POST", "/test/@connections/x", Misdirection::OtherStage)]
#[case(
    "POST",
    "/dev/@connections/%40connections/x",
    Misdirection::ConnectionsTwice
)]
#[case("POST", "/dev/dev/@connections/x", Misdirection::BehindTheStage)]
#[case("POST", "/dev///@connections/x", Misdirection::BehindTheStage)]
#[case("GET", "/dev/@connections/", Misdirection::NoConnection)]
#[case("GET", "/dev/%40connections?x", Misdirection::NoConnection)]
#[case("PUT", "/dev/@connections/R1kmxc2VNjMCFIA=", Misdirection::Method)]
#[case("POST", "/dev/foo", Misdirection::OtherPath)]
#[case("POST", "/dev/@connections/a/b", Misdirection::OtherPath)]
fn each_kind_is_told(#[case] method: &str, #[case] path: &str, #[case] kind: Misdirection) {
    let api = Api::new("$request.body.action", "dev");
    let request = ManagementRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: Headers::from_iter([("Host", "localhost:3001")]),
        ..ManagementRequest::default()
    };
    let refusal = parse(&api, &request).unwrap_err();
    let found = misdirected(&api, &request, Some(&refusal)).unwrap();
    assert_eq!(found.kind, kind);
    assert!(
        found
            .to_string()
            .contains("right endpoint is `http://localhost:3001/dev`, to")
    );
}

#[test]
fn an_endpoint_that_ends_in_a_slash_is_served_and_told() {
    let api = Api::new("$request.body.action", "dev");
    let request = ManagementRequest {
        method: "POST".to_owned(),
        path: "/dev//@connections/R1kmxc2VNjMCFIA%3D".to_owned(),
        headers: Headers::from_iter([("Host", "abc.execute-api.us-east-1.amazonaws.com")]),
        ..ManagementRequest::default()
    };
    let (_, id) = parse(&api, &request).unwrap();
    assert_eq!(id, "R1kmxc2VNjMCFIA=");
    let found = misdirected(&api, &request, None).unwrap();
    assert_eq!(found.kind, Misdirection::DoubleSlash);
    let endpoint = "right endpoint is `https://abc.execute-api.us-east-1.amazonaws.com/dev`, to";
    assert!(found.to_string().contains(endpoint), "{found}");
}

#[test]
fn the_recorded_400_comes_out_to_the_byte() {
    let response = Refusal::InvalidConnectionId("WDGT8fY4joECJrQ=test".to_owned()).response();
    assert_eq!(
        response.body,
        r#"{"message":"Invalid connectionId: WDGT8fY4joECJrQ=test"}"#
    );
    assert_eq!(response.body.len(), 56);
}

#[test]
fn a_message_may_have_128_kib() {
    let path = "/stage/@connections/R1kmxc2VNjMCFIA=";
    assert!(parsed("POST", path, &vec![b'x'; 131_072]).is_ok());
    assert_eq!(
        parsed("POST", path, &vec![b'x'; 131_073]),
        Err(Refusal::PayloadTooLarge)
    );
    assert_eq!(parsed("POST", path, b"\xff"), Err(Refusal::NotText));
}

#[test]
fn the_recorded_status_comes_out_to_the_byte() {
    let connection = Connection {
        connection_id: "R1kmxc2VNjMCFIA=".to_owned(),
        connected_at: Timestamp::from_millis(1_605_442_994_726),
        last_active_at: Timestamp::from_millis(1_605_442_994_972),
        domain_name: "localhost".to_owned(),
        source_ip: "1.2.3.4".to_owned(),
        user_agent: None,
        principal: None,
        caller: None,
        api_key: None,
    };
    assert_eq!(
        status(&connection).body,
        "{\n  \
         \"identity\" : {\n    \
         \"sourceIp\" : \"1.2.3.4\",\n    \
         \"userAgent\" : null\n  \
         },\n  \
         \"connectedAt\" : \"2020-11-15T12:23:14.726Z\",\n  \
         \"lastActiveAt\" : \"2020-11-15T12:23:14.972Z\"\n\
         }"
    );
}

/// What can be wrong with a request.
#[derive(Clone, Debug)]
enum Fault {
    Stage(&'static str),
    Method(&'static str),
    Segment,
    Id(&'static str),
    NotText,
    TooLarge,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        prop::sample::select(vec!["Stage", "", "stage2", "stag"]).prop_map(Fault::Stage),
        prop::sample::select(vec!["PUT", "get", "HEAD", ""]).prop_map(Fault::Method),
        Just(Fault::Segment),
        prop::sample::select(vec!["x", "=", "test"]).prop_map(Fault::Id),
        Just(Fault::NotText),
        Just(Fault::TooLarge),
    ]
}

fn connection_id() -> impl Strategy<Value = String> {
    (any::<u64>(), any::<u64>()).prop_map(|(random, millis)| {
        struct Fixed(u64);
        impl ids::IdSource for Fixed {
            fn next_u64(&mut self) -> u64 {
                self.0
            }
        }
        ids::connection_id(&mut Fixed(random), Timestamp::from_millis(millis))
    })
}

fn encode((c, is_encoded): (char, &bool)) -> String {
    if *is_encoded && c != '/' {
        format!("%{:02x}", c as u32)
    } else {
        c.to_string()
    }
}

proptest! {
    // A request is read whatever is percent-encoded in its path and whatever the query string.
    // With one fault in it, it gets the refusal of that fault.
    #[test]
    fn a_request_is_read_and_each_fault_has_its_refusal(
        id in connection_id(),
        method in prop::sample::select(vec!["GET", "POST", "DELETE"]),
        body in crate::strategy::body(),
        encoded in any::<[bool; 40]>(),
        query in "([?][a-z=/&%]{0,8})?",
        fault in prop::option::of(fault()),
    ) {
        let is_post = method == "POST";
        let (mut stage, mut method, mut end, mut sent) =
            ("stage", method, id.clone(), body.clone().into_bytes());
        let refusal = match fault {
            None => None,
            Some(Fault::Stage(other)) => {
                stage = other;
                Some(Refusal::Forbidden)
            }
            Some(Fault::Method(other)) => {
                method = other;
                Some(no_method(method, &format!("@connections/{end}")))
            }
            Some(Fault::Segment) => {
                end.push_str("/x");
                Some(no_method(method, &format!("@connections/{end}")))
            }
            Some(Fault::Id(behind)) => {
                end.push_str(behind);
                Some(Refusal::InvalidConnectionId(end.clone()))
            }
            Some(Fault::NotText) => {
                sent.push(0xff);
                is_post.then_some(Refusal::NotText)
            }
            Some(Fault::TooLarge) => {
                sent.resize(limits::MESSAGE_BYTES + 1, b'x');
                is_post.then_some(Refusal::PayloadTooLarge)
            }
        };
        let plain = format!("/{stage}/@connections/{end}");
        let path: String = plain.chars().zip(encoded.iter().cycle()).map(encode).collect();
        let path = format!("{path}{query}");
        prop_assert!(is_management(&path, &Headers::new()));
        let operation = match method {
            "GET" => Operation::Get,
            "DELETE" => Operation::Delete,
            _ => Operation::Post(body),
        };
        let expected = refusal.map_or(Ok((operation, id)), Err);
        prop_assert_eq!(parsed(method, &path, &sent), expected);
    }

    // What is read is what was asked of `@connections`: nothing else is one of its paths.
    #[test]
    fn only_paths_of_connections_are_read(path in "(/?(stage|@connections|%40connections|R1kmxc2VNjMCFIA=|[a-z%]{0,3})){0,5}") {
        if parsed("GET", &path, b"").is_ok() {
            prop_assert!(is_management(&path, &Headers::new()));
        }
    }
}
