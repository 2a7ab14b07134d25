//! What a template's output has to be: JSON for functions, a form for SQS, XML for others.

use crate::api::IntegrationType;

/// Where a template stands, as far as it decides what its output has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// What renders it.
    pub purpose: Purpose,
    /// The integration's URI, or what is known of it.
    pub uri: Option<String>,
    /// The value of the request parameter `integration.request.header.Content-Type`, without its
    /// quotes.
    pub content_type: Option<String>,
    /// The template's key.
    pub key: Option<String>,
}

/// What renders a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Not known: a template alone.
    #[default]
    Unknown,
    /// An integration's request.
    Request(IntegrationType),
    /// What a client gets.
    Response,
}

/// What a template's output has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// JSON.
    Json,
    /// A form, as SQS and SNS take it: `Action=SendMessage&MessageBody=…`.
    Form,
    /// XML.
    Xml,
    /// Any text: what an HTTP backend or a client gets.
    Text,
}

/// Services of AWS that take forms.
const QUERY_SERVICES: [&str; 11] = [
    "sqs",
    "sns",
    "ses",
    "email",
    "sts",
    "iam",
    "ec2",
    "rds",
    "cloudformation",
    "autoscaling",
    "monitoring",
];

impl Output {
    /// What the output of this template has to be: by the Content-Type that its integration sends,
    /// by what the integration calls, and by how the template begins.
    pub fn of(source: &str, setting: &Setting) -> Output {
        let declared = setting.content_type.as_deref().and_then(Self::of_type);
        if let Some(output) = declared {
            return output;
        }
        let looks = Self::by_looks(source);
        let by_key = || setting.key.as_deref().and_then(Self::of_type);
        match setting.purpose {
            Purpose::Request(IntegrationType::Mock) => Output::Json,
            Purpose::Request(IntegrationType::Aws | IntegrationType::AwsProxy) => {
                match setting.service() {
                    Some("lambda") => Output::Json,
                    Some("s3") => looks.unwrap_or(Output::Text),
                    Some("execute-api") => looks.unwrap_or(Output::Text),
                    Some(service) if QUERY_SERVICES.contains(&service) => {
                        looks.unwrap_or(Output::Form)
                    }
                    Some(_) => Output::Json,
                    None => looks.unwrap_or(Output::Json),
                }
            }
            Purpose::Request(IntegrationType::Http | IntegrationType::HttpProxy)
            | Purpose::Response => looks.or_else(by_key).unwrap_or(Output::Text),
            Purpose::Unknown => looks.or_else(by_key).unwrap_or(Output::Json),
        }
    }

    fn of_type(content_type: &str) -> Option<Output> {
        let name = content_type.split(';').next()?.trim().to_ascii_lowercase();
        let (_, kind) = name.split_once('/')?;
        match kind {
            "x-www-form-urlencoded" => Some(Output::Form),
            "xml" | "html" => Some(Output::Xml),
            "plain" | "csv" | "octet-stream" => Some(Output::Text),
            _ if kind == "json" || kind.ends_with("+json") || kind.starts_with("x-amz-json") => {
                Some(Output::Json)
            }
            _ if kind.ends_with("+xml") => Some(Output::Xml),
            _ => None,
        }
    }

    /// By the first text that it prints.
    fn by_looks(source: &str) -> Option<Output> {
        let text = first_text(source);
        match text.chars().next()? {
            '{' | '[' | '"' => Some(Output::Json),
            '<' => Some(Output::Xml),
            char if char.is_ascii_alphabetic() => {
                let is_name =
                    |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
                let behind = text.trim_start_matches(is_name);
                behind.starts_with('=').then_some(Output::Form)
            }
            _ => None,
        }
    }
}

impl Setting {
    /// The service of AWS that is called, if the URI says it.
    fn service(&self) -> Option<&str> {
        let uri = self.uri.as_deref()?;
        if uri.contains(":function:") || uri.contains("/functions/") {
            return Some("lambda");
        }
        let behind = uri.split_once(":apigateway:")?.1;
        let service = behind.split(':').nth(1)?;
        (!service.is_empty()).then_some(service)
    }
}

/// The template from the first character on that is neither blank nor of a directive or comment.
fn first_text(source: &str) -> &str {
    let mut rest = source.trim_start();
    loop {
        let behind = if rest.starts_with("##") {
            rest.split_once('\n').map_or("", |(_, behind)| behind)
        } else if rest.starts_with("#*") {
            rest.split_once("*#").map_or("", |(_, behind)| behind)
        } else if ["#set", "#if", "#foreach"]
            .iter()
            .any(|name| rest.starts_with(name))
        {
            past_parentheses(rest)
        } else if let Some(behind) = rest.strip_prefix("#end") {
            behind
        } else {
            return rest;
        };
        rest = behind.trim_start();
    }
}

/// Behind the first parentheses; quotes in them are respected.
fn past_parentheses(text: &str) -> &str {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, char) in text.char_indices() {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(char),
            (None, '(') => depth += 1,
            (None, ')') if depth <= 1 => return &text[at + 1..],
            (None, ')') => depth -= 1,
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("{", Purpose::Unknown, "", "", Output::Json)]
    #[case("Action=Publish&Message=1", Purpose::Unknown, "", "", Output::Form)]
    #[case("## a\n#set($a = \")\")<a/>", Purpose::Unknown, "", "", Output::Xml)]
    #[case("hello", Purpose::Unknown, "", "", Output::Json)]
    #[case("hello", Purpose::Response, "", "", Output::Text)]
    #[case(
        "hello",
        Purpose::Request(IntegrationType::Http),
        "https://a",
        "",
        Output::Text
    )]
    #[case("a=1", Purpose::Request(IntegrationType::Mock), "", "", Output::Json)]
    #[case(
        "$input.body",
        Purpose::Request(IntegrationType::Aws),
        "sqs",
        "",
        Output::Form
    )]
    #[case("{}", Purpose::Request(IntegrationType::Aws), "sqs", "", Output::Json)]
    #[case(
        "a=1",
        Purpose::Request(IntegrationType::Aws),
        "states",
        "",
        Output::Json
    )]
    #[case(
        "a=1",
        Purpose::Request(IntegrationType::Aws),
        "lambda",
        "",
        Output::Json
    )]
    #[case(
        "#foreach($i in $l)x#end",
        Purpose::Request(IntegrationType::Aws),
        "kinesis",
        "application/x-www-form-urlencoded",
        Output::Form
    )]
    fn outputs(
        #[case] source: &str,
        #[case] purpose: Purpose,
        #[case] service: &str,
        #[case] content_type: &str,
        #[case] expected: Output,
    ) {
        let of = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let uri = format!("arn:aws:apigateway:us-east-1:{service}:path/x");
        let setting = Setting {
            purpose,
            uri: (!service.is_empty()).then_some(uri),
            content_type: of(content_type),
            key: None,
        };
        assert_eq!(Output::of(source, &setting), expected);
    }
}
