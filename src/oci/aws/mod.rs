//! Amazon's keys: exchanged for the password of an ECR registry, which lasts twelve hours ("Private registry
//! authentication" and "Registry authentication in Amazon ECR public").
//!
//! | file | holds |
//! |---|---|
//! | `signature` | Signature Version 4, with which a request is signed |

mod signature;

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request};
use serde::Deserialize;

use crate::platform::Timestamp;
use crate::secret::{BASE64, Secret};

use super::credentials::AwsKeys;
use super::token::Token;
use super::{Error, Name, Registry, request};

/// The longest reply that is read, in bytes: a password has some 3,000.
pub(super) const MAX_REPLY: usize = 64 * 1024;

/// How long before its end a password is no longer used: a slice and a long download fit.
const BUFFER: Duration = Duration::from_mins(30);

/// No password is kept for longer, whatever the reply says.
const MAX_LIFETIME: Duration = Duration::from_hours(12);

/// Repositories a page, as many as `DescribeRepositories` gives.
const PAGE_SIZE: u32 = 1000;

/// The name under which the password is kept in memory.
pub(super) const SESSION: &str = "ecr:GetAuthorizationToken";

/// Amazon's API for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AmazonService {
    host: String,
    region: String,
    name: &'static str,
    /// What the names of its operations begin with.
    target: &'static str,
    /// Whose repositories are listed, where that can be told.
    account: Option<String>,
}

/// Whether a registry is one that an access key opens.
pub fn is_ecr(registry: &Registry) -> bool {
    AmazonService::of(registry).is_some()
}

impl AmazonService {
    /// The service in the region that the registry's host names.
    fn of(registry: &Registry) -> Option<Self> {
        if registry.host() == "public.ecr.aws" {
            // The only region that has it.
            return Some(Self {
                host: "api.ecr-public.us-east-1.amazonaws.com".to_owned(),
                region: "us-east-1".to_owned(),
                name: "ecr-public",
                target: "SpencerFrontendService",
                account: None,
            });
        }
        // <account>.dkr.ecr.<region>.amazonaws.com, in China ….amazonaws.com.cn.
        let (account, rest) = registry.host().split_once(".dkr.ecr")?;
        let (kind, rest) = rest.split_once('.')?;
        let (region, domain) = rest.split_once('.')?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let sound = account.bytes().all(|byte| byte.is_ascii_digit())
            && !region.is_empty()
            && region.bytes().all(plain)
            && matches!(domain, "amazonaws.com" | "amazonaws.com.cn");
        let host = match kind {
            "" => format!("api.ecr.{region}.{domain}"),
            "-fips" => format!("ecr-fips.{region}.{domain}"),
            _ => return None,
        };
        sound.then(|| Self {
            host,
            region: region.to_owned(),
            name: "ecr",
            target: "AmazonEC2ContainerRegistry_V20150921",
            account: Some(account.to_owned()),
        })
    }
}

/// The request for a password (`GetAuthorizationToken`), signed at `now`; `None` for a registry that is not Amazon's.
pub(super) fn password_request(
    registry: &Registry,
    keys: &AwsKeys,
    now: Timestamp,
) -> Option<Result<Request<Bytes>, http::Error>> {
    let service = AmazonService::of(registry)?;
    Some(service.request("GetAuthorizationToken", keys, "{}".to_owned(), now))
}

/// The request for a page of repositories (`DescribeRepositories`), signed at `now`, the first without a `token`; `None` for a
/// registry that is not Amazon's.
pub(crate) fn repositories_request(
    registry: &Registry,
    keys: &AwsKeys,
    now: Timestamp,
    token: Option<&str>,
) -> Option<Result<Request<Bytes>, http::Error>> {
    let service = AmazonService::of(registry)?;
    let mut body = serde_json::json!({"maxResults": PAGE_SIZE});
    let account = service.account.as_deref();
    for (key, value) in [("registryId", account), ("nextToken", token)] {
        if let (Some(value), Some(body)) = (value, body.as_object_mut()) {
            body.insert(key.to_owned(), value.into());
        }
    }
    Some(service.request("DescribeRepositories", keys, body.to_string(), now))
}

/// The request for a new repository (`CreateRepository`), signed at `now`; `None` for a registry that is not Amazon's. In ECR
/// Public the alias of the registry, which begins the name, is not said.
pub(crate) fn creation_request(
    registry: &Registry,
    keys: &AwsKeys,
    now: Timestamp,
    name: &Name,
) -> Option<Result<Request<Bytes>, http::Error>> {
    let service = AmazonService::of(registry)?;
    let body = match &service.account {
        Some(account) => {
            serde_json::json!({"registryId": account, "repositoryName": name.as_str()})
        }
        None => serde_json::json!({"repositoryName": name.as_str().split_once('/')?.1}),
    };
    Some(service.request("CreateRepository", keys, body.to_string(), now))
}

/// Whether a refusal's body says that the repository that was to be made is there.
pub(crate) fn exists(body: &[u8]) -> bool {
    error_name(body).is_some_and(|name| name == "RepositoryAlreadyExistsException")
}

impl AmazonService {
    /// A request for `operation`, signed at `now`.
    fn request(
        &self,
        operation: &str,
        keys: &AwsKeys,
        body: String,
        now: Timestamp,
    ) -> Result<Request<Bytes>, http::Error> {
        let target = format!("{}.{operation}", self.target);
        let date = signature::date(now);
        let mut headers = vec![
            ("content-type", "application/x-amz-json-1.1"),
            ("host", self.host.as_str()),
            ("x-amz-date", date.as_str()),
        ];
        if let Some(session) = &keys.session {
            headers.push(("x-amz-security-token", session.expose()));
        }
        headers.push(("x-amz-target", &target));
        let authorization = signature::authorization(
            keys,
            &signature::Signed {
                method: Method::POST.as_str(),
                headers: &headers,
                body: body.as_bytes(),
                region: &self.region,
                service: self.name,
            },
        );
        let secret = |text: &str| {
            HeaderValue::from_str(text).map(|mut value| {
                value.set_sensitive(true);
                value
            })
        };
        let mut builder = request::client()
            .method(Method::POST)
            .uri(format!("https://{}/", self.host))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header(HeaderName::from_static("x-amz-date"), &date)
            .header(HeaderName::from_static("x-amz-target"), &target);
        if let Some(session) = &keys.session {
            builder = builder.header("x-amz-security-token", secret(session.expose())?);
        }
        builder
            .header(http::header::AUTHORIZATION, secret(&authorization)?)
            .body(Bytes::from(body))
    }
}

/// Reads a reply that came at `now`: the password, and until when it is used. `None` when it holds none.
pub(super) fn parse(reply: &[u8], now: Timestamp) -> Option<Token> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct PasswordReply {
        authorization_data: Data,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Data {
        /// Private registries give a list, with one of them in it.
        Many(Vec<Authorization>),
        One(Authorization),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Authorization {
        authorization_token: String,
        /// Seconds since the epoch, with a fraction.
        expires_at: serde_json::Number,
    }
    let reply: PasswordReply = serde_json::from_slice(reply).ok()?;
    let authorization = match reply.authorization_data {
        Data::Many(many) => many.into_iter().next()?,
        Data::One(one) => one,
    };
    let pair = BASE64.decode(authorization.authorization_token).ok()?;
    let (user, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    let seconds = authorization.expires_at.to_string();
    let seconds: i64 = seconds.split('.').next()?.parse().ok()?;
    let end = Timestamp::of_seconds(seconds)?.before(BUFFER);
    (user == USER && !password.is_empty()).then(|| Token {
        value: Secret::new(password),
        until: end.min(now.after(MAX_LIFETIME)),
    })
}

/// The same refusal with what its body says of it: Amazon answers most with 400 ("Common Error Types").
pub(crate) fn judge(error: Error, body: &[u8]) -> Error {
    match error_name(body).unwrap_or_default().as_str() {
        "ThrottlingException" | "Throttling" => error.throttled(None),
        "AccessDeniedException"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "OptInRequired"
        | "UnrecognizedClientException" => error.denied(),
        _ => error,
    }
}

/// What Amazon calls an error.
fn error_name(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct AmazonError {
        #[serde(rename = "__type")]
        kind: String,
    }
    let AmazonError { kind } = serde_json::from_slice(body).ok()?;
    // `com.amazon.coral.service#UnrecognizedClientException`, or without what stands before the name.
    kind.rsplit('#').next().map(str::to_owned)
}

/// The user of every ECR registry.
pub(super) const USER: &str = "AWS";

#[cfg(test)]
mod tests;
