//! Which stacks of an app belong together: those that refer to each other.

use crate::diagnostics::Findings;
use crate::document::yaml::{Key, Node};
use crate::error::{ErrorKind, Span};
use crate::stacks::Stacks;
use crate::template::call::{self, Call};
use crate::template::intrinsics::Evaluator;
use crate::template::others::{OUTPUTS, Others, READER};
use crate::template::parameters;
use crate::template::stack::{Origin, Stack};
use crate::template::{Resource, Template};

/// A reference from one stack of the app to another, by their positions.
struct Edge {
    from: usize,
    to: usize,
    span: Span,
}

/// The templates of the served stack, of those nested in it, and of the siblings that refer to them
/// or are referred to, with what those have nested; the served one comes first. `None` if that one
/// cannot be read.
pub(crate) fn templates<'t>(
    stacks: &'t Stacks<'t>,
    findings: &mut Findings,
) -> Option<Vec<&'t Template<'t>>> {
    let mut circular = Vec::new();
    let mut each = Vec::new();
    for index in 0..stacks.all().len() {
        let made = stacks.template(index, &(0..0));
        each.push(made.unwrap_or_else(|error| {
            circular.push((index, error));
            None
        }));
    }
    let mut edges = Vec::new();
    for (index, template) in each.iter().enumerate() {
        if let Some(template) = template {
            add_edges(stacks, index, template, &mut edges);
        }
    }
    let roots = reached(&edges);
    refuse_circles(stacks, &edges, &roots, findings);
    for (index, error) in circular {
        if roots.contains(&root_of(stacks, index)) {
            findings.error(error);
        }
    }
    for (index, found) in stacks.take_findings().into_iter().enumerate() {
        match root_of(stacks, index) {
            0 => findings.add(found),
            // Whatever needs what is wrong with a sibling says so.
            root if roots.contains(&root) => findings.add(found.without_errors()),
            _ => {}
        }
    }
    let served = each.first().copied().flatten()?;
    let is_known = |name: &str| {
        let mut all = each.iter().flatten();
        stacks.has_taken(name)
            || stacks
                .all()
                .iter()
                .any(|stack| is_of_a_missing_stack(stack, name))
            || all.any(|template| template.declares_parameter(name))
    };
    let (source, root) = (stacks.source(), served.root);
    parameters::refuse_unknown(source, root, served.settings, is_known, findings);
    let connected = each.into_iter().enumerate();
    let connected = connected.filter(|(index, _)| roots.contains(&root_of(stacks, *index)));
    Some(connected.filter_map(|(_, template)| template).collect())
}

/// Whether a parameter gives an output of a nested stack whose template is not here.
fn is_of_a_missing_stack(stack: &Stack, name: &str) -> bool {
    let output = name.split_once('.');
    output.is_some_and(|(id, output)| {
        output.starts_with(OUTPUTS) && stack.nested.get(id).is_some_and(Result::is_err)
    })
}

/// The stack of the app that a stack is, or is nested in.
fn root_of(stacks: &Stacks<'_>, mut index: usize) -> usize {
    while let Origin::Nested { parent, .. } = &stacks.all()[index].origin {
        index = *parent;
    }
    index
}

/// Adds what a template refers to in other stacks of the app.
fn add_edges<'t>(
    stacks: &'t Stacks<'t>,
    index: usize,
    template: &'t Template<'t>,
    edges: &mut Vec<Edge>,
) {
    let from = root_of(stacks, index);
    let mut add = |to: Option<usize>, span: &Span| {
        let to = to.map(|to| root_of(stacks, to)).filter(|to| *to != from);
        let span = span.clone();
        edges.extend(to.map(|to| Edge { from, to, span }));
    };
    call::to_other_stacks(template.root, &mut |call| {
        add(reached_by(stacks, template, call), &call.argument.span);
    });
    for resource in template.resources.values() {
        for (key, _) in carried_to(template, resource) {
            match stacks.carrying(&key.text, &key.span) {
                Some((to, _)) => add(Some(to), &key.span),
                // A parameter may give it, which is known from then on.
                None => drop(stacks.given(&key.text)),
            }
        }
    }
}

/// The values that a resource reads from another region.
fn carried_to<'t>(template: &Template<'t>, resource: &Resource<'t>) -> &'t [(Key, Node)] {
    if resource.kind != READER.kind {
        return &[];
    }
    let property = template.property_node(resource, READER.property);
    let map = property.and_then(|node| node.get(READER.map));
    map.map(Node::entries).unwrap_or_default()
}

/// The stack that a call reaches, if that is known.
fn reached_by<'t>(
    stacks: &'t Stacks<'t>,
    template: &Template<'t>,
    call: &Call<'_>,
) -> Option<usize> {
    let evaluator = Evaluator(template);
    let (found, name) = match &*call.name {
        "Fn::ImportValue" => {
            let export = evaluator.argument(call).ok()?.as_text()?.to_owned();
            let found = stacks.exporting(&export, &call.argument.span);
            (found.map(|(index, _)| index), export)
        }
        _ => {
            let output = evaluator.stack_output(call).ok()?;
            (
                stacks.named(&output),
                format!("{}.{}", output.stack, output.output),
            )
        }
    };
    if found.is_none() {
        // A parameter may give it, which is known from then on.
        stacks.given(&name);
    }
    found
}

/// The stacks of the app that hang together with the served one.
fn reached(edges: &[Edge]) -> Vec<usize> {
    let mut reached = vec![0];
    let next = |reached: &[usize]| {
        edges.iter().find_map(|edge| {
            let has = |stack: usize| reached.contains(&stack);
            match (has(edge.from), has(edge.to)) {
                (true, false) => Some(edge.to),
                (false, true) => Some(edge.from),
                _ => None,
            }
        })
    };
    while let Some(stack) = next(&reached) {
        reached.push(stack);
    }
    reached
}

/// Stacks that each need the other first cannot be deployed.
fn refuse_circles(stacks: &Stacks<'_>, edges: &[Edge], roots: &[usize], findings: &mut Findings) {
    // What a stack needs, directly or not.
    let needs = |stack: usize| {
        let mut needed = vec![stack];
        let mut seen = 0;
        while let Some(&stack) = needed.get(seen) {
            let more = edges.iter().filter(|edge| edge.from == stack);
            for edge in more {
                if !needed.contains(&edge.to) {
                    needed.push(edge.to);
                }
            }
            seen += 1;
        }
        needed
    };
    let is_circular =
        |edge: &&Edge| roots.contains(&edge.from) && needs(edge.to).contains(&edge.from);
    if let Some(edge) = edges.iter().find(is_circular) {
        let name = |index: usize| &stacks.all()[index].settings.stack_name;
        let (from, to) = (name(edge.from), name(edge.to));
        let message = format!(
            "a circular reference: the stack `{from}` needs a value of `{to}`, which needs one of \
             `{from}`"
        );
        let error = stacks
            .source()
            .error(edge.span.clone(), ErrorKind::Structure(message));
        findings.error(error);
    }
}
