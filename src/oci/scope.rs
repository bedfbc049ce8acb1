//! Scopes (distribution's `docs/content/spec/auth/scope.md`), and how one challenge's scope tells the next one's.

use super::Name;

/// What a request is about, as far as the way in is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) enum Area<'a> {
    /// The list of repositories.
    Catalog,
    /// A repository's tags. ACR wants another scope for them than for the rest (`metadata_read`).
    Tags(&'a Name),
    /// A repository's manifests and blobs.
    Content(&'a Name),
}

impl Area<'_> {
    fn name(&self) -> Option<&Name> {
        match self {
            Self::Catalog => None,
            Self::Tags(name) | Self::Content(name) => Some(name),
        }
    }
}

/// The scope of a challenge with the repository's name taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Template {
    /// No scope was named.
    None,
    /// The same for everything: `aws` at ECR Public, `*` at Gitea, `registry:catalog:*`.
    Fixed(String),
    /// What stands before and behind the name: `repository:` and `:pull`.
    Around(String, String),
}

impl Template {
    /// Learns from the scope that a challenge named when `area` was asked for. `None` when it is about something else, so
    /// that nothing can be told for another repository.
    pub(super) fn learn(scope: Option<&str>, area: Area<'_>) -> Option<Self> {
        let Some(scope) = scope.filter(|scope| !scope.is_empty()) else {
            return Some(Self::None);
        };
        let Some(name) = area.name() else {
            return Some(Self::Fixed(scope.to_owned()));
        };
        if !scope.contains("repository") {
            return Some(Self::Fixed(scope.to_owned()));
        }
        // `repository:<name>:pull`, or with a mirror's prefix `repository:cache/<name>:pull`; once, or there is doubt.
        let named = format!("{name}:");
        let mut places = scope.match_indices(&named).filter(|(place, _)| {
            scope
                .get(..*place)
                .is_some_and(|before| before.ends_with(':') || before.ends_with('/'))
        });
        match (places.next(), places.next()) {
            (Some((place, _)), None) => {
                let (before, rest) = scope.split_at_checked(place)?;
                let after = rest.strip_prefix(name.as_str())?;
                Some(Self::Around(before.to_owned(), after.to_owned()))
            }
            _ => None,
        }
    }

    /// The scope for `area`.
    pub(super) fn scope(&self, area: Area<'_>) -> Option<String> {
        match (self, area.name()) {
            (Self::Fixed(scope), _) => Some(scope.clone()),
            (Self::Around(before, after), Some(name)) => Some(format!("{before}{name}{after}")),
            // One around a name is never learnt for the catalog.
            (Self::None, _) | (Self::Around(..), None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn one_challenge_tells_the_next_scope() {
        for (scope, expected) in [
            (
                Some("repository:acme/nginx:pull"),
                Some("repository:acme/redis:pull"),
            ),
            (
                Some("repository:acme/nginx:pull,push"),
                Some("repository:acme/redis:pull,push"),
            ),
            (
                Some("repository(plugin):acme/nginx:pull"),
                Some("repository(plugin):acme/redis:pull"),
            ),
            (
                Some("repository:cache/acme/nginx:pull"),
                Some("repository:cache/acme/redis:pull"),
            ),
            (
                Some("repository:acme/nginx:pull registry:x:*"),
                Some("repository:acme/redis:pull registry:x:*"),
            ),
            (Some("aws"), Some("aws")),
            (Some("*"), Some("*")),
            (Some(""), None),
            (None, None),
        ] {
            let template = Template::learn(scope, Area::Content(&name("acme/nginx"))).unwrap();
            assert_eq!(
                template
                    .scope(Area::Content(&name("acme/redis")))
                    .as_deref(),
                expected,
                "{scope:?}"
            );
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for scope in [
            "repository:acme/redis:pull",
            "repository:xacme/nginx:pull",
            "repository:acme/nginx/more:pull",
            "repository:acme/nginx:pull repository:acme/nginx:push",
        ] {
            assert_eq!(
                Template::learn(Some(scope), Area::Content(&name("acme/nginx"))),
                None,
                "{scope}"
            );
        }
    }

    #[test]
    fn the_catalog_has_its_own() {
        let template = Template::learn(Some("registry:catalog:*"), Area::Catalog).unwrap();
        assert_eq!(
            template.scope(Area::Catalog).as_deref(),
            Some("registry:catalog:*")
        );
    }

    proptest! {
        #[test]
        fn never_panics(scope in "\\PC*") {
            let _ = Template::learn(Some(&scope), Area::Content(&name("a")));
        }

        #[test]
        fn learnt_scopes_are_said_again(before in "(repository:)?[a-z:/ ]{0,9}", after in "[a-z:/, ]{0,9}") {
            let scope = format!("{before}a/b{after}");
            let repository = name("a/b");
            let area = Area::Content(&repository);
            if let Some(template) = Template::learn(Some(&scope), area) {
                prop_assert_eq!(template.scope(area), Some(scope));
            }
        }
    }
}
