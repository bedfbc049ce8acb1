//! Manifests: read whole and verified, or only resolved.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use serde::de::IgnoredAny;

use crate::platform::{Clock, Fetch};

use super::super::scope::Area;
use super::super::{Digest, Error, Garbage, Name, Operation, Reference, Tag, request};
use super::hops::{Asked, FinalAnswer};
use super::{Client, is_redirect, text};

/// The longest manifest that is read, in bytes: what registries must accept (distribution spec, "Pushing Manifests").
const MAX_MANIFEST: usize = 4 * 1024 * 1024;

const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A manifest whose bytes were verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its digest.
    pub digest: Digest,
    /// The `Content-Type` it came with.
    pub content_type: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// A manifest or index. Its digest is worked out, and is the one that was asked for and that the registry states, or it
    /// is an error.
    pub async fn manifest(&self, name: &Name, reference: &Reference) -> Result<Fetched, Error> {
        self.manifest_in(Area::Content(name), name, reference).await
    }

    /// The same for whoever is let in for `area`.
    pub(super) async fn manifest_in(
        &self,
        area: Area<'_>,
        name: &Name,
        reference: &Reference,
    ) -> Result<Fetched, Error> {
        let operation = Operation::ReadingManifest;
        let request = request::manifest(self.registry, Method::GET, name, reference);
        let FinalAnswer {
            operation,
            host,
            response,
        } = self.ask_for(operation, area, request).await?;
        let (parts, body) = response.into_parts();
        let bytes = self.read(operation, &host, body, MAX_MANIFEST).await?;
        let stated = stated_digest(&parts.headers);
        // Where nobody vouches for the bytes, a page of a proxy's with status 200 must not pass for what a tag names.
        let vouched = stated.is_some() || matches!(reference, Reference::Digest(_));
        if !vouched && !is_object(&bytes) {
            return Err(self.garbage(operation, &host, Garbage::Unparseable));
        }
        let digest = match (reference, &stated) {
            (Reference::Digest(asked), _) => asked.clone(),
            (Reference::Tag(_), Some(stated)) => stated.clone(),
            (Reference::Tag(_), None) => Digest::sha256_of(&bytes),
        };
        if !digest.verify(&bytes) || stated.is_some_and(|stated| !stated.verify(&bytes)) {
            return Err(self.garbage(operation, &host, Garbage::Digest));
        }
        let content_type = text(&parts.headers, &header::CONTENT_TYPE).map(str::to_owned);
        Ok(Fetched {
            digest,
            content_type,
            bytes,
        })
    }

    /// The digest a tag points to, by HEAD, which no registry counts as a pull. `None` when the registry does not tell that
    /// way: then the manifest has to be read.
    pub async fn resolve(&self, name: &Name, tag: &Tag) -> Result<Option<Digest>, Error> {
        let operation = Operation::ResolvingTag;
        let reference = tag.clone().into();
        let request = self.formed(
            operation,
            request::manifest(self.registry, Method::HEAD, name, &reference),
        )?;
        let response = self
            .send(operation, Area::Content(name), request.clone())
            .await?;
        let redirected = is_redirect(response.status());
        let (response, Asked { host, .. }) = self.follow_all(&request, response).await?;
        match response.status() {
            StatusCode::OK => {
                let digest = stated_digest(response.headers());
                self.fetch.cancel(response.into_body()).await;
                Ok(digest)
            }
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                self.fetch.cancel(response.into_body()).await;
                Ok(None)
            }
            // A URL that was signed for GET.
            _ if redirected => {
                self.fetch.cancel(response.into_body()).await;
                Ok(None)
            }
            _ => Err(self.refusal(operation, &host, response).await),
        }
    }
}

/// What the registry says the digest is; a malformed one says nothing.
fn stated_digest(headers: &HeaderMap) -> Option<Digest> {
    text(headers, &DOCKER_CONTENT_DIGEST)?.trim().parse().ok()
}

/// Whether bytes are an object in JSON, as every manifest is.
fn is_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{")
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}
