//! A value judged by a schema, in the validator's order: a value's own keywords first, and what
//! is inside of it only as long as nothing was found.
//!
//! `allOf`, `anyOf`, `oneOf` and `not` judge apart and say one thing. What was judged apart is
//! remembered by schema and value, so that work is linear in the pairs that are looked at; steps
//! and depth are counted all the same.
//!
//! Realises: ROUTE-51, ROUTE-57

mod combination;
mod equality;
mod own;

use std::collections::{HashMap, HashSet};

use velocity::Text;

use self::equality::equal;
pub(super) use self::equality::key;
use super::compiled::{Id, Items, Keyword, Schema};
use super::message::{Out, weight};
use super::pattern::Unfinished;
use super::schema::Schemas;
use super::types::{Type, Types};
use crate::json::node::{Node, Object, Value};

/// How many steps it may take to judge a message.
pub(super) const MAX_STEPS: u64 = 2_000_000;
/// How deep schemas may lie in each other while a message is judged.
pub(super) const MAX_DEPTH: usize = 300;

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It takes too long.
    Steps,
    /// It goes too deep.
    Depth,
    /// A schema leads to itself for the same value.
    Loop,
    /// A reference leads nowhere, or a schema's syntax is wrong.
    Schema(String),
}

impl From<Unfinished> for Stop {
    fn from(unfinished: Unfinished) -> Self {
        match unfinished {
            Unfinished::Steps => Self::Steps,
            Unfinished::Range => Self::Schema("a range of a pattern goes backwards".to_owned()),
        }
    }
}

/// What the validator says of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) errors: Vec<Text<'static>>,
    pub(super) warnings: Vec<Text<'static>>,
}

/// Judges a value.
pub(super) fn validate(schemas: &Schemas, value: &Node<'_>) -> Result<Report, Stop> {
    let mut run = Run::new(schemas);
    run.all(value)?;
    Ok(run.report)
}

/// How many steps it takes to judge a value.
#[cfg(test)]
pub(super) fn steps_of(schemas: &Schemas, value: &Node<'_>) -> u64 {
    let mut run = Run::new(schemas);
    let _ = run.all(value);
    MAX_STEPS - run.steps
}

/// A value judged on the way to the report, or apart.
struct Verdict {
    /// Whether its messages are in the report.
    loud: bool,
    failed: bool,
}

struct Run<'r> {
    schemas: &'r Schemas,
    steps: u64,
    depth: usize,
    report: Report,
    /// Schemas that references lead to, with the values that they are judging.
    active: HashSet<(Id, usize)>,
    /// The same, once they have said all to the report.
    told: HashSet<(Id, usize)>,
    /// The same, judged apart: whether the value fits.
    known: HashMap<(Id, usize), Option<bool>>,
}

impl<'r> Run<'r> {
    fn new(schemas: &'r Schemas) -> Self {
        Self {
            schemas,
            steps: MAX_STEPS,
            depth: 0,
            report: Report::default(),
            active: HashSet::new(),
            told: HashSet::new(),
            known: HashMap::new(),
        }
    }

    fn all(&mut self, value: &Node<'_>) -> Result<(), Stop> {
        let mut verdict = Verdict {
            loud: true,
            failed: false,
        };
        self.value(&mut verdict, self.schemas.root(), value)
    }

    fn spend(&mut self, steps: u64) -> Result<(), Stop> {
        self.steps = self.steps.checked_sub(steps).ok_or(Stop::Steps)?;
        Ok(())
    }

    /// Judges `node` by a schema, into a verdict that may have failed before.
    fn value(&mut self, verdict: &mut Verdict, id: Id, node: &Node<'_>) -> Result<(), Stop> {
        self.spend(1)?;
        let schemas = self.schemas;
        let mut id = id;
        let mut schema = schemas.get(id);
        if let Some(target) = &schema.reference {
            id = target.clone().map_err(Stop::Schema)?;
            schema = schemas.get(id);
        }
        if schema.broken {
            return Err(Stop::Schema(
                "invalid JSON Schema, cannot continue".to_owned(),
            ));
        }
        if self.depth == MAX_DEPTH {
            return Err(Stop::Depth);
        }
        self.depth += 1;
        if schema.shared {
            self.shared(verdict, id, schema, node)?;
        } else {
            self.judge(verdict, schema, node)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// By a schema that others refer to: it may come back for the same value.
    fn shared(
        &mut self,
        verdict: &mut Verdict,
        id: Id,
        schema: &Schema,
        node: &Node<'_>,
    ) -> Result<(), Stop> {
        let pair = (id, std::ptr::from_ref(node).addr());
        if self.active.contains(&pair) {
            return Err(Stop::Loop);
        }
        if verdict.loud {
            // What it says a second time is in the report, whatever came between.
            if !self.told.insert(pair) {
                return Ok(());
            }
        } else {
            match self.known.get(&pair) {
                Some(Some(fits)) => {
                    verdict.failed |= !fits;
                    return Ok(());
                }
                Some(None) if verdict.failed => return Ok(()),
                _ => {}
            }
        }
        let had_failed = verdict.failed;
        self.active.insert(pair);
        self.judge(verdict, schema, node)?;
        self.active.remove(&pair);
        if !verdict.loud {
            // One that failed before was not looked into, and says nothing for others.
            let fits = (!had_failed).then_some(!verdict.failed);
            self.known.insert(pair, fits);
        }
        Ok(())
    }

    fn judge(
        &mut self,
        verdict: &mut Verdict,
        schema: &Schema,
        node: &Node<'_>,
    ) -> Result<(), Stop> {
        let kind = Type::of(&node.value);
        if verdict.loud
            && let Some(name) = &schema.unsupported_format
        {
            let mut out = Out::new();
            out.str("format attribute \"")
                .text(name)
                .str("\" not supported");
            self.report.warnings.push(out.done());
        }
        for (types, keyword) in &schema.keywords {
            if types.has(kind) {
                self.keyword(verdict, schema, keyword, node)?;
            }
        }
        if verdict.failed {
            return Ok(());
        }
        match &node.value {
            Value::Array(items) => self.items(verdict, schema, items),
            Value::Object(object) => self.members(verdict, schema, object),
            _ => Ok(()),
        }
    }

    fn items(
        &mut self,
        verdict: &mut Verdict,
        schema: &Schema,
        items: &[Node<'_>],
    ) -> Result<(), Stop> {
        for (at, item) in items.iter().enumerate() {
            let id = match &schema.items {
                Items::All(id) => Some(*id),
                Items::Each(each) => each.get(at).copied().or(schema.additional_items),
                Items::None => schema.additional_items,
            };
            if let Some(id) = id {
                self.value(verdict, id, item)?;
            }
        }
        Ok(())
    }

    fn members(
        &mut self,
        verdict: &mut Verdict,
        schema: &Schema,
        object: &Object<'_>,
    ) -> Result<(), Stop> {
        let properties = schema.properties.list();
        let others =
            !schema.pattern_properties.is_empty() || schema.additional_properties.is_some();
        if !others && properties.len() <= object.len() * 2 {
            // The same members in the same order, without the others.
            for (name, id) in properties {
                self.spend(1)?;
                if let Some(node) = object.get(name) {
                    self.value(verdict, *id, node)?;
                }
            }
            return Ok(());
        }
        if !others && properties.is_empty() {
            return Ok(());
        }
        for member in object.sorted() {
            self.spend(1)?;
            let mut found = false;
            if let Some(id) = schema.properties.get(&member.name) {
                found = true;
                self.value(verdict, id, &member.node)?;
            }
            for (pattern, id) in &schema.pattern_properties {
                if pattern.is_found(&member.name, &mut self.steps)? {
                    found = true;
                    self.value(verdict, *id, &member.node)?;
                }
            }
            if let (false, Some(id)) = (found, schema.additional_properties) {
                self.value(verdict, id, &member.node)?;
            }
        }
        Ok(())
    }

    /// Whether a value fits a schema, judged apart.
    fn fits(&mut self, id: Id, node: &Node<'_>) -> Result<bool, Stop> {
        let mut verdict = Verdict {
            loud: false,
            failed: false,
        };
        self.value(&mut verdict, id, node)?;
        Ok(!verdict.failed)
    }

    fn count(&mut self, ids: &[Id], node: &Node<'_>) -> Result<usize, Stop> {
        ids.iter().try_fold(
            0,
            |count, &id| Ok(count + usize::from(self.fits(id, node)?)),
        )
    }

    /// A verdict that fails, and what is said of it.
    fn fail(
        &mut self,
        verdict: &mut Verdict,
        message: impl FnOnce() -> Text<'static>,
    ) -> Result<(), Stop> {
        verdict.failed = true;
        if verdict.loud {
            let message = message();
            self.spend(message.as_str().map_or_else(|| message.len(), str::len) as u64 / 8)?;
            self.report.errors.push(message);
        }
        Ok(())
    }

    fn keyword(
        &mut self,
        verdict: &mut Verdict,
        schema: &Schema,
        keyword: &Keyword,
        node: &Node<'_>,
    ) -> Result<(), Stop> {
        self.spend(1)?;
        match (keyword, &node.value) {
            (Keyword::Type(types), value) => {
                let found = Type::of(value);
                if !types.has(found) {
                    self.fail(verdict, || no_type(found, *types))?;
                }
            }
            (Keyword::Enum { values, weight }, _) => {
                self.spend(*weight)?;
                if !values.iter().any(|value| equal(value, node)) {
                    self.spend(super::message::weight(node))?;
                    self.fail(verdict, || not_in_enum(node, values))?;
                }
            }
            (Keyword::Format(format), value) => {
                self.spend(weight(node))?;
                if let Some(problem) = format.check(value) {
                    self.fail(verdict, || problem)?;
                }
            }
            (
                Keyword::AllOf(_)
                | Keyword::AnyOf(_)
                | Keyword::OneOf(_)
                | Keyword::Not(_)
                | Keyword::Disallow(..)
                | Keyword::TypeOrSchema(..)
                | Keyword::Extends(_),
                _,
            ) => self.combination(verdict, keyword, node)?,
            (keyword, Value::Number(number)) => self.number(verdict, keyword, number)?,
            (keyword, Value::String(given)) => self.text(verdict, keyword, given)?,
            (keyword, Value::Array(items)) => self.array(verdict, keyword, items)?,
            (keyword, Value::Object(object)) => {
                self.object(verdict, schema, keyword, object, node)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn no_type(found: Type, allowed: Types) -> Text<'static> {
    let mut out = Out::new();
    out.str("instance type (").str(found.name());
    out.str(") does not match any allowed primitive type (allowed: ");
    out.str(&allowed.json()).str(")");
    out.done()
}

fn not_in_enum(node: &Node<'_>, values: &[Node<'_>]) -> Text<'static> {
    let mut out = Out::new();
    out.str("instance value (").json(&node.value);
    out.str(") not found in enum (possible values: [");
    for (at, value) in values.iter().enumerate() {
        out.str(if at == 0 { "" } else { "," }).json(&value.value);
    }
    out.str("])");
    out.done()
}
