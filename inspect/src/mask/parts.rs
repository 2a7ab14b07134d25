//! The texts of an exchange.

use std::sync::Arc;

use serde_json::{Map, Value};
use spec::template::Variables;

use crate::exchange::{Call, Exchange, Message, Request, Template};

/// Passes on every text that people or programs have written: all but ids and the words of this
/// crate.
pub(super) fn for_each_text(exchange: &mut Exchange, each: &mut impl FnMut(&mut String)) {
    match &mut exchange.request {
        Request::Handshake {
            path,
            query,
            headers,
            ..
        } => {
            each(path);
            query.iter_mut().for_each(&mut *each);
            fields(headers, each);
        }
        Request::Frame { text } => each(text),
        Request::Close { reason, .. } => each(reason),
        Request::Management {
            path,
            headers,
            body,
            ..
        } => {
            each(path);
            fields(headers, each);
            each(body);
        }
    }
    for decision in &mut exchange.decisions {
        each(&mut decision.text);
    }
    if let Some(route) = &mut exchange.route {
        route.key.iter_mut().for_each(&mut *each);
        each(&mut route.why);
    }
    if let Some(model) = &mut exchange.model {
        each(&mut model.name);
        each(&mut model.verdict);
    }
    for call in &mut exchange.calls {
        of_call(call, each);
    }
    for sent in &mut exchange.sent {
        match &mut sent.what {
            Message::Text { text } => each(text),
            Message::Close { reason, .. } => each(reason),
            Message::Response { headers, body, .. } => {
                fields(headers, each);
                each(body);
            }
        }
    }
    exchange.access_log.iter_mut().for_each(each);
}

fn of_call(call: &mut Call, each: &mut impl FnMut(&mut String)) {
    each(&mut call.target.name);
    let templates = [&mut call.template, &mut call.response_template];
    for template in templates.into_iter().flatten() {
        of_template(template, each);
    }
    call.payload.iter_mut().for_each(&mut *each);
    call.answer.iter_mut().for_each(&mut *each);
    call.log.iter_mut().for_each(each);
}

fn of_template(template: &mut Template, each: &mut impl FnMut(&mut String)) {
    each(&mut template.source);
    template.rendered.iter_mut().for_each(&mut *each);
    template.error.iter_mut().for_each(&mut *each);
    of_variables(&mut template.values.context, each);
    of_variables(&mut template.values.stage_variables, each);
    each(&mut template.values.body);
}

fn of_variables(variables: &mut Arc<Variables>, each: &mut impl FnMut(&mut String)) {
    let mut map = variables.to_json();
    of_map(&mut map, each);
    *variables = Arc::new(map.into());
}

fn of_map(map: &mut Map<String, Value>, each: &mut impl FnMut(&mut String)) {
    let members = std::mem::take(map);
    for (mut name, mut value) in members {
        each(&mut name);
        of_value(&mut value, each);
        map.insert(name, value);
    }
}

fn of_value(value: &mut Value, each: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter_mut().for_each(|item| of_value(item, each)),
        Value::Object(map) => of_map(map, each),
        _ => {}
    }
}

fn fields(headers: &mut [(String, String)], each: &mut impl FnMut(&mut String)) {
    for (name, value) in headers {
        each(name);
        each(value);
    }
}
