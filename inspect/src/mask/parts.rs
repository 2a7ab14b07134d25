//! The texts of an exchange, masked in their places.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};
use spec::template::Variables;

use super::{MASK, Masks};
use crate::exchange::{Call, Exchange, Message, Request, Template};

/// Masks every text that people or programs have written: all but ids and the words of this crate.
pub(super) fn mask(exchange: &mut Exchange, masks: &Masks) {
    of_request(&mut exchange.request, masks);
    for decision in &mut exchange.decisions {
        text(&mut decision.text, masks);
    }
    if let Some(route) = &mut exchange.route {
        optional(&mut route.key, masks);
        text(&mut route.why, masks);
    }
    if let Some(model) = &mut exchange.model {
        text(&mut model.name, masks);
        text(&mut model.verdict, masks);
    }
    for call in &mut exchange.calls {
        of_call(call, masks);
    }
    for sent in &mut exchange.sent {
        match &mut sent.what {
            Message::Text { text: sent } => text(sent, masks),
            Message::Close { reason, .. } => text(reason, masks),
            Message::Response { headers, body, .. } => {
                fields(headers, masks);
                text(body, masks);
            }
        }
    }
    optional(&mut exchange.access_log, masks);
}

fn of_request(request: &mut Request, masks: &Masks) {
    match request {
        Request::Handshake {
            path,
            query,
            headers,
            ..
        } => {
            text(path, masks);
            if let Some(query) = query {
                *query = masks.names.without_parameters(query);
                text(query, masks);
            }
            fields(headers, masks);
        }
        Request::Frame { text: sent } => text(sent, masks),
        Request::Close { reason, .. } => text(reason, masks),
        Request::Management {
            path,
            headers,
            body,
            ..
        } => {
            *path = masks.address(path);
            fields(headers, masks);
            text(body, masks);
        }
    }
}

fn of_call(call: &mut Call, masks: &Masks) {
    text(&mut call.target.name, masks);
    let templates = [&mut call.template, &mut call.response_template];
    for template in templates.into_iter().flatten() {
        of_template(template, masks);
    }
    optional(&mut call.payload, masks);
    optional(&mut call.answer, masks);
    call.log.iter_mut().for_each(|line| text(line, masks));
}

fn of_template(template: &mut Template, masks: &Masks) {
    // What stands behind a name here is an expression; a secret in it is known by what it rendered.
    if let Cow::Owned(without) = masks.patterns.without(&template.source) {
        template.source = without;
    }
    optional(&mut template.rendered, masks);
    optional(&mut template.error, masks);
    of_variables(&mut template.values.context, masks);
    of_variables(&mut template.values.stage_variables, masks);
    text(&mut template.values.body, masks);
}

fn of_variables(variables: &mut Arc<Variables>, masks: &Masks) {
    let mut map = variables.to_json();
    of_map(&mut map, Behind::Any, masks);
    *variables = Arc::new(map.into());
}

/// Whether a value stands behind a secret name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Any,
    Secret,
}

fn of_map(map: &mut Map<String, Value>, behind: Behind, masks: &Masks) {
    let members = std::mem::take(map);
    for (mut name, mut value) in members {
        let behind = match masks.names.is_secret(&name) {
            true => Behind::Secret,
            false => behind,
        };
        text(&mut name, masks);
        of_value(&mut value, behind, masks);
        map.insert(name, value);
    }
}

fn of_value(value: &mut Value, behind: Behind, masks: &Masks) {
    match value {
        Value::String(_) | Value::Number(_) if behind == Behind::Secret => *value = MASK.into(),
        Value::String(it) => text(it, masks),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| of_value(item, behind, masks)),
        Value::Object(map) => of_map(map, behind, masks),
        _ => {}
    }
}

fn fields(headers: &mut [(String, String)], masks: &Masks) {
    for (name, value) in headers {
        if masks.names.is_secret(name) {
            MASK.clone_into(value);
        }
        text(name, masks);
        text(value, masks);
    }
}

fn optional(it: &mut Option<String>, masks: &Masks) {
    it.iter_mut().for_each(|it| text(it, masks));
}

fn text(text: &mut String, masks: &Masks) {
    if let Cow::Owned(without) = masks.text(text) {
        *text = without;
    }
}
