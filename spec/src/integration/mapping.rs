//! Mapping templates of an integration: which one is used, and what it renders.

use indexmap::IndexMap;

use super::{Failure, InvalidIntegration, Request};
use crate::api::PassthroughBehavior;
use crate::limits::TEMPLATE_BYTES;
use crate::message::Message;
use crate::route;
use crate::selection::SelectionExpression;
use crate::template::{MappingTemplate, Scope};

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
    ) -> Option<&MappingTemplate> {
        let key = self.selection.as_ref().map(|expression| {
            let message = Message::new(request.body);
            expression.evaluate(|name| variable(name).or_else(|| message.variable(name)))
        });
        self.by_key
            .get(key.as_deref().unwrap_or("application/json"))
            .or_else(|| self.by_key.get(route::DEFAULT))
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
            Some(template) => render(template, request, request.body),
            None if passes => Ok(request.body.to_owned()),
            None => Err(Failure::NoTemplate),
        }
    }
}

/// Renders a template with `body` as its input.
pub(super) fn render(
    template: &MappingTemplate,
    request: Request<'_>,
    body: &str,
) -> Result<String, Failure> {
    let scope = Scope::new(body, request.context)
        .stage_variables(request.stage_variables)
        .params(request.params);
    template
        .render(&scope)
        .map_err(|error| Failure::Template(error.to_string()))
}
