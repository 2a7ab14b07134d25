//! Models as the validator works with them: every schema of a model, with its keywords read and
//! its references followed.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use velocity::Text;

use super::compiled::{Id, Schema};
use super::keyword::Reader;
use super::syntax::{self, Fault, FaultKind};
use super::types::Dialect;
use super::uri::Uri;
use crate::json::node::Node;

/// All schemas of a model.
#[derive(Clone, Debug)]
pub(super) struct Schemas {
    nodes: Vec<Schema>,
    root: Id,
}

/// A model's text, read.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    /// Where other models find it; empty for the one that is compiled.
    pub(super) locator: &'s str,
    pub(super) root: &'s Node<'s>,
}

impl Schemas {
    /// Reads the schemas of a model, which is the first of the sources.
    ///
    /// Everything that is wrong with that one is in the list; the schemas judge what can be judged
    /// without it.
    pub(super) fn compile(model: &Node<'_>, others: &[Source<'_>]) -> (Self, Vec<Fault>) {
        let mut sources = vec![Source {
            locator: "",
            root: model,
        }];
        sources.extend(others);
        let mut builder = Builder {
            sources,
            ids: HashMap::new(),
            nodes: Vec::new(),
            work: Vec::new(),
            faults: Vec::new(),
        };
        let dialect = dialect(model);
        builder.faults = syntax::check(model, "", dialect);
        let root = builder.id(Spot::root(model), dialect, Check::Needed);
        while let Some((id, spot, dialect, check)) = builder.work.pop() {
            let schema = builder.schema(&spot, dialect, check);
            let shared = builder.nodes[id].shared;
            builder.nodes[id] = Schema { shared, ..schema };
        }
        builder.faults.sort_by_key(|fault| fault.at);
        let mut seen = HashSet::new();
        builder
            .faults
            .retain(|fault| seen.insert((fault.at, format!("{:?}", fault.kind))));
        let nodes = builder.nodes;
        (Self { nodes, root }, builder.faults)
    }

    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn get(&self, id: Id) -> &Schema {
        &self.nodes[id]
    }
}

/// The draft of a model: draft 4, unless `$schema` says draft 3.
pub(super) fn dialect(root: &Node<'_>) -> Dialect {
    let declared = root.get("$schema").and_then(Node::text);
    let is_draft_3 = declared.is_some_and(|text| {
        let text = text.to_str();
        Uri::parse(&text).is_some_and(|uri| {
            uri.locator() == "http://json-schema.org/draft-03/schema" && uri.fragment().is_empty()
        })
    });
    if is_draft_3 {
        Dialect::Draft3
    } else {
        Dialect::Draft4
    }
}

/// A place in a source.
#[derive(Clone)]
struct Spot<'s> {
    source: usize,
    node: &'s Node<'s>,
    pointer: String,
    /// What references are relative to: the `id`s on the way here.
    base: Rc<str>,
}

/// Whether the syntax of a schema is still to be checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    Needed,
    Done,
}

struct Builder<'s> {
    sources: Vec<Source<'s>>,
    ids: HashMap<(usize, usize, Dialect), Id>,
    nodes: Vec<Schema>,
    work: Vec<(Id, Spot<'s>, Dialect, Check)>,
    faults: Vec<Fault>,
}

impl<'s> Spot<'s> {
    fn root(node: &'s Node<'s>) -> Self {
        Self::start(0, "", node)
    }

    fn start(source: usize, locator: &str, node: &'s Node<'s>) -> Self {
        Self {
            source,
            node,
            pointer: String::new(),
            base: rebased(locator, node),
        }
    }

    /// The place of a member or an item, if there is one.
    fn step(&self, token: &Text<'_>) -> Option<Self> {
        let node = self.node.step(token)?;
        Some(Self {
            source: self.source,
            node,
            pointer: syntax::append(&self.pointer, token),
            base: rebased(&self.base, node),
        })
    }
}

/// The base behind a node, which may have an `id`.
fn rebased(base: &str, node: &Node<'_>) -> Rc<str> {
    let id = node.get("id").and_then(Node::text).map(Text::to_str);
    match (Uri::parse(base), id.as_deref().and_then(Uri::parse)) {
        (Some(base), Some(id)) => base.resolve(&id).into(),
        _ => base.into(),
    }
}

impl<'s> Builder<'s> {
    fn dialect_of(&self, source: usize) -> Dialect {
        dialect(self.sources[source].root)
    }

    /// The number of a schema, which is read later.
    fn id(&mut self, spot: Spot<'s>, dialect: Dialect, check: Check) -> Id {
        let address = std::ptr::from_ref(spot.node).addr();
        let key = (spot.source, address, dialect);
        if let Some(&id) = self.ids.get(&key) {
            return id;
        }
        let id = self.nodes.len();
        self.nodes.push(Schema::default());
        self.ids.insert(key, id);
        self.work.push((id, spot, dialect, check));
        id
    }

    fn schema(&mut self, spot: &Spot<'s>, dialect: Dialect, check: Check) -> Schema {
        if let Some(reference) = reference(spot.node) {
            let target = self.target(spot, &reference);
            let target = match target {
                Ok(target) => {
                    let id = self.id(target, dialect, Check::Needed);
                    self.nodes[id].shared = true;
                    Ok(id)
                }
                Err(problem) => {
                    self.refused(spot, &problem);
                    Err(problem)
                }
            };
            return Schema {
                reference: Some(target),
                ..Schema::default()
            };
        }
        if check == Check::Needed {
            let faults = syntax::check(spot.node, &spot.pointer, dialect);
            let is_error = |fault: &Fault| matches!(fault.kind, FaultKind::Syntax(_));
            let broken = faults.iter().any(is_error);
            if spot.source == 0 {
                self.faults.extend(faults);
            }
            if broken {
                return Schema {
                    broken,
                    ..Schema::default()
                };
            }
        }
        let inner = self.dialect_of(spot.source);
        let check = if inner == dialect {
            Check::Done
        } else {
            Check::Needed
        };
        Reader {
            node: spot.node,
            dialect,
            child: &mut |path: &[&Text<'_>]| {
                let mut at = spot.clone();
                for token in path {
                    at = at.step(token)?;
                }
                Some(self.id(at, inner, check))
            },
        }
        .read()
    }

    fn refused(&mut self, spot: &Spot<'s>, problem: &str) {
        if spot.source == 0 {
            let at = spot.node.get("$ref").map_or(spot.node.at, |node| node.at);
            self.faults.push(Fault {
                at,
                pointer: format!("{}/$ref", spot.pointer),
                kind: FaultKind::Syntax(problem.to_owned()),
            });
        }
    }

    /// What a reference stands for in the end, or why it leads nowhere.
    fn target(&self, from: &Spot<'s>, first: &str) -> Result<Spot<'s>, String> {
        let mut seen = HashSet::new();
        let mut spot = from.clone();
        let mut next = Some(first.to_owned());
        while let Some(text) = next {
            let parsed = Uri::parse(&text).zip(Uri::parse(&spot.base));
            let Some((uri, base)) = parsed else {
                break;
            };
            let (locator, fragment) = (base.resolve(&uri), uri.fragment().into_owned());
            let whole = format!("{locator}#{fragment}");
            if !seen.insert(whole.clone()) {
                return Err(format!("JSON Reference \"{whole}\" loops on itself"));
            }
            if locator != self.sources[spot.source].locator {
                let other = self
                    .sources
                    .iter()
                    .skip(1)
                    .position(|source| source.locator == locator);
                let Some(other) = other else {
                    return Err(format!(
                        "JSON Reference \"{whole}\" cannot be resolved: a model may refer to parts \
                         of itself (`#/…`) and to other models of the API"
                    ));
                };
                spot.source = other + 1;
            }
            let source = self.sources[spot.source];
            let start = Spot::start(spot.source, source.locator, source.root);
            let dangling = || format!("JSON Reference \"{whole}\" cannot be resolved");
            spot = tokens(&fragment)
                .and_then(|tokens| {
                    tokens
                        .iter()
                        .try_fold(start, |spot, token| spot.step(token))
                })
                .ok_or_else(dangling)?;
            next = reference(spot.node);
        }
        Ok(spot)
    }
}

/// The text of `$ref`, if it is a URI.
fn reference(node: &Node<'_>) -> Option<String> {
    let text = node.get("$ref").and_then(Node::text)?.to_str();
    Uri::parse(&text)?;
    Some(text.into_owned())
}

/// The decoded tokens of a JSON pointer.
fn tokens(pointer: &str) -> Option<Vec<Text<'static>>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let token = |cooked: &str| {
        let escaped = cooked.split('~').skip(1);
        let valid = escaped
            .into_iter()
            .all(|behind| behind.starts_with(['0', '1']));
        valid.then(|| Text::from(cooked.replace("~1", "/").replace("~0", "~")))
    };
    pointer.strip_prefix('/')?.split('/').map(token).collect()
}
