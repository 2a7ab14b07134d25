//! A function's deployment package, as its processes find it: folders, whatever the template names.
//! A zip is unpacked, inline code is written into a file, and the files of several layers are
//! brought together, as they are in `/opt` on Lambda.

mod archive;
mod content;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use stack::{Function, Layer};

pub(crate) use content::Packages;
use content::{Content, Made, is_archive};

use super::{Missing, Tools, unbuilt};

/// The folders of a function's code and of its layers.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// `LAMBDA_TASK_ROOT`. Absolute; it is there unless the template names a folder that is not.
    pub(crate) root: PathBuf,
    /// What the template names, absolute: `root` itself, or the file that was unpacked.
    pub(crate) named: PathBuf,
    /// Instead of `/opt`: the files of all layers; `None` without layers.
    pub(crate) opt: Option<PathBuf>,
    /// The files and folders that the template names: a change of them makes another package.
    pub(crate) sources: Vec<PathBuf>,
}

/// Where the system's own libraries are: on Lambda they come before those of a function.
const LIBRARIES: [&str; 8] = [
    "/lib64",
    "/usr/lib64",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib",
    "/usr/lib",
];

impl Package {
    /// The package of a function, unpacked if need be.
    ///
    /// # Errors
    /// What is missing, or cannot be unpacked.
    pub(crate) async fn open(function: &Function, tools: &Tools) -> Result<Self, Missing> {
        // The empty path is the folder of a template that was named without one.
        let named = std::path::absolute(Path::new(".").join(&function.code.directory))?;
        let mut sources = Vec::new();
        let mut unpacked = 0;
        let root = match &function.code.inline {
            Some(text) => {
                let content = Content::inline(&function.runtime, text);
                made(content, tools).await?.folder
            }
            None => {
                sources.push(named.clone());
                if !named.exists() && is_archive(&named) {
                    return Err(Missing::File { file: named });
                }
                folder(&named, &mut unpacked, tools).await?
            }
        };
        let mut layers = Vec::new();
        for layer in &function.layers {
            let content = content_of(layer)?;
            layers.push(folder(&content, &mut unpacked, tools).await?);
            sources.push(content);
        }
        if unpacked > archive::LIMIT {
            return Err(Missing::Archive {
                file: named,
                problem: format!(
                    "with its layers it has {unpacked} bytes, and Lambda takes {}",
                    archive::LIMIT
                ),
            });
        }
        let opt = match layers.len() {
            0 | 1 => layers.pop(),
            _ => Some(made(Content::Folders(layers), tools).await?.folder),
        };
        Ok(Self {
            root,
            named,
            opt,
            sources,
        })
    }

    /// A folder of the layers, if it is there.
    pub(crate) fn of_layers(&self, path: &str) -> Option<PathBuf> {
        let folder = self.opt.as_ref()?.join(path);
        folder.is_dir().then_some(folder)
    }

    /// `PATH`, `LD_LIBRARY_PATH` and their like, in Lambda's order: the system's, the code's, the
    /// layers'. `code` is where the function's program is.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
    pub(crate) fn search_paths(&self, code: &Path) -> Vec<(OsString, OsString)> {
        let mut variables = Vec::new();
        let mut set = |name: &str, before: &[&str], after: Vec<PathBuf>| {
            if after.is_empty() {
                return;
            }
            let inherited = std::env::var_os(name).unwrap_or_default();
            let before = before
                .iter()
                .map(PathBuf::from)
                .filter(|folder| folder.is_dir());
            let own = std::env::split_paths(&inherited).filter(|path| !path.as_os_str().is_empty());
            // A folder with a colon in its name cannot be listed.
            if let Ok(all) = std::env::join_paths(own.chain(before).chain(after)) {
                variables.push((name.into(), all));
            }
        };
        let of_layers = |path| self.of_layers(path).into_iter().collect();
        set("PATH", &[], of_layers("bin"));
        // Of the runtimes that a command runs.
        set("RUBYLIB", &[], of_layers("ruby/lib"));
        let jars = self.of_layers("java/lib").map(|folder| folder.join("*"));
        set("CLASSPATH", &[], jars.into_iter().collect());
        if cfg!(target_os = "linux") {
            let own = [code.to_owned(), code.join("lib")].into_iter();
            let all = own.chain(self.of_layers("lib"));
            // An interpreter may bring libraries that are not the system's: they are left alone as
            // long as they can be.
            let all = all.filter(|folder| has_libraries(folder));
            set("LD_LIBRARY_PATH", &LIBRARIES, all.collect());
        }
        variables
    }
}

async fn made(content: Content, tools: &Tools) -> Result<Made, Missing> {
    tools.packages.made(content, || tools.folder()).await
}

/// What a template names as code or as a layer, as a folder.
async fn folder(named: &Path, unpacked: &mut usize, tools: &Tools) -> Result<PathBuf, Missing> {
    if !named.is_file() {
        return Ok(named.to_owned());
    }
    let made = made(Content::File(named.to_owned()), tools).await?;
    *unpacked += made.unpacked;
    Ok(made.folder)
}

/// Where a layer's content is.
fn content_of(layer: &Layer) -> Result<PathBuf, Missing> {
    let content = std::path::absolute(&layer.content)?;
    match content.exists() {
        true => unbuilt::check_layer(layer).map(|()| content),
        false => Err(Missing::Layer {
            layer: layer.logical_id.clone(),
            content,
        }),
    }
}

fn has_libraries(folder: &Path) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("lib") && name.contains(".so")
    })
}
