//! What a template declares, as one immutable value.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use spec::api::ApiKey;
use spec::compile::InvalidRouteSettings;
use spec::deployment::{self, Declared, Deployments};
use spec::{CompiledApi, InvalidApi, Location, Problem};

use crate::calls;
use crate::connected;
use crate::declared::{EventSourceMapping, Function, Permission, Table, usable_api_keys};
use crate::diagnostics::{Diagnostics, Findings};
use crate::document::source::Source;
use crate::error::{Error, ErrorKind, Warning, WarningKind};
use crate::load::{self, File, Loaded};
use crate::resources::draft::Draft;
use crate::resources::{self, given, route, stage};
use crate::settings::Settings;
use crate::stacks::Stacks;
use crate::template::stack::Stack;

/// All that a template declares of a WebSocket API: the API with its stage, its functions and
/// tables. Immutable; a clone shares what it holds.
#[derive(Clone, Debug)]
pub struct Assembly(Arc<Parts>);

/// What an assembly holds.
#[derive(Clone, Debug)]
struct Parts {
    /// What is served.
    api: Arc<CompiledApi>,
    declared: Declared,
    deployments: Deployments,
    functions: Vec<Function>,
    permissions: Vec<Permission>,
    tables: Vec<Table>,
    event_source_mappings: Vec<EventSourceMapping>,
    outputs: IndexMap<String, String>,
    warnings: Vec<Warning>,
    inputs: Vec<PathBuf>,
    source: Source,
}

impl Assembly {
    /// Reads the template at `path`. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// All that makes the API unservable, sorted by location.
    pub fn read(path: &Path, settings: &Settings) -> Result<Self, Diagnostics> {
        let name = path.display().to_string();
        let inputs = vec![path.to_owned()];
        let of_file = |kind| {
            let error = Diagnostics::from(Error::of_file(&name, kind));
            error.with_inputs(inputs.clone())
        };
        let bytes =
            std::fs::read(path).map_err(|error| of_file(ErrorKind::Unreadable(Arc::new(error))))?;
        let text = String::from_utf8(bytes).map_err(|error| of_file(ErrorKind::NotUtf8(error)))?;
        let file = File {
            name: &name,
            text: &text,
            directory: path.parent().unwrap_or(Path::new("")),
            path: Some(path),
        };
        Ok(Self(Arc::new(assemble(&file, settings)?)))
    }

    /// Reads a template's text. `name` is what messages call the file; `directory` is where its
    /// relative paths start.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(
        name: &str,
        text: &str,
        directory: &Path,
        settings: &Settings,
    ) -> Result<Self, Diagnostics> {
        let file = File {
            name,
            text,
            directory,
            path: None,
        };
        Ok(Self(Arc::new(assemble(&file, settings)?)))
    }

    /// The same stack once it is deployed over `before`, as CloudFormation updates a stack. What of
    /// the API no deployment takes up is not [served](Self::api): it [waits](Self::waiting).
    ///
    /// Another API or another stage than before begins anew.
    ///
    /// # Errors
    /// The API that was deployed before cannot be served with the stage as it is now.
    pub fn after(&self, before: &Self) -> Result<Self, Diagnostics> {
        if self.0.api.can_follow(&before.0.api).is_err() {
            return Ok(self.clone());
        }
        let mut parts = (*self.0).clone();
        parts.deployments = before.0.deployments.updated(&parts.declared);
        let mut api = parts.deployments.served(&parts.declared);
        calls::judge_again(&mut api, &mut parts.functions, &parts.permissions);
        let api = api.compile().map_err(|problems| {
            let mut findings = Findings::default();
            for invalid in problems {
                let message = format!("what is deployed cannot be served any more: {invalid}");
                let invalid = Box::new(invalid);
                let kind = ErrorKind::Api { message, invalid };
                findings.error(parts.source.error(0..0, kind));
            }
            findings.into_diagnostics()
        })?;
        parts.api = Arc::new(api);
        for folder in code_folders(&parts.functions) {
            if !parts.inputs.contains(&folder) {
                parts.inputs.push(folder);
            }
        }
        Ok(Self(Arc::new(parts)))
    }

    /// What of the template's API is not served yet, each in some words: it waits for a deployment.
    pub fn waiting(&self) -> Vec<String> {
        let Declared { api, .. } = &self.0.declared;
        match self.api().stage.undeployed {
            true => Vec::new(),
            false => deployment::waiting(api, self.api()),
        }
    }

    /// The API with the stage that is served, as the specification has accepted it.
    pub fn api(&self) -> &Arc<CompiledApi> {
        &self.0.api
    }

    /// The functions, in the order of the template.
    pub fn functions(&self) -> &[Function] {
        &self.0.functions
    }

    /// The permissions of API Gateway to call them.
    pub fn permissions(&self) -> &[Permission] {
        &self.0.permissions
    }

    /// The tables, in the order of the template.
    pub fn tables(&self) -> &[Table] {
        &self.0.tables
    }

    /// What invokes functions for changes of the tables: the mappings that are enabled.
    pub fn event_source_mappings(&self) -> &[EventSourceMapping] {
        &self.0.event_source_mappings
    }

    /// `Outputs`: the values by name.
    pub fn outputs(&self) -> &IndexMap<String, String> {
        &self.0.outputs
    }

    /// What is not done as AWS would do it, sorted by location.
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// All that was read for it, and what it runs: the templates that it depends on, the served one
    /// first; the other templates and lists of assets that were looked at, whether or not they are
    /// there; the code and layers of each function that the API calls. Relative paths are as the
    /// template's own.
    pub fn inputs(&self) -> &[PathBuf] {
        &self.0.inputs
    }

    /// The API keys that open `$connect`: enabled, and in a usage plan of the stage.
    pub fn usable_api_keys(&self) -> impl Iterator<Item = &ApiKey> {
        usable_api_keys(self.api())
    }

    /// An error at the location of a function's code.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "every caller has just made the texts"
    )]
    pub fn code_error(&self, function: &Function, message: String, help: Option<String>) -> Error {
        let span = function.span.clone();
        let kind = ErrorKind::Code(message);
        self.0.source.report(span, kind, help.as_deref())
    }

    /// A warning about a function's code, at its location.
    pub fn code_warning(&self, function: &Function, message: String) -> Warning {
        let span = function.span.clone();
        self.0
            .source
            .warning(span, WarningKind::Unavailable, message)
    }
}

fn assemble(file: &File<'_>, settings: &Settings) -> Result<Parts, Diagnostics> {
    let Loaded {
        source,
        stacks,
        findings,
        inputs,
    } = load::load(file, settings)?;
    let mut parts = read(&source, &stacks, findings)
        .map_err(|diagnostics| diagnostics.with_inputs(inputs.clone()))?;
    for input in inputs.into_iter().chain(code_folders(&parts.functions)) {
        if !parts.inputs.contains(&input) {
            parts.inputs.push(input);
        }
    }
    Ok(parts)
}

/// All but the inputs that serving does not depend on.
fn read(source: &Source, stacks: &[Stack], found: Vec<Findings>) -> Result<Parts, Diagnostics> {
    let stacks = Stacks::new(source, stacks, found, resources::identity);
    let mut findings = Findings::default();
    let templates = connected::templates(&stacks, &mut findings);
    let Some((served, templates)) = templates.and_then(|all| Some((*all.first()?, all))) else {
        return Err(findings.into_diagnostics());
    };
    let files: Vec<PathBuf> = templates
        .iter()
        .filter_map(|template| template.stack.file.clone())
        .collect();
    let mut draft = resources::read(served, templates, findings);
    given::check(&mut draft);
    calls::resolve(&mut draft);
    let api = compile(&mut draft);
    let declared = Declared {
        api: Arc::new(draft.api.clone()),
        auto_deploy: draft.auto_deploy,
        deployment_id: draft.deployment_id.clone(),
        deployments: std::mem::take(&mut draft.deployments),
    };
    let outputs = outputs(&mut draft);
    let Draft {
        findings,
        functions,
        permissions,
        tables,
        event_source_mappings,
        ..
    } = draft;
    let Some(api) = api.filter(|_| findings.is_clean()) else {
        return Err(findings.into_diagnostics());
    };
    let deployments = Deployments::default().updated(&declared);
    let served = deployments.served(&declared);
    let api = match served == *declared.api {
        true => api,
        // A part of what is right is right.
        false => served.compile().unwrap_or(api),
    };
    Ok(Parts {
        api: Arc::new(api),
        declared,
        deployments,
        inputs: files,
        functions,
        permissions,
        tables,
        event_source_mappings,
        outputs,
        warnings: findings.into_diagnostics().into_warnings(),
        source: source.clone(),
    })
}

/// The specification judges what is its own: expressions, mapping templates, routes.
fn compile(draft: &mut Draft<'_>) -> Option<CompiledApi> {
    draft.chosen?;
    match draft.api.clone().compile() {
        Ok(api) => Some(api),
        Err(problems) => {
            for invalid in problems {
                if !is_follow_up(draft, &invalid) {
                    let error = draft.locations.explain(draft.source(), &invalid);
                    draft.findings.error(error);
                }
            }
            None
        }
    }
}

/// Whether something is wrong only because something else could not be read.
fn is_follow_up(draft: &Draft<'_>, invalid: &InvalidApi) -> bool {
    let depends_on_variables = |uri: Option<&str>| {
        draft.incomplete.contains(stage::TYPE.name)
            && uri.is_some_and(|uri| uri.contains("${stageVariables."))
    };
    let property = invalid.property();
    match &invalid.location {
        Location::Authorizer(id) if property == "AuthorizerUri" => {
            let authorizer = draft.api.authorizers.get(id);
            let uri = authorizer.map(|authorizer| &*authorizer.authorizer_uri);
            draft.unread.contains(id) || depends_on_variables(uri)
        }
        Location::Integration(id) if property == "IntegrationUri" => {
            let integration = draft.api.integrations.get(id);
            depends_on_variables(integration.and_then(|one| one.integration_uri.as_deref()))
        }
        Location::RouteSettings(_) => match &invalid.problem {
            Problem::RouteSettings(InvalidRouteSettings::UnknownRoute(_)) => {
                draft.incomplete.contains(route::TYPE.name)
            }
            _ => false,
        },
        _ => false,
    }
}

/// The folders and files of the code that is run.
fn code_folders(functions: &[Function]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for function in functions.iter().filter(|function| function.is_called) {
        let own = function
            .code
            .inline
            .is_none()
            .then_some(&function.code.directory);
        let layers = function.layers.iter().map(|layer| &layer.content);
        for folder in own.into_iter().chain(layers) {
            if !folders.contains(folder) {
                folders.push(folder.clone());
            }
        }
    }
    folders
}

/// The section `Outputs`. An output that cannot be evaluated is left out: serving does not depend
/// on it.
fn outputs(draft: &mut Draft<'_>) -> IndexMap<String, String> {
    let template = draft.template;
    let mut outputs = IndexMap::new();
    for (key, node) in template.outputs() {
        match template.output(key, node) {
            Ok(Some(text)) => {
                outputs.insert(key.text.clone(), text);
            }
            Ok(None) => {}
            // Something else that failed the same way has told it.
            Err(error) if draft.findings.knows(&error) => {}
            Err(error) => {
                let consequence = format!("the output `{}` is left out", key.text);
                draft.leave_out(vec![error], &consequence);
            }
        }
    }
    outputs
}
