//! The folders that are made for packages, each once for what it is made from: it goes with the
//! gateway.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
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
        let key = (content.clone(), State::of(content.files()));
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
