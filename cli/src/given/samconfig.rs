//! `samconfig.toml`: what a project's `sam` commands are given.
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html>

use std::path::{Path, PathBuf};

use clap::Args;
use toml::{Table, Value};

use super::overrides::{self, Parameters};
use crate::{Caused, Failure, eprint};

/// Which configuration of SAM.
#[derive(Args, Clone)]
pub(crate) struct ConfigArgs {
    /// The file with the parameters that `sam` is given, from the folder of the template [default:
    /// samconfig.toml, if it is there].
    #[arg(long, value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,
    /// The environment in that file.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_ENV)]
    pub(crate) config_env: String,
}

/// What a configuration says of the template.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Config {
    /// `template_file`, from the folder of the configuration.
    pub(super) template: Option<PathBuf>,
    /// `parameter_overrides`.
    pub(super) parameters: Parameters,
    /// Where all of this was read, absolute.
    pub(super) file: Option<PathBuf>,
}

const NAME: &str = "samconfig.toml";
/// What SAM reads where there is no file of that name.
const YAML: [&str; 2] = ["samconfig.yaml", "samconfig.yml"];
const DEFAULT_ENV: &str = "default";
/// The commands whose options count, the first that has one. What is deployed may be packaged: it
/// says no template.
const OF_PARAMETERS: [&str; 3] = ["local_start_api", "deploy", "global"];
const OF_TEMPLATE: [&str; 3] = ["local_start_api", "build", "global"];

impl ConfigArgs {
    /// Where the configuration of a folder is, or would be.
    pub(super) fn place(&self, folder: &Path) -> PathBuf {
        folder.join(self.config_file.as_deref().unwrap_or(Path::new(NAME)))
    }

    /// The configuration of a folder.
    pub(super) fn read(&self, folder: &Path) -> Result<Config, Failure> {
        let file = self.place(folder);
        let is_asked = self.config_file.is_some() || self.config_env != DEFAULT_ENV;
        if !is_asked && !file.is_file() {
            warn_of_yaml(folder);
            return Ok(Config::default());
        }
        let name = file.display().to_string();
        let ending = file.extension().and_then(|ending| ending.to_str());
        if matches!(ending, Some("yaml" | "yml")) {
            let message = format!("`{name}` is not read: only a configuration in TOML is");
            return Err(Failure::usage(message));
        }
        let text = std::fs::read_to_string(&file);
        let text = text.map_err(|error| Failure::unreadable(&name, error))?;
        let config = parse(&text, &self.config_env)
            .map_err(|problem| Failure::usage(Caused::new(format!("`{name}`"), problem)))?;
        Ok(Config {
            file: std::path::absolute(&file).ok(),
            ..config
        })
    }

    /// As `gatespec serve` takes them; `file` for a template in another folder.
    pub(super) fn to_arguments(&self, file: Option<&Path>) -> Vec<String> {
        let file = file.or(self.config_file.as_deref()).into_iter();
        let file = file.flat_map(|file| ["--config-file".to_owned(), file.display().to_string()]);
        let is_other = self.config_env != DEFAULT_ENV;
        let env = is_other.then(|| ["--config-env".to_owned(), self.config_env.clone()]);
        file.chain(env.into_iter().flatten()).collect()
    }
}

impl Default for ConfigArgs {
    fn default() -> Self {
        Self {
            config_file: None,
            config_env: DEFAULT_ENV.to_owned(),
        }
    }
}

/// Warns of a configuration that SAM reads.
fn warn_of_yaml(folder: &Path) {
    let files = YAML.map(|name| folder.join(name));
    if let Some(file) = files.iter().find(|file| file.is_file()) {
        eprint(&format!(
            "warning: `{}` is not read: give its parameters with `--parameter-overrides`, or write \
             it as `{NAME}`",
            file.display()
        ));
    }
}

fn parse(text: &str, env: &str) -> Result<Config, String> {
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.to_string())?;
    let Some(env) = table.get(env).and_then(Value::as_table) else {
        return match env {
            DEFAULT_ENV => Ok(Config::default()),
            _ => Err(format!("there is no environment `{env}`")),
        };
    };
    let option = |commands: [&str; 3], name: &str| {
        let mut found = commands
            .into_iter()
            .filter_map(|command| env.get(command)?.get("parameters")?.get(name));
        found.next()
    };
    let template = option(OF_TEMPLATE, "template_file");
    let template = template.and_then(Value::as_str).map(PathBuf::from);
    let parameters = match option(OF_PARAMETERS, "parameter_overrides") {
        None => Parameters::new(),
        Some(Value::String(text)) => overrides::parse(text)?,
        Some(Value::Array(items)) => {
            let mut all = Parameters::new();
            for item in items.iter().filter_map(Value::as_str) {
                all.extend(overrides::parse(item)?);
            }
            all
        }
        Some(_) => return Err("`parameter_overrides` must be text or a list".to_owned()),
    };
    Ok(Config {
        template,
        parameters,
        file: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn the_first_command_that_has_an_option_counts() {
        let text = r#"
version = 0.1
[default.global.parameters]
template_file = "chat.yaml"
parameter_overrides = "Level=global"
[default.deploy.parameters]
template_file = ".aws-sam/packaged.yaml"
parameter_overrides = "Level=\"a b\" Table=t"
[prod.deploy.parameters]
parameter_overrides = ["Level=info", "ParameterKey=Table,ParameterValue=prod"]
"#;
        let default = parse(text, DEFAULT_ENV).expect("it is TOML");
        assert_eq!(default.template.as_deref(), Some(Path::new("chat.yaml")));
        let expected = parameters(&[("Level", "a b"), ("Table", "t")]);
        assert_eq!(default.parameters, expected);
        let prod = parse(text, "prod").expect("it is TOML");
        assert_eq!(prod.template, None);
        let expected = parameters(&[("Level", "info"), ("Table", "prod")]);
        assert_eq!(prod.parameters, expected);
        let error = parse(text, "test").expect_err("there is none");
        assert_eq!(error, "there is no environment `test`");
        let error = parse("[default", DEFAULT_ENV).expect_err("it is no TOML");
        assert!(error.contains("line 1"), "{error}");
    }
}
