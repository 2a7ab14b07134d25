//! A function's deployment package, as its processes find it: folders, whatever the template names.
//! A zip is unpacked, inline code is written into a file, and the files of several layers are
//! brought together, as they are in `/opt` on Lambda.

mod archive;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use stack::{Function, Layer};

use super::{Missing, State, Tools};

/// The folders of a function's code and of its layers.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// `LAMBDA_TASK_ROOT`. Absolute; it is there unless the template names a folder that is not.
    pub(crate) root: PathBuf,
    /// Instead of `/opt`: the files of all layers; `None` without layers.
    pub(crate) opt: Option<PathBuf>,
    /// The files and folders that the template names: a change of them makes another package.
    pub(crate) sources: Vec<PathBuf>,
}

/// The folders that were made for packages, by what they were made from.
#[derive(Default)]
pub(crate) struct Packages {
    made: Mutex<HashMap<(Content, State), Made>>,
    begun: AtomicUsize,
}

/// What a folder is made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Content {
    /// A zip, or another file, which is the only one then.
    File(PathBuf),
    /// Files, by name.
    Texts(Vec<(&'static str, String)>),
    /// Folders, of which a later one hides the files of the ones before it.
    Folders(Vec<PathBuf>),
}

/// A folder that was made.
#[derive(Clone, Debug)]
struct Made {
    folder: PathBuf,
    /// The size of what was unpacked for it.
    unpacked: usize,
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
        let named = std::path::absolute(&function.code.directory)?;
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
            let content = content(layer)?;
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
        Ok(Self { root, opt, sources })
    }

    /// A folder of the layers, if it is there.
    pub(crate) fn of_layers(&self, path: &str) -> Option<PathBuf> {
        let folder = self.opt.as_ref()?.join(path);
        folder.is_dir().then_some(folder)
    }

    /// `PATH` and `LD_LIBRARY_PATH`, in Lambda's order: the system's, the code's, the layers'.
    /// `code` is where the function's program is.
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
        set("PATH", &[], self.of_layers("bin").into_iter().collect());
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

impl Content {
    /// Inline code, and the module that CloudFormation puts beside it if it is asked for.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html>
    fn inline(runtime: &str, text: &str) -> Self {
        let (name, asks, module, code) = match runtime.starts_with("python") {
            true => (
                "index.py",
                "import cfnresponse",
                "cfnresponse.py",
                include_str!("package/inline/cfnresponse.py"),
            ),
            false => (
                "index.js",
                "cfn-response",
                "cfn-response.js",
                include_str!("package/inline/cfn-response.js"),
            ),
        };
        let mut files = vec![(name, text.to_owned())];
        if text.contains(asks) {
            files.push((module, code.to_owned()));
        }
        Self::Texts(files)
    }

    /// The files that it is made from.
    fn files(&self) -> &[PathBuf] {
        match self {
            Self::File(file) => std::slice::from_ref(file),
            Self::Texts(_) => &[],
            Self::Folders(folders) => folders,
        }
    }

    /// Makes the folder; gives how many bytes were unpacked.
    fn make(&self, folder: &Path) -> Result<usize, Missing> {
        fs::create_dir(folder)?;
        match self {
            Self::File(file) => return unpack(file, folder),
            Self::Texts(files) => {
                for (name, text) in files {
                    fs::write(folder.join(name), text)?;
                }
            }
            Self::Folders(folders) => {
                for layer in folders {
                    copy(layer, folder)?;
                }
            }
        }
        Ok(0)
    }
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
fn content(layer: &Layer) -> Result<PathBuf, Missing> {
    let content = std::path::absolute(&layer.content)?;
    match content.exists() {
        true => Ok(content),
        false => Err(Missing::Layer {
            layer: layer.logical_id.clone(),
            content,
        }),
    }
}

/// The folder with a content: the one that was made for it, or a new one.
async fn made(content: Content, tools: &Tools) -> Result<Made, Missing> {
    let key = (content.clone(), State::of(content.files()));
    let Packages { made, begun } = &tools.packages;
    let all = || made.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(made) = all().get(&key) {
        return Ok(made.clone());
    }
    let number = begun.fetch_add(1, Ordering::Relaxed);
    let folder = tools.folder()?.join(format!("package-{number}"));
    let to = folder.clone();
    let making = tokio::task::spawn_blocking(move || {
        let made = content.make(&to);
        if made.is_err() {
            // What is left goes with the gateway's folder.
            let _ = fs::remove_dir_all(&to);
        }
        made
    });
    let unpacked = making.await.map_err(io::Error::from)??;
    let made = Made { folder, unpacked };
    all().insert(key, made.clone());
    Ok(made)
}

/// Whether a name is that of a zip.
fn is_archive(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    ["zip", "jar"]
        .iter()
        .any(|name| extension.eq_ignore_ascii_case(name))
}

fn has_libraries(folder: &Path) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("lib") && name.contains(".so")
    })
}

/// Unpacks a zip. Any other file is the only one of its package, as `sam package` does it.
fn unpack(file: &Path, folder: &Path) -> Result<usize, Missing> {
    let wrong = |problem| Missing::Archive {
        file: file.to_owned(),
        problem,
    };
    let bytes = fs::metadata(file).and_then(|metadata| match metadata.len() {
        bytes if bytes > archive::LIMIT as u64 => Err(io::Error::other(format!(
            "it has {bytes} bytes, and Lambda takes {} unpacked",
            archive::LIMIT
        ))),
        _ => fs::read(file),
    });
    let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
    if is_archive(file) || archive::is_zip(&bytes) {
        return archive::unpack(&bytes, folder).map_err(wrong);
    }
    let name = file.file_name().unwrap_or_default();
    fs::copy(file, folder.join(name))?;
    Ok(0)
}

/// Copies a folder's files over those of another one.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let at = to.join(entry.file_name());
        let there = fs::symlink_metadata(&at).ok();
        if kind.is_dir() {
            if there.as_ref().is_some_and(|there| !there.is_dir()) {
                fs::remove_file(&at)?;
            }
            fs::create_dir_all(&at)?;
            copy(&entry.path(), &at)?;
            continue;
        }
        match there {
            Some(there) if there.is_dir() => fs::remove_dir_all(&at)?,
            Some(_) => fs::remove_file(&at)?,
            None => {}
        }
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &at)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &at)?;
        }
    }
    Ok(())
}
