//! Counts in the Prometheus text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

use crate::catalog::Status;
use crate::platform::Timestamp;

/// The media type of the format.
pub(super) const CONTENT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A text of metrics, all of them gauges: the catalog counts, and may start anew.
#[derive(Debug, Default)]
struct Text(String);

impl Text {
    /// Adds a gauge with its one value.
    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.0,
            "# HELP portolan_{name} {help}\n# TYPE portolan_{name} gauge\nportolan_{name} {value}"
        );
    }

    /// Adds a point in time, if it is known.
    fn time(&mut self, name: &str, help: &str, at: Option<Timestamp>) {
        if let Some(at) = at {
            let (seconds, millis) = (at.0.div_euclid(1000), at.0.rem_euclid(1000));
            self.gauge(name, help, format_args!("{seconds}.{millis:03}"));
        }
    }
}

/// The state of the catalog.
pub(super) fn render(status: &Status) -> String {
    let mut text = Text::default();
    let _ = writeln!(
        text.0,
        "# HELP portolan_build_info What runs here.\n# TYPE portolan_build_info gauge\n\
         portolan_build_info{{version=\"{}\"}} 1",
        env!("CARGO_PKG_VERSION")
    );
    let progress = &status.progress;
    text.gauge(
        "ready",
        "Whether a first pass has finished.",
        u8::from(status.ready),
    );
    text.gauge("charts", "Charts by different names.", status.charts);
    text.gauge("versions", "Chart versions.", status.versions);
    text.gauge("repositories", "Repositories known.", progress.repositories);
    text.gauge(
        "repositories_listed",
        "Repositories whose tags were listed in the running pass.",
        progress.listed,
    );
    text.gauge("tags", "Tags known.", progress.tags);
    text.gauge("tags_read", "Tags whose manifest was read.", progress.read);
    text.gauge(
        "fault",
        "Whether a fault of the registry keeps the sync from going on.",
        u8::from(progress.fault.is_some()),
    );
    text.time(
        "last_pass_timestamp_seconds",
        "When the last complete pass ended.",
        status.last_pass,
    );
    text.time(
        "next_step_timestamp_seconds",
        "When the next slice or pass is due.",
        status.next,
    );
    text.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Progress;

    #[test]
    fn a_whole_text() {
        let status = Status {
            ready: true,
            progress: Progress {
                repositories: 3,
                listed: 2,
                tags: 20,
                read: 19,
                fault: None,
            },
            charts: 4,
            versions: 18,
            last_pass: Some(Timestamp(1_795_226_400_050)),
            next: None,
            figures: Box::default(),
        };
        insta::assert_snapshot!(render(&status), @r#"
            # HELP portolan_build_info What runs here.
            # TYPE portolan_build_info gauge
            portolan_build_info{version="0.1.0"} 1
            # HELP portolan_ready Whether a first pass has finished.
            # TYPE portolan_ready gauge
            portolan_ready 1
            # HELP portolan_charts Charts by different names.
            # TYPE portolan_charts gauge
            portolan_charts 4
            # HELP portolan_versions Chart versions.
            # TYPE portolan_versions gauge
            portolan_versions 18
            # HELP portolan_repositories Repositories known.
            # TYPE portolan_repositories gauge
            portolan_repositories 3
            # HELP portolan_repositories_listed Repositories whose tags were listed in the running pass.
            # TYPE portolan_repositories_listed gauge
            portolan_repositories_listed 2
            # HELP portolan_tags Tags known.
            # TYPE portolan_tags gauge
            portolan_tags 20
            # HELP portolan_tags_read Tags whose manifest was read.
            # TYPE portolan_tags_read gauge
            portolan_tags_read 19
            # HELP portolan_fault Whether a fault of the registry keeps the sync from going on.
            # TYPE portolan_fault gauge
            portolan_fault 0
            # HELP portolan_last_pass_timestamp_seconds When the last complete pass ended.
            # TYPE portolan_last_pass_timestamp_seconds gauge
            portolan_last_pass_timestamp_seconds 1795226400.050
        "#);
    }
}
