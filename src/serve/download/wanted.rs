//! What a download asks for, and which of the candidates that is.

use crate::config::{Collisions, Config, IndexScope};
use crate::index::{Candidate, View, select};
use crate::oci;
use crate::platform::Timestamp;
use crate::serve::route::File;
use crate::source::Source;

/// What is looked for, judged by the settings of now.
pub(super) struct Wanted<'w> {
    pub(super) config: &'w Config,
    pub(super) file: &'w File,
    /// What of the folder counts.
    pub(super) scope: IndexScope,
    /// What the reader sees of the folder: of other repositories nothing is given, and none of them contests a file.
    pub(super) view: View,
    pub(super) now: Timestamp,
}

impl Wanted<'_> {
    /// Whether a candidate is configured and within the folder.
    pub(super) fn allows(&self, candidate: &Candidate) -> bool {
        let covers = |(source, name): (&Source, oci::Name)| {
            source
                .relative(&name)
                .is_some_and(|path| self.view.covers(&path, self.scope))
        };
        self.source(candidate).is_some_and(covers)
    }

    /// Under what it is remembered, for readers of this view in this scope, that there is no such file.
    pub(super) fn unknown(&self) -> String {
        format!("{} {} {:?}", self.file.key(), self.view, self.scope)
    }

    /// Where a candidate comes from, if it may still come from there.
    pub(super) fn source(&self, candidate: &Candidate) -> Option<(&Source, oci::Name)> {
        let source = self.config.source(&candidate.source)?;
        let name: oci::Name = candidate.repository.parse().ok()?;
        source.allows(&name).then_some((source, name))
    }

    /// The candidate that is meant, if there is one and nothing contests it.
    pub(super) fn select<'c>(&self, candidates: &'c [Candidate]) -> Option<&'c Candidate> {
        if self.config.collisions == Collisions::Hide && self.is_contested(candidates) {
            return None;
        }
        let digest = self.file.digest.as_deref();
        select(candidates, digest, self.now, |it| self.allows(it))
    }

    /// Whether current packages of this name differ within the folder, and `PRECEDENCE` does not decide between them.
    fn is_contested(&self, candidates: &[Candidate]) -> bool {
        let rank = |candidate: &Candidate| {
            let (source, name) = self.source(candidate)?;
            let path = source.relative(&name)?;
            let precedence = self.config.precedence.rank(path.as_str());
            // As an index ranks them: a registry goes before a classic repository.
            Some((source.classic.is_some(), precedence))
        };
        let current: Vec<_> = candidates
            .iter()
            .filter(|candidate| candidate.until.is_none() && self.allows(candidate))
            .map(|candidate| (rank(candidate), &candidate.package))
            .collect();
        let Some(first) = current.iter().min_by_key(|(rank, _)| *rank) else {
            return false;
        };
        current
            .iter()
            .any(|(rank, package)| *rank == first.0 && *package != first.1)
    }
}
