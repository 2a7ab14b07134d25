//! `AWS::ApiGatewayV2::Model`, and the models that a route names.

use indexmap::IndexMap;
use spec::api::{Api, Model};

use super::places::{ModelPlaces, Places, Text};
use super::properties::Properties;
use super::source::{Error, Warning};
use super::value::Data;

/// Reads the API's models, by name, and notes where they stand.
pub(super) fn models(
    found: &[Properties<'_>],
    places: &mut Places,
    warnings: &mut Vec<Warning>,
) -> Result<IndexMap<String, Model>, Error> {
    let mut models = IndexMap::new();
    for properties in found {
        properties.warn_of_others(
            &["ApiId", "Name", "Schema", "ContentType"],
            &["Description"],
            warnings,
        );
        let source = properties.template.source;
        let (name, span) = properties.required_text("Name")?;
        let Some(schema) = properties.get("Schema")? else {
            return Err(properties.missing("Schema"));
        };
        let (text, written) = match &schema.data {
            Data::Text { text, style } => {
                let written = Text {
                    span: schema.span.clone(),
                    style: *style,
                    text: text.clone(),
                };
                (text.clone(), Some(written))
            }
            _ => (schema.to_json().to_string(), None),
        };
        let model = Model {
            content_type: properties.text("ContentType")?,
            schema: text,
        };
        if models.insert(name.clone(), model).is_some() {
            return Err(source.error(span, format!("the API has several models `{name}`")));
        }
        let place = ModelPlaces {
            name: span,
            schema: schema.span,
            text: written,
        };
        places.models.insert(name, place);
    }
    Ok(models)
}

/// A route's `RequestModels`: names of the API's models by key.
pub(super) fn request_models(
    properties: &Properties<'_>,
    api: &Api,
) -> Result<IndexMap<String, String>, Error> {
    let mut chosen = IndexMap::new();
    let Some(value) = properties.get("RequestModels")? else {
        return Ok(chosen);
    };
    let source = properties.template.source;
    for (key, value) in value.expect_map(source, "`RequestModels`")? {
        let name = value.expect_text(source, "the name of a model")?;
        if !api.models.contains_key(name) {
            let names: Vec<&str> = api.models.keys().map(String::as_str).collect();
            let help = if names.is_empty() {
                "declare an `AWS::ApiGatewayV2::Model`".to_owned()
            } else {
                let names = names.join("`, `");
                format!("a model goes by its `Name`, which is not what `!Ref` gives: `{names}`")
            };
            let message = format!("`RequestModels`: the API has no model `{name}`");
            return Err(source.error_with_help(value.span.clone(), message, Some(help)));
        }
        chosen.insert(key.text.clone(), name.to_owned());
    }
    Ok(chosen)
}
