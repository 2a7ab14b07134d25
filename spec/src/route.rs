#![doc = include_str!("../requirements/route.md")]

use std::fmt;

use crate::selection::SelectionExpression;
use crate::template::Document;

/// What the route selection expression gave for one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A key to look up.
    Key(String),
    /// The message is JSON, but holds nothing where the expression looks (ROUTE-13, ROUTE-23).
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
    pub route_key: Option<String>,
}

/// Evaluates a route selection expression against a message (ROUTE-9, ROUTE-11, ROUTE-12): the body alone (ROUTE-44), as JSON
/// in the strict sense (ROUTE-28). An expression that does not look into the message needs none (ROUTE-14, ROUTE-46).
pub fn select(expression: &SelectionExpression, message: &str) -> Selection {
    let document = if expression
        .variables()
        .any(|name| name.starts_with("request.body"))
    {
        match Document::parse(message) {
            Ok(document) => Some(document),
            Err(_) => return Selection::NotJson,
        }
    } else {
        None
    };
    let key = expression.evaluate(|name| body_variable(document.as_ref()?, name));
    if key.is_empty() {
        Selection::Missing
    } else {
        Selection::Key(key)
    }
}

/// Chooses among `route_keys`: the key that the selection names exactly (ROUTE-1, ROUTE-20), else `$default` (ROUTE-2, ROUTE-4), else none
/// (ROUTE-3, ROUTE-5). `$connect` and `$disconnect` are chosen by what happens to the connection, never by a message (ROUTE-6, ROUTE-7).
pub fn choose<'a>(
    selection: Selection,
    mut route_keys: impl Iterator<Item = &'a str> + Clone,
) -> RouteChoice {
    let named = match &selection {
        Selection::Key(key) if !is_lifecycle(key) => route_keys.clone().find(|name| name == key),
        _ => None,
    };
    let route_key = named
        .or_else(|| route_keys.find(|name| *name == DEFAULT))
        .map(str::to_owned);
    RouteChoice {
        selection,
        route_key,
    }
}

/// The value of a `request.body…` variable: everything behind it is JSONPath (ROUTE-17 to ROUTE-19). `None` for other variables and where nothing is found.
pub(crate) fn body_variable(document: &Document, name: &str) -> Option<String> {
    let path = name.strip_prefix("request.body")?;
    document.text_at(&format!("${path}"))
}

/// The key of the route for everything that no other route takes.
pub const DEFAULT: &str = "$default";
/// The key of the route that runs before a connection is there.
pub const CONNECT: &str = "$connect";
/// The key of the route that runs after a connection has gone.
pub const DISCONNECT: &str = "$disconnect";

fn is_lifecycle(key: &str) -> bool {
    matches!(key, CONNECT | DISCONNECT)
}

impl fmt::Display for RouteChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route_key {
            Some(key) => write!(f, "route `{key}`: ")?,
            None => f.write_str("no route, forbidden: ")?,
        }
        match &self.selection {
            Selection::Key(key) if self.route_key.as_ref() == Some(key) => {
                f.write_str("the expression names it")
            }
            Selection::Key(key) if is_lifecycle(key) => {
                write!(f, "`{key}` can not be chosen by a message")
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

    const JOIN: &str = r#"{"service":"chat","action":"join","data":{"room":"room1234"}}"#;

    fn key(expression: &str, message: &str) -> Selection {
        select(&SelectionExpression::parse(expression).unwrap(), message)
    }

    // The table of the developer guide (websocket-api-develop-routes), and keys with a hyphen (seen live, localstack issue 7153).
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

    // A client must not reach `$connect` by naming it (the hole that several emulators have).
    #[rstest]
    #[case("$connect")]
    #[case("$disconnect")]
    fn lifecycle_routes_are_not_for_messages(#[case] action: &str) {
        let keys = ["$connect", "$disconnect", "sendmessage"];
        let choice = choose(Selection::Key(action.to_owned()), keys.into_iter());
        assert_eq!(choice.route_key, None);
        let choice = choose(
            Selection::Key(action.to_owned()),
            ["$connect", "$default"].into_iter(),
        );
        assert_eq!(choice.route_key.as_deref(), Some("$default"));
    }

    proptest! {
        // The choice is the key itself when it is a route, `$default` when there is one, else none.
        #[test]
        fn exact_then_default_then_none(
            keys in proptest::collection::vec("[a-c]{1,2}|[$]default|[$]connect|[$]disconnect", 0..5),
            wanted in "[a-c]{1,2}|[$]default|[$]connect|[$]disconnect",
        ) {
            let choice = choose(Selection::Key(wanted.clone()), keys.iter().map(String::as_str));
            let expected = if keys.contains(&wanted) && wanted != "$connect" && wanted != "$disconnect" {
                Some(wanted)
            } else {
                keys.contains(&"$default".to_owned()).then(|| "$default".to_owned())
            };
            prop_assert_eq!(choice.route_key, expected);
        }

        #[test]
        fn no_message_panics(message: String) {
            key("$request.body.action", &message);
        }
    }
}
