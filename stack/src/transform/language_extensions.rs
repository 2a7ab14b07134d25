//! `AWS::LanguageExtensions`: `Fn::ForEach` makes entries of a list. (`Fn::Length`,
//! `Fn::ToJsonString` and what the transform lets `Fn::FindInMap` do are functions: see
//! `template::intrinsics`.)
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html>

use crate::diagnostics::Findings;
use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::document::value::{Data, Value};
use crate::document::yaml::{Content, Key, NODES, Node};
use crate::error::{Error, ErrorKind, Span};
use crate::settings::Given;
use crate::settings::Settings;
use crate::template::intrinsics::Evaluator;
use crate::template::transforms::{LANGUAGE_EXTENSIONS, transforms};

use super::early::Early;

/// What the key of a loop begins with.
const LOOP: &str = "Fn::ForEach::";

/// How many loops may stand in each other.
const DEPTH: usize = 5;

type Result<T> = std::result::Result<T, Error>;

/// The template with its loops expanded. A loop that is wrong is left out, with its error noted.
pub(crate) fn apply(
    source: &Source,
    mut root: Node,
    (settings, given): (&Settings, &Given),
    findings: &mut Findings,
) -> Node {
    let is_declared = transforms(&root).any(|(name, _)| name == LANGUAGE_EXTENSIONS);
    let mut scope = Early::new(source, &root, (settings, given));
    // AWS takes no condition in a loop's list.
    scope.conditions = None;
    let mut expansion = Expansion {
        scope: &scope,
        is_declared,
        findings,
        nodes: 0,
        open: Vec::new(),
    };
    if let Content::Mapping(sections) = &mut root.content {
        for (key, section) in sections {
            if ["Conditions", "Resources", "Outputs"].contains(&&*key.text) {
                expansion.expand(section);
            }
        }
    }
    root
}

/// Expands the loops of a template.
struct Expansion<'a> {
    scope: &'a Early<'a>,
    /// Whether the template has the transform.
    is_declared: bool,
    findings: &'a mut Findings,
    /// How many nodes there are of loops.
    nodes: usize,
    /// The identifiers of the loops that are being expanded.
    open: Vec<String>,
}

/// A loop as it is written.
struct Loop<'n> {
    identifier: &'n str,
    collection: &'n Node,
    body: &'n Node,
}

impl Expansion<'_> {
    /// Expands the loops in a node, wherever they are.
    fn expand(&mut self, node: &mut Node) {
        match &mut node.content {
            Content::Scalar { .. } => {}
            Content::Sequence(items) => items.iter_mut().for_each(|item| self.expand(item)),
            Content::Mapping(entries) => {
                if entries.iter().any(|(key, _)| key.text.starts_with(LOOP)) {
                    *entries = self.entries(std::mem::take(entries));
                }
                for (_, node) in entries {
                    self.expand(node);
                }
            }
        }
    }

    /// The entries of a map, those of its loops among them.
    fn entries(&mut self, written: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        for (key, node) in written {
            if !key.text.starts_with(LOOP) {
                entries.push((key, node));
                continue;
            }
            let made = match self.run(&key, &node) {
                Ok(made) => made,
                Err(error) => {
                    self.findings.error(error);
                    continue;
                }
            };
            for (made, node) in made {
                let mut known = entries.iter();
                if known.any(|(known, _)| known.text == made.text) {
                    let message = format!("`{}` makes the key `{}` twice", key.text, made.text);
                    let help = "let the key have the loop's identifier, and each value be another";
                    let error = self.error(&made.span, message, help);
                    self.findings.error(error);
                    break;
                }
                entries.push((made, node));
            }
        }
        entries
    }

    /// What a loop makes.
    fn run(&mut self, key: &Key, node: &Node) -> Result<Vec<(Key, Node)>> {
        if !self.is_declared {
            let message = format!(
                "`{}` needs a transform that the template does not have",
                key.text
            );
            let help = "write `Transform: AWS::LanguageExtensions` at the top";
            return Err(self.error(&key.span, message, help));
        }
        let Loop {
            identifier,
            collection,
            body,
        } = self.read(key, node)?;
        let items = self.items(key, collection)?;
        self.open.push(identifier.to_owned());
        let mut made = Vec::new();
        for item in items {
            let mut body = body.clone();
            substitute(&mut body, identifier, &item);
            self.nodes += body.count();
            if self.nodes > NODES {
                let message = format!("`{}` makes the template too large", key.text);
                let help = "make the list shorter";
                self.open.pop();
                return Err(self.error(&key.span, message, help));
            }
            if let Content::Mapping(entries) = body.content {
                made.extend(self.entries(entries));
            }
        }
        self.open.pop();
        Ok(made)
    }

    fn read<'n>(&self, key: &Key, node: &'n Node) -> Result<Loop<'n>> {
        let help = "write `[Identifier, [a, b], {Key${Identifier}: …}]`";
        let wrong = |span: &Span, problem: &str| {
            let message = format!("`{}`: {problem}", key.text);
            Err(self.error(span, message, help))
        };
        let Content::Sequence(parts) = &node.content else {
            return wrong(
                &node.span,
                "a loop is a list of an identifier, a list and a map",
            );
        };
        let [identifier, collection, body] = &parts[..] else {
            return wrong(
                &node.span,
                "a loop is a list of an identifier, a list and a map",
            );
        };
        let identifier = match identifier.plain_text().filter(|text| !text.is_empty()) {
            Some(text) => text,
            None => return wrong(&identifier.span, "the identifier must be text"),
        };
        if !matches!(body.content, Content::Mapping(_)) || body.tag.is_some() {
            return wrong(&body.span, "what is repeated must be a map");
        }
        let is_taken = self.scope.parameters.contains_key(identifier);
        if is_taken || self.open.iter().any(|open| open == identifier) {
            let message = format!(
                "`{}`: there is {} `{identifier}` already",
                key.text,
                if is_taken {
                    "a parameter"
                } else {
                    "an identifier"
                }
            );
            let help = "give the identifier another name";
            return Err(self.error(&parts[0].span, message, help));
        }
        if self.open.len() >= DEPTH {
            let message = format!("`{}` stands in {DEPTH} other loops", key.text);
            let help = "AWS takes five levels of loops";
            return Err(self.error(&key.span, message, help));
        }
        Ok(Loop {
            identifier,
            collection,
            body,
        })
    }

    /// The texts that a loop is run for.
    fn items(&self, key: &Key, collection: &Node) -> Result<Vec<String>> {
        let value = Evaluator(self.scope).eval(collection).map_err(|error| {
            if matches!(error.kind(), ErrorKind::Transform(_)) {
                return error;
            }
            let message = format!("`{}`: {}", key.text, error.message());
            let help = "a list of a loop is written out, or comes from a parameter or `Mappings`";
            self.error(&error.whole_span(), message, help)
        })?;
        let what = format!("the collection of `{}`", key.text);
        let not_text = |value: &Value, expected: &str| {
            let message = format!("{what} must {expected}");
            let help = "write `[a, b]`, or give it by a parameter of type `CommaDelimitedList`";
            self.error(&value.span, message, help)
        };
        let items = match &value.data {
            Data::List(items) => items,
            // A list in a parameter of type `String`.
            Data::Text { text, .. } if text.contains(',') => {
                return Ok(text.split(',').map(|item| item.trim().to_owned()).collect());
            }
            _ => return Err(not_text(&value, "be a list")),
        };
        let texts = items.iter().map(|item| {
            let text = item.as_text().map(str::to_owned);
            text.ok_or_else(|| not_text(item, "have texts only"))
        });
        texts.collect()
    }

    fn error(&self, span: &Span, message: String, help: &str) -> Error {
        let kind = ErrorKind::Transform(message);
        self.scope.source.error_with_help(span.clone(), kind, help)
    }
}

/// Puts an item in place of the identifier: `${Identifier}` and `!Ref Identifier` are its text,
/// `&{Identifier}` the letters and digits of it.
fn substitute(node: &mut Node, identifier: &str, item: &str) {
    let is_reference = match (&node.tag, &node.content) {
        (Some(tag), Content::Scalar { text, .. }) => tag == "Ref" && text == identifier,
        (None, Content::Mapping(entries)) => match &entries[..] {
            [(key, name)] => key.text == "Ref" && name.plain_text() == Some(identifier),
            _ => false,
        },
        _ => false,
    };
    if is_reference {
        node.tag = None;
        node.content = Content::Scalar {
            text: item.to_owned(),
            style: Style::Quoted,
        };
        return;
    }
    match &mut node.content {
        Content::Scalar { text, .. } => replace(text, identifier, item),
        Content::Sequence(items) => {
            for node in items {
                substitute(node, identifier, item);
            }
        }
        Content::Mapping(entries) => {
            for (key, node) in entries {
                replace(&mut key.text, identifier, item);
                substitute(node, identifier, item);
            }
        }
    }
}

fn replace(text: &mut String, identifier: &str, item: &str) {
    if !text.contains(identifier) {
        return;
    }
    let name: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
    *text = text
        .replace(&format!("${{{identifier}}}"), item)
        .replace(&format!("&{{{identifier}}}"), &name);
}
