//! Where the code of functions and layers is: beside the template, in it, or where a tool packaged
//! it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::declared::Code;
use crate::document::value::Value;
use crate::document::yaml::Node;
use crate::error::{Span, WarningKind};
use crate::input::code::Packaged;
use crate::resources::draft::Draft;
use crate::resources::properties::Properties;

/// The metadata of the CDK and of SAM that name code.
const ASSET_PATH: &str = "aws:asset:path";

/// A function's code as its properties have it: the first of `InlineCode`, `CodeUri`, `Code`.
pub(crate) struct Declared {
    /// The property and its value.
    pub(crate) code: Option<(&'static str, Value)>,
    /// `PackageType`.
    pub(crate) package: Option<Value>,
}

/// Where the code comes from, and the location to point at if it cannot be used.
pub(crate) fn read(
    draft: &Draft<'_>,
    properties: &Properties<'_>,
    declared: &Declared,
) -> (Code, Span) {
    let resource = properties.resource;
    let metadata = resource.node.get("Metadata");
    let binary = metadata.and_then(|node| node.get("BuildProperties")?.get("Binary"));
    let text = |node: Option<&Node>| node.and_then(Node::plain_text).map(str::to_owned);
    let of_metadata = |name: &str| text(metadata.and_then(|node| node.get(name)));
    let value = declared.code.as_ref();
    let part = |name: &str| value.and_then(|(_, value)| value.get(name)?.as_text());
    let package = declared.package.as_ref().and_then(Value::as_text);
    let is_image = package == Some("Image") || part("ImageUri").is_some();
    let inline = match value {
        _ if is_image => None,
        Some(("InlineCode", value)) => value.as_text(),
        _ => part("ZipFile"),
    };
    let found = match value {
        _ if is_image => {
            let context = of_metadata("DockerContext").or_else(|| of_metadata(ASSET_PATH));
            Ok(draft.directory.join(context.as_deref().unwrap_or(".")))
        }
        _ if inline.is_some() => Ok(draft.directory.join(".")),
        Some((_, value)) => content(draft, value, metadata),
        None => {
            Err("it says nowhere where its code is (`CodeUri`, `InlineCode`, `Code`)".to_owned())
        }
    };
    let span = match (binary, value) {
        (Some(node), _) => node.span.clone(),
        (None, Some((_, value))) => value.span.clone(),
        (None, None) => resource.id_span.clone(),
    };
    let (directory, unsupported) = match found {
        Ok(directory) => (directory, None),
        Err(problem) if value.is_some() => (PathBuf::new(), Some(format!("its code is {problem}"))),
        Err(problem) => (PathBuf::new(), Some(problem)),
    };
    let code = Code {
        directory,
        inline: inline.map(str::to_owned),
        is_image,
        build_method: of_metadata("BuildMethod"),
        binary: text(binary),
        unsupported,
    };
    (code, span)
}

/// The folder or file that a property names, which is a path, or an object of a bucket.
///
/// # Errors
/// What it is instead, and what was looked for.
pub(crate) fn content(
    draft: &Draft<'_>,
    value: &Value,
    metadata: Option<&Node>,
) -> Result<PathBuf, String> {
    let path = value.as_text();
    if let Some(path) = path.filter(|path| !path.starts_with("s3:")) {
        return Ok(draft.directory.join(path));
    }
    let of_bucket = path.and_then(|url| url.strip_prefix("s3://")?.split_once('/'));
    let key = ["S3Key", "Key"]
        .into_iter()
        .find_map(|name| value.get(name));
    let asset = metadata.and_then(|node| node.get(ASSET_PATH));
    let packaged = Packaged {
        asset_path: asset.and_then(Node::plain_text),
        key: key
            .and_then(Value::as_text)
            .or(of_bucket.map(|(_, key)| key)),
    };
    packaged.find(draft.directory)
}

/// Warns of a handler whose file is not in a folder of code that is as it will be run.
pub(crate) fn warn_of_handler(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    code: &Code,
    (runtime, handler): (&str, &str),
) {
    let module = match () {
        () if code.inline.is_some() || code.build_method.is_some() || code.is_image => return,
        () if runtime.starts_with("nodejs") => node_module(handler),
        () if runtime.starts_with("python") => python_module(handler),
        () => return,
    };
    let Some(module) = module.filter(|_| code.directory.is_dir()) else {
        return;
    };
    // Layers and packages may have it, too.
    let is_elsewhere = handler.starts_with('/') || handler.contains("node_modules");
    if is_elsewhere || properties.node("Layers").is_some() || has_file(&code.directory, &module) {
        return;
    }
    let message = format!(
        "`{}` has no file for the `Handler` `{handler}`: every call of `{}` will fail",
        code.directory.display(),
        properties.resource.id
    );
    draft.warn(properties.span("Handler"), WarningKind::Suspicious, message);
}

/// `src/app.handler`: `src/app`. What is behind the first point of the name is the function.
fn node_module(handler: &str) -> Option<String> {
    let (folder, name) = handler.rsplit_once('/').unwrap_or((".", handler));
    let (name, _) = name.split_once('.')?;
    Some(format!("{folder}/{name}"))
}

/// `src.app.handler`, `src/app.handler`: `src/app`.
fn python_module(handler: &str) -> Option<String> {
    let (module, _) = handler.rsplit_once('.')?;
    Some(module.replace('.', "/"))
}

/// Whether there is a file of a module, whatever its extension, or a package.
fn has_file(folder: &Path, module: &str) -> bool {
    let path = folder.join(module);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return true;
    };
    let name = name.to_string_lossy();
    let Ok(files) = fs::read_dir(parent) else {
        return false;
    };
    files.flatten().any(|file| {
        let file = file.file_name();
        let file = file.to_string_lossy();
        let rest = file.strip_prefix(&*name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
