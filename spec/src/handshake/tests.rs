use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn request(target: &str) -> HandshakeRequest {
    HandshakeRequest {
        method: "GET".to_owned(),
        target: target.to_owned(),
        headers: Headers::from_iter([
            ("Host", "localhost"),
            ("Connection", "keep-alive, Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]),
        source_ip: "127.0.0.1".to_owned(),
    }
}

#[rstest]
#[case("/stage", None)]
#[case("/stage/", None)]
#[case("/stage?token=hello", None)]
#[case("/", Some(Refusal::UnknownPath))]
#[case("/stage/room", Some(Refusal::UnknownPath))]
#[case("/other", Some(Refusal::UnknownPath))]
#[case("/Stage", Some(Refusal::UnknownPath))]
fn the_path_is_the_stage(#[case] target: &str, #[case] refusal: Option<Refusal>) {
    let api = Api::new("$request.body.action", "stage");
    assert_eq!(check(&api, &request(target)).err(), refusal);
}

#[rstest]
#[case("Upgrade", "h2c", Refusal::NotAnUpgrade)]
#[case("Connection", "close", Refusal::NotAnUpgrade)]
#[case("Sec-WebSocket-Version", "8", Refusal::UnsupportedVersion)]
#[case(
    "Sec-WebSocket-Key",
    "",
    Refusal::BadUpgrade("the key must be the base64 of 16 bytes")
)]
#[case(
    "Sec-WebSocket-Key",
    "dGhlIHNhbXBsZSBub25j",
    Refusal::BadUpgrade("the key must be the base64 of 16 bytes")
)]
fn an_upgrade_follows_rfc_6455(#[case] name: &str, #[case] value: &str, #[case] refusal: Refusal) {
    let mut odd = request("/stage");
    odd.headers = odd
        .headers
        .iter()
        .map(|(field, before)| (field, if field == name { value } else { before }))
        .collect();
    let api = Api::new("$request.body.action", "stage");
    assert_eq!(check(&api, &odd), Err(refusal));
}

#[test]
fn the_url_may_have_4096_characters() {
    let api = Api::new("$request.body.action", "stage");
    let target = |length: usize| format!("/stage?{}", "x".repeat(length - 7));
    assert_eq!(check(&api, &request(&target(4096))), Ok(()));
    assert_eq!(
        check(&api, &request(&target(4097))),
        Err(Refusal::UriTooLong)
    );
}

#[test]
fn repeated_parameters_keep_all_values() {
    assert_eq!(
        request("/stage?a=1&b=%20x+y&a=2&c").query(),
        [
            ("a".to_owned(), vec!["1".to_owned(), "2".to_owned()]),
            ("b".to_owned(), vec![" x y".to_owned()]),
            ("c".to_owned(), vec![String::new()]),
        ]
    );
}

/// What can be wrong with an upgrade.
#[derive(Clone, Debug)]
enum Fault {
    Path(&'static str),
    Long,
    Method(&'static str),
    Field(&'static str, &'static str, Refusal),
}

fn fault() -> impl Strategy<Value = Fault> {
    let key = Refusal::BadUpgrade("the key must be the base64 of 16 bytes");
    let field = |name, values: &[&'static str], refusal: Refusal| {
        prop::sample::select(values.to_vec())
            .prop_map(move |value| Fault::Field(name, value, refusal.clone()))
    };
    let paths = [
        "",
        "/",
        "/Stage",
        "/stage/room",
        "/stage//",
        "stage",
        "/%73tage",
    ];
    let keys = [
        "",
        "x",
        "dGhlIHNhbXBsZSBub25j",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ-=",
    ];
    prop_oneof![
        prop::sample::select(paths.to_vec()).prop_map(Fault::Path),
        Just(Fault::Long),
        prop::sample::select(vec!["POST", "get", ""]).prop_map(Fault::Method),
        field("Upgrade", &["h2c", "", "web socket"], Refusal::NotAnUpgrade),
        field(
            "Connection",
            &["close", "", "upgraded"],
            Refusal::NotAnUpgrade
        ),
        field(
            "Sec-WebSocket-Version",
            &["8", "", "13, 8"],
            Refusal::UnsupportedVersion
        ),
        field("Sec-WebSocket-Key", &keys, key),
    ]
}

proptest! {
    // However an upgrade is spelled, it is one. With one fault in it, it gets the refusal of
    // that fault.
    #[test]
    fn an_upgrade_is_taken_and_each_fault_has_its_refusal(
        key: [u8; 16],
        spelling in any::<[bool; 9]>(),
        slash in "/?",
        query in "([?][a-z=&%/]{0,8})?",
        other in prop::option::of(("[a-z]{1,4}", "[ -~]{0,6}")),
        fault in prop::option::of(fault()),
    ) {
        let spelled = |text: &str| -> String {
            let letters = text.chars().zip(spelling.iter().cycle());
            let cased = letters.map(|(c, upper)| match upper {
                true => c.to_ascii_uppercase(),
                false => c.to_ascii_lowercase(),
            });
            cased.collect()
        };
        let mut odd = HandshakeRequest {
            method: "GET".to_owned(),
            target: format!("/stage{slash}{query}"),
            headers: Headers::from_iter([
                (spelled("connection"), format!("keep-alive, {}", spelled("upgrade"))),
                (spelled("upgrade"), spelled("websocket")),
                (spelled("sec-websocket-version"), "13".to_owned()),
                (spelled("sec-websocket-key"), crate::base64::encode(&key)),
            ]),
            source_ip: String::new(),
        };
        if let Some((name, value)) = other {
            odd.headers.push(format!("x-{name}"), value);
        }
        let expected = match fault {
            None => None,
            Some(Fault::Path(path)) => {
                odd.target = format!("{path}{query}");
                Some(Refusal::UnknownPath)
            }
            Some(Fault::Long) => {
                odd.target = format!("/stage?{}", "ä".repeat(limits::URL_CHARACTERS));
                Some(Refusal::UriTooLong)
            }
            Some(Fault::Method(method)) => {
                odd.method = method.to_owned();
                Some(Refusal::BadUpgrade("the method of an upgrade is GET"))
            }
            Some(Fault::Field(name, value, refusal)) => {
                odd.headers.set(name, value);
                Some(refusal)
            }
        };
        let api = Api::new("$request.body.action", "stage");
        prop_assert_eq!(check(&api, &odd).err(), expected);
    }

    // Whatever is encoded in it, a query string says what it was made of.
    #[test]
    fn a_query_string_is_read_back(pairs in prop::collection::vec(("[a-c]{1,2}", "\\PC{0,4}"), 0..6)) {
        let escaped = |text: &str| -> String {
            text.bytes().map(|byte| format!("%{byte:02X}")).collect()
        };
        let written: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let query = request(&format!("/stage?{}", written.join("&"))).query();
        let mut expected: Vec<(String, Vec<String>)> = Vec::new();
        for (name, value) in pairs {
            match expected.iter_mut().find(|(seen, _)| *seen == name) {
                Some((_, values)) => values.push(value),
                None => expected.push((name, vec![value])),
            }
        }
        prop_assert_eq!(query, expected);
    }
}
