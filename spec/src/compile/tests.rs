use super::*;
use crate::api::UsagePlan;
use crate::api::{Authorizer, Model, Route, RouteSettings};

#[test]
fn it_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<CompiledApi>();
}

/// An API with something wrong in each of its parts.
fn broken() -> Api {
    let mut api = Api::new("${request.body", "stage");
    api.api_key_selection_expression = "$request.header.key".to_owned();
    let mut integration =
        api::Integration::new(api::IntegrationType::Http, Some("ftp://x".to_owned()));
    integration.integration_method = Some("GET".to_owned());
    integration.timeout_in_millis = 1;
    let templates = [("a", "#if("), ("b", "fine"), ("c", "#end")];
    let templates = templates.map(|(key, text)| (key.to_owned(), text.to_owned()));
    integration.request_templates = templates.into();
    api.integrations.insert("i".to_owned(), integration);
    let authorizer = Authorizer {
        name: String::new(),
        authorizer_uri: "nobody".to_owned(),
        identity_source: vec!["x".to_owned(), "context.stage".to_owned(), "y".to_owned()],
        call_permission: CallPermission::Granted,
    };
    api.authorizers.insert("a".to_owned(), authorizer);
    for (name, schema) in [
        (
            "Good",
            r#"{"$ref": "https://apigateway.amazonaws.com/restapis/local00000/models/Bad"}"#,
        ),
        ("Bad", "{"),
    ] {
        let model = Model {
            content_type: None,
            schema: schema.to_owned(),
        };
        api.models.insert(name.to_owned(), model);
    }
    let route = Route {
        target: Some("gone".to_owned()),
        authorization_type: AuthorizationType::Custom,
        request_models: [("x".to_owned(), "None".to_owned())].into(),
        ..Route::default()
    };
    api.routes
        .insert(RouteKey::Named("$other".to_owned()), route);
    let settings = RouteSettings {
        throttling_rate_limit: Some(-1.0),
        throttling_burst_limit: None,
    };
    let key = RouteKey::Named("gone".to_owned());
    api.stage.route_settings.insert(key, settings);
    let plan = UsagePlan {
        api_keys: vec!["gone".to_owned()],
        rate_limit: Some(f64::NAN),
        ..UsagePlan::default()
    };
    api.usage_plans.insert("p".to_owned(), plan);
    api
}

#[test]
fn all_problems_are_found_and_each_names_its_property() {
    let problems = broken().compile().unwrap_err();
    let found: Vec<String> = problems
        .iter()
        .map(|invalid| format!("{}, {}", invalid.location, invalid.property()))
        .collect();
    assert_eq!(
        found,
        [
            "the API, RouteSelectionExpression",
            "integration `i`, TimeoutInMillis",
            "integration `i`, RequestTemplates",
            "integration `i`, RequestTemplates",
            "integration `i`, IntegrationUri",
            "authorizer `a`, AuthorizerUri",
            "authorizer `a`, IdentitySource",
            "authorizer `a`, IdentitySource",
            "model `Bad`, Schema",
            "route `$other`, RouteKey",
            "route `$other`, Target",
            "route `$other`, AuthorizationType",
            "route `$other`, RequestModels",
            "`RouteSettings` of `gone`, RouteSettings",
            "`RouteSettings` of `gone`, ThrottlingRateLimit",
            "the API, ApiKeySelectionExpression",
            "usage plan `p`, KeyId",
            "usage plan `p`, Throttle",
        ]
    );
}
