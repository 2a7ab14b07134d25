//! Stacks that cases run on instead of the pattern's: `conformance/fixtures/*.yaml`, each for what
//! the pattern lacks. Their functions are the [probe](crate::probe), all of them; the parameter
//! `BackendUrl`, where there is one, is the probe's address as an HTTP backend.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::case::Case;

/// A stack for cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// Its name in a case.
    pub name: Cow<'static, str>,
    /// Its SAM template.
    pub template: Cow<'static, str>,
    /// Whether a case leaves traces that the next one would notice: then each gets a stack of its
    /// own where that can be had.
    pub wears_out: bool,
}

/// A folder of fixtures that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the fixtures of `{}`", .0.display())]
pub struct Unreadable(PathBuf, #[source] std::io::Error);

/// The parameter that tells a fixture's template where its HTTP backend is.
pub(crate) const BACKEND_PARAMETER: &str = "BackendUrl";
/// The folder beside a fixture's template that the probe's executable is in, as its `CodeUri` says.
pub(crate) const PROBE_FOLDER: &str = "probe";

/// The services that the integrations of the fixture `services` call.
const SERVICES: [&str; 3] = ["sns", "sqs", "states"];

/// Whether a case leaves traces that the next one on the same gateway would notice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wear {
    /// It does not.
    None,
    /// Such as a bucket that is empty after a case.
    Out,
}

macro_rules! fixtures {
    ($($name:literal $($wear:ident)?),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../fixtures/", $name, ".yaml")),
            [$(Wear::$wear,)? Wear::None][0],
        )),*]
    };
}

/// The kit's own: name, template, wear.
const BUILT_IN: [(&str, &str, Wear); 21] = fixtures![
    "access-log",
    "api-keys" Out,
    "api-keys-of-the-authorizer",
    "connect",
    "default",
    "domains",
    "dynamodb",
    "http",
    "mapping",
    "models",
    "permissions",
    "probe",
    "responses",
    "selection",
    "services",
    "signed",
    "signed-events",
    "sources",
    "templates",
    "throttling" Out,
    "undeployed",
];

/// The fixture that a case runs on, if it is not the stack that is checked.
pub(crate) fn of_case<'a>(case: &Case, fixtures: &'a [Fixture]) -> Option<&'a Fixture> {
    let name = case.fixture.as_ref()?;
    fixtures.iter().find(|fixture| fixture.name == *name)
}

/// Whether a template's stage has an access log.
pub(crate) fn has_access_log(template: &str) -> bool {
    template.contains("AccessLogSettings")
}

impl Fixture {
    /// The kit's own.
    pub fn built_in() -> Vec<Self> {
        let own = BUILT_IN.iter();
        own.map(|(name, template, _)| Self::new((*name).into(), (*template).into()))
            .collect()
    }

    /// Those of a folder, `{name}.yaml` each. One that has the name of a built-in fixture wears out
    /// as that does.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn of_folder(folder: &Path) -> Result<Vec<Self>, Unreadable> {
        let problem = |error| Unreadable(folder.to_owned(), error);
        let mut fixtures = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(problem)? {
            let path = entry.map_err(problem)?.path();
            let name = path.file_stem().and_then(OsStr::to_str);
            if let (Some(name), Some("yaml")) = (name, path.extension().and_then(OsStr::to_str)) {
                let template = std::fs::read_to_string(&path).map_err(problem)?;
                fixtures.push(Self::new(name.to_owned().into(), template.into()));
            }
        }
        fixtures.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(fixtures)
    }

    fn new(name: Cow<'static, str>, template: Cow<'static, str>) -> Self {
        Self {
            wears_out: BUILT_IN
                .iter()
                .any(|(own, _, wear)| *own == name && *wear == Wear::Out),
            name,
            template,
        }
    }

    /// Whether its callers sign, those of `@connections` too, and the gateway must know them
    /// ([`crate::sign::callers`]).
    pub(crate) fn is_signed(&self) -> bool {
        self.name == "signed"
    }

    /// Whether its stage has an access log.
    pub(crate) fn has_access_log(&self) -> bool {
        has_access_log(&self.template)
    }

    /// The AWS services that its integrations call and that the kit plays, as an HTTP backend.
    pub(crate) fn services(&self) -> &'static [&'static str] {
        match &*self.name {
            "services" => &SERVICES,
            _ => &[],
        }
    }

    /// Whether its template asks where the HTTP backend is.
    pub(crate) fn wants_backend(&self) -> bool {
        self.template.contains(&format!("\n  {BACKEND_PARAMETER}:"))
    }
}
