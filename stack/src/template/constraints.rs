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
    const NAMED: [&str; 5] = [
        "String",
        "Number",
        "List<String>",
        "List<Number>",
        "CommaDelimitedList",
    ];
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
         `List<String>`, `List<Number>`, `CommaDelimitedList` or a type of AWS"
    );
    let help = match nearest(text, NAMED) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write `Type: String`, or `Type: CommaDelimitedList` for a list".to_owned(),
    };
    let error = ErrorKind::Parameter(message);
    Err(source.error_with_help(kind.span.clone(), error, &help))
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
    let Some(problem) = problem(declared, text) else {
        return Ok(());
    };
    let message = format!("the parameter `{name}` is `{shown}`, but {problem}");
    let help = match constraint("ConstraintDescription") {
        Some(description) => description.to_owned(),
        None => format!("give another value: `--parameter {name}=VALUE`"),
    };
    let kind = ErrorKind::Parameter(message);
    Err(source.error_with_help(span.clone(), kind, &help))
}

/// Why a parameter may not have a value.
fn problem(declared: &Node, text: &str) -> Option<String> {
    let constraint = |name: &str| declared.get(name).and_then(Node::plain_text);
    let kind = Type::of(declared);
    // Of what lies in Parameter Store, its name there is checked.
    let is_list = kind.is_list() && !kind.is_stored;
    let (items, each): (Vec<&str>, _) = match is_list {
        true => (text.split(',').map(str::trim).collect(), "each item "),
        false => (vec![text], ""),
    };
    let allowed = declared.get("AllowedValues").map(|node| &node.content);
    if let Some(Content::Sequence(allowed)) = allowed {
        let allowed: Vec<&str> = allowed.iter().filter_map(Node::plain_text).collect();
        if !items.iter().all(|item| allowed.contains(item)) {
            return Some(format!("must be one of `{}`", allowed.join("`, `")));
        }
    }
    if kind.is_number() && !kind.is_stored {
        let limit = |name: &str| constraint(name)?.parse::<f64>().ok();
        for item in &items {
            let Ok(number) = item.parse::<f64>() else {
                return Some("must be a number".to_owned());
            };
            match (limit("MinValue"), limit("MaxValue")) {
                (Some(least), _) if number < least => {
                    return Some(format!("must be at least {least}"));
                }
                (_, Some(most)) if number > most => {
                    return Some(format!("must be at most {most}"));
                }
                _ => {}
            }
        }
    }
    // Those of length are for text.
    let limit = |name: &str| constraint(name)?.parse::<usize>().ok();
    let length = text.chars().count();
    match (limit("MinLength"), limit("MaxLength")) {
        _ if is_list => {}
        (Some(least), _) if length < least => {
            return Some(format!("must have at least {least} characters"));
        }
        (_, Some(most)) if length > most => {
            return Some(format!("must have at most {most} characters"));
        }
        _ => {}
    }
    // A pattern that cannot be read is left to CloudFormation.
    let pattern = constraint("AllowedPattern")?;
    let regex = velocity::Regex::new(pattern).ok()?;
    let matches = items.iter().all(|item| regex.matches(item));
    (!matches).then(|| format!("{each}must match `{pattern}`"))
}
