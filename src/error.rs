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
    /// The account is known, and lacks this right.
    #[error("the account lacks the right {0}")]
    Forbidden(&'static str),
    /// The route is closed, because the setting that opens it is not set.
    #[error("{0} is not set")]
    Closed(&'static str),
    /// A page of another origin had a browser send it.
    #[error("sent by a page of another origin")]
    CrossSite,
    /// The request cannot be understood.
    #[error("bad request: {0}")]
    BadRequest(&'static str),
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
    /// More questions to the catalog than this isolate may ask.
    #[error("too many questions to the catalog")]
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
            Self::Forbidden(_) | Self::Closed(_) | Self::ReadOnly | Self::CrossSite => S::FORBIDDEN,
            Self::BadRequest(_) | Self::Refused(_) => S::BAD_REQUEST,
            Self::Conflict(_) => S::CONFLICT,
            Self::Locked => S::LOCKED,
            Self::TooMany => S::INSUFFICIENT_STORAGE,
            Self::Undeletable { .. } => S::NOT_IMPLEMENTED,
            Self::TooLarge(_) => S::PAYLOAD_TOO_LARGE,
            // An upstream 401 or 403 is our credential's problem and never a challenge to the client.
            Self::Registry { .. } | Self::NoRedirect { .. } | Self::NotSynced(_) => S::BAD_GATEWAY,
            Self::Throttled { .. } | Self::NotReady { .. } | Self::Busy | Self::Catalog(_) => {
                S::SERVICE_UNAVAILABLE
            }
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
            Self::Forbidden(right) => format!("this account lacks the right {right}"),
            Self::Closed(setting) => format!("closed: {setting} is not set"),
            Self::CrossSite => "a page of another site may not ask for that".to_owned(),
            Self::BadRequest(what) => (*what).to_owned(),
            Self::Refused(what) | Self::Conflict(what) => what.clone(),
            Self::TooMany => {
                "these are too many to be told at once: ask with offset and limit".to_owned()
            }
            Self::Unreadable(why) => format!("the package cannot be looked into: {why}"),
            Self::Undeletable { host } => format!(
                "the registry {host} deletes nothing: enable deletion there (distribution: storage.delete.enabled)"
            ),
            Self::Locked => "somebody else is writing this version".to_owned(),
            Self::ReadOnly => "closed: READ_ONLY is set".to_owned(),
            Self::TooLarge(limit) => format!("the body is larger than {limit} bytes"),
            Self::Registry { host, fault, .. } => format!("the registry {host} {fault}"),
            Self::Throttled { host, .. } => format!("the registry {host} asks to slow down"),
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
            Self::Busy => "too many requests for what is not published yet".to_owned(),
            Self::Catalog(_) => "the catalog did not answer".to_owned(),
            Self::Internal(_) => "something went wrong here".to_owned(),
            Self::Configuration { names, .. } => format!("these settings are wrong: {names}"),
        }
    }

    /// When to try again, in seconds (RFC 9110 §10.2.3); every 503 says so.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Registry { retry_after, .. } => *retry_after,
            Self::Throttled { retry_after, .. } | Self::NotReady { retry_after, .. } => {
                Some(*retry_after)
            }
            Self::Busy => Some(1),
            Self::Catalog(_) | Self::Locked => Some(SOON),
            Self::NotFound(_)
            | Self::MethodNotAllowed { .. }
            | Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::Closed(_)
            | Self::CrossSite
            | Self::BadRequest(_)
            | Self::Refused(_)
            | Self::Conflict(_)
            | Self::ReadOnly
            | Self::TooMany
            | Self::Unreadable(_)
            | Self::Undeletable { .. }
            | Self::TooLarge(_)
            | Self::NoRedirect { .. }
            | Self::NotSynced(_)
            | Self::NotPublished(_)
            | Self::Internal(_)
            | Self::Configuration { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Error> {
        let host = || "registry.example".to_owned();
        vec![
            Error::NotFound(Missing::Path),
            Error::NotFound(Missing::Space),
            Error::NotFound(Missing::File),
            Error::NotFound(Missing::Webhook),
            Error::NotFound(Missing::Gone),
            Error::MethodNotAllowed { allow: "GET, HEAD" },
            Error::Unauthorized(Door::Charts),
            Error::Forbidden("push"),
            Error::Closed("ADMIN_TOKEN"),
            Error::CrossSite,
            Error::BadRequest("the body is not a notification"),
            Error::Refused("the package is refused: package holds no Chart.yaml".into()),
            Error::Conflict("file already exists".into()),
            Error::Locked,
            Error::ReadOnly,
            Error::TooMany,
            Error::Unreadable("archive holds an unreadable path".into()),
            Error::Undeletable { host: host() },
            Error::TooLarge(1024),
            Error::Registry {
                host: host(),
                fault: "denied access (401)".into(),
                detail: "SECRET".into(),
                retry_after: None,
            },
            Error::Throttled {
                host: host(),
                retry_after: 30,
            },
            Error::NoRedirect { host: host() },
            Error::NotSynced("registry.example: listing tags: answered 403".into()),
            Error::NotReady {
                progress: "1,234 of about 5,000 tags".into(),
                retry_after: 10,
            },
            Error::NotPublished(60),
            Error::Busy,
            Error::Catalog("SECRET".into()),
            Error::Internal("SECRET".into()),
            Error::Configuration {
                names: "REGISTRY".into(),
                detail: "SECRET".into(),
            },
        ]
    }

    #[test]
    fn every_outcome_has_one_status_and_message() {
        let told: Vec<String> = all()
            .iter()
            .map(|e| format!("{} {}", e.status().as_u16(), e.public_message()))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @"
            404 there is nothing at this path
            404 there are no charts below this path
            404 there is no such file in this repository
            404 there is no such kind of webhook
            404 the registry no longer has this superseded package
            405 only GET, HEAD here
            401 credentials are missing or wrong
            403 this account lacks the right push
            403 closed: ADMIN_TOKEN is not set
            403 a page of another site may not ask for that
            400 the body is not a notification
            400 the package is refused: package holds no Chart.yaml
            409 file already exists
            423 somebody else is writing this version
            403 closed: READ_ONLY is set
            507 these are too many to be told at once: ask with offset and limit
            500 the package cannot be looked into: archive holds an unreadable path
            501 the registry registry.example deletes nothing: enable deletion there (distribution: storage.delete.enabled)
            413 the body is larger than 1024 bytes
            502 the registry registry.example denied access (401)
            503 the registry registry.example asks to slow down
            502 the registry registry.example does not redirect downloads: set DOWNLOAD to auto or stream
            502 not synced: registry.example: listing tags: answered 403
            503 the first sync is still running: 1,234 of about 5,000 tags
            504 not published within 60 seconds; the sync goes on
            503 too many requests for what is not published yet
            503 the catalog did not answer
            500 something went wrong here
            500 these settings are wrong: REGISTRY
        ");
    }

    #[test]
    fn every_503_says_when_to_come_again() {
        for error in all() {
            if error.status() == StatusCode::SERVICE_UNAVAILABLE {
                assert!(error.retry_after().is_some(), "{error}");
            }
        }
    }

    #[test]
    fn details_stay_inside() {
        for error in all() {
            assert!(!error.public_message().contains("SECRET"), "{error}");
        }
    }
}
