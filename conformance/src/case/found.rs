//! A case with the values that made it fail, to be kept as a case of its own.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Case;

impl Case {
    /// The case as it stands in its file, with these values instead of generated ones, to be put
    /// into a case file.
    pub(crate) fn with_given(&self, given: &BTreeMap<String, String>) -> String {
        let mut table = self.source.clone();
        table.remove("generate");
        let id = format!("{}-found", self.id);
        let steps = table.remove("steps");
        table.insert("id".to_owned(), id.into());
        let values = self
            .given
            .iter()
            .chain(given)
            .map(|(name, value)| (name.clone(), value.as_str().into()));
        table.insert("given".to_owned(), toml::Value::Table(values.collect()));
        written(table, steps.as_ref())
    }

    /// What happens in the case, as it stands in its file: the values that are generated or given,
    /// and the steps, one a line.
    pub(crate) fn course(&self) -> String {
        let mut table = self.source.clone();
        let steps = table.remove("steps");
        table.retain(|name, _| matches!(name, "generate" | "given"));
        written(table, steps.as_ref()).replacen(HEAD, "", 1)
    }
}

/// A case as text.
fn written(mut table: toml::Table, steps: Option<&toml::Value>) -> String {
    let mut text = String::from(HEAD);
    for name in NAMES {
        if let Some(value) = table.remove(name) {
            let _ = writeln!(text, "{name} = {value}");
        }
    }
    for (name, value) in table {
        let _ = writeln!(text, "{name} = {value}");
    }
    text.push_str("steps = [\n");
    for step in steps.and_then(toml::Value::as_array).into_iter().flatten() {
        let _ = writeln!(text, "  {step},");
    }
    text.push_str("]\n");
    text
}

const HEAD: &str = "[[case]]\n";

/// In the order of the kit's own files.
const NAMES: [&str; 2] = ["id", "why"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::parse;

    #[test]
    fn what_is_found_is_a_case() {
        let text = r#"
            [[case]]
            id = "own/any"
            why = "it \"must\" hold"
            features = ["limits"]
            given = { other = "o" }
            generate = { text = "text" }
            steps = [
              { do = "connect", client = "a" },
              { do = "send", client = "a", text = '{"${other}":${text.json}}' },
              { do = "receive", client = "a", text = "${text}" },
            ]
        "#;
        let case = parse("x.toml", None, text).unwrap().remove(0);
        let given = BTreeMap::from([("text".to_owned(), "'\"\\\u{0}\n${😀".to_owned())]);
        let found = case.with_given(&given);
        assert!(
            found.starts_with("[[case]]\nid = \"own/any-found\"\nwhy = "),
            "{found}"
        );
        let again = parse("x.toml", None, &found).unwrap().remove(0);
        let all = given.into_iter().chain(case.given.clone());
        assert_eq!(again.given, all.collect());
        assert!(again.generate.is_empty());
        assert_eq!((again.steps, again.features), (case.steps, case.features));
    }
}
