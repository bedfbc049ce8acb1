//! Writing: uploads of blobs, manifests, deletion (distribution spec, "Pushing" and "Content Management").

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Response, header};

use crate::oci::Digest;

use super::State;
use super::answer::error;

/// Uploads that have begun, and how the registry goes about them.
pub(super) struct Uploads {
    begun: u32,
    pub(super) mounts_and_deletes: bool,
    pub(super) location: String,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            begun: 0,
            mounts_and_deletes: true,
            // distribution signs the state of an upload into its query.
            location: "{}?_state=a%2Bb".to_owned(),
        }
    }
}

impl State {
    /// What comes of a request that writes; `rest` follows the repository's name.
    pub(super) fn write(
        &mut self,
        name: &str,
        rest: &str,
        request: &Request<Bytes>,
    ) -> Response<Bytes> {
        let reference = rest.rsplit('/').next().unwrap_or_default();
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes())
                .into_owned()
                .collect();
        match (request.method(), rest) {
            (&Method::POST, "/blobs/uploads/") => self.begin(name, &query),
            (&Method::PUT, _) if rest.starts_with("/blobs/uploads/") => {
                self.finish(name, query.get("digest"), request)
            }
            (&Method::PUT, _) if rest.starts_with("/manifests/") => {
                self.keep_manifest(name, reference, request)
            }
            (&Method::DELETE, _) if rest.starts_with("/manifests/") => {
                self.delete_manifest(name, reference)
            }
            _ => error(405, "UNSUPPORTED", "the operation is unsupported"),
        }
    }

    fn begin(&mut self, name: &str, query: &BTreeMap<String, String>) -> Response<Bytes> {
        let mounted = query.get("mount").filter(|digest| {
            let known = digest
                .parse()
                .is_ok_and(|digest: Digest| self.blobs.contains_key(&digest));
            self.uploads.mounts_and_deletes && known && query.contains_key("from")
        });
        if let Some(digest) = mounted {
            return created(&format!("/v2/{name}/blobs/{digest}"), digest);
        }
        self.uploads.begun += 1;
        let path = format!("/v2/{name}/blobs/uploads/{}", self.uploads.begun);
        let location = self.uploads.location.replace("{}", &path);
        Response::builder()
            .status(202)
            .header(header::LOCATION, location)
            .body(Bytes::new())
            .unwrap()
    }

    /// An upload that goes on where redirects lead.
    pub(super) fn uploaded(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let query = request.uri().query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        let digest = pairs.find(|(key, _)| key == "digest").map(|(_, it)| it);
        self.finish("elsewhere", digest.as_ref(), request)
    }

    fn finish(
        &mut self,
        name: &str,
        digest: Option<&String>,
        request: &Request<Bytes>,
    ) -> Response<Bytes> {
        let Some(digest) = digest.and_then(|digest| digest.parse::<Digest>().ok()) else {
            return error(400, "DIGEST_INVALID", "no digest");
        };
        let is_bytes = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/octet-stream");
        if !is_bytes || !request.headers().contains_key(header::CONTENT_LENGTH) {
            return error(400, "BLOB_UPLOAD_INVALID", "a length and a type are wanted");
        }
        if !digest.verify(request.body()) {
            return error(
                400,
                "DIGEST_INVALID",
                "provided digest did not match uploaded content",
            );
        }
        let answer = created(&format!("/v2/{name}/blobs/{digest}"), &digest.to_string());
        self.blobs.insert(digest, request.body().clone());
        answer
    }

    fn keep_manifest(
        &mut self,
        name: &str,
        reference: &str,
        request: &Request<Bytes>,
    ) -> Response<Bytes> {
        let Some(media_type) = request.headers().get(header::CONTENT_TYPE) else {
            return error(400, "MANIFEST_INVALID", "no media type");
        };
        let digest = Digest::sha256_of(request.body());
        let manifest: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let layers = manifest["layers"].as_array().into_iter().flatten();
        let mut named = layers.chain(manifest.get("config"));
        let is_there = |blob: &serde_json::Value| {
            let digest = blob["digest"].as_str().unwrap().parse().unwrap();
            self.blobs.contains_key(&digest)
        };
        if !named.all(is_there) {
            return error(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
        }
        let repository = self.repositories.entry(name.to_owned()).or_default();
        if reference.parse::<Digest>().is_err() {
            repository.tags.insert(reference.to_owned(), digest.clone());
        } else if reference != digest.to_string() {
            return error(
                400,
                "DIGEST_INVALID",
                "provided digest did not match uploaded content",
            );
        }
        repository.manifests.insert(
            digest.clone(),
            (
                media_type.to_str().unwrap().to_owned(),
                request.body().clone(),
            ),
        );
        created(
            &format!("/v2/{name}/manifests/{digest}"),
            &digest.to_string(),
        )
    }

    fn delete_manifest(&mut self, name: &str, reference: &str) -> Response<Bytes> {
        if !self.uploads.mounts_and_deletes {
            return error(405, "UNSUPPORTED", "the operation is unsupported");
        }
        let Some(repository) = self.repositories.get_mut(name) else {
            return error(404, "NAME_UNKNOWN", "repository name not known to registry");
        };
        let gone = match reference.parse::<Digest>() {
            Ok(digest) => {
                repository.tags.retain(|_, tagged| *tagged != digest);
                repository.manifests.remove(&digest).is_some()
            }
            Err(_) => repository.tags.remove(reference).is_some(),
        };
        if gone {
            Response::builder().status(202).body(Bytes::new()).unwrap()
        } else {
            error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        }
    }
}

fn created(location: &str, digest: &str) -> Response<Bytes> {
    Response::builder()
        .status(201)
        .header(header::LOCATION, location)
        .header("docker-content-digest", digest)
        .body(Bytes::new())
        .unwrap()
}
