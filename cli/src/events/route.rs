//! Whose event is asked for.

use spec::Api;
use spec::route::RouteKey;
use velocity::suggest::nearest;

use crate::Failure;

/// Whose event is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// That of the authorizer of `$connect`.
    Authorizer,
    /// That of `$connect`.
    Connect,
    /// That of `$disconnect`.
    Disconnect,
    /// A message's: of this route, or of any.
    Message(Option<RouteKey>),
}

/// The word for the authorizer.
pub(super) const AUTHORIZER: &str = "authorizer";
/// The word for whichever route a message selects.
const MESSAGE: &str = "message";

impl Asked {
    /// What a word means in an API. The routes' keys go before other words.
    pub(super) fn read(word: &str, api: &Api, has_message: bool) -> Result<Self, Failure> {
        let own = api.routes.get_key_value(word).map(|(key, _)| key);
        let with_dollar = format!("${word}");
        let lifecycle = api.routes.get_key_value(&*with_dollar).map(|(key, _)| key);
        match own.or(lifecycle) {
            Some(RouteKey::Connect) => return Ok(Self::Connect),
            Some(RouteKey::Disconnect) => return Ok(Self::Disconnect),
            Some(key) => return Ok(Self::Message(Some(key.clone()))),
            None => {}
        }
        match word {
            AUTHORIZER => Ok(Self::Authorizer),
            MESSAGE if has_message => Ok(Self::Message(None)),
            MESSAGE => Err(Failure::usage(
                "`message` needs one: `--message TEXT`, or name a route",
            )),
            _ => Err(Failure::usage(unknown(word, api))),
        }
    }

    /// Whether it belongs to the handshake's request.
    pub(super) fn is_of_the_handshake(&self) -> bool {
        matches!(self, Self::Authorizer | Self::Connect)
    }
}

/// Whether the word is none for a route of one's own, as long as no template has one of this name.
pub(super) fn is_reserved(word: &str) -> bool {
    let lifecycle = ["connect", "disconnect", "default"];
    word == AUTHORIZER
        || word == MESSAGE
        || lifecycle.contains(&word.strip_prefix('$').unwrap_or(word))
}

fn unknown(word: &str, api: &Api) -> String {
    let keys: Vec<&str> = api.routes.keys().map(RouteKey::as_str).collect();
    let meant = match nearest(word, keys.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    match keys.is_empty() {
        true => format!("there is no route `{word}`: the API has none"),
        false => format!(
            "there is no route `{word}`{meant} (there are {}, and the words `authorizer` and \
             `message`)",
            keys.join(", ")
        ),
    }
}
