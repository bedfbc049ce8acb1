//! Where a registry is.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

use super::Invalid;

/// Docker Hub by the names people write, and by the one its API answers at.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ALIASES: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// How a registry is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Encrypted, the rule.
    Https,
    /// In the clear: loopback, or where the operator insists.
    Http,
}

impl Scheme {
    /// Its name in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// A registry: scheme and `host[:port]`, lower case, without a default port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry {
    scheme: Scheme,
    host: String,
}

impl Registry {
    /// The registry at `host[:port]`. Docker Hub's other names become `docker.io`.
    pub fn new(scheme: Scheme, host: &str) -> Result<Self, Invalid> {
        let url =
            Url::parse(&format!("{}://{host}", scheme.as_str())).map_err(|_| Invalid::Registry)?;
        // What `Url` takes for more than an authority is no host; nor is what it would quietly drop or decode.
        let authority_only = host
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"/\\?#@%".contains(&b))
            && matches!(url.path(), "" | "/");
        let name = url
            .host_str()
            .filter(|_| authority_only)
            .ok_or(Invalid::Registry)?;
        let host = match url.port() {
            Some(port) => format!("{name}:{port}"),
            None if DOCKER_HUB_ALIASES.contains(&name) => DOCKER_HUB.to_owned(),
            None => name.to_owned(),
        };
        Ok(Self { scheme, host })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `host[:port]` as people know it: `docker.io`, `ghcr.io`, `localhost:5001`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Scheme and authority that requests go to, without a slash at the end: `https://registry-1.docker.io`.
    pub fn origin(&self) -> String {
        let host = if self.host == DOCKER_HUB {
            DOCKER_HUB_API
        } else {
            &self.host
        };
        format!("{}://{host}", self.scheme.as_str())
    }

    /// Whether it is on this machine, where neither secrecy nor distance is at stake.
    pub fn is_loopback(&self) -> bool {
        self.url()
            .and_then(|url| url.host().map(|host| is_loopback(&host)))
            .unwrap_or(false)
    }

    /// [`Registry::origin`] as a URL.
    pub(super) fn url(&self) -> Option<Url> {
        Url::parse(&self.origin()).ok()
    }
}

/// Whether a host can only be this machine.
pub(super) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => {
            address.is_loopback()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| address.is_loopback())
        }
    }
}

/// Whether a host is an address, or a name, that means something else on every network: loopback, private, link-local
/// (where clouds keep their metadata), shared, unspecified, multicast, reserved.
pub(super) fn is_internal(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(_) => is_loopback(host),
        Host::Ipv4(address) => is_internal_v4(*address),
        Host::Ipv6(address) => is_internal_v6(*address),
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || a == 0
        // RFC 6598, shared address space of carriers.
        || (a == 100 && (64..128).contains(&b))
        // Multicast, reserved and broadcast.
        || a >= 224
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    let embedded = address
        .to_ipv4_mapped()
        .or_else(|| match address.segments() {
            // RFC 6052: NAT64 would carry it to the IPv4 address in its tail.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                Some(Ipv4Addr::new(a, b, c, d))
            }
            _ => None,
        });
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast()
        || embedded.is_some_and(is_internal_v4)
}

impl FromStr for Registry {
    type Err = Invalid;

    /// Reads `host[:port]`, or `https://host[:port]` and `http://host[:port]`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some(host) = text.strip_prefix("http://") {
            Self::new(Scheme::Http, host)
        } else {
            Self::new(Scheme::Https, text.strip_prefix("https://").unwrap_or(text))
        }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts() {
        for (text, shown, origin) in [
            ("ghcr.io", "https://ghcr.io", "https://ghcr.io"),
            ("GHCR.io", "https://ghcr.io", "https://ghcr.io"),
            ("https://quay.io", "https://quay.io", "https://quay.io"),
            ("quay.io:443", "https://quay.io", "https://quay.io"),
            (
                "localhost:5001",
                "https://localhost:5001",
                "https://localhost:5001",
            ),
            (
                "http://127.0.0.1:5001",
                "http://127.0.0.1:5001",
                "http://127.0.0.1:5001",
            ),
            ("[::1]:5001", "https://[::1]:5001", "https://[::1]:5001"),
            (
                "docker.io",
                "https://docker.io",
                "https://registry-1.docker.io",
            ),
            (
                "index.docker.io",
                "https://docker.io",
                "https://registry-1.docker.io",
            ),
            (
                "registry-1.docker.io",
                "https://docker.io",
                "https://registry-1.docker.io",
            ),
            (
                "docker.io:5000",
                "https://docker.io:5000",
                "https://docker.io:5000",
            ),
        ] {
            let registry: Registry = text.parse().unwrap();
            assert_eq!(
                (registry.to_string().as_str(), registry.origin().as_str()),
                (shown, origin),
                "{text}"
            );
        }
    }

    #[test]
    fn no_hosts() {
        for text in [
            "",
            "/",
            "ghcr.io/acme",
            "ghcr.io/",
            "user@ghcr.io",
            "user:pass@ghcr.io",
            "ghcr.io?x",
            "ghcr.io#x",
            "a b",
            "ftp://ghcr.io",
            "ghcr.io:99999",
            "ghcr.io:x",
            "https://",
            "http://https://x",
            "a\\b",
            "%2e%2e",
            "\n",
            "[::1",
        ] {
            assert_eq!(text.parse::<Registry>(), Err(Invalid::Registry), "{text:?}");
        }
    }

    #[test]
    fn loopback() {
        for (text, expected) in [
            ("localhost", true),
            ("registry.localhost:5000", true),
            ("127.0.0.1:5001", true),
            ("127.8.8.8", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", true),
            ("10.0.0.1", false),
            ("ghcr.io", false),
            ("localhost.example", false),
        ] {
            assert_eq!(
                text.parse::<Registry>().unwrap().is_loopback(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn internal_addresses() {
        for (host, expected) in [
            ("127.0.0.1", true),
            ("0.0.0.0", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.0.1", true),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("224.0.0.1", true),
            ("255.255.255.255", true),
            ("[::]", true),
            ("[::1]", true),
            ("[fd00::1]", true),
            ("[fe80::1]", true),
            ("[ff02::1]", true),
            ("[::ffff:10.0.0.1]", true),
            ("[64:ff9b::a9fe:a9fe]", true),
            ("localhost", true),
            ("2130706433", true),
            ("0x7f.1", true),
            ("8.8.8.8", false),
            ("100.128.0.1", false),
            ("[2606:4700::1111]", false),
            ("blobs.example", false),
        ] {
            let url = Url::parse(&format!("https://{host}/")).unwrap();
            assert_eq!(is_internal(&url.host().unwrap()), expected, "{host}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_round_trips(text in "(https?://)?[a-z0-9.:\\[\\]@/%-]{0,20}") {
            if let Ok(registry) = text.parse::<Registry>() {
                prop_assert_eq!(registry.to_string().parse::<Registry>(), Ok(registry.clone()));
                prop_assert!(registry.origin().parse::<http::Uri>().is_ok(), "{}", registry);
            }
        }
    }
}
