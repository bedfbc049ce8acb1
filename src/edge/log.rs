//! The log: one line of JSON an occasion, which Workers Logs takes apart into fields.

use serde::Serialize;

#[derive(Serialize)]
struct Line<'a, T> {
    event: &'a str,
    #[serde(flatten)]
    fields: T,
}

/// Something that operators want to know.
pub(super) fn note(event: &str, fields: impl Serialize) {
    if let Ok(line) = serde_json::to_string(&Line { event, fields }) {
        worker::console_log!("{line}");
    }
}

/// Something that went wrong.
pub(super) fn fault(event: &str, fields: impl Serialize) {
    if let Ok(line) = serde_json::to_string(&Line { event, fields }) {
        worker::console_error!("{line}");
    }
}
