//! Keywords about numbers, texts, arrays and objects.

use std::cmp::Ordering;
use std::collections::HashSet;

use velocity::Text;

use super::equality::key;
use super::{Run, Stop, Verdict};
use crate::json::node::{Node, Object};
use crate::json::number::Number;
use crate::model::compiled::{Bound, Id, Keyword, Schema};
use crate::model::message::{Out, text, weight};

impl Run<'_> {
    pub(super) fn number(
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

    pub(super) fn text(
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

    pub(super) fn array(
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

    pub(super) fn object(
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
                self.dependencies(verdict, names, schemas, object, node)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn dependencies(
        &mut self,
        verdict: &mut Verdict,
        names: &[(Text<'static>, Vec<Text<'static>>)],
        schemas: &[(Text<'static>, Id)],
        object: &Object<'_>,
        node: &Node<'_>,
    ) -> Result<(), Stop> {
        for (name, needed) in names.iter().filter(|(name, _)| object.has(name)) {
            self.spend(needed.len() as u64)?;
            let mut missing: Vec<_> = needed.iter().filter(|name| !object.has(name)).collect();
            missing.dedup();
            if !missing.is_empty() {
                self.fail(verdict, || missing_dependencies(name, needed, missing))?;
            }
        }
        for (_, id) in schemas.iter().filter(|(name, _)| object.has(name)) {
            self.value(verdict, *id, node)?;
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
            let mut known = schema.properties.get(&member.name).is_some();
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
