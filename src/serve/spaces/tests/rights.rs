//! Who may do what by the API, and what is not told to whom.

use super::*;
use crate::serve::tests::error;
use crate::testing::config;
use http::header::AUTHORIZATION;

const ACCOUNTS: &str = "anna: { token: the-token-of-anna, read: 'team-a, team-b/sub', push: 'team-a' }\n\
     otto: { token: the-token-of-otto, read: 'team-a', delete: 'team-a' }\n\
     ci: { token: the-token-of-the-pipeline, push: 'team-b/**' }";

const ANNA: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-anna");
const OTTO: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-otto");
const PIPELINE: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-the-pipeline");

fn shared() -> Museum {
    let museum = Museum::new(&[("ACCOUNTS", ACCOUNTS)]);
    for space in ["team-a", "team-b", "team-b/sub"] {
        museum.upload(space, &chart("web", "1.0.0", space));
    }
    museum
}

/// Statuses of the answers to a stranger, Anna, Otto and the pipeline.
fn statuses(museum: &Museum, line: &str) -> String {
    let (method, path) = line.split_once(' ').unwrap();
    let path = format!("/api/v1{path}");
    museum.world.clock.advance(Duration::from_secs(1));
    let as_whom = [vec![], vec![ANNA], vec![OTTO], vec![PIPELINE]];
    let told = as_whom.map(|who| status(&museum.send_with(method, &path, &who, "")).to_string());
    format!("{line}: {}", told.join(" "))
}

#[test]
fn what_somebody_may_not_see_does_not_exist() {
    let museum = shared();
    museum.transcript(&["POST /spaces?space=secret"]);
    let spaces = |who| bytes(&museum.send_with("GET", "/api/v1/spaces", &[who], "")).to_vec();
    assert!(spaces(ANNA).ends_with(br#""items":["team-a","team-b/sub"]}"#));
    assert!(spaces(OTTO).ends_with(br#""items":["team-a"]}"#));
    assert!(spaces(TOKEN).ends_with(br#""items":["secret","team-a","team-b","team-b/sub"]}"#));
    let lines = [
        "GET /spaces",
        "GET /spaces/team-a/charts",
        "GET /spaces/team-b/charts",
        "GET /spaces/team-b/metadata",
        "GET /spaces/team-b/charts/web/versions",
        "GET /spaces/team-b/charts/web/versions/1.0.0",
        "GET /spaces/team-b/charts/web/metadata/latest",
        "GET /spaces/team-b/sub/charts",
        "GET /spaces/secret/charts",
        "GET /spaces/nobody/charts",
        "POST /spaces",
        "POST /spaces?space=team-a",
        "POST /spaces?space=secret",
        "POST /spaces?space=nobody",
        "POST /spaces/team-a/charts",
        "POST /spaces/team-b/charts",
        "PUT /spaces/team-a/charts/web/versions/1.0.0",
        "DELETE /spaces/team-b",
        "DELETE /spaces/team-b/charts/web",
        "DELETE /spaces/team-b/charts/web/versions/1.0.0",
        "DELETE /spaces/team-a/charts/web/versions/1.0.0",
    ];
    let told: Vec<String> = lines.map(|line| statuses(&museum, line)).into();
    insta::assert_snapshot!(told.join("\n"), @"
        GET /spaces: 401 200 200 404
        GET /spaces/team-a/charts: 401 200 200 404
        GET /spaces/team-b/charts: 401 404 404 404
        GET /spaces/team-b/metadata: 401 404 404 404
        GET /spaces/team-b/charts/web/versions: 401 404 404 404
        GET /spaces/team-b/charts/web/versions/1.0.0: 401 404 404 404
        GET /spaces/team-b/charts/web/metadata/latest: 401 404 404 404
        GET /spaces/team-b/sub/charts: 401 200 404 404
        GET /spaces/secret/charts: 401 404 404 404
        GET /spaces/nobody/charts: 401 404 404 404
        POST /spaces: 401 400 403 400
        POST /spaces?space=team-a: 401 409 403 404
        POST /spaces?space=secret: 401 404 403 404
        POST /spaces?space=nobody: 401 404 403 404
        POST /spaces/team-a/charts: 401 400 403 404
        POST /spaces/team-b/charts: 401 403 404 400
        PUT /spaces/team-a/charts/web/versions/1.0.0: 401 400 403 404
        DELETE /spaces/team-b: 401 403 404 404
        DELETE /spaces/team-b/charts/web: 401 403 404 404
        DELETE /spaces/team-b/charts/web/versions/1.0.0: 401 403 404 404
        DELETE /spaces/team-a/charts/web/versions/1.0.0: 401 403 204 404
    ");
    // A space that was created is nobody's business but that of who may read it.
    let index = |who: &[_], path| status(&museum.send_with("GET", path, who, ""));
    assert_eq!(index(&[ANNA], "/secret/index.yaml"), 404);
    assert_eq!(index(&[TOKEN], "/secret/index.yaml"), 200);
}

#[test]
fn closed_where_nothing_may_be_written() {
    let package = chart("web", "1.0.0", "");
    let (body, _) = form(&[("chartfile", &package)]);
    let read_only = Museum::new(&[("READ_ONLY", "true")]);
    let mut nobody = Museum::new(&[]);
    nobody.world.config = config(&[]);
    for (museum, reason) in [
        (
            read_only,
            r#"403 {"message":"closed: READ_ONLY is set","reason":"ReasonRequest"}"#,
        ),
        (
            nobody,
            r#"403 {"message":"closed: ADMIN_TOKEN is not set","reason":"ReasonRequest"}"#,
        ),
    ] {
        for (method, path) in [
            ("POST", "/spaces?space=team"),
            ("DELETE", "/spaces/team"),
            ("POST", "/spaces/team/charts"),
            ("DELETE", "/spaces/team/charts/web"),
            ("PUT", "/spaces/team/charts/web/versions/1.0.0"),
            ("DELETE", "/spaces/team/charts/web/versions/1.0.0"),
        ] {
            let path = format!("/api/v1{path}");
            let answer = museum.send_with(method, &path, &[TOKEN, FORM], body.clone());
            assert_eq!(told(&answer), reason, "{method} {path}");
        }
        assert_eq!(museum.world.registry.calls(), 0);
        let outside = museum.send_with("POST", "/api/charts", &[TOKEN], "");
        assert!(error(&outside).starts_with("403 closed: "));
    }
}
