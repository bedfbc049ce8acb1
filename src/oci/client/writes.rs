//! Writing: blobs and manifests. What is sent is in memory, so that a request can be sent again with a token.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::platform::{Clock, Fetch};

use super::super::error::Refusal;
use super::super::scope::Area;
use super::super::written::{self, Begun, Deleted};
use super::super::{Digest, Error, Kind, Name, Operation, Reference, Tag, request};
use super::{Client, Fetched, MAX_ERROR, is_redirect};

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// The manifest that a tag names, read as somebody who may write; `None` where there is no such tag or repository.
    pub async fn tagged(&self, name: &Name, tag: &Tag) -> Result<Option<Fetched>, Error> {
        let reference = tag.clone().into();
        match self.manifest_in(Area::Push(name), name, &reference).await {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores a blob, unless it is there already. `from` is another repository of the registry that has it: where that is
    /// not served, the bytes are sent.
    pub async fn store(
        &self,
        name: &Name,
        digest: &Digest,
        bytes: &Bytes,
        from: Option<&Name>,
    ) -> Result<(), Error> {
        let host = self.registry.host();
        if self.has_blob(name, digest, bytes.len()).await? {
            return Ok(());
        }
        let begun = match from {
            Some(from) => match self.begin(name, Some((digest, from))).await {
                Ok(begun) => begun,
                // Whoever may not read there is told so in many ways; without a mount it is an upload as any other.
                Err(Error::Status { .. }) => self.begin(name, None).await?,
                Err(other) => return Err(other),
            },
            None => self.begin(name, None).await?,
        };
        let Begun::Upload(upload) = begun else {
            return Ok(());
        };
        let operation = Operation::WritingBlob;
        let uploading = request::upload(&upload, digest, bytes.clone());
        let answer = if upload.is_at_home() {
            self.write(operation, name, uploading).await?
        } else {
            let uploading = self.formed(operation, uploading)?;
            let response = self.exchange(operation, uploading).await?;
            self.whole(response).await
        };
        written::stored(&answer, host, operation, digest)
    }

    /// Whether a repository has a blob of this length. Where HEAD is redirected, as GET is where blobs lie elsewhere, and as
    /// everything is where somebody wants a login, only a blob of the same length behind it counts: else it is sent.
    async fn has_blob(&self, name: &Name, digest: &Digest, length: usize) -> Result<bool, Error> {
        let operation = Operation::LookingForBlob;
        let looking = request::has_blob(self.registry, name, digest);
        let looking = self.formed(operation, looking)?;
        let response = self
            .send(operation, Area::Push(name), looking.clone())
            .await?;
        if !is_redirect(response.status()) {
            let answer = self.whole(response).await;
            let there = written::has_blob(&answer, self.registry.host())?;
            return Ok(there && stated_length(&answer).is_none_or(|stated| stated == length));
        }
        let Ok((answer, _)) = self.follow_all(&looking, response).await else {
            return Ok(false);
        };
        let answer = self.whole(answer).await;
        Ok(answer.status() == StatusCode::OK && stated_length(&answer) == Some(length))
    }

    /// Stores a manifest under a tag.
    pub async fn put(
        &self,
        name: &Name,
        tag: &Tag,
        media_type: &HeaderValue,
        manifest: &Bytes,
    ) -> Result<(), Error> {
        let operation = Operation::WritingManifest;
        let putting = request::put_manifest(
            self.registry,
            name,
            &tag.clone().into(),
            media_type,
            manifest.clone(),
        );
        let answer = self.write(operation, name, putting).await?;
        let digest = Digest::sha256_of(manifest);
        written::stored(&answer, self.registry.host(), operation, &digest)
    }

    /// Deletes a tag, or by a digest a manifest with all its tags.
    pub async fn delete(&self, name: &Name, reference: &Reference) -> Result<Deleted, Error> {
        let operation = Operation::DeletingManifest;
        let deleting = request::delete_manifest(self.registry, name, reference);
        let deleting = self.formed(operation, deleting)?;
        let response = self.send(operation, Area::Delete(name), deleting).await?;
        written::deleted(&self.whole(response).await, self.registry.host())
    }

    async fn begin(&self, name: &Name, mount: Option<(&Digest, &Name)>) -> Result<Begun, Error> {
        let operation = Operation::BeginningUpload;
        let beginning =
            self.formed(operation, request::begin_upload(self.registry, name, mount))?;
        let requested = beginning.uri().clone();
        let answer = self.write(operation, name, Ok(beginning)).await?;
        let begun = written::begun(&answer, &requested, self.registry)?;
        if let Begun::Upload(upload) = &begun
            && !upload.is_at_home()
            && !self.may_lead_to(upload.uri())
        {
            return Err(Error::Refused {
                host: self.registry.host().to_owned(),
                operation,
                what: Refusal::DownloadHost(self.terms.spelling.download_hosts()),
            });
        }
        Ok(begun)
    }

    /// Sends a request that writes to a repository.
    async fn write(
        &self,
        operation: Operation,
        name: &Name,
        request: Result<http::Request<Bytes>, http::Error>,
    ) -> Result<Response<Bytes>, Error> {
        let request = self.formed(operation, request)?;
        let response = self.send(operation, Area::Push(name), request).await?;
        Ok(self.whole(response).await)
    }

    /// An answer with as much of its body as tells why something is refused.
    pub(super) async fn whole(&self, response: Response<F::Body>) -> Response<Bytes> {
        let (parts, body) = response.into_parts();
        let body = self.fetch.read(body, MAX_ERROR).await.unwrap_or_default();
        Response::from_parts(parts, body)
    }
}

/// The length that an answer without a body tells of.
fn stated_length(answer: &Response<Bytes>) -> Option<usize> {
    let length = answer.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
