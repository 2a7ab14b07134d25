//! Code and layers that are no folders: zips, and code in the template. Needs Node and Python
//! (feature `runtimes`).

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::io::{Write, sink};
use std::path::{Path, PathBuf};

use gateway::Options;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use stack::Assembly;
use support::{ask, code_folder, connect, start};

/// Writes a zip with these files; the ones in `bin/` and `bootstrap` can be run.
fn zip(path: &Path, files: &[(&str, &str)]) {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, text) in files {
        let runs = name.starts_with("bin/") || *name == "bootstrap";
        let file = zip.new_file(*name);
        let file = file.compression_method(CompressionMethod::DEFLATE);
        let file = file.unix_permissions(if runs { 0o755 } else { 0o644 });
        let (mut entry, config) = file.start().unwrap();
        let mut data = config.wrap(sink());
        data.write_all(text.as_bytes()).unwrap();
        let (_, descriptor) = data.finish().unwrap();
        let compressed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6);
        entry.write_all(&compressed).unwrap();
        entry.finish(descriptor).unwrap();
    }
    fs::write(path, zip.finish().unwrap()).unwrap();
}

/// A stack in this folder whose function answers every message and has these properties.
fn stack(folder: &Path, properties: &str, resources: &str) -> PathBuf {
    let template = support::two_way(folder, folder, "");
    let text = fs::read_to_string(&template).unwrap();
    let (before, rest) = text.split_once("  Function:\n").unwrap();
    let (_, after) = rest.split_once("  Permission:\n").unwrap();
    let text = format!("{before}{resources}\n{properties}\n  Permission:\n{after}");
    fs::write(&template, text).unwrap();
    template
}

fn function(code: &str, handler: &str, runtime: &str, layers: &str) -> String {
    format!(
        "  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {code}
      Handler: {handler}
      Runtime: {runtime}
      Timeout: 20
      Layers: [{layers}]
"
    )
}

fn layer(name: &str, content: &str) -> String {
    format!(
        "  {name}: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: {content}}}}}\n"
    )
}

/// What a stack answers to a message.
async fn answer(template: &Path) -> String {
    let running = start(Options::new(template)).await;
    let mut client = connect(&running).await.unwrap();
    let answer = ask(&mut client, "{}").await;
    running.shutdown().await;
    answer
}

async fn refused(template: &Path) -> String {
    match gateway::start(Options::new(template)).await {
        Ok(_) => panic!("it has started"),
        Err(error) => error.to_string(),
    }
}

const NODE: &str = "
import { greet } from './lib/greet.mjs';
import { readFileSync } from 'node:fs';
export const handler = async () => ({
  statusCode: 200,
  body: greet(readFileSync(`${process.env.LAMBDA_TASK_ROOT}/name.txt`, 'utf8')),
});";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_zip_is_what_is_in_it_and_another_zip_is_a_new_deployment() {
    let folder = code_folder("zip-node", &[("package.json", "{}")]);
    let files = |greeting: &str| {
        let greet = format!("export const greet = (name) => `{greeting} ${{name}}`;");
        let files = [
            ("app.mjs", NODE),
            ("name.txt", "zip"),
            ("lib/greet.mjs", &greet),
        ];
        zip(&folder.join("app.zip"), &files);
    };
    files("hello");
    let template = stack(
        &folder,
        &function("app.zip", "app.handler", "nodejs22.x", ""),
        "",
    );
    let running = start(Options::new(&template)).await;
    let mut client = connect(&running).await.unwrap();
    assert_eq!(ask(&mut client, "{}").await, "hello zip");
    files("good morning,");
    let assembly = Assembly::read(&template, &stack::Settings::default()).unwrap();
    running.apply(assembly).await.unwrap();
    assert_eq!(ask(&mut client, "{}").await, "good morning, zip");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_zip_for_python_and_layers_that_are_zips_and_folders() {
    let code = "
import own, one, two, three, subprocess, os

def handler(event, context):
    tool = subprocess.run(['tool'], capture_output=True, text=True).stdout.strip()
    libraries = 'lib' in [os.path.basename(p) for p in os.environ['LD_LIBRARY_PATH'].split(':')]
    said = [own.x, one.x, two.x, three.x, tool, str(libraries)]
    return {'statusCode': 200, 'body': ' '.join(said)}
";
    let folder = code_folder(
        "zip-python",
        &[
            ("second/python/one.py", "x = 'one of two'"),
            ("second/python/three.py", "x = 'three'"),
            ("second/python/own.py", "x = 'not this'"),
        ],
    );
    zip(
        &folder.join("app.jar"),
        &[("app.py", code), ("own.py", "x = 'own'")],
    );
    zip(
        &folder.join("first.zip"),
        &[
            ("python/one.py", "x = 'not this either'"),
            ("python/lib/python3.12/site-packages/two.py", "x = 'two'"),
            ("bin/tool", "#!/bin/sh\necho tool\n"),
            ("lib/libnothing.so.1", ""),
        ],
    );
    let function = function(
        "app.jar",
        "app.handler",
        "python3.12",
        "!Ref First, !Ref Second",
    );
    let layers = layer("First", "first.zip") + &layer("Second", "second");
    let template = stack(&folder, &function, &layers);
    assert_eq!(
        answer(&template).await,
        "own one of two two three tool True"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_zip_brings_its_own_runtime_and_so_does_a_layer() {
    let script = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
head=$(mktemp)
while curl --silent --show-error --fail --dump-header "$head" --output /dev/null "$api/next"; do
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$head")
  said="$(cat "$LAMBDA_TASK_ROOT/name.txt") $(tool) $(basename "$RUBYLIB")"
  curl --silent --output /dev/null --data "{\"statusCode\": 200, \"body\": \"$said\"}" "$api/$id/response"
done
"#;
    let folder = code_folder("zip-provided", &[("code/name.txt", "folder")]);
    let tool = ("bin/tool", "#!/bin/sh\necho layer\n");
    zip(
        &folder.join("app.zip"),
        &[("bootstrap", script), ("name.txt", "zip")],
    );
    let ruby = ("ruby/lib/x.rb", "");
    zip(&folder.join("tool.zip"), &[tool, ruby]);
    let files = [("bootstrap", script), tool, ruby];
    zip(&folder.join("runtime.zip"), &files);
    for (code, content, expected) in [
        ("app.zip", "tool.zip", "zip layer lib"),
        ("code", "runtime.zip", "folder layer lib"),
    ] {
        let function = function(code, "x", "provided.al2023", "!Ref Layer");
        let template = stack(&folder, &function, &layer("Layer", content));
        assert_eq!(answer(&template).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn modules_of_layers_are_found_by_their_paths_on_lambda() {
    let classic = "
const { greet } = require('/opt/nodejs/greet');
exports.handler = async () => ({ statusCode: 200, body: `${greet} ${require('layered')}` });";
    let modern = "
import { greet } from '/opt/nodejs/greet.js';
import layered from 'layered';
export const handler = async () => ({ statusCode: 200, body: `${greet} ${layered}` });";
    let folder = code_folder("opt", &[("one/app.js", classic), ("two/app.mjs", modern)]);
    let greet = "const name = require('layered');\nexports.greet = `hello ${name},`;";
    zip(
        &folder.join("layer.zip"),
        &[
            ("nodejs/greet.js", greet),
            (
                "nodejs/node_modules/layered/index.js",
                "module.exports = 'layer';",
            ),
        ],
    );
    for code in ["one", "two"] {
        for runtime in ["nodejs20.x", "nodejs24.x"] {
            let function = function(code, "app.handler", runtime, "!Ref Layer");
            let template = stack(&folder, &function, &layer("Layer", "layer.zip"));
            let answer = answer(&template).await;
            assert_eq!(answer, "hello layer, layer", "{code}, {runtime}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn code_in_the_template_runs() {
    let folder = code_folder("inline", &[("index.js", "throw new Error('not this')")]);
    let javascript = "
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      Timeout: 20
      Code:
        ZipFile: |
          const response = require('cfn-response');
          exports.handler = (event, context, callback) => {
            callback(null, { statusCode: 200, body: `inline ${response.SUCCESS}` });
          };
";
    let python = "
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Timeout: 20
      InlineCode: |
        import cfnresponse
        def handler(event, context):
            return {'statusCode': 200, 'body': f'inline {cfnresponse.FAILED}'}
";
    for (function, expected) in [(javascript, "inline SUCCESS"), (python, "inline FAILED")] {
        let template = stack(&folder, function, "");
        assert_eq!(answer(&template).await, expected);
    }
}

#[tokio::test]
async fn what_is_missing_or_broken_is_one_error_with_what_to_do() {
    let folder = code_folder("zip-missing", &[("broken.zip", "PK no")]);
    let refused = |code: &str, content: &str| {
        let function = function(code, "app.handler", "nodejs22.x", "!Ref Layer");
        let template = stack(&folder, &function, &layer("Layer", content));
        async move { refused(&template).await }
    };
    let page = refused("nowhere.zip", "src").await;
    assert!(
        page.contains("there is no file `") && page.contains("nowhere.zip`"),
        "{page}"
    );
    assert!(
        page.contains("paths of code are taken from the template's folder"),
        "{page}"
    );
    let page = refused("broken.zip", "src").await;
    assert!(
        page.contains("broken.zip` cannot be unpacked: it is no zip"),
        "{page}"
    );
    assert!(page.contains("make the zip anew"), "{page}");
    let page = refused(".", "no-layer").await;
    assert!(
        page.contains("no-layer`, the content of its layer `Layer`"),
        "{page}"
    );
}
