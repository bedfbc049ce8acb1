//! Stores a chart in the registry: a lock in the catalog, blobs, the manifest under the tag, and then the catalog reads it.
//!
//! Until the manifest is put, the old version is served; from then on the new one. Whatever goes wrong before, what is
//! missing is sent when the request is repeated; what went wrong behind it, the catalog finds by itself.
//!
//! | file | holds |
//! |---|---|
//! | `destination` | where a version goes |
//! | `refusal` | what a registry's refusal means for whoever wrote |

mod destination;
mod refusal;

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use http::HeaderValue;

use super::{CatalogClient, Host, Service};
use crate::catalog::ask::{Accepted, Await, Changed, Find, Found, Lock, ServingTag, TagsOf};
use crate::chart::FileName;
use crate::config::{Config, Overwriting};
use crate::error::{Error, Missing};
use crate::index::{Candidate, Space};
use crate::oci::{self, Client, ImageManifest, Manifest};
use crate::platform::{Clock, Timestamp};
use crate::push::{Artifact, MANIFEST, Submission};

pub(super) use destination::Destination;
use refusal::lacks_repository;

/// How long a lock lasts, in seconds, if it is not prolonged: so long others wait for a writer that died.
const LEASE: u64 = 30;

/// How often it is prolonged while its holder is at work: two of three may fail.
const RENEWAL: Duration = Duration::from_secs(10);

/// How long it is waited until the catalog serves what was stored. It is stored whatever comes of that.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait before the catalog is asked again.
const PAUSE: Duration = Duration::from_millis(250);

/// What ChartMuseum says of a version that is there.
pub(super) const EXISTS: &str = "file already exists";

/// Whether the version may have changed in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touched {
    Not,
    Perhaps,
}

/// What becomes of a version that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Existing {
    /// It stays, and nothing is stored.
    Stays,
    /// It is replaced.
    IsReplaced,
    /// It is replaced if its tag still names this manifest: what is stored was made of it.
    IsReplacedIf(oci::Digest),
}

impl Existing {
    /// What the settings say; `force` is the request's wish to replace it.
    pub(super) fn by(config: &Config, force: bool) -> Self {
        match config.overwriting {
            Overwriting::Always => Self::IsReplaced,
            Overwriting::Forced if force => Self::IsReplaced,
            Overwriting::Forced | Overwriting::Never => Self::Stays,
        }
    }
}

impl<H: Host> Service<'_, H> {
    /// Stores a chart in a space, and waits until the catalog serves it.
    pub(super) async fn store(
        &self,
        config: &Config,
        space: &Space,
        chart: &Submission,
        existing: &Existing,
    ) -> Result<(), Error> {
        let to = Destination::of(config, space, chart)?;
        self.store_at(config, space, &to, chart, existing).await
    }

    /// Stores a chart there, and waits until the catalog serves it.
    pub(super) async fn store_at(
        &self,
        config: &Config,
        space: &Space,
        to: &Destination<'_>,
        chart: &Submission,
        existing: &Existing,
    ) -> Result<(), Error> {
        let overwrite = *existing != Existing::Stays;
        self.must_be_free(config, space, to, chart, overwrite)
            .await?;
        let holder = self.lock(to, None).await?;
        let writing = self.write(to, chart, holder, existing);
        let (written, touched) = self.under_lock(to, holder, writing).await;
        let told = self.end(to, holder, touched).await;
        written?;
        // Stored it is; what the catalog was not told, it finds in its next pass.
        if let Ok(accepted) = told {
            let serves = |candidate: &Candidate| {
                to.offers(candidate) && candidate.package == *chart.digest()
            };
            self.await_offer(chart.file(), serves, &accepted).await;
        }
        Ok(())
    }

    /// Ends a write, done or not: its lock is given back, and what it touched is read by the catalog.
    pub(super) async fn end(
        &self,
        to: &Destination<'_>,
        holder: u64,
        touched: Touched,
    ) -> Result<Accepted, Error> {
        let touched = touched == Touched::Perhaps;
        let written = Changed::Written {
            version: to.version(),
            holder,
            touched,
        };
        let told = self.ask(&written).await;
        if touched {
            self.memory.forget_unknown();
        }
        told
    }

    /// Sees whether another tag than that which is to be written serves the version, or the file name of its package, in the
    /// space. It may go on only where the new package is wanted and will be served in the place of that.
    async fn must_be_free(
        &self,
        config: &Config,
        space: &Space,
        to: &Destination<'_>,
        chart: &Submission,
        overwrite: bool,
    ) -> Result<(), Error> {
        let tags_of = TagsOf {
            file: chart.file().clone(),
            space: space.clone(),
            newcomer: Some(to.version()),
        };
        let mut serving = self.ask(&tags_of).await?;
        if let Some(other) = serving.iter().find(|one| one.name != chart.name()) {
            let file = chart.file();
            let named = format!(
                "the chart {:?} has the file name {file} already",
                other.name
            );
            return Err(Error::Conflict(named));
        }
        serving.retain(|one| !to.is(config, one));
        if !overwrite && !serving.is_empty() {
            return Err(Error::Conflict(EXISTS.to_owned()));
        }
        let stays = |one: &&ServingTag| !one.yields && one.package != *chart.digest();
        match serving.iter().find(stays) {
            None => Ok(()),
            Some(ServingTag {
                repository, tag, ..
            }) => Err(Error::Conflict(format!(
                "the tag {tag} of {repository} has this version, and would go on being served or hide it"
            ))),
        }
    }

    pub(super) fn client<'s>(&'s self, to: &Destination<'s>) -> Client<'s, H::Fetch, H::Clock> {
        let (fetch, clock) = (self.host.fetch(), self.host.clock());
        to.source.client(fetch, &self.memory.tokens, clock)
    }

    /// Locks a version, or prolongs its lock.
    pub(super) async fn lock(
        &self,
        to: &Destination<'_>,
        holder: Option<u64>,
    ) -> Result<u64, Error> {
        let lock = Lock {
            version: to.version(),
            holder,
            seconds: LEASE,
        };
        self.ask(&lock).await?.ok_or(Error::Locked)
    }

    /// Does what needs a lock, which is prolonged for as long as that takes. What is under way when it is lost is given up.
    pub(super) async fn under_lock(
        &self,
        to: &Destination<'_>,
        holder: u64,
        work: impl Future<Output = (Result<(), Error>, Touched)>,
    ) -> (Result<(), Error>, Touched) {
        let lost = async {
            loop {
                self.host.catalog().pause(RENEWAL).await;
                // A catalog that cannot be asked for a moment does not end it.
                if let Err(Error::Locked) = self.lock(to, Some(holder)).await {
                    return;
                }
            }
        };
        match select(pin!(work), pin!(lost)).await {
            Either::Left((done, _)) => done,
            Either::Right(((), _)) => (Err(Error::Locked), Touched::Perhaps),
        }
    }

    /// Writes what is missing, under the lock of `holder`.
    async fn write(
        &self,
        to: &Destination<'_>,
        chart: &Submission,
        holder: u64,
        existing: &Existing,
    ) -> (Result<(), Error>, Touched) {
        let client = self.client(to);
        let artifact = chart.artifact(self.host.clock().now());
        let outward = |error: oci::Error| self.outward_written(&error, to);
        let known = match self.known(chart.file()).await {
            Ok(known) => known,
            Err(error) => return (Err(error), Touched::Not),
        };
        match client.tagged(&to.name, &to.tag).await {
            Ok(None) if matches!(existing, Existing::IsReplacedIf(_)) => {
                // Somebody deleted it meanwhile.
                return (Err(Error::NotFound(Missing::Version)), Touched::Perhaps);
            }
            Ok(None) => {}
            Ok(Some(there)) => {
                let overwrite = *existing != Existing::Stays;
                let same = holds(&there, &artifact);
                let serves = |candidate: &Candidate| {
                    to.offers(candidate) && candidate.package == *chart.digest()
                };
                if same && (overwrite || !known.iter().any(serves)) {
                    // A write that was cut off behind the manifest: what is left to do is to tell the catalog.
                    return (Ok(()), Touched::Perhaps);
                }
                if !overwrite {
                    return (Err(Error::Conflict(EXISTS.to_owned())), Touched::Not);
                }
                if matches!(existing, Existing::IsReplacedIf(known) if *known != there.digest) {
                    let moved = format!("the tag {} was moved meanwhile", to.tag);
                    return (Err(Error::Conflict(moved)), Touched::Perhaps);
                }
            }
            Err(error) => return (Err(outward(error)), Touched::Not),
        }
        // Another repository of this registry that has the same package: its bytes need not be sent.
        let elsewhere = known
            .iter()
            .filter(|candidate| {
                candidate.source == to.source.id && candidate.package == *chart.digest()
            })
            .find_map(|candidate| candidate.repository.parse::<oci::Name>().ok())
            .filter(|name| *name != to.name);
        for piece in &artifact.pieces {
            if let Err(error) = self.lock(to, Some(holder)).await {
                return (Err(error), Touched::Not);
            }
            let from = elsewhere
                .as_ref()
                .filter(|_| piece.digest == *chart.digest());
            let store = || client.store(&to.name, &piece.digest, &piece.bytes, from);
            let stored = match store().await {
                Err(error) if lacks_repository(&error) => match client.create(&to.name).await {
                    Ok(true) => store().await,
                    Ok(false) => Err(error),
                    Err(refused) => Err(refused),
                },
                stored => stored,
            };
            if let Err(error) = stored {
                return (Err(outward(error)), Touched::Not);
            }
        }
        if let Err(error) = self.lock(to, Some(holder)).await {
            return (Err(error), Touched::Not);
        }
        let put = client
            .put(
                &to.name,
                &to.tag,
                &HeaderValue::from_static(MANIFEST),
                &artifact.manifest,
            )
            .await;
        // Without an answer nobody knows whether it was stored.
        (put.map_err(outward), Touched::Perhaps)
    }

    /// Who offers a file so far.
    async fn known(&self, file: &FileName) -> Result<Vec<Candidate>, Error> {
        let find = Find {
            file: file.clone(),
            missed: false,
        };
        Ok(match self.ask(&find).await? {
            Found::Candidates(candidates) => candidates,
            Found::Missing | Found::NotReady(_) => Vec::new(),
        })
    }

    /// Waits until the catalog offers what was stored, or has read all that it was called for, or patience ends.
    pub(super) async fn await_offer(
        &self,
        file: &FileName,
        is_it: impl Fn(&Candidate) -> bool,
        accepted: &Accepted,
    ) {
        let deadline = self.host.clock().now().after(PATIENCE);
        loop {
            match self.known(file).await {
                Ok(known) if known.iter().any(&is_it) => return,
                Ok(_) | Err(_) => {}
            }
            if !self.waits(accepted, deadline).await {
                return;
            }
        }
    }

    /// Pauses for what the catalog was called for; `false` when it has read all of that, or patience ends.
    pub(super) async fn waits(&self, accepted: &Accepted, deadline: Timestamp) -> bool {
        let settled = Await {
            ticket: accepted.ticket.clone(),
            path: None,
        };
        let settled = self.ask(&settled).await;
        let is_done = matches!(settled, Ok(Some(Accepted { done: true, .. })));
        if is_done || self.host.clock().now() >= deadline {
            return false;
        }
        self.host.catalog().pause(PAUSE).await;
        true
    }
}

/// Whether a manifest is of these very blobs, whatever its date.
fn holds(there: &oci::Fetched, artifact: &Artifact) -> bool {
    let parsed = Manifest::parse(&there.bytes, there.content_type.as_deref());
    let Ok(Manifest::Image(ImageManifest { config, layers, .. })) = parsed else {
        return false;
    };
    let there = std::iter::once(&config)
        .chain(&layers)
        .map(|one| &one.digest);
    there.eq(artifact.digests())
}

#[cfg(test)]
pub(in crate::serve) mod tests;
