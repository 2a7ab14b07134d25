//! What is said of a reload: one line.

use std::path::Path;

use conformance::with_causes;
use gateway::{ApplyError, Reloaded};
use stack::{Change as Becomes, FunctionChange, FunctionPart, Plan};

use crate::watching::Change;

/// How many names a line has.
const NAMES: usize = 4;

/// What changed, and how long it took.
pub(super) fn reloaded(
    Reloaded { plan, held }: &Reloaded,
    change: &Change,
    template: &Path,
) -> String {
    let took = change.first.elapsed().as_millis();
    let files = files(change, template);
    if plan.is_empty() {
        return format!("read again in {took} ms: nothing that is served has changed ({files})");
    }
    let mut line = format!("reloaded in {took} ms: {} ({files})", parts(plan));
    if !held.is_empty() {
        line.push_str(&format!(
            "; on AWS it waits for the next deployment, because the stage has no `AutoDeploy` and \
             the `AWS::ApiGatewayV2::Deployment` is the same: {}",
            held.join(", ")
        ));
    }
    line
}

/// Why it is not served; pages stay pages.
pub(super) fn refused(error: &ApplyError) -> String {
    match error {
        ApplyError::Failed(gateway::Error::Code(page)) => page.to_string(),
        ApplyError::Refused(_) => {
            format!("{error}. Restart `gatespec serve` for it")
        }
        _ => with_causes(error).trim_end().to_owned(),
    }
}

/// Why files are watched no more.
pub(super) fn own(change: &Change, template: &Path) -> String {
    let files = files(change, template);
    format!(
        "warning: not watched any more: {files}. It changes at each start of a function, which writes \
         it beside its code: on AWS it cannot, only in /tmp"
    )
}

/// The files that were saved, from the folder that the gateway was started in, or from that of the
/// template.
pub(super) fn files(change: &Change, template: &Path) -> String {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_default();
    let around = template.parent().map(real).unwrap_or_default();
    let folders = [real(Path::new(".")), around];
    let folders = || {
        let known = folders.iter();
        known.filter(|folder| !folder.as_os_str().is_empty())
    };
    let name = |path: &Path| {
        let mut names = folders().filter_map(|folder| path.strip_prefix(folder).ok());
        // The folder itself has no name from there.
        let name = names.next().filter(|name| !name.as_os_str().is_empty());
        name.unwrap_or(path).display().to_string()
    };
    // A temporary file of an editor's is gone by now.
    let (there, gone): (Vec<_>, Vec<_>) = change.paths.iter().partition(|path| path.exists());
    let shown = if there.is_empty() { gone } else { there };
    some(&shown.iter().map(|path| name(path)).collect::<Vec<_>>())
}

/// `API, functions A (timeout) and B, table T new`
fn parts(plan: &Plan) -> String {
    let mut parts = Vec::new();
    if plan.rules {
        parts.push("API".to_owned());
    }
    let functions: Vec<String> = plan.functions.iter().map(function).collect();
    match functions.len() {
        0 => {}
        1 => parts.push(format!("function {}", functions[0])),
        _ => parts.push(format!("functions {}", some(&functions))),
    }
    let tables = plan.tables.iter();
    parts.extend(tables.map(|table| format!("table {} {}", table.logical_id, table.change)));
    if plan.event_source_mappings {
        parts.push("event source mappings".to_owned());
    }
    parts.join(", ")
}

fn function(function: &FunctionChange) -> String {
    let id = &function.logical_id;
    match &function.change {
        // The files say more.
        Becomes::Changed(parts) if *parts == [FunctionPart::Code] => id.clone(),
        change => format!("{id} {change}"),
    }
}

/// `a, b, c and 3 more`
fn some(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        [.., last] if names.len() <= NAMES => {
            format!("{} and {last}", names[..names.len() - 1].join(", "))
        }
        _ if names.is_empty() => String::new(),
        _ => {
            let more = names.len() - (NAMES - 1);
            format!("{} and {more} more", names[..NAMES - 1].join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_few_names() {
        let names = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(some(&names(0)), "");
        assert_eq!(some(&names(1)), "0");
        assert_eq!(some(&names(2)), "0 and 1");
        assert_eq!(some(&names(4)), "0, 1, 2 and 3");
        assert_eq!(some(&names(9)), "0, 1, 2 and 6 more");
    }

    #[test]
    fn what_changed_is_named_without_what_the_files_say() {
        let function = |id: &str, change| FunctionChange {
            arn: String::new(),
            logical_id: id.to_owned(),
            change,
        };
        let plan = Plan {
            rules: true,
            functions: vec![
                function("Send", Becomes::Changed(vec![FunctionPart::Code])),
                function("Join", Becomes::Changed(vec![FunctionPart::Timeout])),
                function("Leave", Becomes::Removed),
            ],
            ..Plan::default()
        };
        let words = "API, functions Send, Join changed (timeout) and Leave removed";
        assert_eq!(parts(&plan), words);
    }
}
