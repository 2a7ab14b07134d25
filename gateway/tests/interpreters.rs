//! Functions whose interpreter, packages or build this machine lacks: one error with what to do.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gateway::Options;
use support::{code_folder, javascript};

/// What keeps a gateway with this function from starting.
async fn refused(folder: &Path, node: &Path) -> String {
    let template = javascript(folder, "nodejs22.x", "app.handler");
    if folder
        .parent()
        .unwrap()
        .join("layer/requirements.txt")
        .exists()
    {
        let text = fs::read_to_string(&template).unwrap();
        let layer = "Type: AWS::Serverless::LayerVersion\n";
        let built = format!("{layer}    Metadata: {{BuildMethod: python3.12}}\n");
        fs::write(&template, text.replace(layer, &built)).unwrap();
    }
    let mut options = Options::new(template);
    options.interpreters.node = Some(node.to_owned());
    match gateway::start(options).await {
        Ok(_) => panic!("it has started"),
        Err(error) => error.to_string(),
    }
}

/// A program that says this version of itself, and can do nothing else.
fn node_of(folder: &Path, version: &str) -> PathBuf {
    let node = folder.join("node");
    fs::write(&node, format!("#!/bin/sh\necho {version}\n")).unwrap();
    fs::set_permissions(&node, fs::Permissions::from_mode(0o755)).unwrap();
    node
}

#[tokio::test]
async fn a_node_that_is_missing_or_too_old_is_named_with_what_to_install() {
    let folder = code_folder(
        "no-node",
        &[("app.mjs", "export const handler = async () => 1;")],
    );
    let page = refused(&folder, Path::new("/nowhere/node")).await;
    assert!(
        page.contains("`/nowhere/node` cannot be run: there is no such program"),
        "{page}"
    );
    assert!(page.contains("install Node 20 or newer"), "{page}");
    let page = refused(&folder, &node_of(&folder, "v18.20.8")).await;
    assert!(
        page.contains("it is Node 18.20.8, which is too old"),
        "{page}"
    );
}

#[tokio::test]
async fn code_that_was_not_built_is_named_with_the_command() {
    let typescript = "export const handler = async () => 1;";
    let package = r#"{"scripts": {"build": "esbuild"}, "dependencies": {"left-pad": "1"}}"#;
    type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c str, &'c str);
    let cases: [Case<'_>; 8] = [
        (
            "typescript",
            &[("app.ts", typescript), ("tsconfig.json", "{}")],
            "is TypeScript that was not compiled",
            "run `npx tsc`",
        ),
        (
            "script",
            &[
                ("app.ts", typescript),
                ("package.json", package),
                ("pnpm-lock.yaml", ""),
            ],
            "is TypeScript that was not compiled",
            "run `pnpm run build` in `",
        ),
        (
            "packages",
            &[
                ("app.mjs", "import pad from 'left-pad';"),
                ("package.json", package),
            ],
            "the package `left-pad` of `",
            "run `npm install` in `",
        ),
        (
            "bundle",
            &[("../package.json", package), ("other.ts", typescript)],
            "src/app.js` is missing",
            "run `npm run build` in `",
        ),
        (
            "imported",
            &[
                ("app.mjs", "import './lib/pad';"),
                ("lib/pad.js", "const pad = require('left-pad/deep');"),
                ("package.json", package),
                ("yarn.lock", ""),
            ],
            "the package `left-pad` of `",
            "run `yarn install` in `",
        ),
        (
            "layer",
            &[
                ("app.mjs", typescript),
                ("../layer/requirements.txt", "left-pad"),
            ],
            "its build method `python3.12` was not run",
            "run `sam build`, and serve",
        ),
        (
            "folder",
            &[],
            "there is no folder `",
            "run `pnpm run build` in `",
        ),
        (
            "nothing",
            &[],
            "there is no folder `",
            "paths of code are taken from the template's folder",
        ),
    ];
    for (name, files, problem, command) in cases {
        let folder = code_folder(&format!("unbuilt-{name}"), files);
        let parent = folder.parent().unwrap();
        let node = node_of(parent, "v22.0.0");
        if files.is_empty() {
            fs::remove_dir_all(&folder).unwrap();
        }
        if name == "folder" {
            fs::write(parent.join("package.json"), package).unwrap();
            fs::write(parent.join("pnpm-lock.yaml"), "").unwrap();
        }
        let page = refused(&folder, &node).await;
        assert!(
            page.contains(problem) && page.contains(command),
            "{name}: {page}"
        );
    }
}
