//! The registry's credentials.

use super::cloud;
use super::settings::{Pair, Settings};
use super::terms;
use crate::oci::credentials::{from_docker_config, judge_docker_config};
use crate::oci::{Credentials, Registry};
use crate::secret::Secret;

const USERNAME: &str = "REGISTRY_USERNAME";
const PASSWORD: &str = "REGISTRY_PASSWORD";
const DOCKER: &str = "DOCKER_AUTH_CONFIG";

/// Reads the registry's credentials; `None` when anything is wrong with them. And whether there are any: half a pair of
/// credentials, or wrong ones, are a sign of a private registry, too.
pub(super) fn read<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    place: Option<&(Registry, String)>,
) -> (Option<Credentials>, bool) {
    let pair = settings.pair(USERNAME, PASSWORD);
    let docker = settings.secret(DOCKER);
    let keys = cloud::keys(settings, place);
    // What opens a tunnel shows that not everybody is to reach what is behind it.
    let tunnel = settings.secret(terms::HEADERS).is_some();
    let private =
        tunnel || docker.is_some() || !matches!(pair, Ok(None)) || !matches!(keys, Ok(None));
    let credentials = match keys {
        Ok(None) => registry_credentials(settings, pair, docker, place),
        Ok(Some(key)) if docker.is_some() || !matches!(pair, Ok(None)) => {
            settings.wrong(
                key.setting,
                format!("set beside {USERNAME}, {PASSWORD} or {DOCKER}: one of them must go"),
            );
            None
        }
        Ok(Some(key)) => Some(key.credentials),
        // What is wrong with the others is told, too.
        Err(()) => registry_credentials(settings, pair, docker, place).and(None),
    };
    (credentials, private)
}

fn registry_credentials<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    pair: Pair,
    docker: Option<Secret>,
    place: Option<&(Registry, String)>,
) -> Option<Credentials> {
    match (pair, docker) {
        (Ok(None), None) => Some(Credentials::Anonymous),
        (Ok(Some((username, password))), None) => Some(Credentials::Basic { username, password }),
        (Err(()), None) => None,
        (Ok(None), Some(docker)) => {
            let read = match place {
                Some((registry, prefix)) => {
                    from_docker_config(docker.expose(), registry, prefix).map(Some)
                }
                None => judge_docker_config(docker.expose()).map(|()| None),
            };
            read.unwrap_or_else(|invalid| {
                settings.wrong(DOCKER, invalid.to_string());
                None
            })
        }
        (Ok(Some(_)) | Err(()), Some(_)) => {
            settings.wrong(
                DOCKER,
                format!("set as well as {USERNAME} or {PASSWORD}: remove one of the two"),
            );
            None
        }
    }
}
