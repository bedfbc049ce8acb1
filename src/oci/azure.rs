//! Azure's service principals: their secret is exchanged for a token of Microsoft Entra, that for a refresh token of the registry,
//! and that, as any identity token is, for the tokens that open it ("Azure Container Registry integration with Azure Active
//! Directory", <https://azure.github.io/acr/AAD-OAuth.html>).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use serde::Deserialize;
use url::form_urlencoded;

use crate::secret::Secret;

use super::{Registry, request};

/// Azure's clouds: (what registries' hosts end in, where their principals log in).
const CLOUDS: [(&str, &str); 3] = [
    (".azurecr.io", "login.microsoftonline.com"),
    (".azurecr.us", "login.microsoftonline.us"),
    (".azurecr.cn", "login.partner.microsoftonline.cn"),
];

/// What a principal's token is for: registries, in all clouds, also where tokens for the resource manager are refused.
const SCOPE: &str = "https://containerregistry.azure.net/.default";

/// How long a registry's refresh token is used. It lasts three hours, and does not say so.
pub(super) const LIFETIME: Duration = Duration::from_hours(2);

/// What the refresh token is kept as in memory.
pub(super) const SESSION: &str = "azure:refresh-token";

/// A service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzurePrincipal {
    /// `AZURE_TENANT_ID`: the directory, by its id or a domain.
    pub tenant: String,
    /// `AZURE_CLIENT_ID`.
    pub client: String,
    /// `AZURE_CLIENT_SECRET`: sent to Entra only.
    pub secret: Secret,
}

/// Whether a registry is one that a service principal opens.
pub fn is_azure(registry: &Registry) -> bool {
    login_host(registry).is_some()
}

fn login_host(registry: &Registry) -> Option<&'static str> {
    let cloud = CLOUDS
        .iter()
        .find(|(ending, _)| registry.host().ends_with(ending));
    cloud.map(|(_, login)| *login)
}

/// The request for a token of Entra (RFC 6749 §4.4); `None` for a registry that is not Azure's.
pub(super) fn entra_request(
    registry: &Registry,
    principal: &AzurePrincipal,
) -> Option<Result<Request<Bytes>, http::Error>> {
    let login = login_host(registry)?;
    Some(form(
        &format!("https://{login}/{}/oauth2/v2.0/token", principal.tenant),
        &[
            ("grant_type", "client_credentials"),
            ("client_id", &principal.client),
            ("client_secret", principal.secret.expose()),
            ("scope", SCOPE),
        ],
    ))
}

/// The request that exchanges a token of Entra for the registry's refresh token.
pub(super) fn exchange_request(
    registry: &Registry,
    principal: &AzurePrincipal,
    token: &Secret,
) -> Result<Request<Bytes>, http::Error> {
    form(
        &format!("{}/oauth2/exchange", registry.origin()),
        &[
            ("grant_type", "access_token"),
            ("service", registry.host()),
            ("tenant", &principal.tenant),
            ("access_token", token.expose()),
        ],
    )
}

fn form(address: &str, pairs: &[(&str, &str)]) -> Result<Request<Bytes>, http::Error> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    request::client()
        .method(Method::POST)
        .uri(address)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(body))
}

/// Reads the registry's refresh token; `None` when the reply holds none.
pub(super) fn refresh_token(reply: &[u8]) -> Option<Secret> {
    #[derive(Deserialize)]
    struct RefreshReply {
        refresh_token: String,
    }
    let reply: RefreshReply = serde_json::from_slice(reply).ok()?;
    let token = reply.refresh_token;
    (!token.is_empty()).then(|| Secret::new(token))
}
