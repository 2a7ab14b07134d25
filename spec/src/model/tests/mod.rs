mod bounds;

use super::*;
use crate::api;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

/// An API with models, by name.
fn with_models(models: &[(&str, &str)]) -> Api {
    let mut api = Api::new("$request.body.action", "stage");
    for (name, schema) in models {
        let model = api::Model {
            schema: (*schema).to_owned(),
            ..api::Model::default()
        };
        api.models.insert((*name).to_owned(), model);
    }
    api
}

fn route(expression: &str, models: &[(&str, &str)]) -> Route {
    Route {
        model_selection_expression: Some(expression.to_owned()),
        request_models: models
            .iter()
            .map(|(key, name)| ((*key).to_owned(), (*name).to_owned()))
            .collect(),
        ..Route::default()
    }
}

fn compiled(models: &[(&str, &str)]) -> IndexMap<String, Model> {
    let (models, problems) = compile(&with_models(models));
    assert_eq!(problems, []);
    models
}

/// What becomes of `message` on a route that chooses one model for everything.
fn judged(schema: &str, message: &str) -> Result<(), Mismatch> {
    let models = compiled(&[("M", schema)]);
    let route = RequestModels::new(&route("all", &[("all", "M")]), &models);
    route
        .unwrap()
        .unwrap()
        .judge(&models, &Message::new(message))
}

/// Two models, one of which refers to the other.
fn refused(model: &str, schema: &str) -> InvalidModel {
    let (_, mut problems) = compile(&with_models(&[(model, schema)]));
    let (name, problem) = problems.remove(0);
    assert_eq!(name, model);
    problem
}

// What draft 4 says and its successors do not, and the other way round (ROUTE-40).
#[rstest]
#[case(r#"{"maximum":1,"exclusiveMaximum":true}"#, "1", false)]
#[case(r#"{"maximum":1,"exclusiveMaximum":true}"#, "0", true)]
#[case(
    r#"{"items":[{"type":"string"}],"additionalItems":false}"#,
    "[1]",
    false
)]
#[case(r#"{"type":"integer"}"#, "1.5", false)]
#[case(r#"{"pattern":"^(?!admin)[a-z]+$"}"#, r#""admin""#, false)]
#[case(r#"{"pattern":"^(?!admin)[a-z]+$"}"#, r#""bob""#, true)]
#[case(r#"{"format":"date-time"}"#, r#""yesterday""#, false)]
#[case(r#"{"format":"colour"}"#, r#""yesterday""#, true)]
#[case(r#"{}"#, "null", true)]
fn a_model_is_draft_4(#[case] schema: &str, #[case] message: &str, #[case] fits: bool) {
    assert_eq!(judged(schema, message).is_ok(), fits);
}

// The execution log's words, with the model that has them.
#[rstest]
#[case(r#"{"to":["a",1]}"#, r#"[instance type (integer) does not match any allowed primitive type (allowed: ["string"])] (model `M`)"#)]
#[case(
    "{}",
    r#"[object has missing required properties (["to"])] (model `M`)"#
)]
#[case(
    "hi",
    "[Unknown error parsing request body] (not JSON: a value is expected at line 1 column 1)"
)]
fn the_reason_is_said_as_the_execution_log_says_it(#[case] message: &str, #[case] reason: &str) {
    let schema = r#"{"properties":{"to":{"items":{"type":"string"}}},"required":["to"]}"#;
    let start = "Request body does not match model schema for content type application/json: ";
    let said = judged(schema, message).unwrap_err().to_string();
    assert_eq!(said, format!("{start}{reason}"));
}

#[test]
fn the_expression_chooses_and_default_takes_the_rest() {
    let (number, text) = (
        r#"{"properties":{"v":{"type":"number"}}}"#,
        r#"{"properties":{"v":{"type":"string"}}}"#,
    );
    let models = compiled(&[("Number", number), ("Text", text)]);
    let judge = |route: &Route, message: &str| {
        let route = RequestModels::new(route, &models).unwrap().unwrap();
        route.judge(&models, &Message::new(message))
    };
    let both = route(
        "$request.body.kind",
        &[("n", "Number"), ("$default", "Text")],
    );
    assert_eq!(judge(&both, r#"{"kind":"n","v":1}"#), Ok(()));
    assert!(judge(&both, r#"{"kind":"n","v":"x"}"#).is_err());
    assert_eq!(judge(&both, r#"{"kind":"other","v":"x"}"#), Ok(()));
    assert!(judge(&both, r#"{"v":1}"#).is_err());
    let one = route("$request.body.kind", &[("n", "Number")]);
    assert_eq!(
        judge(&one, r#"{"kind":"N","v":1}"#),
        Err(Mismatch::NoModel {
            key: "N".to_owned()
        })
    );
}

#[test]
fn a_route_without_an_expression_validates_nothing() {
    let models = compiled(&[("M", "{}")]);
    let mut route = route("x", &[("$default", "M")]);
    route.model_selection_expression = None;
    assert!(RequestModels::new(&route, &models).unwrap().is_none());
}

#[test]
fn a_route_names_models_and_an_expression_that_are_there() {
    let models = compiled(&[("M", "{}")]);
    let problem = |route: &Route| {
        let error = RequestModels::new(route, &models).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        problem(&route("x", &[("x", "N")])),
        "`RequestModels`: the API has no model `N`"
    );
    assert_eq!(
        problem(&route("a$", &[("x", "M")])),
        "`ModelSelectionExpression`: selection expression `a$`: `$` without a name (write `\\$` for a dollar) at character 2"
    );
}

#[test]
fn models_refer_to_each_other_by_address_and_to_nothing_else() {
    let other = r#"{"$ref":"https://apigateway.amazonaws.com/restapis/local00000/models/Price"}"#;
    let price = r##"{"definitions":{"n":{"type":"number","minimum":0,"exclusiveMinimum":true}},"$ref":"#/definitions/n"}"##;
    let models = compiled(&[("Order", other), ("Price", price)]);
    let judge = |message| models["Order"].judge("Order", &node::parse(message).unwrap());
    assert!(judge("1").is_ok());
    assert!(judge("0").is_err());
    assert!(judge("\"1\"").is_err());
    for elsewhere in ["https://example.com/a", "file:///etc/passwd", "Gone"] {
        let error = refused("Order", &json!({ "$ref": elsewhere }).to_string()).to_string();
        assert!(error.contains("other models of the API"), "{error}");
    }
}

#[rstest]
#[case(
    "{",
    "the schema is not JSON: a name between double quotes is expected at line 1 column 2"
)]
#[case(
    r#""x""#,
    "the schema is refused, JSON value is of type string, not a JSON Schema (expected an object) (Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified])"
)]
#[case(
    r#"{"properties":{"a":{"required":[]}}}"#,
    "the schema is refused, at `/properties/a/required`: array must have at least one element (Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified])"
)]
#[case(
    r#"{"$id":"x","pattern":"("}"#,
    "the schema is refused, at `/$id`: draft 4 does not know the keyword `$id`; at `/pattern`: string \"(\" is not a valid ECMA 262 regular expression (Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified. Unsupported keyword(s): [\"$id\"], Invalid model schema specified])"
)]
fn a_broken_schema_says_where(#[case] schema: &str, #[case] message: &str) {
    assert_eq!(refused("M", schema).to_string(), message);
}

#[test]
fn a_fault_has_a_line_and_a_column() {
    let schema = "{\n  \"properties\": {\n    \"a\": {\"type\": \"text\"}\n  }\n}";
    let InvalidModel::Schema(faults) = refused("M", schema) else {
        panic!()
    };
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].line, faults[0].column), (3, 19));
    assert_eq!(faults[0].pointer, "/properties/a/type");
}

// A much copied pattern for mail addresses.
#[test]
fn a_pattern_that_is_lenient_is_taken() {
    let schema = r#"{"pattern":"^[\\w-\\.]+@([\\w-]+\\.)+[\\w-]{2,4}$"}"#;
    assert_eq!(judged(schema, r#""ann@example.com""#), Ok(()));
    assert!(judged(schema, r#""ann@example""#).is_err());
}

#[test]
fn a_model_has_a_plain_name_and_a_schema_of_at_most_32_k() {
    assert_eq!(
        refused("my-model", "{}"),
        InvalidModel::Name("my-model".to_owned())
    );
    let largest = format!("{{{}}}", " ".repeat(MODEL_CHARACTERS - 2));
    compiled(&[("M", &largest)]);
    assert_eq!(
        refused("M", &format!("{largest} ")),
        InvalidModel::TooLong(MODEL_CHARACTERS + 1)
    );
}

/// JSON of schemas and of anything else.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!({"$ref": "#"})),
        Just(json!({"$ref": "#/definitions/a"})),
        "[a-z(*+?\\[^$]{0,6}".prop_map(|pattern| json!({ "pattern": pattern })),
        prop::sample::select(vec!["string", "number", "object", "array", "null", "any"])
            .prop_map(|kind| json!({ "type": kind })),
        any::<i8>().prop_map(|n| json!({ "multipleOf": n })),
        Just(json!([1, "a", null])),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            (
                prop::sample::select(vec!["allOf", "anyOf", "oneOf", "enum", "items"]),
                list
            )
                .prop_map(|(key, list)| json!({ key: list })),
            (
                prop::sample::select(vec!["not", "items", "additionalProperties"]),
                inner.clone()
            )
                .prop_map(|(key, schema)| json!({ key: schema })),
            (inner.clone(), inner)
                .prop_map(|(a, b)| { json!({"properties": {"a": a}, "definitions": {"a": b}}) }),
        ]
    })
}

proptest! {
    // Whatever the schema and the message: a verdict or an error, never a panic or an endless loop.
    #[test]
    fn no_schema_and_no_message_panics(schema in schema(), message in schema(), text: String) {
        let (models, problems) = compile(&with_models(&[("M", &schema.to_string())]));
        prop_assert_eq!(models.is_empty(), !problems.is_empty());
        if problems.is_empty() {
            let route = RequestModels::new(&route("all", &[("all", "M")]), &models).unwrap().unwrap();
            let _ = route.judge(&models, &Message::new(&message.to_string()));
            let _ = route.judge(&models, &Message::new(&text));
        }
        let _ = compile(&with_models(&[("M", &text)]));
    }

    // `not` turns every verdict round, and a list of two copies in `allOf` changes none.
    #[test]
    fn combinations_mean_what_they_say(schema in schema(), message in schema()) {
        let verdict = |schema: Value| {
            let (models, _) = compile(&with_models(&[("M", &schema.to_string())]));
            let message = message.to_string();
            let value = node::parse(&message).unwrap();
            Some(models.get("M")?.judge("M", &value).is_ok())
        };
        // References are relative to the whole: they would mean something else inside.
        prop_assume!(!schema.to_string().contains("$ref"));
        if let Some(fits) = verdict(schema.clone()) {
            prop_assert_eq!(verdict(json!({ "not": schema.clone() })), Some(!fits));
            prop_assert_eq!(verdict(json!({ "allOf": [schema.clone(), schema] })), Some(fits));
        }
    }
}
