//! Faults on request.

use bytes::Bytes;

use crate::platform::FetchError;

/// What comes instead of the answer.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Another answer.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    /// A broken connection.
    Transport,
    /// Silence.
    Timeout,
}

impl Fault {
    /// An answer with this status and nothing else.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// An answer with an error code in its body, as the distribution spec has it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({"errors": [{"code": code, "message": message}]});
        Self::status(status).body(body.to_string())
    }

    /// The same with a header.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        match self {
            Self::Answer {
                status,
                mut headers,
                body,
            } => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Answer {
                    status,
                    headers,
                    body,
                }
            }
            other => other,
        }
    }

    /// The same with a body.
    pub(crate) fn body(self, bytes: impl Into<Bytes>) -> Self {
        match self {
            Self::Answer {
                status, headers, ..
            } => Self::Answer {
                status,
                headers,
                body: bytes.into(),
            },
            other => other,
        }
    }

    fn answer(&self) -> Result<http::Response<Bytes>, FetchError> {
        match self {
            Self::Transport => Err(FetchError::Transport("connection reset".to_owned())),
            Self::Timeout => Err(FetchError::Timeout),
            Self::Answer {
                status,
                headers,
                body,
            } => {
                let mut response = http::Response::builder().status(*status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Ok(response.body(body.clone()).unwrap())
            }
        }
    }
}

/// A fault and when it strikes.
pub(super) struct Injected {
    what: String,
    left: Option<usize>,
    fault: Fault,
}

impl Injected {
    pub(super) fn new(what: &str, times: Option<usize>, fault: Fault) -> Self {
        Self {
            what: what.to_owned(),
            left: times,
            fault,
        }
    }

    /// Whether it may yet answer a call that contains one of `what` with this status.
    pub(super) fn is_pending(&self, status: u16, what: &[&str]) -> bool {
        let same = matches!(&self.fault, Fault::Answer { status: own, .. } if *own == status);
        let about = what.iter().any(|what| self.what.contains(what));
        same && about && self.left != Some(0)
    }

    /// The first fault that strikes `call`, used up by one.
    pub(super) fn strike(
        faults: &mut [Self],
        call: &str,
    ) -> Option<Result<http::Response<Bytes>, FetchError>> {
        let injected = faults
            .iter_mut()
            .find(|one| one.left != Some(0) && call.contains(&one.what))?;
        if let Some(left) = &mut injected.left {
            *left -= 1;
        }
        Some(injected.fault.answer())
    }
}
