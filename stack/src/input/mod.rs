//! What was given: a file or a folder, and the template in it that can be served. A file per
//! dialect knows where its tool leaves templates.
//!
//! In a folder the first of these is served:
//!
//! 1. `template.yaml`, `template.yml` or `template.json`; `.aws-sam/build/template.yaml` in its
//!    place if that is not older;
//! 2. `cdk.out`, or the folder that `cdk.json` names as `output`;
//! 3. `.serverless/cloudformation-template-update-stack.json`.
//!
//! A file without `Resources` is no template: it does not hide the ones after it.

mod cdk;
pub(crate) mod code;
mod error;
mod files;
mod found;
mod near;
mod plain;
mod sam;
mod serverless;
mod unmade;

use std::path::{Path, PathBuf};

pub use error::InputError;
use files::{HERE, join};
pub use found::{Dialect, Input, StackTemplate};

impl Input {
    /// Finds what can be served at `path`, a file or a folder. `stack` names one of several stacks:
    /// by its id, its name or its logical id in the app.
    ///
    /// A path at which nothing is known counts as a template, which reading it will judge.
    ///
    /// # Errors
    /// Nothing there can be served, or it is not clear what.
    pub fn find(path: &Path, stack: Option<&str>) -> Result<Self, InputError> {
        let found = match path.is_dir() {
            true => in_folder(path, stack)?,
            false => at_file(path, stack)?,
        };
        match stack {
            Some(name) if found.stacks.is_empty() => Err(InputError::NotAnApp {
                name: name.to_owned(),
                template: found.template,
            }),
            _ => Ok(found),
        }
    }

    /// The files that decide what is found at `path`, whether or not they are there.
    pub fn deciding(path: &Path) -> Vec<PathBuf> {
        if !path.is_dir() {
            let folder = path.parent().unwrap_or(Path::new(""));
            return vec![path.to_owned(), join(folder, cdk::MANIFEST)];
        }
        let inside = |folder: &Path| {
            let names = [cdk::MANIFEST, serverless::TEMPLATE];
            names.map(|name| join(folder, name))
        };
        let mut files = plain::NAMES.map(|name| join(path, name)).to_vec();
        files.extend([sam::BUILT, unmade::CDK].map(|name| join(path, name)));
        files.extend(inside(path));
        files.extend(inside(&cdk::output(path)));
        files.extend(inside(&join(path, serverless::FOLDER)));
        files
    }

    /// What `sam build` made of a template of a project, which its configuration names, or the
    /// template itself if that is newer.
    pub fn built_by_sam(project: &Path, template: &Path) -> Self {
        let name = template.to_string_lossy();
        sam::built(project, join(project, &name))
    }
}

fn in_folder(folder: &Path, stack: Option<&str>) -> Result<Input, InputError> {
    if folder.ends_with(sam::FOLDER) {
        return in_folder(&folder.join("build"), stack);
    }
    if let Some(app) = cdk::open(folder)? {
        return app.choose(stack);
    }
    if let Some(found) = serverless::packaged(folder) {
        return Ok(found);
    }
    let output = cdk::output(folder);
    let app = cdk::open(&output)?;
    let package = serverless::packaged(&join(folder, serverless::FOLDER));
    // The name of a stack is asked for: a template has none.
    let template = match (stack, &app) {
        (Some(_), Some(_)) => None,
        _ => plain::template(folder).map(|template| sam::built(folder, template)),
    };
    let mut others = Vec::new();
    let mut found = match (template, app, package) {
        (Some(found), app, package) => {
            others.extend(app.map(|_| output));
            others.extend(package.map(|package| package.template));
            found
        }
        (None, Some(app), package) => {
            others.extend(package.map(|package| package.template));
            app.choose(stack)?
        }
        (None, None, Some(package)) => package,
        (None, None, None) => return unmade::explain(folder),
    };
    for other in others {
        let other = other.display();
        found.remarks.push(format!(
            "`{other}` is there, too: it is served where it is named"
        ));
    }
    found.remarks.extend(unmade::is_due(folder, &found));
    Ok(found)
}

fn at_file(file: &Path, stack: Option<&str>) -> Result<Input, InputError> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new(HERE),
    };
    if unmade::is_source(file) {
        // What it makes may be there already.
        return in_folder(folder, stack);
    }
    if let Some(app) = cdk::around(folder)? {
        return match file.file_name() {
            Some(name) if name == cdk::MANIFEST => app.choose(stack),
            _ => Ok(app.template(file)),
        };
    }
    if let Some(mut found) = serverless::packaged(folder) {
        found.template = file.to_owned();
        return Ok(found);
    }
    Ok(sam::named(file))
}
