//! The documentation names every setting, metric and file there is, and none that there is not.

mod files;
mod pages;
mod recipes;

use std::collections::BTreeSet;
use std::fs;

use files::{below, read, root};
use pages::{first_column, pages, words};

/// The code begins each metric with its name: `text.gauge("charts", …)`.
#[test]
fn the_page_on_operating_has_every_metric() {
    let source = below("src/serve", "/metrics.rs");
    let [source] = source.as_slice() else {
        panic!("the metrics are written in one metrics.rs, not in {source:?}");
    };
    let source = read(source);
    let calls = [
        "text.head(",
        "text.gauge(",
        "text.truth(",
        "text.time(",
        "text.by_source(",
    ];
    let in_code: BTreeSet<String> = calls
        .iter()
        .flat_map(|call| source.split(call).skip(1))
        .filter_map(|arguments| arguments.trim_start().strip_prefix('"')?.split('"').next())
        .map(|name| format!("portolan_{name}"))
        .collect();
    let on_the_page: BTreeSet<String> = words(&read("docs/operating.md"))
        .filter(|word| word.starts_with("portolan_"))
        .map(str::to_owned)
        .collect();
    assert_eq!(on_the_page, in_code);
}

/// GitHub's anchor of a heading.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in pages() {
        let text = read(&page);
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => root().join(&page),
                file => root().join(&page).parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link} is not there", page.display());
            if !heading.is_empty() {
                let found = fs::read_to_string(&target).unwrap();
                let mut headings = found.lines().filter(|line| line.starts_with('#'));
                assert!(
                    headings.any(|line| anchor(line) == heading),
                    "{}: {link} has no such heading",
                    page.display()
                );
            }
        }
    }
}

/// Who decides in a minute reads no more than this; the rest stands in `docs/`.
#[test]
fn the_readme_is_short_and_leads_to_every_page() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(lines <= 120, "README.md has {lines} lines, 120 at most");
    for page in below("docs", ".md") {
        let link = format!("]({}", page.display());
        assert!(
            readme.contains(&link),
            "README.md has no link to {}",
            page.display()
        );
    }
}

/// Commands that are copied one after the other name the repository alike.
#[test]
fn one_alias_everywhere() {
    for page in pages()
        .into_iter()
        .chain(["scripts/dev".into(), "src/serve/home.rs".into()])
    {
        for command in read(&page).split("helm repo add ").skip(1) {
            let alias = command.split_whitespace().next().unwrap();
            assert!(
                ["charts", "…", "`"]
                    .iter()
                    .any(|allowed| alias.starts_with(allowed)),
                "{}: `helm repo add {alias}`",
                page.display()
            );
        }
    }
}

/// The cells of every table row of a page.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    page.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("|--"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// The test of this name in a source, with its comment: from the blank line or the bracket before it to the bracket that ends it.
fn test_in<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = text
        .find(&format!("fn {name}("))
        .or_else(|| text.find(&format!("test(\"{name}\"")))?;
    let (before, after) = text.split_at(at);
    let line = before.lines().next_back().unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    let start = before.rfind("\n\n").max(before.rfind("{\n")).unwrap_or(0);
    let end = after.find(&format!("\n{}}}", " ".repeat(indent)));
    text.get(start..end.map_or(text.len(), |end| at + end))
}

/// What `SECURITY.md` says is tested, is tested: the last cell of each row names a test, and where the first holds ids of
/// vulnerabilities, that test or its comment names them too.
#[test]
fn every_threat_and_precedent_has_its_test() {
    let sources: Vec<String> = [
        ("src", ".rs"),
        ("tests/structure", ".rs"),
        ("wasm-tests", ".mjs"),
        ("helm-tests", ".mjs"),
    ]
    .iter()
    .flat_map(|(folder, ending)| below(folder, ending))
    .map(read)
    .collect();
    let page = read("SECURITY.md");
    let (tested, others) = page.split_once("These do not apply").unwrap();
    let mut named = 0;
    for row in rows(tested) {
        let tests: Vec<&str> = row
            .last()
            .map(|cell| cell.split('`').skip(1).step_by(2).collect())
            .unwrap_or_default();
        let here = |test: &str| {
            let found = sources.iter().filter_map(|text| test_in(text, test));
            found.collect::<Vec<_>>()
        };
        for test in &tests {
            named += 1;
            assert!(
                !here(test).is_empty(),
                "SECURITY.md names a test that is not there: {test}"
            );
        }
        for id in row[0]
            .split(", ")
            .filter(|id| is_id(id) && !tests.is_empty())
        {
            let named = |test: &&str| here(test).iter().any(|text| text.contains(id));
            assert!(tests.iter().any(named), "{id}: none of {tests:?} names it");
        }
    }
    assert!(named > 30, "the tables of SECURITY.md were not found");
    for row in rows(others).filter(|row| is_id(row[0])) {
        assert!(!row[2].is_empty(), "{}: say why it does not apply", row[0]);
    }
    // And the other way round: an id in the code is on the page.
    for id in sources.iter().flat_map(|text| ids(text)) {
        assert!(
            page.contains(id),
            "{id} is named by the code: give it a row in SECURITY.md"
        );
    }
}

fn is_id(text: &str) -> bool {
    text.starts_with("CVE-") || text.starts_with("GHSA-")
}

/// The ids of vulnerabilities in a text.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    text.split(ends)
        .filter(|word| word.starts_with("CVE-") || word.starts_with("GHSA-"))
}

/// The page on the architecture names files and functions, so that each question is answered in two hops; they are there.
#[test]
fn the_architecture_names_what_is_there() {
    let page = read("docs/architecture.md");
    let mut functions = 0;
    for code in page.split('`').skip(1).step_by(2) {
        if [
            "src/",
            "tests/",
            "scripts/",
            "helm-tests/",
            "wasm-tests/",
            "docs/",
        ]
        .iter()
        .any(|folder| code.starts_with(folder))
        {
            assert!(
                root().join(code).exists(),
                "docs/architecture.md: {code} is not there: it was moved, or renamed"
            );
        }
    }
    // "`src/…/x.rs`, `name`": the name is defined in the file.
    for (before, after) in page.match_indices("`, `").map(|(at, _)| page.split_at(at)) {
        let file = before.rsplit('`').next().unwrap();
        let name = after.split('`').nth(2).unwrap();
        if !file.starts_with("src/") || name.contains('/') {
            continue;
        }
        let text = read(file);
        let kinds = ["fn", "struct", "enum", "trait", "const", "type"];
        assert!(
            kinds
                .iter()
                .any(|kind| text.contains(&format!("{kind} {name}"))),
            "docs/architecture.md: {file} has no {name}"
        );
        functions += 1;
    }
    assert!(functions >= 15, "the answers were not found");
}

#[test]
fn the_architecture_has_every_table() {
    let schema = read("src/catalog/rows/schema.rs");
    let tables: BTreeSet<String> = schema
        .split("CREATE TABLE IF NOT EXISTS ")
        .skip(1)
        .filter_map(|rest| words(rest).next())
        .filter(|table| *table != "schema")
        .map(str::to_owned)
        .collect();
    assert_eq!(first_column(&read("docs/architecture.md"), "table"), tables);
}
