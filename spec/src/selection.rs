//! Selection expressions: `$` starts a variable, `${…}` sets its limits, `\$` is a dollar,
//! everything else stands for itself; evaluated in one pass.
//!
//! Realises: ROUTE-9 to ROUTE-16

use std::fmt;

use serde_json::Value;

/// A parsed selection expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectionExpression {
    parts: Vec<Part>,
}

/// A selection expression that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("selection expression `{expression}`: {problem} at character {position}")]
pub struct SelectionExpressionError {
    /// The expression.
    pub expression: String,
    /// Where, in characters from 1.
    pub position: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A variable without its dollar and braces, such as `request.body.action`.
    Variable(String),
}

impl SelectionExpression {
    /// Reads an expression.
    ///
    /// # Errors
    /// A `$` that no name follows, or a `${` without its `}`.
    pub fn parse(expression: &str) -> Result<Self, SelectionExpressionError> {
        let chars: Vec<char> = expression.chars().collect();
        let error = |position: usize, problem| SelectionExpressionError {
            expression: expression.to_owned(),
            position: position + 1,
            problem,
        };
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            if c == '\\' && chars.get(at + 1) == Some(&'$') {
                text.push('$');
                at += 2;
                continue;
            }
            if c != '$' {
                text.push(c);
                at += 1;
                continue;
            }
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            let (name, next) = if chars.get(at + 1) == Some(&'{') {
                let end = chars[at..]
                    .iter()
                    .position(|&c| c == '}')
                    .ok_or_else(|| error(at, "`${` without `}`"))?;
                (chars[at + 2..at + end].iter().collect(), at + end + 1)
            } else {
                let length = chars[at + 1..]
                    .iter()
                    .take_while(|&&c| c.is_alphanumeric() || "._-[]'\"*@".contains(c))
                    .count();
                (
                    chars[at + 1..at + 1 + length].iter().collect::<String>(),
                    at + 1 + length,
                )
            };
            if name.is_empty() {
                return Err(error(at, "`$` without a name (write `\\$` for a dollar)"));
            }
            parts.push(Part::Variable(name));
            at = next;
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self { parts })
    }

    /// The expression's variables, without dollar and braces.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The expression's value; a variable that `resolve` knows nothing of counts as empty.
    pub fn evaluate(&self, mut resolve: impl FnMut(&str) -> Option<String>) -> String {
        if let [Part::Variable(name)] = self.parts.as_slice() {
            return resolve(name).unwrap_or_default();
        }
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable(name) => resolve(name).unwrap_or_default(),
            })
            .collect()
    }

    /// The smallest message of which the expression makes `key`, if it looks at one member of the
    /// message, and at nothing else.
    pub fn smallest_message(&self, key: &str) -> Option<String> {
        let mut variables = self.variables();
        let (variable, None) = (variables.next()?, variables.next()) else {
            return None;
        };
        let path = variable.strip_prefix("request.body.")?;
        let is_plain = |name: &str| {
            let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            !name.is_empty() && name.chars().all(is_of_name)
        };
        if !path.split('.').all(is_plain) {
            return None;
        }
        // No key has this character.
        let around = self.evaluate(|_| Some("\0".to_owned()));
        let (before, after) = around.split_once('\0')?;
        let value = key.strip_prefix(before)?.strip_suffix(after)?;
        let inner = Value::from(value).to_string();
        let nested = path.rsplit('.').fold(inner, |inside, name| {
            format!("{{{}: {inside}}}", Value::from(name))
        });
        Some(nested)
    }
}

impl fmt::Display for SelectionExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace('$', "\\$")),
            Part::Variable(name) => write!(f, "${{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("$", 1)]
    #[case("a$/b", 2)]
    #[case("x${request.body.a", 2)]
    #[case("${}", 1)]
    fn errors_point_at_the_dollar(#[case] expression: &str, #[case] position: usize) {
        let error = SelectionExpression::parse(expression).unwrap_err();
        assert_eq!(error.position, position);
    }

    #[rstest]
    #[case("$request.body.action", "send", Some(r#"{"action": "send"}"#))]
    #[case("${request.body.a.b-c}", "x", Some(r#"{"a": {"b-c": "x"}}"#))]
    #[case("$request.body.action", "a\"b", Some(r#"{"action": "a\"b"}"#))]
    #[case("v1/${request.body.a}", "v1/x", Some(r#"{"a": "x"}"#))]
    #[case("${request.body.a}-v1", "x-v1", Some(r#"{"a": "x"}"#))]
    #[case("v1/${request.body.a}", "x", None)]
    #[case("$context.stage", "x", None)]
    #[case("${request.body.a}/${request.body.b}", "x/y", None)]
    #[case("$request.body['a']", "x", None)]
    #[case("$request.body.a[0]", "x", None)]
    #[case("send", "send", None)]
    fn the_smallest_message(
        #[case] expression: &str,
        #[case] key: &str,
        #[case] message: Option<&str>,
    ) {
        let expression = SelectionExpression::parse(expression).unwrap();
        assert_eq!(expression.smallest_message(key).as_deref(), message);
    }

    proptest! {
        // Printing and parsing again gives the same expression, and no text makes the parser panic.
        #[test]
        fn printing_keeps_the_meaning(expression in "[a-z/$\\\\{}.-]{0,20}") {
            if let Ok(parsed) = SelectionExpression::parse(&expression) {
                let again = SelectionExpression::parse(&parsed.to_string());
                prop_assert_eq!(again, Ok(parsed));
            }
        }

        #[test]
        fn texts_without_dollars_stand_for_themselves(text in "[^$\\\\]{0,20}") {
            let parsed = SelectionExpression::parse(&text).unwrap();
            prop_assert_eq!(parsed.evaluate(|_| None), text);
        }
    }
}
