//! Mapping templates of an integration: which one is used, and what it renders.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Failure, InvalidIntegration, Request};
use crate::api::PassthroughBehavior;
use crate::explanation::{Rendering, Side};
use crate::limits::TEMPLATE_BYTES;
use crate::message::Message;
use crate::route;
use crate::selection::SelectionExpression;
use crate::template::{MappingTemplate, Scope};

/// A template that was selected, and its key.
pub(super) type Selected<'t> = (&'t str, &'t MappingTemplate);

/// Templates by key, and the expression that selects among them.
#[derive(Debug)]
pub(super) struct Templates {
    by_key: IndexMap<String, MappingTemplate>,
    selection: Option<SelectionExpression>,
}

impl Templates {
    /// Checks templates as declared in `property`, and adds what cannot be used to `problems`.
    pub(super) fn new(
        property: &'static str,
        sources: &IndexMap<String, String>,
        selection: Option<&str>,
        problems: &mut Vec<InvalidIntegration>,
    ) -> Self {
        let mut by_key = IndexMap::new();
        for (key, source) in sources {
            let key = key.clone();
            let bytes = source.len();
            if bytes > TEMPLATE_BYTES {
                problems.push(InvalidIntegration::TemplateTooLarge {
                    property,
                    key,
                    bytes,
                });
                continue;
            }
            match MappingTemplate::parse(source) {
                Ok(template) => {
                    by_key.insert(key, template);
                }
                Err(error) => problems.push(InvalidIntegration::Template {
                    property,
                    key,
                    error: Box::new(error),
                }),
            }
        }
        let selection = selection.map(SelectionExpression::parse).transpose();
        let selection = selection.unwrap_or_else(|error| {
            problems.push(error.into());
            None
        });
        Self { by_key, selection }
    }

    /// Whether there is no template at all.
    pub(super) fn are_none(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The template under the key that the expression gives, which may be a fixed one, else under
    /// `$default`; without an expression the one for `application/json` comes first. `variable`
    /// knows further variables than the message's.
    ///
    /// Realises: INTEGRATION-24, INTEGRATION-26, INTEGRATION-25, INTEGRATION-23
    pub(super) fn select(
        &self,
        request: Request<'_>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Option<Selected<'_>> {
        let key = self.selection.as_ref().map(|expression| {
            let message = Message::new(request.body);
            expression.evaluate(|name| variable(name).or_else(|| message.variable(name)))
        });
        let key = key.as_deref().unwrap_or("application/json");
        let mut keys = [key, route::DEFAULT].into_iter();
        let selected = keys.find_map(|key| self.by_key.get_key_value(key));
        selected.map(|(key, template)| (key.as_str(), template))
    }

    /// What is sent for a request: the template's output, or the message where it passes
    /// through.
    ///
    /// Realises: TEMPLATE-1, INTEGRATION-19, INTEGRATION-45, INTEGRATION-66, INTEGRATION-21,
    /// INTEGRATION-27 to INTEGRATION-29
    pub(super) fn request(
        &self,
        request: Request<'_>,
        passthrough: PassthroughBehavior,
    ) -> Result<String, Failure> {
        let passes = match passthrough {
            PassthroughBehavior::WhenNoMatch => true,
            PassthroughBehavior::WhenNoTemplates => self.by_key.is_empty(),
            PassthroughBehavior::Never => false,
        };
        match self.select(request, |_| None) {
            Some(template) => render(Side::Request, template, request, request.body),
            None if passes => Ok(request.body.to_owned()),
            None => Err(Failure::NoTemplate),
        }
    }
}

/// Renders a template with `body` as its input.
pub(super) fn render(
    side: Side,
    (key, template): Selected<'_>,
    request: Request<'_>,
    body: &str,
) -> Result<String, Failure> {
    let scope = Scope::new(body, request.context)
        .stage_variables(request.stage_variables)
        .params(request.params);
    let rendered = template.render(&scope).map_err(|error| error.to_string());
    if let Some(renderings) = request.renderings {
        renderings.push(Rendering {
            side,
            key: key.to_owned(),
            source: template.source().to_owned(),
            rendered: rendered.clone(),
            body: body.to_owned(),
            context: Arc::clone(request.context),
            stage_variables: Arc::clone(request.stage_variables),
        });
    }
    rendered.map_err(Failure::Template)
}
