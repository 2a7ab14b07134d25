//! The intrinsic functions: `!Ref`, `!Sub`, `!If` …, and the conditions that they depend on.

use std::collections::HashMap;

use crate::document::source::Source;
use crate::document::value::{Data, Value};
use crate::document::yaml::{Content, Node};
use crate::error::{Error, ErrorKind, Span};
use crate::settings::Settings;
use crate::template::call::{Call, Spelling, SubPart, call, sub_parts};
use crate::template::dynamic;

/// CloudFormation takes templates of a megabyte: what a text in one becomes is not larger.
const TEMPLATE_BYTES: usize = 1_000_000;

type Result<T> = std::result::Result<T, Error>;

/// An output of a stack that is known by its name.
pub(crate) struct StackOutput {
    /// `StackName`.
    pub(crate) stack: String,
    /// `OutputName`.
    pub(crate) output: String,
    /// `Region`, if there is one.
    pub(crate) region: Option<String>,
}

/// What the functions of a template can name.
pub(crate) trait Scope {
    /// The text that errors point into.
    fn source(&self) -> &Source;

    /// The section `Mappings`.
    fn mappings(&self) -> Option<&Node>;

    /// What is given for the template.
    fn settings(&self) -> &Settings;

    /// Whether the template has the transform `AWS::LanguageExtensions`.
    fn has_language_extensions(&self) -> bool;

    /// What `!Ref name` gives.
    fn reference(&self, name: &str, span: &Span) -> Result<Value>;

    /// What `!GetAtt name.attribute` gives.
    fn attribute(&self, name: &str, attribute: &str, span: &Span) -> Result<Value>;

    /// What `!GetStackOutput` gives.
    fn output_of(&self, named: &StackOutput, span: &Span) -> Result<Value>;

    /// What `!ImportValue export` gives.
    fn imported(&self, export: &str, span: &Span) -> Result<Value>;

    /// Whether the condition `name` holds.
    fn condition(&self, name: &str, span: &Span) -> Result<bool>;
}

/// Evaluates nodes in a scope.
pub(crate) struct Evaluator<'s>(pub(crate) &'s dyn Scope);

const CONDITION_FUNCTIONS: [&str; 5] = ["Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition"];

impl Evaluator<'_> {
    /// Evaluates a node.
    pub(crate) fn eval(&self, node: &Node) -> Result<Value> {
        let mut value = match call(node) {
            Some(call) => self.apply(&call, node)?,
            None => self.eval_content(node)?,
        };
        self.resolve(&mut value)?;
        Ok(value)
    }

    /// Replaces dynamic references.
    fn resolve(&self, value: &mut Value) -> Result<()> {
        let Data::Text { text, .. } = &mut value.data else {
            return Ok(());
        };
        match dynamic::resolve(text, self.0.settings()) {
            Ok(None) => Ok(()),
            Ok(Some(resolved)) => {
                *text = resolved;
                Ok(())
            }
            Err(name) => {
                let message = format!("the value of `{{{{resolve:{name}}}}}` is not known here");
                let help = format!("give it by its name: `--parameter '{name}=VALUE'`");
                let kind = ErrorKind::Unsupported(message);
                let source = self.0.source();
                Err(source.error_with_help(value.span.clone(), kind, &help))
            }
        }
    }

    /// Evaluates a condition.
    pub(crate) fn boolean(&self, node: &Node) -> Result<bool> {
        let Some(call) = call(node) else {
            return Err(self.0.source().error_with_help(
                node.span.clone(),
                ErrorKind::Function("a condition is a function".to_owned()),
                "`Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not` or `Condition`",
            ));
        };
        match &*call.name {
            "Fn::Equals" => {
                let [left, right] = self.arguments(&call)?;
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                let same_text = left.as_text().is_some() && left.as_text() == right.as_text();
                Ok(same_text || left.to_json() == right.to_json())
            }
            "Fn::Not" => {
                let [condition] = self.arguments(&call)?;
                Ok(!self.boolean(condition)?)
            }
            name @ ("Fn::And" | "Fn::Or") => {
                let items = match &call.argument.content {
                    Content::Sequence(items) if (2..=10).contains(&items.len()) => items,
                    _ => {
                        let message = format!("`{name}` takes a list of 2 to 10 conditions");
                        return Err(self.wrong(&call.argument.span, message));
                    }
                };
                let stop = name == "Fn::Or";
                for item in items {
                    if self.boolean(item)? == stop {
                        return Ok(stop);
                    }
                }
                Ok(!stop)
            }
            "Condition" => match &call.argument.content {
                Content::Scalar { text, .. } => self.0.condition(text, &call.argument.span),
                _ => Err(self.wrong(&call.argument.span, "`Condition` takes a name")),
            },
            name => Err(self.wrong(&node.span, format!("`{name}` is not a condition"))),
        }
    }

    /// The node's own content, whatever its tag.
    pub(super) fn eval_content(&self, node: &Node) -> Result<Value> {
        let data = match &node.content {
            _ if node.is_null() => Data::Nothing,
            Content::Scalar { text, style } => Data::Text {
                text: text.clone(),
                style: *style,
            },
            Content::Sequence(items) => {
                let items = items.iter().map(|item| self.eval(item));
                let mut list = items.collect::<Result<Vec<_>>>()?;
                list.retain(|value| !value.is_nothing());
                Data::List(list)
            }
            Content::Mapping(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                for (key, node) in entries {
                    let value = self.eval(node)?;
                    if !value.is_nothing() {
                        map.push((key.clone(), value));
                    }
                }
                Data::Map(map)
            }
        };
        Ok(Value {
            span: node.span.clone(),
            data,
        })
    }

    fn apply(&self, call: &Call<'_>, node: &Node) -> Result<Value> {
        let span = &call.argument.span;
        match &*call.name {
            "Ref" => match self.argument(call)?.as_text() {
                Some(text) => self.0.reference(text, span),
                None => Err(self.wrong(span, "`Ref` takes a name")),
            },
            "Fn::GetAtt" => self.get_att(call),
            "Fn::Sub" => self.sub(call),
            "Fn::Join" => self.join(call, node),
            "Fn::Split" => self.split(call, node),
            "Fn::Select" => self.select(call),
            "Fn::FindInMap" => self.find_in_map(call),
            "Fn::If" => self.choose(call),
            "Fn::Base64" => self.base64(call, node),
            "Fn::Cidr" => self.cidr(call),
            "Fn::GetAZs" => self.availability_zones(call, node),
            "Fn::Length" | "Fn::ToJsonString" => self.extended(call, node),
            "Fn::Transform" => Err(self.no_macro(call, node)),
            "Fn::GetStackOutput" => self.0.output_of(&self.stack_output(call)?, span),
            "Fn::ImportValue" => match self.argument(call)?.as_text() {
                Some(export) => self.0.imported(export, span),
                None => Err(self.wrong(span, "`Fn::ImportValue` takes the name of an export")),
            },
            name if CONDITION_FUNCTIONS.contains(&name) => {
                let message = format!("`{name}` is a condition: it cannot stand for a value");
                Err(self.wrong(&node.span, message))
            }
            name => {
                let message = format!("`{name}` is not supported");
                let source = self.0.source();
                Err(source.error(node.span.clone(), ErrorKind::Unsupported(message)))
            }
        }
    }

    fn get_att(&self, call: &Call<'_>) -> Result<Value> {
        let span = &call.argument.span;
        let argument = self.argument(call)?;
        let names = match &argument.data {
            Data::Text { text, .. } => text.split_once('.'),
            Data::List(items) => match &items[..] {
                [name, attribute] => name.as_text().zip(attribute.as_text()),
                _ => None,
            },
            _ => None,
        };
        let (name, attribute) = names.ok_or_else(|| {
            let message = "`Fn::GetAtt` takes a resource and an attribute: `Name.Arn`";
            self.wrong(span, message)
        })?;
        self.0.attribute(name, attribute, span)
    }

    /// What a call of `Fn::GetStackOutput` names.
    pub(crate) fn stack_output(&self, call: &Call<'_>) -> Result<StackOutput> {
        let argument = self.argument(call)?;
        let text = |name: &str| argument.get(name)?.as_text().map(str::to_owned);
        match (text("StackName"), text("OutputName")) {
            (Some(stack), Some(output)) => Ok(StackOutput {
                stack,
                output,
                region: text("Region"),
            }),
            _ => {
                let message = "`Fn::GetStackOutput` takes a map with `StackName` and `OutputName`";
                Err(self.wrong(&call.argument.span, message))
            }
        }
    }

    fn join(&self, call: &Call<'_>, node: &Node) -> Result<Value> {
        let source = self.0.source();
        let [delimiter, list] = self.arguments(call)?;
        let delimiter = self.eval(delimiter)?;
        let delimiter = delimiter.expect_text(source, "the delimiter of `Fn::Join`")?;
        let list = self.eval(list)?;
        let mut texts = Vec::new();
        for item in list.expect_list(source, "the second argument of `Fn::Join`")? {
            texts.push(item.expect_text(source, "each item of `Fn::Join`")?);
        }
        Ok(Value::text(node.span.clone(), texts.join(delimiter)))
    }

    fn split(&self, call: &Call<'_>, node: &Node) -> Result<Value> {
        let source = self.0.source();
        let [delimiter, text] = self.arguments(call)?;
        let delimiter = self.eval(delimiter)?;
        let delimiter = delimiter.expect_text(source, "the delimiter of `Fn::Split`")?;
        if delimiter.is_empty() {
            let span = &call.argument.span;
            return Err(self.wrong(span, "the delimiter of `Fn::Split` must not be empty"));
        }
        let text = self.eval(text)?;
        let text = text.expect_text(source, "the second argument of `Fn::Split`")?;
        let items = text.split(delimiter);
        let items = items.map(|item| Value::text(node.span.clone(), item));
        Ok(Value {
            span: node.span.clone(),
            data: Data::List(items.collect()),
        })
    }

    fn select(&self, call: &Call<'_>) -> Result<Value> {
        let [index, list] = self.arguments(call)?;
        let index = self.eval(index)?;
        let number = index.as_text().and_then(|text| text.parse::<usize>().ok());
        let list = self.eval(list)?;
        let list = list.expect_list(self.0.source(), "the second argument of `Fn::Select`")?;
        let chosen = number.and_then(|number| list.get(number));
        chosen.cloned().ok_or_else(|| {
            let message = match list.len() {
                0 => "`Fn::Select` chooses from a list that is empty".to_owned(),
                count => format!("`Fn::Select` takes an index from 0 to {}", count - 1),
            };
            self.wrong(&index.span, message)
        })
    }

    fn choose(&self, call: &Call<'_>) -> Result<Value> {
        self.eval(self.chosen(call)?)
    }

    /// The node that a call of `Fn::If` chooses.
    pub(super) fn chosen<'n>(&self, call: &Call<'n>) -> Result<&'n Node> {
        let [condition, yes, no] = self.arguments(call)?;
        let name = condition.plain_text().ok_or_else(|| {
            let message = "`Fn::If` takes the name of a condition first";
            self.wrong(&condition.span, message)
        })?;
        let holds = self.0.condition(name, &condition.span)?;
        Ok(if holds { yes } else { no })
    }

    fn sub(&self, call: &Call<'_>) -> Result<Value> {
        let source = self.0.source();
        let (node, local) = match &call.argument.content {
            Content::Scalar { .. } => (call.argument, &[][..]),
            Content::Sequence(items) if items.len() == 2 => (&items[0], items[1].entries()),
            _ => {
                let message = "`Fn::Sub` takes a text, or a list of a text and a map";
                return Err(self.wrong(&call.argument.span, message));
            }
        };
        let Content::Scalar { text, style } = &node.content else {
            return Err(self.wrong(&node.span, "the template of `Fn::Sub` must be text"));
        };
        let mut result = String::with_capacity(text.len());
        // Each entry of the map is evaluated once, however often it is named.
        let mut known: HashMap<&str, Value> = HashMap::new();
        for (_, part) in sub_parts(text) {
            if result.len() > TEMPLATE_BYTES {
                let message = format!("`Fn::Sub` gives more than {TEMPLATE_BYTES} bytes");
                return Err(self.wrong(&node.span, message));
            }
            let (name, line, column) = match part {
                SubPart::Text(text) => {
                    result.push_str(text);
                    continue;
                }
                SubPart::Literal(name) => {
                    result.push_str(&format!("${{{name}}}"));
                    continue;
                }
                SubPart::Variable { name, line, column } => (name, line, column),
            };
            let at = source.locate_in_scalar(&node.span, *style, text, line, column);
            let own = local.iter().find(|(key, _)| key.text == name);
            let value = match (own, name.split_once('.')) {
                (Some((_, node)), _) => match known.get(name) {
                    Some(value) => value.clone(),
                    None => {
                        let value = self.eval(node)?;
                        known.entry(name).or_insert(value).clone()
                    }
                },
                (None, Some((name, attribute))) => self.0.attribute(name, attribute, &at)?,
                (None, None) => self.0.reference(name, &at)?,
            };
            let text = value.as_text();
            result.push_str(
                text.ok_or_else(|| self.wrong(&at, format!("`${{{name}}}` is not text")))?,
            );
        }
        Ok(Value {
            span: node.span.clone(),
            data: Data::Text {
                text: result,
                style: *style,
            },
        })
    }

    pub(crate) fn argument(&self, call: &Call<'_>) -> Result<Value> {
        match call.spelling {
            Spelling::Tag => self.eval_content(call.argument),
            Spelling::Key => self.eval(call.argument),
        }
    }

    /// The arguments of a function that takes a list of exactly so many.
    pub(super) fn arguments<'n, const N: usize>(&self, call: &Call<'n>) -> Result<[&'n Node; N]> {
        let items = match &call.argument.content {
            Content::Sequence(items) => items.iter().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        items.try_into().map_err(|_| {
            let message = format!("`{}` takes a list of {N}", call.name);
            self.wrong(&call.argument.span, message)
        })
    }

    pub(super) fn wrong(&self, span: &Span, message: impl Into<String>) -> Error {
        let kind = ErrorKind::Function(message.into());
        self.0.source().error(span.clone(), kind)
    }
}
