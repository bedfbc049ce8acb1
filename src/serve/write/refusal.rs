//! What a registry's refusal of a write means for whoever wrote.

use super::Destination;
use crate::error::Error;
use crate::oci::{self, Operation};
use crate::push::Rejection;
use crate::serve::{Host, Service};

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection.to_string())
    }
}

impl<H: Host> Service<'_, H> {
    /// A fault of the registry at a step of a write, as the client sees it: what the registry refuses, and at which step.
    pub(in crate::serve) fn outward_written(
        &self,
        error: &oci::Error,
        to: &Destination<'_>,
    ) -> Error {
        let host = to.source.registry.host();
        let told = match error {
            oci::Error::Status {
                status,
                code,
                operation,
                ..
            } if error.kind() != oci::Kind::Throttled => {
                refusal(*operation, *status, code.as_deref().unwrap_or_default(), to)
            }
            _ => None,
        };
        match told {
            Some(Meaning::Conflict(what)) => Error::Conflict(format!("the registry {host} {what}")),
            Some(Meaning::Registry(fault)) => Error::Registry {
                host: host.to_owned(),
                fault,
                detail: error.to_string(),
                retry_after: None,
            },
            None => match self.outward(error, to.source, false) {
                Error::Registry {
                    host,
                    fault,
                    detail,
                    retry_after,
                } => Error::Registry {
                    host,
                    fault: match operation_of(error) {
                        Some(operation) => format!("{fault} ({operation})"),
                        None => fault,
                    },
                    detail,
                    retry_after,
                },
                Error::Throttled {
                    host, retry_after, ..
                } => Error::Throttled {
                    host,
                    step: operation_of(error).map(|operation| operation.to_string()),
                    retry_after,
                },
                other => other,
            },
        }
    }
}

/// What was being done, if a registry was asked.
fn operation_of(error: &oci::Error) -> Option<Operation> {
    match error {
        oci::Error::Status { operation, .. }
        | oci::Error::Fetch { operation, .. }
        | oci::Error::Garbage { operation, .. }
        | oci::Error::Refused { operation, .. } => Some(*operation),
        oci::Error::Unlisted { .. } | oci::Error::Invalid(_) => None,
    }
}

/// What a registry's refusal means for whoever wrote.
enum Meaning {
    Conflict(String),
    Registry(String),
}

/// Whether a registry says that a repository is missing, which it does not make by itself.
pub(super) fn lacks_repository(error: &oci::Error) -> bool {
    match error {
        oci::Error::Status {
            operation,
            status,
            code,
            ..
        } => is_lack(*operation, *status, code.as_deref().unwrap_or_default()),
        _ => false,
    }
}

fn is_lack(operation: Operation, status: u16, code: &str) -> bool {
    operation == Operation::BeginningUpload && (status == 404 || code == "NAME_UNKNOWN")
}

/// Refusals that say more than their kind. Amazon answers `TAG_INVALID` for a tag that must not move, Harbor 412.
fn refusal(operation: Operation, status: u16, code: &str, to: &Destination<'_>) -> Option<Meaning> {
    let Destination { name, tag, .. } = to;
    let writes = matches!(
        operation,
        Operation::BeginningUpload | Operation::WritingBlob | Operation::WritingManifest
    );
    match (operation, status, code) {
        (Operation::WritingManifest, 409 | 412, _)
        | (Operation::WritingManifest, _, "TAG_INVALID" | "MANIFEST_TAG_IMMUTABLE") => Some(
            Meaning::Conflict(format!("does not let the tag {tag} be moved")),
        ),
        _ if is_lack(operation, status, code) => Some(Meaning::Registry(format!(
            "has no repository {name} and makes none by itself: create it there first"
        ))),
        (Operation::CreatingRepository, 400..=499, _) => Some(Meaning::Registry(format!(
            "has no repository {name}, and did not make it ({}): create it there first, or allow ecr:CreateRepository",
            if code.is_empty() { "400" } else { code }
        ))),
        (_, 413, _) | (_, _, "SIZE_INVALID") if writes => {
            Some(Meaning::Registry(format!("takes no more ({operation})")))
        }
        (_, 507, _) | (_, _, "QUOTA_EXCEEDED" | "TOO_LARGE") if writes => {
            Some(Meaning::Registry(format!("is full ({operation})")))
        }
        _ => None,
    }
}
