//! Versions of interpreters, and which of them can be used.

use std::fmt;
use std::io;
use std::path::Path;

use super::Missing;

/// A version, as Node says it: `v20.20.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(super) major: u32,
    minor: u32,
    patch: u32,
}

/// The oldest Node that the bootstrap runs on.
const OLDEST: u32 = 20;

/// The version of a Node that said this of itself.
///
/// # Errors
/// It cannot be used.
pub(super) fn accept_node(program: &Path, said: io::Result<String>) -> Result<Version, Missing> {
    let missing = |problem: String| Missing::Interpreter {
        program: program.to_owned(),
        problem,
        help: format!(
            "install Node {OLDEST} or newer, so that `node` is on `PATH`, or name one with \
             `--node PATH`"
        ),
    };
    let said = said.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing("there is no such program".to_owned()),
        _ => missing(error.to_string()),
    })?;
    let version: Version = said
        .parse()
        .map_err(|()| missing(format!("it is no Node: its version is `{said}`")))?;
    match version.major >= OLDEST {
        true => Ok(version),
        false => Err(missing(format!("it is Node {version}, which is too old"))),
    }
}

impl Version {
    pub(super) const fn of(major: u32, minor: u32) -> Self {
        Self {
            major,
            minor,
            patch: 0,
        }
    }
}

impl std::str::FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.strip_prefix('v').ok_or(())?;
        let text = text.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = text.split('.').map(|number| number.parse().map_err(drop));
        let mut next = || numbers.next().unwrap_or(Err(()));
        Ok(Self {
            major: next()?,
            minor: next()?,
            patch: next()?,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Ok("v20.20.2"), None)]
    #[case(Ok("v24.0.0-nightly"), None)]
    #[case(
        Ok("v18.20.8"),
        Some("`node` cannot be run: it is Node 18.20.8, which is too old")
    )]
    #[case(
        Ok("Python 3.11.2"),
        Some("it is no Node: its version is `Python 3.11.2`")
    )]
    #[case(Err(io::ErrorKind::NotFound), Some("there is no such program"))]
    fn a_node_is_taken_or_named_with_what_to_do(
        #[case] said: Result<&str, io::ErrorKind>,
        #[case] problem: Option<&str>,
    ) {
        let said = said.map(str::to_owned).map_err(io::Error::from);
        let accepted = accept_node(Path::new("node"), said);
        match (accepted, problem) {
            (Ok(_), None) => {}
            (Err(missing), Some(problem)) => {
                assert!(missing.to_string().ends_with(problem), "{missing}");
                assert!(missing.help().contains("`--node PATH`"));
            }
            (accepted, _) => panic!("{accepted:?}"),
        }
    }

    #[test]
    fn versions_are_in_order() {
        let of = |text: &str| text.parse::<Version>().unwrap();
        assert!(of("v20.9.0") < Version::of(20, 10));
        assert!(of("v22.1.0") > of("v20.20.2"));
        assert_eq!("20.1.0".parse::<Version>(), Err(()));
        assert_eq!("v20.1".parse::<Version>(), Err(()));
    }
}
