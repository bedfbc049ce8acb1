//! `DISCOVERY`: how the repositories of a registry are found.

use super::patterns::Repositories;
use crate::oci::{Registry, aws, azure, google};

/// Who is asked which repositories there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// `GET /v2/_catalog`, as distribution has it.
    Catalog,
    /// Azure Container Registry: `_catalog`.
    Acr,
    /// Docker Hub's API, at hub.docker.com.
    DockerHub,
    /// Amazon's private registries: `DescribeRepositories` with an access key, else `_catalog`.
    Ecr,
    /// Amazon's public gallery: `DescribeRepositories` of the key's own registry there.
    EcrPublic,
    /// Google's Artifact Registry: its API's packages.
    Google,
    /// GitHub's packages API, at api.github.com.
    GitHub,
    /// GitLab's container registry API, at the host of its token server.
    GitLab,
    /// Harbor's projects API, at the registry's own host.
    Harbor,
    /// Quay's API, at the registry's own host; `_catalog` for robot accounts, to which that API is closed.
    Quay,
    /// Nobody: `REPOSITORIES` names them all.
    List,
}

/// The setting.
pub(crate) const SETTING: &str = "DISCOVERY";
/// The only registry that Docker Hub's API lists.
pub(crate) const DOCKER_HUB: &str = "docker.io";
/// The only registry that GitHub's API lists.
const GITHUB: &str = "ghcr.io";

/// Harbor is found at any host, so only `DISCOVERY` can say so; a GitLab or a Quay of one's own, too.
const HARBOR_AND_OTHERS: &str =
    "name them in REPOSITORIES, or set DISCOVERY if this is Harbor, GitLab or Quay";

impl Discovery {
    /// Each by its name in settings.
    pub(crate) const NAMES: [(&'static str, Self); 11] = [
        ("catalog", Self::Catalog),
        ("acr", Self::Acr),
        ("dockerhub", Self::DockerHub),
        ("ecr", Self::Ecr),
        ("ecr-public", Self::EcrPublic),
        ("github", Self::GitHub),
        ("gitlab", Self::GitLab),
        ("google", Self::Google),
        ("harbor", Self::Harbor),
        ("quay", Self::Quay),
        ("list", Self::List),
    ];

    /// What a registry's host is known to want.
    pub fn of(registry: &Registry) -> Self {
        match registry.host() {
            DOCKER_HUB => Self::DockerHub,
            GITHUB => Self::GitHub,
            "registry.gitlab.com" => Self::GitLab,
            "quay.io" => Self::Quay,
            "public.ecr.aws" => Self::EcrPublic,
            _ if azure::is_azure(registry) => Self::Acr,
            _ if google::is_google(registry) => Self::Google,
            _ if aws::is_ecr(registry) => Self::Ecr,
            _ => Self::Catalog,
        }
    }

    /// The setting because of which repositories cannot be found like this at all, and why.
    pub(crate) fn judge(
        self,
        registry: &Registry,
        prefix: &str,
        repositories: &Repositories,
    ) -> Result<(), (&'static str, &'static str)> {
        if !repositories.enumerates() {
            return Ok(());
        }
        let wrong = match self {
            Self::List => (
                SETTING,
                "list, while REPOSITORIES is missing or has wildcards",
            ),
            Self::GitHub if registry.host() != GITHUB => (
                SETTING,
                "github lists ghcr.io only, and REGISTRY is elsewhere",
            ),
            Self::DockerHub if registry.host() != DOCKER_HUB => (
                SETTING,
                "dockerhub lists docker.io only, and REGISTRY is elsewhere",
            ),
            Self::Ecr | Self::EcrPublic if !aws::is_ecr(registry) => (
                SETTING,
                "ecr and ecr-public list Amazon's registries only, and REGISTRY is elsewhere",
            ),
            Self::Google if !google::is_google(registry) => (
                SETTING,
                "google lists Google's registries only, and REGISTRY is elsewhere",
            ),
            Self::Google if !google::is_listable(registry, prefix) => (
                "REGISTRY",
                "names no project and repository whose packages could be listed: write them behind the host, or name all repositories in REPOSITORIES",
            ),
            Self::GitHub | Self::DockerHub | Self::GitLab if prefix.is_empty() => (
                "REGISTRY",
                "names no owner whose repositories could be listed: write it behind the host, or name all repositories in REPOSITORIES",
            ),
            _ => return Ok(()),
        };
        Err(wrong)
    }

    /// What helps where repositories are not listed, in words that follow a semicolon.
    pub(crate) fn remedy(self, with_credentials: bool) -> &'static str {
        match (self, with_credentials) {
            (Self::GitHub, _) => {
                "name them in REPOSITORIES, or set REGISTRY_PASSWORD to a classic token with read:packages"
            }
            (Self::GitLab, _) => {
                "name them in REPOSITORIES, or set REGISTRY_PASSWORD to a group access token with read_api and read_registry"
            }
            (Self::DockerHub, _) => {
                "name them in REPOSITORIES, or set REGISTRY_USERNAME and REGISTRY_PASSWORD to a user and an access token that may read them"
            }
            (Self::Harbor, _) => {
                "name them in REPOSITORIES, or use a robot account of the project that may list repositories"
            }
            (Self::Quay, _) => {
                "name them in REPOSITORIES, or use a robot account that may read them"
            }
            (Self::Acr, _) => {
                "name them in REPOSITORIES, or use a token or service principal that may list the catalog"
            }
            (Self::EcrPublic, _) => {
                "name them in REPOSITORIES, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of the account whose registry it is"
            }
            (Self::Google, _) => {
                "name them in REPOSITORIES, or set GOOGLE_CREDENTIALS to the key of a service account with the role Artifact Registry Reader"
            }
            (Self::Ecr, _) => {
                "name them in REPOSITORIES, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key that may read them"
            }
            (Self::Catalog, false) => {
                "name them in REPOSITORIES, set REGISTRY_USERNAME and REGISTRY_PASSWORD, or set DISCOVERY if this is Harbor, GitLab or Quay"
            }
            (Self::Catalog | Self::List, _) => HARBOR_AND_OTHERS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_from_the_host() {
        for (host, expected) in [
            ("docker.io", Discovery::DockerHub),
            ("index.docker.io", Discovery::DockerHub),
            ("ghcr.io", Discovery::GitHub),
            ("registry.gitlab.com", Discovery::GitLab),
            ("quay.io", Discovery::Quay),
            ("acme.azurecr.io", Discovery::Acr),
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                Discovery::Ecr,
            ),
            (
                "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                Discovery::Ecr,
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                Discovery::Ecr,
            ),
            ("harbor.acme.example", Discovery::Catalog),
            ("registry.gitlab.acme.example", Discovery::Catalog),
            ("ghcr.io.evil.example", Discovery::Catalog),
            ("xghcr.io", Discovery::Catalog),
            ("azurecr.io.example", Discovery::Catalog),
            ("registry.example", Discovery::Catalog),
        ] {
            assert_eq!(Discovery::of(&host.parse().unwrap()), expected, "{host}");
        }
    }

    #[test]
    fn what_cannot_be_is_said() {
        let judge = |discovery: Discovery, host: &str, prefix, repositories: &str| {
            let repositories = match repositories {
                "" => Repositories::All,
                list => Repositories::parse(list).unwrap(),
            };
            discovery
                .judge(&host.parse().unwrap(), prefix, &repositories)
                .is_ok()
        };
        for (discovery, host, prefix, repositories, expected) in [
            (Discovery::GitHub, "ghcr.io", "acme", "", true),
            (Discovery::GitHub, "ghcr.io", "", "", false),
            (Discovery::GitHub, "ghcr.io", "", "acme/a", true),
            (Discovery::GitHub, "ghcr.io", "", "acme/*", false),
            (Discovery::GitHub, "quay.io", "acme", "", false),
            (Discovery::DockerHub, "docker.io", "acme", "", true),
            (Discovery::DockerHub, "registry.example", "acme", "", false),
            (Discovery::GitLab, "registry.acme.example", "", "", false),
            (Discovery::Harbor, "harbor.acme.example", "", "", true),
            (Discovery::List, "ghcr.io", "acme", "", false),
            (Discovery::List, "ghcr.io", "acme", "a b/*", false),
            (Discovery::List, "ghcr.io", "acme", "a b", true),
        ] {
            assert_eq!(
                judge(discovery, host, prefix, repositories),
                expected,
                "{discovery:?} {host}/{prefix} {repositories}"
            );
        }
    }
}
