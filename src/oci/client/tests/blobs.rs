use crate::oci::Kind;

use super::*;

#[test]
fn a_small_blob_is_read_and_verified() {
    for blobs in [
        Blobs::Here,
        Blobs::Redirect(307),
        Blobs::Redirect(302),
        Blobs::Relative(302),
    ] {
        let bench = Bench::new(acme());
        bench.registry.set_auth(Auth::Token(TokenAuth::default()));
        bench.registry.set_blobs(blobs);
        assert_eq!(
            blob(&bench, &bench.nginx.package, SIZE).unwrap(),
            PACKAGE,
            "{blobs:?}"
        );
        let hops = usize::from(blobs != Blobs::Here);
        assert_eq!(bench.registry.calls(), 3 + hops);
    }
}

#[test]
fn a_blob_is_what_its_descriptor_says() {
    let bench = Bench::new(Credentials::Anonymous);
    let package = bench.nginx.package.clone();
    for (size, message) in [
        (SIZE - 1, "gave bytes of another length"),
        (SIZE + 1, "gave bytes of another length"),
        (1025, "gave an answer that is too large"),
        (u64::MAX, "gave an answer that is too large"),
    ] {
        let error = blob(&bench, &package, size).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("registry.example: reading a blob: {message}"),
            "{size}"
        );
    }
    // What is too large by its descriptor is not even asked for.
    assert_eq!(bench.registry.calls(), 2);
    bench.registry.inject(
        "blobs",
        Some(1),
        Fault::status(200).body(vec![b'x'; PACKAGE.len()]),
    );
    let error = blob(&bench, &package, SIZE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.example: reading a blob: gave bytes of another digest"
    );
    let error = blob(&bench, &Digest::sha256_of(b"nothing"), 7).unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}

#[test]
fn a_download_is_one_call_and_its_location_untouched() {
    for status in [301, 302, 303, 307, 308] {
        let bench = Bench::new(acme());
        bench.registry.set_auth(Auth::Token(TokenAuth::default()));
        bench.registry.set_blobs(Blobs::Redirect(status));
        manifest(&bench, &by_tag()).unwrap();
        bench.registry.clear_log();
        let Opened::Redirect(location) = opened(&bench, None).unwrap() else {
            panic!("a redirect")
        };
        let package = &bench.nginx.package;
        assert_eq!(
            location,
            format!(
                "https://blobs.example/acme/nginx/{package}?sig=a%2bb%2F%3D&X-Amz-Expires=1200"
            )
        );
        assert_eq!(bench.registry.calls(), 1);
    }
}

/// Google Artifact Registry (serverless-registry-proxy#8).
#[test]
fn a_relative_location_becomes_absolute() {
    let bench = Bench::new(Credentials::Anonymous);
    bench.registry.set_blobs(Blobs::Relative(302));
    let Opened::Redirect(location) = opened(&bench, None).unwrap() else {
        panic!("a redirect")
    };
    let package = &bench.nginx.package;
    assert_eq!(
        location,
        format!("https://registry.example/artifacts-downloads/acme/nginx/{package}?token=a%2Bb")
    );
}

#[test]
fn content_here_passes_with_its_range() {
    let bench = Bench::new(Credentials::Anonymous);
    for (range, status, body) in [
        (None, 200, PACKAGE),
        (Some("bytes=0-2"), 206, b"the".as_slice()),
        (Some("bytes=-5"), 206, b"1.0.0".as_slice()),
        (Some("bytes=99-"), 416, b"".as_slice()),
    ] {
        let Opened::Content(response) = opened(&bench, range).unwrap() else {
            panic!("content")
        };
        assert_eq!(
            (response.status().as_u16(), response.body().as_ref()),
            (status, body),
            "{range:?}"
        );
    }
    // A part that nobody asked for is no answer.
    bench
        .registry
        .inject("blobs", Some(1), Fault::status(206).body("the"));
    assert_eq!(opened(&bench, None).unwrap_err().kind(), Kind::Garbage);
}

#[test]
fn what_a_redirect_leads_to_can_be_streamed() {
    let bench = Bench::new(acme());
    bench.registry.set_auth(Auth::basic("acme", "hunter2"));
    bench.registry.set_blobs(Blobs::Redirect(307));
    let Opened::Redirect(location) = opened(&bench, None).unwrap() else {
        panic!("a redirect")
    };
    let range = HeaderValue::from_static("bytes=0-2");
    let response = done(bench.client().follow(&location, None)).unwrap();
    assert_eq!(response.body(), PACKAGE);
    let response = done(bench.client().follow(&location, Some(&range))).unwrap();
    assert_eq!(
        (response.status().as_u16(), response.body().as_ref()),
        (206, b"the".as_slice())
    );
    let last = bench.registry.log().pop().unwrap();
    assert_eq!(last.url.as_bytes(), location.as_bytes());
    assert_eq!(
        (last.range.as_deref(), last.authorization),
        (Some("bytes=0-2"), None)
    );
}

#[test]
fn storage_that_refuses_is_named() {
    let bench = Bench::new(Credentials::Anonymous);
    let location = format!(
        "https://blobs.example/acme/nginx/{}?sig=x",
        Digest::sha256_of(b"gone")
    );
    let error = done(bench.client().follow(&location.parse().unwrap(), None)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "blobs.example: following a redirect: answered 403"
    );
    // That is no denial by the registry: nothing may be removed for it.
    assert_eq!(error.kind(), Kind::Unavailable);
}

#[test]
fn a_registry_on_this_machine_redirects_to_this_machine() {
    let bench = Bench::at("http://127.0.0.1:5001", Credentials::Anonymous);
    let location = "http://127.0.0.1:9000/bucket/x?X-Amz-Signature=a%2Fb";
    bench.registry.inject(
        "blobs",
        None,
        Fault::status(307).header("location", location),
    );
    let Opened::Redirect(given) = opened(&bench, None).unwrap() else {
        panic!("a redirect")
    };
    assert_eq!(given, location);
}

/// Six packages of 20 MiB side by side would be an isolate's whole memory.
#[test]
fn large_blobs_are_read_one_at_a_time_and_small_ones_side_by_side() {
    for (length, alone) in [(2 << 20, true), (1000, false)] {
        let bench = Bench::new(Credentials::Anonymous);
        bench
            .registry
            .set_latency(std::time::Duration::from_millis(20));
        let client = bench.client();
        let repository = name("acme/nginx");
        let blobs = [1, 2, 3].map(|n| bench.registry.push_blob(vec![n; length]));
        let read = |digest| client.blob(&repository, digest, length as u64, 4 << 20);
        let all = futures::future::join_all(blobs.iter().map(read));
        for bytes in crate::testing::run(&bench.clock, all) {
            assert_eq!(bytes.unwrap().len(), length);
        }
        assert_eq!(
            bench.registry.max_concurrency() == 1,
            alone,
            "{length} bytes"
        );
    }
}
