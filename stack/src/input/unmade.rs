//! What tools make templates from: the command that makes one, and whether it should be run again.

use std::path::{Path, PathBuf};

use super::error::InputError;
use super::files::{join, written};
use super::found::{Dialect, Input};
use super::{cdk, near, plain, serverless};

const SERVERLESS: [&str; 5] = [
    "serverless.yml",
    "serverless.yaml",
    "serverless.ts",
    "serverless.js",
    "serverless.json",
];
pub(super) const CDK: &str = "cdk.json";
const SYNTH: &str = "npx cdk synth";
const PACKAGE: &str = "npx serverless package";

/// Whether a file is one of those that tools read.
pub(super) fn is_source(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name == CDK || SERVERLESS.contains(&name) || is_terraform(file))
}

/// Nothing in a folder can be served: why.
pub(super) fn explain(folder: &Path) -> Result<Input, InputError> {
    let not_made = |source_file, what, command, made| {
        Err(InputError::NotMade {
            source_file,
            what,
            command,
            folder: folder.to_owned(),
            made,
        })
    };
    let app = join(folder, CDK);
    if app.is_file() {
        return not_made(app, "a CDK app", SYNTH, cdk::output(folder));
    }
    if let Some(service) = service(folder) {
        let made = join(folder, serverless::FOLDER);
        return not_made(service, "a serverless service", PACKAGE, made);
    }
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files = files.map(|file| file.path());
    match files.find(|file| is_terraform(file)) {
        Some(file) => Err(InputError::Terraform { file }),
        None => Err(InputError::Nothing {
            folder: folder.to_owned(),
            near: near::nearest(folder, &source),
        }),
    }
}

/// That a template is older than its source.
pub(super) fn is_due(folder: &Path, found: &Input) -> Option<String> {
    let (source, command) = match found.dialect {
        Dialect::Cdk => (join(folder, CDK), SYNTH),
        Dialect::Serverless => (service(folder)?, PACKAGE),
        Dialect::Plain | Dialect::Sam | Dialect::SamBuild => return None,
    };
    (written(&source)? > written(&found.template)?).then(|| {
        format!(
            "`{}` is newer than `{}`, which is served as it is: run `{command}`",
            source.display(),
            found.template.display()
        )
    })
}

/// The template of a folder, or what a tool makes one from.
fn source(folder: &Path) -> Option<PathBuf> {
    let template = plain::template(folder).filter(|file| plain::has_resources(file));
    let app = || Some(join(folder, CDK)).filter(|file| file.is_file());
    template.or_else(app).or_else(|| service(folder))
}

fn service(folder: &Path) -> Option<PathBuf> {
    let mut files = SERVERLESS.iter().map(|name| join(folder, name));
    files.find(|file| file.is_file())
}

fn is_terraform(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".tf") || name.ends_with(".tf.json")
}
