//! Which bytes are hashed on their way to a client, and which are not.

use http::header::{CACHE_CONTROL, CONTENT_ENCODING};

use super::*;

#[test]
fn bytes_of_untold_length_get_the_length_of_the_manifest() {
    let world = one(&[]);
    let told = show(&world.get(ALIAS));
    assert!(told.contains("content-length: 26"));
    let body = String::from_utf8(PACKAGE.to_vec()).unwrap();
    let untold = Fault::status(200).body(body);
    world.registry.inject("/blobs/", Some(1), untold);
    assert_eq!(show(&world.get(ALIAS)), told);
}

#[test]
fn other_bytes_of_the_right_length_break_off() {
    let world = one(&[]);
    let other = "the package of nginx 6.6.6";
    for path in [&link(PACKAGE), ALIAS] {
        let lie = Fault::status(200).body(other.to_owned());
        world.registry.inject("/blobs/", Some(1), lie);
        let answer = world.get(path);
        let Body::Verified { stream, promised } = answer.body() else {
            panic!("{}", show(&answer));
        };
        assert_eq!((stream, promised.size), (&Bytes::from(other), 26));
        assert_eq!(promised.digest, Digest::sha256_of(PACKAGE));
        // In pieces of seven bytes the last one has five.
        assert!(show(&answer).ends_with("\nbroken off: the package of nginx "));
    }
}

#[test]
fn bytes_that_nobody_hashes_are_kept_by_nobody() {
    let world = one(&[("STREAM_VERIFY", "false")]);
    let revalidate = "public, no-cache, no-transform";
    let answer = world.get(&link(PACKAGE));
    assert_eq!(answer.body(), &Body::Stream(Bytes::from_static(PACKAGE)));
    assert_eq!(answer.headers()[CACHE_CONTROL], revalidate);
    let etag = format!("\"{}\"", Digest::sha256_of(PACKAGE));
    let same = world.get_with(&link(PACKAGE), &[(IF_NONE_MATCH, &etag)]);
    for answer in [world.head(&link(PACKAGE)), same] {
        assert_eq!(answer.headers()[CACHE_CONTROL], revalidate);
    }
    let untold = Fault::status(200).body("the package of nginx 1.0.0".to_owned());
    world.registry.inject("/blobs/", Some(1), untold);
    assert!(matches!(
        world.get(ALIAS).body(),
        Body::Unmeasured { size: 26, .. }
    ));
    // What is rebuilt is hashed before it is sent.
    let (candidate, package) = two_layers(&world);
    world.publish_file(FILE, &[candidate]);
    assert_eq!(
        world.get(&link(&package)).headers()[CACHE_CONTROL],
        "public, max-age=3600, immutable, no-transform"
    );
}

#[test]
fn encoded_bytes_are_hashed_as_the_platform_decodes_them_or_not_sent() {
    let body = || String::from_utf8(PACKAGE.to_vec()).unwrap();
    let encoded = |encoding: &str| {
        Fault::status(200)
            .header("content-encoding", encoding)
            .header("content-length", "7")
            .body(body())
    };
    let world = one(&[]);
    for encoding in ["gzip", "GZIP", "br"] {
        world.registry.inject("/blobs/", Some(1), encoded(encoding));
        let answer = world.get(ALIAS);
        assert!(matches!(answer.body(), Body::Verified { .. }));
        assert_eq!(answer.headers().get(CONTENT_ENCODING), None);
        assert_eq!(answer.headers()[CONTENT_LENGTH], "26");
    }
    world.registry.inject("/blobs/", Some(1), encoded("zstd"));
    assert_eq!(
        error(&world.get(ALIAS)),
        "502 the registry registry.example gave an unusable answer"
    );
    let unread = one(&[("STREAM_VERIFY", "false")]);
    unread.registry.inject("/blobs/", Some(1), encoded("gzip"));
    let answer = unread.get(ALIAS);
    assert!(matches!(answer.body(), Body::Stream(_)));
    assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
    assert_eq!(answer.headers()[CONTENT_LENGTH], "7");
}
