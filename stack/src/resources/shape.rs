//! Values inside of a property: maps with the members that CloudFormation knows, one of several
//! words, numbers and booleans; each with an error that says what would be right.

use std::ops::RangeInclusive;

use velocity::suggest::nearest;

use crate::document::source::Source;
use crate::document::value::Value;
use crate::error::{Error, ErrorKind, Span};
use crate::resources::draft::Draft;
use crate::resources::meant::meant;

/// A map that is part of a property.
pub(crate) struct Shape<'v> {
    /// How messages call it.
    what: String,
    value: &'v Value,
    /// Whether it has a member that is not known, which may be one that is missing.
    has_unknown: bool,
}

impl<'v> Shape<'v> {
    /// The map, if it is one. A member that is not known is an error, as CloudFormation refuses it.
    pub(crate) fn new(
        draft: &mut Draft<'_>,
        value: &'v Value,
        what: impl Into<String>,
        known: &[&str],
    ) -> Option<Self> {
        let what = what.into();
        let entries = value.expect_map(draft.source(), &what);
        let mut has_unknown = false;
        for (key, _) in draft.take(entries)? {
            if known.contains(&&*key.text) {
                continue;
            }
            has_unknown = true;
            let help = match nearest(&key.text, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its members are `{}`", known.join("`, `")),
            };
            let message = format!("{what} has no member `{}`", key.text);
            draft.error_with_help(key.span.clone(), ErrorKind::Value(message), &help);
        }
        Some(Self {
            what,
            value,
            has_unknown,
        })
    }

    pub(crate) fn span(&self) -> Span {
        self.value.span.clone()
    }

    /// A member, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&'v Value> {
        self.value.get(name).filter(|value| !value.is_nothing())
    }

    /// A member that must be there.
    pub(crate) fn required(&self, draft: &mut Draft<'_>, name: &str) -> Option<&'v Value> {
        let found = self.get(name);
        if found.is_none() && !self.has_unknown {
            let message = format!("{} has no `{name}`", self.what);
            let help = format!("add `{name}`, which CloudFormation requires");
            draft.error_with_help(self.span(), ErrorKind::Value(message), &help);
        }
        found
    }

    /// A text that must be there.
    pub(crate) fn text(&self, draft: &mut Draft<'_>, name: &str) -> Option<&'v str> {
        let value = self.required(draft, name)?;
        let text = value.expect_text(draft.source(), &self.member(name));
        draft.take(text)
    }

    /// One of several words that must be there.
    pub(crate) fn word(
        &self,
        draft: &mut Draft<'_>,
        name: &str,
        allowed: &[&str],
    ) -> Option<&'v str> {
        let value = self.required(draft, name)?;
        let word = word(draft.source(), value, &self.member(name), allowed);
        draft.take(word)
    }

    /// A number, if it is there.
    pub(crate) fn number(
        &self,
        draft: &mut Draft<'_>,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.as_number().filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            let message = match *most {
                u64::MAX => format!("{} must be a number from {least}", self.member(name)),
                most => format!(
                    "{} must be a number from {least} to {most}",
                    self.member(name)
                ),
            };
            draft.error(value.span.clone(), ErrorKind::Value(message));
        }
        number
    }

    /// A boolean that must be there.
    pub(crate) fn flag(&self, draft: &mut Draft<'_>, name: &str) -> Option<bool> {
        let value = self.required(draft, name)?;
        let flag = value.as_flag();
        if flag.is_none() {
            let message = format!("{} must be `true` or `false`", self.member(name));
            draft.error(value.span.clone(), ErrorKind::Value(message));
        }
        flag
    }

    fn member(&self, name: &str) -> String {
        format!("`{name}` of {}", self.what)
    }
}

/// The items of a list.
pub(crate) fn list<'v>(draft: &mut Draft<'_>, value: &'v Value, what: &str) -> Option<&'v [Value]> {
    let items = value.expect_list(draft.source(), what);
    draft.take(items)
}

/// One of several words.
pub(crate) fn word<'v>(
    source: &Source,
    value: &'v Value,
    what: &str,
    allowed: &[&str],
) -> Result<&'v str, Error> {
    let text = value.expect_text(source, what)?;
    if allowed.contains(&text) {
        return Ok(text);
    }
    Err(source.report(
        value.span.clone(),
        ErrorKind::Value(not_one_of(what, text, allowed)),
        meant(text, allowed).as_deref(),
    ))
}

/// What is said of a word that is not one of several: `what` must be one of them.
pub(crate) fn not_one_of(what: &str, text: &str, allowed: &[&str]) -> String {
    let list = match allowed {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [first @ .., last] => format!("`{}` or `{last}`", first.join("`, `")),
    };
    format!("{what} is `{text}`: it must be {list}")
}
