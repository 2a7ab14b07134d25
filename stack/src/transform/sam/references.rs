//! References to what SAM makes of a resource: `!Ref Chat.Stage`, also in `Fn::GetAtt` and
//! `Fn::Sub`.

use std::collections::HashMap;

use crate::document::yaml::{Content, Node};
use crate::template::call::{Spelling, call};
use crate::transform::nodes::text;

use super::parameters::replace;

/// Logical ids by what they can be called by, `Chat.Stage`.
#[derive(Debug, Default)]
pub(super) struct References(HashMap<String, String>);

impl References {
    pub(super) fn add(&mut self, id: &str, property: &str, generated: impl Into<String>) {
        self.0.insert(format!("{id}.{property}"), generated.into());
    }

    /// Puts the logical ids in, wherever they are named.
    pub(super) fn put_in(&self, node: &mut Node) {
        if self.0.is_empty() {
            return;
        }
        let called = call(node).map(|call| (call.name, call.spelling));
        if let Some((name, spelling)) = called {
            let argument = match (spelling, &mut node.content) {
                (Spelling::Key, Content::Mapping(entries)) => entries.first_mut(),
                _ => None,
            };
            match argument {
                Some((_, argument)) => self.argument(&name, argument),
                None => self.argument(&name, node),
            }
        }
        match &mut node.content {
            Content::Scalar { .. } => {}
            Content::Sequence(items) => items.iter_mut().for_each(|item| self.put_in(item)),
            Content::Mapping(entries) => {
                entries.iter_mut().for_each(|(_, node)| self.put_in(node));
            }
        }
    }

    fn argument(&self, function: &str, argument: &mut Node) {
        let is_tag = argument.tag.is_some();
        let span = argument.span.clone();
        match (function, &mut argument.content) {
            ("Ref", Content::Scalar { text, .. }) => {
                if let Some(id) = self.0.get(text) {
                    id.clone_into(text);
                }
            }
            ("Fn::Sub", Content::Scalar { text, .. }) => *text = self.sub(text),
            ("Fn::Sub", Content::Sequence(items)) => {
                if let Some(Content::Scalar { text, .. }) =
                    items.first_mut().map(|item| &mut item.content)
                {
                    *text = self.sub(text);
                }
            }
            ("Fn::GetAtt", Content::Scalar { text, .. }) if is_tag => {
                if let Some(path) = self.path(text) {
                    *text = path.join(".");
                }
            }
            ("Fn::GetAtt", Content::Sequence(items)) if items.len() > 1 => {
                let names: Option<Vec<&str>> = items.iter().map(Node::plain_text).collect();
                if let Some(path) = names.and_then(|names| self.path(&names.join("."))) {
                    *items = path.into_iter().map(|name| text(&span, name)).collect();
                }
            }
            _ => {}
        }
    }

    /// `Chat.Stage.Attribute` as the logical id and the attribute.
    fn path(&self, text: &str) -> Option<Vec<String>> {
        let mut parts = text.split('.');
        let (id, property) = (parts.next()?, parts.next()?);
        let id = self.0.get(&format!("{id}.{property}"))?;
        let rest = parts.map(str::to_owned);
        Some(std::iter::once(id.clone()).chain(rest).collect())
    }

    fn sub(&self, text: &str) -> String {
        replace(text, |name| {
            Some(format!("${{{}}}", self.path(name)?.join(".")))
        })
    }
}
