//! Scopes (distribution's `docs/content/spec/auth/scope.md`): what a token is asked to open.
//!
//! A challenge tells that tokens are wanted, and where they are had. What for is known here: whoever writes the challenge
//! could name other repositories, or writing, and would be handed a token for them for the operator's password.

use super::{Name, Registry};

/// What a request is about, as far as the way in is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) enum Area<'a> {
    /// The list of repositories.
    Catalog,
    /// A repository's tags. ACR wants another scope for them than for the rest (`metadata_read`).
    Tags(&'a Name),
    /// A repository's manifests and blobs, to be read.
    Content(&'a Name),
    /// The same, to be written: distribution wants `pull` for it, too.
    Push(&'a Name),
    /// Manifests, to be deleted.
    Delete(&'a Name),
}

/// Registries whose tokens open everything, by a scope without a grammar: (host, scope).
const OPAQUE: [(&str, &str); 2] = [("public.ecr.aws", "aws"), ("codeberg.org", "*")];

/// How a registry's token server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// Without a scope: none was named, or one that is none and that this registry is not known for. Gitea says `*`, and
    /// does not read what it is asked for.
    Nothing,
    /// For a scope that opens everything.
    Opaque(&'static str),
    /// For what the request needs.
    Needed {
        /// Whether tags are had by `metadata_read` (acr#600), and not by `pull`.
        metadata_read: bool,
    },
}

impl Asking {
    /// Learns from the scope that a challenge of `registry` named when `area` was asked for.
    pub(super) fn learn(scope: Option<&str>, registry: &Registry, area: Area<'_>) -> Self {
        let scope = scope.unwrap_or_default();
        if scope.contains(':') {
            let tags_of = match area {
                Area::Tags(name) => Some(format!("repository:{name}:")),
                Area::Catalog | Area::Content(_) | Area::Push(_) | Area::Delete(_) => None,
            };
            let actions = tags_of.and_then(|own| {
                scope
                    .split(' ')
                    .find_map(|one| one.strip_prefix(own.as_str()))
            });
            return Self::Needed {
                metadata_read: actions
                    .is_some_and(|actions| actions.split(',').any(|one| one == "metadata_read")),
            };
        }
        OPAQUE
            .iter()
            .find(|(host, opaque)| registry.host() == *host && scope == *opaque)
            .map_or(Self::Nothing, |(_, opaque)| Self::Opaque(opaque))
    }

    /// The scope for `area`.
    pub(super) fn scope(self, area: Area<'_>) -> Option<String> {
        let metadata_read = match self {
            Self::Nothing => return None,
            Self::Opaque(scope) => return Some(scope.to_owned()),
            Self::Needed { metadata_read } => metadata_read,
        };
        let (name, actions) = match area {
            Area::Catalog => return Some("registry:catalog:*".to_owned()),
            Area::Tags(name) if metadata_read => (name, "metadata_read"),
            Area::Tags(name) | Area::Content(name) => (name, "pull"),
            Area::Push(name) => (name, "pull,push"),
            Area::Delete(name) => (name, "delete"),
        };
        Some(format!("repository:{name}:{actions}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `host` is asked for after it named `scope` when the tags of `acme/nginx` were wanted.
    fn asked(host: &str, scope: Option<&str>, area: Area<'_>) -> Option<String> {
        let nginx = "acme/nginx".parse().unwrap();
        Asking::learn(scope, &host.parse().unwrap(), Area::Tags(&nginx)).scope(area)
    }

    #[test]
    fn each_request_is_let_in_by_what_it_needs() {
        let redis = "acme/redis".parse().unwrap();
        for (area, expected) in [
            (Area::Catalog, "registry:catalog:*"),
            (Area::Tags(&redis), "repository:acme/redis:pull"),
            (Area::Content(&redis), "repository:acme/redis:pull"),
            (Area::Push(&redis), "repository:acme/redis:pull,push"),
            (Area::Delete(&redis), "repository:acme/redis:delete"),
        ] {
            for named in [
                "repository:acme/nginx:pull",
                "repository:acme/nginx:pull,push,delete",
                "repository:acme/nginx:*",
                "repository:acme/nginx:pull repository:acme/secret:pull,metadata_read",
                "repository:acme/secret:pull",
                "registry:catalog:*",
                ":",
            ] {
                let scope = asked("registry.example", Some(named), area);
                assert_eq!(scope.as_deref(), Some(expected), "{named}");
            }
        }
    }

    #[test]
    fn azure_lists_tags_by_metadata_read_and_gives_the_rest_by_pull() {
        let named = Some("repository:acme/nginx:metadata_read");
        let redis = "acme/redis".parse().unwrap();
        let scope = |area| asked("acme.azurecr.io", named, area).unwrap();
        assert_eq!(
            scope(Area::Tags(&redis)),
            "repository:acme/redis:metadata_read"
        );
        assert_eq!(scope(Area::Content(&redis)), "repository:acme/redis:pull");
    }

    #[test]
    fn a_scope_for_everything_only_where_it_is_known() {
        let redis = "acme/redis".parse().unwrap();
        for (host, named, expected) in [
            ("public.ecr.aws", Some("aws"), Some("aws")),
            ("codeberg.org", Some("*"), Some("*")),
            ("public.ecr.aws", Some("*"), None),
            ("evil.public.ecr.aws", Some("aws"), None),
            ("registry.example", Some("*"), None),
            ("registry.example", Some(""), None),
            ("registry.example", None, None),
        ] {
            let scope = asked(host, named, Area::Content(&redis));
            assert_eq!(scope.as_deref(), expected, "{host} {named:?}");
        }
    }

    proptest! {
        #[test]
        fn no_challenge_gets_more_than_is_needed(scope in "[a-z:/,* ]{0,40}|\\PC*") {
            let scope = asked("registry.example", Some(&scope), Area::Tags(&"a/b".parse().unwrap()));
            let allowed = [None, Some("repository:a/b:pull"), Some("repository:a/b:metadata_read")];
            prop_assert!(allowed.contains(&scope.as_deref()), "{scope:?}");
        }
    }
}
