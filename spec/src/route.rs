#![doc = include_str!("../requirements/route.md")]

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use indexmap::IndexMap;

use crate::message::Message;
use crate::selection::SelectionExpression;

/// The key of a route: `RouteKey`. Keys compare, sort and hash as their texts do, so a map of
/// routes can be asked for a text.
#[derive(Clone, Debug)]
pub enum RouteKey {
    /// `$connect`: the route that runs before a connection is there.
    Connect,
    /// `$disconnect`: the route that runs after a connection has gone.
    Disconnect,
    /// `$default`: the route for everything that no other route takes.
    Default,
    /// Any other key, which does not start with `$`.
    Named(String),
}

/// A route key that API Gateway does not take.
///
/// Realises: ROUTE-42
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a route key that starts with `$` must be `$connect`, `$disconnect` or `$default`")]
pub struct InvalidRouteKey;

/// What the route selection expression gave for one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A key to look up.
    Key(String),
    /// The message is JSON, but holds nothing where the expression looks.
    ///
    /// Realises: ROUTE-13, ROUTE-23
    Missing,
    /// The expression looks into the message, which is not JSON.
    NotJson,
}

/// The route chosen for one message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteChoice {
    /// What the expression gave.
    pub selection: Selection,
    /// The route's key; `None` means the Forbidden frame.
    pub route_key: Option<RouteKey>,
}

/// Evaluates a route selection expression against a message: the body alone, as JSON
/// in the strict sense. An expression that does not look into the message needs none.
///
/// Realises: ROUTE-9, ROUTE-11, ROUTE-12, ROUTE-44, ROUTE-28, ROUTE-14, ROUTE-46
pub fn select(expression: &SelectionExpression, message: &Message<'_>) -> Selection {
    let looks = |name: &str| name.starts_with("request.body");
    if expression.variables().any(looks) && message.json().is_err() {
        return Selection::NotJson;
    }
    let key = expression.evaluate(|name| message.variable(name));
    if key.is_empty() {
        Selection::Missing
    } else {
        Selection::Key(key)
    }
}

/// Chooses among the routes: the key that the selection names exactly, else `$default`, else none.
/// `$connect` and `$disconnect` are chosen by what happens to the connection, never by a message.
///
/// Realises: ROUTE-1, ROUTE-20, ROUTE-2, ROUTE-4, ROUTE-3, ROUTE-5, ROUTE-6, ROUTE-7
pub fn choose<R>(selection: Selection, routes: &IndexMap<RouteKey, R>) -> RouteChoice {
    let named = match &selection {
        Selection::Key(key) => routes.get_key_value(&**key).map(|(key, _)| key),
        Selection::Missing | Selection::NotJson => None,
    };
    let default = || routes.get_key_value(DEFAULT).map(|(key, _)| key);
    let route_key = named
        .filter(|key| !key.is_lifecycle())
        .or_else(default)
        .cloned();
    RouteChoice {
        selection,
        route_key,
    }
}

/// The key that stands for everything that no other key takes: of routes, of models, templates and
/// responses.
pub(crate) const DEFAULT: &str = "$default";

impl RouteKey {
    /// The key as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Connect => "$connect",
            Self::Disconnect => "$disconnect",
            Self::Default => DEFAULT,
            Self::Named(name) => name,
        }
    }

    /// Whether the route runs for the connection as a whole, so that no message can choose it.
    pub fn is_lifecycle(&self) -> bool {
        matches!(self, Self::Connect | Self::Disconnect)
    }
}

impl FromStr for RouteKey {
    type Err = InvalidRouteKey;

    fn from_str(text: &str) -> Result<Self, InvalidRouteKey> {
        match text {
            "$connect" => Ok(Self::Connect),
            "$disconnect" => Ok(Self::Disconnect),
            DEFAULT => Ok(Self::Default),
            _ if text.starts_with('$') => Err(InvalidRouteKey),
            _ => Ok(Self::Named(text.to_owned())),
        }
    }
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Borrow<str> for RouteKey {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for RouteKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RouteKey {}

impl PartialOrd for RouteKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RouteKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// As the text hashes, which [`Borrow`] asks for.
impl Hash for RouteKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for RouteChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route_key {
            Some(key) => write!(f, "route `{key}`: ")?,
            None => f.write_str("no route, forbidden: ")?,
        }
        match &self.selection {
            Selection::Key(key) if self.route_key.as_ref().is_some_and(|it| it.as_str() == key) => {
                f.write_str("the expression names it")
            }
            Selection::Key(key) if key.parse().is_ok_and(|key: RouteKey| key.is_lifecycle()) => {
                write!(f, "`{key}` cannot be chosen by a message")
            }
            Selection::Key(key) => write!(f, "the expression gives `{key}`, which is no route"),
            Selection::Missing => {
                f.write_str("the message holds nothing where the expression looks")
            }
            Selection::NotJson => f.write_str("the message is not JSON"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    const JOIN: &str = r#"{"service":"chat","action":"join","data":{"room":"room1234"}}"#;

    fn key(expression: &str, message: &str) -> Selection {
        select(
            &SelectionExpression::parse(expression).unwrap(),
            &Message::new(message),
        )
    }

    // The table of the developer guide (websocket-api-develop-routes), and keys with a hyphen (seen
    // live, localstack issue 7153).
    #[rstest]
    #[case("$request.body.action", JOIN, "join")]
    #[case("${request.body.action}", JOIN, "join")]
    #[case("${request.body.service}/${request.body.action}", JOIN, "chat/join")]
    #[case("${request.body.action}-${request.body.invalidPath}", JOIN, "join-")]
    #[case("action", JOIN, "action")]
    #[case("\\$default", JOIN, "$default")]
    #[case("$request.body.data.room", JOIN, "room1234")]
    #[case("$request.body.detail-type", r#"{"detail-type":"x"}"#, "x")]
    #[case(
        "$request.body.list",
        r#"{"list":["item1","item2"]}"#,
        "[item1, item2]"
    )]
    #[case("$request.body.n", r#"{"n":1}"#, "1")]
    #[case("$request.body.b", r#"{"b":true}"#, "true")]
    // Both readers that API Gateway may have take these.
    #[case("$request.body.action", r#"{"action":"join","text":"\ud83d"}"#, "join")]
    #[case(
        "$request.body.action",
        r#"{"action":"join","\ude00":"\ude00\ud83d"}"#,
        "join"
    )]
    #[case("$request.body.action", r#"{"action":"\ud83d\ude00"}"#, "😀")]
    #[case("$request.body.action", r#"{"action":"\ud83d"}"#, "\u{FFFD}")]
    #[case("$request.body.action", r#"{"action":"join","n":1E400}"#, "join")]
    #[case("$request.body.action", r#"{"action":"join","n":-1.5e-400}"#, "join")]
    #[case("$request.body.action", r#"{"action":-0}"#, "0")]
    fn expressions_give_keys(
        #[case] expression: &str,
        #[case] message: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(
            key(expression, message),
            Selection::Key(expected.to_owned())
        );
    }

    #[rstest]
    #[case("$request.body.action", "hi", Selection::NotJson)]
    #[case("$request.body.action", "", Selection::NotJson)]
    #[case("$request.body.action", "{}", Selection::Missing)]
    #[case("$request.body.action", r#"{"action":null}"#, Selection::Missing)]
    #[case("$request.body.action", r#"{"Action":"x"}"#, Selection::Missing)]
    #[case("$request.body.action", r#""text""#, Selection::Missing)]
    #[case("static", "hi", Selection::Key("static".to_owned()))]
    fn what_gives_no_key(
        #[case] expression: &str,
        #[case] message: &str,
        #[case] expected: Selection,
    ) {
        assert_eq!(key(expression, message), expected);
    }

    #[test]
    fn long_numbers_and_deep_values_keep_the_route() {
        let digits = "7".repeat(400);
        let message = |value: &str| format!(r#"{{"action":"join","x":{value}}}"#);
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        for value in [digits.clone(), nested(127), nested(128), nested(399)] {
            let expected = Selection::Key("join".to_owned());
            assert_eq!(key("$request.body.action", &message(&value)), expected);
        }
        let selected = key("$request.body.x", &message(&digits));
        assert_eq!(selected, Selection::Key(digits));
        for depth in [400, 100_000] {
            let selected = key("$request.body.action", &message(&nested(depth)));
            assert_eq!(selected, Selection::NotJson);
        }
    }

    // A client must not reach `$connect` by naming it (the hole that several emulators have).
    #[rstest]
    #[case("$connect")]
    #[case("$disconnect")]
    fn lifecycle_routes_are_not_for_messages(#[case] action: &str) {
        let choice = choose(
            Selection::Key(action.to_owned()),
            &routes(&["$connect", "$disconnect", "sendmessage"]),
        );
        assert_eq!(choice.route_key, None);
        let choice = choose(
            Selection::Key(action.to_owned()),
            &routes(&["$connect", "$default"]),
        );
        assert_eq!(choice.route_key, Some(RouteKey::Default));
    }

    #[test]
    fn other_names_with_a_dollar_are_no_keys() {
        assert_eq!("$Connect".parse::<RouteKey>(), Err(InvalidRouteKey));
        assert_eq!("$".parse::<RouteKey>(), Err(InvalidRouteKey));
    }

    fn routes(keys: &[&str]) -> IndexMap<RouteKey, ()> {
        let keys = keys.iter().map(|key| (key.parse().unwrap(), ()));
        keys.collect()
    }

    proptest! {
        // A key is its text: it is read back, and keys compare and hash as their texts do.
        #[test]
        fn keys_are_their_texts(
            one in "[a-c$]{0,2}|[$]default|[$]connect|[$]disconnect",
            other in "[a-c$]{0,2}|[$]default|[$]connect|[$]disconnect",
        ) {
            let parsed = [&one, &other].map(|text| text.parse::<RouteKey>());
            if let [Ok(first), Ok(second)] = parsed {
                prop_assert_eq!(first.to_string(), &*one);
                prop_assert_eq!(first.cmp(&second), one.cmp(&other));
                prop_assert_eq!(first == second, one == other);
                let map = IndexMap::from([(first, ())]);
                prop_assert!(map.contains_key(&*one));
                prop_assert_eq!(map.contains_key(&second), one == other);
            }
        }

        // The choice is the key itself when it is a route, `$default` when there is one, else none.
        #[test]
        fn exact_then_default_then_none(
            keys in proptest::collection::vec(
                "[a-c]{1,2}|[$]default|[$]connect|[$]disconnect",
                0..5,
            ),
            wanted in "[a-c]{1,2}|[$]default|[$]connect|[$]disconnect",
        ) {
            let texts: Vec<&str> = keys.iter().map(String::as_str).collect();
            let choice = choose(Selection::Key(wanted.clone()), &routes(&texts));
            let is_message = wanted != "$connect" && wanted != "$disconnect";
            let expected = if keys.contains(&wanted) && is_message {
                Some(wanted)
            } else {
                keys.contains(&"$default".to_owned()).then(|| "$default".to_owned())
            };
            prop_assert_eq!(choice.route_key.map(|key| key.to_string()), expected);
        }

        // What stands where the expression looks is the key. Half a message is not JSON.
        #[test]
        fn a_message_gives_what_stands_in_it(
            name in "[a-z]{1,3}",
            inner in "[a-z]{1,3}",
            wanted in "[a-z]{1,3}",
            value in crate::strategy::json_value().prop_filter(
                "text has its own form",
                |it| !it.is_array() && !it.is_object(),
            ),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut message = json!({"n": 1, name.as_str(): {inner.as_str(): value}}).to_string();
            let expression = format!("$request.body.{name}.{wanted}");
            let found = if wanted == inner { &value } else { &Value::Null };
            let expected = match found {
                _ if cut.is_some() => Selection::NotJson,
                Value::Null => Selection::Missing,
                Value::String(text) if text.is_empty() => Selection::Missing,
                Value::String(text) => Selection::Key(text.clone()),
                other => Selection::Key(other.to_string()),
            };
            if let Some(cut) = cut {
                let ends: Vec<usize> = message.char_indices().map(|(end, _)| end).collect();
                message.truncate(ends[cut.index(ends.len())]);
            }
            prop_assert_eq!(key(&expression, &message), expected);
        }
    }
}
