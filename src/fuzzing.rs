//! Everything that reads foreign input, one target each: whatever the bytes, there is no panic, and what was read keeps what its
//! type promises.
//!
//! | file | holds |
//! |---|---|
//! | `answers` | lists that a registry gives |
//! | `given` | what is given by who pushes, and by who operates |
//!
//! libFuzzer makes the bytes (`scripts/test fuzz`, the package in `fuzz/`); the tests try the corpus and simple changes of it.

mod answers;
mod given;

use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue, Uri, header};

use crate::access::authenticate;
use crate::access::jwt::key;
use crate::access::jwt::token::SignedToken;
use crate::chart::rebuild::Parts;
use crate::chart::{Metadata, package};
use crate::config::Config;
use crate::index::{IndexScope, Space, View};
use crate::oci::{Manifest, Registry, Terms, challenge, credentials, link, location, realm, token};
use crate::platform::Timestamp;
use crate::serve::fuzzed;

/// Takes any bytes.
pub type FuzzTarget = fn(&[u8]);

/// Every target by its name, which its folder in `fuzz/corpus` has, too.
pub const TARGETS: [(&str, FuzzTarget); 19] = [
    ("accounts", given::accounts),
    ("authorization", authorization),
    ("challenge", a_challenge),
    ("chart-yaml", chart_yaml),
    ("config-json", config_json),
    ("dockerconfigjson", dockerconfigjson),
    ("form", given::form),
    ("jwk", jwk),
    ("limits", answers::limits),
    ("link", a_link),
    ("location", a_location),
    ("manifest", manifest),
    ("path", path),
    ("push", given::push),
    ("repositories", answers::repositories),
    ("tags", answers::tags),
    ("tgz", tgz),
    ("token", a_token),
    ("webhook", fuzzed::webhook),
];

static REGISTRY: LazyLock<Option<Registry>> = LazyLock::new(|| "registry.example".parse().ok());

/// A private one, with everything that opens something.
static CONFIG: LazyLock<Option<Config>> = LazyLock::new(|| {
    let lookup = |name: &str| {
        Some(match name {
            "REGISTRY" => "registry.example/charts".to_owned(),
            // Equal ones would be refused.
            "BASIC_AUTH_USER" | "BASIC_AUTH_PASS" | "ADMIN_TOKEN" => name.to_owned(),
            _ => return None,
        })
    };
    Config::from_lookup(lookup).ok()
});

const REQUESTED: &str = "https://registry.example/v2/acme/nginx/tags/list?n=2";

fn text(input: &[u8], read: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(input) {
        read(text);
    }
}

fn authorization(input: &[u8]) {
    if let (Ok(value), Some(config)) = (HeaderValue::from_bytes(input), CONFIG.as_ref()) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value);
        let _ = authenticate::account(&config.accounts, &headers, Timestamp(0));
    }
    let _ = SignedToken::parse(input);
}

/// Public keys, as an issuer gives them and as an operator writes them.
fn jwk(input: &[u8]) {
    let _ = key::set(input);
    text(input, |text| {
        let _ = key::written(text);
    });
}

/// `WWW-Authenticate`, and the realm in it.
fn a_challenge(input: &[u8]) {
    text(input, |text| {
        for one in challenge::parse(text) {
            if let (Some(at), Some(registry)) = (one.parameter("realm"), REGISTRY.as_ref())
                && let Ok(url) = realm::judge(at, registry, &Terms::default())
            {
                // Passwords go nowhere else.
                let host = url.host_str().unwrap_or_default().trim_end_matches('.');
                assert!(host == "registry.example" || host.ends_with(".registry.example"));
                assert_eq!(url.scheme(), "https");
            }
        }
    });
}

fn chart_yaml(input: &[u8]) {
    let _ = Metadata::from_yaml(input).map(|metadata| is_canonical(&metadata));
}

fn config_json(input: &[u8]) {
    let _ = Metadata::from_json(input).map(|metadata| is_canonical(&metadata));
}

/// What the catalog wrote it reads again, by either reader, and it stays what it is.
fn is_canonical(metadata: &Metadata) {
    let json = metadata.to_json();
    assert!(json.len() <= Metadata::MAX_WRITTEN);
    assert_eq!(Metadata::from_json(json.as_bytes()).as_ref(), Ok(metadata));
    assert_eq!(Metadata::from_yaml(json.as_bytes()).as_ref(), Ok(metadata));
}

fn dockerconfigjson(input: &[u8]) {
    text(input, |text| {
        if let Some(registry) = REGISTRY.as_ref() {
            let _ = credentials::from_docker_config(text, registry, "acme/charts");
        }
    });
}

fn a_link(input: &[u8]) {
    text(input, |text| {
        let _ = link::next([text], &Uri::from_static(REQUESTED));
    });
}

fn a_location(input: &[u8]) {
    if let (Ok(value), Some(registry)) = (HeaderValue::from_bytes(input), REGISTRY.as_ref())
        && let Ok(target) = location::judge(&value, &Uri::from_static(REQUESTED), registry)
    {
        assert_eq!(target.uri.scheme_str(), Some("https"));
    }
}

/// Manifests and indexes: the first byte says whether a `Content-Type` comes along.
fn manifest(input: &[u8]) {
    let index = "application/vnd.oci.image.index.v1+json";
    let _ = Manifest::parse(input, None);
    let _ = Manifest::parse(input, Some(index));
}

fn path(input: &[u8]) {
    text(input, |text| {
        fuzzed::path(text);
        let _ = text.parse::<Space>();
        if let Ok(repository) = text.parse() {
            assert!(View::root().covers(&repository, IndexScope::Subtree));
        }
    });
}

/// A package, and the content of a package that is rebuilt: gzip, tar and what is in it. What does not begin as gzip is taken
/// for the tar, as hardly any change of compressed bytes gets past their checksum.
fn tgz(input: &[u8]) {
    let gzip = input.starts_with(&[0x1f, 0x8b]);
    let wrapped = if gzip { None } else { gzipped(input) };
    let input = wrapped.as_deref().unwrap_or(input);
    let _ = package::metadata(input).map(|metadata| is_canonical(&metadata));
    let parts = Parts {
        meta: b"{}".as_slice().into(),
        content: input.to_vec().into(),
        name: "fuzzed".to_owned(),
        version: "1.0.0".to_owned(),
    };
    let _ = parts.examine().now_or_never();
}

fn gzipped(tar: &[u8]) -> Option<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(tar).ok()?;
    gzip.finish().ok()
}

/// A token server's reply.
fn a_token(input: &[u8]) {
    let _ = token::parse(input, Timestamp(0));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Changes of each seed that are tried: some seconds for all targets together.
    const CHANGES: usize = 2_000;

    /// A generator without a seed from outside (xorshift64): the same inputs in each run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % (limit as u64)).unwrap()
        }
    }

    fn changed(seed: &[u8], random: &mut Random) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() + 1);
            match random.below(4) {
                0 => bytes.insert(at, b"\0\n\"'[]{}:,%!#&*-=;<>/\\.~\xff"[random.below(25)]),
                1 => bytes.truncate(at),
                2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
                _ => {
                    let again = bytes[at..].to_vec();
                    bytes.extend(again.iter().take(200));
                }
            }
        }
        bytes
    }

    /// CVE-2025-55198 in Helm: a malformed `Chart.yaml` ended the program.
    #[test]
    fn every_target_survives_its_corpus_and_changes_of_it() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, target) in TARGETS {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            let seeds: Vec<_> = std::fs::read_dir(corpus.join(name))
                .unwrap()
                .map(|file| std::fs::read(file.unwrap().path()).unwrap())
                .collect();
            assert!(!seeds.is_empty(), "{name}");
            target(b"");
            for seed in seeds {
                target(&seed);
                for _ in 0..CHANGES {
                    target(&changed(&seed, &mut random));
                }
            }
        }
    }
}
