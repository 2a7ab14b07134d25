//! Where the output is: in JSON, in a form, in XML or in a text.

use std::ops::Range;

use super::Output;
use super::json::{Position, Problem, Quotes, Trouble};
use super::value::{Holds, Piece, Wrap};

/// Where the output is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Json {
        /// Every exact position that is possible; empty if nothing is known.
        exact: Vec<Position>,
        quotes: Quotes,
    },
    Form,
    Xml(Markup),
    Text,
}

/// Where the output is in XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Markup {
    Text,
    /// Between `<` and `>`.
    Tag,
    /// In `<![CDATA[`, with how much of its end was seen.
    Data(u8),
}

/// What a text did to the position.
pub(super) enum Fed {
    Fine,
    /// Some paths to here do not give JSON.
    PathBroken,
    /// No path gives JSON: the text is wrong from this byte on.
    Broken(usize),
}

/// How many positions are followed at once.
const MOST: usize = 16;

impl Place {
    pub(super) fn start(output: Output) -> Self {
        match output {
            Output::Json => Place::Json {
                exact: vec![Position::start()],
                quotes: Quotes::Outside,
            },
            Output::Form => Place::Form,
            Output::Xml => Place::Xml(Markup::Text),
            Output::Text => Place::Text,
        }
    }

    /// Moves past a text.
    pub(super) fn feed(&mut self, text: &str, found: &mut Vec<Trouble>) -> Fed {
        match self {
            Place::Json { exact, quotes } => {
                quotes.feed(text);
                let before = exact.len();
                let mut last = 0;
                exact.retain_mut(|position| match position.feed(text) {
                    Ok(()) => true,
                    Err(broken) => {
                        last = last.max(broken.0);
                        false
                    }
                });
                for position in exact.iter_mut() {
                    found.append(&mut position.found);
                }
                match exact.len() {
                    after if after == before => Fed::Fine,
                    0 => Fed::Broken(last),
                    _ => Fed::PathBroken,
                }
            }
            Place::Xml(markup) => {
                for (at, char) in text.char_indices() {
                    *markup = markup.past(char, &text[at..]);
                }
                Fed::Fine
            }
            Place::Form | Place::Text => Fed::Fine,
        }
    }

    /// Moves past a value that is printed at `span`. False if nothing is known from here on.
    pub(super) fn insert(
        &mut self,
        piece: &Piece,
        span: &Range<usize>,
        found: &mut Vec<Trouble>,
    ) -> bool {
        let trouble = |problem| Trouble {
            problem,
            span: span.clone(),
            piece: piece.clone(),
            levels: 0,
            encoded: false,
        };
        match self {
            Place::Json { exact, quotes } => {
                if exact.is_empty() {
                    let mut position = match quotes {
                        Quotes::Inside | Quotes::Escaped => Position::in_string(),
                        Quotes::Outside => Position::outside(),
                        Quotes::Unknown => return true,
                    };
                    position.insert(piece, span);
                    found.append(&mut position.found);
                    return true;
                }
                let mut troubles: Vec<Vec<Trouble>> = Vec::new();
                for position in exact.iter_mut() {
                    position.insert(piece, span);
                    troubles.push(std::mem::take(&mut position.found));
                }
                // Some of the positions may be impossible: what is wrong at all of them counts.
                if troubles.iter().all(|each| !each.is_empty()) {
                    found.extend(troubles.into_iter().next().unwrap_or_default());
                } else if troubles.iter().any(|each| !each.is_empty()) {
                    found.push(trouble(Problem::Misfit));
                }
                true
            }
            Place::Form => {
                match piece.holds {
                    Holds::Number | Holds::Scalar | Holds::Encoded | Holds::Own => {}
                    Holds::Foreign(_) | Holds::Json(_) => found.push(trouble(Problem::Unescaped)),
                    _ => found.push(trouble(Problem::Misfit)),
                }
                true
            }
            Place::Xml(_) => {
                let is_escaped = piece.wraps.last() == Some(&Wrap::Entities);
                match piece.holds {
                    Holds::Number | Holds::Scalar | Holds::Encoded | Holds::Own => {}
                    _ if is_escaped => {}
                    Holds::Foreign(_) | Holds::Json(_) => found.push(trouble(Problem::Unescaped)),
                    _ => found.push(trouble(Problem::Misfit)),
                }
                true
            }
            Place::Text => true,
        }
    }

    /// From here on the position in the JSON is unknown.
    pub(super) fn lose(&mut self) {
        match self {
            Place::Json { exact, .. } => exact.clear(),
            Place::Form | Place::Xml(_) | Place::Text => {}
        }
    }

    /// One of two places. False if that is not known.
    pub(super) fn join(&mut self, other: &Place) -> bool {
        match (&mut *self, other) {
            (
                Place::Json { exact, quotes },
                Place::Json {
                    exact: others,
                    quotes: theirs,
                },
            ) => {
                if *quotes != *theirs {
                    *quotes = Quotes::Unknown;
                }
                if exact.is_empty() || others.is_empty() {
                    let same = exact.is_empty() && others.is_empty();
                    exact.clear();
                    return same;
                }
                for position in others {
                    if !exact.contains(position) {
                        exact.push(position.clone());
                    }
                }
                if exact.len() > MOST {
                    exact.clear();
                    return false;
                }
                true
            }
            (mine, theirs) if *mine == *theirs => true,
            (Place::Xml(markup), _) => {
                *markup = Markup::Text;
                true
            }
            _ => true,
        }
    }

    /// Whether a JSON value must follow, for all that is known.
    pub(super) fn expects_value(&self) -> bool {
        match self {
            Place::Json { exact, .. } => {
                !exact.is_empty() && exact.iter().all(Position::expects_value)
            }
            Place::Form | Place::Xml(_) | Place::Text => false,
        }
    }

    /// Whether the output may end here, for all that is known.
    pub(super) fn is_end(&self) -> bool {
        match self {
            Place::Json { exact, .. } => exact.iter().all(Position::is_end),
            Place::Form | Place::Xml(_) | Place::Text => true,
        }
    }

    /// Whether the output cannot end here.
    pub(super) fn cannot_end(&self) -> bool {
        match self {
            Place::Json { exact, .. } => !exact.is_empty() && !exact.iter().any(Position::is_end),
            Place::Form | Place::Xml(_) | Place::Text => false,
        }
    }
}

impl Markup {
    fn past(self, char: char, rest: &str) -> Self {
        match (self, char) {
            (Markup::Text, '<') if rest.starts_with("<![CDATA[") => Markup::Data(0),
            (Markup::Text, '<') => Markup::Tag,
            (Markup::Tag, '>') => Markup::Text,
            (Markup::Data(2), '>') => Markup::Text,
            (Markup::Data(seen), ']') => Markup::Data((seen + 1).min(2)),
            (Markup::Data(_), _) => Markup::Data(0),
            (same, _) => same,
        }
    }
}
