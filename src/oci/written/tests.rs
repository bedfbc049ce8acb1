//! A push as `push/` will put it in order, against a registry that answers requests; then what answers mean, one by one.

use http::{HeaderValue, Request};

use crate::oci::{Kind, Name, Reference, Tag, request};
use crate::platform::Fetch as _;
use crate::testing::{FakeRegistry, Fault, VirtualClock, run};

use super::*;

const HOST: &str = "registry.example";

struct Bench {
    clock: VirtualClock,
    registry: FakeRegistry,
    name: Name,
}

impl Bench {
    fn new() -> Self {
        let clock = VirtualClock::default();
        let registry = FakeRegistry::new(&clock);
        let name = "acme/nginx".parse().unwrap();
        Self {
            clock,
            registry,
            name,
        }
    }

    #[track_caller]
    fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        run(&self.clock, self.registry.send(request)).unwrap()
    }

    fn has(&self, digest: &Digest) -> Result<bool, Error> {
        let request = request::has_blob(self.registry.registry(), &self.name, digest);
        has_blob(&self.send(request.unwrap()), HOST)
    }

    fn begin(&self, mount: Option<(&Digest, &Name)>) -> Result<Begun, Error> {
        let registry = self.registry.registry();
        let request = request::begin_upload(registry, &self.name, mount).unwrap();
        let uri = request.uri().clone();
        begun(&self.send(request), &uri, registry)
    }

    fn upload(&self, upload: &Upload, digest: &Digest, blob: &[u8]) -> Result<(), Error> {
        let body = Bytes::copy_from_slice(blob);
        let request = request::upload(upload, digest, body).unwrap();
        stored(&self.send(request), HOST, Operation::WritingBlob, digest)
    }

    fn put(&self, reference: &Reference, manifest: &'static [u8]) -> Result<(), Error> {
        let media_type = HeaderValue::from_static("application/vnd.oci.image.manifest.v1+json");
        let registry = self.registry.registry();
        let bytes = Bytes::from_static(manifest);
        let request =
            request::put_manifest(registry, &self.name, reference, &media_type, bytes).unwrap();
        let digest = Digest::sha256_of(manifest);
        stored(
            &self.send(request),
            HOST,
            Operation::WritingManifest,
            &digest,
        )
    }

    fn delete(&self, reference: &Reference) -> Result<Deleted, Error> {
        let registry = self.registry.registry();
        let request = request::delete_manifest(registry, &self.name, reference).unwrap();
        deleted(&self.send(request), HOST)
    }
}

fn tag(text: &str) -> Reference {
    text.parse::<Tag>().unwrap().into()
}

#[test]
fn a_blob_is_written_once_and_mounted_where_that_is_done() {
    let bench = Bench::new();
    let blob = b"a package";
    let digest = Digest::sha256_of(blob);
    assert_eq!(bench.has(&digest), Ok(false));
    let Ok(Begun::Upload(upload)) = bench.begin(None) else {
        panic!("nothing to mount")
    };
    assert!(upload.is_at_home());
    let other = Digest::sha256_of(b"other");
    let refused = bench.upload(&upload, &other, blob).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "registry.example: writing a blob: answered 400 (DIGEST_INVALID)"
    );
    bench.upload(&upload, &digest, blob).unwrap();
    assert_eq!(bench.has(&digest), Ok(true));
    let from = "acme/other".parse().unwrap();
    assert_eq!(bench.begin(Some((&digest, &from))), Ok(Begun::Mounted));
    bench.registry.set_mounts_and_deletes(false);
    let begun = bench.begin(Some((&digest, &from)));
    assert!(matches!(begun, Ok(Begun::Upload(_))), "{begun:?}");
    let asked: Vec<String> = bench
        .registry
        .log()
        .into_iter()
        .map(|call| call.url)
        .collect();
    let uploads = "https://registry.example/v2/acme/nginx/blobs/uploads/";
    let hex = digest.hex();
    assert_eq!(asked[1], uploads);
    // What the registry put into the address stays as it is.
    assert_eq!(
        asked[3],
        format!("{uploads}1?_state=a%2Bb&digest=sha256%3A{hex}")
    );
    assert_eq!(
        asked[5],
        format!("{uploads}?mount=sha256%3A{hex}&from=acme%2Fother")
    );
}

#[test]
fn a_manifest_is_written_and_deleted() {
    let bench = Bench::new();
    let manifest = br#"{"schemaVersion":2}"#;
    let digest = Reference::Digest(Digest::sha256_of(manifest));
    bench.put(&tag("1.0.0"), manifest).unwrap();
    bench.put(&digest, manifest).unwrap();
    let other = Reference::Digest(Digest::sha256_of(b"other"));
    let refused = bench.put(&other, manifest).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "registry.example: writing a manifest: answered 400 (DIGEST_INVALID)"
    );
    assert_eq!(bench.delete(&digest), Ok(Deleted::Now));
    assert_eq!(bench.delete(&digest), Ok(Deleted::Before));
    assert_eq!(bench.delete(&tag("1.0.0")), Ok(Deleted::Before));
    bench.registry.set_mounts_and_deletes(false);
    assert_eq!(bench.delete(&digest).unwrap_err().kind(), Kind::Unsupported);
}

/// go-containerregistry#2295: an upload that goes on at another host would take the password and the package there.
#[test]
fn an_upload_goes_on_where_it_may() {
    let bench = Bench::new();
    for (location, expected) in [
        ("{}", Some(true)),
        ("https://registry.example{}", Some(true)),
        ("https://REGISTRY.example:443{}", Some(true)),
        ("https://registry.example:8443{}", Some(false)),
        (
            "https://storage.example/bucket?signature=a%2Bb",
            Some(false),
        ),
        ("http://registry.example{}", None),
        ("https://user@registry.example{}", None),
        ("https://169.254.169.254{}", None),
        ("https://localhost{}", None),
        ("{}#fragment", None),
        ("https://", None),
    ] {
        bench.registry.set_upload_location(location);
        let at_home = match bench.begin(None) {
            Ok(Begun::Upload(upload)) => Some(upload.is_at_home()),
            Ok(Begun::Mounted) => panic!("nothing was mounted"),
            Err(error) => {
                let told = "registry.example: beginning an upload: redirects to an address that is not followed";
                assert_eq!(error.to_string(), told);
                None
            }
        };
        assert_eq!(at_home, expected, "{location}");
    }
}

#[test]
fn answers_that_are_none() {
    let bench = Bench::new();
    let digest = Digest::sha256_of(b"");
    for (fault, message) in [
        (Fault::status(202), "gave a redirect that leads nowhere"),
        (Fault::status(200), "gave an unexpected status"),
        (Fault::error(403, "DENIED", "no"), "answered 403 (DENIED)"),
        (Fault::status(507), "answered 507"),
    ] {
        bench.registry.inject("POST", Some(1), fault);
        assert_eq!(
            bench.begin(None).unwrap_err().to_string(),
            format!("registry.example: beginning an upload: {message}")
        );
    }
    let lie = Fault::status(201).header("docker-content-digest", &digest.to_string());
    bench.registry.inject("PUT", Some(1), lie);
    assert_eq!(
        bench.put(&tag("1.0.0"), b"{}").unwrap_err().to_string(),
        "registry.example: writing a manifest: gave bytes of another digest"
    );
    for (status, expected) in [
        (200, Ok(true)),
        (307, Err(())),
        (404, Ok(false)),
        (401, Err(())),
    ] {
        bench
            .registry
            .inject("HEAD", Some(1), Fault::status(status));
        assert_eq!(bench.has(&digest).map_err(|_| ()), expected, "{status}");
    }
}
