//! Paths in other spellings: none opens what the plain one does not.

use proptest::prelude::*;

use super::*;

/// What some parser on the way could take for a slash: encoded, of Windows, of overlong UTF-8, of full width.
const SLASHES: [&str; 9] = [
    "%2f",
    "%2F",
    "%5c",
    "%5C",
    "%252f",
    "%c0%af",
    "%e0%80%af",
    "%ef%bc%8f",
    "%u2215",
];

/// What some parser could take for nothing: steps to and fro, in every spelling of a dot.
const NOTHINGS: [&str; 16] = [
    "/",
    "//",
    "/.",
    "/%2e",
    "/%2E",
    "/public/..",
    "/public/%2e%2e",
    "/public/.%2E",
    "/public/%2e.",
    "/team-a/..",
    "/nowhere/none/../..",
    "/public/..;",
    "/public/%c0%ae%c0%ae",
    "/public/%252e%252e",
    "/%ef%bc%8e",
    "/;",
];

/// What some parser could cut off or pass over, anywhere in a path.
const PASSED_OVER: [&str; 16] = [
    "%00",
    ";",
    ";x=1",
    "%3b",
    "%3f",
    "%23",
    "%20",
    "+",
    "%09",
    "%0a",
    "%0d%0a",
    "%7f",
    "%c2%a0",
    "%e2%80%8b",
    "%fe%ff",
    "%",
];

/// What some parser could pass over at the end.
const ENDS: [&str; 13] = [
    "/", "//", "/.", "/..", "/%2e", "%00", "%00.tgz", ".", "%20", ";", "%2f", "/%2e%2e/", "%3fx",
];

/// One change of a spelling: of which kind, where, and which of the kind.
type Change = (u8, prop::sample::Index, prop::sample::Index);

/// The path with one change.
fn changed(path: &str, (kind, place, which): &Change) -> String {
    let at = place.index(path.len());
    let (before, rest) = path.split_at(at);
    let (one, after) = rest.split_at(1);
    let byte = one.as_bytes()[0];
    let slashes: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
    // After other changes there may be none.
    let slash = slashes.get(place.index(slashes.len().max(1)));
    let (to_slash, from_slash) = path.split_at(slash.copied().unwrap_or(0));
    match kind {
        0 => format!("{before}%{byte:02x}{after}"),
        1 => format!("{before}%{byte:02X}{after}"),
        2 => format!("{before}%25{byte:02x}{after}"),
        3 if one.chars().all(char::is_lowercase) => {
            format!("{before}{}{after}", one.to_uppercase())
        }
        3 => format!("{before}{}{after}", one.to_lowercase()),
        4 => {
            let (_, from_slash) = from_slash.split_at(1);
            format!("{to_slash}{}{from_slash}", which.get(&SLASHES))
        }
        5 | 6 => format!("{to_slash}{}{from_slash}", which.get(&NOTHINGS)),
        7 => format!("{before}{}{rest}", which.get(&PASSED_OVER)),
        _ => format!("{path}{}", which.get(&ENDS)),
    }
}

/// Whether anything but "not found" and "not so" is told. That a name is none is told of the path alone, before anything is looked at.
fn opens(outcome: &Outcome) -> bool {
    let no_name = outcome.status == 400 && outcome.effort == [0; 4];
    !outcome.refused && !no_name && !matches!(outcome.status, 404 | 405)
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let index = any::<prop::sample::Index>;
    // Never a byte of more than one character: paths are ASCII all along.
    prop::collection::vec((0..9_u8, index(), index()), 1..4)
}

#[test]
fn no_spelling_opens_what_the_plain_one_does_not() {
    let signer = Signer::ed25519("a");
    let (world, digests) = world(&signer);
    let lines = lines(&digests);
    let columns = columns(&signer);
    let mut plain: Vec<Option<Vec<Outcome>>> = vec![None; lines.len()];
    let (mut opened, mut refused) = (0, 0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1500));
    let plain = std::cell::RefCell::new(&mut plain);
    let counts = std::cell::RefCell::new((&mut opened, &mut refused));
    let spelled = (any::<prop::sample::Index>(), changes());
    let result = runner.run(&spelled, |(line, changes)| {
        let line = line.index(lines.len());
        let (method, _, path) = &lines[line];
        let (bare, query) = path
            .split_once('?')
            .map_or((path.as_str(), String::new()), |(bare, query)| {
                (bare, format!("?{query}"))
            });
        let spelling = changes
            .iter()
            .fold(bare.to_owned(), |path, change| changed(&path, change));
        let spelling = format!("{spelling}{query}");
        // What is no URL is sent nowhere (`edge::event`).
        prop_assume!(spelling.starts_with('/') && spelling.parse::<http::Uri>().is_ok());
        let mut plain = plain.borrow_mut();
        let expected = plain[line].get_or_insert_with(|| {
            let all = columns.iter();
            all.map(|(_, proofs)| send(&world, method, path, &proofs[0]))
                .collect()
        });
        for ((name, proofs), expected) in columns.iter().zip(expected.iter()) {
            let told = send(&world, method, &spelling, &proofs[0]);
            let place = format!("{name}: {method} {spelling} for {path}");
            if opens(&told) {
                *counts.borrow_mut().0 += 1;
                prop_assert!(opens(expected), "{} opens it", place);
                prop_assert_eq!(told.status, expected.status, "{}", place);
                // Those two tell what was asked before.
                if method == "GET" && !matches!(path.as_str(), "/info" | "/metrics") {
                    prop_assert_eq!(&told.shown, &expected.shown, "{}", place);
                }
            }
            if expected.refused {
                *counts.borrow_mut().1 += 1;
                prop_assert_eq!(told.effort, [0; 4], "{} has something looked up", place);
            }
        }
        Ok(())
    });
    result.unwrap();
    // Some spellings are the plain one's, or this shows nothing.
    assert!(
        opened > 100 && refused > 1500,
        "{opened} opened, {refused} refused"
    );
}
