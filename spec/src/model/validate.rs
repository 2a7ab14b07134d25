//! A value judged by a schema, in the validator's order: a value's own keywords first, and what
//! is inside of it only as long as nothing was found.
//!
//! `allOf`, `anyOf`, `oneOf` and `not` judge apart and say one thing. What was judged apart is
//! remembered by schema and value, so that work is linear in the pairs that are looked at; steps
//! and depth are counted all the same.
//!
//! Realises: ROUTE-51, ROUTE-57

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use velocity::Text;

use super::json::{Node, Object, Value};
use super::keyword::{Bound, Keyword};
use super::message::{Out, text, weight};
use super::number::Number;
use super::pattern::Unfinished;
use super::schema::{Id, Items, Schema, Schemas};
use super::types::{Type, Types};

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

/// A text that is equal for equal values; of objects only when their members are in the same
/// order, which is how the validator finds doubles.
pub(super) fn key(node: &Node<'_>) -> String {
    let mut out = String::new();
    write_key(node, &mut out);
    out
}

fn write_key(node: &Node<'_>, out: &mut String) {
    match &node.value {
        Value::Null => out.push('n'),
        Value::Bool(value) => out.push(if *value { 't' } else { 'f' }),
        Value::Number(number) => {
            out.push('#');
            out.push_str(&number.key());
            out.push(';');
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| write_key(item, out));
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for member in object.members() {
                write_text(&member.name, out);
                write_key(&member.node, out);
            }
            out.push('}');
        }
    }
}

/// A text with its length before it. Lone surrogates stay different from everything.
fn write_text(text: &Text<'_>, out: &mut String) {
    match text.as_str() {
        Some(text) => out.push_str(&format!("\"{}:{text}", text.len())),
        None => out.push_str(&format!("'{:?}", text.units())),
    }
}

/// Whether two values are equal: numbers by value, objects whatever their order.
fn equal(left: &Node<'_>, right: &Node<'_>) -> bool {
    match (&left.value, &right.value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left.compare(right) == Ordering::Equal,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| equal(a, b))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |name, node| right.get(name).is_some_and(|other| equal(node, other));
            let members = left.members();
            left.len() == right.len() && members.iter().all(|m| same(&m.name, &m.node))
        }
        _ => false,
    }
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
        let nothing = schema.properties.is_empty()
            && schema.pattern_properties.is_empty()
            && schema.additional_properties.is_none();
        if nothing {
            return Ok(());
        }
        for member in object.sorted() {
            self.spend(1)?;
            let mut found = false;
            if let Some(&id) = schema.properties.get(&member.name) {
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
            self.spend(message.len() as u64 / 8)?;
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

    fn combination(
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

    fn number(
        &mut self,
        verdict: &mut Verdict,
        keyword: &Keyword,
        found: &Number<'_>,
    ) -> Result<(), Stop> {
        self.spend(found.weight())?;
        let problem = match keyword {
            Keyword::Limit {
                bound,
                number,
                exclusive,
            } => beyond(*bound, number, *exclusive, found),
            Keyword::MultipleOf(divisor) => {
                let digits = found.weight() + divisor.weight();
                self.spend(digits.saturating_mul(digits))?;
                (!found.is_multiple_of(divisor)).then(|| {
                    let (found, divisor) = (found.print(), divisor.print_bound());
                    format!("remainder of division is not zero ({found} / {divisor})")
                })
            }
            _ => None,
        };
        if let Some(problem) = problem {
            self.fail(verdict, || text(problem))?;
        }
        Ok(())
    }

    fn text(
        &mut self,
        verdict: &mut Verdict,
        keyword: &Keyword,
        given: &Text<'_>,
    ) -> Result<(), Stop> {
        match keyword {
            Keyword::Length(bound, limit) => {
                let length = code_points(given);
                self.spend(length as u64 / 64)?;
                let (kind, name) = match bound {
                    Bound::Min if length < *limit => ("short", "required minimum"),
                    Bound::Max if length > *limit => ("long", "maximum allowed"),
                    _ => return Ok(()),
                };
                self.fail(verdict, || {
                    let mut out = Out::new();
                    out.str("string \"").text(given).str("\" is too ").str(kind);
                    out.str(&format!(" (length: {length}, {name}: {limit})"));
                    out.done()
                })?;
            }
            Keyword::Pattern(source, pattern) => {
                let found = pattern.is_found(given, &mut self.steps)?;
                let no_match = || {
                    let mut out = Out::new();
                    out.str("ECMA 262 regex \"").text(source);
                    out.str("\" does not match input string \"")
                        .text(given)
                        .str("\"");
                    out.done()
                };
                return if found {
                    Ok(())
                } else {
                    self.fail(verdict, no_match)
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn array(
        &mut self,
        verdict: &mut Verdict,
        keyword: &Keyword,
        items: &[Node<'_>],
    ) -> Result<(), Stop> {
        let found = items.len();
        let problem = match keyword {
            Keyword::NoAdditionalItems(allowed) if found > *allowed => format!(
                "schema only allows {allowed} elements in array but instance has {found} elements"
            ),
            Keyword::Items(Bound::Min, limit) if found < *limit => format!(
                "array is too short: must have at least {limit} elements but instance has {found} \
                 elements"
            ),
            Keyword::Items(Bound::Max, limit) if found > *limit => format!(
                "array is too long: must have at most {limit} elements but instance has {found} \
                 elements"
            ),
            Keyword::UniqueItems => {
                self.spend(items.iter().map(weight).sum())?;
                let mut seen = HashSet::new();
                if items.iter().all(|item| seen.insert(key(item))) {
                    return Ok(());
                }
                "array must not contain duplicate elements".to_owned()
            }
            _ => return Ok(()),
        };
        self.fail(verdict, || text(problem))?;
        Ok(())
    }

    fn object(
        &mut self,
        verdict: &mut Verdict,
        schema: &Schema,
        keyword: &Keyword,
        object: &Object<'_>,
        node: &Node<'_>,
    ) -> Result<(), Stop> {
        let found = object.len();
        match keyword {
            Keyword::NoAdditionalProperties => {
                let unwanted = self.unwanted(schema, object)?;
                if !unwanted.is_empty() {
                    self.fail(verdict, || {
                        let mut out = Out::new();
                        out.str(
                            "object instance has properties which are not allowed by the schema: ",
                        );
                        out.list(unwanted);
                        out.done()
                    })?;
                }
            }
            Keyword::Properties(Bound::Min, limit) if found < *limit => {
                self.fail(verdict, || {
                    text(format!(
                        "object has too few properties (found {found} but schema requires at least \
                         {limit})"
                    ))
                })?;
            }
            Keyword::Properties(Bound::Max, limit) if found > *limit => {
                self.fail(verdict, || {
                    text(format!(
                        "object has too many properties (found {found} but schema requires at most \
                         {limit})"
                    ))
                })?;
            }
            Keyword::Required(names) => {
                self.spend(names.len() as u64)?;
                let missing: Vec<_> = names.iter().filter(|name| !object.has(name)).collect();
                if !missing.is_empty() {
                    self.fail(verdict, || {
                        let mut out = Out::new();
                        out.str("object has missing required properties (");
                        out.list(missing).str(")");
                        out.done()
                    })?;
                }
            }
            Keyword::Dependencies { names, schemas } => {
                for (name, needed) in names.iter().filter(|(name, _)| object.has(name)) {
                    self.spend(needed.len() as u64)?;
                    let mut missing: Vec<_> =
                        needed.iter().filter(|name| !object.has(name)).collect();
                    missing.dedup();
                    if !missing.is_empty() {
                        self.fail(verdict, || missing_dependencies(name, needed, missing))?;
                    }
                }
                for (_, id) in schemas.iter().filter(|(name, _)| object.has(name)) {
                    self.value(verdict, *id, node)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The members that neither `properties` nor `patternProperties` knows, sorted.
    fn unwanted<'n, 'a>(
        &mut self,
        schema: &Schema,
        object: &'n Object<'a>,
    ) -> Result<Vec<&'n Text<'a>>, Stop> {
        let mut unwanted = Vec::new();
        for member in object.sorted() {
            self.spend(1)?;
            let mut known = schema.properties.contains_key(&member.name);
            for (pattern, _) in &schema.pattern_properties {
                if known {
                    break;
                }
                known = pattern.is_found(&member.name, &mut self.steps)?;
            }
            if !known {
                unwanted.push(&member.name);
            }
        }
        Ok(unwanted)
    }
}

fn no_type(found: Type, allowed: Types) -> Text<'static> {
    let (found, allowed) = (found.name(), allowed.json());
    text(format!(
        "instance type ({found}) does not match any allowed primitive type (allowed: {allowed})"
    ))
}

fn no_schema(count: usize) -> String {
    format!("instance failed to match at least one required schema among {count}")
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

fn missing_dependencies(
    name: &Text<'_>,
    needed: &[Text<'static>],
    missing: Vec<&Text<'static>>,
) -> Text<'static> {
    let mut out = Out::new();
    out.str("property \"").text(name);
    out.str("\" of object has missing property dependencies (schema requires ");
    out.list(needed).str("; missing: ").list(missing).str(")");
    out.done()
}

/// What is said of a number beyond a limit.
fn beyond(bound: Bound, limit: &Number<'_>, exclusive: bool, found: &Number<'_>) -> Option<String> {
    let order = found.compare(limit);
    let (wrong, order_name, name, strictly) = match bound {
        Bound::Min => (Ordering::Less, "lower", "minimum", "greater"),
        Bound::Max => (Ordering::Greater, "greater", "maximum", "lower"),
    };
    let limit = || limit.print_bound();
    if order == wrong {
        let (limit, found) = (limit(), found.print());
        return Some(format!(
            "numeric instance is {order_name} than the required {name} ({name}: {limit}, found: \
             {found})"
        ));
    }
    (order == Ordering::Equal && exclusive).then(|| {
        let limit = limit();
        format!("numeric instance is not strictly {strictly} than the required {name} {limit}")
    })
}

/// Java's `codePointCount`: a lone surrogate counts as one.
fn code_points(text: &Text<'_>) -> usize {
    match text.as_str() {
        Some(text) => text.chars().count(),
        None => char::decode_utf16(text.units().iter().copied()).count(),
    }
}
