//! What a template looks for in a document, as a tree.

use std::collections::BTreeMap;

/// A way into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Index(usize),
    /// Every item of a list, or every member of a map.
    Each,
    /// The JSON that a text holds, which the template parses.
    Parsed,
}

/// Whether what a value says decides what the template does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Directs {
    #[default]
    Nothing,
    /// It is compared with the template's own texts.
    Equality,
    /// Something is computed from it: its length, its parts, what it contains.
    Anything,
}

/// What the template looks for at one point of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) members: BTreeMap<String, Shape>,
    pub(super) each: Option<Box<Shape>>,
    /// How many items an index reaches.
    pub(super) items: usize,
    pub(super) parsed: Option<Box<Shape>>,
    /// Whether a reference ends here.
    pub(super) read: bool,
    pub(super) directs: Directs,
}

impl Shape {
    /// The point at the end of a path, added if it is new.
    pub(super) fn at(&mut self, path: &[Step]) -> &mut Shape {
        let mut shape = self;
        for step in path {
            shape = match step {
                Step::Member(name) => shape.members.entry(name.clone()).or_default(),
                Step::Index(index) => {
                    // An index beyond this is not reached on purpose.
                    shape.items = shape.items.max(index.saturating_add(1)).min(20);
                    shape.each.get_or_insert_default()
                }
                Step::Each => shape.each.get_or_insert_default(),
                Step::Parsed => shape.parsed.get_or_insert_default(),
            };
        }
        shape
    }

    /// The point below, if the template looks there.
    pub(super) fn below(&self, name: &str) -> Option<&Shape> {
        self.members.get(name).or(self.each.as_deref())
    }

    /// Every point that a reference reads, with its path.
    pub(super) fn points(&self) -> Vec<(Vec<Step>, &Shape)> {
        fn collect<'s>(
            shape: &'s Shape,
            path: &mut Vec<Step>,
            found: &mut Vec<(Vec<Step>, &'s Shape)>,
        ) {
            if shape.read {
                found.push((path.clone(), shape));
            }
            let members = shape
                .members
                .iter()
                .map(|(name, shape)| (Step::Member(name.clone()), shape));
            let each = shape.each.as_deref().map(|shape| (Step::Each, shape));
            let parsed = shape.parsed.as_deref().map(|shape| (Step::Parsed, shape));
            for (step, shape) in members.chain(each).chain(parsed) {
                path.push(step);
                collect(shape, path, found);
                path.pop();
            }
        }
        let mut found = Vec::new();
        collect(self, &mut Vec::new(), &mut found);
        found
    }
}

/// The steps of a JSONPath, as far as it is one of names, indexes and wildcards.
pub(super) fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path.trim().trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let Some(end) = inner.find(']') else {
                break;
            };
            let held = inner[..end].trim();
            let name = held.trim_matches(['\'', '"']);
            steps.push(match held.parse() {
                Ok(index) => Step::Index(index),
                Err(_) if name != held => Step::Member(name.to_owned()),
                Err(_) => Step::Each,
            });
            rest = &inner[end + 1..];
        } else {
            let inner = rest.trim_start_matches('.');
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            match &inner[..end] {
                "" => {}
                "*" => steps.push(Step::Each),
                function if function.ends_with("()") => {}
                name => steps.push(Step::Member(name.to_owned())),
            }
            rest = &inner[end..];
            if end == 0 && !rest.starts_with('[') {
                break;
            }
        }
    }
    steps
}

/// A path as people write it.
pub(super) fn spelled(path: &[Step]) -> String {
    let mut text = "$".to_owned();
    for step in path {
        match step {
            Step::Member(name) => text.push_str(&format!(".{name}")),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Each => text.push_str("[*]"),
            Step::Parsed => text.push_str(" (parsed)"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("$", "$")]
    #[case("$.a.b", "$.a.b")]
    #[case("$['a b'].c[0]", "$.a b.c[0]")]
    #[case("$..id", "$.id")]
    #[case("$.a[*].b", "$.a[*].b")]
    #[case("$.a.*", "$.a[*]")]
    #[case("$.a.length()", "$.a")]
    #[case("$.a[?(@.b == 1)].c", "$.a[*].c")]
    #[case("$.a[", "$.a")]
    #[case("a..", "$.a")]
    fn paths_become_steps(#[case] path: &str, #[case] expected: &str) {
        assert_eq!(spelled(&steps(path)), expected);
    }
}
