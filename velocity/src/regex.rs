//! Java's regular expressions, as `String.replaceAll`, `replaceFirst`, `matches` and `split` use
//! them.
//!
//! A pattern is parsed as Java parses it, then written for the underlying engine with every class
//! spelled out. A construct whose meaning would differ is an error, never a wrong match. A pattern
//! without operators needs no engine.

mod translate;

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use memchr::memmem;

use crate::error::Failure;
use crate::text::Text;

/// Which matches are replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occurrences {
    All,
    First,
}

/// A compiled pattern.
pub(crate) struct Pattern {
    matcher: Matcher,
    /// The number of capturing groups.
    groups: usize,
    names: Vec<(Box<str>, usize)>,
}

enum Matcher {
    Literal(Box<str>),
    Regex(Box<fancy_regex::Regex>),
}

/// Why a pattern cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// Java refuses it as well.
    Invalid(String),
    /// Java accepts it, but this engine has no equivalent.
    Unsupported(String),
}

impl From<PatternError> for Failure {
    fn from(error: PatternError) -> Self {
        match error {
            PatternError::Invalid(message) => Failure::new(message),
            PatternError::Unsupported(message) => Failure::unsupported(message),
        }
    }
}

/// Where groups matched, in bytes; the whole match first.
type Groups = Vec<Option<(usize, usize)>>;

impl Pattern {
    /// Compiles a Java pattern.
    pub(crate) fn compile(pattern: &Text<'_>) -> Result<Pattern, PatternError> {
        let Some(pattern) = pattern.as_str() else {
            return Err(PatternError::Unsupported(
                "a regular expression with half a surrogate pair is not supported".into(),
            ));
        };
        let translated = translate::translate(pattern)?;
        let matcher = match translated.literal {
            Some(literal) if !literal.is_empty() => Matcher::Literal(literal.into()),
            _ => {
                let regex = fancy_regex::RegexBuilder::new(&translated.pattern)
                    .backtrack_limit(1_000_000)
                    .delegate_size_limit(4 << 20)
                    .build()
                    .map_err(|error| {
                        PatternError::Unsupported(format!(
                            "the regular expression `{pattern}` is not supported: {error}"
                        ))
                    })?;
                Matcher::Regex(Box::new(regex))
            }
        };
        Ok(Pattern {
            matcher,
            groups: translated.groups,
            names: translated.names,
        })
    }

    /// The first match at or after `from`.
    fn find(&self, text: &str, from: usize) -> Result<Option<Groups>, Failure> {
        match &self.matcher {
            Matcher::Literal(literal) => {
                Ok(memmem::find(&text.as_bytes()[from..], literal.as_bytes())
                    .map(|at| vec![Some((from + at, from + at + literal.len()))]))
            }
            Matcher::Regex(regex) => {
                let captures = regex
                    .captures_from_pos(text, from)
                    .map_err(|_| too_hard())?;
                Ok(captures.map(|captures| {
                    (0..=self.groups)
                        .map(|group| {
                            captures
                                .get(group)
                                .map(|found| (found.start(), found.end()))
                        })
                        .collect()
                }))
            }
        }
    }

    /// Whether the pattern matches the empty text between any two characters.
    fn is_empty_anywhere(&self) -> Result<bool, Failure> {
        let found = self.find("\u{E000}\u{E000}", 3)?;
        Ok(found.is_some_and(|groups| groups.first() == Some(&Some((3, 3)))))
    }

    /// All matches in order, as Java finds them: an empty one may directly follow another.
    fn each(
        &self,
        text: &str,
        mut visit: impl FnMut(&Groups) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let mut from = 0;
        while from <= text.len() {
            let Some(groups) = self.find(text, from)? else {
                return Ok(());
            };
            let Some(Some((start, end))) = groups.first().copied() else {
                return Ok(());
            };
            if !visit(&groups)? {
                return Ok(());
            }
            if end > start {
                from = end;
                continue;
            }
            let next = text[end..].chars().next().map_or(1, char::len_utf8);
            if next == 4 && self.is_empty_anywhere()? {
                return Err(Failure::unsupported(
                    "an empty match inside a surrogate pair is not supported",
                ));
            }
            from = end + next;
        }
        Ok(())
    }

    /// `String.matches`: whether the whole text matches. The pattern must have been compiled with
    /// [`Pattern::whole`].
    pub(crate) fn matches(pattern: &Text<'_>, text: &Text<'_>) -> Result<bool, Failure> {
        let Some(source) = pattern.as_str() else {
            return Err(Failure::unsupported(
                "a regular expression with half a surrogate pair is not supported",
            ));
        };
        // Compiled on its own first: inside a group, an unbalanced parenthesis would go unnoticed.
        let alone = Pattern::compile(pattern)?;
        let text = well_formed(text)?;
        if let Matcher::Literal(literal) = &alone.matcher {
            return Ok(**literal == *text);
        }
        let whole = Pattern::compile(&Text::from(format!("\\A(?:{source})\\z")))?;
        Ok(whole.find(text, 0)?.is_some())
    }

    /// The literal text and its replacement, if neither has special characters.
    pub(crate) fn literally<'t>(&'t self, replacement: &'t Text<'_>) -> Option<(&'t str, &'t str)> {
        match &self.matcher {
            Matcher::Literal(literal) => replacement
                .as_str()
                .filter(|text| !text.contains(['\\', '$']))
                .map(|replacement| (&**literal, replacement)),
            Matcher::Regex(_) => None,
        }
    }

    /// `String.replaceAll` and `replaceFirst`.
    pub(crate) fn replace<'a>(
        &self,
        text: &Text<'a>,
        replacement: &Text<'_>,
        occurrences: Occurrences,
    ) -> Result<Text<'a>, Failure> {
        let subject = well_formed(text)?;
        let replacement = well_formed(replacement)?;
        if let (Matcher::Literal(literal), None) = (&self.matcher, replacement.find(['\\', '$'])) {
            return Ok(replace_literal(
                text,
                subject,
                literal,
                replacement,
                occurrences,
            ));
        }
        let mut result: Option<String> = None;
        let mut copied = 0;
        self.each(subject, |groups| {
            let (start, end) = groups[0].unwrap_or((0, 0));
            let result = result.get_or_insert_with(|| String::with_capacity(subject.len()));
            result.push_str(&subject[copied..start]);
            self.expand(replacement, subject, groups, result)?;
            copied = end;
            if result.len() > MAX_REPLACED {
                return Err(Failure::bound("the replaced text grows too large"));
            }
            Ok(occurrences == Occurrences::All)
        })?;
        Ok(match result {
            None => text.clone(),
            Some(mut result) => {
                result.push_str(&subject[copied..]);
                Text::from(result)
            }
        })
    }

    /// `\x` is `x`, `$1` and `${name}` are groups.
    fn expand(
        &self,
        replacement: &str,
        subject: &str,
        groups: &Groups,
        result: &mut String,
    ) -> Result<(), Failure> {
        let mut characters = replacement.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some(literal) => result.push(literal),
                    None => {
                        return Err(Failure::new(
                            "the replacement ends in `\\`: the character to be escaped is missing",
                        ));
                    }
                },
                '$' => {
                    let group = self.group(&mut characters)?;
                    if let Some(Some((start, end))) = groups.get(group) {
                        result.push_str(&subject[*start..*end]);
                    }
                }
                literal => result.push(literal),
            }
        }
        Ok(())
    }

    /// The group that `$` and what follows it in a replacement stand for.
    fn group(&self, characters: &mut Peekable<Chars<'_>>) -> Result<usize, Failure> {
        let group = match characters.next() {
            Some('{') => {
                let name: String = characters.by_ref().take_while(|&c| c != '}').collect();
                let found = self.names.iter().find(|(known, _)| **known == *name);
                found
                    .map(|&(_, group)| group)
                    .ok_or_else(|| Failure::new(format!("no group with name `{name}`")))?
            }
            Some(digit) if digit.is_ascii_digit() => {
                let mut group = digit.to_digit(10).unwrap_or(0) as usize;
                if group > self.groups {
                    return Err(Failure::new(format!(
                        "the replacement names group `{group}`, which the pattern lacks"
                    )));
                }
                while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer > self.groups {
                        break;
                    }
                    group = longer;
                    characters.next();
                }
                group
            }
            _ => {
                return Err(Failure::new(
                    "illegal group reference in the replacement: `$` must be followed \
                     by a group",
                ));
            }
        };
        Ok(group)
    }

    /// `String.split`: a limit of 0 drops trailing empty parts.
    pub(crate) fn split<'a>(&self, text: &Text<'a>, limit: i32) -> Result<Vec<Text<'a>>, Failure> {
        let subject = well_formed(text)?;
        let part = |start: usize, end: usize| Text::from(subject[start..end].to_owned());
        let mut parts = Vec::new();
        let mut index = 0;
        let mut moved = false;
        self.each(subject, |groups| {
            let (start, end) = groups[0].unwrap_or((0, 0));
            if limit > 0 && parts.len() + 1 >= limit.unsigned_abs() as usize {
                return Ok(false);
            }
            if index == 0 && start == 0 && end == 0 {
                return Ok(true);
            }
            parts.push(part(index, start));
            index = end;
            moved = true;
            Ok(true)
        })?;
        if !moved {
            return Ok(vec![text.clone()]);
        }
        parts.push(part(index, subject.len()));
        if limit == 0 {
            while parts.last().is_some_and(Text::is_empty) {
                parts.pop();
            }
        }
        Ok(parts)
    }
}

const MAX_REPLACED: usize = 64 << 20;

fn too_hard() -> Failure {
    Failure::bound("the regular expression needs too many steps on this text")
}

fn well_formed<'t>(text: &'t Text<'_>) -> Result<&'t str, Failure> {
    text.as_str().ok_or_else(|| {
        Failure::unsupported(
            "regular expressions on text with half a surrogate pair are not supported",
        )
    })
}

fn replace_literal<'a>(
    text: &Text<'a>,
    subject: &str,
    literal: &str,
    replacement: &str,
    occurrences: Occurrences,
) -> Text<'a> {
    let mut found = memmem::find_iter(subject.as_bytes(), literal.as_bytes())
        .take(match occurrences {
            Occurrences::All => usize::MAX,
            Occurrences::First => 1,
        })
        .peekable();
    if found.peek().is_none() {
        return text.clone();
    }
    let mut result = String::with_capacity(subject.len());
    let mut copied = 0;
    for at in found {
        result.push_str(&subject[copied..at]);
        result.push_str(replacement);
        copied = at + literal.len();
    }
    result.push_str(&subject[copied..]);
    Text::from(result)
}

/// A Java regular expression, for hosts.
#[derive(Clone, Debug)]
pub struct Regex(std::sync::Arc<Pattern>);

impl Regex {
    /// Compiles a pattern that a text must match as a whole.
    ///
    /// # Errors
    /// If Java refuses the pattern, or this engine has no equivalent.
    pub fn new(pattern: &str) -> Result<Self, Failure> {
        Pattern::compile(&Text::from(pattern))?;
        // Flags at the start stay in force inside the group.
        let whole = Pattern::compile(&Text::from(format!("\\A(?:{pattern})\\z")))?;
        Ok(Regex(std::sync::Arc::new(whole)))
    }

    /// Whether the whole text matches. A text that takes too many steps does not.
    pub fn matches(&self, text: &str) -> bool {
        matches!(self.0.find(text, 0), Ok(Some(_)))
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.matcher {
            Matcher::Literal(literal) => write!(f, "Pattern(literal {literal:?})"),
            Matcher::Regex(regex) => write!(f, "Pattern({regex:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn replace_all(text: &str, pattern: &str, replacement: &str) -> Result<String, Failure> {
        let pattern = Pattern::compile(&Text::from(pattern))?;
        pattern
            .replace(
                &Text::from(text),
                &Text::from(replacement),
                Occurrences::All,
            )
            .map(|text| text.to_string())
    }

    #[rstest]
    #[case("it\\'s", r"\\'", "'", "it's")]
    #[case("abc", "x*", "-", "-a-b-c-")]
    #[case("xab", "x*", "-", "--a-b-")]
    #[case("a1b22", r"(\d+)", "<$1>", "a<1>b<22>")]
    #[case("aXbx", "(?i)x", "", "ab")]
    #[case("a.b", r"\.", r"\\", r"a\b")]
    #[case("foo\n", "o$", "0", "fo0\n")]
    #[case("éa", r"\w", "_", "é_")]
    #[case("aaa", "a{2}", "b", "ba")]
    #[case("x-y", "[a-z&&[^x]]", "!", "x-!")]
    fn replaces_as_java_does(
        #[case] text: &str,
        #[case] pattern: &str,
        #[case] with: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(replace_all(text, pattern, with).as_deref(), Ok(expected));
    }

    #[rstest]
    #[case("a", "a", "$2")]
    #[case("a", "a", "\\")]
    #[case("a", "(", "")]
    #[case("a", "*", "")]
    #[case("a", "a{1", "")]
    fn refuses_what_java_refuses(#[case] text: &str, #[case] pattern: &str, #[case] with: &str) {
        assert!(replace_all(text, pattern, with).is_err());
    }

    #[rstest]
    #[case("a,b,,", ",", 0, &["a", "b"])]
    #[case("a,b,,", ",", -1, &["a", "b", "", ""])]
    #[case("a,b,c", ",", 2, &["a", "b,c"])]
    #[case("abc", "", 0, &["a", "b", "c"])]
    #[case("", ",", 0, &[""])]
    #[case(",", ",", 0, &[])]
    #[case(",a", ",", 0, &["", "a"])]
    fn splits_as_java_does(
        #[case] text: &str,
        #[case] pattern: &str,
        #[case] limit: i32,
        #[case] expected: &[&str],
    ) {
        let pattern = Pattern::compile(&Text::from(pattern)).expect("valid");
        let parts = pattern.split(&Text::from(text), limit).expect("splits");
        assert_eq!(
            parts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn matches_means_all_of_it() {
        let matches =
            |pattern: &str, text: &str| Pattern::matches(&Text::from(pattern), &Text::from(text));
        assert_eq!(matches("a|ab", "ab"), Ok(true));
        assert_eq!(matches("a.c", "a\nc"), Ok(false));
        assert_eq!(matches("\\d+", "12a"), Ok(false));
    }
}
