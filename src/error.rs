//! The error that a request ends in. Whose fault it is (the client's, the registry's, ours) decides the status; `Display` is for the log, [`Error::public_message`] is for the client. Both hold
//! facts only: never a secret, an upstream body, a token or a signed URL.

use http::StatusCode;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    // The client's fault.
    /// Nothing is there.
    #[error("not found: {0}")]
    NotFound(Missing),
    /// The path is known, the method is not.
    #[error("method not allowed, only {allow}")]
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: &'static str,
    },
    /// No credentials, or wrong ones. Which of the two, and which part is wrong, is not told.
    #[error("no valid credentials for {0}")]
    Unauthorized(Door),
    /// Whether a token is genuine cannot be told: the keys of its issuer cannot be had.
    #[error("the keys of the issuer {issuer} cannot be had")]
    KeysMissing {
        /// What the issuer is called in the settings.
        issuer: String,
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// Credentials were shown, or would have to be, where others can read them on their way.
    #[error("credentials over plain http")]
    PlainHttp,
    /// The account is known, and lacks this right.
    #[error("the account lacks the right {0}")]
    Forbidden(&'static str),
    /// The route is closed, because the setting that opens it is not set.
    #[error("{0} is not set")]
    Closed(&'static str),
    /// A page of another origin had a browser send it.
    #[error("sent by a page of another origin")]
    CrossSite,
    /// Its sender has asked too much of a kind that is limited.
    #[error("too many requests: {0}")]
    TooManyRequests(&'static str),
    /// The request cannot be understood.
    #[error("bad request: {0}")]
    BadRequest(&'static str),
    /// No answer is of a kind that the client takes.
    #[error("no answer is of a kind that the client takes")]
    NotAcceptable,
    /// More is asked for than is given at once.
    #[error("more is asked for than is given at once")]
    TooMany,
    /// A package that is stored cannot be looked into, and why.
    #[error("the package cannot be looked into: {0}")]
    Unreadable(String),
    /// The registry deletes nothing.
    #[error("{host}: deletes nothing")]
    Undeletable {
        /// Its host.
        host: String,
    },
    /// What was sent is not taken, and why: words of ours, with short quotes of it at most.
    #[error("refused: {0}")]
    Refused(String),
    /// The request contradicts what is there.
    #[error("conflict: {0}")]
    Conflict(String),
    /// Somebody else writes the same version of the same chart.
    #[error("somebody else writes this version")]
    Locked,
    /// Nothing may be written: `READ_ONLY` is set.
    #[error("READ_ONLY is set")]
    ReadOnly,
    /// The request's body is longer than this many bytes.
    #[error("the request's body is larger than {0} bytes")]
    TooLarge(usize),
    /// The request's body came too slowly, or stopped coming.
    #[error("the request's body did not come in time")]
    TooSlow,

    // The registry's fault.
    /// The registry failed, or refused.
    #[error("{}", if .detail.is_empty() { format!("{host}: {fault}") } else { .detail.clone() })]
    Registry {
        /// Its host.
        host: String,
        /// The kind of fault, in words for anyone: `denied access (401)`.
        fault: String,
        /// Everything known of it, its host too, for the log; empty when there is no more.
        detail: String,
        /// When to try again, in seconds, if that is known.
        retry_after: Option<u64>,
    },
    /// A sync that an operator waited for could not read what it was asked to, and why. Only operators see it.
    #[error("not synced: {0}")]
    NotSynced(String),
    /// The registry throttles.
    #[error("{host}: asks to slow down")]
    Throttled {
        /// Its host.
        host: String,
        /// At which step of a write: `writing a blob`.
        step: Option<String>,
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// The registry sends packages itself, but `DOWNLOAD` is `redirect`.
    #[error("{host}: does not redirect downloads, and DOWNLOAD is redirect")]
    NoRedirect {
        /// Its host.
        host: String,
    },

    // Ours.
    /// Nothing has been published yet.
    #[error("the first sync is not done: {progress}")]
    NotReady {
        /// How far it is: `1,234 of about 5,000 tags`.
        progress: String,
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// A sync was not published within the time the client wished to wait, in seconds.
    #[error("the sync was not published within {0} seconds")]
    NotPublished(u64),
    /// More questions to the catalog, or packages in memory, than this isolate may have.
    #[error("too many questions to the catalog, or packages in memory")]
    Busy,
    /// The catalog could not be asked, or failed.
    #[error("catalog: {0}")]
    Catalog(String),
    /// Something that was built or stored here is broken.
    #[error("{0}")]
    Internal(String),
    /// Settings are wrong.
    #[error("configuration: {detail}")]
    Configuration {
        /// The names of the settings, fit for anyone.
        names: String,
        /// What is wrong with each, without values of secrets.
        detail: String,
    },
}

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A route.
    Path,
    /// A folder of charts.
    Space,
    /// A package or provenance file.
    File,
    /// A chart.
    Chart,
    /// A version of a chart.
    Version,
    /// A `values.yaml`.
    Values,
    /// A kind of webhook.
    Webhook,
    /// A superseded package that the registry no longer has.
    Gone,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Path => "there is nothing at this path",
            Self::Space => "there are no charts below this path",
            Self::File => "there is no such file in this repository",
            Self::Chart => "there is no such chart",
            Self::Version => "there is no such version",
            Self::Values => "the chart has no values.yaml",
            Self::Webhook => "there is no such kind of webhook",
            Self::Gone => "the registry no longer has this superseded package",
        })
    }
}

/// What a client must show credentials for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Indexes and packages.
    Charts,
    /// Storing and deleting charts.
    Writing,
    /// `/info`, `/metrics`, `/refresh`.
    Admin,
    /// `/webhook/…`.
    Webhook,
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Charts => "charts",
            Self::Writing => "writing",
            Self::Admin => "admin",
            Self::Webhook => "webhook",
        })
    }
}

/// When to try again after too many requests, in seconds: the longer of the periods that Cloudflare's binding counts in.
const LIMITED: u64 = 60;

/// When to try again after a fault of ours, in seconds.
const SOON: u64 = 5;

impl Error {
    /// The status of the answer (RFC 9110 §15).
    pub fn status(&self) -> StatusCode {
        use StatusCode as S;
        match self {
            Self::NotFound(_) => S::NOT_FOUND,
            Self::MethodNotAllowed { .. } => S::METHOD_NOT_ALLOWED,
            Self::Unauthorized(_) => S::UNAUTHORIZED,
            Self::Forbidden(_)
            | Self::Closed(_)
            | Self::ReadOnly
            | Self::CrossSite
            | Self::PlainHttp => S::FORBIDDEN,
            Self::BadRequest(_) | Self::Refused(_) => S::BAD_REQUEST,
            Self::Conflict(_) => S::CONFLICT,
            Self::Locked => S::LOCKED,
            Self::NotAcceptable => S::NOT_ACCEPTABLE,
            Self::TooManyRequests(_) => S::TOO_MANY_REQUESTS,
            Self::TooMany => S::INSUFFICIENT_STORAGE,
            Self::Undeletable { .. } => S::NOT_IMPLEMENTED,
            Self::TooLarge(_) => S::PAYLOAD_TOO_LARGE,
            Self::TooSlow => S::REQUEST_TIMEOUT,
            // An upstream 401 or 403 is our credential's problem and never a challenge to the client.
            Self::Registry { .. } | Self::NoRedirect { .. } | Self::NotSynced(_) => S::BAD_GATEWAY,
            Self::Throttled { .. }
            | Self::NotReady { .. }
            | Self::Busy
            | Self::Catalog(_)
            | Self::KeysMissing { .. } => S::SERVICE_UNAVAILABLE,
            Self::NotPublished(_) => S::GATEWAY_TIMEOUT,
            Self::Internal(_) | Self::Unreadable(_) | Self::Configuration { .. } => {
                S::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// The message for the client.
    pub fn public_message(&self) -> String {
        match self {
            Self::NotFound(missing) => missing.to_string(),
            Self::MethodNotAllowed { allow } => format!("only {allow} here"),
            Self::Unauthorized(_) => "credentials are missing or wrong".to_owned(),
            Self::KeysMissing { .. } => {
                "whether this token is genuine cannot be told now: its issuer does not give its keys"
                    .to_owned()
            }
            Self::PlainHttp => {
                "credentials are not taken over plain http: use https, and change what was sent"
                    .to_owned()
            }
            Self::Forbidden(right) => format!("this account lacks the right {right}"),
            Self::Closed(setting) => format!("closed: {setting} is not set"),
            Self::CrossSite => "a page of another site may not ask for that".to_owned(),
            Self::TooManyRequests(what) => format!("too many requests: {what}"),
            Self::BadRequest(what) => (*what).to_owned(),
            Self::Refused(what) | Self::Conflict(what) => what.clone(),
            Self::TooMany => {
                "these are too many to be told at once: ask for fewer by limit".to_owned()
            }
            Self::NotAcceptable => "answers are application/json".to_owned(),
            Self::Unreadable(why) => format!("the package cannot be looked into: {why}"),
            Self::Undeletable { host } => format!(
                "the registry {host} deletes nothing: enable deletion there (distribution: storage.delete.enabled)"
            ),
            Self::Locked => "somebody else is writing this version".to_owned(),
            Self::ReadOnly => "closed: READ_ONLY is set".to_owned(),
            Self::TooLarge(limit) => format!("the body is larger than {limit} bytes"),
            Self::TooSlow => {
                "the body stopped for half a minute, or came slower than 16 KiB a second".to_owned()
            }
            Self::Registry { host, fault, .. } => format!("the registry {host} {fault}"),
            Self::Throttled { host, step, .. } => {
                let step = step.as_ref().map(|step| format!(" ({step})"));
                let step = step.unwrap_or_default();
                format!("the registry {host} asks to slow down{step}")
            }
            Self::NotSynced(fault) => format!("not synced: {fault}"),
            Self::NoRedirect { host } => format!(
                "the registry {host} does not redirect downloads: set DOWNLOAD to auto or stream"
            ),
            Self::NotReady { progress, .. } => {
                format!("the first sync is still running: {progress}")
            }
            Self::NotPublished(seconds) => {
                format!("not published within {seconds} seconds; the sync goes on")
            }
            Self::Busy => "too many requests at once: come again in a moment".to_owned(),
            Self::Catalog(_) => "the catalog did not answer".to_owned(),
            Self::Internal(_) => "something went wrong here".to_owned(),
            Self::Configuration { names, .. } => format!("these settings are wrong: {names}"),
        }
    }

    /// When to try again, in seconds (RFC 9110 §10.2.3); every 503 says so.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Registry { retry_after, .. } => *retry_after,
            Self::Throttled { retry_after, .. }
            | Self::NotReady { retry_after, .. }
            | Self::KeysMissing { retry_after, .. } => Some(*retry_after),
            Self::Busy => Some(1),
            Self::TooManyRequests(_) => Some(LIMITED),
            Self::Catalog(_) | Self::Locked => Some(SOON),
            Self::NotFound(_)
            | Self::MethodNotAllowed { .. }
            | Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::Closed(_)
            | Self::CrossSite
            | Self::PlainHttp
            | Self::BadRequest(_)
            | Self::Refused(_)
            | Self::Conflict(_)
            | Self::ReadOnly
            | Self::NotAcceptable
            | Self::TooMany
            | Self::Unreadable(_)
            | Self::Undeletable { .. }
            | Self::TooLarge(_)
            | Self::TooSlow
            | Self::NoRedirect { .. }
            | Self::NotSynced(_)
            | Self::NotPublished(_)
            | Self::Internal(_)
            | Self::Configuration { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
