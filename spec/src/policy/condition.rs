//! `Condition` of a statement: operators on condition context keys. What is not known here is an
//! error, never a condition that holds.
//!
//! Realises: AUTHORIZER-59, AUTHORIZER-61

use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

use serde_json::Value;

use super::context::{Context, Kind, kind};
use super::problem::PolicyProblem;
use super::value::{Date, Network, arn_matches};
use super::wildcard;

/// One operator on one key, with the values that it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    operator: Operator,
    /// As it is written.
    key: String,
    operands: Vec<Operand>,
}

#[derive(Clone, Debug, PartialEq)]
struct Operator {
    /// As it is written.
    name: String,
    test: Test,
    /// `…NotEquals` and the like: none of the values matches.
    negated: bool,
    /// `…IfExists`: holds where the request has no such key.
    if_exists: bool,
    over: Option<Set>,
}

/// How the values of a key with several are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Text,
    TextIgnoringCase,
    Like,
    Number(Order),
    Date(Order),
    Bool,
    Address,
    Arn,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equals,
    Less,
    LessOrEquals,
    Greater,
    GreaterOrEquals,
}

/// A value of a condition, read as its operator wants it.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Text(String),
    Number(f64),
    Date(Date),
    Bool(bool),
    Network(Network),
}

/// The operators by name: what they test, and whether they hold where it fails.
const OPERATORS: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::Text, false),
    ("StringNotEquals", Test::Text, true),
    ("StringEqualsIgnoreCase", Test::TextIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Test::TextIgnoringCase, true),
    ("StringLike", Test::Like, false),
    ("StringNotLike", Test::Like, true),
    ("NumericEquals", Test::Number(Order::Equals), false),
    ("NumericNotEquals", Test::Number(Order::Equals), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    (
        "NumericLessThanEquals",
        Test::Number(Order::LessOrEquals),
        false,
    ),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    (
        "NumericGreaterThanEquals",
        Test::Number(Order::GreaterOrEquals),
        false,
    ),
    ("DateEquals", Test::Date(Order::Equals), false),
    ("DateNotEquals", Test::Date(Order::Equals), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEquals), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    (
        "DateGreaterThanEquals",
        Test::Date(Order::GreaterOrEquals),
        false,
    ),
    ("Bool", Test::Bool, false),
    ("IpAddress", Test::Address, false),
    ("NotIpAddress", Test::Address, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnLike", Test::Arn, false),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Null, false),
];

impl Condition {
    /// Reads `Condition`: values by key by operator.
    ///
    /// # Errors
    /// The member that is wrong, such as `.StringEquals.aws:UserAgent`, and what is wrong there.
    pub(super) fn read(block: &Value) -> Result<Vec<Self>, (String, PolicyProblem)> {
        let operators = block
            .as_object()
            .ok_or_else(|| (String::new(), PolicyProblem::NotAnObject))?;
        let mut conditions = Vec::new();
        for (name, keys) in operators {
            let at = format!(".{name}");
            let operator = Operator::parse(name)
                .ok_or_else(|| (at.clone(), PolicyProblem::UnknownOperator))?;
            let keys = keys.as_object().ok_or((at, PolicyProblem::NotAnObject))?;
            for (key, values) in keys {
                let condition = Self::new(operator.clone(), key, values)
                    .map_err(|problem| (format!(".{name}.{key}"), problem))?;
                conditions.push(condition);
            }
        }
        Ok(conditions)
    }

    fn new(operator: Operator, key: &str, values: &Value) -> Result<Self, PolicyProblem> {
        let kind = kind(key).ok_or(PolicyProblem::UnknownKey)?;
        if !operator.test.suits(kind) {
            return Err(PolicyProblem::Incomparable);
        }
        let values = match values {
            Value::Array(list) if !list.is_empty() => list.iter().collect(),
            Value::Array(_) | Value::Object(_) | Value::Null => {
                return Err(PolicyProblem::NotValues);
            }
            single => vec![single],
        };
        let operands = values
            .into_iter()
            .map(|value| {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Bool(_) | Value::Number(_) => value.to_string(),
                    _ => return Err(PolicyProblem::NotValues),
                };
                let operand = operator.test.operand(&text);
                operand.ok_or_else(|| PolicyProblem::Value {
                    value: text,
                    operator: operator.name.clone(),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            operator,
            key: key.to_owned(),
            operands,
        })
    }

    /// Whether the condition holds for a request.
    pub(super) fn holds(&self, context: &Context) -> bool {
        let operator = &self.operator;
        let present = context.get(&self.key);
        if operator.test == Test::Null {
            return self.operands.contains(&Operand::Bool(present.is_none()));
        }
        let Some(values) = present else {
            return match operator.over {
                _ if operator.if_exists => true,
                Some(Set::All) => true,
                Some(Set::Any) => false,
                None => operator.negated,
            };
        };
        let hits = |value: &String| {
            let mut operands = self.operands.iter();
            operands.any(|operand| operator.test.passes(value, operand)) != operator.negated
        };
        match operator.over {
            Some(Set::Any) => values.iter().any(hits),
            // A key that has one value may be tested without naming a set.
            Some(Set::All) | None => values.iter().all(hits),
        }
    }
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
        let (over, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (_, test, negated) = OPERATORS.iter().find(|(known, ..)| *known == base)?;
        // What asks whether there is a value cannot ask it of each value, nor if there is one.
        let is_plain = over.is_none() && !if_exists;
        (*test != Test::Null || is_plain).then(|| Self {
            name: name.to_owned(),
            test: *test,
            negated: *negated,
            if_exists,
            over,
        })
    }
}

impl Test {
    /// Whether the test can compare values of a kind. Any value can be compared as text.
    fn suits(self, kind: Kind) -> bool {
        match self {
            Self::Text | Self::TextIgnoringCase | Self::Like | Self::Null => true,
            Self::Number(_) => matches!(kind, Kind::Number | Kind::EpochTime),
            Self::Date(_) => matches!(kind, Kind::Date | Kind::EpochTime),
            Self::Bool => kind == Kind::Bool,
            Self::Address => kind == Kind::Address,
            Self::Arn => kind == Kind::Arn,
        }
    }

    fn operand(self, text: &str) -> Option<Operand> {
        Some(match self {
            Self::Text | Self::TextIgnoringCase | Self::Like => Operand::Text(text.to_owned()),
            Self::Arn => {
                (text.splitn(6, ':').count() == 6).then(|| Operand::Text(text.to_owned()))?
            }
            Self::Number(_) => Operand::Number(number(text)?),
            Self::Date(_) => Operand::Date(Date::parse(text)?),
            Self::Bool | Self::Null => Operand::Bool(boolean(text)?),
            Self::Address => Operand::Network(Network::parse(text)?),
        })
    }

    /// Whether a value of the request passes the test. A value that cannot be read passes none.
    fn passes(self, value: &str, operand: &Operand) -> bool {
        match (self, operand) {
            (Self::Text, Operand::Text(text)) => value == text,
            (Self::TextIgnoringCase, Operand::Text(text)) => {
                value.to_lowercase() == text.to_lowercase()
            }
            (Self::Like, Operand::Text(pattern)) => wildcard(pattern, value),
            (Self::Arn, Operand::Text(pattern)) => arn_matches(pattern, value),
            (Self::Number(order), Operand::Number(wanted)) => {
                number(value).is_some_and(|value| order.takes(value.partial_cmp(wanted)))
            }
            (Self::Date(order), Operand::Date(wanted)) => {
                Date::parse(value).is_some_and(|value| order.takes(Some(value.cmp(wanted))))
            }
            (Self::Bool, Operand::Bool(wanted)) => boolean(value) == Some(*wanted),
            (Self::Address, Operand::Network(network)) => value
                .parse::<IpAddr>()
                .is_ok_and(|address| network.contains(address)),
            _ => false,
        }
    }
}

impl Order {
    fn takes(self, ordering: Option<Ordering>) -> bool {
        ordering.is_some_and(|ordering| match self {
            Self::Equals => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEquals => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEquals => ordering.is_ge(),
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on `{}`", self.operator.name, self.key)
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
