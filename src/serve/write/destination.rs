//! Where a version of a chart goes: the repository of a source, and the tag.

use std::cmp::Reverse;

use crate::catalog::ask::{ServingTag, TagPlace};
use crate::config::Config;
use crate::error::{Error, Missing};
use crate::index::{Candidate, Space};
use crate::oci;
use crate::push::{Rejection, Submission};
use crate::source::Source;

/// Where a version goes.
pub(in crate::serve) struct Destination<'c> {
    pub(in crate::serve) source: &'c Source,
    pub(in crate::serve) name: oci::Name,
    pub(in crate::serve) tag: oci::Tag,
}

impl<'c> Destination<'c> {
    /// The first source that may have a repository called like the chart in this space.
    pub(super) fn of(config: &'c Config, space: &Space, chart: &Submission) -> Result<Self, Error> {
        let relative = match space.as_str() {
            "" => chart.name().to_owned(),
            space => format!("{space}/{}", chart.name()),
        };
        let tag = chart.tag();
        // A classic repository is only read.
        let registries = |source: &&Source| source.classic.is_none();
        let sources = config.sources.iter().filter(registries);
        let mut named: Vec<_> = sources
            .filter_map(|source| Some((source, source.name(&relative)?)))
            .collect();
        // What is mounted there goes before what only lies below; else the first.
        named.sort_by_key(|(source, _)| Reverse(source.mount.as_str().len()));
        if named.is_empty() {
            return Err(match relative.parse::<oci::Name>() {
                // No registry is served there.
                Ok(_) => Error::NotFound(Missing::Space),
                Err(_) => Rejection::Name(relative).into(),
            });
        }
        let mut allowed = named
            .into_iter()
            .filter(|(source, name)| source.allows(name))
            .peekable();
        if allowed.peek().is_none() {
            let why = format!("REPOSITORIES leaves out {relative:?}");
            return Err(Error::Refused(why));
        }
        let (source, name) = allowed
            .find(|(source, _)| source.tags.allows(tag.as_str()))
            .ok_or_else(|| Error::Refused(format!("TAGS leaves out the version {tag}")))?;
        Ok(Self {
            source,
            name,
            tag: tag.clone(),
        })
    }

    pub(in crate::serve) fn version(&self) -> TagPlace {
        TagPlace {
            source: self.source.id.clone(),
            repository: self.name.to_string(),
            tag: self.tag.to_string(),
        }
    }

    /// Whether a candidate is of its repository, and no superseded one.
    pub(in crate::serve) fn offers(&self, candidate: &Candidate) -> bool {
        candidate.source == self.source.id
            && candidate.repository == self.name.as_str()
            && candidate.until.is_none()
    }

    /// Whether it is where a tag stands, by whichever source that is read.
    pub(in crate::serve) fn is(&self, config: &Config, serving: &ServingTag) -> bool {
        let of_same_registry = config
            .source(&serving.source)
            .is_some_and(|source| source.registry == self.source.registry);
        of_same_registry
            && serving.repository == self.name.as_str()
            && serving.tag == self.tag.as_str()
    }
}
