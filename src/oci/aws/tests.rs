use super::*;

const NOW: Timestamp = Timestamp(1_440_938_160_000);

fn keys(session: Option<&str>) -> AwsKeys {
    AwsKeys {
        id: "AKIDEXAMPLE".into(),
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        session: session.map(Into::into),
    }
}

#[test]
fn the_region_is_in_the_host() {
    for (host, expected) in [
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            Some("api.ecr.eu-west-1.amazonaws.com eu-west-1 ecr"),
        ),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            Some("api.ecr.cn-north-1.amazonaws.com.cn cn-north-1 ecr"),
        ),
        (
            "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
            Some("ecr-fips.us-east-1.amazonaws.com us-east-1 ecr"),
        ),
        (
            "public.ecr.aws",
            Some("api.ecr-public.us-east-1.amazonaws.com us-east-1 ecr-public"),
        ),
        ("ghcr.io", None),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
            None,
        ),
        ("evil.example.dkr.ecr.eu-west-1.amazonaws.com", None),
        ("123456789012.dkr.ecr.amazonaws.com", None),
        ("123456789012.dkr.ecrx.eu-west-1.amazonaws.com", None),
    ] {
        let service = AmazonService::of(&host.parse().unwrap());
        let shown = service.map(|one| format!("{} {} {}", one.host, one.region, one.name));
        assert_eq!(shown.as_deref(), expected, "{host}");
    }
}

#[test]
fn requests_are_signed_and_show_no_secret_key() {
    let registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
        .parse()
        .unwrap();
    let request = password_request(&registry, &keys(Some("session")), NOW)
        .unwrap()
        .unwrap();
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (
            request.method().as_str(),
            request.uri().to_string().as_str(),
            request.body().as_ref()
        ),
        (
            "POST",
            "https://api.ecr.eu-west-1.amazonaws.com/",
            b"{}".as_slice()
        )
    );
    assert_eq!(header("x-amz-date"), "20150830T123600Z");
    assert_eq!(header("x-amz-security-token"), "session");
    assert_eq!(
        header("x-amz-target"),
        "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
    );
    // Worked out apart, by botocore's SigV4Auth.
    assert_eq!(
        header("authorization"),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/ecr/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=6f11af244746a679c0f98d43596f0aa3afd911b188512bc712eabc0008c85900"
    );
    assert!(!format!("{request:?}").contains("wJalr"));
    assert!(!format!("{request:?}").contains("\"session\""));
    assert!(password_request(&"ghcr.io".parse().unwrap(), &keys(None), NOW).is_none());
    let odd = password_request(&registry, &keys(Some("a\nb")), NOW).unwrap();
    assert!(odd.is_err());
}

#[test]
fn replies_of_both_services() {
    // `AWS:password`.
    let token = "QVdTOnBhc3N3b3Jk";
    let end = 1_440_938_160 + 43_200;
    let private = format!(
        r#"{{"authorizationData":[{{"authorizationToken":"{token}","expiresAt":{end}.729,"proxyEndpoint":"https://123456789012.dkr.ecr.eu-west-1.amazonaws.com"}}]}}"#
    );
    let public =
        format!(r#"{{"authorizationData":{{"authorizationToken":"{token}","expiresAt":{end}}}}}"#);
    for reply in [private, public] {
        let password = parse(reply.as_bytes(), NOW).unwrap();
        assert_eq!(password.value.expose(), "password");
        let until = NOW.after(Duration::from_hours(12)).before(BUFFER);
        assert_eq!(password.until, until);
    }
    for nothing in [
        "",
        "<html>",
        "{}",
        r#"{"authorizationData":[]}"#,
        r#"{"authorizationData":[{"authorizationToken":"%","expiresAt":1}]}"#,
        // `root:password`, and `AWS:`.
        r#"{"authorizationData":[{"authorizationToken":"cm9vdDpwYXNzd29yZA==","expiresAt":1}]}"#,
        r#"{"authorizationData":[{"authorizationToken":"QVdTOg==","expiresAt":1}]}"#,
        r#"{"authorizationData":[{"authorizationToken":"QVdTOnBhc3N3b3Jk"}]}"#,
    ] {
        assert_eq!(parse(nothing.as_bytes(), NOW), None, "{nothing}");
    }
}

#[test]
fn a_repository_is_named_without_the_alias_of_ecr_public() {
    let keys = keys(None);
    for (host, name, expected) in [
        (
            "public.ecr.aws",
            "acme/charts/web",
            Some(r#"{"repositoryName":"charts/web"}"#),
        ),
        ("public.ecr.aws", "acme", None),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "charts/web",
            Some(r#"{"registryId":"123456789012","repositoryName":"charts/web"}"#),
        ),
        ("registry.example", "charts/web", None),
    ] {
        let registry = host.parse().unwrap();
        let name = name.parse().unwrap();
        let request = creation_request(&registry, &keys, NOW, &name);
        let body = request.map(|request| request.unwrap().into_body());
        assert_eq!(body.as_deref(), expected.map(str::as_bytes), "{host}");
    }
}
