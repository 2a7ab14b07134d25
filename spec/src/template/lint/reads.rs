//! What a template reads of its message: the paths, by way of variables and loops, too.

use std::collections::BTreeSet;

use velocity::syntax::{Argument, Part, ReferencePart};

/// One step of a path into the message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A member of an object.
    Name(String),
    /// Some item of a list.
    Item,
}

/// What a template reads.
#[derive(Default)]
pub(super) struct Reads {
    /// Paths into the message.
    pub(super) paths: BTreeSet<Vec<Key>>,
    /// Texts that something is compared with.
    pub(super) texts: BTreeSet<String>,
    variables: Vec<(String, Vec<Key>)>,
}

/// Collects what these parts read.
pub(super) fn of(parts: &[Part<'_>]) -> Reads {
    let mut reads = Reads::default();
    reads.block(parts);
    reads
}

impl Reads {
    fn block(&mut self, parts: &[Part<'_>]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Reference(reference) => drop(self.reference(reference)),
                Part::Directive(directive) => {
                    let paths: Vec<_> = directive
                        .arguments
                        .iter()
                        .map(|argument| self.argument(argument))
                        .collect();
                    let first = paths.into_iter().next().flatten();
                    if let (Some(target), Some(path)) = (&directive.target, &first)
                        && target.steps.is_empty()
                    {
                        self.variables.push((target.root.to_owned(), path.clone()));
                    }
                    if let (Some(name), Some(mut path)) = (directive.variable, first) {
                        path.push(Key::Item);
                        self.paths.insert(path.clone());
                        self.variables.push((name.to_owned(), path));
                    }
                    for block in &directive.blocks {
                        self.block(block);
                    }
                }
            }
        }
    }

    /// The path of what an expression evaluates to, if it is of the message.
    fn argument(&mut self, argument: &Argument<'_>) -> Option<Vec<Key>> {
        match argument {
            Argument::Reference(reference) => self.reference(reference),
            Argument::Interpolated(parts) => {
                self.block(parts);
                None
            }
            Argument::Not(inner) => self.argument(inner),
            Argument::Operation { operands, .. } => {
                for operand in operands {
                    if let Argument::Text(text) = operand {
                        self.texts.insert(text.clone());
                    }
                    self.argument(operand);
                }
                None
            }
            Argument::Collection(items) => {
                for item in items {
                    self.argument(item);
                }
                None
            }
            Argument::Text(_) | Argument::Constant => None,
        }
    }

    fn reference(&mut self, reference: &ReferencePart<'_>) -> Option<Vec<Key>> {
        let arguments = reference
            .steps
            .iter()
            .filter_map(|step| step.arguments.as_ref());
        for argument in arguments.flatten() {
            self.argument(argument);
        }
        let first = reference.steps.first();
        let call = first.map(|step| (step.name, step.arguments.as_deref()));
        let (mut path, used) = match (reference.root, call) {
            ("input", Some((Some("path" | "json"), Some([Argument::Text(path)])))) => {
                (keys(path), 1)
            }
            _ => {
                let mut variables = self.variables.iter().rev();
                let (_, path) = variables.find(|(name, _)| name == reference.root)?;
                (path.clone(), 0)
            }
        };
        for step in &reference.steps[used..] {
            match (step.name, step.arguments.as_deref()) {
                (Some(name), None) => path.push(Key::Name(name.to_owned())),
                (Some("get"), Some([Argument::Text(name)])) => {
                    path.push(Key::Name(name.clone()));
                }
                (None, Some([Argument::Text(name)])) => path.push(Key::Name(name.clone())),
                (None, _) | (Some("get"), Some(_)) => path.push(Key::Item),
                (Some(method), Some(_)) => {
                    if matches!(method, "equals" | "equalsIgnoreCase" | "contains")
                        && let Some([Argument::Text(text)]) = step.arguments.as_deref()
                    {
                        self.texts.insert(text.clone());
                    }
                    self.paths.insert(path);
                    return None;
                }
            }
        }
        self.paths.insert(path.clone());
        Some(path)
    }
}

/// The steps of a JSONPath, as far as it is simple.
fn keys(path: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let path = path.trim_start_matches('$');
    for part in path.split(['.', '[', ']']) {
        let name = part.trim_matches(['\'', '"']);
        if name.contains('(') || name.starts_with('?') {
            break;
        }
        if name.is_empty() {
            continue;
        }
        let is_item = name == "*" || name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b':'));
        keys.push(if is_item {
            Key::Item
        } else {
            Key::Name(name.to_owned())
        });
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::MappingTemplate;
    use rstest::rstest;

    #[rstest]
    #[case("$input.path('$.a.b')", &["a.b"])]
    #[case("$input.json(\"$.a\")", &["a"])]
    #[case("$input.json('$')", &[""])]
    #[case("$input.path(\"$['a'][0].b\")", &["a.*.b"])]
    #[case("$input.path('$.a[1:2].b[*]')", &["a.*.b.*"])]
    #[case("$input.path('$.a[?(@.b)].c')", &["a"])]
    #[case("$input.path('$.a').length()", &["a"])]
    #[case("#set($r = $input.path('$'))$r.a.get('b')['c'][0]", &["", "a.b.c.*"])]
    #[case("#foreach($i in $input.path('$.l'))$i.n#end", &["l", "l.*", "l.*.n"])]
    #[case("#if($input.path('$.a').equals('x') && !$input.path('$.b'))#end", &["a", "b"])]
    #[case("#set($t = \"x $input.path('$.a')\")$t", &["a"])]
    #[case("$util.escapeJavaScript($input.path('$.a'))", &["a"])]
    #[case("$context.stage $input.params('p') $x.y", &[])]
    fn paths(#[case] source: &str, #[case] expected: &[&str]) {
        let template = MappingTemplate::parse(source).unwrap();
        let name = |key: &Key| match key {
            Key::Name(name) => name.clone(),
            Key::Item => "*".to_owned(),
        };
        let found: Vec<String> = of(&template.parts())
            .paths
            .iter()
            .map(|path| path.iter().map(name).collect::<Vec<_>>().join("."))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn texts_that_something_is_compared_with() {
        let source = "#if($input.path('$.a') == 'x' || $input.path('$.a').equals('y'))#end";
        let template = MappingTemplate::parse(source).unwrap();
        let texts: Vec<_> = of(&template.parts()).texts.into_iter().collect();
        assert_eq!(texts, ["x", "y"]);
    }
}
