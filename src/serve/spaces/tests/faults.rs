//! What a registry does to each write of the API, at each of its steps: the old package is served, the answer names host and
//! step, and the same request finishes.

use serde_json::json;

use super::*;
use crate::catalog::ask::{Lock, TagPlace};
use crate::serve::write::tests::Sent;
use crate::testing::Fault;

/// The steps of a push to `charts/team/web`, by what their requests look like, and what they are called.
const STEPS: [(&str, &str); 5] = [
    (
        "GET https://registry.example/v2/charts/team/web/manifests/1.0.0",
        "reading a manifest",
    ),
    (
        "HEAD https://registry.example/v2/charts/team/web/blobs/",
        "looking for a blob",
    ),
    (
        "POST https://registry.example/v2/charts/team/web/blobs/uploads/",
        "beginning an upload",
    ),
    (
        "PUT https://registry.example/v2/charts/team/web/blobs/uploads/",
        "writing a blob",
    ),
    (
        "PUT https://registry.example/v2/charts/team/web/manifests/1.0.0",
        "writing a manifest",
    ),
];

/// Each fault, and what is told of it; `None` where that depends on the step.
fn faults() -> [(Fault, Option<(u16, &'static str)>); 5] {
    let lie = format!("sha256:{}", "0".repeat(64));
    [
        (Fault::Transport, Some((502, "could not be reached"))),
        (Fault::status(500), Some((502, "answered 500"))),
        (
            Fault::error(403, "DENIED", "no"),
            Some((502, "denied access (403)")),
        ),
        (
            Fault::status(429).header("retry-after", "7"),
            Some((503, "asks to slow down")),
        ),
        (
            Fault::status(201).header("docker-content-digest", &lie),
            None,
        ),
    ]
}

/// A write: what it is, and its request.
struct Write {
    method: &'static str,
    path: &'static str,
    form: bool,
    body: Bytes,
    done: u16,
}

const VERSION: &str = "/api/v1/spaces/team/charts/web/versions/1.0.0";

/// Those that put another package in the place of one.
fn replacing() -> [Write; 3] {
    let new = form(&[("chartfile", &chart("web", "1.0.0", "new"))]).0;
    let metadata = json!({"name": "web", "version": "1.0.0", "description": "new"});
    let write = |path, form, body| Write {
        method: "PUT",
        path,
        form,
        body,
        done: 200,
    };
    [
        write(VERSION, true, new),
        write(
            "/api/v1/spaces/team/charts/web/versions/1.0.0/manifests/metadata",
            false,
            metadata.to_string().into(),
        ),
        write(
            "/api/v1/spaces/team/charts/web/versions/1.0.0/manifests/values",
            false,
            "a: 2".into(),
        ),
    ]
}

/// Those that store a version that is not there.
fn creating() -> [Write; 2] {
    let new = form(&[("chartfile", &chart("web", "1.0.0", "new"))]).0;
    let of = json!({"independent": true, "space": "base", "chart": "app", "version": "1.0.0"});
    let composed =
        json!({"save": {"chart": "web", "version": "1.0.0"}, "configs": {"package": of}});
    let write = |form, body| Write {
        method: "POST",
        path: "/api/v1/spaces/team/charts",
        form,
        body,
        done: 201,
    };
    [write(true, new), write(false, composed.to_string().into())]
}

impl Museum {
    fn write(&self, write: &Write) -> Response<Body<Bytes>> {
        self.world.clock.advance(Duration::from_secs(1));
        let headers = if write.form {
            vec![TOKEN, FORM]
        } else {
            vec![TOKEN]
        };
        self.send_with(write.method, write.path, &headers, write.body.clone())
    }
}

fn stocked(old: Option<&Bytes>) -> Museum {
    let museum = Museum::new(&[]);
    museum.upload("base", &chart("app", "1.0.0", ""));
    museum.transcript(&["POST /spaces?space=team"]);
    if let Some(old) = old {
        museum.upload("team", old);
    }
    museum
}

fn at_each_step(writes: &[Write], old: Option<&Bytes>) {
    for write in writes {
        for (step, name) in STEPS {
            for (fault, expected) in faults() {
                let museum = stocked(old);
                museum.world.registry.inject(step, None, fault);
                let answer = told(&museum.write(write));
                let what = format!("{} {} at {step}: {answer}", write.method, write.path);
                let (code, words) = expected.unwrap_or((502, "registry.example"));
                assert!(answer.starts_with(&format!("{code} ")), "{what}");
                assert!(
                    answer.contains(words) && answer.contains("registry.example"),
                    "{what}"
                );
                assert!(expected.is_none() || answer.contains(name), "{what}");
                museum.world.registry.heal();
                let served = museum.served("/team/charts/web-1.0.0.tgz");
                assert_eq!(served.as_deref(), old.map(AsRef::as_ref), "{what}");
                let repeated = museum.write(write);
                assert_eq!(status(&repeated), write.done, "{what}: {}", told(&repeated));
                let served = museum.served("/team/charts/web-1.0.0.tgz").unwrap();
                assert_ne!(Some(served.as_slice()), old.map(AsRef::as_ref), "{what}");
            }
        }
    }
}

#[test]
fn at_each_step_of_replacing_the_old_package_is_served_and_the_repeat_finishes() {
    at_each_step(&replacing(), Some(&chart("web", "1.0.0", "old")));
}

#[test]
fn at_each_step_of_storing_nothing_is_served_and_the_repeat_finishes() {
    at_each_step(&creating(), None);
}

/// The package that is to be replaced in part is read first, and those that another is composed of.
#[test]
fn a_package_that_cannot_be_read_is_told_and_nothing_is_sent() {
    let old = chart("web", "1.0.0", "old");
    let [_, metadata, values] = replacing();
    let [_, composed] = creating();
    for (write, old) in [
        (metadata, Some(&old)),
        (values, Some(&old)),
        (composed, None),
    ] {
        for (fault, code) in [
            (Fault::Transport, 502),
            (Fault::status(500), 502),
            (Fault::status(404), 502),
            (Fault::status(429), 503),
            (Fault::status(200).body("other bytes"), 502),
        ] {
            let museum = stocked(old);
            let registry = &museum.world.registry;
            registry.clear_log();
            for repository in ["base/app", "team/web"] {
                let blobs = format!("GET https://registry.example/v2/charts/{repository}/blobs/");
                registry.inject(&blobs, None, fault.clone());
            }
            let answer = museum.write(&write);
            assert_eq!(status(&answer), code, "{}: {}", write.path, told(&answer));
            assert!(
                told(&answer).contains("registry.example"),
                "{}",
                told(&answer)
            );
            for method in ["PUT ", "POST "] {
                assert_eq!(registry.calls_to(method), 0, "{}", write.path);
            }
            registry.heal();
            assert_eq!(status(&museum.write(&write)), write.done);
        }
    }
}

/// Of those who write one version at one time one wins, the others are told so; readers get one package or the other.
#[test]
fn of_several_writers_of_a_version_one_wins() {
    let old = chart("web", "1.0.0", "old");
    for writes in [&replacing()[..], &creating()[..]] {
        let is_there = writes.len() == 3;
        let museum = stocked(is_there.then_some(&old));
        museum.world.registry.set_latency(Duration::from_millis(7));
        let with_form = [TOKEN, FORM];
        let without = [TOKEN];
        let sent: Vec<Sent<'_>> = writes
            .iter()
            .cycle()
            .take(12)
            .map(|write| Sent {
                method: write.method,
                path: write.path,
                headers: if write.form { &with_form } else { &without },
                body: write.body.clone(),
            })
            .collect();
        let statuses: Vec<u16> = museum.send_all(&sent).iter().map(status).collect();
        let done = statuses
            .iter()
            .filter(|status| matches!(status, 200 | 201))
            .count();
        assert!(done >= 1, "{statuses:?}");
        assert!(is_there || done == 1, "{statuses:?}");
        let known = |status: &u16| matches!(status, 200 | 201 | 409 | 423 | 503);
        assert!(statuses.iter().all(known), "{statuses:?}");
        assert!(museum.served("/team/charts/web-1.0.0.tgz").is_some());
    }
}

/// The original locks a space where a chart of it is written.
#[test]
fn writers_of_different_charts_do_not_meet_and_readers_never_wait() {
    let museum = stocked(Some(&chart("web", "1.0.0", "old")));
    museum.world.registry.set_latency(Duration::from_millis(7));
    let bodies: Vec<Bytes> = (0..8)
        .map(|nth| form(&[("chartfile", &chart(&format!("c{nth}"), "1.0.0", ""))]).0)
        .collect();
    let headers = [TOKEN, FORM];
    let sent: Vec<Sent<'_>> = bodies
        .iter()
        .map(|body| Sent {
            method: "POST",
            path: "/api/v1/spaces/team/charts",
            headers: &headers,
            body: body.clone(),
        })
        .collect();
    let statuses: Vec<u16> = museum.send_all(&sent).iter().map(status).collect();
    assert_eq!(statuses, [201; 8]);
    let version = TagPlace {
        source: "registry.example/charts".to_owned(),
        repository: "charts/team/web".to_owned(),
        tag: "1.0.0".to_owned(),
    };
    let lock = Lock {
        version,
        holder: None,
        seconds: 100,
    };
    assert!(museum.world.ask(&lock).is_some());
    museum.world.clock.advance(Duration::from_secs(1));
    for path in ["", "/manifests/metadata", "/manifests/values"] {
        let answer = museum.send("GET", &format!("{VERSION}{path}"), "");
        assert_eq!(status(&answer), 200, "{path}");
    }
    for write in &replacing() {
        assert_eq!(status(&museum.write(write)), 423, "{}", write.path);
    }
}
