//! What the machine says, as it is shown.

use std::sync::Arc;

use spec::connection::CloseInfo;
use spec::http::{Headers, HttpResponse};
use spec::io::Rendering;

use super::limits::cut;
use crate::exchange::{Message, Template, Values};

pub(super) fn template(rendering: &Rendering, is_cut: &mut bool) -> Template {
    let mut cut = |text: &str| cut(text, is_cut);
    Template {
        key: rendering.key.clone(),
        source: cut(&rendering.source),
        rendered: rendering.rendered.as_ref().ok().map(|text| cut(text)),
        error: rendering.rendered.as_ref().err().map(|text| cut(text)),
        values: Values {
            context: Arc::clone(&rendering.context),
            stage_variables: Arc::clone(&rendering.stage_variables),
            body: cut(&rendering.body),
        },
    }
}

pub(super) fn closing(close: &CloseInfo) -> Message {
    Message::Close {
        code: close.code,
        reason: close.reason.clone(),
    }
}

pub(super) fn responding(response: &HttpResponse) -> Message {
    Message::Response {
        status: response.status,
        headers: fields(&response.headers),
        body: cut(&response.body, &mut false),
    }
}

pub(super) fn fields(headers: &Headers) -> Vec<(String, String)> {
    let fields = headers.iter();
    fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What stands behind the last colon of an ARN.
pub(super) fn function_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}
