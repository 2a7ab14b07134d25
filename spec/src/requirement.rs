//! The requirements of `spec/requirements/`: facts in prose, each with its id, its source and how
//! sure it is. Code and cases cite them by id; [`registry`] is the list to check the citations
//! against.

use std::fmt;
use std::sync::LazyLock;

/// One checkable statement of how API Gateway behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The area's stem, such as `handshake`.
    pub area: &'static str,
    /// Such as `HANDSHAKE-3`.
    pub id: &'static str,
    /// The heading, without the id.
    pub title: &'static str,
    /// The prose under the heading.
    pub statement: &'static str,
    /// How sure it is.
    pub basis: Basis,
    /// Why no case can see it from outside; `None` when one can.
    pub unobservable: Option<&'static str>,
    metadata: &'static str,
}

/// How sure a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// AWS says so.
    Documented,
    /// Somebody published what AWS did.
    Observed,
    /// Reasoned from something else. It never fails a target.
    Assumed,
}

/// A page that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("spec/requirements/{area}.md, `{heading}`: {problem}")]
pub struct InvalidPage {
    /// The page.
    pub area: String,
    /// The requirement's heading.
    pub heading: String,
    /// What is wrong.
    pub problem: &'static str,
}

/// The areas in the order of the house, with their pages.
pub const PAGES: [(&str, &str); 9] = [
    ("handshake", include_str!("../requirements/handshake.md")),
    ("route", include_str!("../requirements/route.md")),
    ("authorizer", include_str!("../requirements/authorizer.md")),
    ("event", include_str!("../requirements/event.md")),
    ("template", include_str!("../requirements/template.md")),
    (
        "integration",
        include_str!("../requirements/integration.md"),
    ),
    ("management", include_str!("../requirements/management.md")),
    ("lifecycle", include_str!("../requirements/lifecycle.md")),
    ("limits", include_str!("../requirements/limits.md")),
];

/// All requirements, page by page. What cannot be read is left out here and named by [`check`],
/// which a test calls.
pub fn registry() -> &'static [Requirement] {
    // The pages are read once: the kit looks up thousands of requirements.
    static REGISTRY: LazyLock<Vec<Requirement>> = LazyLock::new(|| {
        PAGES
            .iter()
            .flat_map(|(area, page)| parse(area, page))
            .filter_map(Result::ok)
            .collect()
    });
    &REGISTRY
}

/// The requirement with this id.
pub fn find(id: &str) -> Option<Requirement> {
    registry()
        .iter()
        .copied()
        .find(|requirement| requirement.id == id)
}

/// Reads every page.
///
/// # Errors
/// The first requirement that does not follow the format, which `spec/requirements/README.md`
/// describes.
pub fn check() -> Result<(), InvalidPage> {
    PAGES
        .iter()
        .flat_map(|(area, page)| parse(area, page))
        .try_for_each(|requirement| requirement.map(|_| ()))
}

impl Requirement {
    /// The addresses (or descriptions) of the sources.
    pub fn sources(&self) -> impl Iterator<Item = &'static str> {
        values(self.metadata, "source")
            .map(|source| source.trim_start_matches('<').trim_end_matches('>'))
    }

    /// The date on which the sources were read.
    pub fn read(&self) -> &'static str {
        values(self.metadata, "read").next().unwrap_or_default()
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        })
    }
}

fn parse(
    area: &'static str,
    page: &'static str,
) -> impl Iterator<Item = Result<Requirement, InvalidPage>> {
    page.split("\n## ")
        .skip(1)
        .enumerate()
        .map(move |(index, section)| {
            let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
            let error = |problem| InvalidPage {
                area: area.to_owned(),
                heading: heading.to_owned(),
                problem,
            };
            let (id, title) = heading
                .split_once(": ")
                .ok_or_else(|| error("the heading must be `AREA-N: title`"))?;
            if id != format!("{}-{}", area.to_ascii_uppercase(), index + 1) {
                return Err(error("ids count from 1 without gaps"));
            }
            let (statement, metadata) = rest
                .split_once("\n- basis:")
                .map(|(statement, _)| (statement, &rest[statement.len() + 1..]))
                .ok_or_else(|| error("there is no `- basis:` line"))?;
            let basis = match values(metadata, "basis").next() {
                Some("documented") => Basis::Documented,
                Some("observed") => Basis::Observed,
                Some("assumed") => Basis::Assumed,
                _ => return Err(error("`basis` must be documented, observed or assumed")),
            };
            if values(metadata, "source").next().is_none()
                || values(metadata, "read").next().is_none()
            {
                return Err(error("`source` or `read` is missing"));
            }
            let unobservable = match values(metadata, "observable").next() {
                Some("yes") => None,
                Some(text) => Some(
                    text.strip_prefix("no, ")
                        .ok_or_else(|| error("`observable` must be `yes` or `no, REASON`"))?,
                ),
                None => return Err(error("`observable` is missing")),
            };
            if statement.trim().is_empty() {
                return Err(error("there is no statement"));
            }
            Ok(Requirement {
                area,
                id,
                title,
                statement: statement.trim(),
                basis,
                unobservable,
                metadata,
            })
        })
}

fn values<'a>(metadata: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    metadata.lines().filter_map(move |line| {
        let value = line.strip_prefix("- ")?.strip_prefix(key)?;
        Some(value.strip_prefix(':')?.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_can_be_read() {
        assert_eq!(check(), Ok(()));
    }

    #[test]
    fn every_source_is_an_address_or_says_why_not() {
        for requirement in registry() {
            for source in requirement.sources() {
                let is_known = source.starts_with("https://")
                    || source.contains("(search for `")
                    || source.contains("PyPI");
                let is_guess = source.contains("was not kept") || source.contains("were not kept");
                assert!(
                    is_known || (is_guess && requirement.basis == Basis::Assumed),
                    "{}: {source}",
                    requirement.id
                );
            }
            assert_eq!(requirement.read().len(), 10, "{}", requirement.id);
        }
    }

    #[test]
    fn a_requirement_is_found_by_its_id() {
        let first = find("HANDSHAKE-1").unwrap();
        assert_eq!((first.area, first.id), ("handshake", "HANDSHAKE-1"));
        assert_eq!(find("HANDSHAKE-0"), None);
    }
}
