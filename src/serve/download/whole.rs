//! A package in memory, for those who look into it.

use std::ops::ControlFlow;

use bytes::{Bytes, BytesMut};

use super::wanted::Wanted;
use super::{Fault, Host, Incoming, Service, parts_of};
use crate::chart::rebuild::MAX_COMPRESSED;
use crate::config::IndexScope;
use crate::error::{Error, Missing};
use crate::index::{Candidate, Origin};
use crate::oci::Client;
use crate::platform::Clock;
use crate::serve::held::Holding;
use crate::serve::route::File;

impl<H: Host> Service<'_, H> {
    /// What `look` sees in the package that `file` names, read from the registry and verified. So many are in memory at a time
    /// ([`HeldPackages`](crate::serve::held::HeldPackages)): whoever comes too many is told to come again.
    pub(in crate::serve) async fn look_into<T>(
        &self,
        request: &Incoming<'_>,
        file: &File,
        look: impl FnOnce(&Bytes) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (scope, holding) = (request.config.index_scope, self.begin_holding()?);
        self.look_into_within(request, file, scope, &holding, look)
            .await
    }

    /// The same of what this scope of the folder covers, for who holds more than the one package: it is counted while it is looked into.
    pub(in crate::serve) async fn look_into_within<T>(
        &self,
        request: &Incoming<'_>,
        file: &File,
        scope: IndexScope,
        holding: &Holding<'_>,
        look: impl FnOnce(&Bytes) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let wanted = self.wanted(request, file, scope)?;
        let published = self.published(&wanted).await.unwrap_or_default();
        let found;
        let selected = if let Some(selected) = wanted.select(&published) {
            selected
        } else {
            found = self.find(&wanted, false, request.asker()).await?;
            let selected = wanted.select(&found);
            selected.ok_or(Error::NotFound(Missing::File))?
        };
        self.hold_more(holding, selected.size)?;
        let seen = match self.read(&wanted, selected).await {
            Ok(package) => look(&package),
            Err(error) => Err(error),
        };
        holding.remove(selected.size);
        seen
    }

    /// Begins to count what a request holds in memory.
    pub(in crate::serve) fn begin_holding(&self) -> Result<Holding<'_>, Error> {
        let now = self.host.clock().now();
        self.memory.held.hold(0, now).ok_or(Error::Busy)
    }

    /// Counts so many bytes more.
    pub(in crate::serve) fn hold_more(
        &self,
        holding: &Holding<'_>,
        size: u64,
    ) -> Result<(), Error> {
        let now = self.host.clock().now();
        holding.add(size, now).ok_or(Error::Busy)
    }

    async fn read(&self, wanted: &Wanted<'_>, candidate: &Candidate) -> Result<Bytes, Error> {
        let missing = Error::NotFound(Missing::File);
        let (source, name) = wanted.source(candidate).ok_or(missing)?;
        let (fetch, clock) = (self.host.fetch(), self.host.clock());
        let client = source.client(fetch, &self.memory.tokens, clock);
        let limit = wanted.config.upload_limit.max(MAX_COMPRESSED);
        let bytes = match &candidate.origin {
            Origin::Stored => client
                .blob(&name, &candidate.package, candidate.size, limit)
                .await
                .map_err(Fault::Registry),
            Origin::Rebuilt { .. } => rebuilt(&client, &name, candidate).await,
            // Of a classic repository: its bytes are not ours to read.
            Origin::Elsewhere { .. } => Err(Fault::Ours(Error::NotFound(Missing::File))),
        };
        bytes.map_err(|fault| match fault {
            Fault::Ours(error) => error,
            Fault::Registry(error) => self.outward(&error, source, candidate.until.is_some()),
        })
    }
}

async fn rebuilt<F: crate::platform::Fetch, K: Clock>(
    client: &Client<'_, F, K>,
    repository: &crate::oci::Name,
    candidate: &Candidate,
) -> Result<Bytes, Fault> {
    let parts = parts_of(client, repository, candidate).await?;
    let mut bytes = BytesMut::new();
    let made = parts.make(async |piece| {
        bytes.extend_from_slice(&piece);
        ControlFlow::Continue(())
    });
    let made = made.await;
    made.map_err(|unfit| Fault::Ours(Error::Internal(format!("rebuilding: {unfit}"))))?;
    Ok(bytes.freeze())
}
