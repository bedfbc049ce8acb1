//! The terms on which a registry is spoken to, beside its address and the credentials: further token servers, where downloads may
//! lead, headers of its own.

use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::{Host, Url};

/// The terms of one registry. With the default nothing is allowed that is not allowed anyway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// `TOKEN_REALMS`: hosts whose token servers may see the credentials, beside those that are known to belong to the registry.
    pub token_realms: Hosts,
    /// `DOWNLOAD_HOSTS`: where a redirect may lead, beside the registry itself; anywhere that is sound when empty.
    pub download_hosts: Hosts,
    /// `REGISTRY_HEADERS`: sent with every request to the registry's own host, and nowhere else.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How messages call the first two.
    pub spelling: Spelling,
}

/// What a setting of a registry is called where it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// It is the only registry: `TOKEN_REALMS`.
    #[default]
    Setting,
    /// It is one of `SOURCES`: `token_realms`.
    Key,
}

impl Spelling {
    /// What names further token servers.
    pub(crate) fn token_realms(self) -> &'static str {
        match self {
            Self::Setting => "TOKEN_REALMS",
            Self::Key => "token_realms",
        }
    }

    /// What names where downloads may lead.
    pub(crate) fn download_hosts(self) -> &'static str {
        match self {
            Self::Setting => "DOWNLOAD_HOSTS",
            Self::Key => "download_hosts",
        }
    }
}

/// Hosts that an operator named: `host`, `host:port`, and, where patterns are allowed, `*.domain` for every name below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosts(Vec<HostPattern>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct HostPattern {
    /// Any name below `host`, and not the name itself.
    below: bool,
    host: String,
    port: Option<u16>,
}

impl HostPattern {
    fn matches(&self, host: &Host<&str>, port: Option<u16>, default_port: Option<u16>) -> bool {
        let name = host.to_string();
        let name = name.trim_end_matches('.');
        let right_host = if self.below {
            matches!(host, Host::Domain(_))
                && name
                    .strip_suffix(self.host.as_str())
                    .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            name == self.host
        };
        right_host && port == self.port.or(default_port)
    }
}

impl Hosts {
    /// One `host` or `host:port`; with `patterns` `*.domain` too. `None` for what is neither, a URL for example.
    fn parse_one(text: &str, patterns: bool) -> Option<HostPattern> {
        let (below, authority) = match text.strip_prefix("*.") {
            Some(rest) if patterns => (true, rest),
            _ => (false, text),
        };
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"/\\?#@%*,\"<>^`{|}".contains(&byte);
        if !authority.bytes().all(plain) {
            return None;
        }
        let url = Url::parse(&format!("https://{authority}")).ok()?;
        let host = url.host()?;
        // Below one label there would be all the world.
        let wide = below && !(matches!(host, Host::Domain(name) if name.contains('.')));
        (!wide && url.path() == "/").then(|| HostPattern {
            below,
            host: host.to_string().trim_end_matches('.').to_owned(),
            port: url.port(),
        })
    }

    /// Reads hosts; with `patterns`, `*.domain` too. What is wrong is given back.
    pub(crate) fn parse<'t>(
        items: impl IntoIterator<Item = &'t str>,
        patterns: bool,
    ) -> Result<Self, Vec<&'t str>> {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for item in items {
            match Self::parse_one(item, patterns) {
                Some(host) => good.push(host),
                None => bad.push(item),
            }
        }
        good.sort();
        good.dedup();
        if bad.is_empty() {
            Ok(Self(good))
        } else {
            Err(bad)
        }
    }

    /// Whether none was named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a URL is at one of them: without a port in the setting, at its scheme's own.
    pub fn contain(&self, url: &Url) -> bool {
        let default_port = match url.scheme() {
            "http" => Some(80),
            _ => Some(443),
        };
        url.host().is_some_and(|host| {
            let port = url.port_or_known_default();
            self.0
                .iter()
                .any(|pattern| pattern.matches(&host, port, default_port))
        })
    }
}

/// What of a request is Portolan's own to say: the protocol depends on it, or a credential has a setting of its own.
const RESERVED: [HeaderName; 14] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::IF_NONE_MATCH,
    header::RANGE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Why headers are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeaders {
    /// Not the JSON that is wanted.
    #[error("not a JSON object of names and texts, such as {{\"X-Name\": \"value\"}}")]
    Json,
    /// What stands as a name is none; it is not shown, a value may have slipped there.
    #[error("one of its names is no header name")]
    Name,
    /// No header can hold the value.
    #[error("the value of {0} cannot stand in a header")]
    Value(HeaderName),
    /// One that is Portolan's own to say.
    #[error("{0} may not be set: Portolan sets it itself")]
    Reserved(HeaderName),
}

/// Reads headers from a JSON object of names and values. No value is ever shown.
pub(crate) fn headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaders> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Given(BTreeMap<String, String>);
    let Given(given) = serde_json::from_str(text).map_err(|_| InvalidHeaders::Json)?;
    given
        .into_iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().map_err(|_| InvalidHeaders::Name)?;
            if RESERVED.contains(&name) {
                return Err(InvalidHeaders::Reserved(name));
            }
            let mut value =
                HeaderValue::from_str(&value).map_err(|_| InvalidHeaders::Value(name.clone()))?;
            value.set_sensitive(true);
            Ok((name, value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(hosts: &str, url: &str) -> bool {
        let hosts = Hosts::parse(hosts.split(' '), true).unwrap();
        hosts.contain(&Url::parse(url).unwrap())
    }

    #[test]
    fn hosts_with_ports_and_below_domains() {
        for (hosts, url, expected) in [
            ("auth.example", "https://auth.example/token", true),
            ("AUTH.example", "https://auth.example./token", true),
            ("auth.example", "https://auth.example:443/token", true),
            ("auth.example", "https://auth.example:8443/token", false),
            ("auth.example:8443", "https://auth.example:8443/token", true),
            ("auth.example:8443", "https://auth.example/token", false),
            ("auth.example", "http://auth.example/token", true),
            ("auth.example", "https://evil-auth.example/token", false),
            ("auth.example", "https://auth.example.evil/token", false),
            ("auth.example", "https://a.auth.example/token", false),
            ("a.example b.example", "https://b.example/x", true),
            ("10.0.0.5", "https://10.0.0.5/x", true),
            ("*.example.com", "https://a.b.example.com/x", true),
            ("*.example.com", "https://example.com/x", false),
            ("*.example.com", "https://.example.com/x", false),
            ("*.example.com", "https://evilexample.com/x", false),
            ("*.example.com:8443", "https://a.example.com:8443/x", true),
        ] {
            assert_eq!(contain(hosts, url), expected, "{hosts} {url}");
        }
    }

    #[test]
    fn no_hosts() {
        for (text, patterns) in [
            ("https://auth.example", true),
            ("auth.example/token", true),
            ("user@auth.example", true),
            ("*.example.com", false),
            ("*.com", true),
            ("*", true),
            ("*.10.0.0.1", true),
            ("a*.example.com", true),
            ("auth.example:99999", true),
            ("", true),
        ] {
            assert_eq!(Hosts::parse([text], patterns), Err(vec![text]), "{text}");
        }
    }

    #[test]
    fn headers_that_are_taken_and_not() {
        let taken = headers(
            r#"{"CF-Access-Client-Id": "id.access", "CF-Access-Client-Secret": "hunter2"}"#,
        )
        .unwrap();
        assert_eq!(taken[0].0, "cf-access-client-id");
        assert_eq!(taken[1].1, "hunter2");
        assert!(!format!("{taken:?}").contains("hunter2"));
        for (text, message) in [
            (
                "X-Name: value",
                "not a JSON object of names and texts, such as {\"X-Name\": \"value\"}",
            ),
            (
                r#"{"X-Name": 7}"#,
                "not a JSON object of names and texts, such as {\"X-Name\": \"value\"}",
            ),
            (r#"{"hunter 2": "x"}"#, "one of its names is no header name"),
            (
                r#"{"X-Name": "a\nb"}"#,
                "the value of x-name cannot stand in a header",
            ),
            (
                r#"{"Authorization": "Basic aHVudGVyMg=="}"#,
                "authorization may not be set: Portolan sets it itself",
            ),
            (
                r#"{"host": "x"}"#,
                "host may not be set: Portolan sets it itself",
            ),
        ] {
            assert_eq!(headers(text).unwrap_err().to_string(), message);
        }
    }
}
