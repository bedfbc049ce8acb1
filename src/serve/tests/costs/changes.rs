//! The lines of who writes, operates and notifies.

use bytes::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::callers::Caller;
use super::lines::Line;
use crate::serve::tests::ADMIN;
use crate::serve::write::tests::{SIGNED, SIGNED_PROVENANCE, chart, form};
use crate::testing::{Object, request};

/// So many requests, twice, tell what a thousand cost where each has a step of the catalog follow it: what is rationed by the
/// hour is spent within the first hundred, and each later hundred costs what the second did.
const SAMPLE: Option<usize> = Some(100);
/// The same of deletions: there are fifty versions to delete.
const DELETED: Option<usize> = Some(20);

/// A chart of fifty versions goes in six requests, of nine versions each; then its space goes.
const IN_STEPS: [&str; 7] = {
    let mut paths = ["/api/v1/spaces/team/charts/b"; 7];
    paths[6] = "/api/v1/spaces/team";
    paths
};

/// They may do everything that accounts can.
const WRITERS: &[Caller] = &[Caller::Pipeline, Caller::TokenHolder, Caller::Admin];

pub(super) fn lines() -> Vec<Line> {
    let (stored, deleted) = (of_writers(), of_deletions());
    let (looks, told) = (of_operators(), of_senders());
    stored
        .into_iter()
        .chain(deleted)
        .chain(looks)
        .chain(told)
        .collect()
}

const FORM: (HeaderName, &str) = (CONTENT_TYPE, "multipart/form-data; boundary=xyz");

/// A form for either API.
fn sent(name: &str, version: &str, note: &str) -> Bytes {
    let package = chart(name, version, note);
    form(&[("chart", &package), ("chartfile", &package)]).0
}

/// What accounts can store.
fn of_writers() -> Vec<Line> {
    let of =
        |what, paths, routes: &[&'static str]| Line::of(("writer", WRITERS), what, paths, routes);
    let both = &["/api/charts", "/api/v1/spaces/team/charts"];
    let composed = |n: usize| {
        let part = json!({"independent": true, "space": "team", "chart": "b", "version": "1.0.0"});
        let save = json!({"chart": "composed", "version": format!("1.{n}.0"), "description": ""});
        json!({"save": save, "configs": {"package": part}})
            .to_string()
            .into()
    };
    vec![
        of(
            "POST /api/charts and /api/v1/spaces/<space>/charts, new versions",
            both,
            &[
                "POST /api/{space}/charts",
                "POST /api/v1/spaces/{space}/charts",
            ],
        )
        .with(FORM)
        .sending(|n| sent("stored", &format!("1.{n}.0"), "stored"))
        .sampled(SAMPLE),
        of(
            "POST /api/charts and /api/v1/spaces/<space>/charts, there already",
            both,
            &[],
        )
        .with(FORM)
        .sending(|_| sent("stored", "1.0.0", "stored"))
        .sampled(SAMPLE),
        of(
            "POST /api/v1/spaces/<space>/charts, composed",
            &["/api/v1/spaces/team/charts"],
            &[],
        )
        .sending(composed)
        .sampled(SAMPLE),
        Line {
            prepare: |world| {
                let push = request("POST", "/api/charts", &[ADMIN], SIGNED);
                world.serve(&world.registry, &Object::new(world), &world.memory, push);
            },
            ..of(
                "POST /api/prov?force",
                &["/api/prov?force"],
                &["POST /api/{space}/prov"],
            )
        }
        .sending(|n| [SIGNED_PROVENANCE, "\n".repeat(n % 9).as_bytes()].concat().into())
        .sampled(SAMPLE),
        of(
            "PUT /api/v1/…/versions/<version>, …/manifests/metadata and values",
            &[
                "/api/v1/spaces/team/charts/b/versions/1.0.0",
                "/api/v1/spaces/team/charts/b/versions/1.0.0/manifests/metadata",
                "/api/v1/spaces/team/charts/b/versions/1.0.0/manifests/values",
            ],
            &[
                "PUT /api/v1/spaces/{space}/charts/a/versions/1.0.0",
                "PUT /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/metadata",
                "PUT /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/values",
            ],
        )
        .with(FORM)
        .sending(|n| match n % 3 {
            0 => sent("b", "1.0.0", &n.to_string()),
            1 => json!({"apiVersion": "v2", "name": "b", "version": "1.0.0", "description": n.to_string()})
                .to_string()
                .into(),
            _ => format!("n: {n}").into(),
        })
        .sampled(SAMPLE),
        of(
            "POST /api/v1/spaces, new names",
            &["/api/v1/spaces?space=x-{n}"],
            &["POST /api/v1/spaces?space=Bad"],
        ),
    ]
}

/// What accounts can delete, and have looked at again.
fn of_deletions() -> Vec<Line> {
    let of =
        |what, paths, routes: &[&'static str]| Line::of(("writer", WRITERS), what, paths, routes);
    let refresh = &["POST /refresh/{space}"];
    vec![
        of(
            "DELETE /api/charts/<name>/<version> and /api/v1/…/versions/<version>",
            &[
                "/api/charts/a/1.{n}.0",
                "/api/v1/spaces/team/charts/b/versions/1.{n}.0",
            ],
            &[
                "DELETE /api/{space}/charts/a/9.9.9",
                "DELETE /api/v1/spaces/{space}/charts/a/versions/9.9.9",
            ],
        )
        .sampled(DELETED),
        Line {
            // What is left of the space when the chart is gone.
            prepare: |world| {
                let registry = &world.registry;
                registry.push_version("charts/team/c", "c", "1.0.0");
                world.pass();
                world.rest();
            },
            ..of(
                "DELETE /api/v1/spaces/<space> and …/charts/<name>, of fifty versions",
                &IN_STEPS,
                &[
                    "DELETE /api/v1/spaces/{space}/none",
                    "DELETE /api/v1/spaces/{space}/charts/none",
                ],
            )
        },
        of(
            "DELETE of what is not there",
            &[
                "/api/charts/a/9.{n}.0",
                "/api/v1/spaces/team/charts/b/versions/9.{n}.0",
                "/api/v1/spaces/team/charts/x-{n}",
                "/api/v1/spaces/x-{n}",
            ],
            &[],
        ),
        of("POST /refresh", &["/refresh"], refresh).sampled(SAMPLE),
        of("POST /refresh/<path>", &["/refresh/team/b"], refresh).sampled(SAMPLE),
        of("POST /refresh/<guess>", &["/refresh/x-{n}"], refresh).sampled(SAMPLE),
        of(
            "POST /refresh?confirm",
            &["/refresh?confirm"],
            &["POST /refresh/{space}?confirm"],
        )
        .sampled(SAMPLE),
    ]
}

/// What who operates can look at.
fn of_operators() -> Vec<Line> {
    let measures = ("who measures", &[Caller::Prometheus, Caller::Admin][..]);
    vec![
        Line::of(
            measures,
            "GET /health?deep",
            &["/health?deep"],
            &["GET /health?deep"],
        ),
        Line::of(measures, "GET /metrics", &["/metrics"], &["GET /metrics"]),
        Line::of(
            ("admin", &[Caller::Admin]),
            "GET /info",
            &["/info", "/info?page={n}"],
            &["GET /info"],
        ),
    ]
}

/// GitHub's notification of a name that nobody knows.
pub(super) fn package(n: usize) -> Bytes {
    let version = r#"{"container_metadata":{"tag":{"name":"1.0.0"}}}"#;
    format!(r#"{{"action":"published","registry_package":{{"namespace":"charts","name":"x-{n}","package_version":{version}}}}}"#).into()
}

/// What who knows the secret of notifications can have looked for.
fn of_senders() -> Vec<Line> {
    let of = |what, paths, routes: &[&'static str]| {
        let sender = ("sender", &[Caller::Sender][..]);
        Line::of(sender, what, paths, routes).sampled(SAMPLE)
    };
    let event = |name: &str| {
        format!(r#"{{"events":[{{"action":"delete","target":{{"repository":"charts/{name}"}}}}]}}"#)
    };
    let artifact = |name: &str| {
        format!(
            r#"{{"type":"PUSH_ARTIFACT","event_data":{{"resources":[{{"tag":"1.0.0"}}],"repository":{{"repo_full_name":"charts/{name}"}}}}}}"#
        )
    };
    vec![
        of(
            "POST /webhook/distribution",
            &["/webhook/distribution"],
            &["POST /webhook/distribution"],
        )
        .sending(move |n| event(&format!("x-{n}")).into()),
        of(
            "POST /webhook/harbor",
            &["/webhook/harbor"],
            &["POST /webhook/harbor"],
        )
        .sending(move |n| artifact(&format!("x-{n}")).into()),
        of(
            "POST /webhook/github",
            &["/webhook/github"],
            &["POST /webhook/github"],
        )
        .sending(package),
        of(
            "POST /webhook/…, of what is there",
            &["/webhook/distribution", "/webhook/harbor"],
            &[],
        )
        .sending(move |n| {
            if n % 2 == 0 {
                event("a")
            } else {
                artifact("team/b")
            }
            .into()
        }),
    ]
}
