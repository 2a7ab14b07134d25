//! `nodejs8.10` to `nodejs24.x`, on the machine's Node: a bootstrap of our own speaks the Runtime
//! API, loads the handler and behaves like the runtime of the template's generation.
//!
//! What the bootstrap does is held to AWS's own runtime interface clients: `.ci/runtimes`.

mod folder;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use stack::Function;

use super::others::Other;
use super::tools::Node;
use super::version::Version;
use super::{Package, Preparing, Program, Runtime, Tools};

/// Runs handlers in JavaScript.
pub(super) struct Nodejs;

/// The bootstrap, by file name. `index.mjs` is run.
const FILES: [(&str, &str); 9] = [
    ("index.mjs", include_str!("nodejs/index.mjs")),
    ("classic.mjs", include_str!("nodejs/classic.mjs")),
    ("client.mjs", include_str!("nodejs/client.mjs")),
    ("console.mjs", include_str!("nodejs/console.mjs")),
    ("errors.mjs", include_str!("nodejs/errors.mjs")),
    ("handler.mjs", include_str!("nodejs/handler.mjs")),
    ("opt.mjs", include_str!("nodejs/opt.mjs")),
    ("packages.mjs", include_str!("nodejs/packages.mjs")),
    ("stream.mjs", include_str!("nodejs/stream.mjs")),
];

impl Runtime for Nodejs {
    fn identifiers(&self) -> &'static [&'static str] {
        &[
            "nodejs8.10",
            "nodejs10.x",
            "nodejs12.x",
            "nodejs14.x",
            "nodejs16.x",
            "nodejs18.x",
            "nodejs20.x",
            "nodejs22.x",
            "nodejs24.x",
        ]
    }

    // npm and its friends build: what they have not built is an error of `prepare`.
    fn needs_build(&self, _: &Function, _: &Package) -> bool {
        false
    }

    fn prepare<'a>(
        &'a self,
        function: &'a Function,
        package: &'a Package,
        _: Option<&'a Path>,
        tools: &'a Tools,
    ) -> Preparing<'a> {
        Box::pin(async move {
            let node = tools.node().await?;
            let packages = packages(package, generation(&function.runtime));
            folder::check(function, &package.root, &packages)?;
            let bootstrap = tools.files("nodejs", &FILES)?;
            if generation(&function.runtime) != node.version.major {
                let version = node.version.to_string();
                let said = ("Node", &*version);
                let other = Other::new(&function.runtime, said, &node.program, "--node");
                tools.others.note(other, &function.logical_id);
            }
            Ok(program(function, &node, &bootstrap, package, &packages))
        })
    }
}

fn program(
    function: &Function,
    node: &Node,
    bootstrap: &Path,
    package: &Package,
    packages: &[PathBuf],
) -> Program {
    let mut argv = vec![node.program.clone().into_os_string()];
    argv.extend(flags(function, node.version).into_iter().map(Into::into));
    argv.push(bootstrap.join("index.mjs").into());
    let mut env: Vec<(OsString, OsString)> = vec![
        (
            "AWS_EXECUTION_ENV".into(),
            format!("AWS_Lambda_{}", function.runtime).into(),
        ),
        ("LAMBDA_RUNTIME_DIR".into(), bootstrap.into()),
    ];
    if let Some(opt) = &package.opt {
        env.push(("GATESPEC_OPT".into(), opt.into()));
    }
    let inherited = std::env::var_os("NODE_PATH");
    let inherited = inherited.iter().flat_map(std::env::split_paths);
    let path = packages.iter().cloned().chain(inherited);
    // What holds a colon cannot be listed: it is left out, and the function says what it misses.
    let listable = path.filter(|path| !path.to_string_lossy().contains(':'));
    if let Ok(path) = std::env::join_paths(listable) {
        env.push(("NODE_PATH".into(), path));
    }
    Program {
        argv,
        cwd: package.root.clone(),
        task_root: package.root.clone(),
        env,
        code: package.sources.clone(),
        is_preloaded: true,
    }
}

/// Where packages are found, besides the folders above the code: as on Lambda, with the layers'
/// folder instead of `/opt`.
fn packages(package: &Package, generation: u32) -> Vec<PathBuf> {
    let of_generation = format!("nodejs/node{generation}/node_modules");
    let of_layers = [&*of_generation, "nodejs/node_modules"].into_iter();
    let of_layers = of_layers.filter_map(|path| package.of_layers(path));
    of_layers.chain([package.root.clone()]).collect()
}

/// Node's features that the runtime of a generation does not have, unless the function's
/// `NODE_OPTIONS` name them. AWS's guide: `require` of ES modules is off in 20 and 22, their
/// detection in 22. Older generations never had either.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html>
fn flags(function: &Function, version: Version) -> Vec<&'static str> {
    let own = function.environment.get("NODE_OPTIONS");
    let is_own = |feature: &str| own.is_some_and(|own| own.contains(feature));
    let generation = generation(&function.runtime);
    let knows_require_module = version >= Version::of(22, 0) || version >= Version::of(20, 17);
    let knows_detect_module = version >= Version::of(20, 10);
    let mut flags = Vec::new();
    if generation < 24 && knows_require_module && !is_own("experimental-require-module") {
        flags.push("--no-experimental-require-module");
    }
    if generation < 24
        && generation != 20
        && knows_detect_module
        && !is_own("experimental-detect-module")
    {
        flags.push("--no-experimental-detect-module");
    }
    flags
}

/// The number in `nodejs22.x` and in `nodejs8.10`.
fn generation(runtime: &str) -> u32 {
    let version = runtime.trim_start_matches("nodejs");
    let (generation, _) = version.split_once('.').unwrap_or((version, ""));
    generation.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_names_its_generation() {
        let generations: Vec<u32> = Nodejs
            .identifiers()
            .iter()
            .map(|one| generation(one))
            .collect();
        assert_eq!(generations, [8, 10, 12, 14, 16, 18, 20, 22, 24]);
    }
}
