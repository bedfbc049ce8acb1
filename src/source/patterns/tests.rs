use proptest::prelude::*;

use super::*;

#[track_caller]
fn repositories(text: &str) -> Repositories {
    Repositories::parse(text).unwrap()
}

#[test]
fn lists_however_they_are_written() {
    let expected = Repositories::Listed(["nginx", "team-a/*"].map(str::to_owned).to_vec());
    for text in [
        "nginx,team-a/*",
        "nginx team-a/*",
        " team-a/*\n\tnginx\r\n",
        r#"["nginx", "team-a/*"]"#,
        "['team-a/*','nginx',]",
        "nginx, nginx, team-a/*",
        "[nginx team-a/*]",
    ] {
        assert_eq!(repositories(text), expected, "{text}");
    }
}

#[test]
fn wrong_lists() {
    #[track_caller]
    fn wrong(text: &str, message: &str) {
        assert_eq!(Repositories::parse(text), Err(message.to_owned()), "{text}");
    }
    wrong("[]", "the list is empty");
    wrong(", ,", "the list is empty");
    wrong("[nginx", "the list does not end with ]");
    for item in [
        "Nginx",
        "/nginx",
        "nginx/",
        "a//b",
        "..",
        "a/../b",
        "a**",
        "**a",
        "a/***",
        "!a",
        "a?",
        "oci://x/y",
        "a:1",
        "é*",
        "a_._b",
        "a/*/",
    ] {
        wrong(
            item,
            &format!("{item:?} is not a repository below the prefix or a pattern for some"),
        );
    }
    wrong(
        "good, Bad, worse/",
        r#""Bad", "worse/" are each not a repository below the prefix or a pattern for some"#,
    );
    let long = "A".repeat(100);
    wrong(
        &long,
        &format!(
            "{:?}… is not a repository below the prefix or a pattern for some",
            "A".repeat(64)
        ),
    );
}

#[test]
fn what_patterns_match() {
    for (pattern, matching, others) in [
        ("nginx", "nginx", "nginx2 a/nginx nginx/a ngin"),
        ("*", "nginx a-b", "a/b"),
        ("**", "nginx a/b a/b/c", ""),
        ("team-a/*", "team-a/nginx", "team-a team-a/b/c team-b/nginx"),
        (
            "team-a/**",
            "team-a team-a/b team-a/b/c",
            "team-ab/c b/team-a/c",
        ),
        ("**/nginx", "nginx a/nginx a/b/nginx", "nginx/a a/nginx2"),
        ("a/**/z", "a/z a/b/z a/b/c/z a/z/z", "a a/b b/a/z a/z/b"),
        ("**/b/**/d", "b/d a/b/c/d b/b/d", "a/d b/c b/d/e"),
        (
            "team-*/app",
            "team-a/app team-/app",
            "team/app team-a/b/app",
        ),
        ("*-chart", "my-chart -chart", "chart a/b-chart"),
        ("a*b*c", "abc axbxc abcbc aabbcc", "ab abcd acb"),
    ] {
        let patterns = Repositories::Listed(vec![pattern.to_owned()]);
        for name in matching.split_whitespace() {
            assert!(patterns.allows(name), "{pattern} {name}");
        }
        for name in others.split_whitespace() {
            assert!(!patterns.allows(name), "{pattern} {name}");
        }
    }
    assert!(Repositories::All.allows("a/b/c"));
    let several = repositories("a, b/*");
    assert!(several.allows("a") && several.allows("b/c") && !several.allows("c"));
}

#[test]
fn a_list_without_patterns_needs_no_enumeration() {
    assert!(Repositories::All.enumerates());
    assert_eq!(Repositories::All.exact().count(), 0);
    let exact = repositories("b/c a");
    assert!(!exact.enumerates());
    assert_eq!(exact.exact().collect::<Vec<_>>(), ["a", "b/c"]);
    let mixed = repositories("b/* a");
    assert!(mixed.enumerates());
    assert_eq!(mixed.exact().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn tags() {
    for (list, allowed, refused) in [
        ("1.*", "1.0.0 1.", "2.1.0 v1.0 latest"),
        ("!0.0.0-*", "1.0.0 latest 0.0.0", "0.0.0-abc 0.0.0-"),
        ("1.* !*-rc* 2.?.0", "1.0.0 2.1.0", "1.0.0-rc.1 2.10.0 3.0.0"),
        ("*+build*", "1.0.0_build.5", "1.0.0 1.0.0_b"),
        ("latest", "latest", "latest2 Latest"),
        ("!*", "", "1.0.0 latest"),
    ] {
        let patterns = TagPatterns::parse(list).unwrap();
        for tag in allowed.split_whitespace() {
            assert!(patterns.allows(tag), "{list}: {tag}");
        }
        for tag in refused.split_whitespace() {
            assert!(!patterns.allows(tag), "{list}: {tag}");
        }
    }
    assert!(TagPatterns::default().allows("anything"));
    for list in ["!", "!!a", "a/b", "ü", "1.0:2", "^1.0"] {
        assert_eq!(
            TagPatterns::parse(list),
            Err(format!("{list:?} is not a pattern for tags"))
        );
    }
}

#[test]
fn a_hostile_pattern_takes_no_time() {
    let pattern = format!("{}b", "a*".repeat(2_000));
    assert!(!glob(&pattern, &"a".repeat(4_000), true));
    let pattern = format!("{}b", "**/a/".repeat(500));
    let patterns = Repositories::Listed(vec![pattern]);
    assert!(!patterns.allows(&["a"; 1_000].join("/")));
}

/// The meaning, in its slowest form.
fn slow(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), head) => {
            slow(rest, text) || head.is_some_and(|(_, tail)| slow(pattern, tail))
        }
        (Some((wanted, rest)), Some((byte, tail))) => {
            (*wanted == b'?' || wanted == byte) && slow(rest, tail)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC*") {
        let _ = Repositories::parse(&text);
        let _ = TagPatterns::parse(&text);
    }

    #[test]
    fn glob_means_what_it_says(pattern in "[ab*?]{0,6}", text in "[ab]{0,8}") {
        prop_assert_eq!(glob(&pattern, &text, true), slow(pattern.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn a_name_matches_itself(name in "[a-z]{1,3}([-.][a-z]{1,2})?(/[a-z]{1,3}){0,3}") {
        let listed = Repositories::parse(&name).unwrap();
        prop_assert!(listed.allows(&name) && !listed.enumerates());
    }
}
