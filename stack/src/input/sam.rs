//! SAM's templates, and what `sam build` makes of them.

use std::path::{Path, PathBuf};

use super::files::{join, written};
use super::found::{Dialect, Input};

/// Where `sam build` puts everything, from the folder of the template.
pub(super) const FOLDER: &str = ".aws-sam";
/// Where `sam build` puts its template, from the folder of the one that it builds.
pub(super) const BUILT: &str = ".aws-sam/build/template.yaml";
/// The name of the transform, which stands in every template of SAM's.
const TRANSFORM: &[u8] = b"AWS::Serverless-2016-10-31";
/// What `sam build` leaves beside its output.
const RECORD: &str = ".aws-sam/build.toml";

/// The template of a project's folder, or what was built of it since it was last written.
pub(super) fn built(folder: &Path, template: PathBuf) -> Input {
    let build = join(folder, BUILT);
    let (Some(of_build), Some(of_template)) = (written(&build), written(&template)) else {
        return named(&template);
    };
    if of_build >= of_template {
        let mut found = Input::new(build, Dialect::SamBuild);
        found.written = Some(template);
        return found;
    }
    let mut found = named(&template);
    found.remarks.push(format!(
        "`{}` is newer than what `sam build` made of it, so it is served itself: run `sam build` to \
         serve `{}`",
        template.display(),
        build.display()
    ));
    found
}

/// A template that was named.
pub(super) fn named(template: &Path) -> Input {
    let folder = template.parent().unwrap_or(Path::new(""));
    let above = |levels| folder.ancestors().nth(levels);
    let is_built = above(2).is_some_and(|project| {
        folder.ends_with(".aws-sam/build") && join(project, RECORD).is_file()
    });
    let text = std::fs::read(template).unwrap_or_default();
    let is_sam = || text.windows(TRANSFORM.len()).any(|word| word == TRANSFORM);
    let dialect = match () {
        () if is_built => Dialect::SamBuild,
        () if is_sam() => Dialect::Sam,
        () => Dialect::Plain,
    };
    Input::new(template.to_owned(), dialect)
}
