use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, IF_NONE_MATCH, IF_RANGE, RANGE};

mod choice;
mod faults;
mod unpublished;
mod verified;

use super::*;
use crate::catalog::Progress;
use crate::catalog::ask;
use crate::catalog::rows::registry_fault::RegistryFault as CatalogFault;
use crate::oci::Digest;
use crate::serve::tests::{
    PRIVATE, PUBLIC, READER, Say, World, bytes, candidate, error, made, question, show, status,
};
use crate::testing::{Auth, Blobs, Fault, rebuilt};

const FILE: &str = "nginx-1.0.0.tgz";
const PACKAGE: &[u8] = b"the package of nginx 1.0.0";
const PROVENANCE: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const REPOSITORY: &str = "charts/team-a/nginx";
const ALIAS: &str = "/charts/nginx-1.0.0.tgz";

fn link(package: &[u8]) -> String {
    format!(
        "/charts/{}/{FILE}",
        Digest::sha256_of(package).hex().split_at(16).0
    )
}

/// A candidate whose blobs lie in the registry.
fn pushed(world: &World, repository: &str, package: &[u8], signed: bool) -> Candidate {
    let metadata = serde_json::json!({"apiVersion": "v2", "name": "nginx", "version": "1.0.0"});
    let provenance = signed.then_some(PROVENANCE);
    let pushed =
        world
            .registry
            .push_chart(repository, "1.0.0", &metadata, package, provenance, &[]);
    let mut candidate = candidate(repository, &pushed, package);
    candidate.provenance = pushed.provenance.map(|digest| Blob {
        digest,
        size: PROVENANCE.len() as u64,
    });
    candidate
}

/// A world with one signed chart in the shard.
fn one(settings: &[(&str, &str)]) -> World {
    let world = World::with(settings);
    let candidate = pushed(&world, REPOSITORY, PACKAGE, true);
    world.publish_file(FILE, &[candidate]);
    world
}

/// Registry calls, KV gets, questions.
fn calls(world: &World) -> (usize, usize, usize) {
    (
        world.registry.calls(),
        world.documents.gets(),
        world.asked().len(),
    )
}

#[test]
fn a_warm_download_is_one_call_and_one_get() {
    let world = one(&[]);
    world.registry.set_blobs(Blobs::Redirect(307));
    insta::assert_snapshot!(show(&world.get(&link(PACKAGE))), @"
        302
        cache-control: private, no-store
        location: https://blobs.example/charts/team-a/nginx/sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a?sig=a%2bb%2F%3D&X-Amz-Expires=1200
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff
    ");
    assert_eq!(calls(&world), (1, 1, 0));
}

#[test]
fn with_a_known_token_it_is_one_call_too() {
    let world = World::of(
        &[
            PRIVATE,
            &[("REGISTRY_USERNAME", "u"), ("REGISTRY_PASSWORD", "p")],
        ]
        .concat(),
    );
    world.registry.set_auth(Auth::basic("u", "p"));
    world.registry.set_blobs(Blobs::Redirect(302));
    world.publish_file(FILE, &[pushed(&world, REPOSITORY, PACKAGE, true)]);
    for attempt in 1..=3 {
        world.registry.clear_log();
        let answer = world.get_with(ALIAS, &[READER]);
        assert_eq!(status(&answer), 302);
        // The client's password is for us, and goes nowhere else.
        for call in world.registry.log() {
            assert_ne!(call.authorization.as_deref(), Some(READER.1));
        }
        if attempt > 1 {
            assert_eq!(world.registry.calls(), 1);
        }
    }
}

#[test]
fn a_registry_that_sends_bytes_is_streamed() {
    let world = one(&[]);
    insta::assert_snapshot!(show(&world.get(&link(PACKAGE))), @r#"
        200
        accept-ranges: bytes
        cache-control: public, max-age=3600, immutable, no-transform
        content-length: 26
        content-type: application/gzip
        etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff

        verified: the package of nginx 1.0.0
    "#);
    assert_eq!(calls(&world), (1, 1, 0));
    insta::assert_snapshot!(show(&world.get(ALIAS)), @r#"
        200
        accept-ranges: bytes
        cache-control: public, no-cache, no-transform
        content-length: 26
        content-type: application/gzip
        etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff

        verified: the package of nginx 1.0.0
    "#);
}

#[test]
fn head_and_304_ask_no_registry() {
    let world = one(&[]);
    insta::assert_snapshot!(show(&world.head(&link(PACKAGE))), @r#"
        200
        accept-ranges: bytes
        cache-control: public, max-age=3600, immutable, no-transform
        content-length: 26
        content-type: application/gzip
        etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff
    "#);
    assert_eq!(calls(&world), (0, 1, 0));
    let etag = format!("W/\"{}\"", Digest::sha256_of(PACKAGE));
    insta::assert_snapshot!(show(&world.get_with(ALIAS, &[(IF_NONE_MATCH, &etag)])), @r#"
        304
        cache-control: public, no-cache, no-transform
        etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff
    "#);
    assert_eq!(calls(&world), (0, 2, 0));
}

#[test]
fn redirect_only_wants_a_registry_that_redirects() {
    let world = one(&[("DOWNLOAD", "redirect")]);
    assert_eq!(
        error(&world.get(ALIAS)),
        "502 the registry registry.example does not redirect downloads: set DOWNLOAD to auto or stream"
    );
    world.registry.set_blobs(Blobs::Redirect(307));
    assert_eq!(status(&world.get_with(ALIAS, &[(RANGE, "bytes=0-1")])), 302);
    assert_eq!(world.registry.log().last().unwrap().range, None);
}

#[test]
fn stream_follows_for_the_client() {
    for blobs in [Blobs::Here, Blobs::Redirect(302), Blobs::Relative(307)] {
        let world = one(&[("DOWNLOAD", "stream")]);
        world.registry.set_blobs(blobs);
        let answer = world.get(&link(PACKAGE));
        assert_eq!(
            (status(&answer), bytes(&answer)),
            (200, PACKAGE),
            "{blobs:?}"
        );
        assert_eq!(answer.headers()[CONTENT_LENGTH], PACKAGE.len().to_string());
    }
}

#[test]
fn a_range_is_passed_where_bytes_are_streamed() {
    for settings in [[("DOWNLOAD", "stream")], [("DOWNLOAD", "auto")]] {
        let world = one(&settings);
        insta::allow_duplicates! {
            insta::assert_snapshot!(show(&world.get_with(ALIAS, &[(RANGE, "bytes=4-10")])), @r#"
                206
                accept-ranges: bytes
                cache-control: no-store
                content-length: 7
                content-range: bytes 4-10/26
                content-type: application/gzip
                etag: "sha256:e961bdefa803ee9a712b1f80d27d810748b00804cf160b1c910ada82b83b8b0a"
                strict-transport-security: max-age=31536000
                x-content-type-options: nosniff

                stream: package
            "#);
            insta::assert_snapshot!(show(&world.get_with(ALIAS, &[(RANGE, "bytes=999-")])), @"
                416
                accept-ranges: bytes
                cache-control: no-store
                content-length: 0
                content-range: bytes */26
                strict-transport-security: max-age=31536000
                x-content-type-options: nosniff
            ");
        }
        let of_another = [(RANGE, "bytes=4-10"), (IF_RANGE, "\"other\"")];
        assert_eq!(bytes(&world.get_with(ALIAS, &of_another)), PACKAGE);
    }
}

#[test]
fn a_signed_chart_has_its_provenance() {
    let world = one(&[]);
    insta::assert_snapshot!(show(&world.get(&format!("{}.prov", link(PACKAGE)))), @r#"
        200
        accept-ranges: bytes
        cache-control: public, no-cache, no-transform
        content-length: 34
        content-type: application/pgp-signature
        etag: "sha256:d9df5a9a6c32d986f712e4086d825004add0de3b777133275c71925cce8750c0"
        strict-transport-security: max-age=31536000
        x-content-type-options: nosniff

        verified: -----BEGIN PGP SIGNED MESSAGE-----
    "#);
    assert_eq!(
        bytes(&world.get("/team-a/charts/nginx-1.0.0.tgz.prov")),
        PROVENANCE
    );
    let head = world.head("/charts/nginx-1.0.0.tgz.prov");
    assert_eq!(head.headers()[CONTENT_LENGTH], PROVENANCE.len().to_string());
}

#[test]
fn an_unsigned_chart_has_none_and_nobody_is_asked() {
    let world = World::of(PUBLIC);
    world.publish_file(FILE, &[pushed(&world, REPOSITORY, PACKAGE, false)]);
    let answer = world.get("/charts/nginx-1.0.0.tgz.prov");
    assert_eq!(
        error(&answer),
        "404 there is no such file in this repository"
    );
    assert_eq!(calls(&world), (0, 1, 0));
}

#[test]
fn a_provenance_is_of_these_bytes_or_none() {
    let world = World::of(PUBLIC);
    let unsigned = pushed(&world, "charts/a/nginx", PACKAGE, false);
    let other = pushed(&world, "charts/b/nginx", b"others", true);
    world.publish_file(FILE, &[unsigned.clone(), other.clone()]);
    assert_eq!(status(&world.get("/charts/nginx-1.0.0.tgz.prov")), 404);
    assert_eq!(
        bytes(&world.get("/b/charts/nginx-1.0.0.tgz.prov")),
        PROVENANCE
    );
    assert_eq!(status(&world.get("/a/charts/nginx-1.0.0.tgz.prov")), 404);
}

/// Issue 10, item 3: whoever pushed the same bytes elsewhere would sign what they did not make.
#[test]
fn a_provenance_is_only_given_from_the_repository_whose_package_is_served() {
    let world = World::of(PUBLIC);
    let unsigned = pushed(&world, "charts/a/nginx", PACKAGE, false);
    let twin = pushed(&world, "charts/c/nginx", PACKAGE, true);
    world.publish_file(FILE, &[unsigned, twin]);
    for path in [format!("{}.prov", link(PACKAGE)), format!("{ALIAS}.prov")] {
        assert_eq!(status(&world.get(&path)), 404, "{path}");
    }
    assert_eq!(
        bytes(&world.get("/c/charts/nginx-1.0.0.tgz.prov")),
        PROVENANCE
    );
}

const META: &[u8] = br#"{"apiVersion":"v1","description":"two layers"}"#;

/// The content layer of a chart pushed by the first `helm chart push`: everything below `-`.
fn content() -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    for (path, text) in [
        ("-/Chart.yaml", "name: '-'\n"),
        ("-/values.yaml", "replicas: 1\n"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// A candidate that is rebuilt, of the package that comes of it.
fn two_layers(world: &World) -> (Candidate, Vec<u8>) {
    let lies = |bytes: &[u8]| Blob {
        digest: world.registry.push_blob(bytes.to_vec()),
        size: bytes.len() as u64,
    };
    let package = rebuilt(&Parts {
        meta: Bytes::from_static(META),
        content: content().into(),
        name: "nginx".to_owned(),
        version: "1.0.0".to_owned(),
    })
    .to_vec();
    // The repository must exist for its blobs to be had.
    let mut candidate = pushed(world, REPOSITORY, PACKAGE, false);
    candidate.package = Digest::sha256_of(&package);
    candidate.size = package.len() as u64;
    candidate.origin = Origin::Rebuilt {
        meta: lies(META),
        content: lies(&content()),
        name: "nginx".to_owned(),
        version: "1.0.0".to_owned(),
    };
    (candidate, package)
}

#[test]
fn a_chart_in_two_layers_is_rebuilt() {
    for download in ["auto", "redirect", "stream"] {
        let world = World::with(&[("DOWNLOAD", download)]);
        let (candidate, package) = two_layers(&world);
        world.publish_file(FILE, &[candidate]);
        let answer = world.get(&link(&package));
        assert_eq!(
            (status(&answer), made(&answer)),
            (200, package.clone().into())
        );
        assert_eq!(answer.headers()[CONTENT_LENGTH], package.len().to_string());
        assert_eq!(answer.headers()[ACCEPT_RANGES], "none");
        assert_eq!(calls(&world), (2, 1, 0));
        let head = world.head(&link(&package));
        assert_eq!(head.headers(), answer.headers());
        assert_eq!(calls(&world), (2, 2, 0));
    }
}

#[test]
fn what_is_rebuilt_to_other_bytes_is_not_sent() {
    let world = World::of(PUBLIC);
    let (mut candidate, _) = two_layers(&world);
    candidate.package = Digest::sha256_of(b"as an older Worker made it");
    world.publish_file(FILE, &[candidate]);
    let handled = world.send("GET", ALIAS, &[], "");
    assert_eq!(error(&handled.response), "500 something went wrong here");
    assert_eq!(
        handled.fault.as_deref(),
        Some("nginx 1.0.0 was rebuilt with another digest than was published")
    );
}
