//! Takes over the index of a classic repository. In the rows it is one repository, and each of its versions
//! is a tag of it: so what holds for tags holds for versions, too, such as removals on evidence only, and large ones held back.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::rows::manifest::{Chart, Contents};
use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::tag::{Due, Presence, TagRow};
use crate::catalog::sync::slice::Slice;
use crate::index::{Candidate, Origin};
use crate::oci::Digest;
use crate::platform::{Clock, DatabaseError, Timestamp};
use crate::source::classic::{ClassicIndex, ClassicVersion};

impl<C: Clock> Slice<'_, C> {
    /// Takes over an index; one that is what it was costs no row.
    pub(crate) fn index_read(
        &mut self,
        repository: &Repository,
        index: &ClassicIndex,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        if let Some(source) = self.of_source(&repository.source) {
            source.answered = true;
        }
        if repository.hash.as_ref() != Some(&index.hash) || repository.recheck > 0 {
            self.index_changed(repository, index, now)?;
        }
        self.store.settle_tags(repository.id)?;
        let validator = index.validator.as_deref();
        self.store
            .repository_listed(repository, &index.hash, validator, None)
    }

    fn index_changed(
        &mut self,
        repository: &Repository,
        index: &ClassicIndex,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let id = repository.id;
        let tags = self.store.tags_of(id)?;
        let known: BTreeMap<&str, &TagRow> =
            tags.iter().map(|tag| (tag.name.as_str(), tag)).collect();
        let mut listed = BTreeSet::new();
        let mut passed_over: BTreeMap<&'static str, u64> = BTreeMap::new();
        for version in index.versions() {
            let version = match version {
                Ok(version) => version,
                Err(reason) => {
                    *passed_over.entry(reason).or_default() += 1;
                    continue;
                }
            };
            let digest = version.digest();
            let name = version.tag.clone();
            let tag = if let Some(tag) = known.get(name.as_str()) {
                self.store
                    .mark_presence(id, &name, Presence::Present, None)?;
                Some((*tag).clone())
            } else {
                self.store
                    .add_tags(id, &[(name.as_str(), false)], Due::Nothing)?;
                self.store.tag(id, &name)?
            };
            let read = self.store.manifest(&digest)?.is_some_and(|it| it.read);
            if let Some(tag) = tag
                && (!read || tag.manifest.as_ref() != Some(&digest))
            {
                self.store.settle_manifest(&digest, &contents(version))?;
                self.serve(&tag, repository, &digest, now)?;
            }
            listed.insert(name);
        }
        let pass = i64::try_from(self.pass.number).ok();
        for name in known.into_keys() {
            if !listed.contains(name) {
                self.store
                    .mark_presence(id, name, Presence::Missing, pass)?;
            }
        }
        self.store.repository_passed_over(id, &passed_over)
    }
}

/// A version as a manifest's row has it.
fn contents(version: ClassicVersion) -> Contents {
    let ClassicVersion {
        file,
        version_key,
        listed,
        ..
    } = version;
    let told = listed.digest.as_ref();
    let told = told.and_then(|hex| format!("sha256:{hex}").parse::<Digest>().ok());
    let metadata = &listed.metadata;
    Contents::Chart(Box::new(Chart {
        name: metadata.name().to_owned(),
        version: metadata.version().to_owned(),
        version_key,
        file,
        candidate: Candidate {
            // Whose it is, its tag says.
            source: String::new(),
            repository: String::new(),
            size: 0,
            provenance: None,
            origin: Origin::Elsewhere {
                digest: told.is_some(),
                urls: listed.urls.clone(),
            },
            package: told.unwrap_or_else(|| Digest::sha256_of(listed.urls.concat().as_bytes())),
            until: None,
        },
        created: listed.created,
        metadata: metadata.to_json(),
    }))
}
