//! Steps in words, for reports.

use std::fmt;

use super::{Connect, Event, Manage, Observe, Send, Step, Values};
use crate::verdict::shortened;

/// How much of a text is shown, in characters.
const SHOWN: usize = 160;

/// Such as `alice connects to "?a=b": 401`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(connect) => connect.fmt(f),
            Self::Send(send) => send.fmt(f),
            Self::SendBinary { client, bytes } => {
                write!(f, "{client} sends a binary message of {}", sized(bytes))
            }
            Self::SendRaw { client, bytes } => {
                write!(f, "{client} sends a text frame of {}", sized(bytes))
            }
            Self::Receive { client, text } => write!(f, "{client} receives {}", quoted(text)),
            Self::ReceiveAll { client, texts } => {
                let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                write!(f, "{client} receives in any order {}", texts.join(", "))
            }
            Self::Close {
                client,
                code,
                reason,
                ..
            } => {
                let reason = Some(&**reason).filter(|reason| !reason.is_empty());
                write!(f, "{client} closes{}", closing(*code, reason))
            }
            Self::Closed {
                client,
                code,
                reason,
            } => write!(f, "{client} is closed{}", closing(*code, reason.as_deref())),
            Self::Manage(manage) => manage.fmt(f),
            Self::Drain { client } => write!(f, "{client} receives every post that was taken"),
            Self::Row { id, present: true } => write!(f, "the table has the connection `{id}`"),
            Self::Row { id, present: false } => {
                write!(f, "the table does not have the connection `{id}`")
            }
            Self::AccessLog { of, line } => {
                write!(f, "the access log's line with `{of}` is {}", quoted(line))
            }
            Self::Wait { seconds } => write!(f, "{seconds} seconds pass"),
            Self::Ping { client, text } => write!(f, "{client} sends a ping {}", quoted(text)),
            Self::Pong { client, text } => write!(f, "{client} receives a pong {}", quoted(text)),
            Self::Observe(Observe { .. }) => f.write_str("the observer connects"),
            Self::Event(event) => event.fmt(f),
            Self::Unseen { kind } => write!(f, "from here on no {kind} event may be reported"),
        }
    }
}

impl fmt::Display for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connects", self.client)?;
        let host = self.host.as_deref().unwrap_or_default();
        if !self.target.is_empty() || !host.is_empty() {
            let target = format!("{host}{}", self.target);
            write!(f, " to {}{}", quoted(&target), times(self.repeat))?;
        }
        let fields: Vec<String> = self
            .headers
            .iter()
            .flat_map(|(name, values)| Values::all(values).iter().map(move |value| (name, value)))
            .map(|(name, value)| quoted(&format!("{name}: {value}")))
            .collect();
        if !fields.is_empty() {
            write!(f, " with {}", fields.join(", "))?;
        }
        if self.sign.is_some() {
            f.write_str(", signed")?;
        }
        write!(f, ": {}", self.status)?;
        let wanted = (&self.body, &self.response_headers, &self.absent_headers);
        answer(f, wanted.0.as_deref(), wanted.1, wanted.2)
    }
}

impl fmt::Display for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sends ", self.client)?;
        for part in [&self.before, &self.text, &self.after] {
            if !part.is_empty() || std::ptr::eq(part, &self.text) {
                f.write_str(&quoted(part))?;
            }
            if std::ptr::eq(part, &self.text) {
                f.write_str(&times(self.repeat))?;
            }
        }
        match self.frame {
            Some(bytes) => write!(f, " in frames of at most {bytes} bytes"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Manage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match &self.path {
            Some(path) => path.clone(),
            None => format!("/@connections/{}", self.id),
        };
        let Self { method, host, .. } = self;
        let host = host.as_deref().unwrap_or_default();
        let url = format!("{host}{path}");
        write!(f, "a backend calls {method} {}", quoted(&url))?;
        if !self.body.is_empty() {
            write!(f, " with {}{}", quoted(&self.body), times(self.repeat))?;
        }
        if self.sign.is_some() {
            f.write_str(", signed")?;
        }
        if self.most > 1 {
            write!(f, ", at most {} times", self.most)?;
        }
        write!(f, ": {}", self.status)?;
        let response = self.response.as_deref();
        answer(f, response, &self.response_headers, &self.absent_headers)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the next {} event", self.kind)?;
        let mut wanted: Vec<String> = Vec::new();
        for (pointer, value) in &self.has {
            wanted.push(match value.as_str() {
                Some(text) => format!("`{pointer}` {}", quoted(text)),
                None => format!("`{pointer}` {value}"),
            });
        }
        wanted.extend(self.lacks.iter().map(|pointer| format!("no `{pointer}`")));
        for (pointer, names) in &self.members {
            wanted.push(format!("the members of `{pointer}` {names:?}"));
        }
        if !self.ascending.is_empty() {
            wanted.push(format!("ascending {}", self.ascending.join(", ")));
        }
        if !self.posted.is_empty() {
            wanted.push(format!("posts answered {:?}", self.posted));
        }
        if !wanted.is_empty() {
            write!(f, ": {}", wanted.join(", "))?;
        }
        Ok(())
    }
}

/// What an HTTP response must have besides its status.
fn answer(
    f: &mut fmt::Formatter<'_>,
    body: Option<&str>,
    headers: &std::collections::BTreeMap<String, String>,
    absent: &[String],
) -> fmt::Result {
    if let Some(body) = body {
        write!(f, ", body {}", quoted(body))?;
    }
    for (name, pattern) in headers {
        write!(f, ", {}", quoted(&format!("{name}: {pattern}")))?;
    }
    for name in absent {
        write!(f, ", no header field `{name}`")?;
    }
    Ok(())
}

/// ` with 1000 and the reason "bye"`, as far as it matters.
pub(crate) fn closing(code: Option<u16>, reason: Option<&str>) -> String {
    let code = code.map(|code| format!(" with {code}"));
    let reason = reason.map(|reason| format!(" and the reason `{reason}`"));
    format!("{}{}", code.unwrap_or_default(), reason.unwrap_or_default())
}

fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text, SHOWN))
}

fn times(repeat: usize) -> String {
    match repeat {
        1 => String::new(),
        more => format!(", repeated to {more} times"),
    }
}

fn sized(bytes: &[u8]) -> String {
    /// So many are shown.
    const SHOWN: usize = 16;
    match bytes.len() {
        ..=SHOWN => format!("the bytes {bytes:?}"),
        more => format!("{more} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        r#"do = "connect"
client = "a"
status = 401
body = "no"
target = "?x=y"
headers = { token = ["1", "2"] }"#,
        "a connects to `?x=y` with `token: 1`, `token: 2`: 401, body `no`"
    )]
    #[case(
        r#"do = "send"
client = "a"
text = "x"
repeat = 3
before = "["
after = "]""#,
        "a sends `[``x`, repeated to 3 times`]`"
    )]
    #[case(
        r#"do = "send"
client = "a"
text = """#,
        "a sends ``"
    )]
    #[case(
        r#"do = "receive-all"
client = "a"
texts = ["x", "y"]"#,
        "a receives in any order `x`, `y`"
    )]
    #[case(
        r#"do = "closed"
client = "a"
code = 1009
reason = """#,
        "a is closed with 1009 and the reason ``"
    )]
    #[case(
        r#"do = "close"
client = "a""#,
        "a closes"
    )]
    #[case(
        r#"do = "manage"
method = "POST"
id = "x"
body = "b"
status = 410
absent_headers = ["date"]"#,
        "a backend calls POST `/@connections/x` with `b`: 410, no header field `date`"
    )]
    #[case(
        r#"do = "event"
kind = "MESSAGE"
has = { "/a" = "x", "/b" = 1 }
lacks = ["/c"]"#,
        "the next MESSAGE event: `/a` `x`, `/b` 1, no `/c`"
    )]
    #[case(
        r#"do = "row"
id = "x"
present = false"#,
        "the table does not have the connection `x`"
    )]
    #[case(
        r#"do = "access-log"
of = "x"
line = "x 200""#,
        "the access log's line with `x` is `x 200`"
    )]
    fn a_step_is_said_in_words(#[case] step: &str, #[case] words: &str) {
        let step: Step = toml::from_str(step).unwrap();
        assert_eq!(step.to_string(), words);
    }
}
