//! What is said of a value that may break the text around it, and its cure.

use super::guard::NUMBER;
use super::json::{Problem, Trouble};
use super::value::{Holds, Piece, Wrap, formal};
use super::{Doubt, Finding, Output, Rule};

/// What is wrong with a value where it is printed, and why nobody vouches for the output.
pub(super) fn judge(
    trouble: &Trouble,
    source: &str,
    output: Output,
    passes_on: bool,
) -> (Option<Finding>, Doubt) {
    let span = trouble.span.clone();
    let doubt = Doubt::new(
        Some(span.clone()),
        "not every value that this may print is valid here",
    );
    let spelled = source.get(span.clone()).unwrap_or_default();
    let (Holds::Foreign(from) | Holds::Json(from)) = &trouble.piece.holds else {
        if trouble.problem == Problem::SingleQuote {
            let told = Told::new(trouble, spelled, spelled, output);
            return (Some(told.single_quote()), doubt);
        }
        return (None, doubt);
    };
    let told = Told::new(trouble, spelled, from, output);
    let finding = match trouble.problem {
        Problem::Misfit => return (None, doubt),
        _ if trouble.encoded => told.encoded(),
        Problem::Unescaped => told.unescaped(),
        Problem::SingleQuote => told.single_quote(),
        Problem::JsonInString => told.json_in_string(),
        Problem::Bare | Problem::EscapedOutside if passes_on => return (None, doubt),
        Problem::Bare => told.bare(),
        Problem::EscapedOutside => told.escaped_outside(),
    };
    (Some(finding), doubt)
}

struct Told<'t> {
    trouble: &'t Trouble,
    spelled: &'t str,
    /// The reference whose value it is.
    from: &'t str,
    output: Output,
}

impl<'t> Told<'t> {
    fn new(trouble: &'t Trouble, spelled: &'t str, from: &'t str, output: Output) -> Self {
        Told {
            trouble,
            spelled,
            from,
            output,
        }
    }

    fn subject(&self) -> String {
        let Told { spelled, from, .. } = self;
        let shown = shown(spelled);
        if spelled.contains(from) || formal(spelled) == formal(from) {
            format!("`{shown}`")
        } else {
            format!("`{shown}`, which holds `{from}`,")
        }
    }

    /// A value in a JSON text that a function encodes.
    fn encoded(&self) -> Finding {
        let (rule, cure) = match self.trouble.problem {
            Problem::Unescaped => (Rule::UnescapedValue, None),
            Problem::SingleQuote => (Rule::SingleQuote, None),
            Problem::JsonInString => (Rule::JsonInString, None),
            _ => (Rule::BareValue, json_of(self.from)),
        };
        let spelled = shown(self.spelled);
        if !self.from.starts_with('$') {
            // A string with quotes in it hides where in it the value is.
            return self.finding(
                rule,
                format!("`{spelled}` encodes JSON that a value in it may break"),
                "put in each value as `$util.escapeJavaScript` gives it, with \
                 `.replaceAll(\"\\\\'\",\"'\")` behind it"
                    .to_owned(),
            );
        }
        let cure = cure.unwrap_or_else(|| escaped(self.from, self.trouble.levels.max(1)));
        self.finding(
            rule,
            format!("`{spelled}` encodes JSON that `{}` may break", self.from),
            format!("put it in as `{cure}`"),
        )
    }

    fn finding(&self, rule: Rule, message: String, cure: String) -> Finding {
        Finding::new(rule, self.trouble.span.clone(), message, cure)
    }

    fn unescaped(&self) -> Finding {
        let subject = self.subject();
        let (message, cure) = match self.output {
            Output::Form => (
                format!("{subject} is not encoded in a form"),
                format!("`$util.urlEncode({})`", formal(self.spelled)),
            ),
            Output::Xml => (
                format!("{subject} is unescaped in XML"),
                format!(
                    "`{}.replaceAll(\"&\",\"&amp;\").replaceAll(\"<\",\"&lt;\")\
                     .replaceAll('\"',\"&quot;\")`",
                    formal(self.spelled)
                ),
            ),
            Output::Json | Output::Text => {
                let levels = self.trouble.levels;
                let message = match levels {
                    0 | 1 => format!("{subject} is unescaped in a JSON string"),
                    _ => format!(
                        "{subject} is escaped too seldom for JSON inside a JSON string: \
                         {levels} levels need {levels} escapes"
                    ),
                };
                (message, self.in_levels(levels))
            }
        };
        let mut finding = self.finding(Rule::UnescapedValue, message, cure);
        finding.why = match self.output {
            Output::Form => "an `&` in the value begins another parameter of the request, which \
                             the value forged; `+` and `%` are read as something else"
                .to_owned(),
            Output::Xml => {
                "a `<` or `&` in the value makes other elements of it, or no XML at all".to_owned()
            }
            Output::Json | Output::Text if self.trouble.levels > 1 => {
                "the value `x\",\"admin\":\"1` adds a member to the inner object: the reader of \
                 the outer JSON takes one escape away"
                    .to_owned()
            }
            Output::Json | Output::Text => finding.why,
        };
        finding
    }

    fn single_quote(&self) -> Finding {
        let message = format!("`{}` prints `\\'` in a JSON string", shown(self.spelled));
        let wraps = &self.trouble.piece.wraps;
        let cure = if wraps.len() > 1 {
            self.in_levels(wraps.len().max(self.trouble.levels))
        } else {
            format!("`{}`", cured(self.spelled))
        };
        self.finding(Rule::SingleQuote, message, cure)
    }

    fn json_in_string(&self) -> Finding {
        let spelled = self.spelled;
        let cure = match argument_of(self.from, "$input.json(") {
            Some(path) => format!(
                "remove the quotes around it, or write `{}`",
                escaped(&format!("$input.path({path})"), self.trouble.levels.max(1))
            ),
            None => "remove the quotes around it".to_owned(),
        };
        let message = format!("`{}` is inside a JSON string", shown(spelled));
        self.finding(Rule::JsonInString, message, cure)
    }

    fn bare(&self) -> Finding {
        let subject = self.subject();
        let levels = self.trouble.levels;
        let message = format!("{subject} stands where JSON is expected");
        let cure = match json_of(self.from) {
            Some(json) => format!("`{}`", escaped(&json, levels)),
            None => {
                // Without escapes, which are for quotes.
                let is_wrapped = !self.trouble.piece.wraps.is_empty();
                let value = match is_wrapped && self.spelled.contains(self.from) {
                    true => formal(self.from),
                    false => formal(self.spelled),
                };
                // Only texts have `matches`.
                let text = match ["$input.params", "$context.", "$input.body"]
                    .iter()
                    .any(|texts| self.from.starts_with(texts))
                {
                    true => value.clone(),
                    false => format!("{value}.toString()"),
                };
                format!(
                    "`{quote}{}{quote}` for a text; for a number \
                     `#if({text}.matches(\"{NUMBER}\") == true){value}#{{else}}null#end`",
                    escaped(&value, levels + 1),
                    quote = quote(levels)
                )
            }
        };
        self.finding(Rule::BareValue, message, cure)
    }

    fn escaped_outside(&self) -> Finding {
        let levels = self.trouble.levels;
        let message = format!(
            "{} is escaped, but stands outside of a JSON string",
            self.subject()
        );
        let cure = match json_of(self.from) {
            Some(json) => format!("`{}`", escaped(&json, levels)),
            None => format!(
                "put quotes around it: `{quote}{}{quote}`",
                self.levels_from(levels + 1),
                quote = quote(levels)
            ),
        };
        let mut finding = self.finding(Rule::BareValue, message, cure);
        finding.why = "escapes help inside the quotes of a string only: here a text is no JSON, \
                       and the quotes of JSON text become `\\\"`"
            .to_owned();
        finding
    }

    fn in_levels(&self, levels: usize) -> String {
        format!("`{}`", self.levels_from(levels))
    }

    /// The value, escaped once for each level.
    fn levels_from(&self, levels: usize) -> String {
        let Piece { wraps, .. } = &self.trouble.piece;
        let may_wrap = wraps.iter().all(|wrap| *wrap == Wrap::Cured);
        if !may_wrap && self.spelled.contains(self.from) {
            return escaped(&formal(self.from), levels);
        }
        // What the value has of its own stays.
        let start = match wraps.last() {
            Some(Wrap::Escaped) => cured(self.spelled),
            _ => formal(self.spelled),
        };
        let had = wraps.len().min(levels);
        escaped(&start, levels - had)
    }
}

/// `$input.json` of what a reference of the message selects.
fn json_of(from: &str) -> Option<String> {
    let from = formal(from);
    if from == "$input.body" {
        return Some("$input.json('$')".to_owned());
    }
    if let Some(path) = argument_of(&from, "$input.path(") {
        // DynamoDB's numbers are texts.
        let is_number_in_text = path.trim_end_matches(['\'', '"']).ends_with(".N");
        return (!is_number_in_text).then(|| format!("$input.json({path})"));
    }
    argument_of(&from, "$input.json(").is_some().then_some(from)
}

/// The argument of this call, if nothing follows it.
fn argument_of<'f>(from: &'f str, call: &str) -> Option<&'f str> {
    let path = from.strip_prefix(call)?.strip_suffix(')')?;
    let quote = path
        .chars()
        .next()
        .filter(|char| matches!(char, '"' | '\''))?;
    let inside = path.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(quote)).then_some(path)
}

/// A quote inside this many strings.
fn quote(levels: usize) -> String {
    (0..levels).fold("\"".to_owned(), |inner, _| {
        inner.replace('\\', "\\\\").replace('"', "\\\"")
    })
}

/// The start of a reference that is long.
fn shown(spelled: &str) -> String {
    let line = spelled.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(80).collect();
    if shown != spelled {
        shown.push('…');
    }
    shown
}

/// The reference escaped this many times.
fn escaped(reference: &str, levels: usize) -> String {
    (0..levels).fold(reference.to_owned(), |inner, _| {
        cured(&format!("$util.escapeJavaScript({inner})"))
    })
}

fn cured(reference: &str) -> String {
    format!("{}.replaceAll(\"\\\\'\",\"'\")", formal(reference))
}
