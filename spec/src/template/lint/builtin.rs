//! What built-in names give: the members of `$input` and `$context`.
//!
//! Each function returns the value and the number of steps of the reference it consumed.

use velocity::syntax::{Argument, ReferencePart};

use super::notes::Notes;
use super::value::{Holds as Held, Value};
use crate::template::JsonPath;
use crate::template::vocabulary::{CONTEXT, Holds, InputMember, Variable};

/// The name of a step; `[]` for an index.
pub(super) fn name_at<'r>(reference: &ReferencePart<'r>, at: usize) -> Option<&'r str> {
    let step = reference.steps.get(at)?;
    Some(step.name.unwrap_or("[]"))
}

/// A name that `$input` or `$util` lacks: nothing, unless it is called.
pub(super) fn no_such_member(reference: &ReferencePart<'_>) -> (Value, usize) {
    let steps = &reference.steps;
    let is_called = steps.first().is_some_and(|step| step.arguments.is_some());
    let value = if is_called {
        Value::unknown()
    } else {
        Value::nothing()
    };
    (value, steps.len())
}

/// What a member of `$input` gives.
pub(super) fn input(
    member: InputMember,
    reference: &ReferencePart<'_>,
    spelled: &str,
    arguments: Option<&[Argument<'_>]>,
    notes: &mut Notes,
) -> (Value, usize) {
    // Without what follows.
    let end = reference.steps.first().map_or(0, |step| step.span.end);
    let own = match reference.steps.len() {
        1 => spelled.to_owned(),
        _ => {
            let own = spelled.get(..end.saturating_sub(reference.span.start));
            let bare = own.unwrap_or(spelled).trim_start_matches(['$', '!', '{']);
            format!("${bare}")
        }
    };
    let foreign = || (Held::Foreign(own.clone()).text(), 1);
    match (member, arguments) {
        (InputMember::Body, None) | (InputMember::GetBody, Some([])) => foreign(),
        (InputMember::Path | InputMember::Json, Some([path])) => {
            let cannot_fail = match path {
                Argument::Text(path) => !path.contains(['(', '?']) && JsonPath::parse(path).is_ok(),
                _ => false,
            };
            if !cannot_fail {
                let reason =
                    "a path with functions, filters or variables, or an invalid path, may fail";
                notes.doubt(Some(reference.span.clone()), reason);
            }
            match member {
                InputMember::Json => (Held::Json(own).text(), 1),
                _ => foreign(),
            }
        }
        (InputMember::Params, Some([])) => (Value::Params, 1),
        (InputMember::Params, Some([_])) => foreign(),
        (
            InputMember::Body
            | InputMember::GetBody
            | InputMember::Path
            | InputMember::Json
            | InputMember::Params,
            _,
        ) => no_such_member(reference),
    }
}

/// What `$context` gives: a variable, or a member of a group.
pub(super) fn context(
    name: Option<&str>,
    reference: &ReferencePart<'_>,
    spelled: &str,
) -> (Value, usize) {
    let all = reference.steps.len();
    let foreign = || Held::Foreign(spelled.to_owned()).text();
    let name = match name {
        None => return (foreign(), all),
        // Java's own properties of maps.
        Some("empty" | "class") => return (Value::unknown(), all),
        Some(_) if matches!(name_at(reference, 1), Some("empty" | "class")) => {
            return (Value::unknown(), all);
        }
        Some("[]") => return (Value::unknown(), 1),
        Some(name) => name,
    };
    let is_called = reference.steps[0].arguments.is_some();
    let Some(variable) = Variable::find(&CONTEXT, name) else {
        return if is_called {
            (Value::unknown(), all)
        } else {
            (Value::nothing(), all)
        };
    };
    match variable.holds {
        Holds::Own | Holds::Number if is_called => (Value::unknown(), all),
        Holds::Own => (Held::Own.text(), 1),
        Holds::Number => (Held::Number.text(), 1),
        Holds::Unvouched => (Held::Unvouched.text(), 1),
        Holds::Foreign => (foreign(), 1),
        Holds::Open => (foreign(), all),
        Holds::Group(members) => match name_at(reference, 1) {
            None => (foreign(), 1),
            Some("[]") => (Value::unknown(), 2),
            Some(name) => match Variable::find(members, name).map(|member| member.holds) {
                Some(Holds::Own) => (Held::Own.text(), 2),
                Some(Holds::Number) => (Held::Number.text(), 2),
                Some(Holds::Unvouched) => (Held::Unvouched.text(), 2),
                Some(Holds::Foreign) => (foreign(), 2),
                Some(Holds::Open | Holds::Group(_)) => (Value::unknown(), all),
                None => (Value::nothing(), all),
            },
        },
    }
}
