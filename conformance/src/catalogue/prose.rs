//! The requirements' prose as HTML: paragraphs, lists, code, and links to other requirements.

use spec::requirement;

/// Blocks of text, each with its element.
pub(super) fn blocks(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 1 {
            // The first line is the language's name.
            let code = part.split_once('\n').map_or(part, |(_, code)| code);
            html.push_str(&format!("<pre><code>{}</code></pre>", escaped(code)));
            continue;
        }
        for block in part
            .split("\n\n")
            .map(str::trim)
            .filter(|block| !block.is_empty())
        {
            match block.strip_prefix("- ") {
                None => html.push_str(&format!("<p>{}</p>", line(block))),
                Some(list) => {
                    let items = list.split("\n- ");
                    let items = items.map(|item| format!("<li>{}</li>", line(item)));
                    html.push_str(&format!("<ul>{}</ul>", items.collect::<String>()));
                }
            }
        }
    }
    html
}

/// Text with code in backticks, addresses in angle brackets and requirements' ids.
pub(super) fn line(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        match index % 2 {
            0 => html.push_str(&words(part)),
            _ => html.push_str(&format!("<code>{}</code>", escaped(part))),
        }
    }
    html
}

/// A text as it may stand in an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A source: a link where it has an address.
pub(super) fn source(source: &str) -> String {
    let source = source.trim_start_matches('<').trim_end_matches('>');
    match source.strip_prefix("https://") {
        Some(address) if !source.contains(char::is_whitespace) => format!(
            r#"<a href="{}">{}</a>"#,
            escaped(source),
            escaped(&short(address))
        ),
        _ => line(source),
    }
}

/// Host and last part of a long address; of a repository's, its name too, which says whose it is.
fn short(address: &str) -> String {
    /// What fits a line of a phone, in characters.
    const MOST: usize = 50;
    let address = address.trim_end_matches('/');
    let begins = match address.starts_with("github.com/") {
        true => 3,
        false => 1,
    };
    let parts: Vec<&str> = address.split('/').collect();
    match parts.split_last() {
        Some((last, rest)) if address.chars().count() > MOST && rest.len() > begins => {
            format!("{}/…/{last}", rest[..begins].join("/"))
        }
        _ => address.to_owned(),
    }
}

fn words(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut html = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        match requirement::find(word) {
            Some(_) => html.push_str(&format!(r##"<a href="#{word}">{word}</a>"##)),
            None => html.push_str(&escaped(word)),
        }
        let next = behind.find(is_part).unwrap_or(behind.len());
        html.push_str(&escaped(&behind[..next]));
        rest = &behind[next..];
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_becomes_elements_and_no_text_becomes_markup() {
        let text = "As `a<b>` of\nROUTE-3, not QUEUE-1 & \"x\".\n\n- one\n- `two`\n\n```json\n{\"a\": \"</pre>\"}\n```\nEnd.";
        let expected = "<p>As <code>a&lt;b&gt;</code> of\n<a href=\"#ROUTE-3\">ROUTE-3</a>, not QUEUE-1 &amp; &quot;x&quot;.</p>\
            <ul><li>one</li><li><code>two</code></li></ul>\
            <pre><code>{&quot;a&quot;: &quot;&lt;/pre&gt;&quot;}\n</code></pre><p>End.</p>";
        assert_eq!(blocks(text), expected);
    }

    #[test]
    fn only_addresses_are_links() {
        let long = "https://docs.aws.amazon.com/apigateway/latest/developerguide/page.html";
        assert_eq!(
            source(&format!("<{long}>")),
            format!(r#"<a href="{long}">docs.aws.amazon.com/…/page.html</a>"#)
        );
        let thread = "https://github.com/aws-samples/simple-websockets-chat-app/issues/24";
        assert_eq!(
            source(thread),
            format!(
                r#"<a href="{thread}">github.com/aws-samples/simple-websockets-chat-app/…/24</a>"#
            )
        );
        assert_eq!(source("javascript:alert(1)"), "javascript:alert(1)");
        assert_eq!(
            source("https://x\" onclick=\"y"),
            "https://x&quot; onclick=&quot;y"
        );
    }
}
