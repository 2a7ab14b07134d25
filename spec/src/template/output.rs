//! What a mapping template's output has to be for those who receive it.

use std::fmt;

use velocity::syntax::Part;

use super::MappingTemplate;

/// The language of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// JSON: what Lambda and most services take.
    Json,
    /// `application/x-www-form-urlencoded`: what SQS, SNS and other services of AWS's query
    /// protocol take, and many HTTP backends.
    Form,
    /// XML, such as SOAP.
    Xml,
    /// Any text.
    Text,
}

impl Output {
    /// What a `Content-Type` says; `None` if it is empty.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let kind = media_type.split(';').next()?.trim().to_ascii_lowercase();
        if kind.is_empty() {
            None
        } else if kind == "application/x-www-form-urlencoded" {
            Some(Self::Form)
        } else if kind.ends_with("/json") || kind.ends_with("+json") || kind.contains("amz-json") {
            Some(Self::Json)
        } else if kind.ends_with("/xml") || kind.ends_with("+xml") {
            Some(Self::Xml)
        } else {
            Some(Self::Text)
        }
    }

    /// What the first text of a template shows: `{`, `[` and `"` begin JSON, `<` XML, and `name=` a
    /// form. `None` if it shows nothing.
    pub fn of_text(source: &str) -> Option<Self> {
        let template = MappingTemplate::parse(source).ok()?;
        let parts = template.parts();
        let text = first_text(&parts)?.trim_start();
        let name = |char: char| char.is_ascii_alphanumeric() || "._-%~".contains(char);
        match text.chars().next()? {
            '{' | '[' | '"' => Some(Self::Json),
            '<' => Some(Self::Xml),
            'a'..='z' | 'A'..='Z' => text
                .trim_start_matches(name)
                .starts_with('=')
                .then_some(Self::Form),
            _ => None,
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Form => "form encoding",
            Self::Xml => "XML",
            Self::Text => "text",
        })
    }
}

/// The first text that prints and is not blank; `None` if a reference comes first.
fn first_text<'t>(parts: &[Part<'t>]) -> Option<&'t str> {
    for part in parts {
        match part {
            Part::Text(text) if text.trim().is_empty() => {}
            Part::Text(text) => return Some(text),
            Part::Reference(_) => return None,
            Part::Directive(directive) if directive.name == "define" => {}
            Part::Directive(directive) => {
                let mut blocks = directive.blocks.iter();
                if let Some(text) = blocks.find_map(|block| first_text(block)) {
                    return Some(text);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("{}", Some(Output::Json))]
    #[case("#set($a = 1)\n [1]", Some(Output::Json))]
    #[case("## comment\n<a>$x</a>", Some(Output::Xml))]
    #[case("Action=SendMessage&MessageBody=$x", Some(Output::Form))]
    #[case("#if($x)a.b=1#else{}#end", Some(Output::Form))]
    #[case("$input.body", None)]
    #[case("$input.body{", None)]
    #[case("hello, x=1", None)]
    #[case("", None)]
    #[case("#if(", None)]
    fn the_first_text_shows_the_language(#[case] source: &str, #[case] expected: Option<Output>) {
        assert_eq!(Output::of_text(source), expected);
    }

    #[rstest]
    #[case("application/json; charset=utf-8", Some(Output::Json))]
    #[case("application/x-amz-json-1.0", Some(Output::Json))]
    #[case("application/problem+json", Some(Output::Json))]
    #[case("Application/X-WWW-Form-Urlencoded", Some(Output::Form))]
    #[case("application/soap+xml", Some(Output::Xml))]
    #[case("text/plain", Some(Output::Text))]
    #[case(" ", None)]
    fn media_types(#[case] media_type: &str, #[case] expected: Option<Output>) {
        assert_eq!(Output::of_media_type(media_type), expected);
    }
}
