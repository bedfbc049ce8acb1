//! Whether credentials may go to the token server that a registry names.
//!
//! A registry names its token server in every challenge, and whoever answers there is sent the password. A registry that
//! is malicious, or was taken over, would name a host of its own (CVE-2026-33540 in distribution, and a row of fixes
//! in go-containerregistry). So only hosts are believed that belong to whom the registry belongs.

use url::{Host, Url, form_urlencoded};

use super::address::is_loopback;
use super::error::Refusal;
use super::terms::Terms;
use super::{Registry, Scheme};

/// Token servers of public registries that are under another domain than the registry: (domain of the registry, host of
/// the token server). Docker Hub and GitLab need no entry, they stay within theirs.
const KNOWN: [(&str, &str); 1] = [
    // rg.<region>.scw.cloud (apple/container#2268).
    ("scw.cloud", "api.scaleway.com"),
];

/// Domains under which strangers live that the Public Suffix List does not know as such: a customer's registry, bucket, site or
/// function has a name there. Between two names below one of these nothing is believed but that they are the same.
const SHARED: [&str; 25] = [
    "aliyuncs.com",
    "amazonaws.com",
    "amazonaws.com.cn",
    "azure.com",
    "azure.net",
    "azurecr.cn",
    "azurecr.io",
    "azurecr.us",
    "cloudsmith.io",
    "container-registry.ovh.net",
    "digitaloceanspaces.com",
    "github.io",
    "googleapis.com",
    "jfrog.io",
    "myhuaweicloud.com",
    "myqcloud.com",
    "oraclecloud.com",
    "pkg.dev",
    "scw.cloud",
    "tencentcloudcr.com",
    "tencentyun.com",
    "volces.com",
    "vultrcr.com",
    "windows.net",
    "yandexcloud.net",
];

/// What a realm's own query may not say, as it says what the token is to open, or for whom: that is for the request to say.
const NOT_THE_REALMS: [&str; 5] = [
    "scope",
    "account",
    "client_id",
    "grant_type",
    "offline_token",
];

/// The realm as a URL, if credentials for `registry` may be sent there: encrypted (unless the registry itself is not),
/// and on the registry's host or one under the same registrable domain. Addresses only when host and port are the
/// registry's own; on loopback the port does not matter. Or at one of the hosts that the operator named.
pub fn judge(realm: &str, registry: &Registry, terms: &Terms) -> Result<Url, Refusal> {
    let mut url = Url::parse(realm).map_err(|_| Refusal::Realm)?;
    let home = registry.url().ok_or(Refusal::Realm)?;
    let encrypted = match url.scheme() {
        "https" => true,
        "http" => registry.scheme() == Scheme::Http,
        _ => false,
    };
    let without_user = url.username().is_empty() && url.password().is_none();
    let host = url
        .host_str()
        .filter(|_| encrypted && without_user)
        .ok_or(Refusal::Realm)?;
    if !belong_together(&url, &home) && !terms.token_realms.contain(&url) {
        let port = url.port().map(|port| format!(":{port}"));
        return Err(Refusal::ForeignRealm {
            host: format!("{host}{}", port.unwrap_or_default()),
            setting: terms.spelling.token_realms(),
        });
    }
    url.set_fragment(None);
    let query = url.query().map(own_query);
    url.set_query(query.as_deref().filter(|query| !query.is_empty()));
    Ok(url)
}

/// A realm's query as it is written, less [`NOT_THE_REALMS`]. Some servers take a semicolon for a separator, too.
fn own_query(query: &str) -> String {
    let is_its_own = |pair: &&str| {
        let key = form_urlencoded::parse(pair.as_bytes()).next();
        key.is_none_or(|(key, _)| {
            let key = key.trim();
            !NOT_THE_REALMS
                .iter()
                .any(|reserved| key.eq_ignore_ascii_case(reserved))
        })
    };
    let pairs: Vec<&str> = query.split(['&', ';']).filter(is_its_own).collect();
    pairs.join("&")
}

fn belong_together(realm: &Url, home: &Url) -> bool {
    match (realm.host(), home.host()) {
        (Some(Host::Domain(realm)), Some(Host::Domain(home))) => {
            let (realm, home) = (realm.trim_end_matches('.'), home.trim_end_matches('.'));
            realm == home
                || same_owner(realm, home)
                || is_at_alibaba(realm, home)
                || KNOWN
                    .iter()
                    .any(|(domain, host)| is_below(home, domain) && realm == *host)
        }
        (Some(realm_host), Some(home_host)) => {
            let same = realm_host == home_host
                && realm.port_or_known_default() == home.port_or_known_default();
            same || (is_loopback(&realm_host) && is_loopback(&home_host))
        }
        _ => false,
    }
}

/// Alibaba's token servers, one for each region: `registry.<region>.aliyuncs.com`, and of its enterprise edition
/// `<name>-registry.<region>.cr.aliyuncs.com`, name `dockerauth.<region>.aliyuncs.com` and `dockerauth-ee.<region>.…`. Others'
/// buckets are at `<name>.oss-<region>.aliyuncs.com`.
fn is_at_alibaba(realm: &str, home: &str) -> bool {
    let below = |name: &str| name.strip_suffix(".aliyuncs.com").map(str::to_owned);
    let (Some(realm), Some(home)) = (below(realm), below(home)) else {
        return false;
    };
    let region = home.strip_suffix(".cr").unwrap_or(&home).split_once('.');
    let server = realm.split_once('.');
    matches!((server, region), (Some(("dockerauth" | "dockerauth-ee", at)), Some((_, region)))
        if at == region && !region.starts_with("oss-"))
}

/// Whether two names are under one registrable domain by the Public Suffix List; where the list knows nothing of the
/// suffix (a network of one's own), its last two labels are that. A GitLab of one's own is set up like this:
/// `registry.gitlab.acme.com` and `gitlab.acme.com`.
fn same_owner(realm: &str, home: &str) -> bool {
    if SHARED.iter().any(|domain| is_below(home, domain)) {
        return false;
    }
    match (psl::domain(realm.as_bytes()), psl::domain(home.as_bytes())) {
        (Some(realm), Some(home)) => realm.as_bytes() == home.as_bytes(),
        _ => false,
    }
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn judged(registry: &str, realm: &str) -> bool {
        judge(realm, &registry.parse().unwrap(), &Terms::default()).is_ok()
    }

    #[test]
    fn token_servers_of_real_registries() {
        for (registry, realm) in [
            ("docker.io", "https://auth.docker.io/token"),
            ("ghcr.io", "https://ghcr.io/token"),
            ("quay.io", "https://quay.io/v2/auth"),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
            ("public.ecr.aws", "https://public.ecr.aws/token/"),
            ("acme.azurecr.io", "https://acme.azurecr.io/oauth2/token"),
            (
                "europe-docker.pkg.dev",
                "https://europe-docker.pkg.dev/v2/token",
            ),
            (
                "registry.digitalocean.com",
                "https://api.digitalocean.com/v2/registry/auth",
            ),
            (
                "registry.cn-hangzhou.aliyuncs.com",
                "https://dockerauth.cn-hangzhou.aliyuncs.com/auth",
            ),
            (
                "acme-registry.cn-hangzhou.cr.aliyuncs.com",
                "https://dockerauth-ee.cn-hangzhou.aliyuncs.com/auth",
            ),
            ("acme.jfrog.io", "https://acme.jfrog.io/v2/token"),
            (
                "rg.fr-par.scw.cloud",
                "https://api.scaleway.com/registry-internal/v1/regions/fr-par/tokens",
            ),
            (
                "uk-london-1.ocir.io",
                "https://uk-london-1.ocir.io/12345678/docker/token",
            ),
            ("codeberg.org", "https://codeberg.org/v2/token"),
        ] {
            assert!(judged(registry, realm), "{registry} {realm}");
        }
    }

    #[test]
    fn token_servers_of_ones_own() {
        for (registry, realm) in [
            (
                "registry.acme.example:5000",
                "https://registry.acme.example:5001/token",
            ),
            (
                "registry.gitlab.acme.com",
                "https://gitlab.acme.com/jwt/auth",
            ),
            ("registry.acme.co.uk", "https://gitlab.acme.co.uk/jwt/auth"),
            ("registry.acme.corp", "https://gitlab.acme.corp/jwt/auth"),
            ("registry.gitlab.corp", "https://gitlab.corp/jwt/auth"),
            (
                "http://registry.acme.corp:5000",
                "http://auth.acme.corp/token",
            ),
            ("http://localhost:5001", "http://localhost:5002/token"),
            ("http://127.0.0.1:5001", "http://127.0.0.1:5002/token"),
            ("http://127.0.0.1:5001", "http://localhost:5002/token"),
            ("10.0.0.5:5000", "https://10.0.0.5:5000/token"),
            ("registry.acme.com", "https://registry.acme.com./token"),
            (
                "registry.acme.com",
                "HTTPS://AUTH.ACME.COM/token?already=a&query=b",
            ),
        ] {
            assert!(judged(registry, realm), "{registry} {realm}");
        }
    }

    /// The dangers of CVE-2026-33540, of CVE-2019-10214 (containers/image asked a token server without TLS) and of
    /// go-containerregistry's fixes (`transport/bearer.go`), one by one.
    #[test]
    fn credentials_go_nowhere_else() {
        for (registry, realm) in [
            // Another owner.
            ("registry.acme.com", "https://evil.example/token"),
            (
                "registry.acme.com",
                "https://registry.acme.com.evil.example/token",
            ),
            ("registry.acme.com", "https://evilacme.com/token"),
            ("registry.acme.com", "https://acme.com.evil/token"),
            ("ghcr.io", "https://evil.io/token"),
            ("registry.example", "https://evil.example/token"),
            // Another owner under a shared suffix.
            ("registry.co.uk", "https://evil.co.uk/token"),
            ("registry.github.io", "https://evil.github.io/token"),
            ("registry.github.io", "https://github.io/token"),
            // A stranger at the same host of many registries, or of many buckets and sites.
            ("acme.azurecr.io", "https://evil.azurecr.io/oauth2/token"),
            ("acme.jfrog.io", "https://evil.jfrog.io/token"),
            ("europe-docker.pkg.dev", "https://evil.pkg.dev/token"),
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "https://evil.execute-api.eu-west-1.amazonaws.com/token",
            ),
            (
                "registry.cn-hangzhou.aliyuncs.com",
                "https://evil.oss-cn-hangzhou.aliyuncs.com/token",
            ),
            (
                "registry.cn-hangzhou.aliyuncs.com",
                "https://dockerauth.oss-cn-hangzhou.aliyuncs.com/token",
            ),
            (
                "registry.cn-hangzhou.aliyuncs.com",
                "https://dockerauth.cn-shanghai.aliyuncs.com/token",
            ),
            (
                "registry.cn-hangzhou.aliyuncs.com.",
                "https://evil.cn-hangzhou.aliyuncs.com./token",
            ),
            (
                "rg.fr-par.scw.cloud",
                "https://evil.functions.fnc.fr-par.scw.cloud/token",
            ),
            (
                "acme.tencentcloudcr.com",
                "https://evil.tencentcloudcr.com/service/token",
            ),
            ("acme.azurecr.cn", "https://evil.azurecr.cn/oauth2/token"),
            ("acme.azurecr.us", "https://evil.azurecr.us/oauth2/token"),
            (
                "acme.c1.de1.container-registry.ovh.net",
                "https://evil.c1.de1.container-registry.ovh.net/service/token",
            ),
            (
                "acme.c1.de1.container-registry.ovh.net",
                "https://evil.hosting.ovh.net/token",
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                "https://evil.s3.cn-north-1.amazonaws.com.cn/token",
            ),
            ("acme-docker.jfrog.io", "https://acme.jfrog.io/v2/token"),
            // In the clear, or not HTTP at all.
            ("registry.acme.com", "http://registry.acme.com/token"),
            ("registry.acme.com", "ftp://registry.acme.com/token"),
            ("registry.acme.com", "file:///etc/passwd"),
            ("registry.acme.com", "data:,x"),
            // Addresses: of the machine, of the network, of the cloud's metadata, of anybody.
            ("registry.acme.com", "https://127.0.0.1/token"),
            ("registry.acme.com", "https://localhost/token"),
            ("registry.acme.com", "https://0.0.0.0/token"),
            ("registry.acme.com", "https://[::1]/token"),
            (
                "registry.acme.com",
                "https://169.254.169.254/latest/meta-data/",
            ),
            ("registry.acme.com", "https://2852039166/latest/meta-data/"),
            ("registry.acme.com", "https://203.0.113.9/token"),
            ("10.0.0.5:5000", "https://10.0.0.5:6000/token"),
            ("10.0.0.5:5000", "https://10.0.0.6:5000/token"),
            ("10.0.0.5", "https://registry.10.0.0.5.nip.io/token"),
            // A user in it hides who is asked.
            (
                "registry.acme.com",
                "https://registry.acme.com@evil.example/token",
            ),
            (
                "registry.acme.com",
                "https://user:pass@registry.acme.com/token",
            ),
            // Not absolute.
            ("registry.acme.com", "/token"),
            ("registry.acme.com", "//evil.example/token"),
            ("registry.acme.com", ""),
            ("registry.acme.com", "https://"),
        ] {
            assert!(!judged(registry, realm), "{registry} {realm}");
        }
    }

    #[test]
    fn the_fragment_goes_and_the_query_stays() {
        let url = judge(
            "https://ghcr.io/token?a=b#c",
            &"ghcr.io".parse().unwrap(),
            &Terms::default(),
        )
        .unwrap();
        assert_eq!(url.as_str(), "https://ghcr.io/token?a=b");
    }

    /// What a token opens is what the request needs, whatever the registry writes into the realm.
    #[test]
    fn the_query_asks_for_nothing() {
        for (query, left) in [
            ("scope=repository:acme/secret:pull,push,delete", ""),
            ("a=b%2f&scope=x&account=admin&c", "?a=b%2f&c"),
            ("%73cope=x&Scope=y&+scope=z", ""),
            ("a=b;scope=x", "?a=b"),
            ("offline_token=true&grant_type=password&client_id=x", ""),
            // Which of its services it is, it may say either way.
            ("service=registry", "?service=registry"),
        ] {
            let realm = format!("https://ghcr.io/token?{query}");
            let url = judge(&realm, &"ghcr.io".parse().unwrap(), &Terms::default()).unwrap();
            assert_eq!(url.as_str(), format!("https://ghcr.io/token{left}"));
        }
    }

    proptest! {
        #[test]
        fn never_panics(realm in "\\PC*") {
            let _ = judged("registry.acme.com", &realm);
        }

        #[test]
        fn no_other_domain(host in "[a-z]{1,9}(\\.[a-z]{1,9}){0,3}") {
            prop_assume!(host != "acme.com" && !host.ends_with(".acme.com"));
            let allowed = judged("registry.acme.com", &format!("https://{host}/token"));
            prop_assert!(!allowed);
        }
    }
}
