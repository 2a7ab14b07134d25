//! Where code is that a tool packaged, and what is said where it is not.

use std::fs;
use std::path::PathBuf;

use super::*;

const HASH: &str = "31208d1090ed9386300f68e2b185e122c068df6f6f2d3c2ef0b91f72b7cc64fa";
const ASSETS: &str = r#"{"files": {"31208d": {"source": {"path": "../asset.code", "packaging": "zip"},
    "destinations": {"current": {"bucketName": "b", "objectKey": "KEY.zip"}}}}}"#;
/// What names an object of a bucket.
const OBJECT: &str = "{S3Bucket: !Sub 'b-${AWS::Region}', S3Key: KEY.zip}";

/// A folder of the test's own, with empty files; names that end in `/` are folders.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[&str]) -> Self {
        let name = format!("gatespec-stack-code-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        drop(fs::remove_dir_all(&folder.0));
        for file in files {
            let path = folder.0.join(file);
            match file.ends_with('/') {
                true => fs::create_dir_all(path).unwrap(),
                false => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, "").unwrap();
                }
            }
        }
        folder
    }

    /// The code of a function of a template in `below`: its path from the folder, or why there is
    /// none.
    fn code(&self, below: &str, code: &str, metadata: &str) -> Result<String, String> {
        let function = format!(
            "
  F:
    Type: AWS::Lambda::Function
    Properties: {{Code: {code}, Handler: bootstrap, Runtime: provided.al2023}}
    Metadata: {metadata}
"
        );
        let text = format!("Resources:\n{API}{function}");
        let directory = self.0.join(below);
        let stack = parse("t.yaml", &text, &directory, &Settings::default()).unwrap();
        let code = &stack.functions()[0].code;
        let own = format!("{}/", self.0.display());
        match &code.unsupported {
            Some(reason) => Err(reason.replace(&own, "")),
            None => Ok(code.directory.display().to_string().replace(&own, "")),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn an_asset_is_where_the_metadata_say() {
    let folder = Folder::with(
        "metadata",
        &["out/asset.a/", "asset.b.zip", "out/in/", "x/"],
    );
    let asset = |below: &str, path: &str| {
        folder.code(below, OBJECT, &format!("{{'aws:asset:path': '{path}'}}"))
    };
    assert_eq!(asset("out", "asset.a").as_deref(), Ok("out/asset.a"));
    assert_eq!(
        asset("out/in", "../../asset.b.zip").as_deref(),
        Ok("asset.b.zip")
    );
    let absolute = folder.0.join("x").display().to_string();
    assert_eq!(asset("out", &absolute).as_deref(), Ok("x"));
}

#[test]
fn an_asset_is_where_the_manifest_says_if_no_metadata_do() {
    let folder = Folder::with("assets", &["out/stage/", "out/asset.code/", "out/KEY.zip"]);
    fs::write(folder.0.join("out/stage/Chat.assets.json"), ASSETS).unwrap();
    let found = folder.code("out/stage", OBJECT, "{}");
    assert_eq!(found.as_deref(), Ok("out/asset.code"));
    // A folder that is gone is looked for under its other names.
    let stale = "{'aws:asset:path': 'asset.gone'}";
    let found = folder.code("out/stage", OBJECT, stale);
    assert_eq!(found.as_deref(), Ok("out/asset.code"));
}

#[test]
fn a_zip_of_serverless_is_called_as_its_key_ends() {
    let folder = Folder::with("serverless", &["chat.zip"]);
    let key = "serverless/chat/dev/1795966373231-2026-11-29T15:32:53.231Z/chat.zip";
    let of_lambda = format!("{{S3Bucket: b, S3Key: '{key}'}}");
    assert_eq!(folder.code("", &of_lambda, "{}").as_deref(), Ok("chat.zip"));
}

#[test]
fn an_asset_of_the_legacy_synthesizer_is_found_by_its_parameters() {
    let name = format!("asset.{HASH}");
    let folder = Folder::with("legacy", &[&format!("{name}/")]);
    let parameter = format!("AssetParameters{HASH}S3VersionKeyCCE35776");
    let part = |index: u8| format!("!Select [{index}, !Split ['||', !Ref {parameter}]]");
    let text = format!(
        "Parameters: {{{parameter}: {{Type: String}}}}
Resources:
{API}
  F:
    Type: AWS::Lambda::Function
    Properties:
      Code: {{S3Bucket: b, S3Key: !Join ['', [{}, {}]]}}
      Handler: bootstrap
      Runtime: provided.al2023
",
        part(0),
        part(1)
    );
    let stack = parse("t.yaml", &text, &folder.0, &Settings::default()).unwrap();
    assert_eq!(stack.functions()[0].code.directory, folder.0.join(name));
}

#[test]
fn what_is_nowhere_says_what_was_looked_for() {
    let folder = Folder::with("nowhere", &["cdk.out/manifest.json"]);
    let metadata = "{'aws:asset:path': 'asset.a'}";
    let error = folder.code("cdk.out", OBJECT, metadata).unwrap_err();
    assert_eq!(
        error,
        "its code is the object `KEY.zip` of a bucket, and there is no `cdk.out/asset.a`, \
         `cdk.out/KEY.zip`: run `npx cdk synth`"
    );
    let hashed = format!("{{S3Bucket: b, S3Key: {HASH}.zip}}");
    let error = folder.code("", &hashed, "{}").unwrap_err();
    assert!(error.contains(&format!("`asset.{HASH}.jar`")), "{error}");
    assert!(!error.contains("run"), "{error}");
    let of_sam = folder.code("", "s3://b/some/key", "{}").unwrap_err();
    assert!(
        of_sam.starts_with("its code is the object `some/key`"),
        "{of_sam}"
    );
    let nothing = folder.code("", "{}", "{}").unwrap_err();
    assert_eq!(nothing, "its code is neither a folder, a file nor a text");
}

#[test]
fn an_image_is_known_by_its_address() {
    let folder = Folder::with("image", &["asset.a/"]);
    let metadata = "{'aws:asset:path': asset.a, 'aws:asset:property': Code.ImageUri}";
    let found = folder.code(
        "",
        "{ImageUri: 1.dkr.ecr.us-east-1.amazonaws.com/a}",
        metadata,
    );
    assert_eq!(found.as_deref(), Ok("asset.a"));
}

#[test]
fn a_runtime_that_lambda_does_not_have_is_an_error_with_the_one_that_was_meant() {
    let resources = "
  F:
    Type: AWS::Serverless::Function
    Properties: {InlineCode: '', Handler: index.f, Runtime: nodejs20}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub
        - 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F}/invocations'
        - {F: !GetAtt F.Arn}
";
    let error = read("", resources, &[]).unwrap_err();
    assert_eq!(error.message(), "Lambda has no runtime `nodejs20`");
    assert!(
        error.to_string().contains("did you mean `nodejs20.x`?"),
        "{error}"
    );
}

#[test]
fn a_layer_is_found_as_code_is() {
    let folder = Folder::with("layer", &["greetings.zip"]);
    let layers = "
  Greetings:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: {S3Bucket: b, S3Key: a/b/greetings.zip}}
  F:
    Type: AWS::Serverless::Function
    Properties: {InlineCode: '', Handler: index.f, Runtime: nodejs22.x, Layers: [!Ref Greetings]}
";
    let text = format!("Resources:\n{API}{layers}");
    let stack = parse("t.yaml", &text, &folder.0, &Settings::default()).unwrap();
    let layers = &stack.functions()[0].layers;
    assert_eq!(layers[0].content, folder.0.join("greetings.zip"));
}

#[test]
fn a_handler_without_a_file_is_a_warning() {
    let folder = Folder::with(
        "handler",
        &["app/main.mjs", "app/src/do.py", "app/pkg/__init__.py"],
    );
    let warnings = |runtime: &str, handler: &str, more: &str| {
        let function = format!(
            "
  F:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: app, Runtime: {runtime}, Handler: '{handler}'{more}}}
"
        );
        let text = format!("Resources:\n{API}{function}");
        let stack = parse("t.yaml", &text, &folder.0, &Settings::default()).unwrap();
        let warnings = stack.warnings().iter();
        let about = warnings.filter(|warning| warning.message.contains("has no file"));
        about.count()
    };
    for (runtime, handler) in [
        ("nodejs22.x", "main.handler"),
        ("nodejs22.x", "./main.a.b"),
        ("python3.12", "src/do.handler"),
        ("python3.12", "src.do.handler"),
        ("python3.12", "pkg.handler"),
        ("provided.al2023", "none.handler"),
        ("nodejs22.x", "/opt/none.handler"),
    ] {
        assert_eq!(warnings(runtime, handler, ""), 0, "{handler}");
    }
    for (runtime, handler) in [
        ("nodejs22.x", "index.handler"),
        ("nodejs22.x", "src/main.handler"),
        ("python3.12", "src.dont.handler"),
    ] {
        assert_eq!(warnings(runtime, handler, ""), 1, "{handler}");
        assert_eq!(warnings(runtime, handler, ", Layers: []"), 0, "{handler}");
    }
}
