//! The section `Resources`.

use indexmap::IndexMap;
use velocity::suggest::nearest;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::yaml::{Content, Node};
use crate::error::{Error, ErrorKind, Span};

/// An entry of `Resources`.
#[derive(Clone)]
pub(crate) struct Resource<'t> {
    pub(crate) id: String,
    pub(crate) id_span: Span,
    /// `Type`; empty if it has none, which is an error that has been noted.
    pub(crate) kind: String,
    pub(crate) node: &'t Node,
}

/// The section `Resources`.
pub(super) fn read<'t>(
    source: &Source,
    root: &'t Node,
) -> Result<IndexMap<String, Resource<'t>>, Error> {
    let wrong = |span, message: &str| source.error(span, ErrorKind::Structure(message.to_owned()));
    if !matches!(root.content, Content::Mapping(_)) {
        let message = "a template is a map with the key `Resources`";
        return Err(wrong(root.span.clone(), message));
    }
    let Some(section) = root.get("Resources") else {
        let start = root.span.start;
        return Err(wrong(start..start, "the template has no `Resources`"));
    };
    let resources = section.entries().iter().map(|(key, node)| {
        let kind = node.get("Type").and_then(Node::plain_text);
        let resource = Resource {
            id: key.text.clone(),
            id_span: key.span.clone(),
            kind: kind.unwrap_or_default().to_owned(),
            node,
        };
        (key.text.clone(), resource)
    });
    Ok(resources.collect())
}

/// An error for a name that nothing in the template has, with the nearest that something has.
/// `transform` is what is wrong with a transform, which may be why the name is not there.
pub(super) fn unknown(
    (source, root): (&Source, &Node),
    transform: Option<&Error>,
    name: &str,
    span: &Span,
) -> Error {
    let names = |section: &str| {
        let entries = root.get(section).map(Node::entries);
        let entries = entries.unwrap_or_default().iter();
        entries.map(|(key, _)| &*key.text)
    };
    if names("Resources").any(|resource| resource == name) {
        let message = format!("`{name}` does not exist: its condition is false");
        return source.error(span.clone(), ErrorKind::UnknownName(message));
    }
    let help = nearest(name, names("Parameters").chain(names("Resources")))
        .map(|near| format!("did you mean `{near}`?"));
    if let (None, Some(error)) = (&help, transform) {
        return error.clone();
    }
    let message = format!("there is no parameter or resource `{name}`");
    let kind = ErrorKind::UnknownName(message);
    source.report(span.clone(), kind, help.as_deref())
}

/// Notes each resource that has no type.
pub(super) fn check_types<'r>(
    source: &Source,
    resources: impl Iterator<Item = &'r Resource<'r>>,
    findings: &mut Findings,
) {
    for resource in resources.filter(|resource| resource.kind.is_empty()) {
        let message = format!("resource `{}` has no `Type`", resource.id);
        let kind = ErrorKind::Structure(message);
        let help = "write the type, such as `Type: AWS::ApiGatewayV2::Route`";
        findings.error(source.error_with_help(resource.id_span.clone(), kind, help));
    }
}
