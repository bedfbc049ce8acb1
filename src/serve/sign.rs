//! Adds a provenance file to a chart that is stored: the same manifest with one layer more, under the same tag.

use bytes::Bytes;

use super::delete::serving_one;
use super::write::{Destination, EXISTS, Touched};
use super::{Host, Service};
use crate::catalog::ask::TagsOf;
use crate::config::{Config, Overwriting};
use crate::error::{Error, Missing};
use crate::index::{Candidate, Space};
use crate::oci;
use crate::push::{Provenance, Rejection, SignedManifest, Signing};

impl<H: Host> Service<'_, H> {
    /// Stores a provenance file beside the package of a chart directly in a space, and waits until the catalog serves it.
    pub(super) async fn sign(
        &self,
        config: &Config,
        space: &Space,
        file: &Bytes,
        force: bool,
    ) -> Result<(), Error> {
        let about = Provenance::read(file)?;
        let overwrite = match config.overwriting {
            Overwriting::Always => true,
            Overwriting::Forced => force,
            Overwriting::Never => false,
        };
        let tags_of = TagsOf {
            file: about.file.clone(),
            space: space.clone(),
            newcomer: None,
        };
        let mut serving = self.ask(&tags_of).await?;
        serving.retain(|one| about.file.is_of(&one.name, &about.version));
        let one = serving_one(config, &serving, &about.version)?;
        let (to, _) = one.ok_or(Error::NotFound(Missing::Version))?;
        let holder = self.lock(&to, None).await?;
        let adding = self.add_layer(&to, &about, file, holder, overwrite);
        let (signed, touched) = self.under_lock(&to, holder, adding).await;
        let told = self.end(&to, holder, touched).await;
        signed?;
        if let Ok(accepted) = told {
            let digest = oci::Digest::sha256_of(file);
            let serves = |candidate: &Candidate| {
                let kept = candidate.provenance.as_ref();
                to.offers(candidate) && kept.is_some_and(|blob| blob.digest == digest)
            };
            self.await_offer(&about.file, serves, &accepted).await;
        }
        Ok(())
    }

    async fn add_layer(
        &self,
        to: &Destination<'_>,
        about: &Provenance,
        file: &Bytes,
        holder: u64,
        overwrite: bool,
    ) -> (Result<(), Error>, Touched) {
        let client = self.client(to);
        let outward = |error: oci::Error| self.outward_written(&error, to);
        let there = match client.tagged(&to.name, &to.tag).await {
            Ok(Some(there)) => there,
            Ok(None) => return (Err(Error::NotFound(Missing::Version)), Touched::Perhaps),
            Err(error) => return (Err(outward(error)), Touched::Not),
        };
        let conflict = |what: String| (Err(Error::Conflict(what)), Touched::Not);
        let SignedManifest {
            digest,
            manifest,
            media_type,
        } = match Signing::of(&there, about, file) {
            Signing::New(signed) => signed,
            Signing::Other(signed) if overwrite => signed,
            Signing::Same if overwrite => return (Ok(()), Touched::Perhaps),
            Signing::Other(_) | Signing::Same => return conflict(EXISTS.to_owned()),
            Signing::OtherPackage => return conflict(Rejection::OtherPackage.to_string()),
            Signing::Unsuitable => {
                return conflict("the chart is not stored as Helm stores charts".to_owned());
            }
        };
        if let Err(error) = client.store(&to.name, &digest, file, None).await {
            return (Err(outward(error)), Touched::Not);
        }
        if let Err(error) = self.lock(to, Some(holder)).await {
            return (Err(error), Touched::Not);
        }
        let put = client.put(&to.name, &to.tag, &media_type, &manifest).await;
        (put.map_err(outward), Touched::Perhaps)
    }
}
