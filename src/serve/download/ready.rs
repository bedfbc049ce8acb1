//! A blob on its way to the client: its labels, and those few headers of the registry's that cross.

use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::index::Blob;
use crate::serve::reply::{Body, CachePolicy, Reply};
use crate::serve::route::{File, Part};

/// A blob and how it is labelled.
pub(super) struct Ready<'b> {
    pub(super) blob: &'b Blob,
    pub(super) etag: String,
    pub(super) content_type: &'static str,
    pub(super) policy: CachePolicy,
    /// Whether a client gets no other bytes than the digest's.
    verified: bool,
}

impl<'b> Ready<'b> {
    pub(super) fn new(file: &File, blob: &'b Blob, verified: bool) -> Self {
        Self {
            blob,
            etag: format!("\"{}\"", blob.digest),
            content_type: match file.part {
                Part::Package => "application/gzip",
                // What ChartMuseum sends.
                Part::Provenance => "application/pgp-signature",
            },
            // A provenance file is not what the digest in its link names; and bytes that nobody has hashed may be any.
            policy: match (&file.digest, file.part) {
                (Some(_), Part::Package) if verified => CachePolicy::Digest,
                (_, Part::Package | Part::Provenance) => CachePolicy::Revalidate,
            },
            verified,
        }
    }

    pub(super) fn reply<B>(&self, status: StatusCode) -> Reply<B> {
        Reply::new(status, self.policy).with(ETAG, self.etag.as_str())
    }

    /// Says that there are no such bytes. What the registry says of that stays behind: distribution 2.8 promises the length
    /// of the blob and sends a line of text, which would break the connection off.
    pub(super) fn beyond<B>(&self) -> Reply<B> {
        Reply::new(StatusCode::RANGE_NOT_SATISFIABLE, CachePolicy::Never)
            .with(ACCEPT_RANGES, "bytes")
            .with(CONTENT_RANGE, format!("bytes */{}", self.blob.size))
            .with_body(Body::Empty, 0)
    }

    /// Hands a registry's body on, with those headers of it that are about its length; all others stay behind.
    pub(super) fn stream<B>(&self, content: Response<B>) -> Result<Reply<B>, (B, &'static str)> {
        let (parts, body) = content.into_parts();
        if is_page(&parts.headers) {
            return Err((body, "a page of HTML for a blob"));
        }
        let mut unmeasured = false;
        let reply = match parts.status {
            StatusCode::OK => {
                // An encoded body has its own length; a plain one must have the manifest's.
                let encoding = parts.headers.get(CONTENT_ENCODING);
                let length = length(&parts.headers);
                if encoding.is_none() && length.is_some_and(|length| length != self.blob.size) {
                    return Err((body, "a blob of another length than its manifest says"));
                }
                if self.verified {
                    if !encoding.is_none_or(is_decoded) {
                        return Err((body, "a blob in an encoding that cannot be read"));
                    }
                    let promised = self.blob.clone();
                    let size = promised.size;
                    let body = Body::Verified {
                        stream: body,
                        promised,
                    };
                    return Ok(self
                        .reply(StatusCode::OK)
                        .with(CONTENT_TYPE, self.content_type)
                        .with(ACCEPT_RANGES, "bytes")
                        .with_body(body, size));
                }
                unmeasured = encoding.is_none() && length.is_none();
                self.reply(StatusCode::OK)
            }
            // Caches must not mix parts up.
            StatusCode::PARTIAL_CONTENT if parts.headers.contains_key(CONTENT_RANGE) => {
                Reply::new(StatusCode::PARTIAL_CONTENT, CachePolicy::Never)
                    .with(ETAG, self.etag.as_str())
            }
            _ => return Err((body, "a blob with an unexpected status")),
        };
        let mut reply = reply
            .with(CONTENT_TYPE, self.content_type)
            .with(ACCEPT_RANGES, "bytes");
        for name in [CONTENT_LENGTH, CONTENT_RANGE, CONTENT_ENCODING] {
            if let Some(value) = parts.headers.get(&name) {
                reply = reply.with(name, value.clone());
            }
        }
        if unmeasured {
            let size = self.blob.size;
            return Ok(reply.with_body(Body::Unmeasured { stream: body, size }, size));
        }
        Ok(reply.with_stream(body))
    }
}

/// Whether the platform decodes a body of this `Content-Encoding` when it is read, as every `Fetch` here does although none is
/// asked for.
fn is_decoded(encoding: &HeaderValue) -> bool {
    [&b"gzip"[..], b"br"]
        .iter()
        .any(|known| encoding.as_bytes().eq_ignore_ascii_case(known))
}

/// Login pages and proxies in trouble answer anything with a page and 200; no registry calls a blob so.
fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.and_then(|kind| kind.get(..9))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
