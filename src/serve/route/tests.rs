use proptest::prelude::*;

use super::*;

#[track_caller]
fn get(path: &str) -> Result<Route, Error> {
    Route::of(&Method::GET, path)
}

#[track_caller]
fn is_index(path: &str, space: &str) {
    assert_eq!(
        get(path),
        Ok(Route::Index(space.parse().unwrap())),
        "{path}"
    );
}

#[track_caller]
fn is_file_of(path: &str, space: &str, digest: Option<&str>, name: &str, part: Part) {
    let file = File {
        space: space.parse().unwrap(),
        digest: digest.map(str::to_owned),
        name: name.parse().unwrap(),
        part,
    };
    assert_eq!(get(path), Ok(Route::File(file)), "{path}");
}

#[track_caller]
fn missing(path: &str, what: Missing) {
    assert_eq!(get(path), Err(Error::NotFound(what)), "{path}");
}

#[test]
fn every_folder_has_a_file_for_artifact_hub() {
    for (path, space) in [
        ("/artifacthub-repo.yml", ""),
        ("/team-a/sub/artifacthub-repo.yml", "team-a/sub"),
        ("/charts/artifacthub-repo.yml", "charts"),
        ("/api/artifacthub-repo.yml", "api"),
    ] {
        let route = Route::ArtifactHub(space.parse().unwrap());
        assert_eq!(get(path), Ok(route), "{path}");
    }
    missing("/Team/artifacthub-repo.yml", Missing::Space);
    missing("/v2/artifacthub-repo.yml", Missing::Path);
    assert_eq!(
        Route::of(&Method::POST, "/artifacthub-repo.yml"),
        Err(Error::MethodNotAllowed { allow: "GET, HEAD" })
    );
}

#[test]
fn every_folder_is_a_repository() {
    is_index("/index.yaml", "");
    is_index("/team-a/index.yaml", "team-a");
    is_index("/team-a/sub/index.yaml", "team-a/sub");
    for space in [
        "charts",
        "api",
        "api/v2",
        "api/v1x",
        "info",
        "refresh",
        "webhook/github",
    ] {
        is_index(&format!("/{space}/index.yaml"), space);
    }
    is_index("/team%2Da/index.yaml", "team-a");
    is_index(
        "/charts/0123456789abcdef/index.yaml",
        "charts/0123456789abcdef",
    );
}

#[test]
fn files_are_looked_up_by_their_whole_name() {
    use Part::{Package, Provenance};
    let hex = "0123456789abcdef";
    is_file_of("/charts/a-1.0.0.tgz", "", None, "a-1.0.0.tgz", Package);
    is_file_of(
        "/charts/a-1.0.0.tgz.prov",
        "",
        None,
        "a-1.0.0.tgz",
        Provenance,
    );
    is_file_of(
        &format!("/charts/{hex}/a-1.tgz"),
        "",
        Some(hex),
        "a-1.tgz",
        Package,
    );
    is_file_of(
        &format!("/x/charts/{hex}/a-1.tgz.prov"),
        "x",
        Some(hex),
        "a-1.tgz",
        Provenance,
    );
    is_file_of("/charts/charts/a-1.tgz", "charts", None, "a-1.tgz", Package);
    is_file_of(
        "/charts/a-1.0.0+b.5.tgz",
        "",
        None,
        "a-1.0.0+b.5.tgz",
        Package,
    );
    is_file_of(
        "/charts/a-1.0.0%2Bb.5.tgz",
        "",
        None,
        "a-1.0.0+b.5.tgz",
        Package,
    );
    is_file_of("/api/charts/a-1.tgz", "api", None, "a-1.tgz", Package);
}

#[test]
fn the_other_routes() {
    assert_eq!(get("/"), Ok(Route::Home));
    assert_eq!(get("/health"), Ok(Route::Health));
    assert_eq!(get("/info"), Ok(Route::Info));
    assert_eq!(get("/metrics"), Ok(Route::Metrics));
    assert_eq!(get("/apidocs.json"), Ok(Route::ApiDocs));
    assert_eq!(
        get("/team/apidocs.json"),
        Ok(Route::Space("team/apidocs.json".parse().unwrap()))
    );
    let post = |path| Route::of(&Method::POST, path);
    assert_eq!(post("/refresh"), Ok(Route::Refresh(None)));
    assert_eq!(post("/refresh/a/b"), Ok(Route::Refresh(Some("a/b".into()))));
    assert_eq!(post("/webhook/harbor"), Ok(Route::Webhook(Sender::Harbor)));
    assert_eq!(
        post("/webhook/quay"),
        Err(Error::NotFound(Missing::Webhook))
    );
}

#[test]
fn a_slash_behind_a_path_means_nothing() {
    for path in [
        "/health",
        "/info",
        "/index.yaml",
        "/a/index.yaml",
        "/charts/a-1.tgz",
        "/a/b",
    ] {
        assert_eq!(get(&format!("{path}/")), get(path), "{path}");
        assert!(get(path).is_ok(), "{path}");
        missing(&format!("{path}//"), Missing::Path);
    }
    let post = |path| Route::of(&Method::POST, path);
    assert_eq!(post("/refresh/"), Ok(Route::Refresh(None)));
    assert_eq!(post("/refresh/a/b/"), post("/refresh/a/b"));
    assert_eq!(post("/webhook/harbor/"), post("/webhook/harbor"));
}

#[test]
fn what_is_nothing_else_may_be_a_space() {
    for path in [
        "/x",
        "/charts",
        "/team-a/sub",
        "/webhook",
        "/charts/x.zip",
        "/favicon.ico",
    ] {
        let space = path.strip_prefix('/').unwrap().parse().unwrap();
        assert_eq!(get(path), Ok(Route::Space(space)), "{path}");
        for method in [Method::POST, Method::PUT, Method::OPTIONS] {
            let nothing = Err(Error::NotFound(Missing::Path));
            assert_eq!(Route::of(&method, path), nothing, "{method} {path}");
        }
    }
}

#[test]
fn nothing_is_there() {
    for path in [
        "",
        "x",
        "//",
        "/charts/0123456789ABCDEF/a-1.tgz",
        "/x//",
        "/Upper",
        "/charts/.tgz",
        "/api/v1",
        "/api/v1/",
        "//index.yaml",
        "/./index.yaml",
        "/../index.yaml",
        "/%2e%2e/index.yaml",
        "/a%2Fb/index.yaml",
        "/a%5Cb/index.yaml",
        "/a/%00/index.yaml",
        "/%252e/index.yaml",
        "/charts/a%2Fb-1.tgz",
        "/charts/%ff-1.tgz",
        "/charts/..%2Fa.tgz",
        "/v2",
        "/v2/index.yaml",
        "/v2/charts/a-1.tgz",
        "/api/v1/index.yaml",
        "/api/v1/x",
        "/health%2f",
    ] {
        missing(path, Missing::Path);
    }
    missing("/Team/index.yaml", Missing::Space);
    missing("/a%20b/index.yaml", Missing::Space);
    missing("/-a/index.yaml", Missing::Space);
    missing(&format!("/{}/index.yaml", "a".repeat(256)), Missing::Space);
    missing("/charts/a%20b.tgz", Missing::File);
    missing("/charts/ä-1.tgz", Missing::File);
    missing(&format!("/charts/{}.tgz", "a".repeat(252)), Missing::File);
}

#[test]
fn known_paths_with_other_methods() {
    #[track_caller]
    fn refused(method: &str, path: &str, allow: &'static str) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(
            Route::of(&method, path),
            Err(Error::MethodNotAllowed { allow }),
            "{path}"
        );
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "get"] {
        for path in [
            "/",
            "/index.yaml",
            "/charts/a-1.tgz",
            "/health",
            "/info",
            "/metrics",
        ] {
            refused(method, path, "GET, HEAD");
        }
    }
    for method in ["GET", "HEAD", "PUT"] {
        for path in ["/refresh", "/refresh/a", "/webhook/github"] {
            refused(method, path, "POST");
        }
    }
    assert_eq!(Route::of(&Method::HEAD, "/"), Ok(Route::Home));
    assert_eq!(
        Route::of(&Method::POST, "/nothing"),
        Err(Error::NotFound(Missing::Path))
    );
}

/// ChartMuseum's `--context-path`, as `helm cm-push` has it.
#[test]
fn a_context_is_the_beginning_of_the_space_of_what_is_posted() {
    for (path, space) in [
        ("/team/api/charts", "team"),
        ("/a/b/api/c/charts/", "a/b/c"),
        ("/api/team/charts", "team"),
        ("/api/team/api/charts", "team/api"),
    ] {
        let expected = Route::Museum(space.parse().unwrap(), Museum::Upload);
        assert_eq!(Route::of(&Method::POST, path), Ok(expected), "{path}");
    }
    let signed = Route::of(&Method::POST, "/team/api/prov");
    assert_eq!(
        signed,
        Ok(Route::Museum("team".parse().unwrap(), Museum::Sign))
    );
    for path in [
        "/team/api/charts/web",
        "/team/api/charts/web/1.0.0",
        "/team/api",
    ] {
        let posted = Route::of(&Method::POST, path);
        assert_eq!(posted, Err(Error::NotFound(Missing::Path)), "{path}");
    }
    let space = Route::Space("team/api/charts".parse().unwrap());
    assert_eq!(get("/team/api/charts"), Ok(space));
}

proptest! {
    #[test]
    fn no_path_panics_and_no_file_leaves_its_folder(path in "(/[a-z0-9.%+/_-]{0,6}){0,5}(/charts/)?[a-z.%2fF+é-]{0,8}(.tgz)?") {
        if let Ok(Route::File(file)) = get(&path) {
            prop_assert!(!file.name.as_str().contains(['/', '\\', '%']));
        }
    }
}
