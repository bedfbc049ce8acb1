//! `artifacthub-repo.yml`, by which Artifact Hub knows whose a Helm repository is
//! (<https://artifacthub.io/docs/topics/repositories/#verified-publisher>). The setting says it for all spaces; without it, the
//! repository at a space's own path may hold the file under a tag, as one of an OCI registry does
//! (<https://artifacthub.io/docs/topics/repositories/helm-charts/#oci-support>).

use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG};

use super::index::CONTENT;
use super::memory::Hub;
use super::reply::{Body, CachePolicy, Reply};
use super::{Host, Incoming, Service, conditional};
use crate::config::Config;
use crate::error::{Error, Missing};
use crate::index::{Space, etag};
use crate::oci::{self, Descriptor, Manifest};
use crate::platform::Clock;

/// The tag that holds the file.
const TAG: &str = "artifacthub.io";

/// The media type of the layer that is the file.
const LAYER: &str = "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml";

/// Longest file that is read, in bytes: an id, names and addresses of owners, and packages to ignore are a few kilobytes.
const LIMIT: usize = 64 * 1024;

impl<H: Host> Service<'_, H> {
    /// Answers for the file of a space.
    pub(super) async fn artifacthub(
        &self,
        request: &Incoming<'_>,
        space: &Space,
    ) -> Result<Reply<H::Body>, Error> {
        // Names that are guessed never reach the registry.
        self.must_exist(request, space).await?;
        if let Some(id) = &request.config.artifacthub_repository_id {
            let text = format!("repositoryID: {id}\n");
            let (etag, length) = (etag(text.as_bytes()), text.len() as u64);
            if conditional::not_modified(request.headers(), &etag) {
                return Ok(labelled(StatusCode::NOT_MODIFIED, &etag));
            }
            return Ok(labelled(StatusCode::OK, &etag).with_body(Body::Bytes(text.into()), length));
        }
        // The file is of the space itself: who may read only something below it learns nothing of whose it is.
        if !request.principal.reads(space) {
            return Err(Error::NotFound(Missing::File));
        }
        let now = self.host.clock().now();
        let came = if let Some(came) = self.memory.artifacthub(space, now) {
            came
        } else if !self.memory.allowance.may_ask(request.asker(), now) {
            return Err(Error::Busy);
        } else {
            let came = self.pushed(request.config, space).await;
            let kept = came.clone();
            self.memory.keep_artifacthub(space.clone(), kept, now);
            came
        };
        let Hub { etag, bytes } = came?;
        if conditional::not_modified(request.headers(), &etag) {
            return Ok(labelled(StatusCode::NOT_MODIFIED, &etag));
        }
        let length = bytes.len() as u64;
        Ok(labelled(StatusCode::OK, &etag).with_body(Body::Bytes(bytes), length))
    }

    /// The file that the repository at the space's own path holds.
    async fn pushed(&self, config: &Config, space: &Space) -> Result<Hub, Error> {
        let mut failed = None;
        for source in &config.sources {
            let (Some(name), Ok(tag)) = (source.at_space(space), TAG.parse::<oci::Tag>()) else {
                continue;
            };
            let (fetch, clock) = (self.host.fetch(), self.host.clock());
            let client = source.client(fetch, &self.memory.tokens, clock);
            let layer = match client.manifest(&name, &tag.into()).await {
                Ok(fetched) => layer(&fetched),
                // Registries deny what they do not have.
                Err(error)
                    if matches!(error.kind(), oci::Kind::NotFound | oci::Kind::Denied(_)) =>
                {
                    None
                }
                // Another source may have it.
                Err(error) => {
                    failed = failed.or(Some(self.outward(&error, source, false)));
                    continue;
                }
            };
            if let Some(Descriptor { digest, size, .. }) = layer {
                let bytes = client.blob(&name, &digest, size, LIMIT).await;
                return Ok(Hub {
                    etag: format!("\"{digest}\""),
                    bytes: bytes.map_err(|error| self.outward(&error, source, false))?,
                });
            }
        }
        Err(failed.unwrap_or(Error::NotFound(Missing::File)))
    }
}

/// The layer that is the file, if the manifest has one of a length that is read.
fn layer(fetched: &oci::Fetched) -> Option<Descriptor> {
    let manifest = Manifest::parse(&fetched.bytes, fetched.content_type.as_deref()).ok()?;
    let Manifest::Image(manifest) = manifest else {
        return None;
    };
    let mut layers = manifest.layers.into_iter();
    layers.find(|layer| layer.media_type == LAYER && layer.size <= LIMIT as u64)
}

/// An answer that lacks its body.
fn labelled<B>(status: StatusCode, etag: &str) -> Reply<B> {
    let reply = Reply::new(status, CachePolicy::Revalidate).with(ETAG, etag);
    match status {
        StatusCode::NOT_MODIFIED => reply,
        _ => reply.with(CONTENT_TYPE, CONTENT),
    }
}

#[cfg(test)]
mod tests;
