//! DynamoDB as the target `spec` plays it: one table of items by the attribute `connectionId`, and
//! the three actions that integrations of stacks with connections use.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spec::http::{Headers, HttpAnswer};

/// The answer to an action, in DynamoDB's JSON protocol.
pub fn answer(action: &str, body: &str, table: &mut BTreeMap<String, Value>) -> HttpAnswer {
    let (status, body) = match perform(action, body, table) {
        Ok(result) => (200, result),
        Err(problem) => {
            let kind = "com.amazon.coral.validate#ValidationException";
            (400, json!({"__type": kind, "message": problem}))
        }
    };
    HttpAnswer {
        status,
        headers: Headers::from_iter([("Content-Type", "application/x-amz-json-1.0")]),
        body: body.to_string().into_bytes(),
    }
}

fn perform(action: &str, body: &str, table: &mut BTreeMap<String, Value>) -> Result<Value, String> {
    let request: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let key = |attributes: &Value| {
        let id = attributes["connectionId"]["S"].as_str();
        id.map(str::to_owned)
            .ok_or_else(|| "there is no text `connectionId`".to_owned())
    };
    match action {
        "PutItem" => {
            table.insert(key(&request["Item"])?, request["Item"].clone());
            Ok(json!({}))
        }
        "GetItem" => Ok(match table.get(&key(&request["Key"])?) {
            Some(item) => json!({"Item": item}),
            None => json!({}),
        }),
        "DeleteItem" => {
            table.remove(&key(&request["Key"])?);
            Ok(json!({}))
        }
        _ => Err(format!("the action `{action}` is not played")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_put_got_and_deleted() {
        let mut table = BTreeMap::new();
        let item = json!({"connectionId": {"S": "a"}, "n": {"N": "5"}});
        let key = json!({"Key": {"connectionId": {"S": "a"}}}).to_string();
        let mut call = |action: &str, body: &str| {
            let answer = answer(action, body, &mut table);
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            (answer.status, body)
        };
        let put = json!({"Item": item}).to_string();
        assert_eq!(call("PutItem", &put), (200, json!({})));
        assert_eq!(call("GetItem", &key), (200, json!({"Item": item})));
        assert_eq!(call("DeleteItem", &key), (200, json!({})));
        assert_eq!(call("GetItem", &key), (200, json!({})));
        assert_eq!(call("PutItem", "{}").0, 400);
        assert_eq!(call("Scan", "{}").0, 400);
    }
}
