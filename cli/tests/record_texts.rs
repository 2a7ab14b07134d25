//! Whatever is said in a session: the case can be read by the kit, its texts are what was said, and
//! its patterns fit what came.

use conformance::case::{Step, parse};
use conformance::pattern::Bindings;
use inspect::case::{How, Origin, Recorder, Rules};
use proptest::prelude::*;
use spec::handshake::HandshakeRequest;
use spec::http::{Headers, HttpResponse};
use spec::io::{Decision, ManagementId, ManagementRequest, PeerId, Reason};
use spec::{Api, Input, Output, Timestamp};

const START: u64 = 1_705_751_697_419;
const IDS: [&str; 2] = ["XDmENcnwIE0CFEQ=", "XDmFNcnwIE0CFEQ="];

/// Something that happens: who, and what they say or get.
#[derive(Clone, Debug)]
enum Happens {
    Says(usize, String),
    Gets(usize, String),
}

fn step(recorder: &mut Recorder, input: Option<&Input>, outputs: &[Output]) {
    recorder.step(Timestamp::from_millis(START), input, outputs);
}

fn connect(recorder: &mut Recorder, peer: usize, value: &str) {
    let id = PeerId(peer as u64);
    let request = HandshakeRequest {
        method: "GET".to_owned(),
        target: "/prod".to_owned(),
        headers: Headers::from_iter([("x-text", value)]),
        source_ip: "127.0.0.1".to_owned(),
    };
    step(recorder, Some(&Input::Handshake { peer: id, request }), &[]);
    let outputs = [
        Output::Decision(Decision {
            connection_id: IDS[peer].to_owned(),
            request_id: "XDmENHdwIE0FFEQ=".to_owned(),
            reason: Reason::Connected,
        }),
        Output::Accept {
            peer: id,
            headers: Headers::new(),
        },
    ];
    step(recorder, None, &outputs);
}

impl Happens {
    fn happen(&self, recorder: &mut Recorder) {
        match self {
            Self::Says(peer, text) => {
                let (peer, text) = (PeerId(*peer as u64), text.clone());
                step(recorder, Some(&Input::Message { peer, text }), &[]);
            }
            // A function's, without a call: it comes where it comes.
            Self::Gets(peer, text) => {
                let sent = Output::Send {
                    peer: PeerId(*peer as u64),
                    text: text.clone(),
                };
                step(recorder, None, &[sent]);
            }
        }
    }
}

/// Texts of what patterns and ids are made of, and anything else.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => prop::sample::select(vec![
            "${", "$", "{", "}", "${*}", IDS[0], IDS[1], "XDmENHdwIE0FFEQ=", "1705751697419",
            "1705751697.25", "2024-01-20T11:54:57.419Z", "2024-01-20T11:54:57.419123",
            "20/Jan/2024:11:54:57 +0000", "03c09e84-9949-48d9-9d50-8ddb489d6142", "\"", ",", "=",
        ]).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9]{1,3}",
        1 => any::<String>(),
        1 => spec::strategy::body(),
    ];
    prop::collection::vec(part, 0..7).prop_map(|parts| parts.concat())
}

fn happens() -> impl Strategy<Value = Happens> {
    (0..2_usize, any::<bool>(), text()).prop_map(|(peer, says, text)| match says {
        true => Happens::Says(peer, text),
        false => Happens::Gets(peer, text),
    })
}

proptest! {
    #[test]
    fn a_case_is_what_happened(
        value in "[ -~]{0,20}",
        all in prop::collection::vec(happens(), 1..10),
    ) {
        let mut recorder = Recorder::new();
        connect(&mut recorder, 0, &value);
        connect(&mut recorder, 1, "x");
        all.iter().for_each(|one| one.happen(&mut recorder));
        let origin = Origin {
            id: "recorded/001".to_owned(),
            how: How::Recorded,
            served: "template.yaml".to_owned(),
            at: Timestamp::from_millis(START),
        };
        let rules = Rules::of(&Api::new("$request.body.action", "prod"));
        let text = recorder.session().case(&rules, &origin).unwrap();
        let cases = parse("x.toml", None, &text);
        prop_assert!(cases.is_ok(), "{cases:?}\n{text}");
        let case = cases.unwrap().remove(0);
        let mut bound = Bindings::default();
        case.given.iter().for_each(|(name, value)| bound.set(name, value));
        let mut said = all.iter();
        for step in &case.steps {
            match step {
                Step::Send(send) => {
                    let filled = bound.fill(&send.text).unwrap();
                    let Some(Happens::Says(_, text)) = said.next() else { panic!("{text}") };
                    prop_assert_eq!(&filled, text);
                }
                Step::Receive { text: pattern, .. } => {
                    let Some(Happens::Gets(_, text)) = said.next() else { panic!("{text}") };
                    let matched = bound.matches(pattern, text);
                    prop_assert!(matched.is_ok(), "{matched:?}: `{pattern}`, `{text}`");
                }
                Step::Connect(connect) if connect.client == "alice" => {
                    let [sent] = connect.headers["x-text"].all() else { panic!("{connect:?}") };
                    prop_assert_eq!(bound.fill(sent).unwrap(), &*value);
                }
                _ => {}
            }
        }
        prop_assert!(said.next().is_none());
    }
}

// A backend outside says who it posts to by an id that a message has told.
#[test]
fn a_post_from_outside_is_a_step_of_the_kits() {
    let mut recorder = Recorder::new();
    connect(&mut recorder, 0, "x");
    Happens::Says(0, "who am I".to_owned()).happen(&mut recorder);
    Happens::Gets(0, IDS[0].to_owned()).happen(&mut recorder);
    let request = ManagementRequest {
        method: "POST".to_owned(),
        path: format!("/prod/@connections/{}", IDS[0].replace('=', "%3D")),
        body: b"${alice}".to_vec(),
        ..ManagementRequest::default()
    };
    let id = ManagementId(1);
    let outputs = [
        Output::Send {
            peer: PeerId(0),
            text: "${alice}".to_owned(),
        },
        Output::ManagementReply {
            id,
            response: HttpResponse::new(200),
        },
    ];
    step(
        &mut recorder,
        Some(&Input::Management { id, request }),
        &outputs,
    );
    let origin = Origin {
        id: "recorded/001".to_owned(),
        how: How::Recorded,
        served: "template.yaml".to_owned(),
        at: Timestamp::from_millis(START),
    };
    let rules = Rules::of(&Api::new("$request.body.action", "prod"));
    let text = recorder.session().case(&rules, &origin).unwrap();
    let case = parse("x.toml", None, &text).unwrap().remove(0);
    let Some(Step::Manage(call)) = case.steps.get(3) else {
        panic!("{text}")
    };
    assert_eq!(
        (&*call.id, &*call.body, call.status),
        ("${alice}", "${dollar}{alice}", 200)
    );
}
