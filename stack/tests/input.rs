//! What is found in the folders that tools leave behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use stack::{Dialect, Input, InputError, Settings};

const PLAIN: &str = "Resources: {}\n";
const SAM: &str = "Transform: AWS::Serverless-2016-10-31\nResources: {}\n";
const API: &str = r#"{"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api",
    "Properties": {"ProtocolType": "WEBSOCKET"}}}}"#;
const HTTP_API: &str = r#"{"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api",
    "Properties": {"ProtocolType": "HTTP"}}}}"#;
const UPDATE: &str = "cloudformation-template-update-stack.json";

/// A folder of the test's own, with files.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let name = format!("gatespec-input-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        drop(fs::remove_dir_all(&folder.0));
        fs::create_dir_all(&folder.0).unwrap();
        for (name, text) in files {
            let path = folder.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// Says when a file was written: the later the larger.
    fn written(&self, name: &str, at: u64) {
        let file = File::options()
            .append(true)
            .open(self.0.join(name))
            .unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + at);
        file.set_modified(at).unwrap();
    }

    /// What is found at a path in it; paths are from the folder.
    fn find(&self, path: &str, stack: Option<&str>) -> Result<Input, String> {
        let found = Input::find(&self.0.join(path), stack);
        let own = format!("{}/", self.0.display());
        let mut found = found.map_err(|error| error.to_string().replace(&own, ""))?;
        let shorten = |path: &mut PathBuf| {
            let short = path.strip_prefix(&self.0).unwrap_or(path).to_owned();
            *path = short;
        };
        shorten(&mut found.template);
        found.written.as_mut().map(shorten);
        found
            .stacks
            .iter_mut()
            .for_each(|it| shorten(&mut it.template));
        for remark in &mut found.remarks {
            *remark = remark.replace(&own, "");
        }
        Ok(found)
    }

    /// The words of what is found in it.
    fn words(&self) -> String {
        self.find("", None).unwrap().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A manifest with stacks of these ids.
fn manifest(stacks: &[&str], stages: &[&str]) -> String {
    let stack = |id: &&str| {
        format!(
            r#""{id}": {{"type": "aws:cloudformation:stack",
                "environment": "aws://unknown-account/unknown-region",
                "properties": {{"templateFile": "{id}.template.json", "stackName": "{id}"}}}}"#
        )
    };
    let stage = |id: &&str| {
        format!(
            r#""assembly-{id}": {{"type": "cdk:cloud-assembly",
                "properties": {{"directoryName": "assembly-{id}", "displayName": "{id}"}}}}"#
        )
    };
    let tree = r#""Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}}"#.to_owned();
    let artifacts = stacks.iter().map(stack).chain(stages.iter().map(stage));
    let artifacts: Vec<String> = artifacts.chain([tree]).collect();
    format!(
        r#"{{"version": "52.0.0", "artifacts": {{{}}}}}"#,
        artifacts.join(",")
    )
}

#[test]
fn a_template_is_found_in_its_folder_whatever_its_form() {
    let yaml = Folder::with("yaml", &[("template.yaml", SAM)]);
    assert_eq!(yaml.words(), "template.yaml, a template of SAM");
    let json = Folder::with("json", &[("template.json", API)]);
    assert_eq!(json.words(), "template.json, a template of CloudFormation");
    let both = Folder::with("both", &[("template.yml", PLAIN), ("template.json", API)]);
    assert_eq!(both.words(), "template.yml, a template of CloudFormation");
    // Some other tool's.
    let other = Folder::with(
        "other",
        &[("template.yaml", "a: 1"), ("template.json", API)],
    );
    assert_eq!(other.words(), "template.json, a template of CloudFormation");
    // What is not there is an error of whoever reads it.
    let named = other.find("no.yaml", None).unwrap();
    assert_eq!(named.template, Path::new("no.yaml"));
}

#[test]
fn what_sam_built_is_served_unless_its_template_is_newer() {
    let build = ".aws-sam/build/template.yaml";
    let folder = Folder::with(
        "sam",
        &[
            ("template.yml", SAM),
            (build, SAM),
            (".aws-sam/build.toml", ""),
        ],
    );
    folder.written("template.yml", 1);
    folder.written(build, 1);
    let found = folder.find("", None).unwrap();
    assert_eq!(found.template, Path::new(build));
    assert_eq!(found.written.as_deref(), Some(Path::new("template.yml")));
    assert_eq!(found.dialect, Dialect::SamBuild);
    folder.written("template.yml", 2);
    let found = folder.find("", None).unwrap();
    assert_eq!(found.template, Path::new("template.yml"));
    assert_eq!(
        found.remarks,
        [format!(
            "`template.yml` is newer than what `sam build` made of it, so it is served itself: \
             run `sam build` to serve `{build}`"
        )]
    );
    // The build that is named is meant, whatever its age.
    for path in [".aws-sam", ".aws-sam/build", build] {
        let named = folder.find(path, None).unwrap();
        assert_eq!(named.template, Path::new(build), "{path}");
        assert_eq!(named.dialect, Dialect::SamBuild, "{path}");
    }
    // A template that is named is the one that is meant.
    folder.written(build, 3);
    let named = folder.find("template.yml", None).unwrap();
    assert_eq!(named.template, Path::new("template.yml"));
}

#[test]
fn the_only_stack_with_an_api_is_served() {
    let stacks = manifest(&["Data", "Chat", "Web"], &[]);
    let files = [
        ("cdk.json", "{}"),
        ("cdk.out/manifest.json", &*stacks),
        ("cdk.out/Data.template.json", "{}"),
        ("cdk.out/Chat.template.json", API),
        ("cdk.out/Web.template.json", HTTP_API),
    ];
    let folder = Folder::with("cdk", &files);
    let chat = "cdk.out/Chat.template.json, the stack `Chat` of a CDK app";
    for path in ["", "cdk.out", "cdk.out/manifest.json", "cdk.json"] {
        let found = folder.find(path, None).unwrap();
        assert_eq!(found.to_string(), chat, "{path}");
        let all: Vec<&str> = found.stacks.iter().map(|stack| &*stack.id).collect();
        assert_eq!(all, ["Data", "Chat", "Web"]);
    }
    let named = folder.find("cdk.out/Web.template.json", None).unwrap();
    assert_eq!(
        (named.stack.unwrap().id, named.stacks.len()),
        ("Web".to_owned(), 3)
    );
    let asked = folder.find("", Some("Data")).unwrap();
    assert_eq!(asked.template, Path::new("cdk.out/Data.template.json"));
    let error = folder.find("", Some("Chats")).unwrap_err();
    assert_eq!(
        error,
        "the app has no stack `Chats`: its stacks are `Data` (cdk.out/Data.template.json), `Chat` \
         (cdk.out/Chat.template.json), `Web` (cdk.out/Web.template.json)"
    );
    folder.written("cdk.out/Chat.template.json", 1);
    let due = folder.find("", None).unwrap().remarks;
    assert!(due[0].ends_with("run `npx cdk synth`"), "{due:?}");
}

#[test]
fn stacks_of_stages_are_found_with_their_names_on_aws() {
    let root = manifest(&[], &["Test", "Prod"]);
    let stage = |stage: &str, region: &str| {
        format!(
            r#"{{"artifacts": {{"{stage}Chat123": {{"type": "aws:cloudformation:stack",
            "environment": "aws://111122223333/{region}", "displayName": "{stage}/Chat",
            "properties": {{"templateFile": "{stage}Chat123.template.json",
            "stackName": "{stage}-Chat"}}}}}}}}"#
        )
    };
    let (test, prod) = (stage("Test", "unknown-region"), stage("Prod", "eu-west-1"));
    let files = [
        ("cdk.out/manifest.json", &*root),
        ("cdk.out/assembly-Test/manifest.json", &test),
        ("cdk.out/assembly-Prod/manifest.json", &prod),
        ("cdk.out/assembly-Test/TestChat123.template.json", API),
        ("cdk.out/assembly-Prod/ProdChat123.template.json", API),
    ];
    let folder = Folder::with("stages", &files);
    let several = Input::find(&folder.0, None).unwrap_err();
    assert!(matches!(several, InputError::SeveralStacks { stacks } if stacks.len() == 2));
    let template = "cdk.out/assembly-Prod/ProdChat123.template.json";
    for name in ["Prod/Chat", "Prod-Chat", "ProdChat123"] {
        let found = folder.find("", Some(name)).unwrap();
        assert_eq!(found.template, Path::new(template), "{name}");
    }
    let named = folder.find(template, None).unwrap();
    assert_eq!(named.stacks.len(), 2);
    let stack = named.stack.as_ref().unwrap();
    assert_eq!(stack.parent.as_deref(), Some("Prod"));
    let mut settings = Settings::default();
    settings.take(&named);
    assert_eq!(settings.stack_name, "Prod-Chat");
    assert_eq!(settings.region, "eu-west-1");
    assert_eq!(settings.account_id, "111122223333");
    // The only one of its own assembly.
    let inner = folder.find("cdk.out/assembly-Test", None).unwrap();
    let mut settings = Settings::default();
    settings.take(&inner);
    assert_eq!(settings.region, "us-east-1");
}

#[test]
fn a_stack_whose_nested_stack_has_an_api_is_one_with_an_api() {
    let stacks = manifest(&["Data", "Chat"], &[]);
    let assets = r#"{"files": {"1": {"source": {"path": "ChatInner.nested.template.json"}}}}"#;
    let files = [
        ("manifest.json", &*stacks),
        ("Data.template.json", "{}"),
        ("Chat.template.json", "{}"),
        ("Chat.assets.json", assets),
        ("ChatInner.nested.template.json", API),
    ];
    let folder = Folder::with("nested", &files);
    assert_eq!(
        folder.words(),
        "Chat.template.json, the stack `Chat` of a CDK app"
    );
    let nested = folder.find("ChatInner.nested.template.json", None).unwrap();
    assert_eq!(
        nested.to_string(),
        "ChatInner.nested.template.json, of a CDK app"
    );
}

#[test]
fn an_app_without_an_api_lists_its_stacks() {
    let stacks = manifest(&["One", "Two"], &[]);
    let files = [("manifest.json", &*stacks), ("One.template.json", "{}")];
    let error = Folder::with("no-api", &files).find("", None).unwrap_err();
    assert!(error.starts_with("no stack of the app has a WebSocket API: its stacks are `One` ("));
    let files = [("cdk.out/manifest.json", "{")];
    let error = Folder::with("broken", &files).find("", None).unwrap_err();
    assert!(
        error.starts_with("`cdk.out/manifest.json` cannot be read as"),
        "{error}"
    );
    // Others' manifests are no assemblies.
    let files = [
        ("manifest.json", "{\"name\": \"page\"}"),
        ("template.yaml", PLAIN),
    ];
    let folder = Folder::with("page", &files);
    assert_eq!(
        folder.words(),
        "template.yaml, a template of CloudFormation"
    );
    let error = folder.find("", Some("Chat")).unwrap_err();
    assert_eq!(
        error,
        "`--stack Chat` names a stack of a CDK app, but `template.yaml` is none"
    );
}

#[test]
fn a_package_of_serverless_is_found() {
    let update = format!(".serverless/{UPDATE}");
    let files = [("serverless.yml", "service: chat"), (&*update, API)];
    let folder = Folder::with("serverless", &files);
    for path in ["", ".serverless", "serverless.yml", &update] {
        let found = folder.find(path, None).unwrap();
        let words = format!("{update}, packaged by serverless");
        assert_eq!(found.to_string(), words, "{path}");
    }
    folder.written(&update, 1);
    let due = folder.find("", None).unwrap().remarks;
    assert!(due[0].ends_with("run `npx serverless package`"), "{due:?}");
}

#[test]
fn a_template_goes_before_what_tools_made_and_says_so() {
    let update = format!(".serverless/{UPDATE}");
    let stacks = manifest(&["Chat"], &[]);
    let files = [
        ("template.yaml", PLAIN),
        ("cdk.out/manifest.json", &stacks),
        ("cdk.out/Chat.template.json", API),
        (&*update, API),
    ];
    let folder = Folder::with("all", &files);
    let found = folder.find("", None).unwrap();
    assert_eq!(found.template, Path::new("template.yaml"));
    assert_eq!(
        found.remarks,
        [
            "`cdk.out` is there, too: it is served where it is named".to_owned(),
            format!("`{update}` is there, too: it is served where it is named")
        ]
    );
    // A template has no stacks to name.
    let found = folder.find("", Some("Chat")).unwrap();
    assert_eq!(found.template, Path::new("cdk.out/Chat.template.json"));
}

#[test]
fn what_has_to_be_made_first_is_named_with_the_command() {
    let error = |name: &str, file: &str, text: &str, path: &str| {
        Folder::with(name, &[(file, text)])
            .find(path, None)
            .unwrap_err()
    };
    let cdk = error("app", "cdk.json", r#"{"output": "dist/cdk"}"#, "cdk.json");
    assert!(
        cdk.starts_with("`cdk.json` is the source of a CDK app"),
        "{cdk}"
    );
    assert!(cdk.contains("run `npx cdk synth` in `"), "{cdk}");
    assert!(cdk.ends_with("then serve `dist/cdk`"), "{cdk}");
    let service = error("service", "serverless.ts", "", "");
    assert!(
        service.contains("run `npx serverless package` in `"),
        "{service}"
    );
    assert!(service.ends_with("then serve `.serverless`"), "{service}");
    let terraform = error("terraform", "main.tf", "", "main.tf");
    assert!(
        terraform.starts_with("`main.tf` is Terraform's"),
        "{terraform}"
    );
    let nothing = error("nothing", "index.js", "", "");
    assert!(
        nothing.starts_with("there is nothing to serve in `"),
        "{nothing}"
    );
}

#[test]
fn who_stands_in_the_wrong_folder_is_told_the_nearest_templates() {
    let near = |path: &str| {
        let files = [
            ("near/app/back/template.yaml", PLAIN),
            ("near/app/web/node_modules/x/template.yaml", PLAIN),
            ("near/app/notes/template.yaml", "nothing"),
            ("near/cdk/cdk.json", "{}"),
            ("near/cdk/lib/app.ts", ""),
            ("near/deep/a/b/c/d/template.yaml", PLAIN),
        ];
        let error = Folder::with("near", &files).find(path, None).unwrap_err();
        error.split_once("no `.serverless`; ").unwrap().1.to_owned()
    };
    let below = near("near");
    assert!(
        below.starts_with("name another folder or file: there is `"),
        "{below}"
    );
    assert!(
        below.ends_with("near/cdk/cdk.json`, `near/app/back/template.yaml`"),
        "{below}"
    );
    let above = near("near/cdk/lib");
    assert!(above.ends_with("near/cdk/cdk.json`"), "{above}");
}
