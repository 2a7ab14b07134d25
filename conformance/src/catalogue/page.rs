use spec::requirement::{Basis, PAGES};

use super::prose::{blocks, escaped, line, source};
use super::{Catalogue, Covering, Entry};
use crate::report::COLOURS;
use crate::verdict::Verdict;

/// The page around the content: style and script are in it, and without a script it is a document.
const PAGE: &str = include_str!("page.html");
/// Every verdict with its sign, as the report's page has them.
const SIGNS: [(Verdict, &str); 5] = [
    (Verdict::Pass, "✓"),
    (Verdict::Fail, "✗"),
    (Verdict::Informational, "≈"),
    (Verdict::Unsupported, "–"),
    (Verdict::Error, "!"),
];
const BASES: [(Basis, &str); 3] = [
    (Basis::Documented, "AWS says so"),
    (Basis::Observed, "somebody published what AWS did"),
    (Basis::Assumed, "reasoned, not known; never fails a target"),
];

pub(super) fn html(catalogue: &Catalogue) -> String {
    let content = [
        ("{{COLOURS}}", COLOURS.to_owned()),
        ("{{VERSION}}", escaped(env!("CARGO_PKG_VERSION"))),
        ("{{REQUIREMENTS}}", catalogue.entries.len().to_string()),
        ("{{CASES}}", catalogue.cases().count().to_string()),
        ("{{BASES}}", bases(catalogue)),
        ("{{TARGETS}}", targets(catalogue)),
        ("{{AREAS}}", areas(catalogue)),
        (
            "{{AREA_OPTIONS}}",
            PAGES.map(|(area, _)| format!("<option>{area}")).concat(),
        ),
        ("{{TARGET_OPTIONS}}", target_options(catalogue)),
        (
            "{{CONTENT}}",
            PAGES
                .map(|(area, page)| section(catalogue, area, page))
                .concat(),
        ),
    ];
    // One pass: what is filled in may look like a hole.
    let mut parts = PAGE.split("{{");
    let mut html = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or(("", part));
        let hole = format!("{{{{{name}}}}}");
        let filled = content.iter().find(|(known, _)| *known == hole);
        html.push_str(filled.map_or("", |(_, text)| text));
        html.push_str(rest);
    }
    html
}

fn bases(catalogue: &Catalogue) -> String {
    let count = |basis| {
        catalogue
            .entries
            .iter()
            .filter(|entry| entry.requirement.basis == basis)
            .count()
    };
    BASES
        .map(|(basis, meaning)| {
            format!(
                "<li class={basis}><strong>{}</strong> <b>{basis}</b> {meaning}",
                count(basis)
            )
        })
        .concat()
}

/// Targets by verdicts: how many of the kit's cases.
fn targets(catalogue: &Catalogue) -> String {
    let cases: Vec<&Covering> = catalogue.cases().collect();
    let mut rows = String::new();
    for (index, target) in catalogue.targets.iter().enumerate() {
        let verdicts = cases
            .iter()
            .map(|case| case.found.get(index)?.as_ref())
            .map(|found| found.map(|found| found.verdict));
        let verdicts: Vec<Option<Verdict>> = verdicts.collect();
        let count = |verdict| verdicts.iter().filter(|one| **one == verdict).count();
        let cells = SIGNS.map(|(verdict, _)| {
            format!(
                "<td class={verdict} data-name={verdict}>{}",
                count(Some(verdict))
            )
        });
        rows.push_str(&format!(
            r#"<tr><th scope=row>{}<small>{}</small>{}<td data-name="not run">{}"#,
            escaped(&target.title),
            line(&target.about),
            cells.concat(),
            count(None),
        ));
    }
    let nothing = SIGNS
        .map(|(verdict, _)| format!("<td data-name={verdict}>0"))
        .concat();
    format!(
        r#"{rows}<tr><th scope=row>AWS<small>nobody has run the cases on AWS yet: docs/aws.md says how</small>{nothing}<td data-name="not run">{}"#,
        cases.len()
    )
}

fn areas(catalogue: &Catalogue) -> String {
    PAGES
        .map(|(area, _)| {
            let count = catalogue
                .entries
                .iter()
                .filter(|entry| entry.requirement.area == area)
                .count();
            format!("<li><a href=#{area}>{area}</a> <span>{count}</span>")
        })
        .concat()
}

fn target_options(catalogue: &Catalogue) -> String {
    let option = |(index, target): (usize, &super::Known)| {
        format!("<option value={index}>{}", escaped(&target.title))
    };
    catalogue.targets.iter().enumerate().map(option).collect()
}

/// An area: what its page says first, then its requirements.
fn section(catalogue: &Catalogue, area: &str, page: &str) -> String {
    let (head, _) = page.split_once("\n## ").unwrap_or((page, ""));
    let (title, intro) = head.split_once('\n').unwrap_or((head, ""));
    let entries = catalogue
        .entries
        .iter()
        .filter(|entry| entry.requirement.area == area);
    format!(
        "<section id={area} data-area={area}><h2>{}</h2><div class=intro>{}</div>\n{}</section>\n",
        escaped(title.trim_start_matches('#').trim()),
        blocks(intro),
        entries
            .map(|entry| article(catalogue, entry))
            .collect::<String>()
    )
}

fn article(catalogue: &Catalogue, entry: &Entry) -> String {
    let requirement = &entry.requirement;
    let (id, basis) = (requirement.id, requirement.basis);
    let sources = requirement
        .sources()
        .map(|text| format!("<li>{}", source(text)));
    let code = match (entry.code.is_empty(), entry.no_code) {
        (false, _) => entry
            .code
            .iter()
            .map(|file| format!("<code>{}</code>", escaped(file)))
            .collect::<Vec<_>>()
            .join(" "),
        (true, Some(reason)) => format!("none: {}", line(reason)),
        (true, None) => "none".to_owned(),
    };
    format!(
        "<article id={id} data-basis={basis} data-verdicts=\"{}\"><h3><a href=#{id}>{id}</a> {}</h3><p class=\"basis {basis}\">{basis}</p>\n\
         <div class=text>{}</div><ul class=standing>{}</ul>\n\
         <div class=sources><h4>Sources, read {}</h4><ul>{}</ul><p class=code>Code: {code}</p></div>{}</article>\n",
        verdicts(catalogue, entry),
        line(requirement.title),
        blocks(requirement.statement),
        standings(catalogue, entry),
        requirement.read(),
        sources.collect::<String>(),
        cases(catalogue, entry),
    )
}

/// For the filters: `0pass 2fail`, target and verdict.
fn verdicts(catalogue: &Catalogue, entry: &Entry) -> String {
    let mut words = Vec::new();
    for index in 0..catalogue.targets.len() {
        let found: Vec<_> = entry
            .cases
            .iter()
            .filter_map(|case| case.found.get(index)?.as_ref())
            .collect();
        for (verdict, _) in SIGNS {
            if found.iter().any(|found| found.verdict == verdict) {
                words.push(format!("{index}{verdict}"));
            }
        }
        if found.len() < entry.cases.len() || entry.cases.is_empty() {
            words.push(format!("{index}not-run"));
        }
    }
    words.join(" ")
}

fn standings(catalogue: &Catalogue, entry: &Entry) -> String {
    let standing = |(index, target): (usize, &super::Known)| {
        let standing = entry.standing(index);
        let (class, sign) = standing
            .verdict()
            .map_or(("none".to_owned(), "·"), |verdict| {
                (verdict.to_string(), sign(verdict))
            });
        format!(
            "<li>{} <b class={class}>{sign} {standing}</b>",
            escaped(&target.name)
        )
    };
    catalogue.targets.iter().enumerate().map(standing).collect()
}

/// The cases, folded; or why there is none.
fn cases(catalogue: &Catalogue, entry: &Entry) -> String {
    let count = match entry.cases.len() {
        0 => {
            let reason = entry
                .no_case
                .map_or(String::new(), |reason| format!(": {}", line(reason)));
            return format!("<p class=nocase>No case{reason}</p>");
        }
        1 => "1 case".to_owned(),
        more => format!("{more} cases"),
    };
    let items = entry.cases.iter().map(|case| {
        let said = groups(catalogue, case);
        format!(
            "<li><code>{}</code> {}<ul>{said}</ul>",
            escaped(&case.id),
            line(&case.why)
        )
    });
    format!(
        "<details><summary>{count}<span class=hidden> of {}</span></summary><ol>{}</ol></details>",
        entry.requirement.id,
        items.collect::<String>()
    )
}

/// The verdicts of a case, targets with the same one together.
fn groups(catalogue: &Catalogue, case: &Covering) -> String {
    let mut groups: Vec<(Option<&super::Found>, Vec<String>)> = Vec::new();
    for (index, target) in catalogue.targets.iter().enumerate() {
        let found = case.found.get(index).and_then(Option::as_ref);
        let name = escaped(&target.name);
        match groups.iter_mut().find(|(known, _)| *known == found) {
            Some((_, names)) => names.push(name),
            None => groups.push((found, vec![name])),
        }
    }
    let group = |(found, names): &(Option<&super::Found>, Vec<String>)| {
        let names = names.join(", ");
        match found {
            None => format!("<li>· {names}: not run"),
            Some(found) => {
                let note = if found.note.is_empty() {
                    String::new()
                } else {
                    format!(": {}", line(&found.note))
                };
                let (sign, verdict) = (sign(found.verdict), found.verdict);
                format!("<li><b class={verdict}>{sign} {verdict}</b> {names}{note}")
            }
        }
    };
    groups.iter().map(group).collect()
}

fn sign(verdict: Verdict) -> &'static str {
    SIGNS
        .iter()
        .find(|(known, _)| *known == verdict)
        .map_or("", |(_, sign)| sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_requirement_loads_nothing_and_is_small() {
        let catalogue = Catalogue::built_in().unwrap();
        let page = html(&catalogue);
        for entry in &catalogue.entries {
            let id = entry.requirement.id;
            assert_eq!(
                page.matches(&format!("<article id={id} ")).count(),
                1,
                "{id}"
            );
        }
        assert!(!page.contains("{{"), "a hole is left");
        for loads in [" src=", "url(", "@import", "<link"] {
            assert!(!page.contains(loads), "{loads}");
        }
        assert!(page.len() < 1_000_000, "{} bytes", page.len());
    }
}
