//! How secrets are compared, held by reading the code: time cannot be tested.

use crate::files::{below, read};

/// The code of a file, without its tests and comments.
fn code(text: &str) -> String {
    let code = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let lines = code.lines().map(str::trim);
    let code: Vec<&str> = lines.filter(|line| !line.starts_with("//")).collect();
    code.join("\n")
}

/// The body of the first function of this name.
fn body<'c>(code: &'c str, name: &str) -> &'c str {
    let rest = code.split_once(&format!("fn {name}("));
    let rest = rest.map_or("", |(_, rest)| rest);
    rest.split("\n}\n").next().unwrap_or(rest)
}

/// CVE-2023-20902 (Harbor): secrets are compared in a time that tells nothing of them, and in no other way.
#[test]
fn secrets_are_compared_in_constant_time() {
    let own = code(&read("src/secret.rs"));
    for (function, by) in [("matches", ".ct_eq("), ("is", ".ct_eq(")] {
        let body = body(&own, function);
        assert!(body.contains(by), "{function} compares by {by}");
        assert!(!body.contains("=="), "{function} compares in another way");
    }
    // Equality is one of the two.
    let equality: Vec<&str> = own.split("fn eq(").skip(1).collect();
    assert_eq!(equality.len(), 2);
    for eq in equality {
        let body = eq.split("\n}\n").next().unwrap_or_default();
        assert!(body.contains("self.matches(") || body.contains("self.is("));
    }
    assert!(!own.contains("derive(PartialEq") && !own.contains(", PartialEq"));
    for file in below("src", ".rs") {
        if file.to_string_lossy().contains("tests") {
            continue;
        }
        for line in code(&read(&file)).lines() {
            let compared = ["expose() ==", "expose() !=", "expose().eq("];
            // What a user is called is no secret, and decides only which kind of credentials these are.
            let secret = !line.contains("username.expose()");
            let wrong = secret && compared.iter().any(|one| line.contains(one));
            assert!(!wrong, "{} compares a secret: {line}", file.display());
        }
    }
}
