//! Stacks that cases run on instead of the pattern's: `conformance/fixtures/*.yaml`, each for what the pattern has not. Their functions
//! are the [probe](crate::probe), all of them; the parameter `BackendUrl`, where there is one, is the probe's address as an HTTP backend.

use std::borrow::Cow;
use std::path::Path;

/// A stack for cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// Its name in a case.
    pub name: Cow<'static, str>,
    /// Its SAM template.
    pub template: Cow<'static, str>,
    /// Whether a case leaves traces that the next one would notice: then each gets a stack of its own where that can be had.
    pub wears_out: bool,
}

/// The parameter that tells a fixture's template where its HTTP backend is.
pub const BACKEND_PARAMETER: &str = "BackendUrl";
/// The folder beside a fixture's template that the probe's executable is in, as its `CodeUri` says.
pub const PROBE_FOLDER: &str = "probe";

/// The kit's own: name, template, whether it wears out.
const BUILT_IN: [(&str, &str, bool); 3] = [
    ("models", include_str!("../fixtures/models.yaml"), false),
    ("probe", include_str!("../fixtures/probe.yaml"), false),
    (
        "throttling",
        include_str!("../fixtures/throttling.yaml"),
        true,
    ),
];

impl Fixture {
    /// The kit's own.
    pub fn built_in() -> Vec<Self> {
        let fixture = |&(name, template, wears_out): &(&'static str, &'static str, bool)| Self {
            name: name.into(),
            template: template.into(),
            wears_out,
        };
        BUILT_IN.iter().map(fixture).collect()
    }

    /// Those of a folder, `{name}.yaml` each. One that has the name of a built-in fixture wears out as that does.
    ///
    /// # Errors
    /// A folder or file that can not be read.
    pub fn of_folder(folder: &Path) -> Result<Vec<Self>, String> {
        let problem = |error: std::io::Error| format!("`{}`: {error}", folder.display());
        let mut fixtures = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(problem)? {
            let path = entry.map_err(problem)?.path();
            let name = path.file_stem().and_then(std::ffi::OsStr::to_str);
            if let (Some(name), Some("yaml")) =
                (name, path.extension().and_then(|end| end.to_str()))
            {
                let known = BUILT_IN.iter().find(|(known, ..)| *known == name);
                fixtures.push(Self {
                    template: std::fs::read_to_string(&path).map_err(problem)?.into(),
                    wears_out: known.is_some_and(|(.., wears_out)| *wears_out),
                    name: name.to_owned().into(),
                });
            }
        }
        fixtures.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(fixtures)
    }

    /// Whether its template asks where the HTTP backend is.
    pub fn wants_backend(&self) -> bool {
        self.template.contains(&format!("\n  {BACKEND_PARAMETER}:"))
    }
}
