//! Dynamic references: `{{resolve:ssm:NAME}}` and the like, whose values lie in services that are
//! not here. They are given as parameters by the reference's own name: `ssm:NAME=VALUE`.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>

use crate::settings::Settings;

const OPENING: &str = "{{resolve:";

/// The services that references are made to.
const SERVICES: [&str; 3] = ["ssm:", "ssm-secure:", "secretsmanager:"];

/// The text with every reference replaced by its value; `None` if it has none.
///
/// # Errors
/// The name of a reference whose value is not given.
pub(crate) fn resolve(text: &str, settings: &Settings) -> Result<Option<String>, String> {
    if !text.contains(OPENING) {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(OPENING) {
        let Some((name, after)) = behind.split_once("}}") else {
            break;
        };
        out.push_str(before);
        if is_name(name) {
            let value = settings.parameters.get(name);
            out.push_str(value.ok_or_else(|| name.to_owned())?);
        } else {
            out.push_str(&rest[before.len()..rest.len() - after.len()]);
        }
        rest = after;
    }
    Ok(Some(out + rest))
}

/// Whether a value is given by this name for a reference, and not for a parameter.
pub(crate) fn is_name(name: &str) -> bool {
    SERVICES.iter().any(|service| name.starts_with(service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_by_what_is_given() {
        let mut settings = Settings::default();
        let given = [
            ("ssm:/a/b:1", "one"),
            ("secretsmanager:S:SecretString:k", "two"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        settings.parameters.extend(given);
        let resolved = |text: &str| resolve(text, &settings);
        assert_eq!(resolved("plain"), Ok(None));
        assert_eq!(
            resolved("x {{resolve:ssm:/a/b:1}}, {{resolve:secretsmanager:S:SecretString:k}}."),
            Ok(Some("x one, two.".to_owned()))
        );
        assert_eq!(resolved("{{resolve:ssm:/c}}"), Err("ssm:/c".to_owned()));
        // Neither is a reference.
        for text in ["{{resolve:other:a}} b", "{{resolve:ssm:a"] {
            assert_eq!(resolved(text), Ok(Some(text.to_owned())));
        }
    }
}
