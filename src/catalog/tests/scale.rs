//! Many versions: rounds under a virtual clock, and sizes.

use super::*;

/// `repositories` × `versions` charts.
fn filled(world: &World, repositories: usize, versions: usize) {
    for repository in 0..repositories {
        let name = format!("chart-{repository:03}");
        for version in 0..versions {
            world.registry.push_version(
                &format!("charts/{name}"),
                &name,
                &format!("1.{version}.0"),
            );
        }
    }
}

#[test]
fn a_first_pass_keeps_six_calls_busy_from_the_first_to_the_last() {
    for budget in ["45", "1000"] {
        let world = World::with(&[("SUBREQUEST_BUDGET", budget)]);
        filled(&world, 20, 100);
        let latency = Duration::from_millis(20);
        world.registry.set_latency(latency);
        let begun = world.clock.now();
        world.pass();
        let rounds = world.clock.now().since(begun).as_millis() / latency.as_millis();
        let calls = world.registry.calls() as u128;
        assert_eq!(calls, 1 + 20 + 2 * 2_000);
        assert!(
            rounds * 10 <= calls * 13 / 6,
            "{rounds} rounds for {calls} calls at budget {budget}"
        );
    }
}

#[test]
fn a_repository_of_ten_thousand_tags() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    filled(&world, 1, 10_000);
    world.registry.set_page_size(Some(1_000));
    world.pass();
    assert_eq!(world.versions("").len(), 10_000);
    assert_eq!(world.versions("")[0], "chart-000 1.9999.0");
}

/// The most memory this process ever had, in KiB (Linux; elsewhere 0).
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[test]
fn a_hundred_thousand_versions_are_served_by_their_spaces() {
    use crate::catalog::rows::store::Store;
    use crate::catalog::rows::tag::Due;
    use crate::catalog::sync::contents;
    use crate::chart::Metadata;
    use crate::index::{Blob, Origin};
    use crate::oci::Digest;

    let world = World::new();
    world
        .registry
        .push_version("charts/first", "first", "1.0.0");
    world.pass();
    let store = Store(&world.database);
    for space in 0..20 {
        for chart in 0..50 {
            let relative = format!("space-{space}/chart-{chart}");
            let name = format!("chart-{space}-{chart}");
            let full = format!("charts/{relative}");
            let id = store
                .add_repository("registry.example/charts", &full, &relative.parse().unwrap())
                .unwrap();
            for version in 0..100 {
                let version = format!("1.{version}.0");
                let metadata = serde_json::json!({
                    "apiVersion": "v2", "name": name, "version": version, "appVersion": version,
                    "description": "One of a hundred thousand versions, as long as descriptions are", "type": "application",
                    "home": format!("https://charts.example/{relative}"),
                });
                let package = Digest::sha256_of(format!("{relative} {version}").as_bytes());
                let metadata = Metadata::from_json(metadata.to_string().as_bytes()).unwrap();
                let blob = Blob {
                    digest: package.clone(),
                    size: 10,
                };
                let contents = contents::chart_of(&metadata, blob, None, Origin::Stored, None);
                let manifest = Digest::sha256_of(package.hex().as_bytes());
                store.settle_manifest(&manifest, &contents).unwrap();
                store.add_tags(id, &[(&version, false)], Due::Read).unwrap();
                let tag = store.tag(id, &version).unwrap().unwrap();
                store.tag_serves(&tag, &manifest).unwrap();
            }
        }
    }
    let before = peak_memory();
    // A hundred thousand versions are more than one document holds: it sheds.
    let Indexed::Document(root) = world.index("") else {
        panic!("no index")
    };
    assert!(root.body.len() <= 25 << 20);
    assert_eq!(world.answered("space-7").len(), 5_000);
    for shard in 0..=255 {
        assert!(store.shard(&world.config, shard).unwrap().is_some());
    }
    let grown = (peak_memory() - before) / 1024;
    // 27 MiB when this was written, of which one document buffer is 25.
    assert!(grown < 128, "{grown} MiB: an isolate has 128");
    // Read after what memory is counted for: each chart has its newest.
    let root: Value = serde_json::from_slice(&root.body).unwrap();
    let charts = root["entries"].as_object().unwrap();
    assert_eq!(charts.len(), 1_001);
    let newest = |chart: &Value| chart[0]["version"] == "1.99.0" || chart[0]["name"] == "first";
    assert!(charts.values().all(newest));
}
