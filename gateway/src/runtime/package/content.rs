//! The folders that are made for packages, each once for what it is made from: it goes with the
//! gateway.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::archive;
use crate::runtime::{Missing, State};

/// The folders that were made for packages, by what they were made from.
#[derive(Default)]
pub(crate) struct Packages {
    made: Mutex<HashMap<(Content, State), Made>>,
    begun: AtomicUsize,
}

/// What a folder is made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Content {
    /// A zip, or another file, which is the only one then.
    File(PathBuf),
    /// Files, by name.
    Texts(Vec<(&'static str, String)>),
    /// Folders, of which a later one hides the files of the ones before it.
    Folders(Vec<PathBuf>),
}

/// A folder that was made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) folder: PathBuf,
    /// The size of what was unpacked for it.
    pub(super) unpacked: usize,
}

impl Content {
    /// Inline code, and the module that CloudFormation puts beside it if it is asked for.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html>
    pub(super) fn inline(runtime: &str, text: &str) -> Self {
        let (name, asks, module, code) = match runtime.starts_with("python") {
            true => (
                "index.py",
                "import cfnresponse",
                "cfnresponse.py",
                include_str!("inline/cfnresponse.py"),
            ),
            false => (
                "index.js",
                "cfn-response",
                "cfn-response.js",
                include_str!("inline/cfn-response.js"),
            ),
        };
        let mut files = vec![(name, text.to_owned())];
        if text.contains(asks) {
            files.push((module, code.to_owned()));
        }
        Self::Texts(files)
    }

    /// The state of the files that it is made from.
    fn state(&self) -> State {
        match self {
            Self::File(file) => State::of(std::slice::from_ref(file)),
            Self::Texts(_) => State::of(&[]),
            Self::Folders(folders) => State::of_all_in(folders),
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
                    copy(layer, folder, 0)?;
                }
            }
        }
        Ok(0)
    }
}

impl Packages {
    /// The folder with a content: the one that was made for it, or a new one in `parent`.
    ///
    /// # Errors
    /// What is wrong with the content, or there is no parent.
    pub(super) async fn made(
        &self,
        content: Content,
        parent: impl FnOnce() -> io::Result<PathBuf>,
    ) -> Result<Made, Missing> {
        let looked_at = content.clone();
        let looking = tokio::task::spawn_blocking(move || looked_at.state());
        let key = (content.clone(), looking.await.map_err(io::Error::from)?);
        let all = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = all().get(&key) {
            return Ok(made.clone());
        }
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let folder = parent()?.join(format!("package-{number}"));
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
}

/// Whether a name is that of a zip.
pub(super) fn is_archive(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    ["zip", "jar"]
        .iter()
        .any(|name| extension.eq_ignore_ascii_case(name))
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
        return archive::unpack(&bytes, archive::LIMIT, folder).map_err(wrong);
    }
    let name = file.file_name().unwrap_or_default();
    fs::copy(file, folder.join(name))?;
    Ok(0)
}

/// Copies a folder's files over those of another one. `depth` is how far below its layer it is.
fn copy(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
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
            copy(&entry.path(), &at, depth + 1)?;
            continue;
        }
        match there {
            Some(there) if there.is_dir() => fs::remove_dir_all(&at)?,
            Some(_) => fs::remove_file(&at)?,
            None => {}
        }
        if kind.is_symlink() {
            let mut target = fs::read_link(entry.path())?;
            if leads_out(&target, depth) {
                // Such as to a package of the same workspace, which stays where it is.
                target = from.join(target);
            }
            std::os::unix::fs::symlink(target, &at)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &at)?;
        }
    }
    Ok(())
}

/// Whether a link that is so far below its layer leads out of it. One that is absolute does not
/// depend on where it is.
fn leads_out(target: &Path, mut depth: usize) -> bool {
    for part in target.components() {
        match part {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Random;
    use spec::ids::IdSource;

    /// Packages in a folder that goes with the test.
    struct Here {
        packages: Packages,
        folder: PathBuf,
    }

    impl Here {
        fn new() -> Self {
            let name = format!("gatespec-content-{:016x}", Random::new().next_u64());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir(&folder).expect("temporary files can be written");
            let folder = fs::canonicalize(folder).expect("it is there");
            let packages = Packages::default();
            Self { packages, folder }
        }

        fn with(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
            let folder = self.folder.join(name);
            for (file, text) in files {
                let file = folder.join(file);
                fs::create_dir_all(file.parent().expect("it has one")).expect("they can");
                fs::write(file, text).expect("they can");
            }
            folder
        }

        async fn made(&self, content: &Content) -> Result<PathBuf, Missing> {
            let parent = || Ok(self.folder.clone());
            let made = self.packages.made(content.clone(), parent).await;
            made.map(|made| made.folder)
        }
    }

    impl Drop for Here {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    fn text(folder: &Path, file: &str) -> String {
        fs::read_to_string(folder.join(file)).unwrap_or_default()
    }

    #[tokio::test]
    async fn a_later_layer_hides_files_of_the_ones_before_it() {
        let here = Here::new();
        let one = [
            ("lib/both", "1"),
            ("lib/one", "1"),
            ("d/x", "1"),
            ("f", "1"),
        ];
        let two = [
            ("lib/both", "2"),
            ("lib/two", "2"),
            ("d", "2"),
            ("f/x", "2"),
        ];
        let layers = [here.with("1", &one), here.with("2", &two)];
        let content = Content::Folders(layers.to_vec());
        let first = here.made(&content).await.expect("they are there");
        for (file, expected) in [
            ("lib/both", "2"),
            ("lib/one", "1"),
            ("lib/two", "2"),
            ("d", "2"),
            ("f/x", "2"),
        ] {
            assert_eq!(text(&first, file), expected, "{file}");
        }
        let again = here.made(&content).await.expect("it is there");
        assert_eq!(again, first);
        here.with("1", &[("lib/one", "longer")]);
        let changed = here.made(&content).await.expect("they are there");
        assert_eq!(text(&changed, "lib/one"), "longer");
        // A process that was started before may still read it.
        assert_eq!(text(&first, "lib/one"), "1");
    }

    #[tokio::test]
    async fn a_package_in_a_layer_that_changes_is_brought_together_again() {
        let here = Here::new();
        let file = "nodejs/node_modules/shared/index.js";
        let layers = [
            here.with("1", &[(file, "1"), ("nodejs/.hidden/x", "1")]),
            here.with("2", &[("f", "2")]),
        ];
        let content = Content::Folders(layers.to_vec());
        let first = here.made(&content).await.expect("they are there");
        assert_eq!(here.made(&content).await.expect("it is there"), first);
        for file in [file, "nodejs/.hidden/x"] {
            here.with("1", &[(file, "longer")]);
            let changed = here.made(&content).await.expect("they are there");
            assert_eq!(text(&changed, file), "longer");
        }
    }

    #[tokio::test]
    async fn links_of_layers_lead_where_they_led() {
        let here = Here::new();
        here.with("w/shared", &[("index.js", "shared"), ("dep.js", "dep")]);
        let one = here.with("w/1", &[("nodejs/node_modules/left/index.js", "1")]);
        let two = here.with("w/2", &[("nodejs/node_modules/left/index.js", "2")]);
        let modules = one.join("nodejs/node_modules");
        for (target, name) in [
            ("../../../shared", "shared"),
            ("../../../1/nodejs/node_modules/left", "back"),
            ("../node_modules/left", "inside"),
            ("shared/../shared/dep.js", "through.js"),
            ("../../../nothing", "nothing"),
        ] {
            std::os::unix::fs::symlink(target, modules.join(name)).expect("it can be");
        }
        let content = Content::Folders(vec![one, two]);
        let made = here.made(&content).await.expect("they are there");
        let made = made.join("nodejs/node_modules");
        assert_eq!(text(&made, "shared/index.js"), "shared");
        assert_eq!(text(&made, "back/index.js"), "1");
        // The layers are one folder.
        assert_eq!(text(&made, "inside/index.js"), "2");
        assert_eq!(text(&made, "through.js"), "dep");
        assert!(fs::symlink_metadata(made.join("nothing")).is_ok());
        assert!(!made.join("nothing").exists());
    }

    #[tokio::test]
    async fn a_file_that_is_no_zip_is_the_only_one_of_its_package() {
        let here = Here::new();
        let folder = here.with("src", &[("app.py", "x = 1"), ("other.py", "")]);
        let file = Content::File(folder.join("app.py"));
        let made = here.made(&file).await.expect("it is there");
        assert_eq!(text(&made, "app.py"), "x = 1");
        assert!(!made.join("other.py").exists());
    }

    #[tokio::test]
    async fn a_broken_zip_is_named_with_what_is_wrong() {
        let here = Here::new();
        let folder = here.with("src", &[("app.zip", "PK")]);
        let zip = Content::File(folder.join("app.zip"));
        for _ in 0..2 {
            let missing = here.made(&zip).await.expect_err("it is no zip");
            let words = missing.to_string();
            assert!(
                words.ends_with("app.zip` cannot be unpacked: it is no zip, or is cut off"),
                "{words}"
            );
        }
    }

    #[test]
    fn inline_code_has_the_response_module_if_it_asks_for_it() {
        let names = |runtime, text| {
            let Content::Texts(files) = Content::inline(runtime, text) else {
                panic!("inline code is text")
            };
            files
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(names("nodejs22.x", "exports.x = 1"), "index.js");
        assert_eq!(
            names("nodejs22.x", "require('cfn-response')"),
            "index.js cfn-response.js"
        );
        assert_eq!(names("python3.12", "import json"), "index.py");
        assert_eq!(
            names("python3.12", "import cfnresponse"),
            "index.py cfnresponse.py"
        );
    }
}
