//! The way home: code that names the API by the host that it has on AWS reaches the gateway, and so
//! does code that names DynamoDB or Lambda by theirs, in SDKs that know no variable for it.
//!
//! ```text
//! preload.cjs       leads connections of Node, which loads it by `NODE_OPTIONS`
//! sitecustomize.py  leads those of Python, which imports it by `PYTHONPATH`
//! values            leads other programs, by the values of their variables
//! ```
//!
//! Nothing outside of functions' processes is touched, and no other host is led anywhere.

mod values;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use stack::Function;

use crate::runtime::Tools;

/// How functions' processes find the gateway by the API's own names.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// Of which the first is the API's own name, the one that is shown.
    leads: Vec<Lead>,
    /// The folder of the preloads, and of what they have to know.
    folder: PathBuf,
}

/// A host name, and what it leads to.
#[derive(Clone, Debug)]
pub(crate) struct Lead {
    /// In lower case.
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
}

/// An environment variable.
type Variable = (OsString, OsString);

impl Home {
    /// For these names, of which the first is the API's own.
    ///
    /// # Errors
    /// The preloads cannot be written.
    pub(crate) fn new(leads: Vec<Lead>, tools: &Tools) -> io::Result<Self> {
        let files = [
            ("preload.cjs", include_str!("preload.cjs")),
            ("sitecustomize.py", include_str!("sitecustomize.py")),
            ("home.txt", &*described(&leads)),
        ];
        let folder = tools.files("home", &files)?;
        Ok(Self { leads, folder })
    }

    /// The value of a function's variable, with the gateway's address in place of the API's host:
    /// for programs that no preload leads. Says once which other API such a value names.
    pub(crate) fn value(&self, function: &Function, name: &str, value: &str) -> String {
        for host in values::other_apis(value, &self.leads) {
            if self.is_new(&host) {
                let api = self.leads.first().map_or("", |lead| &lead.name);
                tracing::warn!(
                    "the variable `{name}` of the function `{}` names `{host}`, which is not the \
                     API of this stack (`{api}`): calls of it leave for the internet. If this \
                     stack is meant, start the gateway with `--allow-host {host}`",
                    function.logical_id
                );
            }
        }
        values::led(value, &self.leads)
    }

    /// Whether another API is named for the first time; the preloads ask in the same way.
    fn is_new(&self, host: &str) -> bool {
        File::create_new(self.folder.join(format!("said-{host}"))).is_ok()
    }

    /// Makes the interpreters that find these variables load their preload, before what the
    /// variables name already.
    pub(crate) fn preload(&self, variables: &mut Vec<Variable>) {
        let file = self.folder.join("preload.cjs");
        let file = file.to_string_lossy();
        let quoted = file.replace('\\', r"\\").replace('"', "\\\"");
        let node = format!("--require \"{quoted}\"");
        prepend(variables, "NODE_OPTIONS", node.as_ref(), " ");
        prepend(variables, "PYTHONPATH", self.folder.as_os_str(), ":");
    }
}

impl Lead {
    /// These names lead to one place.
    pub(crate) fn all(
        names: impl IntoIterator<Item = String>,
        address: SocketAddr,
    ) -> impl Iterator<Item = Self> {
        names.into_iter().map(move |name| Self {
            name: name.to_ascii_lowercase(),
            address,
        })
    }
}

/// What the preloads read: a line for each name, with the address and the port that it leads to.
fn described(leads: &[Lead]) -> String {
    let mut text = String::new();
    for Lead { name, address } in leads {
        text.push_str(&format!("{name} {} {}\n", address.ip(), address.port()));
    }
    text
}

/// Puts `first` before the value of a variable, of which the last one counts.
fn prepend(variables: &mut Vec<Variable>, name: &str, first: &OsStr, separator: &str) {
    let mut value = first.to_owned();
    let known = variables.iter().rev().find(|(known, _)| known == name);
    if let Some((_, known)) = known
        && !known.is_empty()
    {
        value.push(separator);
        value.push(known);
    }
    variables.push((name.into(), value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Interpreters;

    #[test]
    fn what_a_function_loads_itself_is_loaded_too() {
        let tools = Tools::new(Interpreters::default());
        let names = ["Abc.execute-api.eu-west-1.amazonaws.com".to_owned()];
        let leads = Lead::all(names, "[::1]:3001".parse().unwrap()).collect();
        let home = Home::new(leads, &tools).unwrap();
        let text = std::fs::read_to_string(home.folder.join("home.txt")).unwrap();
        assert_eq!(text, "abc.execute-api.eu-west-1.amazonaws.com ::1 3001\n");
        let variable = |name: &str, value: &str| (name.into(), value.into());
        let mut variables: Vec<Variable> = vec![
            variable("PYTHONPATH", "/layer"),
            variable("PYTHONPATH", "/own"),
            variable("NODE_OPTIONS", ""),
        ];
        home.preload(&mut variables);
        let folder = home.folder.display();
        let added = [
            variable(
                "NODE_OPTIONS",
                &format!("--require \"{folder}/preload.cjs\""),
            ),
            variable("PYTHONPATH", &format!("{folder}:/own")),
        ];
        assert_eq!(variables[3..], added);
    }
}
