//! Equal work: neither what is looked up nor what is computed tells more than the answer does.

use super::*;
use crate::secret::{COMPARED, HASHED};

/// What an answer took: calls to the registry, reads of KV, questions to the catalog, bodies read; the catalog's statements and
/// the steps of its queries (some for each row that is looked at); hashes computed, hashes compared.
fn work(world: &World, method: &str, path: &str, proof: &str) -> (Outcome, [u64; 4]) {
    let counts = || {
        let (statements, rows) = (world.database.statements(), world.database.effort());
        [statements, rows, HASHED.get() as u64, COMPARED.get() as u64]
    };
    let before = counts();
    let outcome = send(world, method, path, proof);
    let after = counts();
    (outcome, std::array::from_fn(|at| after[at] - before[at]))
}

/// The routes about a space, with a method.
fn of_spaces() -> impl Iterator<Item = (&'static str, String)> {
    let routes = ROUTES.iter().filter(|route| route.contains("{space}"));
    routes.map(|route| {
        let (method, path) = route.split_once(' ').unwrap();
        (method, path.replace("{digest}", "0123456789abcdef"))
    })
}

/// An account that is not there, one with a wrong password, a space that is hidden and one that is not there.
#[test]
fn whoever_guesses_costs_the_same() {
    let signer = Signer::ed25519("a");
    let (world, _) = world(&signer);
    let basic = |user: &str, password: &str| {
        format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
    };
    let guesses = [
        basic("nobody", "the-password-of-nobody"),
        basic("reader-a", "the-password-of-nobody"),
        basic("reader-b", "the-password-of-reader-a"),
        basic("helm", "x"),
        basic("anyone", "the-token-that-has-ended"),
    ];
    for (method, path) in of_spaces() {
        let all: Vec<_> = ["team-a", "team-b", "nowhere"]
            .iter()
            .flat_map(|space| {
                guesses
                    .iter()
                    .map(|guess| work(&world, method, &path_in(&path, space), guess))
            })
            .collect();
        for one in &all {
            assert_eq!(one, &all[0], "{method} {path}");
        }
        let (outcome, [statements, rows, hashes, comparisons]) = &all[0];
        assert!(
            outcome.refused && outcome.effort == [0; 4],
            "{method} {path}"
        );
        assert_eq!((*statements, *rows), (0, 0), "{method} {path}");
        // User and password once, and each secret of each account.
        assert_eq!(*hashes, 2, "{method} {path}");
        assert!(*comparisons > 5, "{method} {path}: {comparisons}");
    }
}

#[test]
fn a_hidden_space_costs_what_a_missing_one_does() {
    let signer = Signer::ed25519("a");
    let (world, _) = world(&signer);
    for (name, proofs) in columns(&signer) {
        if matches!(name, "helm" | "admin" | "scope-b") {
            continue;
        }
        for (method, path) in of_spaces() {
            for proof in &proofs {
                let told = ["team-b", "nowhere"]
                    .map(|space| work(&world, method, &path_in(&path, space), proof));
                assert_eq!(told[0], told[1], "{name} {method} {path} {proof}");
            }
        }
    }
}

/// Where an account reads a part, what is in the other part is looked for as what is nowhere is: in the same places, as often. (In the
/// catalog's object the row of what is hidden is read before it is left out.)
#[test]
fn a_hidden_chart_costs_what_a_missing_one_does() {
    let signer = Signer::ed25519("a");
    let (world, digests) = world(&signer);
    world
        .registry
        .push_version("charts/team-b/hidden", "hidden", "1.0.0");
    world.clock.advance(std::time::Duration::from_mins(6));
    world.pass();
    world.rest();
    let (_, digest) = digests
        .iter()
        .find(|(space, _)| *space == "team-b")
        .unwrap();
    let hidden = format!("charts/{digest}/a-1.0.0.tgz");
    let pairs = [
        (hidden.as_str(), "charts/0123456789abcdef/a-1.0.0.tgz"),
        ("charts/hidden-1.0.0.tgz", "charts/nobody-1.0.0.tgz"),
        (
            "charts/hidden-1.0.0.tgz.prov",
            "charts/nobody-1.0.0.tgz.prov",
        ),
        ("api/charts/hidden", "api/charts/nobody"),
        ("api/charts/hidden/1.0.0", "api/charts/nobody/1.0.0"),
        (
            "api/charts/hidden/1.0.0/values",
            "api/charts/nobody/1.0.0/values",
        ),
        (
            "api/team-a/charts/hidden/1.0.0",
            "api/team-a/charts/nobody/1.0.0",
        ),
        (
            "api/v1/spaces/team-a/charts/hidden/versions",
            "api/v1/spaces/team-a/charts/nobody/versions",
        ),
        (
            "api/v1/spaces/team-a/charts/hidden/metadata/latest",
            "api/v1/spaces/team-a/charts/nobody/metadata/latest",
        ),
        (
            "team-a/charts/hidden-1.0.0.tgz",
            "team-a/charts/nobody-1.0.0.tgz",
        ),
    ];
    for (name, proofs) in columns(&signer) {
        if matches!(name, "helm" | "admin" | "scope-b") {
            continue;
        }
        for (hidden, missing) in pairs {
            let told =
                [hidden, missing].map(|path| work(&world, "GET", &format!("/{path}"), &proofs[0]));
            let [
                (one, [_, _, hashes, comparisons]),
                (other, [_, _, same, alike]),
            ] = &told;
            assert_eq!(one, other, "{name}: {hidden}");
            assert_eq!((hashes, comparisons), (same, alike), "{name}: {hidden}");
            assert!(matches!(told[0].0.status, 401 | 404), "{name}: {hidden}");
        }
    }
}
