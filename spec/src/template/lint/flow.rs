//! Follows every path through a template, and checks what is printed where.

use std::ops::Range;

use velocity::syntax::{DirectivePart, Part, ReferencePart};

use super::env::Env;
use super::guard;
use super::judge;
use super::names::assigned;
use super::notes::Notes;
use super::place::{Fed, Place};
use super::steps;
use super::value::{Holds, Part as Printed, Value};
use super::{Doubt, Finding, Output};

/// What was seen.
pub(super) struct Flow {
    pub(super) findings: Vec<Finding>,
    pub(super) doubts: Vec<Doubt>,
    /// Where the output cannot be JSON, whatever the values are.
    pub(super) broken: Option<Range<usize>>,
}

/// Where the output is, and what the variables hold.
#[derive(Clone)]
struct State<'s> {
    env: Env<'s>,
    place: Place,
}

struct Walker<'s> {
    source: &'s str,
    output: Output,
    state: State<'s>,
    notes: Notes,
    broken: Option<Range<usize>>,
    /// Where the search for the span of a text begins.
    cursor: usize,
    /// Whether the output is a single reference: such a template passes a value on deliberately.
    passes_on: bool,
    /// How many values that may be as long as a message were printed.
    long: usize,
}

/// How many values as long as a message (128 KB, up to nine bytes for each) fit in the output
/// limit.
const MAX_LONG: usize = 40;

pub(super) fn walk(source: &str, parts: &[Part<'_>], output: Output) -> Flow {
    let printing = parts.iter().filter(|part| match part {
        Part::Text(text) => !text.trim().is_empty(),
        Part::Directive(directive) => directive.name != "set",
        Part::Reference(_) => true,
    });
    let mut walker = Walker {
        source,
        output,
        state: State {
            env: Env::new(source),
            place: Place::start(output),
        },
        notes: Notes::default(),
        broken: None,
        cursor: 0,
        passes_on: matches!(&printing.collect::<Vec<_>>()[..], [Part::Reference(_)]),
        long: 0,
    };
    // How many backslashes are printed before a reference or directive depends on what is defined.
    if let Some(at) = source.find("\\$").or_else(|| source.find("\\#")) {
        walker.doubt(
            Some(at..at + 2),
            "a backslash before a reference or a directive",
        );
    }
    walker.block(parts);
    let end = source.trim_end().len();
    let last = source[..end].char_indices().next_back();
    let last = last.map_or(0, |(at, _)| at);
    if walker.state.place.cannot_end() {
        walker.broken.get_or_insert(last..end);
    }
    if !walker.state.place.is_end() {
        walker
            .notes
            .doubt(Some(last..end), "the JSON does not end on every path");
    }
    match output {
        Output::Json | Output::Form => {}
        Output::Xml => walker.notes.doubt(
            None,
            "control characters of a value cannot be written in XML",
        ),
        Output::Text => walker.notes.doubt(None, "its output is any text"),
    }
    let troubles = std::mem::take(&mut walker.notes.troubles);
    let mut findings = Vec::new();
    for trouble in &troubles {
        let (finding, doubt) = judge::judge(trouble, source, output, walker.passes_on);
        findings.extend(finding);
        walker.notes.doubts.push(doubt);
    }
    Flow {
        findings,
        doubts: walker.notes.doubts,
        broken: walker.broken,
    }
}

impl<'s> Walker<'s> {
    fn block(&mut self, parts: &[Part<'_>]) {
        for part in parts {
            match part {
                Part::Text(text) => self.text(text),
                Part::Reference(reference) => {
                    self.cursor = self.cursor.max(reference.span.end);
                    self.print(reference);
                }
                Part::Directive(directive) => self.directive(directive),
            }
        }
    }

    /// The template's own text.
    fn text(&mut self, text: &str) {
        match self.state.place.feed(text, &mut self.notes.troubles) {
            Fed::Fine => {}
            Fed::PathBroken => self.notes.doubt(None, "not every path to here gives JSON"),
            Fed::Broken(at) => {
                let start = find_text(self.source, self.cursor, &text[..at]);
                let first = self.source[start..].chars().next();
                let span = start..start + first.map_or(0, char::len_utf8);
                self.broken.get_or_insert(span.clone());
                self.doubt(Some(span), "the text is no JSON here");
            }
        }
        self.cursor = find_text(self.source, self.cursor, text);
    }

    /// From here on the position in the JSON is unknown.
    fn doubt(&mut self, span: Option<Range<usize>>, reason: &str) {
        self.state.place.lose();
        self.notes.doubt(span, reason);
    }

    fn print(&mut self, reference: &ReferencePart<'_>) {
        let value = self.state.env.reference(reference, &mut self.notes);
        let spelled = self.source.get(reference.span.clone()).unwrap_or_default();
        if value.is_long() {
            self.long += 1;
            if self.long > MAX_LONG {
                self.doubt(
                    Some(reference.span.clone()),
                    "so many values may exceed the output limit together",
                );
            }
        }
        for part in value.printed(spelled) {
            match part {
                Printed::Literal(text) => self.print_text(&text, Some(reference.span.clone())),
                Printed::Piece(piece) => {
                    if self.output == Output::Json
                        && self.state.place.expects_value()
                        && matches!(piece.holds, Holds::Own)
                    {
                        self.broken.get_or_insert(reference.span.clone());
                    }
                    let troubles = &mut self.notes.troubles;
                    self.state.place.insert(&piece, &reference.span, troubles);
                }
            }
        }
    }

    fn directive(&mut self, directive: &DirectivePart<'_>) {
        if let Some(span) = &directive.span {
            self.cursor = self.cursor.max(span.end);
        }
        let mut values = Vec::new();
        for argument in &directive.arguments {
            values.push(self.state.env.argument(argument, &mut self.notes));
        }
        match directive.name {
            "set" => {
                let Some(target) = &directive.target else {
                    return;
                };
                let value = values.pop().unwrap_or(Value::unknown());
                if target.steps.is_empty() {
                    self.state.env.set(target.root, value);
                } else {
                    let reason = "an assignment inside a value is not analysed";
                    self.notes.doubt(Some(target.span.clone()), reason);
                    self.state.env.set(target.root, Value::unknown());
                }
            }
            "if" => self.branches(directive),
            "foreach" => self.rounds(directive, values.into_iter().next()),
            "define" => {
                let reason = "`#define` is not analysed";
                self.notes.doubt(directive.span.clone(), reason);
                let name = directive.variable.unwrap_or_default();
                self.state.env.set(name, Value::unknown());
            }
            name if self.is_text(directive) => {
                self.print_text(&format!("#{name}"), directive.span.clone());
            }
            name => {
                let reason = format!("`#{name}` is not analysed");
                self.doubt(directive.span.clone(), &reason);
            }
        }
    }

    fn print_text(&mut self, text: &str, span: Option<Range<usize>>) {
        let fed = self.state.place.feed(text, &mut self.notes.troubles);
        if !matches!(fed, Fed::Fine) {
            self.doubt(span, "the text printed here is not JSON");
        }
    }

    /// Whether it only looks like a directive, such as `#name` in an expression of DynamoDB: the
    /// call of a macro that does not exist prints as it stands.
    fn is_text(&self, directive: &DirectivePart<'_>) -> bool {
        let spelled = directive
            .span
            .clone()
            .and_then(|span| self.source.get(span));
        let name = directive.name;
        spelled.is_some_and(|spelled| spelled.strip_prefix('#') == Some(name))
            && !matches!(
                name,
                "" | "break" | "stop" | "evaluate" | "include" | "parse"
            )
            && directive.blocks.is_empty()
            && !["macro", "evaluate"]
                .iter()
                .any(|maker| self.source.contains(maker))
    }

    fn branches(&mut self, directive: &DirectivePart<'_>) {
        let before = self.state.clone();
        let mut ends = Vec::new();
        for (number, block) in directive.blocks.iter().enumerate() {
            self.state = before.clone();
            if let Some(condition) = directive.arguments.get(number) {
                let references = guard::scalars(self.source, condition);
                self.state.env.guard(references);
            }
            self.block(block);
            ends.push(self.state.clone());
        }
        if directive.blocks.len() <= directive.arguments.len() {
            ends.push(before);
        }
        let mut ends = ends.into_iter();
        if let Some(first) = ends.next() {
            let joined = ends.fold(first, |a, b| self.join(a, &b, directive.span.clone()));
            self.state = joined;
        }
    }

    fn rounds(&mut self, directive: &DirectivePart<'_>, list: Option<Value>) {
        // The message decides how much is printed; and the loop stops after 1,000 iterations,
        // perhaps after a comma.
        let reason = "how often a `#foreach` prints is unknown";
        self.notes.doubt(directive.span.clone(), reason);
        let mut before = self.state.clone();
        for name in assigned(&directive.blocks) {
            // Left by an earlier iteration.
            before.env.set(&name, Value::unknown());
        }
        let item = match list {
            Some(Value::List(item)) => *item,
            Some(value) => match value.foreign() {
                Some(from) => {
                    let item = format!("${}", directive.variable.unwrap_or_default());
                    Holds::Foreign(steps::item_of(from).unwrap_or(item)).text()
                }
                None => Value::unknown(),
            },
            None => Value::unknown(),
        };
        before.env.change_loop();
        self.state = before.clone();
        self.state
            .env
            .set(directive.variable.unwrap_or_default(), item);
        match &directive.blocks[..] {
            [block] => self.block(block),
            _ => self.doubt(
                directive.span.clone(),
                "a `#foreach` without a block is not analysed",
            ),
        }
        let mut after = self.state.clone();
        after
            .env
            .set(directive.variable.unwrap_or_default(), Value::unknown());
        after.env.change_loop();
        self.state = self.join(before, &after, directive.span.clone());
    }

    fn join(&mut self, mut a: State<'s>, b: &State<'s>, span: Option<Range<usize>>) -> State<'s> {
        if !a.place.join(&b.place) {
            let reason = "the paths through this directive end at different positions in the JSON";
            self.notes.doubt(span, reason);
        }
        State {
            env: a.env.join(&b.env),
            place: a.place,
        }
    }
}

/// Where the text ends in the source, if it begins at or after `from`: there may be comments and
/// escapes between its characters.
fn find_text(source: &str, from: usize, text: &str) -> usize {
    let Some(rest) = source.get(from..) else {
        return source.len();
    };
    if rest.starts_with(text) {
        return from + text.len();
    }
    if let Some(at) = rest.find(text) {
        return from + at + text.len();
    }
    let mut at = from;
    for char in text.chars() {
        match source[at..].find(char) {
            Some(found) => at += found + char.len_utf8(),
            None => return at,
        }
    }
    at
}
