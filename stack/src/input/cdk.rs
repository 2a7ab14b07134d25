//! The cloud assembly of a CDK app: `cdk.out`, its manifest, and the assemblies of its stages.
//!
//! Source: <https://docs.aws.amazon.com/cdk/api/v2/docs/cloud-assembly-schema-readme.html>

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::error::InputError;
use super::files::{join, read_json};
use super::found::{Dialect, Input, StackTemplate};

/// The name of an assembly's manifest.
pub(super) const MANIFEST: &str = "manifest.json";
/// The folder of the assembly, from that of `cdk.json`, unless it says another.
const OUTPUT: &str = "cdk.out";
/// How the CDK calls an environment that it does not know.
const UNKNOWN: [&str; 2] = ["unknown-region", "unknown-account"];
/// Assemblies in assemblies: stages may hold stages. The depth is bounded, since nothing else is.
const DEPTH: usize = 10;

/// A CDK app as it was synthesized.
pub(super) struct App {
    /// Those of stages too.
    stacks: Vec<Stack>,
}

struct Stack {
    template: StackTemplate,
    /// Its key in the manifest.
    artifact: String,
}

/// The folder where the app of a folder puts its assembly: that of `output` in `cdk.json`.
pub(super) fn output(folder: &Path) -> PathBuf {
    let configuration = read_json(&join(folder, "cdk.json"));
    let output = configuration["output"].as_str();
    join(folder, output.unwrap_or(OUTPUT))
}

/// The app whose assembly a folder is; `None` if it is none.
///
/// # Errors
/// Its manifest cannot be read.
pub(super) fn open(folder: &Path) -> Result<Option<App>, InputError> {
    let mut stacks = Vec::new();
    let is_assembly = add(folder, None, DEPTH, &mut stacks)?;
    Ok(is_assembly.then_some(App { stacks }))
}

/// The app whose assembly has a folder: it may be that of a stage.
///
/// # Errors
/// A manifest cannot be read.
pub(super) fn around(folder: &Path) -> Result<Option<App>, InputError> {
    let mut outermost = None;
    for folder in folder.ancestors() {
        match open(folder)? {
            None => break,
            app => outermost = app,
        }
    }
    Ok(outermost)
}

impl App {
    /// The stack to serve: the one that is named, or the only one with a WebSocket API.
    pub(super) fn choose(self, name: Option<&str>) -> Result<Input, InputError> {
        let found: Vec<&Stack> = match name {
            Some(name) => self.named(name),
            None if self.stacks.len() == 1 => self.stacks.iter().collect(),
            None => {
                let with_api = self.stacks.iter();
                with_api
                    .filter(|stack| has_api(&stack.template.template))
                    .collect()
            }
        };
        let templates = |stacks: &[&Stack]| {
            let templates = stacks.iter().map(|stack| stack.template.clone());
            templates.collect::<Vec<_>>()
        };
        let all = || templates(&self.stacks.iter().collect::<Vec<_>>());
        match (&*found, name) {
            ([one], _) => {
                let mut input = Input::new(one.template.template.clone(), Dialect::Cdk);
                input.stack = Some(one.template.clone());
                input.stacks = all();
                Ok(input)
            }
            ([], Some(name)) => Err(InputError::NoSuchStack {
                name: name.to_owned(),
                stacks: all(),
            }),
            ([], None) => Err(InputError::NoApi { stacks: all() }),
            (several, _) => Err(InputError::SeveralStacks {
                stacks: templates(several),
            }),
        }
    }

    /// A template in the assembly: a stack's, or that of a nested stack.
    pub(super) fn template(self, file: &Path) -> Input {
        let is_it = |stack: &&Stack| same(&stack.template.template, file);
        let stack = self.stacks.iter().find(is_it);
        Input {
            stack: stack.map(|stack| stack.template.clone()),
            stacks: self.stacks.into_iter().map(|one| one.template).collect(),
            ..Input::new(file.to_owned(), Dialect::Cdk)
        }
    }

    /// By id, which is one of a kind, else by its name on AWS or in the manifest.
    fn named(&self, name: &str) -> Vec<&Stack> {
        let with = |is_it: &dyn Fn(&Stack) -> bool| {
            let stacks = self.stacks.iter().filter(|stack| is_it(stack));
            stacks.collect::<Vec<_>>()
        };
        match with(&|stack| stack.template.id == name) {
            none if none.is_empty() => {
                with(&|stack| stack.template.name == name || stack.artifact == name)
            }
            found => found,
        }
    }
}

/// Adds the stacks of an assembly and of those in it; whether there is one.
fn add(
    folder: &Path,
    parent: Option<&str>,
    depth: usize,
    stacks: &mut Vec<Stack>,
) -> Result<bool, InputError> {
    let manifest = join(folder, MANIFEST);
    // Others call files so, too: web apps, extensions of browsers.
    if !manifest.is_file() {
        return Ok(false);
    }
    let wrong = |problem: String| InputError::Manifest {
        manifest: manifest.clone(),
        problem,
    };
    let bytes = std::fs::read(&manifest).map_err(|error| wrong(error.to_string()))?;
    let parsed: Json = match serde_json::from_slice(&bytes) {
        Ok(parsed) => parsed,
        Err(error) if parent.is_some() || folder.ends_with(OUTPUT) => {
            return Err(wrong(error.to_string()));
        }
        Err(_) => return Ok(false),
    };
    let Some(artifacts) = parsed["artifacts"].as_object() else {
        return Ok(false);
    };
    for (id, artifact) in artifacts {
        let properties = &artifact["properties"];
        match artifact["type"].as_str() {
            Some("aws:cloudformation:stack") => {
                let file = properties["templateFile"].as_str();
                let file = file.ok_or_else(|| wrong(format!("`{id}` has no `templateFile`")))?;
                stacks.push(stack(id, artifact, join(folder, file), parent));
            }
            Some("cdk:cloud-assembly") if depth > 0 => {
                let inner = properties["directoryName"].as_str();
                let inner = inner.ok_or_else(|| wrong(format!("`{id}` has no `directoryName`")))?;
                let name = properties["displayName"].as_str();
                let name = name.unwrap_or_else(|| id.strip_prefix("assembly-").unwrap_or(id));
                add(&join(folder, inner), Some(name), depth - 1, stacks)?;
            }
            _ => {}
        }
    }
    Ok(true)
}

fn stack(id: &str, artifact: &Json, template: PathBuf, parent: Option<&str>) -> Stack {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let name = text(&artifact["properties"]["stackName"]);
    let display = text(&artifact["displayName"]);
    // `aws://ACCOUNT/REGION`
    let environment = artifact["environment"].as_str().unwrap_or_default();
    let environment = environment.trim_start_matches("aws://").split_once('/');
    let known = |part: &str| (!UNKNOWN.contains(&part)).then(|| part.to_owned());
    Stack {
        artifact: id.to_owned(),
        template: StackTemplate {
            name: name.unwrap_or_else(|| id.to_owned()),
            id: display.unwrap_or_else(|| id.to_owned()),
            template,
            parent: parent.map(str::to_owned),
            region: environment.and_then(|(_, region)| known(region)),
            account: environment.and_then(|(account, _)| known(account)),
        },
    }
}

/// Whether a stack has a WebSocket API, itself or in a nested stack.
fn has_api(template: &Path) -> bool {
    declares_api(template) || nested(template).iter().any(|nested| declares_api(nested))
}

fn declares_api(template: &Path) -> bool {
    let template = read_json(template);
    let resources = template["Resources"].as_object();
    resources.into_iter().flatten().any(|(_, resource)| {
        let protocol = &resource["Properties"]["ProtocolType"];
        match resource["Type"].as_str() {
            Some("AWS::ApiGatewayV2::Api") => protocol == "WEBSOCKET",
            kind => kind == Some("AWS::Serverless::WebSocketApi"),
        }
    })
}

/// The templates of the nested stacks of a stack: they are assets of it.
fn nested(template: &Path) -> Vec<PathBuf> {
    let folder = template.parent().unwrap_or(Path::new(""));
    let name = template.file_name().unwrap_or_default().to_string_lossy();
    let Some(name) = name.strip_suffix(".template.json") else {
        return Vec::new();
    };
    let assets = read_json(&join(folder, &format!("{name}.assets.json")));
    let files = assets["files"].as_object();
    let paths = files
        .into_iter()
        .flatten()
        .filter_map(|(_, file)| file["source"]["path"].as_str())
        .filter(|path| path.ends_with(".nested.template.json"));
    paths.map(|path| join(folder, path)).collect()
}

/// Whether two paths are one file's.
fn same(one: &Path, other: &Path) -> bool {
    let absolute = |path: &Path| std::fs::canonicalize(path).ok();
    one == other || absolute(one).is_some_and(|one| absolute(other) == Some(one))
}
