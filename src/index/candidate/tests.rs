use proptest::prelude::*;

use super::*;

const OLD: Timestamp = Timestamp(1_000);
const NOW: Timestamp = Timestamp(2_000);
const LATER: Timestamp = Timestamp(3_000);

/// A candidate whose package's digest begins with these hex digits.
fn candidate(repository: &str, hex: &str, until: Option<Timestamp>) -> Candidate {
    Candidate {
        source: "ghcr.io/acme".to_owned(),
        repository: repository.to_owned(),
        package: format!("sha256:{hex:0<64}").parse().unwrap(),
        size: 7,
        provenance: None,
        origin: Origin::Stored,
        until,
    }
}

const A: &str = "aaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbb";

/// The repository of the one that is selected of these, all being allowed.
#[track_caller]
fn selects(candidates: &[Candidate], digest: Option<&str>) -> Option<String> {
    select(candidates, digest, NOW, |_| true).map(|candidate| candidate.repository.clone())
}

#[test]
fn a_digest_names_bytes() {
    let candidates = [
        candidate("first", A, None),
        candidate("second", B, None),
        candidate("third", B, None),
    ];
    assert_eq!(selects(&candidates, Some(A)).as_deref(), Some("first"));
    assert_eq!(selects(&candidates, Some(B)).as_deref(), Some("second"));
    assert_eq!(selects(&candidates, Some("cccccccccccccccc")), None);
    let whole = candidates[1].package.hex();
    assert_eq!(selects(&candidates, Some(whole)).as_deref(), Some("second"));
    // Half a digest names nothing, neither does none.
    assert_eq!(selects(&candidates, A.get(..15)), None);
    assert_eq!(selects(&candidates, Some("")), None);
    // The digest is of the package, whatever else has the same digits.
    assert_eq!(selects(&candidates, Some("sha256:aaaaaaaaa")), None);
}

#[test]
fn the_alias_is_the_first_current_one() {
    let candidates = [
        candidate("gone", A, Some(LATER)),
        candidate("current", B, None),
    ];
    assert_eq!(selects(&candidates, None).as_deref(), Some("current"));
    assert_eq!(selects(&candidates[..1], None), None);
}

#[test]
fn a_superseded_package_is_had_by_its_digest_until_its_time() {
    for (until, expected) in [(LATER, Some("gone")), (NOW, None), (OLD, None)] {
        let candidates = [
            candidate("current", B, None),
            candidate("gone", A, Some(until)),
        ];
        assert_eq!(
            selects(&candidates, Some(A)).as_deref(),
            expected,
            "{until:?}"
        );
        assert_eq!(selects(&candidates, None).as_deref(), Some("current"));
    }
}

#[test]
fn what_is_not_allowed_gives_way() {
    let candidates = [
        candidate("private", A, None),
        candidate("public", A, None),
        candidate("other", B, None),
    ];
    let public = |candidate: &Candidate| candidate.repository == "public";
    for digest in [None, Some(A)] {
        let selected = select(&candidates, digest, NOW, public);
        assert_eq!(selected, Some(&candidates[1]));
    }
    assert_eq!(select(&candidates, Some(B), NOW, public), None);
}

/// A shard with one file of each kind.
fn shard() -> Shard {
    let blob = |hex: &str| Blob {
        digest: format!("sha256:{hex:0<64}").parse().unwrap(),
        size: 12,
    };
    let mut shard = Shard::default();
    shard.add("b-1.0.0.tgz", candidate("charts/b", B, None));
    shard.add("a-1.0.0.tgz", candidate("charts/a", A, None));
    shard.add(
        "a-1.0.0.tgz",
        Candidate {
            provenance: Some(blob("cc")),
            ..candidate("charts/z/a", B, None)
        },
    );
    shard.add(
        "a-1.0.0.tgz",
        Candidate {
            origin: Origin::Rebuilt {
                meta: blob("dd"),
                content: blob("ee"),
                name: "a".to_owned(),
                version: "1.0.0".to_owned(),
            },
            ..candidate("charts/a", B, Some(LATER))
        },
    );
    shard
}

#[test]
fn a_shard_as_published() {
    let shard = shard();
    let bytes = shard.to_bytes();
    let text: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&text).unwrap());
    assert_eq!(Shard::parse(&bytes).unwrap(), shard);
    for file in ["a-1.0.0.tgz", "b-1.0.0.tgz", "c-1.0.0.tgz", ""] {
        assert_eq!(
            Shard::look_up(&bytes, file).unwrap(),
            shard.find(file),
            "{file}"
        );
    }
}

#[test]
fn the_same_offer_twice_is_one() {
    let mut shard = Shard::default();
    assert!(shard.is_empty());
    shard.add("a.tgz", candidate("r", A, None));
    shard.add("a.tgz", candidate("r", A, Some(LATER)));
    shard.add("a.tgz", candidate("r", B, None));
    shard.add("a.tgz", candidate("s", A, None));
    let kept: Vec<_> = shard
        .find("a.tgz")
        .iter()
        .map(|kept| {
            (
                kept.repository.as_str(),
                kept.package.hex().get(..16).unwrap(),
                kept.until,
            )
        })
        .collect();
    assert_eq!(kept, [("r", A, None), ("r", B, None), ("s", A, None)]);
}

#[test]
fn unknown_fields_do_not_matter() {
    let json = format!(
        r#"{{"a.tgz":[{{"source":"s","later":{{"x":[1]}},"repository":"r","package":"sha256:{A:0<64}","size":7}}]}}"#
    );
    let expected = Candidate {
        source: "s".to_owned(),
        ..candidate("r", A, None)
    };
    let shard = Shard::parse(json.as_bytes()).unwrap();
    assert_eq!(shard.find("a.tgz"), std::slice::from_ref(&expected));
    assert_eq!(
        Shard::look_up(json.as_bytes(), "a.tgz").unwrap(),
        [expected]
    );
}

#[test]
fn a_way_of_making_that_is_unknown_is_not_taken_for_another() {
    let json = format!(
        r#"{{"a.tgz":[{{"source":"s","repository":"r","package":"sha256:{A:0<64}","size":7,"origin":{{"fetched":{{}}}}}}],"b.tgz":[]}}"#
    );
    assert!(Shard::look_up(json.as_bytes(), "a.tgz").is_err());
    assert_eq!(Shard::look_up(json.as_bytes(), "b.tgz").unwrap(), []);
}

#[test]
fn garbage_is_an_error() {
    for bytes in ["", "[]", "{", r#"{"a":1}"#, "null", r#"{"a":[{}]}"#] {
        assert!(Shard::look_up(bytes.as_bytes(), "a").is_err(), "{bytes}");
        assert!(Shard::parse(bytes.as_bytes()).is_err(), "{bytes}");
    }
}

proptest! {
    /// Whatever lies in a shard, and whatever shard lies beside an index: bytes of another digest are never handed out.
    #[test]
    fn never_other_bytes(
        packages in proptest::collection::vec(("[ab]{16}", proptest::option::of(0i64..4_000)), 0..8),
        wanted in "[ab]{0,17}",
        barred in 0usize..8,
    ) {
        let candidates: Vec<Candidate> = packages
            .iter()
            .enumerate()
            .map(|(place, (hex, until))| candidate(&place.to_string(), hex, until.map(Timestamp)))
            .collect();
        let allowed = |candidate: &Candidate| candidate.repository != barred.to_string();
        if let Some(selected) = select(&candidates, Some(&wanted), NOW, allowed) {
            prop_assert!(wanted.len() >= 16 && selected.package.hex().starts_with(&wanted));
            prop_assert!(selected.until.is_none_or(|until| NOW < until));
            prop_assert!(allowed(selected));
        }
        if let Some(selected) = select(&candidates, None, NOW, allowed) {
            prop_assert!(selected.until.is_none() && allowed(selected));
        }
    }

    #[test]
    fn parsing_never_panics(text in "\\PC*") {
        let _ = Shard::parse(text.as_bytes());
        let _ = Shard::look_up(text.as_bytes(), "a");
    }
}
