//! Keywords that ask other schemas: what those say is judged apart, and comes out as one message.

use super::{Run, Stop, Verdict, no_type};
use crate::json::node::Node;
use crate::model::compiled::{Id, Keyword};
use crate::model::message::text;
use crate::model::types::{Type, Types};

impl Run<'_> {
    pub(super) fn combination(
        &mut self,
        verdict: &mut Verdict,
        keyword: &Keyword,
        node: &Node<'_>,
    ) -> Result<(), Stop> {
        let problem = match keyword {
            Keyword::AllOf(ids) => {
                let (matched, all) = (self.count(ids, node)?, ids.len());
                (matched < all).then(|| {
                    format!(
                        "instance failed to match all required schemas (matched only {matched} out \
                         of {all})"
                    )
                })
            }
            Keyword::AnyOf(ids) => (self.count(ids, node)? == 0).then(|| no_schema(ids.len())),
            Keyword::OneOf(ids) => {
                let (matched, all) = (self.count(ids, node)?, ids.len());
                (matched != 1).then(|| {
                    format!(
                        "instance failed to match exactly one schema (matched {matched} out of \
                         {all})"
                    )
                })
            }
            Keyword::Not(id) => self
                .fits(*id, node)?
                .then(|| "instance matched a schema which it should not have".to_owned()),
            Keyword::Disallow(types, ids) => self.disallowed(*types, ids, node)?,
            Keyword::TypeOrSchema(types, ids) => {
                let found = Type::of(&node.value);
                if types.has(found) || self.count(ids, node)? > 0 {
                    return Ok(());
                }
                if !types.is_empty() {
                    self.fail(verdict, || no_type(found, *types))?;
                }
                (!ids.is_empty()).then(|| no_schema(ids.len()))
            }
            Keyword::Extends(ids) => {
                for &id in ids {
                    self.value(verdict, id, node)?;
                }
                None
            }
            _ => None,
        };
        if let Some(problem) = problem {
            self.fail(verdict, || text(problem))?;
        }
        Ok(())
    }

    fn disallowed(
        &mut self,
        types: Types,
        ids: &[Id],
        node: &Node<'_>,
    ) -> Result<Option<String>, Stop> {
        let found = Type::of(&node.value);
        if types.has(found) {
            let (found, types) = (found.name(), types.json());
            return Ok(Some(format!(
                "instance is of type {found}, which is explicitly forbidden (disallowed: {types})"
            )));
        }
        let (matched, all) = (self.count(ids, node)?, ids.len());
        Ok((matched > 0).then(|| {
            format!("instance matched {matched} out of {all} explicitly forbidden schema(s)")
        }))
    }
}

fn no_schema(count: usize) -> String {
    format!("instance failed to match at least one required schema among {count}")
}
