//! Where a registry is.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::Invalid;
use super::address::is_loopback;

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

    /// Whether `host[:port]`, spelt in any way, is where it is.
    pub fn is_at(&self, host: &str) -> bool {
        Self::new(self.scheme, host).is_ok_and(|other| other == *self)
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
