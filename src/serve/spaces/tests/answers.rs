//! Each answer that the `OpenAPI` document tells of, given.

use std::collections::BTreeSet;

use serde_json::json;

use super::documented::{judge, operations};
use super::*;
use crate::catalog::ask::{Lock, TagPlace};
use http::header::AUTHORIZATION;

/// What a request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    /// A space with a chart in one version, and one that is to be composed of it.
    Stocked,
    /// Another writer is at it.
    Locked,
    /// Another tag names the same chart.
    Aliased,
    /// The registry deletes nothing.
    Undeletable,
    /// Nothing may be replaced.
    Kept,
    /// The registry redirects downloads.
    Redirecting,
}

const PIPELINE: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-the-pipeline");
const OTTO: (HeaderName, &str) = (AUTHORIZATION, "Bearer the-token-of-otto");

const NO_BODY: &[u8] = b"";
const STRANGER: &[(HeaderName, &str)] = &[];
const READER: &[(HeaderName, &str)] = &[OTTO];
const PUSHER: &[(HeaderName, &str)] = &[PIPELINE];
const ADMIN: &[(HeaderName, &str)] = &[TOKEN];
const UPLOADER: &[(HeaderName, &str)] = &[TOKEN, FORM];

fn met(met: Met) -> Museum {
    let accounts = (
        "ACCOUNTS",
        "otto: { token: the-token-of-otto, read: team }\nci: { token: the-token-of-the-pipeline, push: team }",
    );
    let mut settings = vec![accounts, ("UPLOAD_LIMIT", "600000")];
    if met == Met::Kept {
        settings.push(("DISABLE_FORCE_OVERWRITE", "true"));
    }
    let museum = Museum::new(&settings);
    museum.upload("team", &chart("web", "1.0.0", ""));
    let registry = &museum.world.registry;
    match met {
        Met::Stocked | Met::Kept => {}
        Met::Locked => {
            for tag in ["1.0.0", "2.0.0"] {
                let version = TagPlace {
                    source: "registry.example/charts".to_owned(),
                    repository: "charts/team/web".to_owned(),
                    tag: tag.to_owned(),
                };
                let lock = Lock {
                    version,
                    holder: None,
                    seconds: 100,
                };
                assert!(museum.world.ask(&lock).is_some());
            }
        }
        Met::Aliased => {
            let manifest = registry.tagged("charts/team/web", "1.0.0").unwrap();
            let digest = crate::oci::Digest::sha256_of(&manifest);
            registry.tag("charts/team/web", "stable", &digest);
        }
        Met::Undeletable => registry.set_mounts_and_deletes(false),
        Met::Redirecting => registry.set_blobs(crate::testing::Blobs::Redirect(307)),
    }
    museum
}

/// Method, path, headers and body of a request, what it meets, and the status of the answer.
type Line<'l> = (
    &'l str,
    &'l str,
    &'l [(HeaderName, &'l str)],
    &'l [u8],
    Met,
    u16,
);

/// Each answer that the document tells of is given.
#[test]
#[expect(clippy::too_many_lines, reason = "one table of all of it")]
fn every_documented_answer_is_given() {
    let (web, next) = (chart("web", "1.0.0", "new"), chart("web", "2.0.0", ""));
    let large = vec![0; 700_000];
    let web_form = form(&[("chartfile", &web)]).0;
    let next_form = form(&[("chartfile", &next)]).0;
    let large_form = form(&[("chartfile", &large)]).0;
    let metadata = json!({"name": "web", "version": "1.0.0"}).to_string();
    let (version, absent) = (
        "/spaces/team/charts/web/versions/1.0.0",
        "/spaces/team/charts/web/versions/9.0.0",
    );
    let manifests = |what: &str| {
        (
            format!("{version}/manifests/{what}"),
            format!("{absent}/manifests/{what}"),
        )
    };
    let (of_metadata, no_metadata) = manifests("metadata");
    let (of_values, no_values) = manifests("values");
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut add = |method, path, who: &'static [(HeaderName, &'static str)], body, met, status| {
        lines.push((method, path, who, body, met, status));
    };
    // Lists, and what they are of.
    for (path, nowhere) in [
        ("/spaces/team/charts", "/spaces/none/charts"),
        (
            "/spaces/team/charts/web/versions",
            "/spaces/team/charts/none/versions",
        ),
        ("/spaces/team/metadata", "/spaces/none/metadata"),
        (
            "/spaces/team/metadata/latest",
            "/spaces/none/metadata/latest",
        ),
        (
            "/spaces/team/charts/web/metadata",
            "/spaces/team/charts/none/metadata",
        ),
        (
            "/spaces/team/charts/web/metadata/latest",
            "/spaces/team/charts/none/metadata/latest",
        ),
        (version, absent),
        (&of_metadata, &no_metadata),
        (&of_values, &no_values),
    ] {
        add("GET", path, READER, NO_BODY, Met::Stocked, 200);
        add("GET", path, STRANGER, NO_BODY, Met::Stocked, 401);
        add("GET", nowhere, READER, NO_BODY, Met::Stocked, 404);
    }
    for path in [
        "/spaces?start=x",
        "/spaces/team/charts?start=x",
        "/spaces/team/charts/web/versions?limit=x",
        "/spaces/team/metadata?start=x",
        "/spaces/team/metadata/latest?start=x",
        "/spaces/team/charts/web/metadata?start=x",
        "/spaces/team/charts/w%20b/metadata/latest",
        "/spaces/team/charts/web/versions/x",
        "/spaces/team/charts/web/versions/x/manifests/metadata",
        "/spaces/team/charts/web/versions/x/manifests/values",
    ] {
        add("GET", path, READER, NO_BODY, Met::Stocked, 400);
    }
    add("GET", "/spaces", READER, NO_BODY, Met::Stocked, 200);
    add("GET", "/spaces", STRANGER, NO_BODY, Met::Stocked, 401);
    add("GET", "/spaces", PUSHER, NO_BODY, Met::Stocked, 404);
    add("GET", version, READER, NO_BODY, Met::Redirecting, 302);
    // Spaces.
    for (path, who, body, status) in [
        ("/spaces?space=new", ADMIN, NO_BODY, 201),
        ("/spaces?space=No", ADMIN, NO_BODY, 400),
        ("/spaces?space=new", STRANGER, NO_BODY, 401),
        ("/spaces?space=new", READER, NO_BODY, 403),
        ("/spaces?space=new", PUSHER, NO_BODY, 404),
        ("/spaces?space=team", ADMIN, NO_BODY, 409),
        ("/spaces?space=new", ADMIN, &large, 413),
    ] {
        add("POST", path, who, body, Met::Stocked, status);
    }
    // What is stored.
    for (method, path, body) in [
        ("POST", "/spaces/team/charts", &next_form),
        ("PUT", version, &web_form),
    ] {
        let stored = if method == "POST" { 201 } else { 200 };
        add(method, path, UPLOADER, body, Met::Stocked, stored);
        add(method, path, UPLOADER, NO_BODY, Met::Stocked, 400);
        add(method, path, STRANGER, body, Met::Stocked, 401);
        add(method, path, READER, body, Met::Stocked, 403);
        add(method, path, UPLOADER, &large_form, Met::Stocked, 413);
        add(method, path, UPLOADER, body, Met::Locked, 423);
    }
    add(
        "POST",
        "/spaces/team/charts",
        UPLOADER,
        &web_form,
        Met::Stocked,
        409,
    );
    add("PUT", version, UPLOADER, &web_form, Met::Kept, 409);
    let composed = json!({"save": {"chart": "mine", "version": "1.0.0"}, "configs": {
        "package": {"independent": true, "space": "team", "chart": "web", "version": "1.0.0"},
    }});
    let composed = composed.to_string();
    let of_nothing = composed.replace("\"web\"", "\"none\"");
    add(
        "POST",
        "/spaces/team/charts",
        ADMIN,
        composed.as_bytes(),
        Met::Stocked,
        201,
    );
    add(
        "POST",
        "/spaces/team/charts",
        ADMIN,
        of_nothing.as_bytes(),
        Met::Stocked,
        404,
    );
    // The version that is looked for is the one of the package.
    let elsewhere = "/spaces/other/charts/web/versions/1.0.0";
    add("PUT", elsewhere, UPLOADER, &web_form, Met::Stocked, 404);
    for (path, absent, body) in [
        (&of_metadata, &no_metadata, metadata.as_str()),
        (&of_values, &no_values, "a: 1"),
    ] {
        let body = body.as_bytes();
        add("PUT", path, ADMIN, body, Met::Stocked, 200);
        add("PUT", path, ADMIN, b"[1]", Met::Stocked, 400);
        add("PUT", path, STRANGER, body, Met::Stocked, 401);
        add("PUT", path, READER, body, Met::Stocked, 403);
        add("PUT", absent, ADMIN, body, Met::Stocked, 404);
        add("PUT", path, ADMIN, body, Met::Kept, 409);
        add("PUT", path, ADMIN, &large, Met::Stocked, 413);
        add("PUT", path, ADMIN, body, Met::Locked, 423);
    }
    // What is deleted.
    for (path, nowhere) in [
        (version, absent),
        ("/spaces/team/charts/web", "/spaces/team/charts/none"),
        ("/spaces/team", "/spaces/none"),
    ] {
        add("DELETE", path, ADMIN, NO_BODY, Met::Stocked, 204);
        add("DELETE", path, STRANGER, NO_BODY, Met::Stocked, 401);
        add("DELETE", path, READER, NO_BODY, Met::Stocked, 403);
        add("DELETE", nowhere, ADMIN, NO_BODY, Met::Stocked, 404);
        add("DELETE", path, ADMIN, NO_BODY, Met::Aliased, 409);
        add("DELETE", path, ADMIN, NO_BODY, Met::Locked, 423);
        add("DELETE", path, ADMIN, NO_BODY, Met::Undeletable, 501);
    }
    add(
        "DELETE",
        "/spaces/team/charts/web/versions/x",
        ADMIN,
        NO_BODY,
        Met::Stocked,
        400,
    );

    let mut given = BTreeSet::new();
    for (method, path, who, body, meets, expected) in lines {
        let museum = met(meets);
        let full = format!("/api/v1{path}");
        let answer = museum.send_with(method, &full, who, body.to_vec());
        assert_eq!(
            status(&answer),
            expected,
            "{method} {path}, {meets:?}: {}",
            told(&answer)
        );
        // What is no path of a route is answered in the place of one.
        let routed = full
            .replace("w%20b", "web")
            .replace("versions/x", "versions/1.0.0");
        given.extend(judge(method, &routed, &answer));
    }
    let mut documented = BTreeSet::new();
    for (_, _, said) in operations() {
        let id = said["operationId"].as_str().unwrap();
        let statuses = said["responses"].as_object().unwrap().keys();
        documented.extend(statuses.filter_map(|status| Some((id, status.parse::<u16>().ok()?))));
    }
    assert_eq!(
        documented.symmetric_difference(&given).collect::<Vec<_>>(),
        Vec::<&(&str, u16)>::new()
    );
}
