//! Who Portolan is to a registry.

use crate::secret::Secret;

use super::{Invalid, Registry};

/// What is shown to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    Anonymous,
    /// User and password: sent to the registry itself (Basic) or to its token server.
    Basic {
        /// The user; a secret too, some registries put a token there.
        username: Secret,
        /// The password.
        password: Secret,
    },
    /// A refresh token (`identitytoken`): exchanged at the token server by the OAuth2 grant.
    Identity(Secret),
    /// A ready Bearer token (`registrytoken`).
    Bearer(Secret),
}

/// Picks the credentials for a registry, and a prefix in it, out of a `dockerconfigjson`, given as text or base64.
pub fn from_docker_config(
    text: &str,
    registry: &Registry,
    prefix: &str,
) -> Result<Credentials, Invalid> {
    let _ = (text, registry, prefix);
    todo!()
}
