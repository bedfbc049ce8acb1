//! Where a redirect leads, and whether one goes there.

use http::{HeaderValue, Uri};
use url::Url;

use super::address::{is_internal, is_metadata_service};
use super::error::Refusal;
use super::{Registry, Scheme};

/// The target of a redirect that may be followed, or handed to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// For the `Location` of an answer: byte for byte as it came, or made absolute when it was relative.
    pub header: HeaderValue,
    /// For a request.
    pub uri: Uri,
}

/// Judges the `Location` that came in answer to a request for `requested`: encrypted (unless the registry itself is not),
/// no user in it, and not to an address that means something else on every network, unless that is where the registry
/// itself is. Signatures cover the bytes of a URL, so an absolute one is never rewritten.
pub fn judge(
    location: &HeaderValue,
    requested: &Uri,
    registry: &Registry,
) -> Result<Target, Refusal> {
    let text = std::str::from_utf8(location.as_bytes()).map_err(|_| Refusal::Location)?;
    // Parsers disagree about these: one reads another host than the next, as URL Standard and RFC 3986 do of a backslash.
    if text
        .bytes()
        .any(|b| b.is_ascii_control() || b == b' ' || b == b'\\')
    {
        return Err(Refusal::Location);
    }
    let base = Url::parse(&requested.to_string()).map_err(|_| Refusal::Location)?;
    let url = base.join(text).map_err(|_| Refusal::Location)?;
    let encrypted = match url.scheme() {
        "https" => true,
        "http" => registry.scheme() == Scheme::Http,
        _ => false,
    };
    let without_user = url.username().is_empty() && url.password().is_none();
    if !encrypted || !without_user || !may_lead_to(&url, registry) {
        return Err(Refusal::Location);
    }
    let lower = text.to_ascii_lowercase();
    let absolute = lower.starts_with("https://") || lower.starts_with("http://");
    let text = if absolute && text.is_ascii() {
        text
    } else {
        url.as_str()
    };
    Ok(Target {
        header: HeaderValue::from_str(text).map_err(|_| Refusal::Location)?,
        uri: text
            .parse()
            .or_else(|_| url.as_str().parse())
            .map_err(|_| Refusal::Location)?,
    })
}

fn may_lead_to(url: &Url, registry: &Registry) -> bool {
    let Some(host) = url.host() else {
        return false;
    };
    let own = registry
        .url()
        .is_some_and(|home| home.host().as_ref() == Some(&host));
    // A registry on this machine, or without encryption, has its neighbours; its cloud's metadata is none of them.
    let has_neighbours = registry.is_loopback() || registry.scheme() == Scheme::Http;
    own || !is_metadata_service(&host) && (!is_internal(&host) || has_neighbours)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUESTED: &str = "https://registry.example/v2/acme/nginx/blobs/sha256:00";

    fn judged(registry: &str, location: &str) -> Result<Target, Refusal> {
        let registry: Registry = registry.parse().unwrap();
        let requested = REQUESTED.replace("https://registry.example", &registry.origin());
        judge(
            &HeaderValue::from_bytes(location.as_bytes()).unwrap(),
            &requested.parse().unwrap(),
            &registry,
        )
    }

    #[test]
    fn signed_urls_stay_as_they_are() {
        for location in [
            "https://bucket.s3.eu-west-1.amazonaws.com/a/b?X-Amz-Signature=ab%2fcd%2F&X-Amz-Expires=1200",
            "https://production.cloudflare.docker.com/registry-v2/x/data?verify=1-%2Bx%3D",
            "https://blobs.example:8443/a/../b/./c?x=a'b&y=~|",
            "HTTPS://Blobs.Example/%7Ea",
        ] {
            let target = judged("registry.example", location).unwrap();
            assert_eq!(target.header, location);
        }
        let target = judged("registry.example", "https://blobs.example/a%2fb?sig=a%2bb").unwrap();
        assert_eq!(
            target.uri.to_string(),
            "https://blobs.example/a%2fb?sig=a%2bb"
        );
    }

    /// A registry on a developer's machine may have its blobs beside it; no registry has them where clouds keep credentials.
    #[test]
    fn metadata_of_clouds_is_nobody_s_neighbour() {
        for location in [
            "http://169.254.169.254/latest",
            "http://[fe80::1]/x",
            "http://[::ffff:169.254.169.254]/x",
            "http://[::169.254.169.254]/x",
            "http://[64:ff9b::169.254.169.254]/x",
            "http://[64:ff9b:1::169.254.169.254]/x",
            "http://[2002:a9fe:a9fe::]/x",
            "http://[fd00:ec2::254]/x",
            "http://100.100.100.200/x",
            "http://192.0.0.192/x",
            "http://168.63.129.16/machine",
            "http://metadata.google.internal/x",
            "http://metadata.google.internal./x",
        ] {
            for registry in [
                "http://127.0.0.1:5000",
                "http://registry.internal",
                "https://registry.example",
            ] {
                assert_eq!(
                    judged(registry, location),
                    Err(Refusal::Location),
                    "{registry} {location}"
                );
            }
        }
        for beside in [
            "http://10.0.0.8/x",
            "http://[fd00::1]/x",
            "http://[::ffff:10.0.0.8]/x",
            "http://[64:ff9b::10.0.0.8]/x",
            "http://100.100.100.201/x",
            "http://metadata.acme.internal/x",
        ] {
            assert!(judged("http://127.0.0.1:5000", beside).is_ok(), "{beside}");
        }
    }

    #[test]
    fn relative_ones_become_absolute() {
        for (location, expected) in [
            (
                "/artifacts-downloads/x?token=a%2Bb",
                "https://registry.example/artifacts-downloads/x?token=a%2Bb",
            ),
            (
                "./sha256:11",
                "https://registry.example/v2/acme/nginx/blobs/sha256:11",
            ),
            ("//blobs.example/x", "https://blobs.example/x"),
            (
                "?a=b",
                "https://registry.example/v2/acme/nginx/blobs/sha256:00?a=b",
            ),
        ] {
            let target = judged("registry.example", location).unwrap();
            assert_eq!(
                (
                    target.header.to_str().unwrap(),
                    target.uri.to_string().as_str()
                ),
                (expected, expected)
            );
        }
    }

    #[test]
    fn what_is_not_ascii_is_escaped() {
        let target = judged("registry.example", "https://blobs.example/é?x=ü").unwrap();
        assert_eq!(target.header, "https://blobs.example/%C3%A9?x=%C3%BC");
    }

    #[test]
    fn a_registry_on_this_machine_may_lead_to_this_machine() {
        for (registry, location) in [
            (
                "http://127.0.0.1:5001",
                "http://127.0.0.1:9000/bucket/x?X-Amz-Signature=ab",
            ),
            ("http://localhost:5001", "http://127.0.0.1:9000/bucket/x"),
            ("http://registry.corp", "http://10.0.0.7/x"),
            ("10.0.0.5:5000", "https://10.0.0.5:5000/other"),
        ] {
            assert_eq!(
                judged(registry, location).unwrap().header,
                location,
                "{registry}"
            );
        }
    }

    /// Facts: registries §5.14.
    /// CVE-2020-13788 in Harbor and CVE-2026-0600 in Nexus: calls to wherever somebody said.
    #[test]
    fn nowhere_else() {
        for location in [
            "http://blobs.example/x",
            "ftp://blobs.example/x",
            "sha256:11",
            "javascript:alert(1)",
            "data:text/plain,x",
            "https://user@blobs.example/x",
            "https://user:pass@blobs.example/x",
            "https://127.0.0.1/x",
            "https://127.1/x",
            "https://localhost/x",
            "https://[::1]/x",
            "https://[::ffff:192.168.0.1]/x",
            "https://localhost./x",
            "https://a.localhost./x",
            "https://[::127.0.0.1]/x",
            "https://[2002:7f00:1::]/x",
            "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/x",
            "https://[64:ff9b:1::1]/x",
            "https://[64:ff9b::10.0.0.1]/x",
            "https://[fec0::1]/x",
            "https://[100::1]/x",
            "https://[2001:db8::1]/x",
            "https://198.18.0.1/x",
            "https://198.19.255.255/x",
            "https://192.0.0.8/x",
            "https://192.0.2.1/x",
            "https://198.51.100.1/x",
            "https://203.0.113.1/x",
            "https://192.88.99.1/x",
            "https://10.0.0.1/x",
            "https://169.254.169.254/latest/meta-data/",
            "https://0.0.0.0/x",
            "//127.0.0.1/x",
            "https://blobs.example\\@127.0.0.1/x",
            "\\\\127.0.0.1\\x",
            "https://blobs.example/a b",
            "https://blobs.example/a\tb",
            "https://",
            "https://blobs.example:99999/",
        ] {
            assert_eq!(
                judged("registry.example", location),
                Err(Refusal::Location),
                "{location}"
            );
        }
        assert!(
            judge(
                &HeaderValue::from_bytes(b"https://blobs.example/\xff").unwrap(),
                &REQUESTED.parse().unwrap(),
                &"registry.example".parse().unwrap()
            )
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(32u8..=255, 0..60)) {
            if let Ok(location) = HeaderValue::from_bytes(&bytes) {
                let _ = judge(&location, &REQUESTED.parse().unwrap(), &"registry.example".parse().unwrap());
            }
        }

        #[test]
        fn an_absolute_one_is_never_rewritten(rest in "[!-\\[\\]-~]{0,60}") {
            let location = format!("https://blobs.example/{rest}");
            if let Ok(target) = judged("registry.example", &location) {
                prop_assert_eq!(target.header.to_str().unwrap(), location);
            }
        }
    }
}
