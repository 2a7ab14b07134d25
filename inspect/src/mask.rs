//! STUB
use std::borrow::Cow;
use crate::exchange::Exchange;
#[derive(Debug, Default)]
pub struct Masks;
impl Masks {
    pub fn new(_: &spec::Api) -> Self { Self }
    pub fn learn(&mut self, _: &Exchange) {}
    pub fn json(&self, exchange: &Exchange) -> serde_json::Value { serde_json::from_str(&serde_json::to_string(exchange).unwrap_or_default().replace("hush", "***").replace("hello", "***")).unwrap_or_default() }
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> { text.into() }
}
