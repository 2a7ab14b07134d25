//! The intrinsic functions: `!Ref`, `!Sub`, `!If` … and the conditions they ask.

use super::source::Error;
use super::template::Template;
use super::value::{Data, Value};
use super::yaml::{Content, Node};

/// An intrinsic function as it is written: `!Sub …` or `Fn::Sub: …`.
pub(super) struct Call<'t> {
    /// Its long name: `Ref`, `Condition`, `Fn::Sub` …
    pub(super) name: String,
    pub(super) argument: &'t Node,
    /// The argument wears the function's name as its tag.
    tagged: bool,
}

type Result<T> = std::result::Result<T, Error>;

const CONDITION_FUNCTIONS: [&str; 5] = ["Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition"];

impl Template<'_> {
    /// The node's own content, whatever its tag.
    pub(super) fn eval_content(&self, node: &Node) -> Result<Value> {
        let data = match &node.content {
            _ if node.is_null() => Data::Nothing,
            Content::Scalar { text, style } => Data::Text {
                text: text.clone(),
                style: *style,
            },
            Content::Sequence(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(self.eval(item)?);
                }
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

    pub(super) fn apply(&self, call: &Call<'_>, node: &Node) -> Result<Value> {
        let span = &call.argument.span;
        let name = &*call.name;
        match name {
            "Ref" => match self.argument(call)?.as_text() {
                Some(text) => self.reference(text, span),
                None => Err(self.source.error(span.clone(), "`Ref` takes a name")),
            },
            "Fn::GetAtt" => self.get_att(call),
            "Fn::Sub" => self.sub(call),
            "Fn::Join" => {
                let [delimiter, list] = self.arguments(call)?;
                let delimiter = self.eval(delimiter)?;
                let delimiter =
                    delimiter.expect_text(self.source, "the delimiter of `Fn::Join`")?;
                let list = self.eval(list)?;
                let mut texts = Vec::new();
                for item in list.expect_list(self.source, "what `Fn::Join` joins")? {
                    texts.push(item.expect_text(self.source, "each item that `Fn::Join` joins")?);
                }
                Ok(Value::text(node.span.clone(), texts.join(delimiter)))
            }
            "Fn::Split" => {
                let [delimiter, text] = self.arguments(call)?;
                let delimiter = self.eval(delimiter)?;
                let delimiter =
                    delimiter.expect_text(self.source, "the delimiter of `Fn::Split`")?;
                let text = self.eval(text)?;
                let text = text.expect_text(self.source, "what `Fn::Split` splits")?;
                let items = text
                    .split(delimiter)
                    .map(|item| Value::text(node.span.clone(), item));
                Ok(Value {
                    span: node.span.clone(),
                    data: Data::List(items.collect()),
                })
            }
            "Fn::Select" => {
                let [index, list] = self.arguments(call)?;
                let index = self.eval(index)?;
                let number = index.as_text().and_then(|text| text.parse::<usize>().ok());
                let list = self.eval(list)?;
                let list = list.expect_list(self.source, "what `Fn::Select` selects from")?;
                number
                    .and_then(|number| list.get(number))
                    .cloned()
                    .ok_or_else(|| {
                        let message = format!(
                            "`Fn::Select` takes an index from 0 to {}",
                            list.len().saturating_sub(1)
                        );
                        self.source.error(index.span.clone(), message)
                    })
            }
            "Fn::FindInMap" => self.find_in_map(call),
            "Fn::If" => {
                let [condition, yes, no] = self.arguments(call)?;
                let name = condition.plain_text().ok_or_else(|| {
                    self.source.error(
                        condition.span.clone(),
                        "`Fn::If` takes the name of a condition first",
                    )
                })?;
                let chosen = if self.condition(name, &condition.span)? {
                    yes
                } else {
                    no
                };
                self.eval(chosen)
            }
            "Fn::ImportValue" => Err(self.source.error_with_help(
                span.clone(),
                "`Fn::ImportValue` can not be evaluated here: other stacks are not known",
                Some(
                    "make it a parameter with a default, and give its value when serving"
                        .to_owned(),
                ),
            )),
            name if CONDITION_FUNCTIONS.contains(&name) => {
                let message = format!("`{name}` stands for a condition, which has no place here");
                Err(self.source.error(node.span.clone(), message))
            }
            name => Err(self
                .source
                .error(node.span.clone(), format!("`{name}` is not supported"))),
        }
    }

    fn get_att(&self, call: &Call<'_>) -> Result<Value> {
        let span = &call.argument.span;
        let argument = self.argument(call)?;
        let (name, attribute) = match &argument.data {
            Data::Text { text, .. } => text.split_once('.'),
            Data::List(items) => match &items[..] {
                [name, attribute] => name.as_text().zip(attribute.as_text()),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| {
            self.source.error(
                span.clone(),
                "`Fn::GetAtt` takes a resource and an attribute: `Name.Arn`",
            )
        })?;
        self.attribute(name, attribute, span)
    }

    fn sub(&self, call: &Call<'_>) -> Result<Value> {
        let (node, local) = match &call.argument.content {
            Content::Scalar { .. } => (call.argument, &[][..]),
            Content::Sequence(items) => match &items[..] {
                [text, map] => (text, map.entries()),
                _ => {
                    return Err(self.source.error(
                        call.argument.span.clone(),
                        "`Fn::Sub` takes a text, or a list of a text and a map",
                    ));
                }
            },
            Content::Mapping(_) => {
                return Err(self.source.error(
                    call.argument.span.clone(),
                    "`Fn::Sub` takes a text, or a list of a text and a map",
                ));
            }
        };
        let Content::Scalar { text, style } = &node.content else {
            return Err(self
                .source
                .error(node.span.clone(), "the template of `Fn::Sub` must be text"));
        };
        let mut result = String::with_capacity(text.len());
        for part in sub_parts(text) {
            let (name, line, column) = match part {
                SubPart::Text(text) => {
                    result.push_str(text);
                    continue;
                }
                SubPart::Literal(name) => {
                    result.push_str("${");
                    result.push_str(name);
                    result.push('}');
                    continue;
                }
                SubPart::Variable { name, line, column } => (name, line, column),
            };
            let place = self
                .source
                .place_in_scalar(&node.span, *style, text, line, column);
            let value = match (
                local.iter().find(|(key, _)| key.text == name),
                name.split_once('.'),
            ) {
                (Some((_, node)), _) => self.eval(node)?,
                (None, Some((name, attribute))) => self.attribute(name, attribute, &place)?,
                (None, None) => self.reference(name, &place)?,
            };
            match value.as_text() {
                Some(text) => result.push_str(text),
                None => {
                    return Err(self
                        .source
                        .error(place, format!("`${{{name}}}` is no text")));
                }
            }
        }
        Ok(Value {
            span: node.span.clone(),
            data: Data::Text {
                text: result,
                style: *style,
            },
        })
    }

    fn find_in_map(&self, call: &Call<'_>) -> Result<Value> {
        let [map, first, second] = self.arguments(call)?;
        let mut found = self.root.get("Mappings");
        for node in [map, first, second] {
            let key = self.eval(node)?;
            let key = key.expect_text(self.source, "a key of `Fn::FindInMap`")?;
            found = match found.and_then(|node| node.get(key)) {
                Some(next) => Some(next),
                None => {
                    return Err(self
                        .source
                        .error(node.span.clone(), format!("`Mappings` has no `{key}` here")));
                }
            };
        }
        match found {
            Some(node) => self.eval_content(node),
            None => Err(self
                .source
                .error(call.argument.span.clone(), "the template has no `Mappings`")),
        }
    }

    /// A condition's truth.
    pub(super) fn boolean(&self, node: &Node) -> Result<bool> {
        let Some(call) = call(node) else {
            let help = "`Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not` or `Condition`".to_owned();
            return Err(self.source.error_with_help(
                node.span.clone(),
                "a condition is a function",
                Some(help),
            ));
        };
        match &*call.name {
            "Fn::Equals" => {
                let [left, right] = self.arguments(&call)?;
                Ok(self.eval(left)?.to_json() == self.eval(right)?.to_json()
                    || self.eval(left)?.as_text().is_some_and(|text| {
                        self.eval(right)
                            .is_ok_and(|right| right.as_text() == Some(text))
                    }))
            }
            "Fn::Not" => {
                let [condition] = self.arguments(&call)?;
                Ok(!self.boolean(condition)?)
            }
            name @ ("Fn::And" | "Fn::Or") => {
                let Content::Sequence(items) = &call.argument.content else {
                    return Err(self.source.error(
                        call.argument.span.clone(),
                        format!("`{name}` takes a list of conditions"),
                    ));
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
                Content::Scalar { text, .. } => self.condition(text, &call.argument.span),
                _ => Err(self
                    .source
                    .error(call.argument.span.clone(), "`Condition` takes a name")),
            },
            name => Err(self
                .source
                .error(node.span.clone(), format!("`{name}` is no condition"))),
        }
    }

    fn argument(&self, call: &Call<'_>) -> Result<Value> {
        if call.tagged {
            self.eval_content(call.argument)
        } else {
            self.eval(call.argument)
        }
    }

    /// The arguments of a function that takes a list of just so many.
    fn arguments<'n, const N: usize>(&self, call: &Call<'n>) -> Result<[&'n Node; N]> {
        let items = match &call.argument.content {
            Content::Sequence(items) => items.iter().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        items.try_into().map_err(|_| {
            let message = format!("`{}` takes a list of {N}", call.name);
            self.source.error(call.argument.span.clone(), message)
        })
    }
}

/// The function that a node calls, if it does.
pub(super) fn call(node: &Node) -> Option<Call<'_>> {
    if let Some(tag) = &node.tag {
        let name = match &**tag {
            "Ref" | "Condition" => tag.clone(),
            _ => format!("Fn::{tag}"),
        };
        return Some(Call {
            name,
            argument: node,
            tagged: true,
        });
    }
    match node.entries() {
        [(key, argument)]
            if key.text == "Ref"
                || key.text.starts_with("Fn::")
                || (key.text == "Condition" && argument.plain_text().is_some()) =>
        {
            Some(Call {
                name: key.text.clone(),
                argument,
                tagged: false,
            })
        }
        _ => None,
    }
}

/// A piece of the text of `Fn::Sub`.
pub(super) enum SubPart<'t> {
    Text(&'t str),
    /// `${!name}`: stays as `${name}`.
    Literal(&'t str),
    /// `${name}`, at this line and column of the text, from 1.
    Variable {
        name: &'t str,
        line: usize,
        column: usize,
    },
}

pub(super) fn sub_parts(text: &str) -> Vec<SubPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(length) = rest[at..].find('}') else {
            break;
        };
        if at > 0 {
            parts.push(SubPart::Text(&rest[..at]));
        }
        let inner = &rest[at + 2..at + length];
        let before = &text[..text.len() - rest.len() + at + 2];
        parts.push(match inner.strip_prefix('!') {
            Some(literal) => SubPart::Literal(literal),
            None => SubPart::Variable {
                name: inner.trim(),
                line: before.matches('\n').count() + 1,
                column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
            },
        });
        rest = &rest[at + length + 1..];
    }
    if !rest.is_empty() {
        parts.push(SubPart::Text(rest));
    }
    parts
}
