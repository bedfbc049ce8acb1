//! What fuzzing reaches of this room: see [`crate::fuzzing`].

use http::Method;

use super::route::{Route, Sender};
use super::webhook;

/// Reads a path of a request.
pub(crate) fn path(text: &str) {
    for method in [Method::GET, Method::POST] {
        let _ = Route::of(&method, text);
    }
}

/// Reads the body of a notification, as each registry's.
pub(crate) fn webhook(body: &[u8]) {
    for sender in [Sender::Distribution, Sender::Harbor, Sender::GitHub] {
        let _ = webhook::read(sender, body);
    }
}
