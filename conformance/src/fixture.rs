//! Stacks that cases run on instead of the pattern's: `conformance/fixtures/*.yaml`, each for what the pattern has not. Their functions
//! are the [probe](crate::probe), all of them; the parameter `BackendUrl`, where there is one, is the probe's address as an HTTP backend.

/// A stack of the kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// Its name in a case.
    pub name: &'static str,
    /// Its SAM template.
    pub template: &'static str,
    /// Whether a case leaves traces that the next one would notice: then each gets a stack of its own where that can be had.
    pub wears_out: bool,
}

/// The parameter that tells a fixture's template where its HTTP backend is.
pub const BACKEND_PARAMETER: &str = "BackendUrl";
/// The folder beside a fixture's template that the probe's executable is in, as its `CodeUri` says.
pub const PROBE_FOLDER: &str = "probe";

const ALL: [Fixture; 3] = [
    Fixture::new("models", include_str!("../fixtures/models.yaml")),
    Fixture::new("probe", include_str!("../fixtures/probe.yaml")),
    Fixture {
        wears_out: true,
        ..Fixture::new("throttling", include_str!("../fixtures/throttling.yaml"))
    },
];

impl Fixture {
    const fn new(name: &'static str, template: &'static str) -> Self {
        Self {
            name,
            template,
            wears_out: false,
        }
    }

    /// The fixture of a name.
    pub fn find(name: &str) -> Option<Self> {
        ALL.into_iter().find(|fixture| fixture.name == name)
    }

    /// Whether its template asks where the HTTP backend is.
    pub fn wants_backend(self) -> bool {
        self.template.contains(&format!("\n  {BACKEND_PARAMETER}:"))
    }
}
