//! What a registry does to a push, at each of its steps.

use super::*;
use crate::testing::Fault;

/// The steps of a push to `charts/web`, in order, by what their requests look like.
const STEPS: [&str; 5] = [
    "GET https://registry.example/v2/charts/web/manifests/1.0.0",
    "HEAD https://registry.example/v2/charts/web/blobs/",
    "POST https://registry.example/v2/charts/web/blobs/uploads/",
    "PUT https://registry.example/v2/charts/web/blobs/uploads/",
    "PUT https://registry.example/v2/charts/web/manifests/1.0.0",
];

/// Each fault, and what is told of it at each step.
fn faults() -> Vec<(&'static str, Fault, [&'static str; 5])> {
    let lie = format!("sha256:{}", "0".repeat(64));
    let at = |text: &'static str| [text; 5];
    vec![
        (
            "dies",
            Fault::Transport,
            at("502 the registry registry.example could not be reached (STEP)"),
        ),
        (
            "is silent",
            Fault::Timeout,
            at("502 the registry registry.example did not answer in time (STEP)"),
        ),
        (
            "fails",
            Fault::status(500),
            at("502 the registry registry.example answered 500 (STEP)"),
        ),
        (
            "denies",
            Fault::error(403, "DENIED", "no"),
            at("502 the registry registry.example denied access (403) (STEP)"),
        ),
        (
            "wants a login",
            Fault::status(401),
            at("502 the registry registry.example denied access (401) (STEP)"),
        ),
        (
            "throttles",
            Fault::status(429).header("retry-after", "7"),
            at("503 the registry registry.example asks to slow down (STEP)"),
        ),
        (
            "lies about what it stored",
            Fault::status(201).header("docker-content-digest", &lie),
            [
                "502 the registry registry.example gave an unusable answer (reading a manifest)",
                "502 the registry registry.example gave an unusable answer (looking for a blob)",
                // It says that it mounted what nobody wanted mounted; the manifest is then refused.
                "502 the registry registry.example does not have it (writing a manifest)",
                "502 the registry registry.example gave an unusable answer (writing a blob)",
                "502 the registry registry.example gave an unusable answer (writing a manifest)",
            ],
        ),
    ]
}

const NAMES: [&str; 5] = [
    "reading a manifest",
    "looking for a blob",
    "beginning an upload",
    "writing a blob",
    "writing a manifest",
];

#[test]
fn at_each_step_the_old_version_is_served_and_the_repeat_finishes() {
    let (old, new) = (chart("web", "1.0.0", "old"), chart("web", "1.0.0", "new"));
    for (what, fault, told) in faults() {
        for (nth, step) in STEPS.iter().enumerate() {
            let museum = Museum::new(&[]);
            assert_eq!(status(&museum.post("/api/charts", old.clone())), 201);
            museum.world.registry.inject(step, None, fault.clone());
            let answer = museum.post("/api/charts?force", new.clone());
            assert_eq!(
                error(&answer),
                told[nth].replace("STEP", NAMES[nth]),
                "{what} at {step}"
            );
            museum.world.registry.heal();
            assert_eq!(
                museum.served("/charts/web-1.0.0.tgz"),
                Some(old.to_vec()),
                "{what} at {step}"
            );
            let answer = museum.post("/api/charts?force", new.clone());
            assert_eq!(status(&answer), 201, "{what} at {step}: {}", show(&answer));
            assert_eq!(
                museum.served("/charts/web-1.0.0.tgz"),
                Some(new.to_vec()),
                "{what} at {step}"
            );
        }
    }
}

/// The answer is lost, but the manifest is stored: the repeat without `force` is told what is true, that all is well.
#[test]
fn a_repeat_of_what_was_stored_without_an_answer_finishes_it() {
    let museum = Museum::new(&[]);
    let web = chart("web", "1.0.0", "");
    assert_eq!(status(&museum.post("/api/charts", web.clone())), 201);
    // Stored by somebody whose Worker died before the catalog was told.
    let other = Museum::new(&[]);
    let manifest = museum.world.registry.tagged("charts/web", "1.0.0").unwrap();
    for piece in [&web[..], config_of(&web).as_slice()] {
        other.world.registry.push_blob(piece.to_vec());
    }
    let kind = "application/vnd.oci.image.manifest.v1+json";
    other
        .world
        .registry
        .push_manifest("charts/web", "1.0.0", kind, manifest);
    assert!(!other.index().contains("web"));
    assert_eq!(status(&other.post("/api/charts", web.clone())), 201);
    assert_eq!(other.world.registry.calls_to("PUT "), 0);
    assert!(other.index().contains("web-1.0.0.tgz"));
    assert_eq!(
        error(&other.post("/api/charts", web)),
        "409 file already exists"
    );
}

fn config_of(package: &Bytes) -> Vec<u8> {
    let chart = crate::push::Submission::judge(package.clone(), None).unwrap();
    let artifact = chart.artifact(crate::platform::Timestamp(0));
    artifact.pieces[0].bytes.to_vec()
}

#[test]
fn refusals_are_told_as_what_they_are() {
    let web = chart("web", "1.0.0", "");
    for (step, fault, expected) in [
        (
            4,
            Fault::error(400, "TAG_INVALID", "immutable"),
            "409 the registry registry.example does not let the tag 1.0.0 be moved",
        ),
        (
            4,
            Fault::error(412, "PRECONDITION", "immutable"),
            "409 the registry registry.example does not let the tag 1.0.0 be moved",
        ),
        (
            2,
            Fault::error(404, "NAME_UNKNOWN", "not there"),
            "502 the registry registry.example has no repository charts/web and makes none by itself: create it there first",
        ),
        (
            3,
            Fault::error(413, "SIZE_INVALID", "large"),
            "502 the registry registry.example takes no more (writing a blob)",
        ),
        (
            3,
            Fault::status(507),
            "502 the registry registry.example is full (writing a blob)",
        ),
    ] {
        let museum = Museum::new(&[]);
        museum.world.registry.inject(STEPS[step], None, fault);
        assert_eq!(error(&museum.post("/api/charts", web.clone())), expected);
    }
}

/// go-containerregistry#2295: credentials go to the registry only.
#[test]
fn an_upload_that_goes_on_elsewhere_gets_no_credentials() {
    let museum = Museum::new(&[
        ("REGISTRY_USERNAME", "robot"),
        ("REGISTRY_PASSWORD", "pass"),
        ("AUTH_ANONYMOUS_GET", "true"),
    ]);
    museum
        .world
        .registry
        .set_auth(crate::testing::Auth::basic("robot", "pass"));
    museum
        .world
        .registry
        .set_upload_location("https://blobs.example/{}?sig=1");
    let answer = museum.post("/api/charts", PLAIN);
    assert_eq!(status(&answer), 201, "{}", show(&answer));
    let away: Vec<_> = museum
        .world
        .registry
        .log()
        .into_iter()
        .filter(|call| call.url.contains("blobs.example"))
        .collect();
    assert!(!away.is_empty());
    assert!(away.iter().all(|call| call.authorization.is_none()));
}

/// Where uploads go on elsewhere, `DOWNLOAD_HOSTS` says where they may.
#[test]
fn an_upload_goes_on_only_where_the_registry_may_lead() {
    for (location, hosts, expected) in [
        ("https://blobs.example/{}?sig=1", "blobs.example", 201),
        ("https://blobs.example/{}?sig=1", "other.example", 502),
        ("{}?_state=a", "other.example", 201),
    ] {
        let museum = Museum::new(&[("DOWNLOAD_HOSTS", hosts)]);
        museum.world.registry.set_upload_location(location);
        let answer = museum.post("/api/charts", PLAIN);
        assert_eq!(status(&answer), expected, "{hosts}: {}", show(&answer));
        if expected == 502 {
            assert_eq!(
                error(&answer),
                "502 the registry registry.example redirects to a host that DOWNLOAD_HOSTS does not name (beginning an upload)"
            );
            assert_eq!(museum.world.registry.calls_to("PUT "), 0);
        }
    }
}

/// A proxy that wants a login redirects everything, and its page is there.
#[test]
fn a_redirect_is_no_blob_unless_the_blob_is_behind_it() {
    let web = chart("web", "1.0.0", "");
    let package = crate::oci::Digest::sha256_of(&web);
    let looks = format!("HEAD https://registry.example/v2/charts/web/blobs/{package}");
    let length = web.len().to_string();
    for (answer, sent) in [
        (Fault::status(404), true),
        (Fault::status(403), true),
        (Fault::status(200).header("content-length", "1234"), true),
        (Fault::status(200).header("content-length", &length), false),
    ] {
        let museum = Museum::new(&[]);
        let registry = &museum.world.registry;
        let there = "https://blobs.example/blob?signed=1";
        let redirect = Fault::status(307).header("location", there);
        registry.inject(&looks, None, redirect);
        registry.inject(&format!("HEAD {there}"), None, answer);
        if !sent {
            registry.push_blob(web.clone());
        }
        assert_eq!(status(&museum.post("/api/charts", web.clone())), 201);
        let uploads = registry.calls_to(&format!("digest=sha256%3A{}", package.hex()));
        assert_eq!(uploads, usize::from(sent));
        assert_eq!(museum.served("/charts/web-1.0.0.tgz"), Some(web.to_vec()));
    }
}

/// A package that the registry holds in another repository is mounted: its bytes are not sent.
#[test]
fn what_another_repository_holds_is_mounted() {
    let web = chart("web", "1.0.0", "");
    let package = crate::oci::Digest::sha256_of(&web);
    let museum = Museum::new(&[]);
    let registry = &museum.world.registry;
    assert_eq!(status(&museum.post("/api/charts", web.clone())), 201);
    registry.clear_log();
    // Registries tell of the blobs of each repository apart.
    let looks = "HEAD https://registry.example/v2/charts/team/web/blobs/";
    registry.inject(looks, None, Fault::status(404));
    assert_eq!(status(&museum.post("/api/team/charts", web.clone())), 201);
    let mount = format!("mount=sha256%3A{}&from=charts%2Fweb", package.hex());
    assert_eq!(registry.calls_to(&mount), 1, "{:?}", registry.log());
    let upload = format!("digest=sha256%3A{}", package.hex());
    assert_eq!(registry.calls_to(&upload), 0);
    // Where nothing is mounted, it is sent.
    registry.set_mounts_and_deletes(false);
    registry.clear_log();
    assert_eq!(status(&museum.post("/api/b/charts", web.clone())), 201);
    registry.inject(&looks.replace("/team/", "/c/"), None, Fault::status(404));
    assert_eq!(status(&museum.post("/api/c/charts", web)), 201);
    assert_eq!(registry.calls_to(&upload), 1);
}
