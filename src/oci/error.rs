//! What can go wrong between Portolan and a registry.

use http::{HeaderMap, StatusCode, header};

use crate::platform::{FetchError, Timestamp};
use crate::shown::shown;

use super::retry_after::RetryAfter;
use super::{Invalid, Operation};

/// An answer that cannot be believed or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Garbage {
    /// Not the JSON it should be.
    #[error("an answer that cannot be parsed")]
    Unparseable,
    /// The bytes have another digest than was asked for or promised.
    #[error("bytes of another digest")]
    Digest,
    /// The bytes are fewer or more than the manifest says.
    #[error("bytes of another length")]
    Length,
    /// Longer than its limit.
    #[error("an answer that is too large")]
    TooLarge,
    /// A redirect without a target, or one too many.
    #[error("a redirect that leads nowhere")]
    Redirect,
    /// A status that makes no sense here.
    #[error("an unexpected status")]
    Status,
    /// Credentials that no header can hold; said of the registry, whose they are.
    #[error("no way to be shown its credentials")]
    Credentials,
    /// A request could not be formed from what the registry said.
    #[error("an address that cannot be asked")]
    Address,
}

/// A URL of the registry's that is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The challenge's realm is no URL, in the clear, or has a user in it.
    #[error("named a token server that credentials may not be sent to")]
    Realm,
    /// The challenge's realm is on a host that is none of the registry's.
    #[error("named a token server at {}, which is not asked, as {setting} does not name it", shown(.host))]
    ForeignRealm {
        /// The host, with its port if that is not the scheme's own.
        host: String,
        /// What could name it.
        setting: &'static str,
    },
    /// The token server answers with a redirect.
    #[error("redirects requests for tokens")]
    TokenRedirect,
    /// A list of repositories is redirected: no API is followed to another address.
    #[error("redirects its list of repositories, which is not followed")]
    Listing,
    /// No challenge names a token server, where one is needed to know who lists.
    #[error("names no token server, as every GitLab does")]
    NoTokenServer,
    /// A Location in the clear, with user and password in it, or to an internal address.
    #[error("redirects to an address that is not followed")]
    Location,
    /// A Location at a host that the operator did not name in the setting of this name.
    #[error("redirects to a host that {0} does not name")]
    DownloadHost(&'static str),
}

/// Why a registry did not give what was asked. Holds facts fit for a log: hosts, statuses, codes; never a URL, body or token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It answered with a status that is no success.
    #[error("{host}: {operation}: answered {status}{}", in_brackets(.code.as_deref()))]
    Status {
        /// Who answered: the registry, its token server, or where it redirected to.
        host: String,
        /// What was being done.
        operation: Operation,
        /// The HTTP status.
        status: u16,
        /// The first error code of the body (distribution spec, "Error Codes"), an open vocabulary.
        code: Option<String>,
        /// How long to leave it alone, if it says so.
        retry_after: Option<RetryAfter>,
    },
    /// No answer.
    #[error("{host}: {operation}: {source}")]
    Fetch {
        /// Who was asked.
        host: String,
        /// What was being done.
        operation: Operation,
        /// What happened.
        source: FetchError,
    },
    /// An answer that is not used.
    #[error("{host}: {operation}: gave {what}")]
    Garbage {
        /// Who answered.
        host: String,
        /// What was being done.
        operation: Operation,
        /// What is wrong with it.
        what: Garbage,
    },
    /// It named a URL that is not followed.
    #[error("{host}: {operation}: {what}")]
    Refused {
        /// Who named it.
        host: String,
        /// What was being done.
        operation: Operation,
        /// What is wrong with it.
        what: Refusal,
    },
    /// It does not say which repositories there are.
    #[error("{cause}; {remedy}")]
    Unlisted {
        /// The registry.
        host: String,
        /// Who refused what: the registry, or an API that knows its repositories.
        cause: Box<Error>,
        /// What helps.
        remedy: String,
    },
    /// A value that is not what it should be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

fn in_brackets(code: Option<&str>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}

/// What an error means for whoever has to decide what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 401 or 403, given here, or credentials were asked for that may not be sent.
    Denied(u16),
    /// There is no such thing.
    NotFound,
    /// Too many calls.
    Throttled,
    /// It is down, or does not answer.
    Unavailable,
    /// It answers, but not with what it should.
    Garbage,
    /// It does not offer this.
    Unsupported,
    /// The invocation has used up its calls; nothing is wrong with the registry.
    Budget,
}

/// The code that means too many calls, whatever the status (distribution spec, "Error Codes").
const TOO_MANY_REQUESTS: &str = "TOOMANYREQUESTS";

/// The longest code that is kept, in bytes: those of the specification have some twenty.
const LONGEST_CODE: usize = 64;

/// The code of a denial (distribution spec, "Error Codes").
const DENIED: &str = "DENIED";

impl Error {
    /// The error that an answer without success stands for; `body` may be cut short.
    pub(crate) fn refusal(
        host: &str,
        operation: Operation,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let host = host.to_owned();
        if !status.is_client_error() && !status.is_server_error() {
            return Self::Garbage {
                host,
                operation,
                what: Garbage::Status,
            };
        }
        let retry_after = headers.get(header::RETRY_AFTER);
        Self::Status {
            host,
            operation,
            status: status.as_u16(),
            code: code(body),
            retry_after: retry_after
                .and_then(|value| value.to_str().ok())
                .and_then(RetryAfter::parse),
        }
    }

    /// The same answer, of an API that limits requests in other words than a registry does.
    #[must_use]
    pub(crate) fn throttled(self, until: Option<RetryAfter>) -> Self {
        match self {
            Self::Status {
                host,
                operation,
                status,
                retry_after,
                ..
            } => Self::Status {
                host,
                operation,
                status,
                code: Some(TOO_MANY_REQUESTS.to_owned()),
                retry_after: retry_after.or(until),
            },
            other => other,
        }
    }

    /// The same answer, of who denies in other words than a registry does.
    #[must_use]
    pub(crate) fn denied(mut self) -> Self {
        if let Self::Status { code, .. } = &mut self {
            *code = Some(DENIED.to_owned());
        }
        self
    }

    /// What it means.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Status {
                operation,
                status,
                code,
                retry_after,
                ..
            } => match (status, code.as_deref(), operation) {
                (429, ..) | (_, Some(TOO_MANY_REQUESTS), _) => Kind::Throttled,
                (503, ..) if retry_after.is_some() => Kind::Throttled,
                (501, ..) => Kind::Unsupported,
                (_, Some("MANIFEST_UNKNOWN" | "BLOB_UNKNOWN" | "NAME_UNKNOWN"), _) => Kind::NotFound,
                (408 | 425 | 500.., ..)
                // Storage that does not know a signature says nothing about who may see what is in the registry,
                | (400..=499, _, Operation::FollowingRedirect)
                // and a token server that is not there says nothing about what is in it.
                | (404 | 410, _, Operation::AskingForToken) => Kind::Unavailable,
                // Amazon's answer to an access key that is no good.
                (401 | 403, ..) | (
                    400,
                    Some(DENIED),
                    Operation::AskingForToken | Operation::ListingRepositories,
                ) => {
                    Kind::Denied(*status)
                }
                (404 | 410, ..) => Kind::NotFound,
                (400..=499, ..) => Kind::Unsupported,
                _ => Kind::Garbage,
            },
            Self::Fetch { source, .. } => match source {
                FetchError::Transport(_) | FetchError::Timeout => Kind::Unavailable,
                FetchError::TooLarge(_) => Kind::Garbage,
                FetchError::Budget => Kind::Budget,
            },
            Self::Refused { what, .. } => match what {
                Refusal::Realm | Refusal::ForeignRealm { .. } | Refusal::TokenRedirect => {
                    Kind::Denied(401)
                }
                Refusal::Location
                | Refusal::DownloadHost(_)
                | Refusal::Listing
                | Refusal::NoTokenServer => Kind::Garbage,
            },
            Self::Unlisted { cause, .. } => cause.kind(),
            Self::Garbage { .. } | Self::Invalid(_) => Kind::Garbage,
        }
    }

    /// Whether it says that the registry has too much to do: 503, and no answer in time.
    pub fn is_overload(&self) -> bool {
        matches!(
            self,
            Self::Status { status: 503, .. }
                | Self::Fetch {
                    source: FetchError::Timeout,
                    ..
                }
        )
    }

    /// When the registry wants to be asked again, if it said so at `now`.
    pub fn retry_after(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Status { retry_after, .. } => retry_after.map(|retry| retry.at(now)),
            Self::Unlisted { cause, .. } => cause.retry_after(now),
            Self::Fetch { .. } | Self::Garbage { .. } | Self::Refused { .. } | Self::Invalid(_) => {
                None
            }
        }
    }

    /// What anyone may be told: the kind of fault in words that follow "the registry".
    pub fn public(&self) -> String {
        match (self.kind(), self) {
            (
                _,
                Self::Unlisted {
                    host,
                    cause,
                    remedy,
                },
            ) => {
                let asked = cause.host().filter(|asked| asked != host).unwrap_or("it");
                let answer = match cause.as_ref() {
                    Self::Status { status, .. } => format!("{asked} answered {status}"),
                    cause => cause.public(),
                };
                format!("does not let these credentials list repositories ({answer}); {remedy}")
            }
            (
                _,
                Self::Refused {
                    what:
                        what @ (Refusal::Listing
                        | Refusal::NoTokenServer
                        | Refusal::ForeignRealm { .. }
                        | Refusal::DownloadHost(_)),
                    ..
                },
            ) => what.to_string(),
            (Kind::Denied(status), _) => format!("denied access ({status})"),
            (Kind::NotFound, _) => "does not have it".to_owned(),
            (Kind::Throttled, _) => "is limiting requests".to_owned(),
            (
                Kind::Unavailable,
                Self::Fetch {
                    source: FetchError::Timeout,
                    ..
                },
            ) => "did not answer in time".to_owned(),
            (Kind::Unavailable | Kind::Unsupported, Self::Status { status, .. }) => {
                format!("answered {status}")
            }
            (Kind::Unavailable, _) => "could not be reached".to_owned(),
            (Kind::Garbage | Kind::Unsupported, _) => "gave an unusable answer".to_owned(),
            (Kind::Budget, _) => "has yet to be asked".to_owned(),
        }
    }

    /// The host that is at fault, if one is.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Status { host, .. }
            | Self::Fetch { host, .. }
            | Self::Garbage { host, .. }
            | Self::Refused { host, .. }
            | Self::Unlisted { host, .. } => Some(host),
            Self::Invalid(_) => None,
        }
    }
}

/// The first code of an error body (distribution spec, "Error Codes"). The body may be anything, and the code is kept only
/// when it looks like one: it goes into logs.
fn code(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let code = body.get("errors")?.get(0)?.get("code")?.as_str()?;
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    ((1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(plain)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests;
