//! Packages and provenance files: one small shard out of KV says which blob is meant; the registry says where it lies.
//!
//! | file | holds |
//! |---|---|
//! | `wanted` | what is asked for, and which candidate that is |
//! | `ready` | a blob on its way to the client: its labels and headers |
//! | `gate` | what becomes of each piece of a body whose length and digest are promised |
//! | `whole` | a package in memory, for who looks into it |
//!
//! What is streamed is hashed on its way, and breaks off before its end unless it is what was promised. A part of the
//! bytes cannot be, so nobody may keep it.
//!
//! A link with a digest gives exactly those bytes or 404: index and shard are two KV keys, and never of one moment. Candidates
//! are judged by the settings of now, not by those they were published under.

mod gate;
mod ready;
#[cfg(test)]
mod tests;
mod wanted;
mod whole;

use http::header::{ACCEPT_RANGES, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};

use super::allowance::Asker;
use super::index::wants_fresh;
use super::limit::Price;
use super::reply::{Body, CachePolicy, Reply};
use super::route::{File, Part};
use super::{CatalogClient, Host, Incoming, Service, conditional};
use crate::catalog::ask::{AskError, Find, Found, Progress};
use crate::chart::rebuild::{MAX_COMPRESSED, Parts};
use crate::config::{Download, IndexScope};
use crate::error::{Error, Missing};
use crate::index::{Blob, Candidate, Key, Origin, Shard, shard_of};
use crate::oci::{self, Client, Opened};
use crate::platform::{Clock, Documents, Fetch};
use crate::source::Source;

pub use gate::{Gate, Piece};

use ready::Ready;
use wanted::Wanted;

/// Longest shard that is read, in bytes. 100,000 versions of some 400 bytes are 160 KB a shard; beyond this the catalog
/// is asked for the one file.
const SHARD_LIMIT: usize = 8 * 1024 * 1024;

/// Most time, in seconds, a registry's wish to be left alone is handed on as it is.
const PATIENCE: u64 = 3600;

/// When to come again if a registry is throttling and does not say, in seconds.
const THROTTLED: u64 = 30;

impl<H: Host> Service<'_, H> {
    /// What a request for a file looks for, if its sender sees anything of the folder.
    fn wanted<'w>(
        &self,
        request: &Incoming<'w>,
        file: &'w File,
        scope: IndexScope,
    ) -> Result<Wanted<'w>, Error> {
        let view = request.principal.view(&file.space, scope);
        Ok(Wanted {
            config: request.config,
            file,
            scope,
            view: view.ok_or(Error::NotFound(Missing::File))?,
            now: self.host.clock().now(),
        })
    }

    /// Answers for a package or its provenance.
    pub(super) async fn file(
        &self,
        request: &Incoming<'_>,
        file: &File,
    ) -> Result<Reply<H::Body>, Error> {
        let scope = request.config.index_scope;
        self.file_within(request, file, scope).await
    }

    /// The same of what this scope of the folder covers.
    pub(super) async fn file_within(
        &self,
        request: &Incoming<'_>,
        file: &File,
        scope: IndexScope,
    ) -> Result<Reply<H::Body>, Error> {
        let wanted = self.wanted(request, file, scope)?;
        // Who proves who they are may have a package before KV knows of it: what they stored themselves, for one.
        let fresh = request.principal.is_known() && wants_fresh(request.headers());
        if fresh {
            self.pay(Price::PastCaches, &request.payer()).await?;
        }
        if fresh
            && let Ok(found) = self.find(&wanted, false, Asker::PastCaches).await
            && let Some(selected) = wanted.select(&found)
        {
            return self.part(request, &wanted, selected).await;
        }
        let published = self.published(&wanted).await;
        let missed = published.is_none();
        let published = published.unwrap_or_default();
        if let Some(selected) = wanted.select(&published) {
            return self.part(request, &wanted, selected).await;
        }
        // Whatever the shard says against it, even a conflict: the index that the link is from may be newer.
        self.pay(Price::Unpublished, &request.payer()).await?;
        let found = self.find(&wanted, missed, request.asker()).await?;
        if let Some(selected) = wanted.select(&found) {
            return self.part(request, &wanted, selected).await;
        }
        self.memory.remember_unknown(wanted.unknown(), wanted.now);
        Err(Error::NotFound(Missing::File))
    }

    /// What the shard in KV says; `None` where KV lacks it, or has one that cannot be parsed.
    async fn published(&self, wanted: &Wanted<'_>) -> Option<Vec<Candidate>> {
        let name = &wanted.file.name;
        let key = Key::Files(shard_of(name.as_str())).name(wanted.config.fingerprint());
        // A store that fails lacks nothing.
        let Ok(document) = self.host.documents().get(&key).await else {
            return Some(Vec::new());
        };
        let Ok(bytes) = self
            .host
            .documents()
            .read(document?.body, SHARD_LIMIT)
            .await
        else {
            return Some(Vec::new());
        };
        Shard::look_up(&bytes, name.as_str()).ok()
    }

    /// What the catalog says, within the limits of asking. `missed` is as in [`Find`].
    async fn find(
        &self,
        wanted: &Wanted<'_>,
        missed: bool,
        asker: Asker,
    ) -> Result<Vec<Candidate>, Error> {
        let name = &wanted.file.name;
        let missing = Error::NotFound(Missing::File);
        let fresh = asker == Asker::PastCaches;
        let is_unknown = |what: &str| self.memory.is_unknown(what, wanted.now, fresh);
        if is_unknown(name.as_str()) || is_unknown(&wanted.unknown()) {
            return Err(missing);
        }
        if !self.memory.allowance.may_ask(asker, wanted.now) {
            return Err(Error::Busy);
        }
        match self
            .host
            .catalog()
            .ask(&Find {
                file: name.clone(),
                missed,
            })
            .await
        {
            Ok(Found::Candidates(candidates)) => Ok(candidates),
            Ok(Found::Missing) => {
                self.memory.remember_unknown(name.to_string(), wanted.now);
                Err(missing)
            }
            Ok(Found::NotReady(progress)) => Err(self.not_ready(&progress)),
            Err(AskError::Refused) => Err(self.not_ready(&Progress::default())),
            Err(error @ AskError::Failed(_)) => Err(Error::Catalog(error.to_string())),
        }
    }

    /// Answers with the part of a candidate that is asked for.
    async fn part(
        &self,
        request: &Incoming<'_>,
        wanted: &Wanted<'_>,
        candidate: &Candidate,
    ) -> Result<Reply<H::Body>, Error> {
        let missing = Error::NotFound(Missing::File);
        if let Origin::Elsewhere { urls, .. } = &candidate.origin {
            return elsewhere(urls, wanted.file.part).ok_or(missing);
        }
        let blob = match wanted.file.part {
            Part::Package => Blob {
                digest: candidate.package.clone(),
                size: candidate.size,
            },
            // Only of the repository whose package is served: who pushed the same bytes elsewhere did not make them.
            Part::Provenance => candidate.provenance.clone().ok_or(missing.clone())?,
        };
        let rebuilt =
            wanted.file.part == Part::Package && matches!(candidate.origin, Origin::Rebuilt { .. });
        let verified = rebuilt || request.config.stream_verify;
        let ready = Ready::new(wanted.file, &blob, verified);
        if conditional::not_modified(request.headers(), &ready.etag) {
            return Ok(ready.reply(StatusCode::NOT_MODIFIED));
        }
        if request.is_head() {
            let ranges = if rebuilt { "none" } else { "bytes" };
            return Ok(ready
                .reply(StatusCode::OK)
                .with(CONTENT_TYPE, ready.content_type)
                .with(ACCEPT_RANGES, ranges)
                .with_body(Body::Empty, blob.size));
        }
        let (source, name) = wanted.source(candidate).ok_or(missing)?;
        let (fetch, clock) = (self.host.fetch(), self.host.clock());
        let client = source.client(fetch, &self.memory.tokens, clock);
        let outcome = if rebuilt {
            rebuild(&client, &name, candidate, &ready).await
        } else {
            self.open(&client, request, source, &name, &ready).await
        };
        outcome.map_err(|fault| match fault {
            Fault::Ours(error) => error,
            Fault::Registry(error) => self.outward(&error, source, candidate.until.is_some()),
        })
    }

    /// Asks the registry for a blob as it is.
    async fn open(
        &self,
        client: &Client<'_, H::Fetch, H::Clock>,
        request: &Incoming<'_>,
        source: &Source,
        name: &oci::Name,
        ready: &Ready<'_>,
    ) -> Result<Reply<H::Body>, Fault> {
        let mode = request.config.download;
        // A client repeats its Range at the redirect's target, so a registry that redirects need not see it; `auto` cannot know.
        let range = match mode {
            Download::Redirect => None,
            Download::Auto | Download::Stream => conditional::range(request.headers(), &ready.etag),
        };
        let content = match (client.open(name, &ready.blob.digest, range).await?, mode) {
            (Opened::Redirect(location), Download::Auto | Download::Redirect) => {
                return Ok(
                    Reply::new(StatusCode::FOUND, CachePolicy::Signed).with(LOCATION, location)
                );
            }
            (Opened::Redirect(location), Download::Stream) => {
                client.follow(&location, range).await?
            }
            (Opened::Content(content), Download::Auto | Download::Stream) => content,
            (Opened::Content(content), Download::Redirect) => {
                self.host.fetch().cancel(content.into_body()).await;
                let host = source.registry.host().to_owned();
                return Err(Fault::Ours(Error::NoRedirect { host }));
            }
        };
        if content.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            self.host.fetch().cancel(content.into_body()).await;
            return Ok(ready.beyond());
        }
        match ready.stream(content) {
            Ok(reply) => Ok(reply),
            Err((body, detail)) => {
                self.host.fetch().cancel(body).await;
                Err(Fault::Ours(Error::Registry {
                    host: source.registry.host().to_owned(),
                    fault: "gave an unusable answer".to_owned(),
                    detail: format!("{}: {detail}", source.registry.host()),
                    retry_after: None,
                }))
            }
        }
    }

    /// A fault of the registry as the client sees it. What is gone there is gone here if it is superseded anyway; a
    /// current package that its own registry does not have is the registry's fault.
    pub(super) fn outward(&self, error: &oci::Error, source: &Source, superseded: bool) -> Error {
        // A token server, say, or where blobs lie.
        let host = error.host().unwrap_or(source.registry.host()).to_owned();
        let now = self.host.clock().now();
        let retry_after = error
            .retry_after(now)
            .map(|at| at.since(now).as_secs().clamp(1, PATIENCE));
        match error.kind() {
            oci::Kind::NotFound if superseded => Error::NotFound(Missing::Gone),
            oci::Kind::Throttled => Error::Throttled {
                host,
                step: None,
                retry_after: retry_after.unwrap_or(THROTTLED),
            },
            oci::Kind::Budget => Error::Busy,
            oci::Kind::NotFound
            | oci::Kind::Denied(_)
            | oci::Kind::Unavailable
            | oci::Kind::Garbage
            | oci::Kind::Unsupported => Error::Registry {
                host,
                fault: error.public(),
                detail: error.to_string(),
                retry_after,
            },
        }
    }
}

/// Sends a client where a package of a classic repository lies, as its index does; its provenance stands beside it (Helm,
/// `pkg/downloader/chart_downloader.go`).
fn elsewhere<B>(urls: &[String], part: Part) -> Option<Reply<B>> {
    let url = urls.first()?;
    let url = match part {
        Part::Package => url.clone(),
        Part::Provenance => format!("{url}.prov"),
    };
    let location = HeaderValue::from_str(&url).ok()?;
    Some(Reply::new(StatusCode::FOUND, CachePolicy::Never).with(LOCATION, location))
}

/// Why a blob was not had.
enum Fault {
    Registry(oci::Error),
    Ours(Error),
}

impl From<oci::Error> for Fault {
    fn from(error: oci::Error) -> Self {
        Self::Registry(error)
    }
}

/// Reads what a package is rebuilt of.
async fn parts_of<F: Fetch, K: Clock>(
    client: &Client<'_, F, K>,
    repository: &oci::Name,
    candidate: &Candidate,
) -> Result<Parts, Fault> {
    let Origin::Rebuilt {
        meta,
        content,
        name,
        version,
    } = &candidate.origin
    else {
        return Err(Fault::Ours(Error::Internal(
            "a stored package is not rebuilt".to_owned(),
        )));
    };
    Ok(Parts {
        meta: client
            .blob(repository, &meta.digest, meta.size, MAX_COMPRESSED)
            .await?,
        content: client
            .blob(repository, &content.digest, content.size, MAX_COMPRESSED)
            .await?,
        name: name.clone(),
        version: version.clone(),
    })
}

/// Builds the package of a chart that was pushed in two parts; its bytes are those of the index or none.
async fn rebuild<F: Fetch, K: Clock>(
    client: &Client<'_, F, K>,
    repository: &oci::Name,
    candidate: &Candidate,
    ready: &Ready<'_>,
) -> Result<Reply<F::Body>, Fault> {
    let parts = parts_of(client, repository, candidate).await?;
    let (name, version) = (&parts.name, &parts.version);
    // Made twice, once to see that it is what was promised: what was sent cannot be taken back, and the whole is not kept.
    let made = parts
        .examine()
        .await
        .map_err(|unfit| Fault::Ours(Error::Internal(format!("rebuilding {name}: {unfit}"))))?;
    if made.digest != ready.blob.digest {
        return Err(Fault::Ours(Error::Internal(format!(
            "{name} {version} was rebuilt with another digest than was published"
        ))));
    }
    Ok(ready
        .reply(StatusCode::OK)
        .with(CONTENT_TYPE, ready.content_type)
        .with(ACCEPT_RANGES, "none")
        .with_body(
            Body::Rebuilt {
                parts,
                size: made.size,
            },
            made.size,
        ))
}
