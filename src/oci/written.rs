//! What a registry answers to what is written (distribution spec, "Pushing" and "Content Management"). The requests are
//! in [`super::request`], and an answer's body is read before it is judged here: it tells why, where something is refused.

use bytes::Bytes;
use http::{HeaderName, Response, StatusCode, Uri, header};

use super::error::Refusal;
use super::{Digest, Error, Garbage, Operation, Registry, location};

const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Where an upload goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    uri: Uri,
    at_home: bool,
}

impl Upload {
    /// The address, judged as every redirect is.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether it is at the registry itself, where credentials belong; to another host they must not go
    /// (go-containerregistry#2295).
    pub fn is_at_home(&self) -> bool {
        self.at_home
    }
}

/// What came of [`super::request::begin_upload`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The blob was mounted: nothing has to be sent.
    Mounted,
    /// The blob is to be sent.
    Upload(Upload),
}

/// What came of [`super::request::delete_manifest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Now,
    /// It was not there.
    Before,
}

/// Whether a blob is there, by the answer to [`super::request::has_blob`].
pub fn has_blob(response: &Response<Bytes>, host: &str) -> Result<bool, Error> {
    match response.status() {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        _ => Err(refusal(response, host, Operation::LookingForBlob)),
    }
}

/// Reads the answer to [`super::request::begin_upload`] that came from `requested`.
pub fn begun(
    response: &Response<Bytes>,
    requested: &Uri,
    registry: &Registry,
) -> Result<Begun, Error> {
    let (host, operation) = (registry.host(), Operation::BeginningUpload);
    match response.status() {
        StatusCode::CREATED => Ok(Begun::Mounted),
        StatusCode::ACCEPTED => {
            let refused = |what| Error::Refused {
                host: host.to_owned(),
                operation,
                what,
            };
            let location = response.headers().get(header::LOCATION);
            let location = location.ok_or_else(|| Error::Garbage {
                host: host.to_owned(),
                operation,
                what: Garbage::Redirect,
            })?;
            let uri = location::judge(location, requested, registry)
                .map_err(refused)?
                .uri;
            // A query is added to what the registry gave: behind a fragment it would not be sent.
            if location.as_bytes().contains(&b'#') {
                return Err(refused(Refusal::Location));
            }
            let origin = uri
                .authority()
                .map(|at| format!("{}://{at}", uri.scheme_str().unwrap_or_default()));
            let at_home = origin.is_some_and(|origin| {
                origin
                    .parse()
                    .is_ok_and(|other: Registry| other.origin() == registry.origin())
            });
            Ok(Begun::Upload(Upload { uri, at_home }))
        }
        _ => Err(refusal(response, host, operation)),
    }
}

/// Reads the answer to [`super::request::upload`] or [`super::request::put_manifest`], which was about `digest`: what a
/// registry says it stored is that, or an error.
pub fn stored(
    response: &Response<Bytes>,
    host: &str,
    operation: Operation,
    digest: &Digest,
) -> Result<(), Error> {
    if response.status() != StatusCode::CREATED {
        return Err(refusal(response, host, operation));
    }
    let stated = response.headers().get(DOCKER_CONTENT_DIGEST);
    match stated.and_then(|stated| stated.to_str().ok()?.trim().parse::<Digest>().ok()) {
        // A digest by another algorithm says the same of the same bytes.
        Some(stated) if stated.algorithm() == digest.algorithm() && stated != *digest => {
            Err(Error::Garbage {
                host: host.to_owned(),
                operation,
                what: Garbage::Digest,
            })
        }
        Some(_) | None => Ok(()),
    }
}

/// Reads the answer to [`super::request::delete_manifest`]. A registry where nothing can be deleted is an error of
/// [`super::Kind::Unsupported`].
pub fn deleted(response: &Response<Bytes>, host: &str) -> Result<Deleted, Error> {
    match response.status() {
        // 202 in the spec; others say 200 or 204.
        StatusCode::ACCEPTED | StatusCode::OK | StatusCode::NO_CONTENT => Ok(Deleted::Now),
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Deleted::Before),
        _ => Err(refusal(response, host, Operation::DeletingManifest)),
    }
}

fn refusal(response: &Response<Bytes>, host: &str, operation: Operation) -> Error {
    Error::refusal(
        host,
        operation,
        response.status(),
        response.headers(),
        response.body(),
    )
}

#[cfg(test)]
mod tests;
