//! The pages that people read, for tests that compare them with the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::files::{below, root};

/// The pages that people read.
pub(crate) fn pages() -> Vec<PathBuf> {
    let at_the_top = fs::read_dir(root()).into_iter().flatten().flatten();
    let mut pages: Vec<PathBuf> = at_the_top
        .map(|entry| PathBuf::from(entry.file_name()))
        .filter(|name| name.extension().is_some_and(|ending| ending == "md"))
        .collect();
    pages.extend(below("docs", ".md"));
    pages
}

/// The words of a text that could name settings or metrics: letters, digits and underscores.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
}

/// The names in the first column of a page's first table with this heading.
pub(crate) fn first_column(page: &str, heading: &str) -> BTreeSet<String> {
    page.lines()
        .skip_while(|line| !line.starts_with(&format!("| {heading} |")))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect()
}
