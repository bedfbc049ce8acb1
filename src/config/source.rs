//! One source: its place, patterns, way of listing, credentials and terms.

use super::settings::Settings;
use super::{credentials, registry, terms};
use crate::index::Space;
use crate::oci::{Credentials, Registry};
use crate::source::discovery::DOCKER_HUB;
use crate::source::{self, Discovery, Repositories, Source, TagPatterns, discovery};

/// A source as it was read.
pub(super) struct ConfiguredSource {
    /// The source; `None` when anything is wrong with it.
    pub(super) source: Option<Source>,
    /// Whether there are credentials for it, right or wrong.
    pub(super) private: bool,
}

/// Reads a source by the names that the settings of a single one have.
pub(super) fn read<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    insecure: bool,
    mount: Space,
) -> ConfiguredSource {
    let place = read_registry(settings, insecure);
    let repositories = settings
        .parsed("REPOSITORIES", Repositories::parse)
        .unwrap_or(Repositories::All);
    let repositories = match &place {
        Some((registry, prefix)) if registry.host() == DOCKER_HUB && prefix.is_empty() => {
            repositories.in_library()
        }
        Some(_) | None => repositories,
    };
    let discovery = read_discovery(settings, place.as_ref(), &repositories);
    let tags = settings
        .parsed("TAGS", TagPatterns::parse)
        .unwrap_or_default();
    let terms = terms::read(settings);
    let (credentials, private) = credentials::read(settings, place.as_ref());
    let known = place.zip(credentials).zip(discovery);
    let source = known.map(|(((registry, prefix), credentials), discovery)| Source {
        id: source::id(&registry, &prefix, &mount),
        remedy: discovery
            .remedy(credentials != Credentials::Anonymous)
            .to_owned(),
        registry,
        prefix,
        mount,
        repositories,
        tags,
        discovery,
        credentials,
        terms,
        classic: None,
    });
    ConfiguredSource { source, private }
}

fn read_registry<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    insecure: bool,
) -> Option<(Registry, String)> {
    const NAME: &str = "REGISTRY";
    let Some(text) = settings.text(NAME) else {
        settings.wrong(NAME, "missing");
        return None;
    };
    match registry::place(&text, insecure) {
        Ok(place) => Some(place),
        Err(what) => {
            settings.wrong(NAME, what);
            None
        }
    }
}

/// How repositories are found, as `DISCOVERY` says or else the host.
fn read_discovery<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    place: Option<&(Registry, String)>,
    repositories: &Repositories,
) -> Option<Discovery> {
    let set = settings.text(discovery::SETTING).is_some();
    let chosen = settings.choice(discovery::SETTING, &Discovery::NAMES);
    if set && chosen.is_none() {
        return None;
    }
    let (registry, prefix) = place?;
    let discovery = chosen.unwrap_or_else(|| Discovery::of(registry));
    // Which repositories are meant, a list that could not be read does not say.
    let known = settings.text("REPOSITORIES").is_none() || *repositories != Repositories::All;
    if known && let Err((setting, what)) = discovery.judge(registry, prefix, repositories) {
        settings.wrong(setting, what);
        return None;
    }
    Some(discovery)
}
