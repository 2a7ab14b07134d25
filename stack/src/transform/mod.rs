//! What the section `Transform` makes of a template before its resources are read: a tree of nodes
//! in, a tree of nodes out. What a transform adds keeps the spans of what it was made from, so that
//! everything that is said of it later points into the template as it was written.
//!
//! - `nodes`: how nodes are made, and what SAM takes a node for
//! - `sam`: `AWS::Serverless-2016-10-31`

mod nodes;
mod sam;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::yaml::Node;
use crate::settings::Settings;

/// The template after its transforms, in the order in which CloudFormation runs them: language
/// extensions first, then SAM.
pub(crate) fn apply(
    source: &Source,
    root: Node,
    settings: &Settings,
    findings: &mut Findings,
) -> Node {
    sam::apply(source, root, settings, findings)
}
