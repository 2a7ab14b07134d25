//! What can happen, and how often it is tried.

use proptest::prelude::*;
use proptest::strategy::Union;
use proptest_state_machine::ReferenceStateMachine;
use serde_json::json;
use spec::io::ClientClose;
use spec::limits::{MESSAGE_BYTES, Violation};

use crate::reference::{Model, Phase};

/// What the API declares: `echo`, one-way `quiet`, a mock, and what is told here; and what the
/// functions do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// `$connect` has an authorizer.
    pub(crate) authorizer: bool,
    /// There is a `$connect` route.
    pub(crate) connect: bool,
    /// There is a `$disconnect` route.
    pub(crate) disconnect: bool,
    /// There is a `$default` route.
    pub(crate) default: bool,
    /// `echo` is two-way.
    pub(crate) echoes: bool,
    pub(crate) in_connect: Habit,
    pub(crate) in_message: Habit,
    pub(crate) in_disconnect: Habit,
}

/// What a function asks of `@connections` for its own connection as soon as it is called.
pub(crate) type Habit = Option<Operation>;

/// One thing that happens. Clients are named by the slot that they have last taken, calls and
/// connections of the past by a number to be taken modulo how many there are: so a step keeps its
/// sense when others before it are left out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Connect {
        slot: usize,
        upgrade: Upgrade,
    },
    Say {
        slot: usize,
        message: Message,
    },
    Break {
        slot: usize,
        violation: Violation,
    },
    Leave {
        slot: usize,
        how: Leave,
    },
    /// A function answers, the latest called first: in time, late, or never.
    Answer {
        pick: usize,
        outcome: Outcome,
    },
    Manage {
        operation: Operation,
        whom: Whom,
    },
    /// Time passes; unless the gateway is woken when it asked for it, it learns of it with what
    /// happens next.
    Wait {
        millis: u64,
        woken: bool,
    },
    /// The API is deployed anew, the functions do as before.
    Deploy {
        shape: Shape,
    },
    Shutdown,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Upgrade {
    Good,
    WithoutToken,
    WrongPath,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Message {
    Echo,
    Quiet,
    Mock,
    Unknown,
    /// For a route that no message may choose.
    Lifecycle,
    NotJson,
    /// More than a message may have.
    Huge,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Leave {
    /// Without a close frame.
    Lost,
    WithoutCode,
    WithCode,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// An allow, 200.
    Good,
    /// A deny, 418.
    Bad,
    Failed,
    /// Failed, with the message that means 401 to an authorizer.
    Unauthorized,
    Malformed,
    NotInvocable,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Get,
    Post,
    Delete,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom {
    Slot(usize),
    Former(usize),
    Nobody,
    Malformed,
    OtherStage,
}

pub(crate) const SLOTS: usize = 4;

/// The model as proptest-state-machine wants it, with an authorizer or without.
pub(crate) struct Traffic<const AUTHORIZER: bool>;

impl<const AUTHORIZER: bool> ReferenceStateMachine for Traffic<AUTHORIZER> {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        let habit = || {
            prop_oneof![
                3 => Just(None),
                1 => operation().prop_map(Some),
            ]
        };
        let routes = (any::<bool>(), prop::bool::weighted(0.8), any::<bool>());
        (routes, habit(), habit(), habit())
            .prop_map(
                |((connect, disconnect, default), in_connect, in_message, in_disconnect)| {
                    Model::new(Shape {
                        authorizer: AUTHORIZER,
                        connect,
                        disconnect,
                        default,
                        echoes: true,
                        in_connect,
                        in_message,
                        in_disconnect,
                    })
                },
            )
            .boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let mut all = vec![
            (5, wait().boxed()),
            (1, unknown().boxed()),
            (3, deploy(model.shape).boxed()),
        ];
        let free: Vec<usize> = (0..SLOTS).filter(|slot| model.is_free(*slot)).collect();
        if !free.is_empty() {
            all.push((
                if free.len() == SLOTS { 20 } else { 5 },
                connect(free).boxed(),
            ));
        }
        let (open, taken): (Vec<usize>, Vec<usize>) = (
            slots(model, |phase| phase == Phase::Open),
            slots(model, |_| true),
        );
        if !open.is_empty() {
            all.push((10, say(open.clone()).boxed()));
            all.push((5, manage(open).boxed()));
            all.push((1, Just(Step::Shutdown).boxed()));
        }
        if !taken.is_empty() {
            // Also what comes too early or too late.
            all.push((1, say(taken.clone()).boxed()));
            all.push((1, manage(taken.clone()).boxed()));
            all.push((
                1,
                (prop::sample::select(taken.clone()), violation())
                    .prop_map(|(slot, violation)| Step::Break { slot, violation })
                    .boxed(),
            ));
            all.push((3, leave(taken).boxed()));
        }
        if model
            .clients
            .iter()
            .any(|client| client.phase == Phase::Gone)
        {
            all.push((
                2,
                (operation(), 0..8_usize)
                    .prop_map(|(operation, pick)| Step::Manage {
                        operation,
                        whom: Whom::Former(pick),
                    })
                    .boxed(),
            ));
        }
        if !model.running().is_empty() {
            all.push((12, answer().boxed()));
        }
        Union::new_weighted(all).boxed()
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        model.take(step);
        model
    }

    fn preconditions(model: &Model, step: &Step) -> bool {
        model.allows(step)
    }
}

fn slots(model: &Model, wanted: impl Fn(Phase) -> bool) -> Vec<usize> {
    (0..SLOTS)
        .filter(|slot| {
            model
                .in_slot(*slot)
                .is_some_and(|client| wanted(model.clients[client].phase))
        })
        .collect()
}

fn connect(free: Vec<usize>) -> impl Strategy<Value = Step> {
    let upgrade = prop_oneof![
        12 => Just(Upgrade::Good),
        1 => Just(Upgrade::WithoutToken),
        1 => Just(Upgrade::WrongPath),
    ];
    (prop::sample::select(free), upgrade)
        .prop_map(|(slot, upgrade)| Step::Connect { slot, upgrade })
}

fn say(slots: Vec<usize>) -> impl Strategy<Value = Step> {
    let message = prop_oneof![
        40 => Just(Message::Echo),
        20 => Just(Message::Quiet),
        10 => Just(Message::Mock),
        10 => Just(Message::Unknown),
        10 => Just(Message::Lifecycle),
        10 => Just(Message::NotJson),
        1 => Just(Message::Huge),
    ];
    (prop::sample::select(slots), message).prop_map(|(slot, message)| Step::Say { slot, message })
}

fn leave(slots: Vec<usize>) -> impl Strategy<Value = Step> {
    let how = prop::sample::select(vec![Leave::Lost, Leave::WithoutCode, Leave::WithCode]);
    (prop::sample::select(slots), how).prop_map(|(slot, how)| Step::Leave { slot, how })
}

fn manage(slots: Vec<usize>) -> impl Strategy<Value = Step> {
    (operation(), prop::sample::select(slots)).prop_map(|(operation, slot)| Step::Manage {
        operation,
        whom: Whom::Slot(slot),
    })
}

fn unknown() -> impl Strategy<Value = Step> {
    let whom = prop::sample::select(vec![Whom::Nobody, Whom::Malformed, Whom::OtherStage]);
    (operation(), whom).prop_map(|(operation, whom)| Step::Manage { operation, whom })
}

fn answer() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        12 => Just(Outcome::Good),
        1 => Just(Outcome::Bad),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Unauthorized),
        1 => Just(Outcome::Malformed),
        1 => Just(Outcome::NotInvocable),
    ];
    let pick = prop_oneof![2 => Just(0), 1 => 0..8_usize];
    (pick, outcome).prop_map(|(pick, outcome)| Step::Answer { pick, outcome })
}

/// Moments, and the timeouts of integrations, of silence and of two hours, each with a millisecond
/// on either side.
fn wait() -> impl Strategy<Value = Step> {
    let millis = prop_oneof![
        3 => 1..1_000_u64,
        3 => prop::sample::select(vec![2_000, 10_000, 29_000]),
        2 => prop::sample::select(vec![60_000, 9 * 60_000, 10 * 60_000]),
        1 => Just(2 * 60 * 60_000),
    ];
    (millis, 0..3_u64, prop::bool::weighted(0.8)).prop_map(|(millis, off, woken)| Step::Wait {
        millis: millis + off - 1,
        woken,
    })
}

/// Any rules; `$connect` and `$disconnect` are rather there.
fn deploy(shape: Shape) -> impl Strategy<Value = Step> {
    let often = || prop::bool::weighted(0.7);
    let routes = (
        any::<bool>(),
        often(),
        often(),
        any::<bool>(),
        any::<bool>(),
    );
    routes.prop_map(move |(authorizer, connect, disconnect, default, echoes)| {
        let shape = Shape {
            authorizer,
            connect,
            disconnect,
            default,
            echoes,
            ..shape
        };
        Step::Deploy { shape }
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        1 => Just(Operation::Get),
        4 => Just(Operation::Post),
        2 => Just(Operation::Delete),
    ]
}

fn violation() -> impl Strategy<Value = Violation> {
    prop::sample::select(vec![
        Violation::FrameTooLarge,
        Violation::MessageTooLarge,
        Violation::Binary,
        Violation::InvalidUtf8,
        Violation::Protocol,
    ])
}

impl Message {
    /// The text, another one for each number.
    pub(crate) fn text(self, number: usize) -> String {
        let action = match self {
            Self::Echo => "echo",
            Self::Quiet => "quiet",
            Self::Mock => "mock",
            Self::Unknown => "unknown",
            Self::Lifecycle => ["$connect", "$disconnect"][number % 2],
            Self::NotJson => return format!("message {number}"),
            Self::Huge => return "x".repeat(MESSAGE_BYTES + 1),
        };
        json!({"action": action, "number": number}).to_string()
    }
}

impl Leave {
    /// The client's close frame.
    pub(crate) fn frame(self) -> Option<ClientClose> {
        let code = match self {
            Self::Lost => return None,
            Self::WithoutCode => None,
            Self::WithCode => Some(4001),
        };
        let reason = if code.is_some() { "bye" } else { "" }.to_owned();
        Some(ClientClose { code, reason })
    }

    /// What `$disconnect` is told.
    pub(crate) fn told(self) -> (u16, &'static str) {
        match self {
            Self::Lost => (1006, ""),
            Self::WithoutCode => (1005, "Client-side close frame status not set"),
            Self::WithCode => (4001, "bye"),
        }
    }
}
