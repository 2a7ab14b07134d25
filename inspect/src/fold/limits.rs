//! How much is kept.

use crate::exchange::{Call, Exchange, Message, Request, TEXT_BYTES, Template};

/// How many exchanges are kept.
pub(super) const EXCHANGES: usize = 1000;
/// How many bytes of text they may have together.
pub(super) const EXCHANGE_BYTES: usize = 32 * 1024 * 1024;
/// How many decisions, calls, or things sent one exchange may have.
pub(super) const ITEMS: usize = 64;
/// How many lines and bytes the log of one call may have.
pub(super) const LINES: usize = 1000;
pub(super) const LOG_BYTES: usize = TEXT_BYTES;
/// How many clients are known at once.
pub(super) const PEERS: usize = 64 * 1024;

/// What an exchange costs besides its texts.
const OVERHEAD: usize = 1024;

/// A text, or its beginning and how long it was. `is_cut` is set if it is not whole.
pub(super) fn cut(text: &str, is_cut: &mut bool) -> String {
    if text.len() <= TEXT_BYTES {
        return text.to_owned();
    }
    *is_cut = true;
    let end = text.floor_char_boundary(TEXT_BYTES);
    format!("{}… ({} bytes, cut)", &text[..end], text.len())
}

/// The same of a body that need not be text.
pub(super) fn cut_bytes(bytes: &[u8], is_cut: &mut bool) -> String {
    // No character is longer than four bytes.
    let beginning = &bytes[..bytes.len().min(TEXT_BYTES + 4)];
    let text = String::from_utf8_lossy(beginning);
    if bytes.len() <= TEXT_BYTES {
        return text.into_owned();
    }
    *is_cut = true;
    let end = text.floor_char_boundary(TEXT_BYTES);
    format!("{}… ({} bytes, cut)", &text[..end], bytes.len())
}

/// How many bytes an exchange costs, about.
pub(crate) fn bytes_of(exchange: &Exchange) -> usize {
    let request = match &exchange.request {
        Request::Handshake {
            path,
            query,
            headers,
            ..
        } => path.len() + query.as_ref().map_or(0, String::len) + of_headers(headers),
        Request::Frame { text } => text.len(),
        Request::Close { reason, .. } => reason.len(),
        Request::Management {
            path,
            headers,
            body,
            ..
        } => path.len() + body.len() + of_headers(headers),
    };
    let decisions = exchange.decisions.iter().map(|one| one.text.len());
    let calls = exchange.calls.iter().map(of_call);
    let sent = exchange.sent.iter().map(|sent| match &sent.what {
        Message::Text { text } => text.len(),
        Message::Close { reason, .. } => reason.len(),
        Message::Response { headers, body, .. } => of_headers(headers) + body.len(),
    });
    let access_log = exchange.access_log.as_ref().map_or(0, String::len);
    OVERHEAD
        + request
        + access_log
        + decisions.sum::<usize>()
        + calls.sum::<usize>()
        + sent.sum::<usize>()
}

fn of_call(call: &Call) -> usize {
    let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let templates = [&call.template, &call.response_template].into_iter();
    let templates = templates.flatten().map(of_template);
    let log = call.log.iter().map(|line| line.len() + 24);
    of(&call.payload)
        + of(&call.answer)
        + call.target.name.len()
        + templates.sum::<usize>()
        + log.sum::<usize>()
}

fn of_template(template: &Template) -> usize {
    let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    template.source.len()
        + of(&template.rendered)
        + of(&template.error)
        + template.values.body.len()
        + template.values.context.bytes()
        + template.values.stage_variables.bytes()
}

fn of_headers(headers: &[(String, String)]) -> usize {
    let each = headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 48);
    each.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_how_long_it_was() {
        let mut is_cut = false;
        let fits = "é".repeat(TEXT_BYTES / 2);
        assert_eq!(cut(&fits, &mut is_cut), fits);
        assert_eq!(cut_bytes(fits.as_bytes(), &mut is_cut), fits);
        assert!(!is_cut);
        let long = format!("x{fits}");
        let shown = cut(&long, &mut is_cut);
        let end = format!("é… ({} bytes, cut)", TEXT_BYTES + 1);
        assert!(
            is_cut && shown.ends_with(&end),
            "{}",
            &shown[shown.len() - 50..]
        );
        assert_eq!(cut_bytes(long.as_bytes(), &mut is_cut), shown);
    }
}
