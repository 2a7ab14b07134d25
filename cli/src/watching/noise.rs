//! What changes beside people's files without anybody's doing: it is no change of them.

use std::ffi::OsStr;
use std::path::Path;

/// Folders of packages, whose hidden folders count: `node_modules/.prisma`, `node_modules/.pnpm`.
const PACKAGES: &str = "node_modules";
/// Hidden folders that hold code all the same.
const ENVIRONMENT: &str = ".venv";
/// Folders that tools write to while they run what is in the others.
const CACHES: [&str; 5] = ["__pycache__", ".cache", ".vite", ".vite-temp", "cdk.out"];
/// Where a tool says that all beside it can be made again: cargo's `target`, pytest's cache.
///
/// Source: <https://bford.info/cachedir/>
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// Whether a file is an editor's own, the system's, or made of another one while that runs.
pub(super) fn is_file(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let ends = [
        "~",
        ".swp",
        ".swo",
        ".swx",
        ".swpx",
        ".pyc",
        "___jb_tmp___",
        "___jb_old___",
    ];
    let starts = [".#", ".goutputstream-", ".nfs", ".~lock."];
    // Vim tries with this one whether it can write in the folder.
    let is_named = matches!(&*name, "4913" | ".DS_Store");
    let is_auto_saved = name.len() > 1 && name.starts_with('#') && name.ends_with('#');
    is_named
        || is_auto_saved
        || ends.iter().any(|end| name.ends_with(end))
        || starts.iter().any(|start| name.starts_with(start))
}

/// Whether a folder in a watched one is left out.
pub(super) fn is_folder(path: &Path) -> bool {
    let Some(name) = path.file_name().map(OsStr::to_string_lossy) else {
        return false;
    };
    let is_in_packages = || path.iter().any(|part| part == PACKAGES);
    CACHES.contains(&&*name)
        || (name.starts_with('.') && name != ENVIRONMENT && !is_in_packages())
        || (!is_in_packages() && path.join(CACHE_TAG).is_file())
        // cargo makes it before it says so.
        || (name == "target" && path.with_file_name("Cargo.toml").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("app.mjs", false)]
    #[case(".env", false)]
    #[case(".package-lock.json", false)]
    #[case("#", false)]
    #[case("app.mjs~", true)]
    #[case(".app.mjs.swp", true)]
    #[case("4913", true)]
    #[case("#app.py#", true)]
    #[case(".#app.py", true)]
    #[case("app.cpython-313.pyc", true)]
    #[case("app.mjs___jb_tmp___", true)]
    fn a_file_of_an_editor_is_noise(#[case] name: &str, #[case] is_noise: bool) {
        assert_eq!(is_file(OsStr::new(name)), is_noise);
    }

    #[rstest]
    #[case("/p/src/lib", false)]
    #[case("/p/src/node_modules", false)]
    #[case("/p/src/node_modules/.prisma", false)]
    #[case("/p/src/node_modules/.cache", true)]
    #[case("/p/src/.venv", false)]
    #[case("/p/src/__pycache__", true)]
    #[case("/p/.git", true)]
    #[case("/p/.aws-sam", true)]
    fn a_folder_of_a_tool_is_noise(#[case] path: &str, #[case] is_noise: bool) {
        assert_eq!(is_folder(Path::new(path)), is_noise);
    }
}
