//! The head of a request: read from bytes, and what it says of the body behind it.

use std::mem::MaybeUninit;

use spec::http::Headers;

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Headers,
    pub(crate) keep_alive: bool,
    pub(super) body: BodyLength,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    Known(u64),
    Chunked,
}

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The peer has gone, in whatever way.
    Gone,
    /// What came is not a request: the status to answer with.
    Malformed(u16),
}

/// The most bytes of a request line with its header fields.
pub(super) const HEAD_BYTES: usize = 64 * 1024;
const HEADERS: usize = 256;

impl Head {
    /// The path, without the query string.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn has_body(&self) -> bool {
        self.body != BodyLength::Known(0)
    }
}

/// The head of a request and its length; `None` while it is not whole.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, ReadError> {
    // Not written before they are needed: 8 KiB for each request.
    let mut fields = [const { MaybeUninit::uninit() }; HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(ReadError::Malformed(431)),
        Err(_) => return Err(ReadError::Malformed(400)),
    };
    let headers: Headers = request
        .headers
        .iter()
        .map(|field| (field.name, String::from_utf8_lossy(field.value)))
        .collect();
    let is_1_1 = request.version == Some(1);
    if values(&headers, "Host").count() > 1 {
        return Err(ReadError::Malformed(400));
    }
    let body = body_length(&headers, is_1_1).ok_or(ReadError::Malformed(400))?;
    let keep_alive = match is_1_1 {
        true => !headers.has_token("Connection", "close"),
        false => headers.has_token("Connection", "keep-alive"),
    };
    let head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers,
        keep_alive,
        body,
    };
    Ok(Some((head, length)))
}

/// How long a request's body is; `None` where two readers could understand it differently, so that
/// a second request could hide in it (RFC 9112, section 6.3).
fn body_length(headers: &Headers, is_1_1: bool) -> Option<BodyLength> {
    let mut lengths = values(headers, "Content-Length");
    let mut codings = values(headers, "Transfer-Encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Some(BodyLength::Known(0)),
        (None, Some(coding)) => {
            let is_chunked = coding.trim().eq_ignore_ascii_case("chunked");
            (is_chunked && codings.next().is_none() && is_1_1).then_some(BodyLength::Chunked)
        }
        (Some(first), None) => {
            let length = decimal(first)?;
            // The same twice says one thing.
            let same = lengths.all(|other| decimal(other) == Some(length));
            same.then_some(BodyLength::Known(length))
        }
        (Some(_), Some(_)) => None,
    }
}

pub(super) fn values<'h>(headers: &'h Headers, name: &str) -> impl Iterator<Item = &'h str> {
    headers
        .iter()
        .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Digits only: no sign, which Rust's own reading takes.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// The size that a chunk's first line says, without its extensions.
pub(super) fn chunk_size(line: &str) -> Option<u64> {
    let size = line.split(';').next().unwrap_or_default().trim();
    let is_number = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u64::from_str_radix(size, 16).ok())?
}
