//! The names of Lambda's runtimes, for what is hardly one.

use velocity::suggest::nearest;

/// Those that functions may still be created or updated with, and those before them.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>
const NAMES: [&str; 37] = [
    "dotnet10",
    "dotnet6",
    "dotnet8",
    "dotnet9",
    "dotnetcore3.1",
    "go1.x",
    "java11",
    "java17",
    "java21",
    "java25",
    "java8",
    "java8.al2",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "provided",
    "provided.al2",
    "provided.al2023",
    "python2.7",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
];

/// The runtime that was meant by a name that is none: the nearest of the same version.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    let digits = |name: &str| -> String { name.chars().filter(char::is_ascii_digit).collect() };
    let version = digits(name);
    let of_version = NAMES.into_iter().filter(|known| digits(known) == version);
    let is_one = NAMES.contains(&name);
    nearest(name, of_version).filter(|_| !is_one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("nodejs20", Some("nodejs20.x"))]
    #[case("node22.x", Some("nodejs22.x"))]
    #[case("python312", Some("python3.12"))]
    #[case("Python3.12", Some("python3.12"))]
    #[case("provided.al203", None)]
    #[case("nodejs20.x", None)]
    #[case("nodejs26.x", None)]
    #[case("cobol", None)]
    #[case("", None)]
    fn a_runtime_is_suggested_for_its_own_version_only(
        #[case] name: &str,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(meant(name), expected);
    }

    #[test]
    fn names_are_sorted() {
        assert!(NAMES.is_sorted());
    }
}
