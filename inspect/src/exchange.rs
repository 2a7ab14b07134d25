//! STUB
#![allow(missing_docs)]
use serde::Serialize;
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange { pub number: u64, pub connection_id: Option<String> }
impl Exchange { pub fn bytes(&self) -> usize { 100 } pub fn masked(&self) -> Exchange { self.clone() } }
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection { pub connection_id: String }
pub async fn follow(_: gateway::Control, _: crate::Store) {}
