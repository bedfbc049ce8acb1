//! Counts in the Prometheus text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

use crate::catalog::ask::{Figures, SourceHealth, Status};
use crate::platform::Timestamp;

/// The media type of the format.
pub(super) const CONTENT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A text of metrics. Counters count since the catalog was made; a catalog made anew begins at zero, which a counter may.
#[derive(Debug, Default)]
struct MetricsText(String);

impl MetricsText {
    /// Begins a metric.
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.0,
            "# HELP portolan_{name} {help}\n# TYPE portolan_{name} {kind}"
        );
    }

    /// Adds a value of the metric that was begun, with its labels in braces.
    fn value(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "portolan_{name}{labels} {value}");
    }

    /// Adds a gauge with its one value.
    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "gauge", help);
        self.value(name, "", value);
    }

    /// Adds a gauge with a value for each source that has one. Their ids hold nothing that a label would have to escape.
    fn by_source(
        &mut self,
        name: &str,
        help: &str,
        figures: &Figures,
        value: fn(&SourceHealth) -> Option<String>,
    ) {
        let known = figures
            .sources
            .iter()
            .filter_map(|source| value(source).map(|value| (&source.source, value)));
        for (place, (source, value)) in known.enumerate() {
            if place == 0 {
                self.head(name, "gauge", help);
            }
            self.value(name, &format!("{{source=\"{source}\"}}"), value);
        }
    }

    /// Adds whether something is so.
    fn truth(&mut self, name: &str, help: &str, truth: bool) {
        self.gauge(name, help, u8::from(truth));
    }

    /// Adds a point in time, if it is known.
    fn time(&mut self, name: &str, help: &str, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.gauge(name, help, seconds(at.0));
        }
    }
}

/// Milliseconds in the unit that Prometheus wants.
fn seconds(millis: i64) -> String {
    format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000))
}

/// The state of the catalog.
pub(super) fn render(status: &Status) -> String {
    let mut text = MetricsText::default();
    text.head("build_info", "gauge", "What runs here.");
    let version = concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    text.value("build_info", version, 1);
    catalog(&mut text, status);
    passes(&mut text, status);
    sources(&mut text, &status.figures);
    documents(&mut text, &status.figures);
    text.0
}

/// What is known of the registry.
fn catalog(text: &mut MetricsText, status: &Status) {
    let (progress, figures) = (&status.progress, &status.figures);
    text.truth("ready", "Whether a first pass has finished.", status.ready);
    text.gauge("charts", "Charts by different names.", status.charts);
    text.gauge("versions", "Chart versions.", status.versions);
    text.gauge("repositories", "Repositories known.", progress.repositories);
    text.gauge(
        "repositories_listed",
        "Repositories whose tags were listed at least once.",
        progress.listed,
    );
    text.gauge(
        "repositories_failing",
        "Repositories whose tags could not be listed when last tried.",
        figures.failing_repositories,
    );
    text.gauge("tags", "Tags known.", progress.tags);
    text.gauge("tags_read", "Tags whose manifest was read.", progress.read);
    text.gauge(
        "skipped",
        "Manifests that are no charts, or charts that cannot be served.",
        figures.skipped,
    );
    text.gauge(
        "contested",
        "File names that are offered with different packages, metadata or provenance files.",
        figures.contested,
    );
    text.gauge(
        "held_versions",
        "Versions whose removal waits for a second pass or a confirmation.",
        figures.held_versions,
    );
}

/// What the sync does and did.
fn passes(text: &mut MetricsText, status: &Status) {
    let figures = &status.figures;
    text.head(
        "passes_total",
        "counter",
        "Passes over the registry that ended.",
    );
    text.value("passes_total", "{outcome=\"clean\"}", figures.clean_passes);
    text.value(
        "passes_total",
        "{outcome=\"faulty\"}",
        figures.faulty_passes,
    );
    text.head(
        "registry_calls_total",
        "counter",
        "Calls of the sync to the registry, by what came of them.",
    );
    for (outcome, count) in figures.calls_by_outcome.by_outcome() {
        let labels = format!("{{outcome=\"{outcome}\"}}");
        text.value("registry_calls_total", &labels, count);
    }
    text.truth("pass_running", "Whether a pass runs.", figures.running);
    text.time(
        "last_pass_timestamp_seconds",
        "When the last complete pass ended.",
        status.last_pass,
    );
    let millis = i64::try_from(figures.milliseconds).unwrap_or(i64::MAX);
    text.gauge(
        "last_pass_duration_seconds",
        "How long the last pass took.",
        seconds(millis),
    );
    text.gauge("last_pass_calls", "Calls of the last pass.", figures.calls);
    text.gauge(
        "last_pass_faults",
        "Faults that the last pass met.",
        figures.faults,
    );
    text.truth(
        "last_pass_complete",
        "Whether the last pass saw the whole list of repositories.",
        figures.complete,
    );
    text.time(
        "next_step_timestamp_seconds",
        "When the next slice or pass is due.",
        status.next,
    );
    text.truth(
        "fault",
        "Whether a fault of the registry keeps the sync from going on.",
        status.progress.fault.is_some(),
    );
    text.truth(
        "paused",
        "Whether the registry is left alone for a while.",
        figures.paused_until.is_some(),
    );
    text.time(
        "paused_until_timestamp_seconds",
        "When the registry is asked again.",
        figures.paused_until,
    );
}

/// How the sources are.
fn sources(text: &mut MetricsText, figures: &Figures) {
    text.by_source(
        "source_overdue",
        "Whether a source was not read for three intervals.",
        figures,
        |source| Some(u8::from(source.overdue).to_string()),
    );
    text.by_source(
        "source_denied_since_timestamp_seconds",
        "Since when a source is denied; what is known of it is served on.",
        figures,
        |source| source.denied_since.map(|at| seconds(at.0)),
    );
    text.by_source(
        "source_busy_since_timestamp_seconds",
        "Since when a source answers calls with 429 or 503, or not in time.",
        figures,
        |source| source.busy_since.map(|at| seconds(at.0)),
    );
    text.by_source(
        "source_read_timestamp_seconds",
        "When a source was last read.",
        figures,
        |source| source.read.map(|at| seconds(at.0)),
    );
    text.by_source(
        "source_calls_left",
        "How many calls a source said it still takes in its window.",
        figures,
        |source| source.calls_left.map(|left| left.to_string()),
    );
    text.by_source(
        "source_all_read_timestamp_seconds",
        "When all of a source will be read about, where its calls are spread over a limit.",
        figures,
        |source| source.all_read_by.map(|at| seconds(at.0)),
    );
}

/// What is published.
fn documents(text: &mut MetricsText, figures: &Figures) {
    text.gauge(
        "documents",
        "Documents that are published: indexes and shards of the file table.",
        figures.documents,
    );
    text.gauge(
        "document_bytes",
        "Their length in all.",
        figures.document_bytes,
    );
    text.gauge(
        "documents_dirty",
        "Documents that are to be published.",
        figures.dirty_documents,
    );
    text.gauge(
        "unreadable_rows",
        "Rows of the catalog that could not be read and are not whole again.",
        figures.unreadable_rows,
    );
    text.gauge(
        "root_index_bytes",
        "Length of the root's index.",
        figures.root_bytes,
    );
    text.time(
        "root_index_timestamp_seconds",
        "When the root's index was last published.",
        figures.root_put_at,
    );
}

#[cfg(test)]
mod tests;
