//! Values for functions' variables from outside of the template, in the form of SAM's `--env-vars`.

use indexmap::IndexMap;
use serde_json::Value as Json;

/// Values for variables that functions declare, by function: its name in the template, or its
/// `FunctionName`. Those of `Parameters` are for all functions.
///
/// A function gets those of its name in the template, or else of its `FunctionName`; they win over
/// those for all. Only what a function declares in `Environment` can be given.
///
/// Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-invoke.html>,
/// `samcli/commands/local/lib/local_lambda.py`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(IndexMap<String, Values>);

type Values = IndexMap<String, String>;

/// A text that gives no variables.
#[derive(Debug, thiserror::Error)]
pub enum InvalidVariables {
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// It is not built like this.
    #[error("{0} must be an object, as in `{{\"MyFunction\": {{\"NAME\": \"value\"}}}}`")]
    NotAnObject(String),
    /// A value that no variable can have.
    #[error("`{name}` of `{of}` must be a text, a number or a boolean without a NUL")]
    Value {
        /// The variable.
        name: String,
        /// The function, or `Parameters`.
        of: String,
    },
}

/// The key of the values for all functions.
pub(crate) const ALL: &str = "Parameters";

impl Variables {
    /// Reads `{"MyFunction": {"NAME": "value"}, "Parameters": {"NAME": "for all"}}`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidVariables> {
        let Json::Object(functions) = serde_json::from_str(text)? else {
            return Err(InvalidVariables::NotAnObject("it".to_owned()));
        };
        let mut all = IndexMap::new();
        for (of, variables) in functions {
            let Json::Object(variables) = variables else {
                return Err(InvalidVariables::NotAnObject(format!("`{of}`")));
            };
            let mut values = Values::new();
            for (name, value) in variables {
                match as_text(&value) {
                    Some(text) => values.insert(name, text),
                    None => return Err(InvalidVariables::Value { name, of }),
                };
            }
            all.insert(of, values);
        }
        Ok(Self(all))
    }

    /// The functions, or [`ALL`], and the names of their variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.0.iter().map(|(of, values)| {
            let names = values.keys().map(|name| &**name);
            (&**of, names.collect())
        })
    }

    /// Puts the values in place of those that a function declares.
    pub(crate) fn apply(&self, logical_id: &str, name: &str, environment: &mut Values) {
        let of = |key: &str| self.0.get(key).filter(|values| !values.is_empty());
        let own = of(logical_id).or_else(|| of(without_path(logical_id)));
        let own = own.or_else(|| of(name));
        for (variable, value) in environment {
            let given = [own, of(ALL)].into_iter().flatten();
            if let Some(given) = given.filter_map(|values| values.get(variable)).next() {
                value.clone_from(given);
            }
        }
    }
}

/// A logical id without the path of its stack.
pub(crate) fn without_path(logical_id: &str) -> &str {
    logical_id.rsplit('/').next().unwrap_or_default()
}

/// As SAM spells it.
fn as_text(value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::Array(_) | Json::Object(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn applied(given: &str, declared: &[&str]) -> String {
        let variables = Variables::parse(given).expect("it is valid");
        let own = |name: &&str| ((*name).to_owned(), "own".to_owned());
        let mut environment = declared.iter().map(own).collect();
        variables.apply("F", "f-name", &mut environment);
        let texts = environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        texts.collect::<Vec<_>>().join(" ")
    }

    #[rstest]
    #[case::none("{}", "A=own B=own")]
    #[case::all(r#"{"Parameters": {"A": "1", "C": "3"}}"#, "A=1 B=own")]
    #[case::its_own(r#"{"F": {"A": "1"}, "G": {"B": "2"}}"#, "A=1 B=own")]
    #[case::its_name(r#"{"f-name": {"A": "1"}}"#, "A=1 B=own")]
    #[case::its_own_wins(
        r#"{"Parameters": {"A": "all", "B": "all"}, "F": {"A": "1"}}"#,
        "A=1 B=all"
    )]
    #[case::one_of_its_names(r#"{"f-name": {"A": "1", "B": "2"}, "F": {"A": "id"}}"#, "A=id B=own")]
    #[case::an_empty_one_is_none(r#"{"f-name": {"A": "1"}, "F": {}}"#, "A=1 B=own")]
    #[case::values(r#"{"F": {"A": true, "B": null}}"#, "A=true B=")]
    #[case::numbers(r#"{"F": {"A": 5, "B": 1.50}}"#, "A=5 B=1.5")]
    fn a_function_has_the_values_that_sam_gives_it(#[case] given: &str, #[case] expected: &str) {
        assert_eq!(applied(given, &["A", "B"]), expected);
    }

    #[rstest]
    #[case("A=1", "it is not JSON: ")]
    #[case("[]", "it must be an object, as in `{\"MyFunction\": ")]
    #[case(r#"{"A": "1"}"#, "`A` must be an object")]
    #[case(r#"{"F": {"A": {"Ref": "X"}}}"#, "`A` of `F` must be a text")]
    #[case(r#"{"F": {"A": "a\u0000"}}"#, "`A` of `F` must be a text")]
    fn what_gives_no_variables_is_named(#[case] given: &str, #[case] problem: &str) {
        let error = Variables::parse(given)
            .expect_err("it is wrong")
            .to_string();
        assert!(error.starts_with(problem), "{error}");
    }
}
