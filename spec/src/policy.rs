//! IAM policy documents as an authorizer returns them, and their evaluation: a deny wins, then an
//! allow, else nothing is allowed. The answer names the statements that decided, and the conditions
//! that kept others from it.
//!
//! Realises: AUTHORIZER-35, AUTHORIZER-39

mod condition;
mod context;
mod problem;
mod value;

use std::fmt;

use serde_json::{Map, Value};

pub use condition::Condition;
pub use context::Context;
pub use problem::{PolicyError, PolicyProblem};
pub use value::arn_matches;

/// A policy document: its statements in order.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    /// `Statement`.
    pub statements: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// `Effect`.
    pub effect: Effect,
    /// `Action`: patterns with `*` and `?`.
    pub actions: Vec<String>,
    /// `Resource`: patterns with `*` and `?`.
    pub resources: Vec<String>,
    /// `Condition`: all must hold for the statement to apply.
    ///
    /// Realises: AUTHORIZER-59
    pub conditions: Vec<Condition>,
}

/// What a matching statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Lets the request through unless another statement denies it.
    Allow,
    /// Refuses the request, whatever else there is.
    Deny,
}

/// The outcome of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// At least one statement allows, none denies.
    Allow,
    /// A statement denies.
    ExplicitDeny,
    /// No statement matches.
    ImplicitDeny,
}

/// A decision with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// What came out.
    pub decision: Decision,
    /// Positions, from 0, of the statements that decided; empty for an implicit deny.
    pub determining: Vec<usize>,
    /// Statements that would have applied but for a condition: their positions, and the first
    /// condition that does not hold.
    pub unmet: Vec<(usize, String)>,
}

/// What a statement may have. IAM knows some more, which are not supported here.
const MEMBERS: [&str; 5] = ["Sid", "Effect", "Action", "Resource", "Condition"];

/// The action of connecting.
///
/// Realises: AUTHORIZER-32
pub const INVOKE: &str = "execute-api:Invoke";

impl PolicyDocument {
    /// Reads a policy document. `Statement`, `Action` and `Resource` may be one value or a list.
    ///
    /// # Errors
    /// Names the member that is missing or of the wrong kind. Members that the evaluation does not
    /// know (`NotAction`, `NotResource`, `Principal`) are errors too, and so are conditions that it
    /// does not know: to ignore them could let somebody in.
    ///
    /// Realises: AUTHORIZER-36, AUTHORIZER-61
    pub fn from_json(document: &Value) -> Result<Self, PolicyError> {
        let fields = document
            .as_object()
            .ok_or_else(|| PolicyError::new("policyDocument", PolicyProblem::NotAnObject))?;
        let statements = match fields.get("Statement") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(single @ Value::Object(_)) => vec![single],
            _ => {
                return Err(PolicyError::new("Statement", PolicyProblem::NotStatements));
            }
        };
        let statements = statements
            .into_iter()
            .enumerate()
            .map(|(index, value)| Statement::from_json(index, value))
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// Decides whether `action` on `resource` is allowed to a request with this context.
    pub fn evaluate(&self, action: &str, resource: &str, context: &Context) -> Evaluation {
        let (mut denies, mut allows, mut unmet) = (Vec::new(), Vec::new(), Vec::new());
        for (index, statement) in self.statements.iter().enumerate() {
            if !statement.matches(action, resource) {
                continue;
            }
            let mut conditions = statement.conditions.iter();
            match conditions.find(|condition| !condition.holds(context)) {
                Some(condition) => unmet.push((index, condition.to_string())),
                None if statement.effect == Effect::Deny => denies.push(index),
                None => allows.push(index),
            }
        }
        let (decision, determining) = if !denies.is_empty() {
            (Decision::ExplicitDeny, denies)
        } else if !allows.is_empty() {
            (Decision::Allow, allows)
        } else {
            (Decision::ImplicitDeny, Vec::new())
        };
        Evaluation {
            decision,
            determining,
            unmet,
        }
    }
}

impl Statement {
    fn from_json(index: usize, value: &Value) -> Result<Self, PolicyError> {
        let at = |member: &str| format!("Statement[{index}]{member}");
        let fields = value
            .as_object()
            .ok_or_else(|| PolicyError::new(at(""), PolicyProblem::NotAnObject))?;
        if let Some(unknown) = fields.keys().find(|name| !MEMBERS.contains(&&***name)) {
            return Err(PolicyError::new(
                at(&format!(".{unknown}")),
                PolicyProblem::Unsupported,
            ));
        }
        let effect = match fields.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(PolicyError::new(at(".Effect"), PolicyProblem::NotAnEffect)),
        };
        let conditions = match fields.get("Condition") {
            Some(block) => Condition::read(block).map_err(|(member, problem)| {
                PolicyError::new(at(&format!(".Condition{member}")), problem)
            })?,
            None => Vec::new(),
        };
        Ok(Self {
            effect,
            conditions,
            actions: texts(fields, "Action")
                .map_err(|problem| PolicyError::new(at(".Action"), problem))?,
            resources: texts(fields, "Resource")
                .map_err(|problem| PolicyError::new(at(".Resource"), problem))?,
        })
    }

    /// Actions are compared whatever the case, resources exactly, both with wildcards.
    ///
    /// Realises: AUTHORIZER-38, AUTHORIZER-33, AUTHORIZER-34, AUTHORIZER-37
    fn matches(&self, action: &str, resource: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.actions
            .iter()
            .any(|pattern| wildcard(&pattern.to_ascii_lowercase(), &action))
            && self
                .resources
                .iter()
                .any(|pattern| wildcard(pattern, resource))
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.decision {
            Decision::Allow => "allowed by statement",
            Decision::ExplicitDeny => "denied by statement",
            Decision::ImplicitDeny => "no statement allows it",
        })?;
        for index in &self.determining {
            write!(f, " {index}")?;
        }
        for (index, condition) in &self.unmet {
            write!(f, "; statement {index} does not apply: {condition}")?;
        }
        Ok(())
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any characters and `?` for one; linear
/// but for backtracking to the last star.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut last_star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match last_star {
                Some((star, matched)) => {
                    last_star = Some((star, matched + 1));
                    p = star + 1;
                    t = matched + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

fn texts(fields: &Map<String, Value>, member: &str) -> Result<Vec<String>, PolicyProblem> {
    let texts = match fields.get(member) {
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) if !list.is_empty() => list
            .iter()
            .map(|value| {
                value
                    .as_str()
                    .map(str::to_owned)
                    .ok_or(PolicyProblem::NotTexts)
            })
            .collect::<Result<Vec<_>, _>>(),
        _ => Err(PolicyProblem::NotTexts),
    }?;
    match texts.iter().any(|text| text.contains("${")) {
        true => Err(PolicyProblem::Variable),
        false => Ok(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:abc/prod/$connect";

    fn evaluate(statements: &Value) -> Evaluation {
        PolicyDocument::from_json(&json!({"Version": "2012-10-17", "Statement": statements}))
            .unwrap()
            .evaluate(INVOKE, ARN, &Context::default())
    }

    #[rstest]
    #[case::exact(json!({"Effect": "Allow", "Action": INVOKE, "Resource": ARN}), Decision::Allow)]
    #[case::star(
        json!([{"Effect": "Allow", "Action": "execute-api:*", "Resource": "*"}]),
        Decision::Allow
    )]
    #[case::action_case(
        json!({"Effect": "Allow", "Action": "Execute-API:invoke", "Resource": "*"}),
        Decision::Allow
    )]
    // The shape of a REST method ARN: one segment too many (a real 403, powertools issue 5800).
    #[case::rest_shape(
        json!({"Effect": "Allow", "Action": INVOKE, "Resource": "arn:aws:execute-api:us-east-1:000000000000:abc/prod/*/*"}),
        Decision::ImplicitDeny
    )]
    #[case::other_action(
        json!({"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": "*"}),
        Decision::ImplicitDeny
    )]
    #[case::deny_wins(
        json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": INVOKE, "Resource": "*/$connect"}]),
        Decision::ExplicitDeny
    )]
    #[case::nothing(json!([]), Decision::ImplicitDeny)]
    fn statements_decide(#[case] statements: Value, #[case] decision: Decision) {
        assert_eq!(evaluate(&statements).decision, decision);
    }

    #[test]
    fn the_evaluation_names_the_statements() {
        let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let other = json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"});
        assert_eq!(evaluate(&json!([other, allow, allow])).determining, [1, 2]);
    }

    #[rstest]
    #[case(json!("x"), "policyDocument")]
    #[case(json!({}), "Statement")]
    #[case(json!({"Statement": [{"Effect": "Maybe"}]}), "Statement[0].Effect")]
    #[case(
        json!({"Statement": [{"Effect": "Allow", "Action": 1, "Resource": "*"}]}),
        "Statement[0].Action"
    )]
    #[case(json!({"Statement": [{"Effect": "Allow", "Action": "*"}]}), "Statement[0].Resource")]
    #[case(
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "NotAction": "*"}}),
        "Statement[0].NotAction"
    )]
    #[case(
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []}}),
        "Statement[0].Condition"
    )]
    #[case(
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:UserAgent": []}}}}),
        "Statement[0].Condition.StringEquals.aws:UserAgent"
    )]
    fn errors_name_the_member(#[case] document: Value, #[case] path: &str) {
        assert_eq!(PolicyDocument::from_json(&document).unwrap_err().path, path);
    }

    /// The definition, exponential and obvious.
    fn wildcard_model(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                wildcard_model(rest, text)
                    || text
                        .split_first()
                        .is_some_and(|(_, tail)| wildcard_model(pattern, tail))
            }
            (Some((p, rest)), Some((t, tail))) => {
                (*p == '?' || p == t) && wildcard_model(rest, tail)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn wildcards_match_as_their_definition_says(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let p: Vec<char> = pattern.chars().collect();
            let t: Vec<char> = text.chars().collect();
            prop_assert_eq!(wildcard(&pattern, &text), wildcard_model(&p, &t));
        }

        // Adding a statement that allows never takes away access that was there; adding one that
        // denies never gives any.
        #[test]
        fn denies_only_take_away(allow: bool, extra in prop_oneof![Just("Allow"), Just("Deny")]) {
            let mut list = vec![];
            if allow { list.push(json!({"Effect": "Allow", "Action": "*", "Resource": ARN})); }
            let before = evaluate(&json!(list)).decision == Decision::Allow;
            list.push(json!({"Effect": extra, "Action": "*", "Resource": ARN}));
            let after = evaluate(&json!(list)).decision == Decision::Allow;
            prop_assert_eq!(after, extra == "Allow");
            prop_assert_eq!(before, allow);
        }
    }

    // Each would let somebody in who is shut out on AWS, were it ignored.
    #[rstest]
    #[case::misspelt_condition(
        json!({"Conditions": {}}),
        "`Statement[0].Conditions` is not supported"
    )]
    #[case::lower_case(json!({"condition": {}}), "`Statement[0].condition` is not supported")]
    #[case::not_action(json!({"NotAction": "*"}), "`Statement[0].NotAction` is not supported")]
    #[case::policy_variable(
        json!({"Resource": "arn:${aws:username}"}),
        "`Statement[0].Resource` has a policy variable, which is not supported"
    )]
    fn what_is_not_known_is_an_error(#[case] member: Value, #[case] problem: &str) {
        let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        for (name, value) in member.as_object().unwrap() {
            statement[name] = value.clone();
        }
        let error = PolicyDocument::from_json(&json!({"Statement": statement})).unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
    }
}
