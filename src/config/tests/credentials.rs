//! Credentials: whose they are, and who may read because of them.

use super::*;

#[test]
fn half_a_pair_is_an_error() {
    wrong(
        &[
            ("REGISTRY_USERNAME", "robot"),
            ("AUTH_ANONYMOUS_GET", "true"),
        ],
        "REGISTRY_PASSWORD: missing, while REGISTRY_USERNAME is set",
    );
    wrong(
        &[
            ("REGISTRY_PASSWORD", "hunter2"),
            ("AUTH_ANONYMOUS_GET", "true"),
        ],
        "REGISTRY_USERNAME: missing, while REGISTRY_PASSWORD is set",
    );
    for anonymous in ["", "true", "false"] {
        let anonymous = ("AUTH_ANONYMOUS_GET", anonymous);
        wrong(
            &[("BASIC_AUTH_PASS", "secret"), anonymous],
            "BASIC_AUTH_USER: missing, while BASIC_AUTH_PASS is set",
        );
        wrong(
            &[("BASIC_AUTH_USER", "reader"), anonymous],
            "BASIC_AUTH_PASS: missing, while BASIC_AUTH_USER is set",
        );
    }
    wrong(
        &[("BASIC_AUTH_USER", "a:b"), ("BASIC_AUTH_PASS", "c")],
        "BASIC_AUTH_USER: may not contain a colon",
    );
}

/// What opens a tunnel is a credential: nothing behind it becomes public by omission.
#[test]
fn headers_are_credentials() {
    let headers = ("REGISTRY_HEADERS", r#"{"X-Tunnel": "hunter2"}"#);
    let missing = "AUTH_ANONYMOUS_GET: missing: with registry credentials, set BASIC_AUTH_USER and BASIC_AUTH_PASS for who may read, or this to true and anyone may read";
    wrong(&[headers], missing);
    let config = good(&[headers, ("AUTH_ANONYMOUS_GET", "true")]);
    assert!(!format!("{config:?}").contains("hunter2"));
    wrong(
        &[
            ("REGISTRY_HEADERS", "X-Tunnel: hunter2"),
            ("AUTH_ANONYMOUS_GET", "true"),
        ],
        "REGISTRY_HEADERS: not a JSON object of names and texts, such as {\"X-Name\": \"value\"}",
    );
}

#[test]
fn hosts_that_are_none_are_named() {
    wrong(
        &[
            ("TOKEN_REALMS", "auth.example https://auth.example/token"),
            ("DOWNLOAD_HOSTS", "*"),
        ],
        "TOKEN_REALMS: \"https://auth.example/token\" is not a host, such as auth.acme.example or auth.acme.example:8443; DOWNLOAD_HOSTS: \"*\" is not a host or *.domain, such as bucket.acme.example",
    );
}

#[test]
fn access_keys_of_amazon() {
    let ecr = (
        "REGISTRY",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/charts",
    );
    let id = ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    let secret = ("AWS_SECRET_ACCESS_KEY", "hunter2");
    let session = ("AWS_SESSION_TOKEN", "hunter3");
    let open = ("AUTH_ANONYMOUS_GET", "true");
    for host in [ecr, ("REGISTRY", "public.ecr.aws/acme")] {
        let config = good(&[host, id, secret, session, open]);
        let Credentials::Aws(keys) = &config.sources[0].credentials else {
            panic!("{:?}", config.sources)
        };
        assert_eq!(
            (keys.id.expose(), keys.secret.expose()),
            ("AKIDEXAMPLE", "hunter2")
        );
        assert!(!format!("{config:?}").contains("hunter"));
    }
    for (given, message) in [
        (
            [ecr, id, open].as_slice(),
            "AWS_SECRET_ACCESS_KEY: missing, while AWS_ACCESS_KEY_ID is set",
        ),
        (
            &[ecr, secret, open],
            "AWS_ACCESS_KEY_ID: missing, while AWS_SECRET_ACCESS_KEY is set",
        ),
        (
            &[ecr, session, open],
            "AWS_SESSION_TOKEN: set without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            &[id, secret, open],
            "AWS_ACCESS_KEY_ID: opens Amazon's registries only, and REGISTRY is elsewhere",
        ),
        (
            &[ecr, id, secret, open, ("DOCKER_AUTH_CONFIG", DOCKER)],
            "AWS_ACCESS_KEY_ID: set beside REGISTRY_USERNAME, REGISTRY_PASSWORD or DOCKER_AUTH_CONFIG: one of them must go",
        ),
    ] {
        wrong(given, message);
    }
    // With a key the registry is private: who may read has to be said.
    let problems = beside(&[ecr, id, secret]).unwrap_err();
    assert_eq!(problems.public(), "AUTH_ANONYMOUS_GET");
    let problems = beside(&[ecr, id]).unwrap_err();
    assert_eq!(
        problems.public(),
        "AWS_SECRET_ACCESS_KEY, AUTH_ANONYMOUS_GET"
    );
}

#[test]
fn keys_of_google_and_azure() {
    const FILE: &str = include_str!("../../../tests/fixtures/service-account.json");
    let pkg = ("REGISTRY", "europe-docker.pkg.dev/acme/charts");
    let acr = ("REGISTRY", "acme.azurecr.io/charts");
    let file = ("GOOGLE_CREDENTIALS", FILE);
    let tenant = ("AZURE_TENANT_ID", "acme.onmicrosoft.com");
    let client = ("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555");
    let secret = ("AZURE_CLIENT_SECRET", "hunter2");
    let open = ("AUTH_ANONYMOUS_GET", "true");
    for given in [
        [pkg, open, file].as_slice(),
        &[acr, open, tenant, client, secret],
    ] {
        let shown = format!("{:?}", good(given));
        assert!(
            !shown.contains("hunter2") && !shown.contains("BEGIN"),
            "{shown}"
        );
        assert!(shown.contains("Google(") || shown.contains("Azure("));
    }
    let halved = FILE.replace("\"private_key\"", "\"public_key\"");
    for (given, message) in [
        (
            [pkg, open, ("GOOGLE_CREDENTIALS", halved.as_str())].as_slice(),
            "GOOGLE_CREDENTIALS: not a usable service account key: no private_key",
        ),
        (
            &[file, open],
            "GOOGLE_CREDENTIALS: opens Google's registries only, and REGISTRY is elsewhere",
        ),
        (
            &[tenant, client, secret, open],
            "AZURE_CLIENT_ID: opens Azure's registries only, and REGISTRY is elsewhere",
        ),
        (
            &[acr, client, secret, open],
            "AZURE_TENANT_ID: missing, while AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are set",
        ),
        (
            &[acr, tenant, open],
            "AZURE_CLIENT_ID: missing, while AZURE_TENANT_ID is set; AZURE_CLIENT_SECRET: missing, while AZURE_TENANT_ID is set",
        ),
        (
            &[acr, ("AZURE_TENANT_ID", "../x"), client, secret, open],
            "AZURE_TENANT_ID: neither the id of a directory nor its domain",
        ),
        (
            &[pkg, file, open, ("DOCKER_AUTH_CONFIG", DOCKER)],
            "GOOGLE_CREDENTIALS: set beside REGISTRY_USERNAME, REGISTRY_PASSWORD or DOCKER_AUTH_CONFIG: one of them must go",
        ),
    ] {
        wrong(given, message);
    }
    for given in [[pkg, file].as_slice(), &[acr, tenant, client, secret]] {
        let problems = beside(given).unwrap_err();
        assert_eq!(problems.public(), "AUTH_ANONYMOUS_GET");
    }
}

#[test]
fn one_kind_of_credentials() {
    let open = ("AUTH_ANONYMOUS_GET", "true");
    let both = "DOCKER_AUTH_CONFIG: set as well as REGISTRY_USERNAME or REGISTRY_PASSWORD: remove one of the two";
    let config = ("DOCKER_AUTH_CONFIG", DOCKER);
    wrong(
        &[
            config,
            open,
            ("REGISTRY_USERNAME", "a"),
            ("REGISTRY_PASSWORD", "b"),
        ],
        both,
    );
    wrong(
        &[config, open, ("REGISTRY_PASSWORD", "b")],
        &format!("REGISTRY_USERNAME: missing, while REGISTRY_PASSWORD is set; {both}"),
    );
    assert_eq!(
        good(&[config, open]).sources[0].credentials,
        Credentials::Basic {
            username: "robot".into(),
            password: "hunter2".into()
        }
    );
    wrong(
        &[("DOCKER_AUTH_CONFIG", "{hunter2"), open],
        "DOCKER_AUTH_CONFIG: not a usable docker config: malformed JSON",
    );
    wrong(
        &[
            (
                "DOCKER_AUTH_CONFIG",
                r#"{"auths":{"quay.io":{"username":"a","password":"hunter2"}}}"#,
            ),
            open,
        ],
        "DOCKER_AUTH_CONFIG: not a usable docker config: it has no entry for the registry",
    );
}

/// Whoever mends one setting is not told of the next only then.
#[test]
fn what_is_wrong_with_each_kind_of_credentials_is_told_at_once() {
    let open = ("AUTH_ANONYMOUS_GET", "true");
    let docker = ("DOCKER_AUTH_CONFIG", "{hunter2");
    let malformed = "DOCKER_AUTH_CONFIG: not a usable docker config: malformed JSON";
    wrong(
        &[("REGISTRY", "ghcr.io/acme?x"), docker, open],
        &format!("REGISTRY: may not have a query or a fragment; {malformed}"),
    );
    let all = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("GOOGLE_CREDENTIALS", "hunter2!"),
        ("AZURE_CLIENT_SECRET", "hunter2"),
        ("REGISTRY_HEADERS", "hunter2"),
        ("TOKEN_REALMS", "https://auth.example"),
        ("DISCOVERY", "ask"),
        docker,
        open,
    ];
    let problems = beside(&all).unwrap_err();
    let told = problems.to_string();
    for name in [
        "AWS_SECRET_ACCESS_KEY",
        "GOOGLE_CREDENTIALS",
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "REGISTRY_HEADERS",
        "TOKEN_REALMS",
        "DISCOVERY",
        "DOCKER_AUTH_CONFIG",
    ] {
        assert!(told.contains(&format!("{name}: ")), "{name}: {told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn who_may_read() {
    let credentials = [
        ("REGISTRY_USERNAME", "robot"),
        ("REGISTRY_PASSWORD", "hunter2"),
    ];
    let reader = [("BASIC_AUTH_USER", "reader"), ("BASIC_AUTH_PASS", "secret")];
    let open = [("AUTH_ANONYMOUS_GET", "true")];
    let closed = [("AUTH_ANONYMOUS_GET", "false")];
    let none: &Given<'_> = &[];
    let omission = "AUTH_ANONYMOUS_GET: missing: with registry credentials, set BASIC_AUTH_USER and BASIC_AUTH_PASS for who may read, or this to true and anyone may read";
    let nobody = "AUTH_ANONYMOUS_GET: false, while BASIC_AUTH_USER and BASIC_AUTH_PASS are missing: nobody could read";
    let docker = [("DOCKER_AUTH_CONFIG", DOCKER)];
    for private in [credentials.as_slice(), &docker] {
        wrong(private, omission);
        wrong(&[private, &closed].concat(), nobody);
        assert!(
            good(&[private, &open].concat())
                .accounts
                .anonymous
                .read_all()
        );
        // ChartMuseum's meaning: reading needs no password, whoever has one.
        assert!(
            good(&[private, &reader, &open].concat())
                .accounts
                .anonymous
                .read_all()
        );
        for given in [
            [private, &reader].concat(),
            [private, &reader, &closed].concat(),
        ] {
            assert!(!good(&given).accounts.anonymous.read_all(), "{given:?}");
        }
    }
    assert!(good(none).accounts.anonymous.read_all());
    assert!(good(&open).accounts.anonymous.read_all());
    wrong(&closed, nobody);
    assert!(!good(&reader).accounts.anonymous.read_all());
    for vague in ["True", "1", "yes", "on"] {
        let given = [credentials.as_slice(), &[("AUTH_ANONYMOUS_GET", vague)]].concat();
        wrong(
            &given,
            &format!("AUTH_ANONYMOUS_GET: {vague:?} is not one of true, false"),
        );
    }
}

/// Every order of these.
fn orders<'g>(rest: &Given<'g>) -> Vec<Vec<(&'g str, &'g str)>> {
    if rest.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for place in 0..rest.len() {
        let mut others = rest.to_vec();
        let first = others.remove(place);
        for mut order in orders(&others) {
            order.insert(0, first);
            all.push(order);
        }
    }
    all
}

/// Secrets are put one by one, and every step is live: a private registry is never open on the way.
#[test]
fn a_private_registry_never_becomes_public_by_omission() {
    let pair = [
        ("REGISTRY_USERNAME", "robot"),
        ("REGISTRY_PASSWORD", "hunter2"),
    ];
    let docker = [("DOCKER_AUTH_CONFIG", DOCKER)];
    let reader = [("BASIC_AUTH_USER", "reader"), ("BASIC_AUTH_PASS", "secret")];
    let rest = [("ADMIN_TOKEN", "t0ken"), ("WEBHOOK_SECRET", "hook")];
    let of_the_registry = [
        "REGISTRY_USERNAME",
        "REGISTRY_PASSWORD",
        "DOCKER_AUTH_CONFIG",
    ];
    let mut steps = 0;
    let mut ended = 0;
    for credentials in [pair.as_slice(), &docker] {
        for anonymous in [None, Some(""), Some("true"), Some("false"), Some("ture")] {
            let anonymous: Vec<_> = anonymous
                .map(|value| ("AUTH_ANONYMOUS_GET", value))
                .into_iter()
                .collect();
            for order in orders(&[credentials, &reader, &rest, &anonymous].concat()) {
                for count in 0..=order.len() {
                    let given = &order[..count];
                    let has = |name: &str| given.iter().any(|(set, _)| *set == name);
                    let private = of_the_registry.iter().any(|name| has(name));
                    let told = given.contains(&("AUTH_ANONYMOUS_GET", "true"));
                    let open =
                        beside(given).is_ok_and(|config| config.accounts.anonymous.read_all());
                    assert!(!(open && private && !told), "{given:?}");
                    // Whoever began to name a reader is not open either, registry credentials or not.
                    let named = has("BASIC_AUTH_USER") || has("BASIC_AUTH_PASS");
                    assert!(!(open && named && !told), "{given:?}");
                    steps += 1;
                }
                ended += usize::from(beside(&order).is_ok());
            }
        }
    }
    assert!(steps > 100_000, "{steps}");
    assert!(ended > 0, "no order ends well");
}
