//! Refusals of OAuth2 servers (RFC 6749 §5.2), which answer 400 to credentials that are no good.

use serde::Deserialize;

use super::Error;

/// The same refusal with what its body says of it.
pub(super) fn judge(error: Error, body: &[u8]) -> Error {
    #[derive(Deserialize)]
    struct OauthRefusal {
        error: String,
    }
    let Ok(OauthRefusal { error: code }) = serde_json::from_slice(body) else {
        return error;
    };
    match code.as_str() {
        "access_denied" | "invalid_client" | "invalid_grant" | "unauthorized_client" => {
            error.denied()
        }
        "temporarily_unavailable" => error.throttled(None),
        _ => error,
    }
}
