//! The templates of an assembly: the one that was given, those nested in it, and those of the app
//! that it belongs to.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::diagnostics::{Diagnostics, Findings};
use crate::document::source::Source;
use crate::document::yaml::{self, Content, Node};
use crate::error::{Error, ErrorKind};
use crate::input::{StackTemplate, code};
use crate::settings::Given;
use crate::settings::Settings;
use crate::template::dynamic;
use crate::template::intrinsics::Evaluator;
use crate::template::others::NESTED;
use crate::template::stack::{Origin, Stack};
use crate::template::{parameters, sections};
use crate::transform;
use crate::transform::early::Early;

/// A template that is to be read.
pub(crate) struct File<'f> {
    /// What messages call it.
    pub(crate) name: &'f str,
    pub(crate) text: &'f str,
    /// Where its relative paths start.
    pub(crate) directory: &'f Path,
    /// Where it is, if it was read from a file.
    pub(crate) path: Option<&'f Path>,
}

/// The templates as they are written, the served one first.
pub(crate) struct Loaded {
    pub(crate) source: Source,
    pub(crate) stacks: Vec<Stack>,
    /// What is wrong with each.
    pub(crate) findings: Vec<Findings>,
    /// The files that were read, and those that were to be read.
    pub(crate) inputs: Vec<PathBuf>,
}

/// Stacks in stacks in stacks: one that is nested in itself has no end.
const DEPTH: usize = 10;
/// What a template of the CDK's and the list of its assets end in.
const CDK_TEMPLATE: &str = ".template.json";
const CDK_ASSETS: &str = ".assets.json";

/// Reads the template of a stack, and those of the stacks that it may depend on.
///
/// # Errors
/// The stack's own template is not YAML.
pub(crate) fn load(file: &File<'_>, settings: &Settings) -> Result<Loaded, Diagnostics> {
    let mut loaded = Loaded {
        source: Source::new(file.name, file.text),
        stacks: Vec::new(),
        findings: Vec::new(),
        inputs: Vec::new(),
    };
    if let Some(path) = file.path {
        loaded.note(path);
    }
    let given = settings.given();
    let taken = loaded.take(file, String::new(), (settings.clone(), &given), Origin::App);
    taken.map_err(|error| Diagnostics::from(error).with_inputs(loaded.inputs.clone()))?;
    let is_it = |stack: &&StackTemplate| match file.path {
        Some(path) => is_same(path, &stack.template),
        None => stack.name == settings.stack_name,
    };
    let app = &settings.stacks;
    // Stages of an app know nothing of each other.
    let stage = app.iter().find(is_it).map(|stack| &stack.parent);
    let siblings = app.iter().filter(|stack| !is_it(stack));
    for sibling in siblings.filter(|sibling| stage.is_none_or(|stage| *stage == sibling.parent)) {
        loaded.add_sibling(sibling, settings);
    }
    Ok(loaded)
}

impl Loaded {
    /// Reads the text that was added last, and the stacks nested in it.
    fn take(
        &mut self,
        file: &File<'_>,
        path: String,
        (settings, given): (Settings, &Given),
        origin: Origin,
    ) -> Result<usize, Error> {
        let root = yaml::parse(&self.source)?;
        let mut findings = Findings::default();
        sections::check(&self.source, &root, &mut findings);
        let root = transform::apply(&self.source, root, (&settings, given), &mut findings);
        let index = self.stacks.len();
        let nested = nested_in(&root);
        let early = Early::new(&self.source, &root, (&settings, given));
        let found = nested.iter().map(|(id, resource)| {
            let found = locate(resource, file);
            let found = found.and_then(|file| Ok((file, handed_in(&early, id, resource)?)));
            (id.clone(), found)
        });
        let found: Vec<_> = found.collect();
        drop(early);
        let is_served = match origin {
            Origin::App => index == 0,
            Origin::Nested { parent, .. } => self.stacks[parent].is_served,
        };
        let is_it = |kind: &ErrorKind| matches!(kind, ErrorKind::Transform(_));
        self.stacks.push(Stack {
            transform_error: findings.find(is_it),
            path,
            settings,
            root,
            directory: file.directory.to_owned(),
            file: file.path.map(Path::to_owned),
            is_served,
            origin,
            nested: HashMap::new(),
        });
        self.findings.push(findings);
        for (id, found) in found {
            let nested =
                found.and_then(|(file, given)| self.add_nested(index, &id, (&file, &given)));
            self.stacks[index].nested.insert(id, nested);
        }
        Ok(index)
    }

    /// Adds a nested stack; an error says why its template is not here.
    fn add_nested(
        &mut self,
        parent: usize,
        id: &str,
        (file, given): (&Path, &Given),
    ) -> Result<usize, String> {
        let around = &self.stacks[parent];
        let path = format!("{}{id}/", around.path);
        if path.matches('/').count() > DEPTH {
            return Err(format!("stacks are nested deeper than {DEPTH} levels"));
        }
        let all = around.settings.parameters.clone().into_iter();
        let references = all.filter(|(name, _)| dynamic::is_name(name));
        let settings = Settings {
            stack_name: format!("{}-{id}", around.settings.stack_name),
            // Its own are handed in.
            parameters: references.collect(),
            configured: BTreeMap::new(),
            ..around.settings.clone()
        };
        let origin = Origin::Nested {
            parent,
            logical_id: id.to_owned(),
        };
        self.add(file, path, (settings, given), origin, parent)
    }

    fn add_sibling(&mut self, sibling: &StackTemplate, settings: &Settings) {
        let or = |own: &Option<String>, other: &String| own.as_ref().unwrap_or(other).clone();
        let settings = Settings {
            stack_name: sibling.name.clone(),
            region: or(&sibling.region, &settings.region),
            account_id: or(&sibling.account, &settings.account_id),
            ..settings.clone()
        };
        let path = format!("{}/", sibling.name);
        let given = settings.given();
        // What needs it says that it is not known.
        let _ = self.add(&sibling.template, path, (settings, &given), Origin::App, 0);
    }

    /// Notes a file that is to be read, and the lists of assets that are beside it.
    fn note(&mut self, file: &Path) {
        let lists = code::lists(file.parent().unwrap_or(Path::new("")));
        for path in [file.to_owned()].into_iter().chain(lists) {
            if !self.inputs.contains(&path) {
                self.inputs.push(path);
            }
        }
    }

    /// Adds the stack of a file. What is wrong with its text is noted with the stack `of`.
    fn add(
        &mut self,
        file: &Path,
        path: String,
        given: (Settings, &Given),
        origin: Origin,
        of: usize,
    ) -> Result<usize, String> {
        self.note(file);
        let name = file.display().to_string();
        let text = match std::fs::read(file) {
            Ok(bytes) => String::from_utf8(bytes).map_err(ErrorKind::NotUtf8),
            Err(error) => Err(ErrorKind::Unreadable(Arc::new(error))),
        };
        let text = match text {
            Ok(text) => text,
            Err(problem) => return Err(format!("`{name}`: {problem}")),
        };
        self.source.add(&*name, &*text);
        let added = File {
            name: &name,
            text: &text,
            directory: file.parent().unwrap_or(Path::new("")),
            path: Some(file),
        };
        self.take(&added, path, given, origin).map_err(|error| {
            let problem = format!("`{name}`: {error}", error = error.message());
            self.findings[of].error(error);
            problem
        })
    }
}

/// What the stack around a nested one gives its parameters, before there are resources.
fn handed_in(around: &Early<'_>, id: &str, resource: &Node) -> Result<Given, String> {
    let properties = resource.get("Properties");
    let Some(node) = properties.and_then(|node| node.get("Parameters")) else {
        return Ok(Given::new());
    };
    let given = parameters::handed_in(&Evaluator(around), id, node);
    given.map_err(|error| format!("its parameters are not known: {}", error.message()))
}

/// The templates of the stacks that are nested in the template at `path`, as far as they are there.
pub(crate) fn nested_files(root: &Node, path: &Path) -> Vec<PathBuf> {
    let file = File {
        name: "",
        text: "",
        directory: path.parent().unwrap_or(Path::new("")),
        path: Some(path),
    };
    let nested = nested_in(root);
    let found = nested
        .iter()
        .filter_map(|(_, resource)| locate(resource, &file).ok());
    found.filter(|path| path.is_file()).collect()
}

/// The resources of a template that are stacks.
fn nested_in(root: &Node) -> Vec<(String, &Node)> {
    let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
    let is_stack = |node: &Node| {
        let kind = node.get("Type").and_then(Node::plain_text);
        kind.is_some_and(|kind| NESTED.contains(&kind))
    };
    let nested = resources.iter().filter(|(_, node)| is_stack(node));
    nested.map(|(key, node)| (key.text.clone(), node)).collect()
}

/// Where the template of a nested stack is; an error says why it is not here.
fn locate(resource: &Node, file: &File<'_>) -> Result<PathBuf, String> {
    let metadata = resource.get("Metadata");
    let asset = metadata.and_then(|node| node.get("aws:asset:path")?.plain_text());
    let properties = resource.get("Properties");
    let property = |name: &str| properties.and_then(|node| node.get(name));
    let written = property("TemplateURL").or(property("Location"));
    let local = written
        .and_then(Node::plain_text)
        .filter(|text| !text.contains("://"));
    if let Some(local) = asset.or(local) {
        return Ok(file.directory.join(local));
    }
    let key = written.and_then(last_text);
    let key = key.and_then(|text| text.rsplit('/').next());
    let found = key.and_then(|key| {
        let asset = file.path.and_then(|template| asset_of(template, key));
        // serverless-plugin-split-stacks leaves what it uploads beside the template.
        let beside = || Some(file.directory.join(key)).filter(|path| path.is_file());
        asset.or_else(beside)
    });
    found.ok_or_else(|| "its template is not a file on this machine".to_owned())
}

/// The file that becomes an object of the assets of a template of the CDK's.
///
/// Source: <https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_cloud-assembly-schema.FileAsset.html>
fn asset_of(template: &Path, key: &str) -> Option<PathBuf> {
    let name = template.file_name()?.to_str()?;
    let directory = template.parent()?;
    let lists = match name.strip_suffix(CDK_TEMPLATE) {
        // Those of a nested stack are in the list of the stack around it.
        Some(stack) if !stack.ends_with(".nested") => vec![format!("{stack}{CDK_ASSETS}")],
        Some(_) => {
            let entries = std::fs::read_dir(directory).ok()?.flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            names.filter(|name| name.ends_with(CDK_ASSETS)).collect()
        }
        None => return None,
    };
    lists.iter().find_map(|list| {
        let text = std::fs::read(directory.join(list)).ok()?;
        let list: Json = serde_json::from_slice(&text).ok()?;
        let is_it = |asset: &&Json| {
            let destinations = asset["destinations"].as_object();
            let mut destinations = destinations.into_iter().flat_map(|all| all.values());
            destinations.any(|one| one["objectKey"].as_str() == Some(key))
        };
        let asset = list["files"].as_object()?.values().find(is_it)?;
        Some(directory.join(asset["source"]["path"].as_str()?))
    })
}

/// The last text in a node, whatever the functions around it make of it.
fn last_text(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Scalar { text, .. } => Some(text),
        Content::Sequence(items) => items.iter().rev().find_map(last_text),
        Content::Mapping(entries) => entries.iter().rev().find_map(|(_, node)| last_text(node)),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().ok();
    one == other || canonical(one).is_some_and(|one| canonical(other) == Some(one))
}
