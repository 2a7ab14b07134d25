//! The forms in which secrets are written, and what is none.

use rstest::rstest;
use serde_json::json;

use super::super::*;
use super::{api, exchange, full_of, handshake, is_in};

#[rstest]
#[case::object(
    r#"{"authorization":{"Authorization":"JWT","x-api-key":"da2-x","n":12,"ok":true,"no":null}}"#,
    r#"{"authorization":{"Authorization":"***","x-api-key":"***","n":"***","ok":true,"no":null}}"#
)]
#[case::number(r#"{"apiKey":1234567890123,"a":1}"#, r#"{"apiKey":"***","a":1}"#)]
#[case::list(
    r#"{"token": ["x", ["y"]], "a": []}"#,
    r#"{"token": ["***", ["***"]], "a": []}"#
)]
#[case::escaped(r#"{"apiKey":"abc\u002Bdef"}"#, r#"{"apiKey":"***"}"#)]
#[case::in_json(
    r#"{"b":"{\"token\":\"a\\\"b\",\"n\":7}"}"#,
    r#"{"b":"{\"token\":\"***\",\"n\":7}"}"#
)]
#[case::number_in_json(
    r#"{"b":"{\"token\":7,\"n\":7}"}"#,
    r#"{"b":"{\"token\":\"***\",\"n\":7}"}"#
)]
#[case::cut_in_json(
    r#"{"b":"{\"token\":\"a","c":"d"}"#,
    r#"{"b":"{\"token\":\"***","c":"d"}"#
)]
#[case::cut_list(
    r#"{"b":"{\"token\":[\"a","c":"d"}"#,
    r#"{"b":"{\"token\":[\"***","c":"d"}"#
)]
#[case::form("a=1&token=abc%20d&b=2", "a=1&token=***&b=2")]
#[case::form_in_json(r#"{"b":"a=1\u0026token=abc\n"}"#, r#"{"b":"a=1\u0026token=***\n"}"#)]
#[case::header("authorization: Bearer abc, x: y", "authorization: Bearer ***, x: y")]
#[case::cookies("Cookie: a=b; c=d\nHost: x", "Cookie: ***\nHost: x")]
#[case::python("{'token': 'abc', 'n': 1}", "{'token': '***', 'n': 1}")]
#[case::node(
    "{ token: 'abc', M { 'token' => 'd' } }",
    "{ token: '***', M { 'token' => '***' } }"
)]
#[case::toml("token = '''a'b'''\nx = 1", "token = '''***'''\nx = 1")]
#[case::nothing(
    r#"{"token":"","secret":null} a::token::b"#,
    r#"{"token":"","secret":null} a::token::b"#
)]
fn what_stands_behind_a_secret_name_is_masked(#[case] text: &str, #[case] masked: &str) {
    let masks = Masks::default();
    assert_eq!(masks.text(text), masked);
    assert_eq!(masks.text(masked), masked);
}

#[rstest]
#[case::python_writes_ascii("zQé漢😀x", r#"{"t": "zQ\u00e9\u6f22\ud83d\ude00x"}"#)]
#[case::php_escapes_slashes("zQ/ab/cd", r#""zQ\/ab\/cd""#)]
#[case::form("zQ ab+cd", "t=zQ+ab%2Bcd")]
#[case::small_escapes("zQ/ab/cd", "t=zQ%2fab%2fcd")]
#[case::a_script("zQ'ab'cd", r"x('zQ\'ab\'cd')")]
#[case::dot_net("zQ+ab/cd", r#""zQ\u002Bab/cd""#)]
#[case::go("zQ<ab>cd", r#""zQ\u003cab\u003ecd""#)]
#[case::base64_of_addresses("zQ>>>??ab", "aa elE-Pj4_P2Fi")]
fn other_spellings_are_masked(#[case] secret: &str, #[case] text: &str) {
    let mut masks = Masks::default();
    masks.learn(&handshake(None, &[("x-api-key", secret)]));
    let without = masks.text(text);
    assert!(without.contains(MASK), "{without}");
}

#[test]
fn where_secrets_stand_by_name_they_are_masked_however_short() {
    let mut masks = Masks::new(&api());
    let query = Some("a=me&token=me&b".to_owned());
    let opening = handshake(query, &[("X-Ticket", "1"), ("Host", "me")]);
    masks.learn(&opening);
    let json = masks.json(&opening);
    assert_eq!(json["request"]["query"], "a=me&token=***&b");
    let headers = json!([["X-Ticket", "***"], ["Host", "me"]]);
    assert_eq!(json["request"]["headers"], headers);
    let event = r#"{"token":"me","X-Ticket":"1","time":"1"}"#;
    let masked = r#"{"token":"***","X-Ticket":"***","time":"1"}"#;
    assert_eq!(masks.text(event), masked);
}

#[test]
fn what_may_be_a_word_is_masked_by_itself() {
    let mut masks = Masks::new(&api());
    let headers = [("x-ticket", "swordfish"), ("X-Api-Key", "abc-0123456789")];
    masks.learn(&handshake(None, &headers));
    let text = r#"swordfish, swordfishes {"a":"\nswordfish"} %2Fswordfish abc-0123456789x"#;
    let masked = r#"***, swordfishes {"a":"\n***"} %2F*** ***x"#;
    assert_eq!(masks.text(text), masked);
}

#[test]
fn payloads_have_secrets_of_templates_and_of_handshakes_that_were_not_seen() {
    let mut masks = Masks::new(&api());
    let mut mapped = full_of("");
    mapped.calls[0].payload = Some(r#"{"apiKey":"of-the-template"}"#.to_owned());
    masks.learn(&mapped);
    let mut end = full_of("");
    end.kind = Kind::Disconnect;
    end.calls[0].template = None;
    end.calls[0].payload = Some(r#"{"headers":{"X-Ticket":"of-the-handshake"}}"#.to_owned());
    masks.learn(&end);
    assert_eq!(masks.text("of-the-template of-the-handshake"), "*** ***");
    let mut api = api();
    let value = json!("of-the-stage");
    api.stage.stage_variables.insert("apiKey".to_owned(), value);
    masks.add(&api);
    assert_eq!(masks.text("of-the-stage"), MASK);
}

#[test]
fn api_keys_are_masked_anywhere_and_always() {
    let masks = Masks::new(&api());
    let json = masks.json(&full_of("key-of-the-mobile-app"));
    assert!(!is_in(&json, "key-of-the-mobile-app"), "{json}");
}

#[test]
fn passwords_of_basic_authorization_are_masked_decoded_too() {
    let mut masks = Masks::default();
    let basic = format!("Basic {}", spec::base64::encode(b"ada:lovelace-1815"));
    masks.learn(&handshake(None, &[("authorization", &basic)]));
    assert_eq!(masks.text("password lovelace-1815"), "password ***");
}

#[test]
fn signatures_of_a_backend_are_masked_where_they_stand() {
    let mut masks = Masks::default();
    let signed = "AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature=0123456789";
    let request = Request::Management {
        method: "POST".to_owned(),
        path: "/test/@connections/x?X-Amz-Signature=0123456789&y=z".to_owned(),
        headers: vec![("Authorization".to_owned(), signed.to_owned())],
        body: "hello".to_owned(),
    };
    let call = exchange(Kind::Management, request);
    masks.learn(&call);
    let json = masks.json(&call);
    assert_eq!(json["request"]["headers"][0][1], MASK);
    assert_eq!(
        json["request"]["path"],
        "/test/@connections/x?X-Amz-Signature=***&y=z"
    );
    assert_eq!(masks.text("host 0123456789"), "host 0123456789");
}

#[test]
fn what_is_remembered_is_bounded_and_the_latest_stay() {
    let mut masks = Masks::new(&api());
    for number in 0..30_000 {
        let key = format!("secret-number-{number}.");
        masks.learn(&handshake(None, &[("x-api-key", &key)]));
    }
    assert_eq!(masks.text("secret-number-29999."), MASK);
    assert_eq!(masks.text("secret-number-0."), "secret-number-0.");
    assert_eq!(masks.text("key-of-the-mobile-app"), MASK);
}

#[test]
fn a_text_of_names_alone_is_looked_through_once() {
    let masks = Masks::default();
    for part in [
        "{\"token\":",
        "\"token\":[",
        "token=''",
        "token:",
        "token: {",
        "\"token\" : ",
    ] {
        // Were each looked through to the end, this would take minutes.
        let text = part.repeat(30_000);
        let _ = masks.text(&text);
    }
}
