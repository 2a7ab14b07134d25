//! The process environment as a value: read once, and built from a list in tests.

use std::collections::HashMap;

/// Environment variables by name. They include secrets, so it has no `Debug`.
pub struct Environment {
    variables: HashMap<String, String>,
}

/// Why a function cannot start with its environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("environment variable `{name}` {problem}")]
pub struct EnvironmentError {
    /// The variable.
    pub name: String,
    /// What is wrong with it, and what to do. Never its value, which may be a secret.
    pub problem: &'static str,
}

impl Environment {
    /// The environment of this process. A variable that is not UTF-8 counts as unset.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable; an empty one counts as unset, as in the AWS SDKs.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of a required variable.
    ///
    /// # Errors
    ///
    /// If it is unset or empty.
    pub fn required(&self, name: &str) -> Result<&str, EnvironmentError> {
        self.get(name).ok_or_else(|| EnvironmentError {
            name: name.to_owned(),
            problem: "is not set: Lambda sets it from the template, `gatespec serve` does so on \
                this machine",
        })
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let environment: Environment = [("SET", "x"), ("EMPTY", "")].into_iter().collect();
        assert_eq!(environment.get("SET"), Some("x"));
        assert_eq!(environment.get("EMPTY"), None);
        assert_eq!(environment.get("ABSENT"), None);
        assert_eq!(environment.required("SET"), Ok("x"));
    }

    #[test]
    fn the_error_names_the_variable() {
        let error = Environment::from_iter([("TABLE_NAME", "")])
            .required("TABLE_NAME")
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("environment variable `TABLE_NAME` is not set"),
            "{error}"
        );
    }
}
