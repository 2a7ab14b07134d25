//! The assembly while it is read, and what the registry holds for each type of resources.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use indexmap::IndexMap;
use spec::api::{Api, Integration, IntegrationType, function_arn, with_stage_variables};
use spec::deployment::Deployment;
use spec::route::RouteKey;

use crate::declared::{EventSourceMapping, Function, Layer, Permission, Table};
use crate::diagnostics::Findings;
use crate::document::plain;
use crate::document::source::Source;
use crate::document::yaml::Content;
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::resources::locations::Locations;
use crate::resources::meant::meant;
use crate::resources::properties::Properties;
use crate::settings::Settings;
use crate::template::call::call;
use crate::template::names::Identity;
use crate::template::{Resource, Template};

/// `Type` of the resource that everything else of an API names.
pub(crate) const API: &str = "AWS::ApiGatewayV2::Api";
/// A type that names APIs, and need not know them.
pub(crate) const API_MAPPING: &str = "AWS::ApiGatewayV2::ApiMapping";
/// Other types with an id that an `ApiId` may be.
const OTHER_APIS: [&str; 3] = [
    "AWS::ApiGateway::RestApi",
    "AWS::Serverless::Api",
    "AWS::Serverless::HttpApi",
];

/// A type of resources: the entry of the registry.
pub(crate) struct ResourceType {
    /// `Type`.
    pub(crate) name: &'static str,
    /// What `Ref` and `Fn::GetAtt` give.
    pub(crate) identity: Identity,
    /// The properties that are read.
    pub(crate) known: &'static [&'static str],
    /// The properties without effect here, which nobody is warned of.
    pub(crate) harmless: &'static [&'static str],
    /// How it is read.
    pub(crate) reads: Reads,
}

/// How the resources of a type are read. All that is wrong is noted; what can be read is.
pub(crate) enum Reads {
    /// Not at all, without a warning: serving does not depend on them.
    Nothing,
    /// Each by itself.
    Each(fn(&mut Draft<'_>, &Properties<'_>)),
    /// Each of those whose `ApiId` names the API that is served.
    EachOfApi(fn(&mut Draft<'_>, &Properties<'_>)),
    /// All at once: only some of them count.
    All(fn(&mut Draft<'_>)),
}

/// The assembly while it is read.
pub(crate) struct Draft<'a> {
    /// All templates; the first is that of the served stack.
    pub(crate) templates: Vec<&'a Template<'a>>,
    /// That of the resource that is being read.
    pub(crate) template: &'a Template<'a>,
    /// Where relative paths in it start.
    pub(crate) directory: &'a Path,
    pub(crate) findings: Findings,
    pub(crate) api: Api,
    pub(crate) locations: Locations,
    /// `AutoDeploy` of the stage.
    pub(crate) auto_deploy: bool,
    /// `DeploymentId` of the stage.
    pub(crate) deployment_id: Option<String>,
    /// By id.
    pub(crate) deployments: IndexMap<String, Deployment>,
    /// The resource of the API that is served.
    pub(crate) chosen: Option<&'a Resource<'a>>,
    /// Integrations that a role may call (`CredentialsArn`), by id: they need no permission.
    pub(crate) with_role: HashSet<String>,
    /// Authorizers that a role may call (`AuthorizerCredentialsArn`), by id.
    pub(crate) authorizers_with_role: HashSet<String>,
    /// The keys of routes by id; `None` for a route whose key could not be read.
    pub(crate) route_keys: HashMap<String, Option<RouteKey>>,
    /// Authorizers whose address could not be read, by id.
    pub(crate) unread: HashSet<String>,
    /// Layers, by what `Ref` of each gives; `None` for one whose content is not here.
    pub(crate) layers: HashMap<String, Option<Layer>>,
    pub(crate) functions: Vec<Function>,
    /// What is wrong with a function, by logical id: an error only if something calls it.
    pub(crate) function_errors: HashMap<String, Vec<Error>>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) tables: Vec<Table>,
    pub(crate) event_source_mappings: Vec<EventSourceMapping>,
    /// Types with a resource of which not even the name could be read: whatever is missing among
    /// them may be that one.
    pub(crate) incomplete: BTreeSet<&'static str>,
}

/// What `ApiId` of a resource names.
enum Owner {
    Served,
    Other,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        served: &'a Template<'a>,
        templates: Vec<&'a Template<'a>>,
        findings: Findings,
    ) -> Self {
        let Settings {
            region,
            account_id,
            partition,
            ..
        } = served.settings;
        let api = Api {
            api_id: String::new(),
            account_id: account_id.clone(),
            region: region.clone(),
            partition: partition.clone(),
            ..Api::new("$request.body.action", "")
        };
        Self {
            templates,
            template: served,
            directory: &served.stack.directory,
            findings,
            api,
            locations: Locations::default(),
            auto_deploy: false,
            deployment_id: None,
            deployments: IndexMap::new(),
            chosen: None,
            with_role: HashSet::new(),
            authorizers_with_role: HashSet::new(),
            route_keys: HashMap::new(),
            unread: HashSet::new(),
            layers: HashMap::new(),
            functions: Vec::new(),
            function_errors: HashMap::new(),
            permissions: Vec::new(),
            tables: Vec::new(),
            event_source_mappings: Vec::new(),
            incomplete: BTreeSet::new(),
        }
    }

    pub(crate) fn source(&self) -> &'a Source {
        self.template.source
    }

    /// The value, or `None` and the error noted.
    pub(crate) fn take<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        self.findings.take(result)
    }

    /// The value of an optional property, or `None` and the error noted, if there is one.
    pub(crate) fn optional<T>(&mut self, result: Result<Option<T>, Error>) -> Option<T> {
        self.take(result).flatten()
    }

    /// The value, or `None`: with a warning of what becomes of it if the value is one that is not
    /// known here, which serving does not depend on, else with the error noted.
    pub(crate) fn known<T>(&mut self, result: Result<T, Error>, consequence: &str) -> Option<T> {
        match result {
            Err(error) if is_unknown(&error) => {
                self.leave_out(vec![error], consequence);
                None
            }
            result => self.take(result),
        }
    }

    /// Notes an error.
    pub(crate) fn error(&mut self, span: Span, kind: ErrorKind) {
        let error = self.source().error(span, kind);
        self.findings.error(error);
    }

    /// Notes an error, with what to do.
    pub(crate) fn error_with_help(&mut self, span: Span, kind: ErrorKind, help: &str) {
        let error = self.source().error_with_help(span, kind, help);
        self.findings.error(error);
    }

    /// Notes that a property is none of the words that it must be.
    pub(crate) fn not_a_word(&mut self, span: Span, property: &str, text: &str, words: &[&str]) {
        let (others, last) = words.split_at(words.len().saturating_sub(1));
        let message = format!(
            "`{property}` `{text}` must be `{}` or `{}`",
            others.join("`, `"),
            last.join("")
        );
        let help = meant(text, words);
        let kind = ErrorKind::Value(message);
        let error = self.source().report(span, kind, help.as_deref());
        self.findings.error(error);
    }

    /// Notes a warning.
    pub(crate) fn warn(&mut self, span: Span, kind: WarningKind, message: impl Into<String>) {
        let warning = self.source().warning(span, kind, message);
        self.findings.warning(warning);
    }

    /// Warns of what cannot be read and of what becomes of it, since serving does not depend on it.
    pub(crate) fn leave_out(&mut self, errors: Vec<Error>, consequence: &str) {
        for error in errors {
            let message = format!("{}: {consequence}", error.message());
            self.warn(error.whole_span(), WarningKind::LeftOut, message);
        }
    }

    /// Warns of a text that CloudFormation's YAML takes for something else, since it has no quotes.
    pub(crate) fn warn_of_reading(&mut self, span: &Span, text: &str) {
        let written = self.source().written(span);
        if plain::resolve(written).is_some_and(|resolved| resolved == text) {
            let message = format!(
                "`{written}` without quotes is `{text}` in CloudFormation's YAML, as text, too: \
                 write `'{written}'` if that is not meant"
            );
            self.warn(span.clone(), WarningKind::Suspicious, message);
        }
    }

    /// Warns of every property that is neither read nor without effect here.
    pub(crate) fn warn_of_others(&mut self, properties: &Properties<'_>, of: &ResourceType) {
        for (key, _) in properties.entries_as_written() {
            let name = &*key.text;
            if !of.known.contains(&name) && !of.harmless.contains(&name) {
                let Resource { id, kind, .. } = properties.resource;
                let message = format!("`{name}` of `{id}` (`{kind}`) has no effect here");
                self.warn(key.span.clone(), WarningKind::NoEffect, message);
            }
        }
    }

    /// Reads the resources of a type.
    pub(crate) fn read(&mut self, of: &ResourceType) {
        match of.reads {
            Reads::Nothing => {}
            Reads::All(read) => read(self),
            Reads::Each(read) => {
                for properties in self.of_type(of.name) {
                    self.enter(properties.template);
                    self.warn_of_others(&properties, of);
                    read(self, &properties);
                }
            }
            Reads::EachOfApi(read) => {
                for properties in self.of_api(of.name) {
                    self.enter(properties.template);
                    self.warn_of_others(&properties, of);
                    read(self, &properties);
                }
            }
        }
        self.enter(self.templates[0]);
    }

    /// From now on, resources of this template are read.
    fn enter(&mut self, template: &'a Template<'a>) {
        self.template = template;
        self.directory = &template.stack.directory;
    }

    /// The resources of a type, in all stacks.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<Properties<'a>> {
        let of_each = self.templates.iter().flat_map(|template| {
            let resources = template.of_type(kind);
            resources.map(|resource| Properties::new(template, resource))
        });
        of_each.collect()
    }

    /// The resources of a type that belong to the API that is served.
    pub(crate) fn of_api(&mut self, kind: &'static str) -> Vec<Properties<'a>> {
        let only_api = self.of_type(API).len() == 1;
        let mut found = self.of_type(kind);
        found.retain(|properties| {
            let owner = self.owner(properties);
            match self.take(owner) {
                Some(Owner::Served) => true,
                Some(Owner::Other) => false,
                // It names no API, but which one is meant is clear: it is read all the same.
                None if only_api => true,
                None => {
                    self.incomplete.insert(kind);
                    false
                }
            }
        });
        found
    }

    /// The id of a part of the API.
    pub(crate) fn id(&mut self, properties: &Properties<'_>) -> String {
        let Resource { id_span, .. } = properties.resource;
        let id = properties.template.name(properties.resource, id_span);
        self.take(id).unwrap_or_default()
    }

    /// Whether `id` is that of a resource of a type.
    pub(crate) fn declares(&self, kind: &str, id: &str) -> bool {
        let all = self.of_type(kind);
        all.iter().any(|Properties { template, resource }| {
            let name = template.name(resource, &resource.id_span);
            name.is_ok_and(|name| name == id)
        })
    }

    /// The address of the function that an integration calls; `None` if it calls none.
    pub(crate) fn function_uri(&self, integration: &Integration) -> Option<String> {
        let calls_functions = matches!(
            integration.integration_type,
            IntegrationType::Aws | IntegrationType::AwsProxy
        );
        let uri = integration.integration_uri.as_deref();
        let uri = uri.filter(|_| calls_functions)?;
        let uri = with_stage_variables(uri, &self.api.stage.stage_variables);
        // What is not a function is an action of a service: the specification judges it.
        function_arn(&uri).is_some().then_some(uri)
    }

    /// Which API `ApiId` names; an error if it is a text that names none. An API that is not of
    /// these stacks is another one.
    fn owner(&mut self, properties: &Properties<'_>) -> Result<Owner, Error> {
        let id = &properties.resource.id;
        let (api_id, span) = match properties.required_text("ApiId") {
            Err(error) if is_unknown(&error) => {
                self.leave_out(vec![error], &format!("`{id}` is left out"));
                return Ok(Owner::Other);
            }
            read => read?,
        };
        if api_id == self.api.api_id {
            return Ok(Owner::Served);
        }
        let mut others = OTHER_APIS.iter().chain([&API]);
        if others.any(|kind| self.declares(kind, &api_id)) {
            return Ok(Owner::Other);
        }
        let named = properties.template.resources.keys().find(|id| {
            let mut words = api_id.split(|c: char| !c.is_ascii_alphanumeric());
            words.any(|word| word == **id)
        });
        if named.is_none() && may_be_elsewhere(properties) {
            let message = format!(
                "`ApiId` of `{id}` is `{api_id}`, which is no API of this template: `{id}` is left \
                 out"
            );
            self.warn(span, WarningKind::LeftOut, message);
            return Ok(Owner::Other);
        }
        let help = match named {
            Some(id) => match &*properties.template.resources[id].kind {
                API => format!("a reference is written `!Ref {id}`"),
                kind => format!("`{id}` is of the type `{kind}`: name the API, `!Ref MyApi`"),
            },
            None => "name the API by its logical id: `!Ref MyApi`".to_owned(),
        };
        let message = format!("`ApiId` is the text `{api_id}`, which names no API");
        let kind = ErrorKind::Dangling(message);
        Err(self.source().error_with_help(span, kind, &help))
    }
}

/// Whether an error is that a value is not known here.
pub(crate) fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported(_))
}

/// Whether `ApiId` may be the id of an API elsewhere: it is a value, of whatever is no resource of
/// the template, or belongs to a mapping, which any API can have.
fn may_be_elsewhere(properties: &Properties<'_>) -> bool {
    let Some(call) = properties.node("ApiId").and_then(call) else {
        return properties.resource.kind == API_MAPPING;
    };
    let is_resource = match &call.argument.content {
        Content::Scalar { text, .. } => properties.template.resources.contains_key(text),
        _ => false,
    };
    call.name != "Ref" || !is_resource
}
