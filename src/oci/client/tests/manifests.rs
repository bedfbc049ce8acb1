use crate::oci::Kind;

use super::*;

#[test]
fn a_manifest_is_one_call() {
    let bench = Bench::new(Credentials::Anonymous);
    for reference in [by_tag(), bench.nginx.manifest.clone().into()] {
        let fetched = manifest(&bench, &reference).unwrap();
        assert_eq!(fetched.digest, bench.nginx.manifest);
        assert_eq!(
            fetched.content_type.as_deref(),
            Some("application/vnd.oci.image.manifest.v1+json")
        );
        assert!(fetched.digest.verify(&fetched.bytes));
        assert_eq!(
            bench.sent(),
            [format!("GET /v2/acme/nginx/manifests/{reference}")]
        );
    }
}

#[test]
fn a_digest_that_is_not_stated_is_worked_out() {
    let bench = Bench::new(Credentials::Anonymous);
    bench.registry.set_digest_header(false);
    assert_eq!(
        manifest(&bench, &by_tag()).unwrap().digest,
        bench.nginx.manifest
    );
}

#[test]
fn bytes_of_another_digest_are_refused() {
    let other = Digest::sha256_of(b"other").to_string();
    let bench = Bench::new(Credentials::Anonymous);
    let lie = |header: &str| {
        Fault::status(200)
            .header("docker-content-digest", header)
            .body("{}")
    };
    let honest = Digest::sha256_of(b"{}").to_string();
    for (reference, fault) in [
        (by_tag(), lie(&other)),
        (bench.nginx.manifest.clone().into(), lie(&honest)),
        (
            bench.nginx.manifest.clone().into(),
            Fault::status(200).body("{}"),
        ),
        (
            bench.nginx.manifest.clone().into(),
            lie(&bench.nginx.manifest.to_string()),
        ),
    ] {
        bench.registry.inject("manifests", Some(1), fault);
        let error = manifest(&bench, &reference).unwrap_err();
        assert_eq!(
            error.to_string(),
            "registry.example: reading a manifest: gave bytes of another digest"
        );
        assert_eq!(error.kind(), Kind::Garbage);
    }
    // Nor are the right bytes taken that the registry calls something else.
    let nginx = bench.nginx.manifest.clone();
    let bytes = manifest(&bench, &nginx.clone().into()).unwrap().bytes;
    let called_otherwise = Fault::status(200)
        .header("docker-content-digest", &other)
        .body(String::from_utf8(bytes.to_vec()).unwrap());
    bench
        .registry
        .inject("manifests", Some(1), called_otherwise);
    let error = manifest(&bench, &nginx.into()).unwrap_err();
    assert_eq!(error.kind(), Kind::Garbage);
    // A header that is no digest says nothing.
    bench.registry.inject("manifests", Some(1), lie("md5:00"));
    assert_eq!(
        manifest(&bench, &by_tag()).unwrap().digest.to_string(),
        honest
    );
}

#[test]
fn a_sha512_digest_is_verified_too() {
    let bench = Bench::new(Credentials::Anonymous);
    let digest = "sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd";
    let answer = |body: &'static str| {
        Fault::status(200)
            .header("docker-content-digest", digest)
            .body(body)
    };
    bench.registry.inject("manifests", Some(1), answer("{}"));
    assert_eq!(
        manifest(&bench, &by_tag()).unwrap().digest.to_string(),
        digest
    );
    bench.registry.inject("manifests", Some(1), answer("{ }"));
    assert_eq!(
        manifest(&bench, &by_tag()).unwrap_err().kind(),
        Kind::Garbage
    );
}

#[test]
fn manifests_have_a_limit() {
    let bench = Bench::new(Credentials::Anonymous);
    bench.registry.inject(
        "manifests",
        None,
        Fault::status(200).body(vec![b' '; 4 * 1024 * 1024 + 1]),
    );
    let error = manifest(&bench, &by_tag()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.example: reading a manifest: gave an answer that is too large"
    );
}

#[test]
fn manifests_that_are_not_there() {
    let bench = Bench::new(Credentials::Anonymous);
    let error = manifest(&bench, &tag("2.0.0").into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.example: reading a manifest: answered 404 (MANIFEST_UNKNOWN)"
    );
    assert_eq!(error.kind(), Kind::NotFound);
}

/// registry.k8s.io and Gitea. The fake fails the test if credentials arrive at the target.
#[test]
fn redirected_manifests_are_followed_without_credentials() {
    let bench = Bench::new(acme());
    bench.registry.set_auth(Auth::basic("acme", "hunter2"));
    bench.registry.redirect_manifests(true);
    let fetched = manifest(&bench, &by_tag()).unwrap();
    assert_eq!(fetched.digest, bench.nginx.manifest);
    let asked = "GET /v2/acme/nginx/manifests/1.0.0";
    let target = "GET https://blobs.example/manifests/acme/nginx/1.0.0?sig=a%2Bb";
    assert_eq!(
        bench.sent(),
        [
            asked.to_owned(),
            format!("{asked} [Basic]"),
            target.to_owned()
        ]
    );
    let accept = done(bench.client().resolve(&name("acme/nginx"), &tag("1.0.0"))).unwrap();
    assert_eq!(accept, Some(bench.nginx.manifest.clone()));
}

/// Reverse proxies answer 301 and 308, Google 302, some 303, most 307; targets are absolute, of the same scheme, or relative.
#[test]
fn a_manifest_is_had_behind_every_redirect() {
    for status in [301, 302, 303, 307, 308] {
        for (location, target) in [
            ("https://blobs.example/m", "https://blobs.example/m"),
            ("//blobs.example/m", "https://blobs.example/m"),
            (
                "/artifacts-downloads/m?t=a%2Bb",
                "https://registry.example/artifacts-downloads/m?t=a%2Bb",
            ),
            (
                "other",
                "https://registry.example/v2/acme/nginx/manifests/other",
            ),
        ] {
            let bench = Bench::new(acme());
            bench.registry.set_auth(Auth::basic("acme", "hunter2"));
            let bytes = bench.registry.tagged("acme/nginx", "1.0.0").unwrap();
            let redirect = Fault::status(status).header("location", location);
            bench.registry.inject("manifests/1.0.0", None, redirect);
            bench
                .registry
                .inject(target, None, Fault::status(200).body(bytes));
            let fetched = manifest(&bench, &by_tag()).unwrap();
            assert_eq!(fetched.digest, bench.nginx.manifest, "{status} {location}");
            let last = bench.registry.log().pop().unwrap();
            assert_eq!(last.url, target);
            assert_eq!(last.authorization, None, "{status} {location}");
            assert_eq!(last.method, "GET");
        }
    }
}

/// Whoever may not look and whoever looks for what is not there are told alike or not, as each registry has it; HEAD says so
/// without a body.
#[test]
fn what_a_refusal_says() {
    for (status, code, kind) in [
        (401, Some("UNAUTHORIZED"), Kind::Denied(401)),
        (403, Some("DENIED"), Kind::Denied(403)),
        (403, None, Kind::Denied(403)),
        (404, Some("NAME_UNKNOWN"), Kind::NotFound),
        (404, Some("MANIFEST_UNKNOWN"), Kind::NotFound),
        (404, None, Kind::NotFound),
        (412, Some("PROJECTPOLICYVIOLATION"), Kind::Unsupported),
    ] {
        for head in [false, true] {
            let bench = Bench::new(acme());
            let fault = match code {
                Some(code) if !head => Fault::error(status, code, "no"),
                _ => Fault::status(status),
            };
            bench.registry.inject("manifests", None, fault);
            let asked = if head {
                done(bench.client().resolve(&name("acme/nginx"), &tag("1.0.0"))).map(|_| ())
            } else {
                manifest(&bench, &by_tag()).map(|_| ())
            };
            let given = match asked {
                // HEAD that is refused for another reason than these is asked again by GET.
                Ok(()) => Kind::Unsupported,
                Err(error) => error.kind(),
            };
            assert_eq!(given, kind, "{status} {code:?} {head}");
        }
    }
}

#[test]
fn redirects_have_an_end() {
    let bench = Bench::new(Credentials::Anonymous);
    let circle = Fault::status(302).header("location", "/v2/acme/nginx/manifests/1.0.0");
    bench.registry.inject("manifests", None, circle);
    let error = manifest(&bench, &by_tag()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.example: following a redirect: gave a redirect that leads nowhere"
    );
    assert_eq!(bench.registry.calls(), 6);
    bench.registry.heal();
    bench.registry.inject("manifests", None, Fault::status(302));
    let error = manifest(&bench, &by_tag()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.example: following a redirect: gave a redirect that leads nowhere"
    );
}

#[test]
fn redirects_to_where_nobody_should_go() {
    for location in [
        "http://blobs.example/x",
        "https://169.254.169.254/",
        "https://a:b@blobs.example/",
        "https://[::1]/",
    ] {
        let bench = Bench::new(Credentials::Anonymous);
        let fault = || Fault::status(307).header("location", location);
        bench.registry.inject("/v2/", None, fault());
        let message =
            "registry.example: following a redirect: redirects to an address that is not followed";
        assert_eq!(
            manifest(&bench, &by_tag()).unwrap_err().to_string(),
            message
        );
        assert_eq!(
            blob(&bench, &bench.nginx.package, SIZE)
                .unwrap_err()
                .to_string(),
            message
        );
        assert_eq!(opened(&bench, None).unwrap_err().to_string(), message);
        assert_eq!(bench.registry.calls(), 3);
    }
}

#[test]
fn a_tag_is_resolved_by_head() {
    let bench = Bench::new(Credentials::Anonymous);
    let resolve = |text: &str| done(bench.client().resolve(&name("acme/nginx"), &tag(text)));
    assert_eq!(resolve("1.0.0"), Ok(Some(bench.nginx.manifest.clone())));
    assert_eq!(bench.sent(), ["HEAD /v2/acme/nginx/manifests/1.0.0"]);
    assert_eq!(resolve("2.0.0").unwrap_err().kind(), Kind::NotFound);
    bench.registry.set_digest_header(false);
    assert_eq!(resolve("1.0.0"), Ok(None));
    bench.registry.inject("HEAD", Some(1), Fault::status(405));
    assert_eq!(resolve("1.0.0"), Ok(None));
    bench.registry.inject(
        "HEAD",
        Some(1),
        Fault::status(429).header("retry-after", "1"),
    );
    assert_eq!(resolve("1.0.0").unwrap_err().kind(), Kind::Throttled);
    // Where HEAD is redirected to a URL that was signed for GET, only GET can tell.
    bench.registry.redirect_manifests(true);
    bench
        .registry
        .inject("HEAD https://blobs.example", Some(1), Fault::status(403));
    assert_eq!(resolve("1.0.0"), Ok(None));
}

#[test]
fn docker_hub_is_asked_at_its_api_and_called_by_its_name() {
    let bench = Bench::at("docker.io", Credentials::Anonymous);
    manifest(&bench, &by_tag()).unwrap();
    let url = &bench.registry.log()[0].url;
    assert_eq!(
        url,
        "https://registry-1.docker.io/v2/acme/nginx/manifests/1.0.0"
    );
    bench.registry.inject("manifests", Some(1), Fault::Timeout);
    assert_eq!(
        manifest(&bench, &by_tag()).unwrap_err().host(),
        Some("docker.io")
    );
    bench
        .registry
        .inject("manifests", Some(1), Fault::status(500));
    assert_eq!(
        manifest(&bench, &by_tag()).unwrap_err().host(),
        Some("docker.io")
    );
}
