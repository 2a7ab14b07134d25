//! What the declaration of a parameter says of its values.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use velocity::suggest::nearest;

use crate::document::source::Source;
use crate::document::yaml::{Content, Node};
use crate::error::{Error, ErrorKind, Span};

/// A parameter whose value lies in Parameter Store: what is given is its name there.
const STORED: &str = "AWS::SSM::Parameter::Value<";

/// `Type` of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Type<'t> {
    name: &'t str,
    /// Whether the value lies in Parameter Store.
    pub(crate) is_stored: bool,
}

impl<'t> Type<'t> {
    /// The type of a parameter; text, if it has none that is known.
    pub(crate) fn of(declared: &'t Node) -> Self {
        let name = declared.get("Type").and_then(Node::plain_text);
        let name = name.unwrap_or("String");
        let stored = name.strip_prefix(STORED);
        Self {
            name: stored.map_or(name, |inner| inner.strip_suffix('>').unwrap_or(inner)),
            is_stored: stored.is_some(),
        }
    }

    pub(crate) fn is_list(self) -> bool {
        self.name == "CommaDelimitedList" || self.name.starts_with("List<")
    }

    fn is_number(self) -> bool {
        ["Number", "List<Number>"].contains(&self.name)
    }
}

/// Whether CloudFormation takes the type of a parameter.
pub(crate) fn check_type(
    source: &Source,
    (name, at): (&str, &Span),
    declared: &Node,
) -> Result<(), Error> {
    const NAMED: [&str; 4] = ["String", "Number", "List<Number>", "CommaDelimitedList"];
    let kind = declared.get("Type");
    let Some(kind) = kind else {
        let message = format!("the parameter `{name}` has no `Type`");
        let help = "write `Type: String`";
        let kind = ErrorKind::Parameter(message);
        return Err(source.error_with_help(at.clone(), kind, help));
    };
    let text = kind.plain_text().unwrap_or_default();
    if NAMED.contains(&text) || text.contains("AWS::") {
        return Ok(());
    }
    let message = format!(
        "the `Type` of the parameter `{name}` is `{text}`: it must be `String`, `Number`, \
         `List<Number>`, `CommaDelimitedList` or a type of AWS"
    );
    let help = nearest(text, NAMED).map(|near| format!("did you mean `{near}`?"));
    let error = ErrorKind::Parameter(message);
    Err(source.report(kind.span.clone(), error, help.as_deref()))
}

/// Whether a parameter may have a value, which is written at `span`.
pub(crate) fn check(
    source: &Source,
    name: &str,
    declared: &Node,
    text: &str,
    span: &Span,
) -> Result<(), Error> {
    let constraint = |name: &str| declared.get(name).and_then(Node::plain_text);
    let shown = match constraint("NoEcho") {
        Some(hidden) if hidden.eq_ignore_ascii_case("true") => "****",
        _ => text,
    };
    let fail = |problem: String| {
        let message = format!("the parameter `{name}` is `{shown}`, but {problem}");
        let help = match constraint("ConstraintDescription") {
            Some(description) => description.to_owned(),
            None => format!("give another value: `--parameter {name}=VALUE`"),
        };
        let kind = ErrorKind::Parameter(message);
        Err(source.error_with_help(span.clone(), kind, &help))
    };
    let kind = Type::of(declared);
    // Of a list, each item; what lies in Parameter Store is not checked.
    let items: Vec<&str> = match kind.is_list() {
        true => text.split(',').map(str::trim).collect(),
        false => vec![text],
    };
    let allowed = declared.get("AllowedValues").map(|node| &node.content);
    if let Some(Content::Sequence(allowed)) = allowed {
        let allowed: Vec<&str> = allowed.iter().filter_map(Node::plain_text).collect();
        if !items.iter().all(|item| allowed.contains(item)) {
            return fail(format!("must be one of `{}`", allowed.join("`, `")));
        }
    }
    if kind.is_number() && !kind.is_stored {
        let limit = |name: &str| constraint(name)?.parse::<f64>().ok();
        for item in &items {
            let Ok(number) = item.parse::<f64>() else {
                return fail("must be a number".to_owned());
            };
            match (limit("MinValue"), limit("MaxValue")) {
                (Some(least), _) if number < least => {
                    return fail(format!("must be at least {least}"));
                }
                (_, Some(most)) if number > most => {
                    return fail(format!("must be at most {most}"));
                }
                _ => {}
            }
        }
    }
    let limit = |name: &str| constraint(name)?.parse::<usize>().ok();
    let length = text.chars().count();
    match (limit("MinLength"), limit("MaxLength")) {
        (Some(least), _) if length < least => {
            return fail(format!("must have at least {least} characters"));
        }
        (_, Some(most)) if length > most => {
            return fail(format!("must have at most {most} characters"));
        }
        _ => {}
    }
    match constraint("AllowedPattern") {
        // One that cannot be read is left to CloudFormation.
        Some(pattern) => match velocity::Regex::new(pattern) {
            Ok(regex) if !regex.matches(text) => fail(format!("must match `{pattern}`")),
            _ => Ok(()),
        },
        None => Ok(()),
    }
}
