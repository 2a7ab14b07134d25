//! The references of a template that print: which were reached, and which lets a flaw through.

use std::ops::Range;

use spec::template::{MappingTemplate, Output};
use velocity::syntax::Part;

use super::input::{Flaw, Input};
use super::subject::{Subject, Twins};

/// Notes which references are rendered at all.
pub(super) struct Reached {
    /// The template with a mark before each reference; `None` if there is nothing to find out.
    marked: Option<MappingTemplate>,
    /// Those that were not rendered yet, with their marks.
    missing: Vec<(Range<usize>, String)>,
}

impl Reached {
    pub(super) fn of(template: &MappingTemplate) -> Self {
        let source = template.source();
        let (mut text, mut from) = (String::with_capacity(source.len()), 0);
        let mut missing = Vec::new();
        for (index, span) in printing(template).into_iter().enumerate() {
            let mark = format!("\u{1}{index}\u{2}");
            text.push_str(&source[from..span.start]);
            text.push_str(&mark);
            from = span.start;
            missing.push((span, mark));
        }
        text.push_str(&source[from..]);
        Self {
            marked: MappingTemplate::parse(&text).ok(),
            missing,
        }
    }

    pub(super) fn note(&mut self, subject: &Subject, input: &Input) {
        let Some(marked) = self.marked.as_ref().filter(|_| !self.missing.is_empty()) else {
            return;
        };
        if let Ok(text) = subject.render_as(marked, input) {
            self.missing.retain(|(_, mark)| !text.contains(mark));
        }
    }

    /// The bytes of those that no input reached.
    pub(super) fn missing(self) -> Vec<Range<usize>> {
        let missing = self.missing.into_iter().filter(|_| self.marked.is_some());
        missing.map(|(span, _)| span).collect()
    }
}

/// The reference without which the input is harmless: the first that makes the flaw go away when
/// something harmless stands in its place. Where only several do together, the first of these.
pub(super) fn culprit(subject: &Subject, flaw: Flaw, input: &Input) -> Option<Range<usize>> {
    let all = printing(&subject.template);
    let without = |spans: &[Range<usize>], text: &str| {
        let mut source = subject.template.source().to_owned();
        for span in spans.iter().rev() {
            source.replace_range(span.clone(), text);
        }
        MappingTemplate::parse(&source)
            .ok()
            .map(|template| subject.changed(template))
    };
    // Where only a number can stand, `x` is no help; where only a name can, `0` is none.
    let texts = if subject.output == Output::Xml {
        ["x", "0"]
    } else {
        ["0", "x"]
    };
    let is_cured = |spans: &[Range<usize>], text: &str| {
        let other = without(spans, text);
        other.is_some_and(|other| other.judge(input, Twins::Compare).is_empty())
    };
    let is_gone = |spans: &[Range<usize>], text: &str| {
        let other = without(spans, text);
        other.is_some_and(|other| other.symptom(flaw, input).is_none())
    };
    let one = |holds: &dyn Fn(&[Range<usize>], &str) -> bool| {
        let mut each = all.iter();
        each.find(|span| {
            let span = std::slice::from_ref(*span);
            texts.iter().any(|text| holds(span, text))
        })
    };
    let several = || {
        let mut starts = (0..all.len()).rev();
        let start = starts.find(|start| is_gone(&all[*start..], texts[0]))?;
        all.get(start)
    };
    one(&is_cured)
        .or_else(|| one(&is_gone))
        .or_else(several)
        .cloned()
}

/// The bytes of the references that print, in order.
fn printing(template: &MappingTemplate) -> Vec<Range<usize>> {
    fn collect(parts: &[Part<'_>], spans: &mut Vec<Range<usize>>) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Reference(reference) => spans.push(reference.span.clone()),
                Part::Directive(directive) => {
                    for block in &directive.blocks {
                        collect(block, spans);
                    }
                }
            }
        }
    }
    let mut spans = Vec::new();
    collect(&template.parts(), &mut spans);
    spans.sort_by_key(|span| span.start);
    spans
}
