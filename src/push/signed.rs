//! A provenance file for a chart that is stored already: the same manifest with one layer more.

use bytes::Bytes;
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{MANIFEST, Provenance};
use crate::chart::go_json;
use crate::chart::media_type::PROVENANCE;
use crate::oci::{Descriptor, Digest, Fetched, Manifest};

/// What is pushed for a provenance file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedManifest {
    /// The digest of the provenance file.
    pub(crate) digest: Digest,
    /// The manifest with it.
    pub(crate) manifest: Bytes,
    /// Its media type, which is that of the one that was there.
    pub(crate) media_type: HeaderValue,
}

/// What comes of adding a provenance file to a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signing {
    /// The manifest is to be replaced.
    New(SignedManifest),
    /// It has this very file.
    Same,
    /// It has another one.
    Other(SignedManifest),
    /// It is of another package than the file is about.
    OtherPackage,
    /// It is no manifest of one chart.
    Unsuitable,
}

/// A manifest whose parts stay as they are, in the order of its fields in Go (`specs-go/v1/manifest.go`).
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    schema_version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(borrow)]
    config: &'a RawValue,
    #[serde(borrow)]
    layers: Vec<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    subject: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a RawValue>,
}

impl Signing {
    /// Adds a provenance file to the manifest that is there, in the place of one that it has.
    pub(crate) fn of(there: &Fetched, about: &Provenance, file: &Bytes) -> Self {
        let parsed = Manifest::parse(&there.bytes, there.content_type.as_deref());
        let raw = serde_json::from_slice::<Raw<'_>>(&there.bytes);
        let (Ok(Manifest::Image(_)), Ok(mut raw)) = (parsed, raw) else {
            return Self::Unsuitable;
        };
        let digest = Digest::sha256_of(file);
        let (mut layers, mut is_about, mut other) = (Vec::new(), false, false);
        for layer in raw.layers {
            let Ok(known) = serde_json::from_str::<Descriptor>(layer.get()) else {
                return Self::Unsuitable;
            };
            if known.media_type == PROVENANCE {
                if known.digest == digest {
                    return Self::Same;
                }
                other = true;
                continue;
            }
            is_about |= about.vouches_for(&known.digest);
            layers.push((known.digest, layer));
        }
        if !is_about {
            return Self::OtherPackage;
        }
        // Neither media type nor digest holds anything that JSON escapes.
        let size = file.len();
        let text = format!(r#"{{"mediaType":"{PROVENANCE}","digest":"{digest}","size":{size}}}"#);
        let Ok(own) = RawValue::from_string(text) else {
            return Self::Unsuitable;
        };
        layers.push((digest.clone(), &own));
        layers.sort_by(|(one, _), (other, _)| one.cmp(other));
        raw.layers = layers.into_iter().map(|(_, layer)| layer).collect();
        let manifest = go_json(&raw).into();
        let told = raw.media_type.as_deref().or(there.content_type.as_deref());
        let signed = SignedManifest {
            digest,
            manifest,
            media_type: told
                .and_then(|told| told.trim().parse().ok())
                .unwrap_or(HeaderValue::from_static(MANIFEST)),
        };
        if other {
            Self::Other(signed)
        } else {
            Self::New(signed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = include_str!("golden/signed.manifest.json");
    const FILE: &[u8] = include_bytes!("golden/signed.prov");

    fn signing(manifest: &str, file: &'static [u8]) -> Signing {
        let bytes = Bytes::from(manifest.to_owned());
        let there = Fetched {
            digest: Digest::sha256_of(&bytes),
            content_type: None,
            bytes,
        };
        let about = Provenance::read(FILE).unwrap();
        Signing::of(&there, &about, &Bytes::from_static(file))
    }

    /// Helm's manifest of a signed chart, with the layer of its provenance taken out.
    fn unsigned() -> String {
        let at = SIGNED
            .find(r#",{"mediaType":"application/vnd.cncf.helm.chart.prov"#)
            .unwrap();
        let (before, after) = SIGNED.split_at(at);
        format!("{before}{}", after.split_once('}').unwrap().1)
    }

    #[test]
    fn becomes_what_helm_would_have_pushed() {
        let Signing::New(signed) = signing(&unsigned(), FILE) else {
            panic!("{}", unsigned());
        };
        assert_eq!(signed.manifest, SIGNED);
        assert_eq!(signed.media_type, MANIFEST);
        assert_eq!(signing(SIGNED, FILE), Signing::Same);
    }

    #[test]
    fn takes_the_place_of_another_and_goes_to_its_own_package_only() {
        assert!(matches!(signing(SIGNED, b"other"), Signing::Other(_)));
        let package = Digest::sha256_of(include_bytes!("golden/signed.tgz"));
        let other = unsigned().replace(package.hex(), &"0".repeat(64));
        assert_eq!(signing(&other, FILE), Signing::OtherPackage);
        for none in ["{}", r#"{"schemaVersion":2,"manifests":[]}"#] {
            assert_eq!(signing(none, FILE), Signing::Unsuitable);
        }
    }

    /// A registry refuses a manifest that is put as another kind than it says it is.
    #[test]
    fn stays_of_its_media_type() {
        const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
        let text = unsigned().replacen('{', &format!(r#"{{"mediaType":"{DOCKER}","#), 1);
        let Signing::New(signed) = signing(&text, FILE) else {
            panic!("{text}");
        };
        assert_eq!(signed.media_type, DOCKER);
    }
}
