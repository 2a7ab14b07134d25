//! The files of the page, as they are: nothing builds them.

/// A file of the page.
pub(crate) struct File {
    /// Its content type.
    pub(crate) kind: &'static str,
    /// What is in it.
    pub(crate) text: &'static str,
}

/// The files by their paths below the page's address.
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("page/", $name)))),+]
    };
}

const FILES: &[(&str, &str)] = files![
    "index.html",
    "icon.svg",
    "base.css",
    "traffic.css",
    "detail.css",
    "api.js",
    "call.js",
    "clock.js",
    "compose.js",
    "connections.js",
    "console.js",
    "detail.js",
    "dom.js",
    "format.js",
    "main.js",
    "model.js",
    "parts.js",
    "timeline.js",
    "timing.js",
    "types.js",
];

/// The file at a path below the page's address, which ends in `/`.
pub(crate) fn file(path: &str) -> Option<File> {
    let name = match path.strip_prefix('/')? {
        "" => "index.html",
        name => name,
    };
    let (name, text) = FILES.iter().find(|(known, _)| *known == name)?;
    let kind = match name.rsplit('.').next()? {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        _ => "image/svg+xml",
    };
    Some(File { kind, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_page_is_served_and_no_other() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/page");
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("it can be read").file_name());
        let there: BTreeSet<String> = names
            .map(|name| name.into_string().expect("it is text"))
            .collect();
        let served = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(there, served);
        assert!(file("/").is_some_and(|page| page.kind.starts_with("text/html")));
        assert!(file("/main.js").is_some_and(|script| script.kind.starts_with("text/javascript")));
        for path in ["", "main.js", "/../lib.rs", "/nothing.js", "//main.js"] {
            assert!(file(path).is_none(), "{path}");
        }
    }

    // The policy allows no script and no style but files of the page's own.
    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids() {
        for (name, text) in FILES {
            for forbidden in [
                "eval(",
                "innerHTML",
                "style=\"",
                " onclick=\"",
                "javascript:",
            ] {
                assert!(!text.contains(forbidden), "{name} has `{forbidden}`");
            }
            let addresses = text.match_indices("://").filter(|(at, _)| {
                let before = &text[..*at];
                !before.ends_with("ws") && !text[*at..].starts_with("://www.w3.org/2000/svg")
            });
            // `wss?:\/\/` is a pattern, not an address.
            assert_eq!(addresses.count(), 0, "{name} names an address");
        }
    }
}
