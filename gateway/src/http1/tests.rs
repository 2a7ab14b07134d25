use super::head::{decimal, values};
use super::*;
use proptest::prelude::*;
use rstest::rstest;
use tokio::net::{TcpListener, TcpStream};

#[test]
fn names_keep_case_and_order() {
    let text =
        b"GET /stage?x=1 HTTP/1.1\r\nHost: h\r\nX-Ab: 1\r\ntoken: hello\r\nx-aB: 2\r\n\r\nrest";
    let (head, length) = parse(text).unwrap().unwrap();
    assert_eq!(&text[length..], b"rest");
    let fields: Vec<_> = head.headers.iter().collect();
    assert_eq!(
        fields,
        [
            ("Host", "h"),
            ("X-Ab", "1"),
            ("token", "hello"),
            ("x-aB", "2")
        ]
    );
    assert_eq!(
        (head.path(), head.keep_alive, head.has_body()),
        ("/stage", true, false)
    );
}

/// A connection with these limits, and its peer.
async fn pair(limits: Limits) -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).await;
    let accepted = listener.accept().await.unwrap().0;
    (Connection::new(accepted.into(), limits), peer.unwrap())
}

#[tokio::test]
async fn bodies_come_whole_or_cut_and_the_next_request_follows() {
    let (mut connection, mut peer) = pair(Limits::NONE).await;
    peer.write_all(
        b"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello\
          POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n\
          GET /c HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
    .await
    .unwrap();
    let head = connection.head().await.unwrap().unwrap();
    assert_eq!(connection.body(&head, 100).await.unwrap(), b"hello");
    let head = connection.head().await.unwrap().unwrap();
    let body = connection.whole(&head, 5).await.unwrap();
    assert_eq!((&*body.bytes, body.length), (&b"abcde"[..], 7));
    assert_eq!(body.trailers.get("t"), Some("1"));
    let head = connection.head().await.unwrap().unwrap();
    assert_eq!((&*head.target, head.keep_alive), ("/c", false));
    drop(peer);
    assert!(connection.head().await.unwrap().is_none());
}

/// Far less than any test waits for.
const SHORT: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_head_that_never_ends_is_cut() {
    let (mut connection, mut peer) = pair(Limits {
        head: SHORT,
        ..Limits::NONE
    })
    .await;
    peer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n")
        .await
        .unwrap();
    let Stream::Plain(stream) = &connection.stream else {
        panic!("a plain stream");
    };
    stream.readable().await.unwrap();
    let head = connection.head().await;
    assert!(matches!(head, Err(ReadError::Malformed(408))), "{head:?}");
    // One that never begins asks for nothing.
    let (mut connection, peer) = pair(Limits {
        head: SHORT,
        ..Limits::NONE
    })
    .await;
    assert!(connection.head().await.unwrap().is_none());
    drop(peer);
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_and_what_is_idle_is_closed() {
    let (mut connection, mut peer) = pair(Limits {
        body: SHORT,
        idle: SHORT,
        ..Limits::NONE
    })
    .await;
    let request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc";
    peer.write_all(request).await.unwrap();
    let head = connection.head().await.unwrap().unwrap();
    let body = connection.body(&head, 9).await;
    assert!(matches!(body, Err(ReadError::Malformed(408))), "{body:?}");
    connection.received.clear();
    assert!(connection.head().await.unwrap().is_none());
}

// Where two readers could see two bodies, a request could hide from one of them.
#[rstest]
#[case::both("Content-Length: 3\r\nTransfer-Encoding: chunked")]
#[case::both_reversed("Transfer-Encoding: chunked\r\nContent-Length: 3")]
#[case::different("Content-Length: 3\r\nContent-Length: 4")]
#[case::list("Content-Length: 3, 4")]
#[case::sign("Content-Length: +3")]
#[case::empty("Content-Length:")]
#[case::not_chunked("Transfer-Encoding: gzip, chunked")]
#[case::not_chunked_last("Transfer-Encoding: chunked, identity")]
#[case::chunked_twice("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")]
#[case::fold("X: a\r\n b: c")]
#[case::space_before_colon("Content-Length : 3")]
#[case::hosts("Host: other")]
fn ambiguous_requests_are_refused(#[case] fields: &str) {
    let text = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\nabc");
    let parsed = parse(text.as_bytes());
    assert!(
        matches!(parsed, Err(ReadError::Malformed(400))),
        "{parsed:?}"
    );
}

#[test]
fn the_same_length_twice_says_one_thing() {
    let text = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n";
    let (head, _) = parse(text).unwrap().unwrap();
    assert_eq!(head.body, BodyLength::Known(3));
}

#[rstest]
#[case("5", Some(5))]
#[case("a;x=y", Some(10))]
#[case("+5", None)]
#[case("", None)]
#[case("0x5", None)]
#[case("ffffffffffffffffff", None)]
fn chunk_sizes(#[case] line: &str, #[case] size: Option<u64>) {
    assert_eq!(chunk_size(line), size);
}

/// A request as it was meant.
#[derive(Clone, Debug)]
struct Meant {
    target: String,
    fields: Vec<(String, String)>,
    length: Option<u64>,
}

impl Meant {
    fn text(&self) -> Vec<u8> {
        let mut text = format!("POST {} HTTP/1.1\r\n", self.target).into_bytes();
        for (name, value) in &self.fields {
            push_field(&mut text, name, value);
        }
        if let Some(length) = self.length {
            push_field(&mut text, "Content-Length", &length.to_string());
        }
        text.extend_from_slice(b"\r\n");
        text
    }
}

fn meant() -> impl Strategy<Value = Meant> {
    // Names that mean nothing to the parser.
    let field = (
        "X-[A-Za-z0-9!#$%&'*+.^_`|~-]{0,12}",
        "([!-~]([ -~\té日]{0,20}[!-~])?)?",
    );
    let fields = proptest::collection::vec(field, 0..8);
    let length = proptest::option::of(any::<u64>());
    ("/[!-~]{0,20}", fields, length).prop_map(|(target, fields, length)| Meant {
        target,
        fields,
        length,
    })
}

proptest! {
    #[test]
    fn what_was_meant_is_read(meant in meant(), rest: Vec<u8>) {
        let text = meant.text();
        let (head, length) = parse(&[&text[..], &rest].concat()).unwrap().unwrap();
        prop_assert_eq!(length, text.len());
        prop_assert_eq!(&head.target, &meant.target);
        prop_assert_eq!(head.body, BodyLength::Known(meant.length.unwrap_or(0)));
        let read: Vec<_> = head.headers.iter().take(meant.fields.len()).collect();
        let meant = meant.fields.iter().map(|(name, value)| (&**name, &**value));
        prop_assert_eq!(read, meant.collect::<Vec<_>>());
    }

    // Received in part, it is neither refused nor taken for whole.
    #[test]
    fn a_part_is_a_part(meant in meant(), at: prop::sample::Index) {
        let text = meant.text();
        let part = &text[..at.index(text.len())];
        prop_assert!(matches!(parse(part), Ok(None)));
    }

    // A changed byte makes the request a different or a wrong one, but a length that stands in
    // it is never passed over: what follows is not taken for a request of its own.
    #[test]
    fn a_changed_byte_hides_no_body(
        meant in meant(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let mut text = Meant { length: Some(7), ..meant }.text();
        let at = at.index(text.len());
        text[at] = byte;
        let Ok(Some((head, length))) = parse(&text) else { return Ok(()) };
        prop_assert!(length <= text.len());
        let lines = text[..length].split(|byte| *byte == b'\n').count();
        // The request line, the empty one, and what `split` finds behind the last line's end.
        prop_assert_eq!(head.headers.iter().count(), lines - 3);
        if values(&head.headers, "Content-Length").next().is_some() {
            prop_assert_ne!(head.body, BodyLength::Chunked);
            prop_assert_eq!(head.has_body(), head.body != BodyLength::Known(0));
            let said = values(&head.headers, "Content-Length").next().and_then(decimal);
            prop_assert_eq!(Some(head.body), said.map(BodyLength::Known));
        }
    }

    #[test]
    fn no_value_adds_a_field(name: String, value: String) {
        let mut head = Vec::new();
        push_field(&mut head, &name, &value);
        prop_assert_eq!(head.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
}
