//! Files in folders, as every dialect looks at them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value as Json;

/// The folder that is looked into where none is named.
pub(super) const HERE: &str = ".";

/// The path of a file in a folder, without a leading `./`.
pub(super) fn join(folder: &Path, name: &str) -> PathBuf {
    match folder == Path::new(HERE) || folder == Path::new("") {
        true => PathBuf::from(name),
        false => folder.join(name),
    }
}

/// When a file was written, if it is there.
pub(super) fn written(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}

/// `null` if it cannot be read.
pub(super) fn read_json(path: &Path) -> Json {
    let bytes = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
