//! Two Workers over one registry publish the same bytes, whatever luck each has.

use std::collections::BTreeMap;

use super::*;
use crate::testing::Fault;

/// A Worker's own luck: budget, order of lists, pages, latency, faults on the way, and how often it died.
#[derive(Debug, Clone, Copy)]
struct Luck {
    budget: &'static str,
    order: u64,
    page: Option<usize>,
    latency: u64,
    faults: bool,
    deaths: u32,
}

/// Everything that a Worker with such luck publishes of one registry.
fn documents(format: &str, luck: Luck) -> BTreeMap<String, String> {
    let mut world = World::with(&[("SUBREQUEST_BUDGET", luck.budget), ("INDEX_FORMAT", format)]);
    let registry = &world.registry;
    for (repository, name) in [
        ("charts/z", "z"),
        ("charts/a/b", "b"),
        ("charts/a", "a"),
        ("charts/b", "b"),
    ] {
        for version in [
            "1.0.0",
            "1.2.0-rc.1",
            "1.10.0",
            "v2.0.0",
            "1.0.0+build.7",
            "1.0.0+build.10",
            "1.0",
        ] {
            // The two repositories of `b` contest each of its files.
            let package = format!("{repository} {version}");
            let metadata = serde_json::json!({"apiVersion": "v2", "name": name, "version": version, "description": repository});
            let created = [("org.opencontainers.image.created", "2025-01-01T00:00:00Z")];
            let created = if version == "1.10.0" {
                &created[..]
            } else {
                &[]
            };
            registry.push_chart(
                repository,
                &version.replace('+', "_"),
                &metadata,
                package.as_bytes(),
                None,
                created,
            );
        }
        let first = registry.push_version(repository, name, "0.1.0");
        for alias in ["latest", "0.1", "stable"] {
            registry.tag(repository, alias, &first.manifest);
        }
    }
    registry.shuffle_lists(luck.order);
    registry.set_page_size(luck.page);
    registry.set_latency(Duration::from_millis(luck.latency));
    if luck.faults {
        registry.inject("_catalog", Some(1), Fault::status(503));
        registry.inject("charts/a/b/tags", Some(2), Fault::Timeout);
        registry.inject("/manifests/1.0.0", Some(3), Fault::status(429));
        registry.inject("/blobs/", Some(4), Fault::Transport);
        world.documents.fail_puts(3);
    }
    for life in 0..luck.deaths {
        world.wait_for_alarm();
        world.step();
        world.incarnation = format!("life {life}");
    }
    world.pass();
    // What failed is read again, what was refused is put again, and somebody reads the space.
    for _ in 0..5 {
        world.clock.advance(Duration::from_mins(20));
        world.pass();
        world.rest();
        world.index("a");
    }
    world.clock.advance(Duration::from_mins(1));
    world.rest();
    world.documents.all()
}

#[test]
fn two_workers_publish_the_same_bytes() {
    let lucky = Luck {
        budget: "1000",
        order: 0,
        page: None,
        latency: 0,
        faults: false,
        deaths: 0,
    };
    let others = [
        Luck {
            budget: "10",
            ..lucky
        },
        Luck { order: 1, ..lucky },
        Luck {
            order: 2,
            page: Some(3),
            latency: 20,
            ..lucky
        },
        Luck {
            faults: true,
            latency: 20,
            ..lucky
        },
        Luck {
            budget: "12",
            order: 3,
            page: Some(4),
            latency: 7,
            faults: true,
            deaths: 5,
        },
    ];
    for format in ["json", "yaml"] {
        let expected = documents(format, lucky);
        assert!(
            expected.len() > 20
                && expected
                    .values()
                    .any(|text| text.contains("2025-01-01T00:00:00Z"))
        );
        for luck in others {
            let published = documents(format, luck);
            for (key, text) in &published {
                assert_eq!(expected.get(key), Some(text), "{key}: {luck:?}");
            }
            assert_eq!(published.len(), expected.len(), "{luck:?}");
        }
    }
}
