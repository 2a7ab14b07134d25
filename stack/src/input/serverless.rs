//! What `serverless package` makes (serverless 3 and osls).

use std::path::Path;

use super::files::join;
use super::found::{Dialect, Input};

/// Where it puts it, from the folder of `serverless.yml`.
pub(super) const FOLDER: &str = ".serverless";
/// The template with everything. The other one, of `create-stack`, has only the bucket for the code.
pub(super) const TEMPLATE: &str = "cloudformation-template-update-stack.json";

/// The package in a folder, `.serverless` itself.
pub(super) fn packaged(folder: &Path) -> Option<Input> {
    let template = join(folder, TEMPLATE);
    template
        .is_file()
        .then(|| Input::new(template, Dialect::Serverless))
}
