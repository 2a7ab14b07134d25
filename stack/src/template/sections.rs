//! The sections of a template.

use velocity::suggest::nearest;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::yaml::Node;
use crate::error::ErrorKind;

/// All that there are, SAM's `Globals` among them.
///
/// Source:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>
const SECTIONS: [&str; 12] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

/// Notes each section whose name is nearly that of one that there is: what it says would be lost.
pub(crate) fn check(source: &Source, root: &Node, findings: &mut Findings) {
    for (key, _) in root.entries() {
        let name = &*key.text;
        if SECTIONS.contains(&name) {
            continue;
        }
        if let Some(near) = nearest(name, SECTIONS) {
            let message = format!("a template has no section `{name}`");
            let kind = ErrorKind::UnknownName(message);
            let help = format!("did you mean `{near}`?");
            findings.error(source.error_with_help(key.span.clone(), kind, &help));
        }
    }
}
