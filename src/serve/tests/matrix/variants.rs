//! Whether each route has a line in the matrix.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

/// A new route is a new variant somewhere in `route`: without a line in the table it fails here.
#[test]
fn every_route_has_a_line() {
    let mut sources = vec![Path::new("src/serve/route.rs").to_owned()];
    let files = fs::read_dir("src/serve/route").unwrap();
    sources.extend(files.map(|file| file.unwrap().path()));
    let mut declared = BTreeSet::new();
    for file in sources.iter().filter(|file| !file.ends_with("tests.rs")) {
        let parsed = fs::read_to_string(file).unwrap();
        declared.extend(variants(&parsed));
    }
    let (_, digests) = world(&Signer::ed25519("a"));
    let mut seen = BTreeSet::new();
    for (method, _, path) in lines(&digests) {
        let (bare, query) = path.split_once('?').unzip();
        let route = Route::of(&method.parse().unwrap(), bare.unwrap_or(&path)).unwrap();
        let text = format!("{:?}", route.asked(query));
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        seen.extend(
            words
                .filter(|word| word.starts_with(char::is_uppercase))
                .map(str::to_owned),
        );
    }
    let without: Vec<_> = declared.difference(&seen).collect();
    assert!(declared.len() > 15, "{declared:?}");
    assert_eq!(
        without, [""; 0],
        "these routes have no line in the access matrix"
    );
}

/// The variants of the enums in a source.
fn variants(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in source.lines() {
        if line.contains(" enum ") {
            inside = true;
        } else if line == "}" {
            inside = false;
        } else if inside && line.starts_with("    ") && !line.starts_with("     ") {
            let name: String = line
                .trim()
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            if name.starts_with(char::is_uppercase) {
                found.insert(name);
            }
        }
    }
    found
}
