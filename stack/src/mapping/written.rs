//! The text of a mapping template as the stack's functions give it, and where it is written.

use crate::document::scalar::{self, Run, Style};
use crate::document::yaml::{Content, Key, Node};
use crate::error::Span;
use crate::template::call::{Call, SubPart, call, sub_parts};

/// Where a text is written in the file.
#[derive(Clone, Debug)]
pub(super) struct Written {
    runs: Vec<Run>,
    /// All of it.
    whole: Span,
}

impl Written {
    /// The text is the file.
    pub(super) fn verbatim(text: &str) -> Self {
        Written {
            runs: vec![Run { text: 0, file: 0 }],
            whole: 0..text.len(),
        }
    }

    /// Reads the text of a node.
    ///
    /// # Errors
    /// Why the text is not known before the stack is deployed.
    pub(super) fn read(file: &str, node: &Node) -> Result<(String, Self), String> {
        if let Some(call) = call(node)
            && is_opaque(&call)
        {
            return Err(on_deployment(&call.name));
        }
        let mut joined = Joined::new(file);
        joined.add(node)?;
        joined.fill();
        let runs = match joined.is_exact {
            true => joined.runs,
            false => Vec::new(),
        };
        let whole = node.span.clone();
        Ok((joined.text, Written { runs, whole }))
    }

    pub(super) fn locate(&self, part: Span) -> Span {
        scalar::locate(&self.runs, &part).unwrap_or_else(|| self.whole.clone())
    }
}

/// A text that is put together.
struct Joined<'f> {
    file: &'f str,
    text: String,
    runs: Vec<Run>,
    /// Where something unknown stands.
    holes: Vec<Span>,
    /// Whether all of it was found in the file.
    is_exact: bool,
}

impl<'f> Joined<'f> {
    fn new(file: &'f str) -> Self {
        Joined {
            file,
            text: String::new(),
            runs: Vec::new(),
            holes: Vec::new(),
            is_exact: true,
        }
    }

    /// Adds the text that a node gives.
    fn add(&mut self, node: &Node) -> Result<(), String> {
        let Some(call) = call(node) else {
            return match &node.content {
                Content::Scalar { text, style } => {
                    let runs = self.runs_of(node, *style, text);
                    self.add_part(text, 0, &runs);
                    Ok(())
                }
                _ => Err("it is no text".to_owned()),
            };
        };
        let argument = call.argument;
        match (&*call.name, &argument.content) {
            _ if is_opaque(&call) => {
                self.add_hole("xxxx", argument.span.start);
                Ok(())
            }
            ("Fn::Sub", Content::Scalar { text, style }) => {
                self.add_sub(argument, (text, *style), &[])
            }
            ("Fn::Sub", Content::Sequence(items)) => match &items[..] {
                [node, local] if node.tag.is_none() => match &node.content {
                    Content::Scalar { text, style } => {
                        self.add_sub(node, (text, *style), local.entries())
                    }
                    _ => Err("the first item of `Fn::Sub` is no text".to_owned()),
                },
                _ => Err("`Fn::Sub` takes a text, or a list of a text and a map".to_owned()),
            },
            ("Fn::Join", Content::Sequence(items)) => match &items[..] {
                [delimiter, list] => self.add_list(delimiter, list),
                _ => Err("`Fn::Join` takes a list of a delimiter and a list".to_owned()),
            },
            (name, _) => Err(on_deployment(name)),
        }
    }

    fn add_list(&mut self, delimiter: &Node, list: &Node) -> Result<(), String> {
        if let Some(call) = call(list) {
            return Err(on_deployment(&call.name));
        }
        let Content::Sequence(items) = &list.content else {
            return Err("the second item of `Fn::Join` is no list".to_owned());
        };
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                self.add(delimiter)?;
            }
            self.add(item)?;
        }
        Ok(())
    }

    fn add_sub(
        &mut self,
        node: &Node,
        (text, style): (&str, Style),
        local: &[(Key, Node)],
    ) -> Result<(), String> {
        let runs = self.runs_of(node, style, text);
        for (at, part) in sub_parts(text) {
            match part {
                SubPart::Text(part) => self.add_part(part, at, &runs),
                SubPart::Literal(name) => {
                    let inside = at + "${!".len();
                    self.add_part("${", at, &runs);
                    self.add_part(name, inside, &runs);
                    self.add_part("}", inside + name.len(), &runs);
                }
                SubPart::Variable { name, .. } => {
                    match local.iter().find(|(key, _)| key.text == name) {
                        Some((_, node)) => self.add(node)?,
                        None => {
                            let there = scalar::locate(&runs, &(at..at));
                            let filled = "x".repeat(name.chars().count() + "${}".len());
                            self.add_hole(&filled, there.map_or(node.span.start, |at| at.start));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn runs_of(&mut self, node: &Node, style: Style, text: &str) -> Vec<Run> {
        let runs = scalar::runs(self.file, &node.span, style, text);
        self.is_exact &= runs.is_some();
        runs.unwrap_or_default()
    }

    /// Adds what stands at `at` in a scalar's text.
    fn add_part(&mut self, part: &str, at: usize, runs: &[Run]) {
        let here = self.text.len();
        if let Some(start) = scalar::locate(runs, &(at..at)) {
            let file = start.start;
            self.runs.push(Run { text: here, file });
        }
        let inside = |run: &&Run| (at + 1..=at + part.len()).contains(&run.text);
        self.runs.extend(runs.iter().filter(inside).map(|run| Run {
            text: here + run.text - at,
            file: run.file,
        }));
        self.text.push_str(part);
    }

    fn add_hole(&mut self, filled: &str, file: usize) {
        let start = self.text.len();
        self.text.push_str(filled);
        self.holes.push(start..self.text.len());
        let runs = (start..self.text.len()).map(|text| Run { text, file });
        self.runs.extend(runs);
    }

    /// Digits where a number may stand.
    fn fill(&mut self) {
        for hole in &self.holes {
            let before = self.text[..hole.start].trim_end().chars().next_back();
            let after = self.text[hole.end..].trim_start().chars().next();
            let is_alone = before.is_some_and(|char| ":,[(=<>+-*/".contains(char))
                && after.is_some_and(|char| ",]})".contains(char));
            if is_alone {
                let digits = "1".repeat(hole.len());
                self.text.replace_range(hole.clone(), &digits);
            }
        }
    }
}

/// Why the text of a function is not known.
pub(super) fn on_deployment(function: &str) -> String {
    format!("`{function}` is evaluated only when the stack is deployed")
}

/// Whether the call gives a text that is known only when the stack is deployed, but short and
/// without quotes: a parameter's value, an id, an ARN.
fn is_opaque(call: &Call<'_>) -> bool {
    matches!(&*call.name, "Ref" | "Fn::GetAtt")
}
