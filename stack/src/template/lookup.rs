//! Intrinsic functions that look something up or make values: mappings, networks, zones, lengths,
//! JSON.

use velocity::suggest::nearest;

use crate::document::scalar::Style;
use crate::document::value::{Data, Value};
use crate::document::yaml::{Content, Node};
use crate::error::{Error, ErrorKind};
use crate::template::call::Call;
use crate::template::functions;
use crate::template::intrinsics::Evaluator;

type Result<T> = std::result::Result<T, Error>;

impl Evaluator<'_> {
    pub(super) fn find_in_map(&self, call: &Call<'_>) -> Result<Value> {
        let span = &call.argument.span;
        let (path, default) = match &call.argument.content {
            Content::Sequence(items) => match &items[..] {
                path @ [_, _, _] => (path, None),
                [path @ .., options] if path.len() == 3 => (path, options.get("DefaultValue")),
                _ => (&[][..], None),
            },
            _ => (&[][..], None),
        };
        if path.is_empty() {
            return Err(self.wrong(span, "`Fn::FindInMap` takes a list of 3"));
        }
        if let Some(default) = default {
            self.require_extensions("`DefaultValue` of `Fn::FindInMap`", default)?;
        }
        let mappings = self.0.mappings();
        let mut found =
            mappings.ok_or_else(|| self.wrong(span, "the template has no `Mappings`"))?;
        for node in path {
            let key = self.eval(node)?;
            let key = key.expect_text(self.0.source(), "a key of `Fn::FindInMap`")?;
            found = match (found.get(key), default) {
                (Some(found), _) => found,
                (None, Some(default)) => return self.eval(default),
                (None, None) => {
                    let message = format!("`Mappings` has no `{key}` here");
                    let names = found.entries().iter().map(|(key, _)| &*key.text);
                    let help = nearest(key, names).map(|near| format!("did you mean `{near}`?"));
                    let kind = ErrorKind::Function(message);
                    let source = self.0.source();
                    return Err(source.report(node.span.clone(), kind, help.as_deref()));
                }
            };
        }
        self.eval_content(found)
    }

    pub(super) fn cidr(&self, call: &Call<'_>) -> Result<Value> {
        let argument = self.argument(call)?;
        let span = &call.argument.span;
        let (block, count, bits) = match &argument.data {
            Data::List(items) => match &items[..] {
                [block, count] => (block.as_text(), count.as_number(), Some(64)),
                [block, count, bits] => (block.as_text(), count.as_number(), bits.as_number()),
                _ => (None, None, None),
            },
            _ => (None, None, None),
        };
        let (Some(block), Some(count), Some(bits)) = (block, count, bits) else {
            let message = "`Fn::Cidr` takes a block, a count and the bits of a host";
            return Err(self.wrong(span, message));
        };
        let blocks = functions::cidr(block, count, bits);
        let blocks = blocks.map_err(|problem| self.wrong(span, problem))?;
        Ok(functions::texts(&argument, blocks))
    }

    /// The functions that `AWS::LanguageExtensions` adds.
    pub(super) fn extended(&self, call: &Call<'_>, node: &Node) -> Result<Value> {
        self.require_extensions(&format!("`{}`", call.name), node)?;
        let argument = self.argument(call)?;
        let (text, style) = match (&*call.name, &argument.data) {
            ("Fn::Length", Data::List(items)) => (items.len().to_string(), Style::Plain),
            ("Fn::ToJsonString", Data::List(_) | Data::Map(_)) => {
                (argument.to_json().to_string(), Style::Quoted)
            }
            (name, _) => {
                let list = if name == "Fn::Length" {
                    "a list"
                } else {
                    "a list or a map"
                };
                let message = format!("`{name}` takes {list}");
                return Err(self.wrong(&call.argument.span, message));
            }
        };
        Ok(Value {
            span: node.span.clone(),
            data: Data::Text { text, style },
        })
    }

    fn require_extensions(&self, what: &str, node: &Node) -> Result<()> {
        if self.0.has_language_extensions() {
            return Ok(());
        }
        let message = format!("{what} needs a transform that the template does not have");
        let help = "write `Transform: AWS::LanguageExtensions` at the top";
        let kind = ErrorKind::Function(message);
        let source = self.0.source();
        Err(source.error_with_help(node.span.clone(), kind, help))
    }

    pub(super) fn base64(&self, call: &Call<'_>, node: &Node) -> Result<Value> {
        let text = self.argument(call)?;
        let text = text.expect_text(self.0.source(), "the argument of `Fn::Base64`")?;
        let encoded = spec::base64::encode(text.as_bytes());
        Ok(Value::text(node.span.clone(), encoded))
    }

    pub(super) fn availability_zones(&self, call: &Call<'_>, node: &Node) -> Result<Value> {
        let region = self.argument(call)?;
        let region = match &region.data {
            Data::Nothing => "",
            _ => region.expect_text(self.0.source(), "the argument of `Fn::GetAZs`")?,
        };
        let own = &self.0.settings().region;
        let region = if region.is_empty() { own } else { region };
        let zones = functions::availability_zones(region);
        Ok(functions::texts(&Value::text(node.span.clone(), ""), zones))
    }

    /// `Fn::Transform`, which runs a macro.
    pub(super) fn no_macro(&self, call: &Call<'_>, node: &Node) -> Error {
        let message = match call.argument.get("Name").and_then(Node::plain_text) {
            Some(name) => format!("the macro `{name}` of `Fn::Transform` is not run here"),
            None => "`Fn::Transform` runs no macro here".to_owned(),
        };
        let kind = ErrorKind::Unsupported(message);
        let help = "write what the macro makes into the template";
        let source = self.0.source();
        source.error_with_help(node.span.clone(), kind, help)
    }
}
