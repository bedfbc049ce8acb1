//! `artifacthub-repo.yml`, by which Artifact Hub knows whose a Helm repository is
//! (<https://artifacthub.io/docs/topics/repositories/#verified-publisher>). The setting says it for all spaces; without it, the
//! repository at a space's own path may hold the file under a tag, as one of an OCI registry does
//! (<https://artifacthub.io/docs/topics/repositories/helm-charts/#oci-support>).

use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG};

use super::index::CONTENT;
use super::reply::{Body, CachePolicy, Reply};
use super::{Host, Incoming, Service, conditional};
use crate::error::{Error, Missing};
use crate::index::{Key, View, etag};
use crate::oci::{self, Client, Descriptor, Manifest};
use crate::platform::{Clock, Documents};
use crate::source::Source;

/// The tag that holds the file.
const TAG: &str = "artifacthub.io";

/// The media type of the layer that is the file.
const LAYER: &str = "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml";

/// Longest file that is read, in bytes: an id, names and addresses of owners, and packages to ignore are a few kilobytes.
const LIMIT: usize = 64 * 1024;

/// A file in the registry.
struct Pushed<'a, F, K> {
    client: Client<'a, F, K>,
    source: &'a Source,
    name: oci::Name,
    layer: Descriptor,
}

impl<H: Host> Service<'_, H> {
    /// Answers for the file of a view.
    pub(super) async fn artifacthub(
        &self,
        request: &Incoming<'_>,
        view: &View,
    ) -> Result<Reply<H::Body>, Error> {
        // Names that are guessed never reach the registry.
        self.must_exist(request, view).await?;
        if let Some(id) = &request.config.artifacthub_repository_id {
            let text = format!("repositoryID: {id}\n");
            let (etag, length) = (etag(text.as_bytes()), text.len() as u64);
            if conditional::not_modified(request.headers(), &etag) {
                return Ok(labelled(StatusCode::NOT_MODIFIED, &etag));
            }
            return Ok(labelled(StatusCode::OK, &etag).with_body(Body::Bytes(text.into()), length));
        }
        let path = request.head.uri.path();
        let missing = Error::NotFound(Missing::File);
        let now = self.host.clock().now();
        if self.memory.is_unknown(path, now) {
            return Err(missing);
        }
        let Some(found) = self.pushed(request, view).await? else {
            self.memory.remember_unknown(path.to_owned(), now);
            return Err(missing);
        };
        let Descriptor { digest, size, .. } = &found.layer;
        let etag = format!("\"{digest}\"");
        if conditional::not_modified(request.headers(), &etag) {
            return Ok(labelled(StatusCode::NOT_MODIFIED, &etag));
        }
        let reply = labelled(StatusCode::OK, &etag);
        if request.is_head() {
            return Ok(reply.with_body(Body::Empty, *size));
        }
        let bytes = found
            .client
            .blob(&found.name, digest, *size, LIMIT)
            .await
            .map_err(|error| self.outward(&error, found.source, false))?;
        Ok(reply.with_body(Body::Bytes(bytes), *size))
    }

    /// The root exists; a space does when it has an index.
    async fn must_exist(&self, request: &Incoming<'_>, view: &View) -> Result<(), Error> {
        if view.is_root() {
            return Ok(());
        }
        let key = Key::Index(view.clone()).name(request.config.fingerprint());
        let body = match self.host.documents().get(&key).await {
            Ok(Some(document)) => document.body,
            Ok(None) | Err(_) => match self.wait(view).await {
                Ok((body, _)) => body,
                Err(Error::IndexTooLarge(_)) => return Ok(()),
                Err(error) => return Err(error),
            },
        };
        self.host.documents().cancel(body).await;
        Ok(())
    }

    /// The file that the repository at the view's own path holds.
    async fn pushed<'a>(
        &'a self,
        request: &Incoming<'a>,
        view: &View,
    ) -> Result<Option<Pushed<'a, H::Fetch, H::Clock>>, Error> {
        for source in &request.config.sources {
            let name = if view.is_root() {
                source.prefix.parse().ok()
            } else {
                source.name(view.as_str())
            };
            let (Some(name), Ok(tag)) = (name, TAG.parse::<oci::Tag>()) else {
                continue;
            };
            let client = Client::new(
                self.host.fetch(),
                &source.registry,
                &source.credentials,
                &self.memory.tokens,
                self.host.clock(),
            );
            let layer = match client.manifest(&name, &tag.into()).await {
                Ok(fetched) => layer(&fetched),
                // Registries deny what they do not have.
                Err(error)
                    if matches!(error.kind(), oci::Kind::NotFound | oci::Kind::Denied(_)) =>
                {
                    None
                }
                Err(error) => return Err(self.outward(&error, source, false)),
            };
            if let Some(layer) = layer {
                return Ok(Some(Pushed {
                    client,
                    source,
                    name,
                    layer,
                }));
            }
        }
        Ok(None)
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
