//! Follows every path through a template, and checks what is printed where.

use std::ops::Range;

use velocity::syntax::{DirectivePart, Part, ReferencePart};

use super::env::Env;
use super::json::{Inserted, Position, Quotes};
use super::names::assigned;
use super::value::Value;
use super::{Doubt, Finding, Rule};

/// What was seen.
pub(super) struct Flow {
    pub(super) findings: Vec<Finding>,
    pub(super) doubts: Vec<Doubt>,
    /// Where the template's own text cannot be JSON, whatever the values are.
    pub(super) broken: Option<Range<usize>>,
}

/// Where the output is, and what the variables hold.
#[derive(Clone)]
struct State<'s> {
    env: Env<'s>,
    /// The exact position, as long as it is known.
    json: Option<Position>,
    quotes: Quotes,
}

struct Walker<'s> {
    source: &'s str,
    state: State<'s>,
    seen: Flow,
    /// Where the search for the span of a text begins.
    cursor: usize,
    /// Whether the output is a single reference: such a template passes a value on deliberately.
    passes_on: bool,
    /// How many values that may be as long as a message were printed.
    long: usize,
}

/// How many values as long as a message (128 KB, six bytes for each) fit in the output limit.
const MAX_LONG: usize = 60;

pub(super) fn walk(source: &str, parts: &[Part<'_>]) -> Flow {
    let printing = parts.iter().filter(|part| match part {
        Part::Text(text) => !text.trim().is_empty(),
        _ => true,
    });
    let mut walker = Walker {
        source,
        state: State {
            env: Env::new(source),
            json: Some(Position::start()),
            quotes: Quotes::Outside,
        },
        seen: Flow {
            findings: Vec::new(),
            doubts: Vec::new(),
            broken: None,
        },
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
    let mut seen = walker.seen;
    if walker.state.json.is_some_and(|position| !position.is_end()) {
        let end = source.trim_end().len();
        let last = source[..end]
            .char_indices()
            .next_back()
            .map_or(0, |(at, _)| at);
        seen.doubts
            .push(Doubt::new(Some(last..end), "the JSON does not end"));
    }
    seen
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
        self.state.quotes.feed(text);
        let place = |at: usize| find_text(self.source, self.cursor, &text[..at]);
        if let Some(position) = &mut self.state.json
            && let Err(broken) = position.feed(text)
        {
            let start = place(broken.0);
            let length = self.source[start..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
            let span = start..start + length;
            self.seen.broken.get_or_insert(span.clone());
            self.doubt(Some(span), "the text is no JSON here");
        }
        self.cursor = find_text(self.source, self.cursor, text);
    }

    /// From here on the position in the JSON is unknown.
    fn doubt(&mut self, span: Option<Range<usize>>, reason: &str) {
        self.state.json = None;
        self.seen.doubts.push(Doubt::new(span, reason));
    }

    fn print(&mut self, reference: &ReferencePart<'_>) {
        let value = self.state.env.reference(reference, &mut self.seen.doubts);
        let inserted = match &value {
            Value::Literal(text) => {
                self.state.quotes.feed(text);
                if let Some(position) = &mut self.state.json
                    && position.feed(text).is_err()
                {
                    self.doubt(
                        Some(reference.span.clone()),
                        "the text printed here is not JSON",
                    );
                }
                return;
            }
            Value::Number => Some(Inserted::Number),
            Value::Own | Value::Safe => Some(Inserted::StringPart),
            Value::Json => Some(Inserted::Json),
            Value::Unvouched | Value::Escaped | Value::Foreign(_) | Value::Unknown => None,
        };
        if value.is_long() {
            self.long += 1;
            if self.long > MAX_LONG {
                self.doubt(
                    Some(reference.span.clone()),
                    "so many values may exceed the output limit together",
                );
            }
        }
        self.judge(reference, &value);
        if let Some(position) = &mut self.state.json
            && inserted
                .and_then(|inserted| position.insert(inserted))
                .is_none()
        {
            self.doubt(
                Some(reference.span.clone()),
                "not every value that this may print is JSON here",
            );
        }
    }

    /// Reports what is wrong with printing this value here.
    fn judge(&mut self, reference: &ReferencePart<'_>, value: &Value) {
        let spelled = self.source.get(reference.span.clone()).unwrap_or_default();
        let subject = |from: &str| {
            if from == spelled {
                format!("`{spelled}`")
            } else {
                format!("`{spelled}`, which holds `{from}`,")
            }
        };
        let finding = match (self.state.quotes, value) {
            (Quotes::Inside | Quotes::Escaped, Value::Foreign(from)) => Finding::new(
                Rule::UnescapedValue,
                reference.span.clone(),
                format!("{} is unescaped in a JSON string", subject(from)),
                escaped(&formal(spelled)),
            ),
            (Quotes::Inside | Quotes::Escaped, Value::Escaped) => Finding::new(
                Rule::SingleQuote,
                reference.span.clone(),
                format!("`{spelled}` prints `\\'` in a JSON string"),
                cured(spelled),
            ),
            (Quotes::Inside | Quotes::Escaped, Value::Json) => Finding::new(
                Rule::JsonInString,
                reference.span.clone(),
                format!("`{spelled}` is inside a JSON string"),
                match spelled.strip_prefix("$input.json(") {
                    Some(path) => format!(
                        "remove the quotes around it, or write {}",
                        escaped(&format!("$input.path({path}"))
                    ),
                    None => "remove the quotes around it".to_owned(),
                },
            ),
            (Quotes::Outside, Value::Foreign(from))
                if !self.passes_on && self.seen.broken.is_none() =>
            {
                Finding::new(
                    Rule::BareValue,
                    reference.span.clone(),
                    format!("{} stands where JSON is expected", subject(from)),
                    match spelled.strip_prefix("$input.path(") {
                        Some(path) if spelled.matches(')').count() == 1 => {
                            format!("`$input.json({path}`")
                        }
                        _ if spelled == "$input.body" => "`$input.json('$')`".to_owned(),
                        _ => format!("\"{}\"", escaped(&formal(spelled)).trim_matches('`')),
                    },
                )
            }
            _ => return,
        };
        self.seen.findings.push(finding);
    }

    fn directive(&mut self, directive: &DirectivePart<'_>) {
        if let Some(span) = &directive.span {
            self.cursor = self.cursor.max(span.end);
        }
        let mut values = Vec::new();
        for argument in &directive.arguments {
            values.push(self.state.env.argument(argument, &mut self.seen.doubts));
        }
        match directive.name {
            "set" => {
                let Some(target) = &directive.target else {
                    return;
                };
                let value = values.pop().unwrap_or(Value::Unknown);
                if target.steps.is_empty() {
                    self.state.env.set(target.root, value);
                } else {
                    let reason = "an assignment inside a value is not analysed";
                    self.seen
                        .doubts
                        .push(Doubt::new(Some(target.span.clone()), reason));
                    self.state.env.set(target.root, Value::Unknown);
                }
            }
            "if" => self.branches(directive),
            "foreach" => self.rounds(directive, values.into_iter().next()),
            "define" => {
                self.seen.doubts.push(Doubt::new(
                    directive.span.clone(),
                    "`#define` is not analysed",
                ));
                let name = directive.variable.unwrap_or_default();
                self.state.env.set(name, Value::Unknown);
            }
            name => {
                let reason = format!("`#{name}` is not analysed");
                self.doubt(directive.span.clone(), &reason);
            }
        }
    }

    fn branches(&mut self, directive: &DirectivePart<'_>) {
        let before = self.state.clone();
        let mut ends = Vec::new();
        for block in &directive.blocks {
            self.state = before.clone();
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
        self.seen
            .doubts
            .push(Doubt::new(directive.span.clone(), reason));
        let mut before = self.state.clone();
        for name in assigned(&directive.blocks) {
            // Left by an earlier iteration.
            before.env.set(&name, Value::Unknown);
        }
        let item = match list {
            Some(Value::Foreign(from)) => Value::Foreign(from),
            _ => Value::Unknown,
        };
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
            .set(directive.variable.unwrap_or_default(), Value::Unknown);
        self.state = self.join(before, &after, directive.span.clone());
    }

    fn join(&mut self, a: State<'s>, b: &State<'s>, span: Option<Range<usize>>) -> State<'s> {
        let json = if a.json == b.json {
            a.json
        } else {
            let reason = "the paths through this directive end at different positions in the JSON";
            self.seen.doubts.push(Doubt::new(span, reason));
            None
        };
        State {
            env: a.env.join(&b.env),
            json,
            quotes: if a.quotes == b.quotes {
                a.quotes
            } else {
                Quotes::Unknown
            },
        }
    }
}

/// A reference as it is written in an argument: `${name.x}` and `$!name.x` become `$name.x`.
fn formal(spelled: &str) -> String {
    let bare = spelled.strip_prefix('$').unwrap_or(spelled);
    let bare = bare.strip_prefix('!').unwrap_or(bare);
    match bare
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'))
    {
        Some(inner) => format!("${inner}"),
        None => format!("${bare}"),
    }
}

fn escaped(reference: &str) -> String {
    cured(&format!("$util.escapeJavaScript({reference})"))
}

fn cured(reference: &str) -> String {
    format!("`{}.replaceAll(\"\\\\'\",\"'\")`", formal(reference))
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
