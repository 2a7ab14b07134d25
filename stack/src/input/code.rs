//! Where a tool left code that a template says is in a bucket.
//!
//! CDK's templates name an asset in their metadata, if its CLI made them, and always in the
//! manifest of their assets; serverless leaves the zips that it uploads beside its template.
//!
//! Source: <https://docs.aws.amazon.com/cdk/v2/guide/assets.html>

use std::path::{Component, Path, PathBuf};

use super::files::{join, read_json};
use super::{cdk, serverless};

/// Code that is not where the template says a person finds it.
#[derive(Clone, Copy)]
pub(crate) struct Packaged<'a> {
    /// `Metadata.aws:asset:path`.
    pub(crate) asset_path: Option<&'a str>,
    /// Its key in the bucket.
    pub(crate) key: Option<&'a str>,
}

/// The end of the name of a manifest of assets.
const ASSETS: &str = ".assets.json";

impl Packaged<'_> {
    /// The folder or the file of the code, for a template in `folder`.
    ///
    /// # Errors
    /// Nothing that it may be is there: what it is, what was looked for, and what to run.
    pub(crate) fn find(self, folder: &Path) -> Result<PathBuf, String> {
        let places = self.places(folder);
        if let Some(found) = places.iter().find(|place| place.exists()) {
            return Ok(found.clone());
        }
        let what = match (self.key, self.asset_path) {
            (Some(key), _) => format!("the object `{key}` of a bucket"),
            (None, Some(path)) => format!("the asset `{path}`"),
            (None, None) => return Err("neither a folder, a file nor a text".to_owned()),
        };
        let looked: Vec<String> = places
            .iter()
            .map(|place| format!("`{}`", place.display()))
            .collect();
        let command = match () {
            () if serverless::packaged(folder).is_some() => ": run `npx serverless package`",
            () if folder.join(cdk::MANIFEST).is_file() => ": run `npx cdk synth`",
            () => "",
        };
        Err(format!(
            "{what}, and there is no {}{command}",
            looked.join(", ")
        ))
    }

    /// All that it may be, the likeliest first.
    fn places(self, folder: &Path) -> Vec<PathBuf> {
        let mut places: Vec<PathBuf> = Vec::new();
        let mut add = |place: PathBuf| {
            let place = clean(&place);
            if !places.contains(&place) {
                places.push(place);
            }
        };
        if let Some(path) = self.asset_path {
            add(join(folder, path));
        }
        let Some(key) = self.key else {
            return places;
        };
        for source in sources(folder, key) {
            add(join(folder, &source));
        }
        let name = key.rsplit('/').next().unwrap_or(key);
        add(join(folder, name));
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        let is_hash = stem.len() == 64 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash {
            // As the CDK calls them, where no manifest names them.
            for end in ["", ".zip", ".jar"] {
                add(join(folder, &format!("asset.{stem}{end}")));
            }
        }
        places
    }
}

/// The manifests of assets in a folder, in the order of their names.
pub(crate) fn lists(folder: &Path) -> Vec<PathBuf> {
    let here = match folder == Path::new("") {
        true => Path::new("."),
        false => folder,
    };
    let files = std::fs::read_dir(here).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ASSETS)).collect();
    names.sort();
    names.iter().map(|name| join(folder, name)).collect()
}

/// The paths that the manifests of assets in a folder give for a key.
fn sources(folder: &Path, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    for list in lists(folder) {
        let manifest = read_json(&list);
        let files = manifest["files"].as_object();
        for file in files.into_iter().flatten().map(|(_, file)| file) {
            let destinations = file["destinations"].as_object();
            let mut destinations = destinations.into_iter().flatten();
            let is_it = destinations.any(|(_, one)| one["objectKey"] == key);
            if let Some(path) = file["source"]["path"].as_str().filter(|_| is_it) {
                found.push(path.to_owned());
            }
        }
    }
    found
}

/// A path without `a/../`, as a person writes it.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        let above = cleaned.components().next_back();
        match (part, above) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                cleaned.pop();
            }
            (Component::CurDir, _) => {}
            _ => cleaned.push(part),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cleaned_as_far_as_it_can_be() {
        let clean = |path: &str| clean(Path::new(path)).display().to_string();
        assert_eq!(clean("cdk.out/assembly-Prod/../asset.1"), "cdk.out/asset.1");
        assert_eq!(clean("../../a/./b"), "../../a/b");
        assert_eq!(clean("/a/../b"), "/b");
    }
}
