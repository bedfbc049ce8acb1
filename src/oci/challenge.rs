//! The `WWW-Authenticate` header (RFC 9110 §11.6.1): which ways in a registry offers.

/// One way in: a scheme and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The scheme in lower case: `bearer`, `basic`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The value of a parameter, by its name in lower case; the first one counts.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads one header value with any number of challenges in it: the Workers runtime joins repeated headers by commas, the
/// same that part parameters, so that only a real tokenizer can tell. What cannot be read is passed over.
pub fn parse(value: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = Cursor(value);
    loop {
        rest.take_while(|c| c == ',' || is_space(c));
        let word = rest.take_while(is_token);
        if word.is_empty() {
            // The end, or a character that no token has: go on behind the next comma.
            rest.take_while(|c| c != ',');
            if rest.0.is_empty() {
                return challenges;
            }
            continue;
        }
        rest.take_while(is_space);
        if rest.take('=') {
            rest.take_while(is_space);
            let parsed = rest.value();
            if let (Some(challenge), Some(text)) = (challenges.last_mut(), parsed) {
                challenge.parameters.push((word.to_ascii_lowercase(), text));
            }
        } else {
            challenges.push(Challenge {
                scheme: word.to_ascii_lowercase(),
                parameters: Vec::new(),
            });
            rest.skip_token68();
        }
    }
}

/// What is left to read.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self
            .0
            .split_at(self.0.find(|c| !wanted(c)).unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// A quoted string, or what stands there up to a comma or space: realms come unquoted too. `None` when a quote is
    /// never closed.
    fn value(&mut self) -> Option<String> {
        if !self.take('"') {
            return Some(self.take_while(|c| c != ',' && !is_space(c)).to_owned());
        }
        let mut text = String::new();
        let mut characters = self.0.chars();
        loop {
            let next = match characters.next() {
                Some('"') => break,
                Some('\\') => characters.next(),
                other => other,
            };
            let Some(c) = next else {
                self.0 = "";
                return None;
            };
            text.push(c);
        }
        self.0 = characters.as_str();
        Some(text)
    }

    /// Passes over the one opaque word that Negotiate and its like carry: it ends in nothing, a comma, or `=` and those.
    fn skip_token68(&mut self) {
        let mut ahead = Cursor(self.0);
        let word = ahead.take_while(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        ahead.take_while(|c| c == '=');
        ahead.take_while(is_space);
        if !word.is_empty() && (ahead.0.is_empty() || ahead.0.starts_with(',')) {
            self.0 = ahead.0;
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Read<'a> = Vec<(&'a str, Vec<(&'a str, &'a str)>)>;

    fn read(challenges: &[Challenge]) -> Read<'_> {
        challenges
            .iter()
            .map(|one| {
                let parameters = one
                    .parameters
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str()));
                (one.scheme(), parameters.collect())
            })
            .collect()
    }

    #[track_caller]
    fn parses(value: &str, expected: &Read<'_>) {
        assert_eq!(&read(&parse(value)), expected, "{value}");
    }

    #[test]
    fn as_registries_send_them() {
        // distribution and Docker Hub: a comma inside the quotes.
        parses(
            r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
            &vec![(
                "bearer",
                vec![
                    ("realm", "https://auth.docker.io/token"),
                    ("service", "registry.docker.io"),
                    ("scope", "repository:a/b:pull,push"),
                ],
            )],
        );
        // ECR.
        parses(
            r#"Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#,
            &vec![(
                "basic",
                vec![
                    ("realm", "https://1.dkr.ecr.eu-west-1.amazonaws.com/"),
                    ("service", "ecr.amazonaws.com"),
                ],
            )],
        );
        // Older Gitea and Forgejo: two headers, which the runtime joins.
        parses(
            r#"Bearer realm="https://codeberg.org/v2/token",service="container_registry",scope="*", Basic realm="Registry""#,
            &vec![
                (
                    "bearer",
                    vec![
                        ("realm", "https://codeberg.org/v2/token"),
                        ("service", "container_registry"),
                        ("scope", "*"),
                    ],
                ),
                ("basic", vec![("realm", "Registry")]),
            ],
        );
        // Artifact Registry, asked at /v2/: nothing but a realm.
        parses(
            r#"Bearer realm="https://europe-docker.pkg.dev/v2/token""#,
            &vec![(
                "bearer",
                vec![("realm", "https://europe-docker.pkg.dev/v2/token")],
            )],
        );
    }

    #[test]
    fn odd_but_legal() {
        parses("", &vec![]);
        parses("Basic", &vec![("basic", vec![])]);
        parses(
            "BEARER Realm = \"r\" , SCOPE\t=\t\"s\"",
            &vec![("bearer", vec![("realm", "r"), ("scope", "s")])],
        );
        parses(
            r#"Bearer realm="a\"b\\c""#,
            &vec![("bearer", vec![("realm", r#"a"b\c"#)])],
        );
        parses(
            "Bearer realm=https://r.example/token,service=x",
            &vec![(
                "bearer",
                vec![("realm", "https://r.example/token"), ("service", "x")],
            )],
        );
        parses(
            r#", ,Bearer realm="r",,"#,
            &vec![("bearer", vec![("realm", "r")])],
        );
        parses(
            "Negotiate, Basic realm=x",
            &vec![("negotiate", vec![]), ("basic", vec![("realm", "x")])],
        );
        parses(
            "Negotiate YWJj==, Basic realm=x",
            &vec![("negotiate", vec![]), ("basic", vec![("realm", "x")])],
        );
        parses(
            r#"Digest qop="auth, auth-int", Bearer realm="r""#,
            &vec![
                ("digest", vec![("qop", "auth, auth-int")]),
                ("bearer", vec![("realm", "r")]),
            ],
        );
        parses(
            r#"Bearer realm="",service="é""#,
            &vec![("bearer", vec![("realm", ""), ("service", "é")])],
        );
    }

    #[test]
    fn malformed() {
        parses(r#"realm="r""#, &vec![]);
        parses(r#"Bearer realm="never closed"#, &vec![("bearer", vec![])]);
        parses(r#"Bearer realm="ends in \"#, &vec![("bearer", vec![])]);
        parses(
            r#"Bearer {}, Basic realm="x""#,
            &vec![("bearer", vec![]), ("basic", vec![("realm", "x")])],
        );
        parses("\"quoted\"", &vec![]);
        // An unquoted comma ends the value; what follows is taken for a scheme nobody knows.
        parses(
            "Bearer scope=repository:x:pull,push",
            &vec![
                ("bearer", vec![("scope", "repository:x:pull")]),
                ("push", vec![]),
            ],
        );
    }

    #[test]
    fn the_first_parameter_counts() {
        let challenges = parse(r#"Bearer realm="first",realm="second""#);
        assert_eq!(challenges[0].parameter("realm"), Some("first"));
        assert_eq!(challenges[0].parameter("scope"), None);
    }

    proptest! {
        #[test]
        fn never_panics(value in "\\PC*") {
            parse(&value);
        }

        #[test]
        fn never_panics_on_fragments(value in "([a-zA-Z]{1,3}|[ ,=\"\\\\\t]|é){0,40}") {
            parse(&value);
        }

        #[test]
        fn round_trip(parts in proptest::collection::vec(("[a-z]{1,8}", "[ -~é]{0,20}"), 0..5)) {
            let parameters: Vec<String> = parts
                .iter()
                .map(|(key, value)| format!("{key}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
                .collect();
            let challenges = parse(&format!("Bearer {}, Basic realm=x", parameters.join(", ")));
            let expected: Vec<(&str, &str)> = parts.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            prop_assert_eq!(read(&challenges), vec![("bearer", expected), ("basic", vec![("realm", "x")])]);
        }
    }
}
