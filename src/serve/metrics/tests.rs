use super::*;
use crate::catalog::Progress;
use crate::catalog::rows::calls::Calls;

fn full() -> Status {
    Status {
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
        figures: Box::new(Figures {
            skipped: 31,
            contested: 32,
            failing_repositories: 33,
            calls: 34,
            faults: 35,
            milliseconds: 36_007,
            complete: true,
            clean_passes: 37,
            faulty_passes: 38,
            calls_by_outcome: Calls {
                success: 39,
                redirect: 46,
                unauthorized: 47,
                forbidden: 48,
                not_found: 49,
                throttled: 50,
                refused: 51,
                server_error: 52,
                no_answer: 53,
            },
            running: true,
            paused_until: Some(Timestamp(1_795_226_460_000)),
            held_versions: 41,
            documents: 42,
            document_bytes: 43,
            root_bytes: 44,
            root_put_at: Some(Timestamp(1_795_226_399_001)),
            dirty_documents: 45,
            unreadable_rows: 54,
            sources: vec![SourceHealth {
                source: "registry.example/charts".to_owned(),
                denied_since: Some(Timestamp(1_795_226_300_000)),
                busy_since: Some(Timestamp(1_795_226_250_000)),
                read: Some(Timestamp(1_795_226_200_000)),
                overdue: true,
                calls_left: Some(76),
                all_read_by: Some(Timestamp(1_795_299_000_000)),
            }],
        }),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one text")]
fn a_whole_text() {
    insta::assert_snapshot!(render(&full()), @r#"
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
        # HELP portolan_repositories_listed Repositories whose tags were listed at least once.
        # TYPE portolan_repositories_listed gauge
        portolan_repositories_listed 2
        # HELP portolan_repositories_failing Repositories whose tags could not be listed when last tried.
        # TYPE portolan_repositories_failing gauge
        portolan_repositories_failing 33
        # HELP portolan_tags Tags known.
        # TYPE portolan_tags gauge
        portolan_tags 20
        # HELP portolan_tags_read Tags whose manifest was read.
        # TYPE portolan_tags_read gauge
        portolan_tags_read 19
        # HELP portolan_skipped Manifests that are no charts, or charts that cannot be served.
        # TYPE portolan_skipped gauge
        portolan_skipped 31
        # HELP portolan_contested File names that are offered with different packages, metadata or provenance files.
        # TYPE portolan_contested gauge
        portolan_contested 32
        # HELP portolan_held_versions Versions whose removal waits for a second pass or a confirmation.
        # TYPE portolan_held_versions gauge
        portolan_held_versions 41
        # HELP portolan_passes_total Passes over the registry that ended.
        # TYPE portolan_passes_total counter
        portolan_passes_total{outcome="clean"} 37
        portolan_passes_total{outcome="faulty"} 38
        # HELP portolan_registry_calls_total Calls of the sync to the registry, by what came of them.
        # TYPE portolan_registry_calls_total counter
        portolan_registry_calls_total{outcome="success"} 39
        portolan_registry_calls_total{outcome="redirect"} 46
        portolan_registry_calls_total{outcome="unauthorized"} 47
        portolan_registry_calls_total{outcome="forbidden"} 48
        portolan_registry_calls_total{outcome="not_found"} 49
        portolan_registry_calls_total{outcome="throttled"} 50
        portolan_registry_calls_total{outcome="refused"} 51
        portolan_registry_calls_total{outcome="server_error"} 52
        portolan_registry_calls_total{outcome="no_answer"} 53
        # HELP portolan_pass_running Whether a pass runs.
        # TYPE portolan_pass_running gauge
        portolan_pass_running 1
        # HELP portolan_last_pass_timestamp_seconds When the last complete pass ended.
        # TYPE portolan_last_pass_timestamp_seconds gauge
        portolan_last_pass_timestamp_seconds 1795226400.050
        # HELP portolan_last_pass_duration_seconds How long the last pass took.
        # TYPE portolan_last_pass_duration_seconds gauge
        portolan_last_pass_duration_seconds 36.007
        # HELP portolan_last_pass_calls Calls of the last pass.
        # TYPE portolan_last_pass_calls gauge
        portolan_last_pass_calls 34
        # HELP portolan_last_pass_faults Faults that the last pass met.
        # TYPE portolan_last_pass_faults gauge
        portolan_last_pass_faults 35
        # HELP portolan_last_pass_complete Whether the last pass saw the whole list of repositories.
        # TYPE portolan_last_pass_complete gauge
        portolan_last_pass_complete 1
        # HELP portolan_fault Whether a fault of the registry keeps the sync from going on.
        # TYPE portolan_fault gauge
        portolan_fault 0
        # HELP portolan_paused Whether the registry is left alone for a while.
        # TYPE portolan_paused gauge
        portolan_paused 1
        # HELP portolan_paused_until_timestamp_seconds When the registry is asked again.
        # TYPE portolan_paused_until_timestamp_seconds gauge
        portolan_paused_until_timestamp_seconds 1795226460.000
        # HELP portolan_source_overdue Whether a source was not read for three intervals.
        # TYPE portolan_source_overdue gauge
        portolan_source_overdue{source="registry.example/charts"} 1
        # HELP portolan_source_denied_since_timestamp_seconds Since when a source is denied; what is known of it is served on.
        # TYPE portolan_source_denied_since_timestamp_seconds gauge
        portolan_source_denied_since_timestamp_seconds{source="registry.example/charts"} 1795226300.000
        # HELP portolan_source_busy_since_timestamp_seconds Since when a source answers calls with 429 or 503, or not in time.
        # TYPE portolan_source_busy_since_timestamp_seconds gauge
        portolan_source_busy_since_timestamp_seconds{source="registry.example/charts"} 1795226250.000
        # HELP portolan_source_read_timestamp_seconds When a source was last read.
        # TYPE portolan_source_read_timestamp_seconds gauge
        portolan_source_read_timestamp_seconds{source="registry.example/charts"} 1795226200.000
        # HELP portolan_source_calls_left How many calls a source said it still takes in its window.
        # TYPE portolan_source_calls_left gauge
        portolan_source_calls_left{source="registry.example/charts"} 76
        # HELP portolan_source_all_read_timestamp_seconds When all of a source will be read about, where its calls are spread over a limit.
        # TYPE portolan_source_all_read_timestamp_seconds gauge
        portolan_source_all_read_timestamp_seconds{source="registry.example/charts"} 1795299000.000
        # HELP portolan_documents Documents that are published: indexes and shards of the file table.
        # TYPE portolan_documents gauge
        portolan_documents 42
        # HELP portolan_document_bytes Their length in all.
        # TYPE portolan_document_bytes gauge
        portolan_document_bytes 43
        # HELP portolan_documents_dirty Documents that are to be published.
        # TYPE portolan_documents_dirty gauge
        portolan_documents_dirty 45
        # HELP portolan_unreadable_rows Rows of the catalog that could not be read and are not whole again.
        # TYPE portolan_unreadable_rows gauge
        portolan_unreadable_rows 54
        # HELP portolan_root_index_bytes Length of the root's index.
        # TYPE portolan_root_index_bytes gauge
        portolan_root_index_bytes 44
        # HELP portolan_root_index_timestamp_seconds When the root's index was last published.
        # TYPE portolan_root_index_timestamp_seconds gauge
        portolan_root_index_timestamp_seconds 1795226399.001
    "#);
}

/// As the format has it: each metric once, its HELP, its TYPE, then its values; counters end in `_total`.
#[test]
fn the_text_is_well_formed() {
    let text = render(&full());
    let mut known = std::collections::BTreeSet::new();
    let mut lines = text.lines().peekable();
    while let Some(help) = lines.next() {
        let (name, words) = help
            .strip_prefix("# HELP ")
            .unwrap()
            .split_once(' ')
            .unwrap();
        assert!(known.insert(name), "{name} comes twice");
        assert!(words.ends_with('.'), "{help}");
        let kind = lines.next().unwrap();
        let kind = kind.strip_prefix(&format!("# TYPE {name} ")).unwrap();
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        let mut values = 0;
        while let Some(value) = lines.next_if(|line| !line.starts_with('#')) {
            let (sample, number) = value.rsplit_once(' ').unwrap();
            assert_eq!(sample.split('{').next(), Some(name));
            assert!(number.parse::<f64>().is_ok(), "{value}");
            values += 1;
        }
        assert!(values > 0, "{name}");
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let text = render(&Status::default());
    assert!(!text.contains("timestamp"), "{text}");
    assert!(text.contains("\nportolan_paused 0\n"), "{text}");
}
