//! The values that are given for functions' variables from outside of the template.

use velocity::suggest::nearest;

use crate::error::{ErrorKind, WarningKind};
use crate::resources::draft::Draft;
use crate::resources::function::SERVERLESS;
use crate::variables::{ALL, without_path};

/// Reports functions that do not exist, and variables that no function declares.
pub(crate) fn check(draft: &mut Draft<'_>) {
    for (key, given) in draft.template.settings.variables.names() {
        let is_it = |id: &str, name: &str| {
            key == ALL || key == id || key == name || key == without_path(id)
        };
        let functions = draft.functions.iter();
        let functions = functions.filter(|one| is_it(&one.logical_id, &one.name));
        let functions: Vec<_> = functions.collect();
        if functions.is_empty() && key != ALL {
            unknown(draft, key);
            continue;
        }
        let declares = |name: &str| {
            functions
                .iter()
                .any(|one| one.environment.contains_key(name))
        };
        let unused = given.into_iter().filter(|name| !declares(name));
        let who = match key == ALL {
            true => "no function declares".to_owned(),
            false => format!("the function `{key}` does not declare"),
        };
        let messages = unused.map(|name| format!("{who} the variable `{name}`: it is not set"));
        let span = functions.first().map(|one| one.span.clone());
        for message in messages.collect::<Vec<_>>() {
            let span = span.clone().unwrap_or_default();
            draft.warn(span, WarningKind::NoEffect, message);
        }
    }
}

fn unknown(draft: &mut Draft<'_>, key: &str) {
    // It may be one that could not be read.
    if draft.incomplete.contains(SERVERLESS.name) {
        return;
    }
    let message = format!(
        "variables are given for the function `{key}`, but the template has no such function"
    );
    let names = draft.functions.iter().map(|one| &*one.logical_id);
    let help = match nearest(key, names.clone()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => {
            let names = names.collect::<Vec<_>>().join("`, `");
            (!names.is_empty()).then(|| format!("its functions are `{names}`"))
        }
    };
    let kind = ErrorKind::Variables(message);
    let error = draft.source().report(0..0, kind, help.as_deref());
    draft.findings.error(error);
}
